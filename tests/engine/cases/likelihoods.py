"""Rows for negative log-likelihoods; references by their definitions and from SciPy's distributions."""

import numpy as np
from scipy import stats

from tests.engine.cases.case import Case

PROBABILITIES = (0.05, 0.95)
POINTS = ((-2, 2), (-2, 2), (0.5, 2))  # means, targets, variances


def labelled(logits):
    """Logits with a label for each row."""
    count = np.arange(np.prod(logits.shape[:-1], dtype=int)).reshape(logits.shape[:-1])
    return logits, (count * 5 + 1) % logits.shape[-1]


def cross_entropy(logits, labels):
    """-ln p of the label, row by row."""
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])


def binary_cross_entropy(p, target):
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


def gaussian_nll(mean, target, variance, eps=1e-6):
    """-ln of the density, without the constant; SciPy computes in float64, whatever it is given."""
    y = -stats.norm.logpdf(target, mean, np.sqrt(np.maximum(variance, eps))) - np.log(2 * np.pi) / 2
    return y.astype(mean.dtype)


CASES = [
    *(Case("cross_entropy", (shape,), cross_entropy, prepare=labelled, constant=(1,))
      for shape in [(3, 4), (2, 3, 4), (4,), (0, 4)]),
    Case("binary_cross_entropy", ((2, 3), (2, 3)), binary_cross_entropy, PROBABILITIES),
    Case("binary_cross_entropy", ((2, 3), (3,)), binary_cross_entropy, PROBABILITIES),
    Case("binary_cross_entropy", ((), ()), binary_cross_entropy, PROBABILITIES),
    Case("gaussian_nll", ((2, 3), (2, 3), (2, 3)), gaussian_nll, POINTS, holomorphic=False),
    Case("gaussian_nll", ((2, 3), (2, 3), (2, 1)), gaussian_nll, POINTS, options={"eps": 0.01}, holomorphic=False),
    Case("gaussian_nll", ((), (), ()), gaussian_nll, POINTS, holomorphic=False),
]
