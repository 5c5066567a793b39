"""Whether `compile` runs a function in this thread: engine, optimizers and generators then have it written down."""

import threading
from typing import Any

import numpy as np


class Recorded:
    """Base of the numbers and arrays that note what is done with them, while `compile` runs a function."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """As an array's."""
        raise NotImplementedError

    def astype(self, dtype: Any) -> Any:
        """As an array's."""
        raise NotImplementedError

    def item(self) -> Any:
        """As an array's."""
        raise NotImplementedError

    def choose(self, a: Any, b: Any) -> Any:
        """a where this is true, b elsewhere."""
        raise NotImplementedError

    def look_up(self, array: Any, index: Any) -> Any:
        """array[index], where this is a part of the index of a plain array."""
        raise NotImplementedError


class _Current(threading.local):
    trace: Any = None  # the `Trace` under way in this thread


current = _Current()


class _Settings:
    """How often a setting was changed that a compiled step may hang on, such as `model.training`."""

    changes = 0


settings = _Settings()


def as_array(x: Any) -> Any:
    """`np.asarray`, which leaves what is recorded as it is."""
    return x if isinstance(x, Recorded) else np.asarray(x)


def looked_up(array: Any, index: Any) -> Any:
    """array[index], of which parts may be recorded."""
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, Recorded):
            return part.look_up(array, index)
    return array[index]
