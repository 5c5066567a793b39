"""Reading and writing parts of an array; repeated indices accumulate their gradients."""

import numpy as np

from tinygrad_edu.engine.primitive import builtin


@builtin("{x}[{index}]", "[ ]", x=lambda g, y, x, index: scatter_add(g, index=index, shape=np.shape(x)))
def getitem(x, *, index):
    """y = x[index], any index NumPy takes;   dJ/dx = g added at the index, 0 elsewhere"""
    return np.asarray(x)[index]


def _visits_once(index):
    """Whether an index can meet no element twice: slices, single integers and masks, but no lists of integers."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, slice | int | np.integer)
               or getattr(part, "dtype", None) == bool for part in parts)


@builtin(r"\mathrm{scatter}({x}, {index})", x=lambda g, y, x, index, shape: g[index])
def scatter_add(x, *, index, shape):
    """y = zeros of the given shape, with x added at the index; the adjoint of x[index]"""
    y = np.zeros(shape, np.asarray(x).dtype)
    if _visits_once(index):
        y[index] = x
    else:
        np.add.at(y, index, x)
    return y


def _surviving(index, shape):
    """1 for each written value that is still there at the end, 0 for one overwritten by a repeated index."""
    order = np.reshape(np.arange(np.zeros(shape, bool)[index].size), np.zeros(shape, bool)[index].shape)
    last = np.zeros(shape, int)
    last[index] = order
    return last[index] == order


@builtin(r"{x}[{index}] \leftarrow {value}", "[ ] ←",
         bind=lambda x, index, value: ((x, value), {"index": index}),
         x=lambda g, y, x, value, index: setitem(g, index, 0.0),
         value=lambda g, y, x, value, index: np.where(_surviving(index, np.shape(x)), g[index], 0.0))
def setitem(x, value, *, index):
    """y = a copy of x with y[index] = value; called as `setitem(x, index, value)`

    The functional form of `x[index] = value`, which a graph cannot have: x itself is left as it was.
    """
    y = np.array(x)
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
