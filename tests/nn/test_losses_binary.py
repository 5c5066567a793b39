"""Losses of a choice between two: PyTorch's values and gradients, mpmath's at any magnitude, scikit-learn's hinge."""

import mpmath
import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.pytorch import assert_is_that_of_pytorch, each_dtype, each_reduction
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError

each_shape = pytest.mark.parametrize("shape", [(), (5,), (5, 1), (4, 3)], ids=repr)


# ----- probabilities -----

@each_dtype
@each_reduction
@each_shape
def test_bce_is_that_of_pytorch(shape, reduction, dtype):
    torch = pytest.importorskip("torch")
    inputs = np.random.default_rng(0).uniform(0.01, 0.99, (2, *shape))
    assert_is_that_of_pytorch(nn.BCELoss(reduction), torch.nn.BCELoss(reduction=reduction), inputs, dtype)


@each_dtype
def test_bce_is_that_of_pytorch_where_the_model_is_sure(dtype):
    torch = pytest.importorskip("torch")
    p, y = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    tensor, ours = torch.tensor(p.astype(dtype), requires_grad=True), tg.Value(p.astype(dtype))
    expected = torch.nn.BCELoss(reduction="none")(tensor, torch.tensor(y.astype(dtype)))
    J = nn.BCELoss("none")(ours, y.astype(dtype))
    np.testing.assert_array_equal(J.data, [0, 100, 100, 0])
    np.testing.assert_array_equal(J.data, expected.detach())
    J.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(ours.grad, tensor.grad, rtol=1e-8)  # its 1e-12 is that of float32


@pytest.mark.parametrize("y", [[1, 0], [True, False], np.array([1, 0], "u1"), np.array([1, 0], "f4")], ids=repr)
def test_targets_without_a_precision_leave_float32_as_it_is(y):
    J = nn.BCELoss()(tg.Value(np.array([0.75, 0.25], np.float32)), y)
    assert J.dtype == np.float32
    np.testing.assert_allclose(J.data, -np.log(0.75), rtol=1e-6)


# ----- logits -----

