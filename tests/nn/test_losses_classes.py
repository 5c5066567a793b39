"""Losses of classes: PyTorch's values and gradients with every option, and SciPy's entropies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, rel_entr, softmax

import tinygrad_edu as tg
from tests.nn.pytorch import assert_is_that_of_pytorch, each_dtype, each_reduction
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError

N, CLASSES = 8, 5
CLASS_WEIGHTS = [0.5, 1.0, 0.0, 3.0, 0.2]
LABELS = np.array([0, 1, 2, 3, 4, 4, 3, 0])
IGNORED = np.array([0, -100, 2, 3, 4, -100, 3, 0])

each_class_weights = pytest.mark.parametrize("class_weights", [None, CLASS_WEIGHTS], ids=["alike", "weighted"])
each_smoothing = pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
each_loss = pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.NLLLoss])
whole_numbers = st.integers(0, 2**32 - 1)


def logits(*shape):
    return np.random.default_rng(0).normal(scale=3, size=shape or (N, CLASSES))


def probabilities(*shape):
    return softmax(np.random.default_rng(1).normal(size=shape or (N, CLASSES)), axis=-1)


def of_pytorch(name, dtype, class_weights=None, **options):
    """PyTorch's loss with the same options."""
    torch = pytest.importorskip("torch")
    if class_weights is not None:
        options["weight"] = torch.tensor(class_weights, dtype=getattr(torch, dtype))
    return getattr(torch.nn, name)(**options)


# ----- against PyTorch -----

@each_dtype
@each_reduction
@each_class_weights
@each_smoothing
@pytest.mark.parametrize("labels, ignore_index", [(LABELS, None), (IGNORED, -100), (LABELS, 3)], ids=str)
def test_cross_entropy_of_labels_is_that_of_pytorch(labels, ignore_index, smoothing, class_weights, reduction, dtype):
    theirs = of_pytorch("CrossEntropyLoss", dtype, class_weights, label_smoothing=smoothing, reduction=reduction,
                        ignore_index=-1 if ignore_index is None else ignore_index)
    ours = nn.CrossEntropyLoss(class_weights, smoothing, ignore_index, reduction)
    assert_is_that_of_pytorch(ours, theirs, [logits(), labels], dtype)


@each_dtype
@each_reduction
@each_class_weights
@each_smoothing
def test_cross_entropy_of_probabilities_is_that_of_pytorch(smoothing, class_weights, reduction, dtype):
    theirs = of_pytorch("CrossEntropyLoss", dtype, class_weights, label_smoothing=smoothing, reduction=reduction)
    ours = nn.CrossEntropyLoss(class_weights, smoothing, reduction=reduction)
    assert_is_that_of_pytorch(ours, theirs, [logits(), probabilities()], dtype)


@each_dtype
@each_reduction
@each_class_weights
@pytest.mark.parametrize("labels, ignore_index", [(LABELS, None), (IGNORED, -100)], ids=str)
def test_nll_is_that_of_pytorch(labels, ignore_index, class_weights, reduction, dtype):
    theirs = of_pytorch("NLLLoss", dtype, class_weights, reduction=reduction,
                        ignore_index=-1 if ignore_index is None else ignore_index)
    ours = nn.NLLLoss(class_weights, ignore_index, reduction)
    assert_is_that_of_pytorch(ours, theirs, [log_softmax(logits(), axis=-1), labels], dtype)


@each_dtype
@each_reduction
@pytest.mark.parametrize("name", ["CrossEntropyLoss", "NLLLoss"])
def test_several_labels_of_a_point_are_those_of_pytorch_whose_classes_are_axis_1(name, reduction, dtype):
    scores, labels = log_softmax(logits(2, 3, CLASSES), axis=-1), np.array([[0, 4, 2], [1, 1, 3]])
    options = {"class_weights": CLASS_WEIGHTS, "ignore_index": 4, "reduction": reduction}
    assert_is_that_of_pytorch(getattr(nn, name)(**options), of_pytorch(name, dtype, **options), [scores, labels], dtype,
                              to_pytorch=lambda x: x.movedim(-1, 1) if x.ndim == 3 else x)


