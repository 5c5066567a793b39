"""What all losses share: the comparison with a target of the same shape, a weight for each point, the reduction."""

import math
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.checks import shown
from tinygrad_edu.engine import ops
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, MissingMethodError, OptionError, ShapeError
from tinygrad_edu.nn.checks import float_operand, operand
from tinygrad_edu.nn.losses.checks import check_range, numbers
from tinygrad_edu.nn.module import Module


class Loss(Module):
    """Base of the losses: a new one defines `each`, what one number of the prediction costs.

        "none":  l_ij, the loss of each number j of point i, multiplied by the point's weight w_i
        "sum":   Σ_ij w_i l_ij
        "mean":  Σ_ij w_i l_ij / Σ_ij w_i; without weights, the mean over all numbers

    so that a point of weight 2 counts like two points. A mean of weights 1/σ_i² is that of points known with
    uncertainties σ_i.

    Args:
        reduction: what becomes of the losses of the single numbers: "mean", "sum" or "none".

    It takes the prediction and the target, both of shape (n,), (n, outputs) or any other but an empty one, and,
    if wished, the weights of the points, (n,), 0 or more. They may be Values, arrays, numbers and lists; J is a Value
    if one of them is, else plain.

    Errors: ArgumentError for an unknown reduction and for weights below 0, ShapeError if the shapes differ or are
    empty, DtypeError for what are no real numbers; ArgumentError where J is not finite because the target is not.

    >>> import tinygrad_edu as tg
    >>> class CauchyLoss(tg.nn.Loss):
    ...     def each(self, prediction, target):
    ...         return tg.log1p((prediction - target) ** 2)
    >>> CauchyLoss()(tg.Value([1.0, 4.0]), [1.0, 2.0], weight=[3.0, 1.0])  # (3 ln 1 + ln 5)/4
    Value(0.402359)

    Convention: the reductions are PyTorch's; its mean with weights divides by their number.
    """

    reductions: ClassVar[tuple[str, ...]] = ("mean", "sum", "none")

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    @property
    def reduction(self) -> str:
        """What becomes of the losses of the single numbers."""
        return self._reduction

    @reduction.setter
    def reduction(self, reduction: str) -> None:
        if not isinstance(reduction, str):
            name = type(self).__name__
            raise OptionError(f"{name}: reduction must be a name, one of {', '.join(self.reductions)}, got "
                              f"{shown(reduction)} of type {type(reduction).__name__}; data come later, as in "
                              f"{name}()(prediction, target)")
        if reduction not in self.reductions:
            raise ArgumentError(f"{type(self).__name__}: there is no reduction {reduction!r}; known are "
                                f"{', '.join(self.reductions)}")
        self._reduction = reduction

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Any:
        prediction, target = self.paired(prediction, target)
        return self.blamed(self.reduced(self.each(prediction, target), weight), target)

    def each(self, prediction: Any, target: Any) -> Any:
        """The loss of each number, in the shape of prediction and target."""
        raise MissingMethodError(f"{type(self).__name__} does not say what it measures; define the method each(self, "
                                 "prediction, target), which returns the loss of each number")

    def divisor(self, shape: tuple[int, ...]) -> int:
        """What a sum of losses of this shape is divided by to become their mean, without weights."""
        return math.prod(shape)

    def paired(self, prediction: Any, target: Any) -> tuple[Any, Any]:
        """Both as floating numbers, once it is known that they have the same shape, and a number in it."""
        owner = type(self).__name__
        prediction, target = float_operand(owner, "prediction", prediction), operand(owner, "target", target)
        shape = prediction.shape
        if shape != target.shape:
            if math.prod(shape) == math.prod(target.shape):
                cure = (f"reshape one of them, as in target.reshape{shape}, as broadcasting would compare every pair")
            else:
                cure = "make the model give as many numbers as the target has"
                if target.dtype.kind in "iu" and shape[:-1] == target.shape:
                    cure += f"; if it holds the classes of {shape[0]} points, CrossEntropyLoss takes it as it is"
            raise ShapeError(f"{owner}: prediction {shape} and target {target.shape} must have the same shape; {cure}")
        if 0 in shape:
            raise ShapeError(f"{owner}: there are no data, prediction and target have shape {shape}")
        if target.dtype.kind != "f":
            target = target.astype(prediction.dtype)
        return prediction, target

    def blamed(self, J: Any, target: Any) -> Any:
        """J; but where it is not finite because the targets are not, the error says so. To look at J takes no time."""
        measured = numbers(J)
        finite = np.isfinite(measured).all() if self._reduction == "none" else -math.inf < measured < math.inf
        if not finite:
            wrong = np.count_nonzero(~np.isfinite(numbers(target)))
            if wrong:
                raise ArgumentError(f"{type(self).__name__}: {wrong} of {target.size} numbers of the target are NaN or "
                                    "infinite; leave out these points, or fill the numbers in first")
        return J

    def reduced(self, losses: Any, weight: Any = None, counts: Any = None) -> Any:
        """The losses, multiplied by the weights of their points, as the reduction asks.

        Args:
            losses: one for each number, of any shape.
            weight: one for each point, (n,); 1 if not given.
            counts: what each loss counts for in a mean, besides its weight, in a shape that broadcasts against
                theirs; 1 if not given.
        """
        if weight is not None:
            weight = self._per_point(weight, losses)
            losses = losses * weight
            counts = weight if counts is None else weight * counts
        if self._reduction == "none":
            return losses
        if self._reduction == "sum":
            return ops.sum(losses)
        n = self.divisor(losses.shape)
        if counts is not None:
            n = n * ops.mean(counts)
            if numbers(n) == 0:
                raise ArgumentError(f"{type(self).__name__}: there is no mean where no point counts: all have weight "
                                    "0 or are ignored; leave this batch out, or use reduction=\"sum\"")
        elif n == losses.size:
            return ops.mean(losses)
        return ops.sum(losses) / n

    def _per_point(self, weight: Any, losses: Any) -> Any:
        """The weights in the dtype of the losses, and in a shape that multiplies every loss of a point."""
        owner, points = type(self).__name__, losses.shape[:1]
        weight = operand(owner, "weight", weight)
        if weight.shape != points:
            raise ShapeError(f"{owner}: weight has shape {weight.shape}, but must have {points}, one number for "
                             "each point")
        check_range(owner, "weight", weight, 0.0, math.inf, "finite and 0 or more")
        if not isinstance(weight, Value):
            weight = weight.astype(losses.dtype)
        return ops.reshape(weight, points + (1,) * (len(losses.shape) - 1)) if len(losses.shape) > 1 else weight

    def describe(self) -> str:
        """The options that are not as usual."""
        from inspect import signature  # imported here, as few losses are ever shown

        options = [(option.name, getattr(self, option.name), option.default)
                   for option in signature(type(self)).parameters.values()]
        return ", ".join(f"{name}={chosen!r}" for name, chosen, usual in options if repr(chosen) != repr(usual))
