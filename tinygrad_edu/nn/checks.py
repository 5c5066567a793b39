"""What layers and losses ask of their arguments, and how they say what is wrong."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError
from tinygrad_edu.nn.module import Module


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


def float_operand(owner: str, name: str, x: Any) -> Any:
    """`operand`, but whole numbers and truths as float64, as a Value of them would have."""
    x = operand(owner, name, x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def check_counts(owner: str, **counts: Any) -> None:
    """Raise OptionError for what is no whole number, ArgumentError for one below 1."""
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or isinstance(count, bool):
            raise OptionError(f"{owner}: {name} must be a whole number, got {count!r} of type "
                              f"{type(count).__name__}")
        if count < 1:
            raise ArgumentError(f"{owner}: {name} must be at least 1, got {count}")


def check_shape(owner: str, name: str, shape: Any) -> tuple[int, ...]:
    """The shape, of one size or several, as a tuple; OptionError and ArgumentError for what is none."""
    sizes = shape if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
    if not sizes:
        raise ArgumentError(f"{owner}: {name} must have at least one axis, got {shape!r}")
    check_counts(owner, **{f"{name}[{i}]" if sizes is shape else name: size for i, size in enumerate(sizes)})
    return tuple(int(size) for size in sizes)


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


def check_module(owner: str, name: str, module: Any, example: str) -> None:
    """Raise OptionError for what is no module; the example shows how to pass one."""
    if isinstance(module, type):
        raise OptionError(f"{owner}: {name} is the class {module.__name__}; make one of it, as in "
                          f"{module.__name__}()")
    if not isinstance(module, Module):
        raise OptionError(f"{owner}: {name} is a {type(module).__name__}, but must be a module; {example}")
