"""What losses ask of the numbers they get, beyond their shape and kind."""

import sys
from typing import Any

import numpy as np

from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.nn.checks import operand

SMALLEST = sys.float_info.min

NEARLY_ONE = 1e-3
"""By how much probabilities may miss a sum of 1, and a logarithm of one may be above 0: roundings, even of float16."""


def numbers(x: Any) -> Any:
    """The numbers of a Value, an array as it is."""
    return x.data if isinstance(x, Value) else x


def check_range(owner: str, name: str, x: Any, low: float, high: float, words: str, *, nan: bool = False) -> None:
    """Raise ArgumentError for numbers outside of low to high, and for +∞; words: what they must be.

    nan: whether NaN may pass: in a prediction it is for the loss to show, in a target it is a mistake.
    """
    x = numbers(x)
    right = (x >= low) & (x <= high) & (x < np.inf)
    if nan:
        right = right | (x != x)
    if not np.all(right):
        wrong = np.extract(np.logical_not(right), x)[0]
        raise ArgumentError(f"{owner}: {name} has the number {wrong:g}, but must be {words}")


def check_log_probabilities(owner: str, name: str, log_p: Any) -> None:
    """Raise ArgumentError for what is no logarithm of a probability."""
    check_range(owner, name, log_p, -np.inf, NEARLY_ONE,
                "logarithms of probabilities, 0 or less, as nn.LogSoftmax gives them; for logits there is "
                "CrossEntropyLoss", nan=True)


def check_probabilities(owner: str, name: str, p: Any) -> None:
    """Raise ArgumentError for what is no probability."""
    check_range(owner, name, p, 0.0, 1.0, "probabilities, from 0 to 1")


def weights(owner: str, name: str, given: Any, ndims: tuple[int, ...]) -> np.ndarray | None:
    """An option of numbers of 0 or more as an array of its own; None if there is none.

    Errors: ShapeError if it has another number of axes, ArgumentError for negative, infinite and NaN weights, and
    those of `operand`.
    """
    if given is None:
        return None
    array = np.array(numbers(operand(owner, name, given)), np.float64)
    if array.ndim not in ndims or not array.size:
        expected = " or ".join("a number" if ndim == 0 else "one number per class" for ndim in ndims)
        raise ShapeError(f"{owner}: {name} has shape {array.shape}, but must be {expected}")
    check_range(owner, name, array, 0.0, np.inf, "finite and 0 or more")
    return array
