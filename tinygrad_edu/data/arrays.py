"""What the functions of this package take for an array, and what they say when it is none."""

from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError


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
