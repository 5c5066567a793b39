"""Reading and writing parts of an array; repeated indices accumulate their gradients."""

import numpy as np

from tinygrad_edu.engine.primitive import builtin
from tinygrad_edu.tracing import as_array, looked_up


def _getitem_rule(g, y, x, index):
    return scatter_add(g, index=index, shape=np.shape(x))


@builtin("{x}[{index}]", "[ ]", x=_getitem_rule)
def getitem(x, *, index):
    """y = x[index], any index NumPy takes;   dJ/dx = g added at the index, 0 elsewhere"""
    return as_array(x)[index]


def _visits_once(index):
    """Whether an index can meet no element twice: slices, single integers, masks; not a list of integers."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, slice | int | np.integer)
               or (isinstance(part, np.ndarray) and part.dtype.kind == "b") for part in parts)


@builtin(r"\mathrm{scatter}({x}, {index})", "+[ ]", x=lambda g, y, x, index, shape: getitem(g, index=index))
def scatter_add(x, *, index, shape):
    """y = zeros of the given shape, with x added at the index; the adjoint of x[index]"""
    x = as_array(x)
    y = np.zeros_like(x, order="C", shape=shape)
    if _visits_once(index):
        y[index] = x
    else:  # at places counted along one axis, NumPy adds several times as fast as at any other index
        places = looked_up(np.arange(y.size).reshape(shape), index)
        np.add.at(y.reshape(-1), places.reshape(-1), x.reshape(-1))
    return y


def _setitem_x(g, y, x, value, index):
    return setitem(g, index, 0.0)


def _setitem_value(g, y, x, value, index):
    part = g[index]
    if not _visits_once(index):
        part = np.where(_survives(index, np.shape(x)), part, 0.0)
    return np.reshape(part, (1,) * (np.ndim(value) - np.ndim(part)) + np.shape(part))


def _survives(index, shape):
    """True for each written value that is there at the end, False where a repeated index wrote over it."""
    writer = np.zeros(shape, int)
    number = np.arange(writer[index].size).reshape(writer[index].shape)
    writer[index] = number
    return writer[index] == number


@builtin(r"{x}[{index}] \leftarrow {value}", "[ ] ←",
         bind=lambda x, index, value: ((x, value), {"index": index}),
         x=_setitem_x, value=_setitem_value)
def setitem(x, value, *, index):
    """y = a copy of x with y[index] = value; called as `setitem(x, index, value)`

    The functional form of `x[index] = value`, which a graph cannot have: x itself is left as it was. Where
    the index repeats, the last value stays, and only that one has a gradient. y has a dtype that holds both.
    """
    y = as_array(x).astype(np.result_type(x, value))
    y[index] = value
    return y


def _along_axis(indices, axis, shape):
    """The index that take_along_axis stands for: `indices` on the axis, every position on the others."""
    places = list(np.ogrid[tuple(slice(n) for n in shape)])
    places[axis] = indices
    return tuple(places)


def _take_along_axis_rule(g, y, x, indices, axis):
    if axis is None:
        return np.reshape(scatter_add(g, index=indices, shape=(np.size(x),)), np.shape(x))
    return scatter_add(g, index=_along_axis(indices, axis, np.shape(x)), shape=np.shape(x))


@builtin(r"\mathrm{take\_along\_axis}({x})", x=_take_along_axis_rule)
def take_along_axis(x, *, indices, axis=-1):
    """y[.., i, ..] = x[.., indices[.., i, ..], ..] along the axis"""
    return np.take_along_axis(x, indices, axis)
