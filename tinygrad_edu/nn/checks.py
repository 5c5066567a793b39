"""What layers and losses ask of their arguments, and how they say what is wrong."""

from typing import Any

import numpy as np

from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError


def operand(owner: str, name: str, x: Any) -> Any:
    """x with a shape: a Value or an array as it is, a number or nested lists as an array.

    Errors: ShapeError for lists whose rows differ in length, DtypeError for what are no real numbers.
    """
    if isinstance(x, Value):
        return x
    if not hasattr(x, "dtype"):
        try:
            x = np.asarray(x)
        except ValueError as error:
            raise ShapeError(f"{owner}: {name} is no array, {error}") from None
    if x.dtype.kind not in "fiub":
        raise DtypeError(f"{owner}: {name} has dtype {x.dtype}, but must be real numbers; convert it first, "
                         "for example with np.asarray(x, dtype=float)")
    return x


def check_counts(owner: str, **counts: Any) -> None:
    """Raise OptionError for what is no whole number, ArgumentError for one below 1."""
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or isinstance(count, bool):
            raise OptionError(f"{owner}: {name} must be a whole number, got {count!r} of type "
                              f"{type(count).__name__}")
        if count < 1:
            raise ArgumentError(f"{owner}: {name} must be at least 1, got {count}")


def floating(owner: str, dtype: Any) -> np.dtype:
    """The dtype that the argument means; DtypeError if parameters cannot have it."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise DtypeError(f"{owner}: {dtype!r} is no dtype; use np.float64 or np.float32") from None
    if found.kind != "f":
        raise DtypeError(f"{owner}: parameters of dtype {found} could make no small step; use np.float64 or "
                         "np.float32")
    return found
