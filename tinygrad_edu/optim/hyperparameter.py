"""The numbers that an optimizer is set up with, checked whenever one is assigned."""

from math import isfinite
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
    ArgumentError outside the range. What the owner's method `check_settings` raises, if it has one, for values that
    contradict each other; the old one is then kept.

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
        before = vars(owner).copy()
        vars(owner)[self.name] = value
        try:
            if hasattr(owner, "check_settings"):
                owner.check_settings()
        except Exception:
            vars(owner).clear()
            vars(owner).update(before)
            raise

    def checked(self, owner: str, value: Any) -> Any:
        """The value as plain Python, if it may be assigned."""
        if type(value) is float and self.kinds == "iuf" and self.shape == () and isfinite(value) and (
                self.low <= value < self.below):
            return value  # the usual case, once per step with a schedule
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


class LearningRate(Hyperparameter):
    """A group's own learning rate keeps its proportion to that of the whole optimizer when the latter is changed.

    So the groups follow a schedule side by side, each at its own height. The rate of the whole, as it was when the
    group's was set, is kept as `whole_lr`; where that was 0 there is no proportion, and the group's rate stays.
    """

    def __get__(self, owner: Any, cls: type) -> Any:
        value = super().__get__(owner, cls)
        if owner is None or "whole_lr" not in vars(owner):
            return value
        return value * (owner.follows.lr / owner.whole_lr)  # in this order: to the bit as set, while the whole's is

    def __set__(self, owner: Any, value: Any) -> None:
        super().__set__(owner, value)
        if "follows" in vars(owner):
            keep_proportion(owner)


def keep_proportion(group: Any) -> None:
    """Note which learning rate the whole optimizer has now that a group's own one is set."""
    vars(group).pop("whole_lr", None)
    if group.follows.lr > 0:
        group.whole_lr = group.follows.lr


NOT_NEGATIVE = "a number of 0 or more"
POSITIVE = "a number above 0"
YES_OR_NO = "True or False"
