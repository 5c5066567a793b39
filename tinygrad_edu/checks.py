"""What functions of plain data take for an array or a number, and what they say when it is none."""

from operator import index
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError


def is_list(data: Any) -> bool:
    """Whether it is a list or an array, where a single number would also do."""
    return hasattr(data, "__len__") and not isinstance(data, str)


def as_rows(function: str, data: Any) -> np.ndarray:
    """An array or a list as an array with rows, one at least; a memmap stays on disk.

    Errors: ShapeError for a single number, for no rows, and for a list of lists of different lengths.
    """
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"{function}: a list whose rows differ in length is no array; make them equal first "
                         f"({error})") from None
    if array.ndim == 0:
        raise ShapeError(f"{function}: expected an array with rows, got {data!r} of shape (); "
                         "pass options by name")
    if len(array) == 0:
        raise ShapeError(f"{function}: there are no rows in an array of shape {array.shape}; "
                         "one at least is needed")
    return array


def as_real_rows(function: str, data: Any) -> np.ndarray:
    """`as_rows` for finite real numbers: floating dtypes are kept, whole numbers become float64.

    Errors: also DtypeError for strings, objects, complex numbers; ArgumentError for NaN and infinity.
    """
    array = as_rows(function, data)
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"{function}: expected real numbers, got dtype {array.dtype}; convert them first, "
                         "for example by X.astype(float)")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    unusable = np.count_nonzero(~np.isfinite(array))
    if unusable:
        raise ArgumentError(f"{function}: {unusable} of {array.size} numbers are NaN or infinite; "
                            "remove these samples or fill them in first")
    return array


def as_table(function: str, data: Any) -> np.ndarray:
    """`as_real_rows` with a column for each feature, (n, p).

    Errors: also ShapeError for any other number of axes, and if there are no columns.
    """
    table = as_real_rows(function, data)
    if table.ndim != 2 or table.shape[1] == 0:
        cure = "; for a single feature pass x.reshape(-1, 1)" if table.ndim == 1 else ""
        raise ShapeError(f"{function}: expected shape (n, p), a row per sample and a column per feature, got "
                         f"{table.shape}{cure}")
    return table


def as_labels(name: str, data: Any) -> np.ndarray:
    """The class of each row, (n,), as numbers or strings.

    Errors: ShapeError for any other shape, ArgumentError for NaN, DtypeError for other objects, such as None.
    """
    labels = as_rows(name, data)
    if labels.ndim != 1:
        cure = "; pass it with .ravel()" if labels.size == len(labels) else ""
        raise ShapeError(f"{name}: expected one class label per row, shape (n,), got {labels.shape}{cure}")
    if labels.dtype.kind == "O":  # as pandas holds strings
        labels = np.asarray(labels.tolist())
    if labels.dtype.kind not in "fiubUS":
        raise DtypeError(f"{name}: expected numbers or strings as class labels, got dtype {labels.dtype}; label "
                         "all rows first")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ArgumentError(f"{name}: NaN is no class; label all rows first")
    return labels


def whole_number(name: str, number: Any, low: float = -np.inf) -> int:
    """A whole number of `low` or more, as an int.

    Errors: OptionError for what is no whole number, ArgumentError for one below.
    """
    try:
        if isinstance(number, (bool, np.bool_)):
            raise TypeError
        whole = index(number)
    except TypeError:
        raise OptionError(f"{name} must be a whole number, got {number!r} of type "
                          f"{type(number).__name__}") from None
    if whole < low:
        raise ArgumentError(f"{name} must be {low} or more, got {whole}")
    return whole


def real_number(name: str, number: Any, low: float = -np.inf, below: float = np.inf) -> float:
    """A finite number with low <= number < below, as a float.

    Errors: OptionError for what is no number, ArgumentError outside the range.
    """
    if not isinstance(number, (int, float, np.integer, np.floating)) or isinstance(number, bool):
        raise OptionError(f"{name} must be a number, got {number!r} of type {type(number).__name__}")
    try:
        value = float(number)
    except OverflowError:  # a whole number beyond the floating ones
        value = np.inf
    if not (np.isfinite(value) and low <= value < below):
        words = "finite" if low == -np.inf else f"{low} or more" if below == np.inf else f"from {low} to below {below}"
        raise ArgumentError(f"{name} must be {words}, got {number}")
    return value