@each_dtype
@each_reduction
@each_shape
@pytest.mark.parametrize("pos_weight", [None, 3.0])
def test_bce_with_logits_is_that_of_pytorch(pos_weight, shape, reduction, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    inputs = [rng.normal(scale=3, size=shape), rng.uniform(size=shape)]
    theirs = None if pos_weight is None else torch.tensor(pos_weight, dtype=getattr(torch, dtype))
    assert_is_that_of_pytorch(nn.BCEWithLogitsLoss(pos_weight, reduction),
                              torch.nn.BCEWithLogitsLoss(reduction=reduction, pos_weight=theirs), inputs, dtype)


@each_dtype
@each_reduction
def test_each_output_may_have_a_weight_for_yes_as_in_pytorch(reduction, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    inputs = [rng.normal(size=(4, 3)), rng.integers(2, size=(4, 3)).astype(float)]
    pos_weight = [0.5, 1.0, 20.0]
    theirs = torch.tensor(pos_weight, dtype=getattr(torch, dtype))
    assert_is_that_of_pytorch(nn.BCEWithLogitsLoss(pos_weight, reduction),
                              torch.nn.BCEWithLogitsLoss(reduction=reduction, pos_weight=theirs), inputs, dtype)


@pytest.mark.parametrize("dtype, eps", [(np.float64, 2.3e-16), (np.float32, 1.2e-7)])
@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
def test_logits_may_be_of_any_size(y, dtype, eps):
    """Values and slopes of 50 digits by mpmath; in the tails, too, where they are tiny."""
    logits = np.array([-1e4, -700, -80, -40, -1, -1e-8, 0, 1e-8, 1, 40, 80, 700, 1e4], dtype)
    z = tg.Value(logits)
    J = nn.BCEWithLogitsLoss(reduction="none")(z, np.full(len(logits), y, dtype))
    J.backward(np.ones(len(logits), dtype))
    with mpmath.workdps(50):
        exact = [mpmath.mpf(float(x)) for x in logits]
        values = [y * mpmath.log1p(mpmath.exp(-x)) + (1 - y) * mpmath.log1p(mpmath.exp(x)) for x in exact]
        slopes = [(1 - y) / (1 + mpmath.exp(-x)) - y / (1 + mpmath.exp(x)) for x in exact]
    tiny = np.finfo(dtype).tiny
    np.testing.assert_allclose(J.data, np.array(values, float), rtol=8 * eps, atol=tiny)
    np.testing.assert_allclose(z.grad, np.array(slopes, float), rtol=8 * eps, atol=max(tiny, eps * y * (1 - y)))


# ----- scores -----

@each_dtype
@each_reduction
@pytest.mark.parametrize("shape", [(7,), (7, 1), (4, 3)], ids=repr)
@pytest.mark.parametrize("margin", [0, 1.0, 2.5])
def test_hinge_is_pytorchs_margin_ranking_against_a_score_of_0(margin, shape, reduction, dtype):
    """PyTorch has no such loss, but max(0, -y (h - 0) + margin), with the labels as a constant."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    h, y = rng.normal(scale=2, size=shape), rng.choice([-1, 1], shape)
    theirs = torch.nn.MarginRankingLoss(margin=margin, reduction=reduction)
    assert_is_that_of_pytorch(nn.HingeLoss(margin, reduction),
                              lambda h, y: theirs(h, torch.zeros_like(h), y), [h, y], dtype)


def test_hinge_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    h, y = rng.normal(size=20), rng.choice([-1, 1], 20)
    assert nn.HingeLoss()(h, y) == pytest.approx(metrics.hinge_loss(y, h), rel=1e-14)


# ----- bad input -----

@pytest.mark.parametrize("p, y, message", [
    ([0.5, 1.1], [0, 1], "prediction has the number 1.1, but must be probabilities.*BCEWithLogitsLoss"),
    ([-0.1, 0.5], [0, 1], "prediction has the number -0.1"), ([0.5, 0.5], [0, 2], "target has the number 2"),
    ([0.5, 0.5], [-1, 1], "target has the number -1"), ([0.5, 0.5], [0.5, np.nan], "target has the number nan")])
def test_probabilities_are_from_0_to_1(p, y, message):
    for prediction in (p, tg.Value(p)):
        with pytest.raises(ArgumentError, match=f"BCELoss: {message}"):
            nn.BCELoss()(prediction, y)
    if "target" in message:
        with pytest.raises(ArgumentError, match=f"BCEWithLogitsLoss: {message}"):
            nn.BCEWithLogitsLoss()(tg.Value(p), y)


def test_a_prediction_that_is_nan_makes_the_loss_nan():
    assert np.isnan(nn.BCELoss()(tg.Value([0.5, np.nan]), [0, 1]).item())
    assert np.isnan(nn.BCEWithLogitsLoss()(tg.Value([0.5, np.nan]), [0, 1]).item())


@pytest.mark.parametrize("pos_weight, error", [
    (-1.0, ArgumentError), (np.nan, ArgumentError), ([1.0, np.inf], ArgumentError), ([[1.0]], ShapeError),
    ([], ShapeError), ("a", DtypeError)], ids=repr)
def test_a_weight_for_yes_is_a_number_or_one_for_each_output(pos_weight, error):
    with pytest.raises(error, match="BCEWithLogitsLoss: pos_weight"):
        nn.BCEWithLogitsLoss(pos_weight)


@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 1)], ids=repr)
def test_weights_for_yes_are_not_mistaken_for_those_of_points(shape):
    with pytest.raises(ShapeError, match=r"BCEWithLogitsLoss: pos_weight has shape \(2,\).*weights of the points"):
        nn.BCEWithLogitsLoss([1.0, 2.0])(np.zeros(shape), np.zeros(shape))


@pytest.mark.parametrize("y", [[0, 1], [1, 2], [1.0, np.nan]], ids=repr)
def test_hinge_labels_are_minus_1_and_1(y):
    with pytest.raises(ArgumentError, match=r"HingeLoss: target has the label .*2 \* y - 1"):
        nn.HingeLoss()(tg.Value([0.5, 0.5]), y)


@pytest.mark.parametrize("margin, error", [(-1, ArgumentError), (np.nan, ArgumentError), ("1", OptionError)])
def test_a_margin_is_0_or_more(margin, error):
    with pytest.raises(error, match="HingeLoss: margin must be a number of 0 or more"):
        nn.HingeLoss(margin)
