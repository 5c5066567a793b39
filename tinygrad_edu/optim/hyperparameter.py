"""The numbers that an optimizer is set up with, checked whenever one is assigned."""

from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, OptionError


class Hyperparameter:
    """An attribute that only takes certain values: a wrong one is an error where it is assigned.

    It is stored as a Python number, bool or tuple, never as a NumPy one: the product of a float32 array and
    an `np.float64` is float64, that of a float32 array and a Python float is float32.

    Args:
        words: what it takes, for the message "lr must be ...".
        low, below: the range of the number: low <= number < below, and finite.
        shape: () for a number, (2,) for a pair.
        kinds: the kinds of NumPy dtype it may have: whole and floating numbers, or "b" for True and False.

    Errors, when assigned: OptionError for another kind or shape, ArgumentError outside the range.

    >>> from tinygrad_edu.optim import Hyperparameter
    >>> class Pendulum:
    ...     length = Hyperparameter("a number of 0 or more, in metres")
    >>> Pendulum().length = -1
    Traceback (most recent call last):
    tinygrad_edu.errors.ArgumentError: Pendulum: length must be a number of 0 or more, in metres, got -1
    """

    def __init__(self, words: str, low: float = 0.0, below: float = np.inf, *, shape: tuple[int, ...] = (),
                 kinds: str = "iuf") -> None:
        self.words, self.low, self.below, self.shape, self.kinds = words, low, below, shape, kinds

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, cls: type) -> Any:
        return self if owner is None else vars(owner)[self.name]

    def __set__(self, owner: Any, value: Any) -> None:
        vars(owner)[self.name] = self.checked(type(owner).__name__, value)

    def checked(self, owner: str, value: Any) -> Any:
        """The value as plain Python, if it may be assigned."""
        try:
            array = np.asarray(value)
        except (ValueError, TypeError):  # a list whose rows differ in length, or a Value
            array = np.asarray(None)
        message = f"{owner}: {self.name} must be {self.words}, got {value!r}"
        if array.dtype.kind not in self.kinds or array.shape != self.shape:
            raise OptionError(f"{message} of type {type(value).__name__}")
        if not (np.isfinite(array) & (self.low <= array) & (array < self.below)).all():
            raise ArgumentError(message)
        return tuple(array.tolist()) if self.shape else array.item()


NOT_NEGATIVE = "a number of 0 or more"
