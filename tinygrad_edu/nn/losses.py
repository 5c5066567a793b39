"""Losses: one number that says how far a prediction is from what was observed."""

from typing import Any

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError
from tinygrad_edu.nn.module import Module


def _check_pair(name: str, prediction: Any, target: Any) -> None:
    if np.shape(prediction) != np.shape(target):
        raise ShapeError(f"{name}: prediction {np.shape(prediction)} and target {np.shape(target)} must have the same "
                         "shape; reshape one of them, broadcasting would compare every pair")
    if np.size(prediction) == 0:
        raise ShapeError(f"{name}: no data, prediction has shape {np.shape(prediction)}")


class MSELoss(Module):
    """J = mean (h - y)², over all elements.

    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.nn.MSELoss()(tg.Value([1.0, 4.0]), np.array([1.0, 2.0])).item()
    2.0
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        _check_pair("MSELoss", prediction, target)
        return ops.mean(ops.square(ops.subtract(prediction, target)))


class LeastSquaresLoss(Module):
    """J = 1/(2n) Σ (h - y)², the lecture's, with n the number of points (rows)."""

    def forward(self, prediction: Any, target: Any) -> Any:
        _check_pair("LeastSquaresLoss", prediction, target)
        n = (np.shape(prediction) or (1,))[0]
        return ops.divide(ops.sum(ops.square(ops.subtract(prediction, target))), 2 * n)


class CrossEntropyLoss(Module):
    """J = mean over rows of -ln softmax(logits)[label]; logits (n, classes), labels (n,) of integers."""

    def forward(self, logits: Any, labels: Any) -> Any:
        labels = np.asarray(labels)
        if labels.dtype.kind not in "iu":
            raise DtypeError(f"CrossEntropyLoss: labels of dtype {labels.dtype}; they must be integers, the number of "
                             "the class of each row")
        shape = np.shape(logits)
        if shape[:-1] != labels.shape or not shape:
            raise ShapeError(f"CrossEntropyLoss: logits {shape} need labels {shape[:-1]}, not {labels.shape}")
        if labels.size == 0:
            raise ShapeError(f"CrossEntropyLoss: no data, logits have shape {shape}")
        if labels.min() < 0 or labels.max() >= shape[-1]:
            raise ArgumentError(f"CrossEntropyLoss: labels from {labels.min()} to {labels.max()}, but there are "
                                f"{shape[-1]} classes: 0 to {shape[-1] - 1}")
        return ops.mean(ops.cross_entropy(logits, labels))
