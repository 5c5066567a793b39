"""Losses: one number J that says how far a prediction h is from what was observed, y.

They take Values, arrays, numbers and lists. J is a Value if one of the two is, else a plain number.
"""

import math
from typing import Any

from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn.checks import operand
from tinygrad_edu.nn.module import Module


class MSELoss(Module):
    """The mean squared error, over all N elements:

        J = 1/N Σ (h - y)²,   ∂J/∂h = 2/N (h - y)

    It takes the prediction h and the target y, both of any one shape but an empty one.

    Errors: ShapeError if the shapes differ or are empty, DtypeError for what are no real numbers.

    >>> import tinygrad_edu as tg
    >>> tg.nn.MSELoss()(tg.Value([1.0, 4.0]), [1.0, 2.0])
    Value(2)

    Source: A.-M. Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805.
    Convention: PyTorch's, the mean over all elements, without 1/2; see `LeastSquaresLoss` for the lecture's.
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        prediction, target = _pair("MSELoss", prediction, target)
        return ops.sum_of_squares(prediction - target, divisor=math.prod(prediction.shape))


class LeastSquaresLoss(Module):
    """The lecture's cost function of n points:

        J = 1/(2n) Σ (h - y)²,   ∂J/∂h = 1/n (h - y)

    It takes the prediction h and the target y, both of one shape, (n,) or (n, outputs); the sum is over all
    elements.

    Errors: ShapeError if the shapes differ or are empty, DtypeError for what are no real numbers.

    >>> import tinygrad_edu as tg
    >>> tg.nn.LeastSquaresLoss()(tg.Value([1.0, 4.0]), [1.0, 2.0])
    Value(1)

    Source: A.-M. Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805.
    Convention: the 1/2 cancels the 2 of the derivative; n counts points, not elements.
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        prediction, target = _pair("LeastSquaresLoss", prediction, target)
        n = prediction.shape[0] if prediction.shape else 1
        return ops.sum_of_squares(prediction - target, divisor=2 * n)


class CrossEntropyLoss(Module):
    """How unlikely the true classes are for the model, if p = softmax(logits) are its probabilities:

        J = -1/n Σ_i ln p_i,label(i),   p_ik = e^z_ik / Σ_c e^z_ic,   ∂J/∂z = 1/n (p - 1 at the label)

    with logits z: the negative log-likelihood of the labels, per point. Exponential and logarithm are taken
    in one go, so logits may be of any size; a network needs no softmax at its end.

    It takes the logits, of shape (..., classes), and the labels, of shape (...), whole numbers from 0 to
    classes - 1; usually (n, classes) and (n,).

    Errors: ShapeError if the shapes do not fit or are empty, DtypeError for labels that are no integers or
    logits that are no real numbers, ArgumentError for a label that is no class.

    >>> import tinygrad_edu as tg
    >>> tg.nn.CrossEntropyLoss()(tg.Value([[0.0, 0.0], [0.0, 1000.0]]), [0, 1])  # (ln 2 + 0)/2
    Value(0.346574)

    Source: J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990,
    https://doi.org/10.1007/978-3-642-76153-9_28.
    Convention: natural logarithm and mean, as PyTorch's; but the classes are always the last axis.
    """

    def forward(self, logits: Any, labels: Any) -> Any:
        logits = operand("CrossEntropyLoss", "logits", logits)
        labels = operand("CrossEntropyLoss", "labels", labels)
        if labels.size == 0:
            raise ShapeError(f"CrossEntropyLoss: there are no data, logits have shape {logits.shape}")
        return ops.mean(ops.cross_entropy(logits, labels))


def _pair(owner: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Both with a shape, once it is known that it is the same."""
    prediction, target = operand(owner, "prediction", prediction), operand(owner, "target", target)
    shape = prediction.shape
    if shape != target.shape:
        raise ShapeError(f"{owner}: prediction {shape} and target {target.shape} must have the same shape; "
                         "reshape one of them, as broadcasting would compare every pair")
    if 0 in shape:
        raise ShapeError(f"{owner}: there are no data, prediction and target have shape {shape}")
    return prediction, target
