"""What layers and losses ask of their arguments, and how they say what is wrong."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from tinygrad_edu.checks import shown
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError
from tinygrad_edu.nn.module import Module
from tinygrad_edu.random import RandomSource, default_generator

Initializer: TypeAlias = "Callable[[tuple[int, int], np.random.Generator], np.ndarray]"
"""What an argument `init` may be; in quotes because NumPy only loads `np.random` when it is first used."""


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
            raise OptionError(f"{owner}: {name} must be a whole number, got {shown(count)} of type "
                              f"{type(count).__name__}")
        if count < 1:
            raise ArgumentError(f"{owner}: {name} must be at least 1, got {count}")


def check_shape(owner: str, name: str, shape: Any) -> tuple[int, ...]:
    """The shape, of one size or several, as a tuple; OptionError and ArgumentError for what is none."""
    sizes = shape if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
    if not sizes:
        raise ArgumentError(f"{owner}: {name} must have at least one axis, got {shown(shape)}")
    check_counts(owner, **{f"{name}[{i}]" if sizes is shape else name: size for i, size in enumerate(sizes)})
    return tuple(int(size) for size in sizes)


def floating(owner: str, dtype: Any) -> np.dtype:
    """The dtype that the argument means; DtypeError if parameters cannot have it."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise DtypeError(f"{owner}: {shown(dtype)} is no dtype; use np.float64 or np.float32") from None
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


def initial_weights(owner: str, init: Initializer, shape: tuple[int, int], rng: RandomSource,
                    dtype: np.dtype) -> np.ndarray:
    """The matrix that weights start from, as `init` gives it, an array of its own.

    Errors: OptionError for an `init` that is no function, or gives no array; DtypeError, ShapeError and ArgumentError
    if it is of no real numbers, of another shape, or with NaN or infinite numbers.
    """
    if not callable(init):
        raise OptionError(f"{owner}: init must be a function of a shape and a generator, such as nn.init.he_normal, "
                          f"got {shown(init)}")
    called = f"{owner}: init={getattr(init, '__name__', type(init).__name__)}"
    given = init(shape, default_generator(rng))
    try:
        matrix = np.asarray(given)
    except (ValueError, TypeError):  # a list whose rows differ in length, or a Value
        raise OptionError(f"{called} must return an array, got a {type(given).__name__}") from None
    if matrix.dtype.kind not in "fiub":
        kind = "None" if given is None else f"dtype {matrix.dtype}"
        raise DtypeError(f"{called} must return an array of real numbers, got {kind}")
    if matrix.shape != shape:
        raise ShapeError(f"{called} must return an array of the shape that it is given, {shape}, got {matrix.shape}")
    with np.errstate(over="ignore"):  # a number that is too large for the dtype is infinite, as is seen next
        matrix = matrix.astype(dtype)
    if not np.isfinite(matrix).all():
        raise ArgumentError(f"{called} returned NaN or infinite numbers, from which nothing can be learned")
    return matrix
