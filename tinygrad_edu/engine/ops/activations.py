"""What neural networks need and NumPy does not have: sigmoid, softmax and their kin, stable at any magnitude."""

import numpy as np

from tinygrad_edu.engine.ops.kinks import choose
from tinygrad_edu.engine.ops.reductions import kept
from tinygrad_edu.engine.primitive import builtin


def _sigmoid_rule(g, y, x):
    return g * (y * sigmoid(-x))  # sigmoid(-x) is 1 - y, but exact for large x too


@builtin(r"\sigma({x})", "σ", x=_sigmoid_rule)
def sigmoid(x):
    """y = 1/(1 + e^-x),   dy/dx = y·(1 - y)

    It is 0 where it would be below the smallest normal number, 2e-308, or of float32 1e-38.
    """
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
