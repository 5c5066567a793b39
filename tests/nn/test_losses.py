"""Losses: PyTorch's values and gradients, closed forms, plain arrays, and bad input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError

regression_losses = pytest.mark.parametrize("loss", [nn.MSELoss(), nn.LeastSquaresLoss()], ids=repr)
shapes = pytest.mark.parametrize("shape", [(), (1,), (5,), (5, 1), (4, 3), (2, 3, 4)], ids=repr)


# ----- values and gradients -----

@shapes
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-6), (np.float64, 1e-14)])
def test_mse_is_that_of_pytorch_with_gradients_by_both_inputs(shape, dtype, tolerance):
    torch = pytest.importorskip("torch")
    h, y = np.random.default_rng(0).normal(size=(2, *shape)).astype(dtype)
    ours = [tg.Value(np.asarray(a)) for a in (h, y)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (h, y)]
    J, expected = nn.MSELoss()(*ours), torch.nn.MSELoss()(*theirs)
    np.testing.assert_allclose(J.data, expected.detach(), rtol=tolerance)
    J.backward(np.asarray(-1.7, dtype))
    expected.backward(torch.tensor(-1.7, dtype=expected.dtype))
    for a, b in zip(ours, theirs, strict=True):
        assert a.grad.dtype == dtype
        np.testing.assert_allclose(a.grad, b.grad, rtol=tolerance)


@shapes
def test_least_squares_is_half_the_sum_of_squares_per_point(shape):
    h, y = np.random.default_rng(1).normal(size=(2, *shape))
    n = shape[0] if shape else 1
    prediction = tg.Value(np.asarray(h))
    J = nn.LeastSquaresLoss()(prediction, y)
    assert J.item() == pytest.approx(math.fsum(np.ravel(h - y) ** 2) / (2 * n), rel=1e-14)
    J.backward(-1.7)
    np.testing.assert_allclose(prediction.grad, -1.7 * (h - y) / n, rtol=1e-14)


@pytest.mark.parametrize("shape", [(1, 1), (6, 4), (2, 3, 5), (4,)], ids=repr)
@pytest.mark.parametrize("scale", [1.0, 1e3, 1e8])
def test_cross_entropy_is_that_of_scipy_at_any_magnitude(shape, scale):
    rng = np.random.default_rng(2)
    z, labels = scale * rng.normal(size=shape), rng.integers(shape[-1], size=shape[:-1])
    logits = tg.Value(z)
    J = nn.CrossEntropyLoss()(logits, labels)
    chosen = np.take_along_axis(log_softmax(z, axis=-1), labels[..., None], axis=-1)
    assert J.item() == pytest.approx(-chosen.mean(), rel=1e-13, abs=1e-300)
    J.backward(-1.7)
    one_hot = np.eye(shape[-1])[labels]
    np.testing.assert_allclose(logits.grad, -1.7 * (softmax(z, axis=-1) - one_hot) / labels.size, rtol=1e-11,
                               atol=1e-15)


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("labels", ["i1", "u1", "i4", "i8", "u8"])
def test_cross_entropy_is_that_of_pytorch_for_labels_of_any_integer_dtype(dtype, tolerance, labels):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    z, target = rng.normal(size=(7, 10)).astype(dtype), rng.integers(10, size=7)
    ours, theirs = tg.Value(z), torch.tensor(z, requires_grad=True)
    J, expected = nn.CrossEntropyLoss()(ours, target.astype(labels)), torch.nn.CrossEntropyLoss()(
        theirs, torch.tensor(target))
    np.testing.assert_allclose(J.data, expected.detach(), rtol=tolerance)
    assert J.dtype == dtype
    J.backward()
    expected.backward()
    np.testing.assert_allclose(ours.grad, theirs.grad, rtol=tolerance, atol=tolerance / 100)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.floats(-1e6, 1e6), st.integers(0, 2**32 - 1))
def test_cross_entropy_does_not_see_a_constant_added_to_all_logits_of_a_row(n, classes, shift, seed):
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(n, classes)), rng.integers(classes, size=n)
    rows = shift * rng.normal(size=(n, 1))
    loss = nn.CrossEntropyLoss()
    assert loss(z + rows, labels) == pytest.approx(loss(z, labels), rel=1e-6, abs=1e-8)


def test_known_values():
    assert nn.MSELoss()(tg.Value([1.0, 4.0]), [1.0, 2.0]).item() == 2
    assert nn.LeastSquaresLoss()(tg.Value([[1.0, 4.0]]), [[1.0, 2.0]]).item() == 2  # one point, two outputs
    assert nn.CrossEntropyLoss()(tg.Value(np.zeros((3, 10))), [0, 5, 9]).item() == pytest.approx(math.log(10))
    assert nn.CrossEntropyLoss()(tg.Value([[0.0, 800.0]]), [0]).item() == 800  # e^800 would overflow
    assert nn.CrossEntropyLoss()(tg.Value([[0.0, -np.inf]]), [0]).item() == 0


def test_a_loss_of_python_numbers_works():
    h = tg.Value(3.0)
    J = nn.MSELoss()(h, 1.0)
    J.backward()
    assert J.item() == 4 and h.grad == 4


# ----- plain data -----

@regression_losses
@pytest.mark.parametrize("h, y", [
    (np.array([[1.0], [2.0]]), np.array([[0.0], [4.0]])), (np.array([1, 2]), np.array([0, 4])),
    ([1.0, 2.0], [0.0, 4.0]), ([1, 2], (0, 4)), (3.0, 2.0)], ids=repr)
def test_losses_of_plain_data_are_plain_numbers(loss, h, y):
    J = loss(h, y)
    assert not isinstance(J, tg.Value)
    assert np.ndim(J) == 0
    assert J == loss(tg.Value(h), y).item()


@pytest.mark.parametrize("logits, labels", [
    (np.eye(2), np.array([0, 0])), ([[1.0, 0.0], [0.0, 1.0]], [0, 0]), (np.eye(2, dtype=int), (0, 0)),
    ([1.0, 0.0], 1)], ids=repr)
def test_cross_entropy_of_plain_data_is_a_plain_number(logits, labels):
    J = nn.CrossEntropyLoss()(logits, labels)
    assert not isinstance(J, tg.Value)
    assert np.ndim(J) == 0
    assert J == nn.CrossEntropyLoss()(tg.Value(logits), labels).item()


# ----- bad input -----

@regression_losses
@pytest.mark.parametrize("h, y", [((5, 1), (5,)), ((5,), (5, 1)), ((5,), ()), ((4, 3), (3, 4)), ((2,), (3,))],
                         ids=repr)
def test_broadcasting_is_refused_as_it_compares_every_pair(loss, h, y):
    with pytest.raises(ShapeError, match=rf"{type(loss).__name__}: prediction .* and target .* reshape"):
        loss(tg.Value(np.ones(h)), np.ones(y))


@regression_losses
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)], ids=repr)
def test_there_must_be_data(loss, shape):
    with pytest.raises(ShapeError, match=f"{type(loss).__name__}: there are no data"):
        loss(tg.Value(np.ones(shape)), np.ones(shape))


@regression_losses
@pytest.mark.parametrize("y, error", [
    (["a", "b"], DtypeError), ([1j, 2.0], DtypeError), ([None, 1.0], DtypeError),
    ([[1.0], [1.0, 2.0]], ShapeError)], ids=repr)
def test_targets_are_real_numbers(loss, y, error):
    for h in (tg.Value([1.0, 2.0]), [1.0, 2.0]):
        with pytest.raises(error, match=f"{type(loss).__name__}: target"):
            loss(h, y)


@pytest.mark.parametrize("logits, labels", [
    ((5, 3), (4,)), ((5, 3), (5, 1)), ((5, 3), ()), ((), ()), ((0, 3), (0,)), ((5, 0), (5,))], ids=repr)
def test_labels_and_logits_must_fit(logits, labels):
    with pytest.raises((ShapeError, ArgumentError), match=r"(CrossEntropyLoss|cross_entropy): .*logits"):
        nn.CrossEntropyLoss()(tg.Value(np.ones(logits)), np.zeros(labels, int))


@pytest.mark.parametrize("labels", [[0.0, 1.0], [True, False], tg.Value([0.0, 1.0])], ids=repr)
def test_labels_are_integers(labels):
    with pytest.raises(DtypeError, match=r"cross_entropy: labels have dtype .*must be integers"):
        nn.CrossEntropyLoss()(tg.Value(np.ones((2, 3))), labels)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], [0, 2**62], np.array([0, 2**64 - 1], "u8")], ids=repr)
def test_labels_are_classes(labels):
    with pytest.raises(ArgumentError, match=r"cross_entropy: there are labels from .*the 3 classes .*0 t"):
        nn.CrossEntropyLoss()(tg.Value(np.ones((2, 3))), labels)


def test_logits_are_real_numbers():
    with pytest.raises(DtypeError, match="CrossEntropyLoss: logits ha"):
        nn.CrossEntropyLoss()([["a", "b"]], [0])