@each_dtype
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss by both")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
def test_kl_divergence_is_that_of_pytorch(log_target, reduction, dtype):
    p = probabilities()
    assert_is_that_of_pytorch(nn.KLDivLoss(log_target, reduction),
                              of_pytorch("KLDivLoss", dtype, log_target=log_target, reduction=reduction),
                              [log_softmax(logits(), axis=-1), np.log(p) if log_target else p], dtype)


# ----- against SciPy, and what must be equal -----

@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-6), (np.float64, 1e-14)])
def test_kl_divergence_is_that_of_scipy_with_probabilities_of_0(dtype, tolerance):
    p = np.array([[1.0, 0.0, 0.0], [0.25, 0.0, 0.75]], dtype)
    q = probabilities(2, 3)
    expected = rel_entr(p, q)
    h = tg.Value(np.log(q).astype(dtype))
    np.testing.assert_allclose(nn.KLDivLoss(reduction="none")(h, p).data, expected, rtol=tolerance)
    J = nn.KLDivLoss(reduction="batchmean")(h, p)
    assert J.item() == pytest.approx(expected.sum() / 2, rel=tolerance)
    J.backward()
    np.testing.assert_allclose(h.grad, -p / 2, rtol=tolerance)


@each_class_weights
@each_smoothing
def test_one_hot_probabilities_are_labels(smoothing, class_weights):
    loss = nn.CrossEntropyLoss(class_weights, smoothing, reduction="none")
    for one_hot in (np.eye(CLASSES)[LABELS], np.eye(CLASSES, dtype=int)[LABELS]):
        np.testing.assert_allclose(loss(logits(), one_hot), loss(logits(), LABELS), rtol=1e-13)


def test_nll_of_log_softmax_is_cross_entropy():
    z = logits()
    assert nn.NLLLoss()(tg.log_softmax(z), LABELS) == pytest.approx(nn.CrossEntropyLoss()(z, LABELS), rel=1e-14)
    assert nn.NLLLoss()(tg.log_softmax(z[0]), 3) == pytest.approx(nn.CrossEntropyLoss()(z[0], 3), rel=1e-14)


@settings(max_examples=20, deadline=None)
@given(whole_numbers, st.sampled_from([np.float32, np.float64]))
def test_cross_entropy_of_probabilities_is_their_entropy_and_divergence(seed, dtype):
    rng = np.random.default_rng(seed)
    z, p = rng.normal(size=(3, 4)).astype(dtype), rng.dirichlet(np.ones(4), 3).astype(dtype)
    J = nn.CrossEntropyLoss()(z, p)
    entropy = nn.CrossEntropyLoss()(np.log(p), p)
    divergence = nn.KLDivLoss(reduction="batchmean")(tg.log_softmax(z), p)
    assert J == pytest.approx(entropy + divergence, rel=float(200 * np.finfo(dtype).eps))


@each_dtype
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"class_weights": CLASS_WEIGHTS[:3]}], ids=str)
@pytest.mark.parametrize("target", [[0, 2], [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]], ids=repr)
def test_logits_of_1e4_give_finite_losses_and_gradients(target, options, dtype):
    z = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4 - 1]], dtype)
    value, exact = tg.Value(z), z.astype(float)
    target = np.asarray(target, dtype) if np.ndim(target) == 2 else np.asarray(target)
    J = nn.CrossEntropyLoss(**options, reduction="sum")(value, target)
    J.backward()
    p = np.eye(3)[target] if target.ndim == 1 else target
    smoothing, w = options.get("label_smoothing", 0.0), np.array(options.get("class_weights", [1.0, 1.0, 1.0]))
    t = w * ((1 - smoothing) * p + smoothing / 3)
    np.testing.assert_allclose(J.data, -np.sum(t * log_softmax(exact, axis=-1)), rtol=1e-6)
    slopes = t.sum(axis=-1, keepdims=True) * softmax(exact, axis=-1) - t
    np.testing.assert_allclose(value.grad, slopes, rtol=1e-5, atol=1e-6)
    assert value.grad.dtype == dtype


