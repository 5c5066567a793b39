"""What the linear models take for data and for an option, and what they say when it is none."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError

SMALLEST, LARGEST = 1e-60, 1e60
"""The sizes that a column may have: squares and quotients of variances then neither overflow nor vanish."""


def as_table(function: str, X: Any) -> np.ndarray:
    """The samples X, (n, p) with n and p of 1 or more, as float64.

    Errors: ShapeError for any other shape, DtypeError for what are no real numbers, ArgumentError for NaN and
    infinity.
    """
    X = _as_numbers(function, "X", X)
    if X.ndim != 2 or 0 in X.shape:
        cure = "; for a single feature pass x.reshape(-1, 1)" if X.ndim == 1 else ""
        raise ShapeError(f"{function}: X must have shape (n, p), a row per sample and a column per feature, got "
                         f"{X.shape}{cure}")
    return X


def as_targets(function: str, y: Any, n: int) -> np.ndarray:
    """A number per sample, (n,), as float64.

    Errors: as `as_table`.
    """
    return _one_per_sample(function, "y", y, n)


def as_sigma(function: str, sigma: Any, n: int) -> np.ndarray:
    """The known standard deviation of each y_i, (n,), as float64.

    Errors: as `as_table`; ArgumentError for one that is 0 or negative.
    """
    sigma = _one_per_sample(function, "sigma", sigma, n)
    if (sigma <= 0).any():
        raise ArgumentError(f"{function}: sigma must be positive, a standard deviation per sample, got "
                            f"{sigma.min():g}; leave out samples that you do not trust, and give a large sigma to "
                            "those you trust little")
    if sigma.min() < SMALLEST:
        raise ArgumentError(f"{function}: sigma goes down to {sigma.min():.0e}; divide y and sigma by a power of "
                            "ten first")
    check_sizes(function, "sigma", sigma[:, None])
    return sigma


def check_sizes(function: str, name: str, columns: np.ndarray) -> None:
    """ArgumentError for a column whose squares would leave the range of float64."""
    largest = np.abs(columns).max(axis=0)
    outside = (largest > LARGEST) | ((largest < SMALLEST) & (largest > 0))
    if outside.any():
        raise ArgumentError(f"{function}: {name} has numbers of size {largest[outside][0]:.0e}, whose squares leave "
                            "the range of float64; choose another unit for them")


def positive(name: str, number: Any) -> float:
    """A finite number above 0, as a float.

    Errors: OptionError for what is no number, ArgumentError for one that is not positive and finite.
    """
    if not isinstance(number, (int, float, np.integer, np.floating)) or isinstance(number, bool):
        raise OptionError(f"{name} must be a number, got {number!r} of type {type(number).__name__}")
    if not 0 < number < np.inf:
        raise ArgumentError(f"{name} must be positive and finite, got {number}")
    return float(number)


def one_of(name: str, choice: Any, known: Sequence[str]) -> str:
    """One of the known strings; ArgumentError, which lists them, for any other."""
    if choice not in known:
        raise ArgumentError(f"{name} must be one of {', '.join(map(repr, known))}, got {choice!r}")
    return choice


def _one_per_sample(function: str, name: str, data: Any, n: int) -> np.ndarray:
    data = _as_numbers(function, name, data)
    if data.shape != (n,):
        cure = f"; pass {name}.ravel()" if data.shape == (n, 1) else ""
        raise ShapeError(f"{function}: {name} must have shape ({n},), a number per row of X, got "
                         f"{data.shape}{cure}")
    return data


def _as_numbers(function: str, name: str, data: Any) -> np.ndarray:
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"{function}: {name} is a list whose rows differ in length; make them equal first "
                         f"({error})") from None
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"{function}: {name} must hold real numbers, got dtype {array.dtype}; convert it first, "
                         f"for example by {name}.astype(float)")
    unusable = np.count_nonzero(~np.isfinite(array))
    if unusable:
        raise ArgumentError(f"{function}: {unusable} of {array.size} numbers in {name} are NaN or infinite; remove "
                            "these samples or fill them in first")
    return array.astype(np.float64)
