"""Functions of neural networks that NumPy does not have: sigmoid, softplus, softmax and their kin, all stable."""

import numpy as np

from tinygrad_edu.engine.primitive import builtin

TWO_OVER_ROOT_PI = float(2 / np.sqrt(np.pi))


@builtin(r"\max(0, {x})", x=lambda g, y, x: np.where(y > 0, g, 0.0))
def relu(x):
    """y = max(0, x),   dy/dx = 1 for x > 0, else 0"""
    return np.maximum(x, 0.0)


@builtin(r"\sigma({x})", "σ", x=lambda g, y, x: g * (y * sigmoid(-x)))
def sigmoid(x):
    """y = 1/(1 + e^-x),   dy/dx = y·(1 - y), with 1 - y formed as sigmoid(-x) to be exact for large x"""
    small = np.exp(-np.absolute(x))  # never overflows
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


@builtin(r"\ln(1 + e^{{x}})", x=lambda g, y, x: g * sigmoid(x))
def softplus(x):
    """y = ln(1 + e^x) at any magnitude,   dy/dx = sigmoid(x)"""
    return np.logaddexp(0.0, x)


@builtin(r"\mathrm{erf}({x})", x=lambda g, y, x: g * (TWO_OVER_ROOT_PI * np.exp(-x * x)))
def erf(x):
    """y = 2/√π ∫₀ˣ e^(-t²) dt,   dy/dx = 2/√π e^(-x²)"""
    from scipy.special import erf as scipy_erf  # imported here: it would double the time of the package's import

    return scipy_erf(x)


def _peak(x, axis):
    """The maximum along the axis, kept as an axis, to be subtracted before exp; 0 where it is infinite."""
    peak = np.max(x, axis=axis, keepdims=True)
    return np.where(np.isfinite(peak), peak, 0.0)


@builtin(r"\ln \sum e^{{x}}", x=lambda g, y, x, axis, keepdims: _kept(g, axis, keepdims) * softmax(x, axis))
def logsumexp(x, *, axis=None, keepdims=False):
    """y = ln Σ e^x along the axis, at any magnitude,   dy/dx = softmax(x)"""
    peak = _peak(x, axis)
    with np.errstate(divide="ignore"):  # ln 0 = -inf is right for a sum of e^-inf
        y = np.log(np.sum(np.exp(x - peak), axis=axis, keepdims=True)) + peak
    return y if keepdims else np.squeeze(y, axis)


def _kept(g, axis, keepdims):
    """g of a reduction with its reduced axes kept, ready to broadcast against the input."""
    return g if keepdims or axis is None else np.expand_dims(g, axis)


@builtin(r"\mathrm{softmax}({x})",
         x=lambda g, y, x, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True)))
def softmax(x, *, axis=-1):
    """y = e^x / Σ e^x along the axis,   dy_i/dx_j = y_i·(δ_ij - y_j)"""
    e = np.exp(x - _peak(x, axis))
    return e / np.sum(e, axis=axis, keepdims=True)


@builtin(r"\ln \mathrm{softmax}({x})",
         x=lambda g, y, x, axis: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True))
def log_softmax(x, *, axis=-1):
    """y = x - ln Σ e^x along the axis,   dy_i/dx_j = δ_ij - softmax(x)_j"""
    shifted = x - _peak(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _one_hot(labels, like):
    return (np.asarray(labels)[..., None] == np.arange(np.shape(like)[-1])).astype(like.dtype)


@builtin(r"-\ln \mathrm{softmax}({logits})_{{labels}}", "cross entropy",
         logits=lambda g, y, logits, labels: np.expand_dims(g, -1) * (softmax(logits) - _one_hot(labels, logits)))
def cross_entropy(logits, labels):
    """y = ln Σ e^logits - logits[label] for each row, at any magnitude,   dy/dlogits = softmax - one-hot(label)

    logits (..., classes), labels (...) of integers in 0..classes-1; y (...).
    """
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    chosen = np.take_along_axis(shifted, np.asarray(labels)[..., None], axis=-1)
    return (np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True)) - chosen)[..., 0]
