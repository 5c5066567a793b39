"""The numbers that an optimizer is set up with, checked whenever one is assigned."""

from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, OptionError


class Hyperparameter:
    """An attribute that only takes certain values: a wrong one is an error where it is assigned.

    It is stored as a Python number, bool or tuple, never as a NumPy one: the product of a float32 array and
    an `np.float64` is float64, that of a float32 array and a Python float is float32. An owner that follows another
    one, as a parameter group does its optimizer, has from there what it does not set itself.

    Args:
        words: what it takes, for the message "lr must be ...".
        low, below: the range of the number: low <= number < below, and finite.
        shape: () for a number, (2,) for a pair.
        kinds: the kinds of NumPy dtype it may have: whole and floating numbers, or "b" for True and False.
        fixed: whether it stays as it was set first.

    Errors, when assigned: OptionError for another kind or shape, and for another value of a fixed one;
    ArgumentError outside the range.

    >>> from tinygrad_edu.optim import Hyperparameter
    >>> class Pendulum:
    ...     length = Hyperparameter("a number of 0 or more, in metres")
    >>> Pendulum().length = -1
    Traceback (most recent call last):
    tinygrad_edu.errors.ArgumentError: Pendulum: length must be a number of 0 or more, in metres, got -1
    """

    def __init__(self, words: str, low: float = 0.0, below: float = np.inf, *, shape: tuple[int, ...] = (),
                 kinds: str = "iuf", fixed: bool = False) -> None:
        self.words, self.low, self.below, self.shape, self.kinds = words, low, below, shape, kinds
        self.fixed = fixed

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, cls: type) -> Any:
        if owner is None:
            return self
        settings = vars(owner)
        if self.name in settings:
            return settings[self.name]
        if "follows" in settings:  # a parameter group has what it does not set itself from its optimizer
            return getattr(owner.follows, self.name)
        raise AttributeError(f"{cls.__name__}: {self.name} is not set yet")

    def __set__(self, owner: Any, value: Any) -> None:
        value = self.checked(type(owner).__name__, value)
        if self.fixed and getattr(owner, self.name, value) != value:
            raise OptionError(f"{type(owner).__name__}: {self.name} is {getattr(owner, self.name)} for good, as it "
                              f"decides what is kept from step to step; make a new {type(owner).__name__}")
        vars(owner)[self.name] = value

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
YES_OR_NO = "True or False"
