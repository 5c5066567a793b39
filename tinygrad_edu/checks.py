"""What functions of plain data take for an array or a number, and what they say when it is none."""

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError


def shown(x: Any) -> str:
    """How a message shows what was given: by its repr, on one line and cut short."""
    text = " ".join(repr(x).split())
    return text if len(text) <= 80 else f"{text[:60]} ... {text[-10:]}"


def is_list(data: Any) -> bool:
    """Whether it is a list or an array, where a single number would also do."""
    return hasattr(data, "__len__") and not isinstance(data, str)


def as_rows(function: str, data: Any) -> np.ndarray:
    """An array or a list as an array with rows, one at least; a memmap stays on disk.

    Errors: ShapeError for a single number, for no rows, and for a list of lists of different lengths; ArgumentError
    for a masked array, whose mask would be lost.
    """
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"{function}: a list whose rows differ in length is no array; make them equal first "
                         f"({error})") from None
    if array.ndim == 0:
        raise ShapeError(f"{function}: expected an array with rows, got {shown(data)} of shape ()")
    if isinstance(data, np.ma.MaskedArray) and np.ma.is_masked(data):
        raise ArgumentError(f"{function}: {np.ma.count_masked(data)} of {array.size} entries are masked; remove these "
                            "samples, or fill the gaps with .filled(...)")
    if len(array) == 0:
        raise ShapeError(f"{function}: there are no rows in an array of shape {array.shape}; "
                         "one at least is needed")
    return array


def check_real(name: str, array: np.ndarray,
               cure: str = "convert them first, for example by X.astype(float)") -> None:
    """Raise DtypeError, with the cure, for an array of strings, objects or complex numbers."""
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"{name}: expected real numbers, got dtype {array.dtype}; {cure}")


def not_finite(array: np.ndarray) -> str:
    """Where an array of numbers has NaN or infinity, in words; empty if it has not."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    rows = np.unique(np.nonzero(~np.isfinite(array))[0])
    return f"NaN or infinity in {len(rows)} of {len(array)} rows, the first is row {rows[0]}"


def as_real_rows(function: str, data: Any) -> np.ndarray:
    """`as_rows` for finite real numbers: floating dtypes are kept, whole numbers become float64.

    Errors: also DtypeError for strings, objects, complex numbers; ArgumentError for NaN and infinity.
    """
    array = as_rows(function, data)
    check_real(function, array)
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
        cure = "; for a single feature pass x.reshape(-1, 1), for a single sample x.reshape(1, -1)"
        raise ShapeError(f"{function}: expected shape (n, p), a row per sample and a column per feature, got "
                         f"{table.shape}{cure if table.ndim == 1 else ''}")
    return table


def as_targets(name: str, data: Any, n: int) -> np.ndarray:
    """A number for each of n rows, (n,), as float64.

    Errors: those of `as_real_rows`; ShapeError for any other shape.
    """
    targets = as_real_rows(name, data)
    if targets.shape != (n,):
        cure = "; pass it with .ravel()" if targets.shape == (n, 1) else ""
        raise ShapeError(f"{name}: expected shape ({n},), a number for each row of the inputs, got {targets.shape}"
                         f"{cure}")
    return targets.astype(np.float64)


def as_sigma(name: str, data: Any, n: int) -> np.ndarray:
    """The standard deviations of n measured numbers, (n,) float64, from as many or from one for all.

    Errors: those of `as_targets`; ArgumentError for one that is 0 or negative.
    """
    sigma = as_targets(name, np.full(n, data) if np.ndim(data) == 0 else data, n)
    if (sigma <= 0).any():
        raise ArgumentError(f"{name}: standard deviations must be positive, got {sigma.min():g}; leave out what you do "
                            "not trust, and give a large one to what you trust little")
    return sigma


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


def as_names(name: str, names: Any, n: int) -> list[str]:
    """A name for each of n features or parameters.

    Errors: OptionError for what are no strings, ShapeError if there are not n.
    """
    if not is_list(names) or not all(isinstance(each, str) for each in names):
        raise OptionError(f"{name} must be a list of strings, got {shown(names)}")
    if len(names) != n:
        raise ShapeError(f"{name}: there are {n} to be named, got {len(names)} names")
    return list(names)


def whole_number(name: str, number: Any, low: float = -np.inf) -> int:
    """A whole number of `low` or more, as an int.

    Errors: OptionError for what is no whole number, ArgumentError for one below.
    """
    try:
        if isinstance(number, (bool, np.bool_)):
            raise TypeError
        whole = index(number)
    except TypeError:
        raise OptionError(f"{name} must be a whole number, got {shown(number)} of type "
                          f"{type(number).__name__}") from None
    if whole < low:
        raise ArgumentError(f"{name} must be {low} or more, got {whole}")
    return whole


def real_number(name: str, number: Any, low: float = -np.inf, below: float = np.inf,
                words: str | None = None) -> float:
    """A finite number with low <= number < below, as a float; `words` say so in the message.

    Errors: OptionError for what is no number, ArgumentError outside the range.
    """
    if not isinstance(number, (int, float, np.integer, np.floating)) or isinstance(number, bool):
        raise OptionError(f"{name} must be a number, got {shown(number)} of type {type(number).__name__}")
    try:
        value = float(number)
    except OverflowError:  # a whole number beyond the floating ones
        value = np.inf
    if not (np.isfinite(value) and low <= value < below):
        words = words or ("finite" if low == -np.inf else f"{low} or more" if below == np.inf else
                          f"from {low} to below {below}")
        raise ArgumentError(f"{name} must be {words}, got {number}")
    return value


def positive(name: str, number: Any) -> float:
    """A finite number above 0, as a float; errors as of `real_number`."""
    return real_number(name, number, low=np.nextafter(0, 1), words="positive and finite")


def yes_or_no(name: str, answer: Any) -> bool:
    """True or False; OptionError for anything else."""
    if not isinstance(answer, (bool, np.bool_)):
        raise OptionError(f"{name} must be True or False, got {shown(answer)} of type {type(answer).__name__}")
    return bool(answer)


def one_of(name: str, choice: Any, known: Sequence[str]) -> str:
    """One of the known strings; ArgumentError, which lists them, for any other."""
    if not isinstance(choice, str) or choice not in known:
        raise ArgumentError(f"{name} must be one of {', '.join(map(repr, known))}, got {shown(choice)}")
    return choice
