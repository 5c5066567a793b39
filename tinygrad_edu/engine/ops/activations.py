"""What neural networks need and NumPy does not have: sigmoid, softmax and their kin, stable at any magnitude."""

import numpy as np

from tinygrad_edu.engine.ops.kinks import choose
from tinygrad_edu.engine.ops.reductions import kept
from tinygrad_edu.engine.primitive import builtin
from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError


def _sigmoid_rule(g, y, x):
    return g * (y * sigmoid(-x))  # sigmoid(-x) is 1 - y, but exact for large x too


@builtin(r"\sigma({x})", "σ", x=_sigmoid_rule)
def sigmoid(x):
    """y = 1/(1 + e^-x),   dy/dx = y·(1 - y)"""
    with np.errstate(over="ignore"):  # 1/(1 + ∞) = 0 is right
        return 1.0 / (1.0 + np.exp(-x))


def _logsumexp_rule(g, y, x, axis, keepdims):
    y = choose(y == -np.inf, 0.0, y)  # all x are -∞: no e^x, no gradient
    return kept(g, axis, keepdims) * np.exp(x - kept(y, axis, keepdims))


@builtin(r"\ln \sum e^{{x}}", x=_logsumexp_rule)
def logsumexp(x, *, axis=None, keepdims=False):
    """y = ln Σ e^x along the axis, at any magnitude,   dy/dx = e^(x-y)"""
    peak = np.max(x, axis=axis, keepdims=True)
    peak = np.where(np.isinf(peak), 0.0, peak)
    with np.errstate(divide="ignore"):  # ln 0 = -∞ is right where all x are -∞
        y = np.log(np.sum(np.exp(x - peak), axis=axis, keepdims=True)) + peak
    return y if keepdims else np.squeeze(y, axis)


@builtin(r"\mathrm{softmax}({x})",
         x=lambda g, y, x, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True)))
def softmax(x, *, axis=-1):
    """y = e^x / Σ e^x along the axis,   dy_i/dx_j = y_i·(δ_ij - y_j)"""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


@builtin(r"\ln \mathrm{softmax}({x})",
         x=lambda g, y, x, axis: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True))
def log_softmax(x, *, axis=-1):
    """y = x - ln Σ e^x along the axis,   dy_i/dx_j = δ_ij - softmax(x)_j"""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _own_class(labels):
    """The index of the entry of its own label in each row of (..., classes)."""
    labels = np.asarray(labels)
    places = (np.arange(len(labels)),) if labels.ndim == 1 else np.indices(labels.shape, sparse=True)
    return (*places, labels)


def _cross_entropy_rule(g, y, logits, labels):
    own = _own_class(labels)
    softmax = np.exp(logits - logits[own][..., None] - y[..., None])  # as y = -ln softmax(logits)[label]
    one_hot = np.zeros(logits.shape, logits.dtype)
    one_hot[own] = 1
    return g[..., None] * (softmax - one_hot)


@builtin(r"-\ln \mathrm{softmax}({logits})_{{labels}}", "cross entropy", logits=_cross_entropy_rule, labels=None)
def cross_entropy(logits, labels):
    """y = ln Σ e^logits - logits[label], row by row,   dy/dlogits = softmax - one-hot(label)

    At any magnitude; but where y is ∞, as the label's logit is -∞, the gradient is NaN.
    logits (..., classes), labels (...) of integers in 0..classes-1; y (...).
    """
    labels = np.asarray(labels)
    if labels.shape != logits.shape[:-1] or not logits.shape:
        raise ShapeError(f"cross_entropy: logits {logits.shape} and labels {labels.shape} do not fit; expected are "
                         "(n, classes) and (n,)")
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"cross_entropy: labels have dtype {labels.dtype}, but must be integers, the number of the "
                         "class of each row")
    classes = logits.shape[-1]
    if labels.size and labels.astype(np.uint64, copy=False).max() >= classes:  # a negative one becomes enormous
        raise ArgumentError(f"cross_entropy: there are labels from {labels.min()} to {labels.max()}, but the "
                            f"{classes} classes of logits {logits.shape} are 0 to {classes - 1}")
    columns = logits.reshape(-1, classes).T
    if classes < 100:
        columns = columns.copy()  # NumPy is slow to reduce many short rows, and quick with a few long ones
    shifted = columns - columns.max(axis=0)
    y = np.log(np.exp(shifted).sum(axis=0)) - shifted[labels.ravel(), np.arange(labels.size)]
    return y.reshape(labels.shape)
