"""The methods that a Value has in common with an array: each is the op of its name."""

from typing import Any, Self

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.engine.graph import Node


class ArrayMethods(Node):
    """`v.sum(axis=0)` is `np.sum(v, axis=0)`, and so on; the results are Values in the graph."""

    __slots__ = ()

    def sum(self, axis: Any = None, keepdims: bool = False) -> Self:
        return ops.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Self:
        return ops.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Self:
        return ops.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Self:
        return ops.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Self:
        return ops.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Self:
        return ops.min(self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Self:
        return ops.prod(self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> Self:
        return ops.cumsum(self, axis=axis)

    def reshape(self, *shape: Any) -> Self:
        return ops.reshape(self, shape=shape[0] if len(shape) == 1 else shape)

    def flatten(self) -> Self:
        return ops.reshape(self, shape=-1)

    def transpose(self, *axes: Any) -> Self:
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = axes[0]
        return ops.transpose(self, axes=axes or None)

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        return ops.swapaxes(self, axis1=axis1, axis2=axis2)

    def squeeze(self, axis: Any = None) -> Self:
        return ops.squeeze(self, axis=axis)

    def expand_dims(self, axis: Any) -> Self:
        return ops.expand_dims(self, axis=axis)

    def astype(self, dtype: Any) -> Self:
        return ops.astype(self, dtype=np.dtype(dtype))

    def dot(self, other: Any) -> Self:
        return ops.dot(self, other)

    def clip(self, a_min: Any = None, a_max: Any = None) -> Self:
        return ops.clip(self, a_min, a_max)

    # ----- comparisons: plain booleans, no graph -----

    def __eq__(self, other: object) -> Any:
        return self._numbers == _plain(other)

    def __ne__(self, other: object) -> Any:
        return self._numbers != _plain(other)

    def __lt__(self, other: Any) -> Any:
        return self._numbers < _plain(other)

    def __le__(self, other: Any) -> Any:
        return self._numbers <= _plain(other)

    def __gt__(self, other: Any) -> Any:
        return self._numbers > _plain(other)

    def __ge__(self, other: Any) -> Any:
        return self._numbers >= _plain(other)

    def argmax(self, axis: int | None = None) -> Any:
        return np.argmax(self._numbers, axis)

    def argmin(self, axis: int | None = None) -> Any:
        return np.argmin(self._numbers, axis)


def _plain(x: Any) -> Any:
    return x._numbers if isinstance(x, Node) else x
