"""Negative log-likelihoods: how unlikely what was observed is for a model, the op in the middle of each such loss."""

import numpy as np

from tinygrad_edu.engine.primitive import builtin
from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError
from tinygrad_edu.tracing import Recorded, as_array

# PyTorch's bounds for the probability of 0 of what was observed: its -ln p, and its p (1 - p) in the slope.
LEAST_LIKELY = 100.0
LEAST_SPREAD = 1e-12


# ----- one of several classes -----

def class_labels(what, name, scores, labels):
    """The labels as an array of integers, once it is known that each is a class of its row of scores.

    Args:
        what, name: whose labels they are and what the scores are called, for the message.
        scores: (..., classes).
        labels: (...), from 0 to classes - 1.
    """
    labels = as_array(labels)
    if labels.shape != scores.shape[:-1] or not scores.shape:
        cure = ""
        if labels.shape == (*scores.shape[:-1], 1):
            cure = "; pass the labels with .ravel()" if labels.ndim == 2 else "; pass labels[..., 0]"
        elif labels.ndim and labels.shape == scores.shape:
            cure = "; of rows with a 1 at the class they are labels.argmax(axis=-1)"
        raise ShapeError(f"{what}: {name} {scores.shape} and labels {labels.shape} do not fit; expected are "
                         f"(n, classes) and (n,){cure}")
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"{what}: labels have dtype {labels.dtype}, but must be integers, the number of the "
                         "class of each row; convert them by labels.astype(int)")
    classes = scores.shape[-1]
    if labels.size and labels.astype(np.uint64, copy=False).max() >= classes:  # a negative one becomes enormous
        first, last = labels.min(), labels.max()
        if first >= 1 and last == classes:
            cure = "labels start at 0; subtract 1"
        elif first < 0:
            cure = f"if a label of {first} means that there is none, say so to the loss by ignore_index={first}"
        else:
            cure = f"make the model with {int(last) + 1} outputs"
        raise ArgumentError(f"{what}: there are labels from {first} to {last}, but the {classes} classes of {name} "
                            f"{scores.shape} are 0 to {classes - 1}; {cure}")
    return labels


def own_class(labels):
    """The index of the entry of its own label in each row of (..., classes)."""
    labels = as_array(labels)
    places = (np.arange(len(labels)),) if labels.ndim == 1 else np.indices(labels.shape, sparse=True)
    return (*places, labels)


def _cross_entropy_rule(g, y, logits, labels):
    own = own_class(labels)
    if isinstance(logits, Recorded):  # a program has e^logits from the forward pass, and need not compute it again
        _, exponentials, sums = _relative_exponentials(logits)
        softmax = (exponentials / sums).T.reshape(logits.shape)
    else:
        softmax = np.exp(logits - logits[own][..., None] - y[..., None])  # as y = -ln softmax(logits)[label]
    one_hot = np.zeros_like(logits)
    one_hot[own] = 1
    return g[..., None] * (softmax - one_hot)


@builtin(r"-\ln \mathrm{softmax}({logits})_{{labels}}", "cross entropy", logits=_cross_entropy_rule, labels=None)
def cross_entropy(logits, labels):
    """y = ln Σ e^logits - logits[label], row by row,   dy/dlogits = softmax - one-hot(label)

    At any magnitude; but where y is ∞, as the label's logit is -∞, the gradient is NaN.
    logits (..., classes), labels (...) of integers in 0..classes-1; y (...).
    """
    labels = class_labels("cross_entropy", "logits", logits, labels)
    shifted, _, sums = _relative_exponentials(logits)
    y = np.log(sums) - shifted[labels.ravel(), np.arange(labels.size)]
    return y.reshape(labels.shape)


def _relative_exponentials(logits):
    """Of each row as a column: the logits less their largest, e to the power of these, and the sum of that."""
    classes = logits.shape[-1]
    columns = logits.reshape(-1, classes).T
    if classes < 100:
        columns = columns.copy()  # NumPy is slow to reduce many short rows, and quick with a few long ones
    shifted = columns - columns.max(axis=0)
    exponentials = np.exp(shifted)
    return shifted, exponentials, exponentials.sum(axis=0)


# ----- yes or no -----

def _surprises(p):
    """-ln p and -ln(1 - p), both at most 100."""
    with np.errstate(divide="ignore"):  # ln 0 = -∞ is right
        return np.minimum(-np.log(p), LEAST_LIKELY), np.minimum(-np.log1p(-p), LEAST_LIKELY)


def _surprise_by_the_target(g, y, p, target):
    yes, no = _surprises(p)
    return g * (yes - no)


@builtin(r"-{target} \ln {p} - (1 - {target}) \ln (1 - {p})", "binary cross entropy",
         p=lambda g, y, p, target: g * ((p - target) / np.maximum(p * (1 - p), LEAST_SPREAD)),
         target=_surprise_by_the_target)
def binary_cross_entropy(p, target):
    """y = -target·ln p - (1 - target)·ln(1 - p),   dy/dp = (p - target)/(p·(1 - p)),   dy/dtarget = ln(1 - p) - ln p

    Finite at p = 0 and 1, too: no logarithm is below -100, and p·(1 - p) in the slope not below 1e-12.
    """
    yes, no = _surprises(p)
    return target * yes + (1 - target) * no


# ----- a number, from a normal distribution -----

def _pull(mean, target, variance, eps):
    """(mean - target)/variance."""
    return (mean - target) / np.maximum(variance, eps)


def _gaussian_by_the_variance(g, y, mean, target, variance, eps):
    pull = _pull(mean, target, variance, eps)
    return 0.5 * g * (1 / np.maximum(variance, eps) - pull * pull)


@builtin(r"\frac{1}{2} (\ln {variance} + \frac{({mean} - {target})^2}{{variance}})", "gaussian nll",
         mean=lambda g, y, mean, target, variance, eps: g * _pull(mean, target, variance, eps),
         target=lambda g, y, mean, target, variance, eps: -g * _pull(mean, target, variance, eps),
         variance=_gaussian_by_the_variance)
def gaussian_nll(mean, target, variance, *, eps=1e-6):
    """y = (ln v + (mean - target)²/v)/2,   dy/dmean = (mean - target)/v,   dy/dv = (1/v - ((mean - target)/v)²)/2

    with v = max(variance, eps). The slope at v is that of a variance below eps, too, so that it can grow again.
    """
    return 0.5 * (np.log(np.maximum(variance, eps)) + (mean - target) * _pull(mean, target, variance, eps))