@pytest.mark.parametrize("shape", [(1, 2), (6, 4), (2, 3, 5), (4,)], ids=repr)
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
@given(st.integers(1, 5), st.integers(2, 5), st.floats(-1e6, 1e6), st.integers(0, 2**32 - 1))
def test_cross_entropy_does_not_see_a_constant_added_to_all_logits_of_a_row(n, classes, shift, seed):
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(n, classes)), rng.integers(classes, size=n)
    rows = shift * rng.normal(size=(n, 1))
    loss = nn.CrossEntropyLoss()
    assert loss(z + rows, labels) == pytest.approx(loss(z, labels), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("logits, labels", [
    (np.eye(2), np.array([0, 0])), ([[1.0, 0.0], [0.0, 1.0]], [0, 0]), (np.eye(2, dtype=int), (0, 0)),
    ([1.0, 0.0], 1)], ids=repr)
def test_cross_entropy_of_plain_data_is_a_plain_number(logits, labels):
    J = nn.CrossEntropyLoss()(logits, labels)
    assert not isinstance(J, tg.Value)
    assert np.ndim(J) == 0
    assert J == nn.CrossEntropyLoss()(tg.Value(logits), labels).item()


# ----- what does not count -----

@each_loss
@pytest.mark.parametrize("options", [{}, {"class_weights": CLASS_WEIGHTS}], ids=str)
def test_an_ignored_point_is_one_that_is_not_there(loss, options):
    scores, kept = log_softmax(logits(), axis=-1), IGNORED != -100
    for reduction in "mean", "sum":
        there = loss(**options, ignore_index=-100, reduction=reduction)(scores, IGNORED)
        assert there == pytest.approx(loss(**options, reduction=reduction)(scores[kept], IGNORED[kept]), rel=1e-14)
    h = tg.Value(scores)
    loss(**options, ignore_index=-100)(h, IGNORED).backward()
    assert not h.grad[~kept].any()


@each_loss
@pytest.mark.parametrize("labels", [np.array([0, 255, 1], "u1"), np.array([0, -1, 1], "i1"), [0, 7, 1]], ids=repr)
def test_labels_to_ignore_may_be_of_any_integer_dtype(loss, labels):
    scores = log_softmax(logits(3, 2), axis=-1)
    found = loss(ignore_index=int(np.asarray(labels)[1]), reduction="none")(scores, labels)
    np.testing.assert_allclose(found, [-scores[0, 0], 0, -scores[2, 1]], rtol=1e-14)


@each_loss
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weights_of_points_and_of_classes_multiply(loss, reduction):
    scores, weight = log_softmax(logits(), axis=-1), np.array([2, 1, 0, 3, 1, 2, 0, 1])
    measure = loss(CLASS_WEIGHTS, ignore_index=-100, reduction=reduction)
    repeated = measure(np.repeat(scores, weight, axis=0), np.repeat(IGNORED, weight))
    assert measure(scores, IGNORED, weight) == pytest.approx(repeated, rel=1e-14)


@each_loss
def test_there_is_no_mean_where_no_point_counts(loss):
    scores = tg.Value(log_softmax(logits(2, 3), axis=-1))
    for options, target in ({"ignore_index": 0}, [0, 0]), ({"class_weights": [1, 0, 1]}, [1, 1]):
        with pytest.raises(ArgumentError, match=f"{loss.__name__}: there is no mean where no point counts"):
            loss(**options)(scores, target)
        assert loss(**options, reduction="sum")(scores, target).item() == 0


def test_class_weights_are_a_copy():
    given_weights = np.ones(3)
    loss = nn.CrossEntropyLoss(given_weights)
    given_weights[:] = 7
    np.testing.assert_array_equal(loss.class_weights, np.ones(3))
