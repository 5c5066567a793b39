"""What the calls of a program do that has no name in NumPy: each gives a new result, and changes nothing."""

from typing import Any

import numpy as np


def setitem(x: np.ndarray, index: Any, value: Any) -> np.ndarray:
    """x with x[index] = value."""
    y = x.copy()
    y[index] = value
    return y


def conditional(condition: Any, a: Any, b: Any) -> Any:
    """a if the condition holds, else b"""
    return a if condition else b


def getitem(x: Any, index: Any) -> Any:
    """x[index]"""
    return x[index]


def astype(x: Any, dtype: np.dtype) -> Any:
    """x.astype(dtype)"""
    return x.astype(dtype)


def item(x: Any) -> Any:
    """x.item()"""
    return x.item()


def add_at(x: np.ndarray, index: Any, value: Any) -> np.ndarray:
    """x, with the values added at the index, as often as it is there."""
    y = x.copy()
    np.add.at(y, index, value)
    return y


def assemble(parts: list) -> np.ndarray:
    """The parts, one after the other, as one vector."""
    return np.concatenate([np.reshape(part, -1) for part in parts])


def with_ones(x: np.ndarray) -> np.ndarray:
    """[x 1]: a column of ones behind x, to which the program gives memory together with it."""
    return np.column_stack([x, np.ones(len(x), x.dtype)])


def slice_of(vector: np.ndarray, start: int, stop: int, shape: tuple[int, ...]) -> np.ndarray:
    """The elements from start to stop, in another shape: a view."""
    return vector[start:stop].reshape(shape)
