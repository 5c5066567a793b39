"""The same numbers in another shape or order, joined or repeated."""

import numpy as np

from tinygrad_edu.engine.ops.indexing import scatter_add
from tinygrad_edu.engine.primitive import builtin


def _reshape_back(g, y, x, **options):
    return np.reshape(g, np.shape(x))


@builtin(r"\mathrm{reshape}({x})", x=_reshape_back)
def reshape(x, *, shape):
    """y = the elements of x, in order, in another shape"""
    return np.reshape(x, shape)


@builtin(r"\mathrm{expand\_dims}({x})", x=_reshape_back)
def expand_dims(x, *, axis):
    """y = x with new axes of length 1"""
    return np.expand_dims(x, axis)


@builtin(r"\mathrm{squeeze}({x})", x=_reshape_back)
def squeeze(x, *, axis=None):
    """y = x without its axes of length 1"""
    return np.squeeze(x, axis)


@builtin(r"{x}^\top", "ᵀ", x=lambda g, y, x, axes:
         np.transpose(g, None if axes is None else tuple(np.argsort(np.mod(axes, len(axes))).tolist())))
def transpose(x, *, axes=None):
    """y = x with its axes permuted (reversed by default)"""
    return np.transpose(x, axes)


@builtin(r"\mathrm{swapaxes}({x})", x=lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
def swapaxes(x, *, axis1, axis2):
    """y = x with two axes exchanged"""
    return np.swapaxes(x, axis1, axis2)


@builtin(r"\mathrm{moveaxis}({x})", x=lambda g, y, x, source, destination: np.moveaxis(g, destination, source))
def moveaxis(x, *, source, destination):
    """y = x with axes moved to new places"""
    return np.moveaxis(x, source, destination)


@builtin(r"\mathrm{broadcast}({x})", x=lambda g, y, x, shape: g)
def broadcast_to(x, *, shape):
    """y = x repeated to a larger shape; the backward pass sums the gradient back, as for any broadcast"""
    return np.broadcast_to(x, shape)


@builtin(r"\mathrm{astype}({x})", x=lambda g, y, x, dtype: g)
def astype(x, *, dtype):
    """y = x in another floating-point type; the backward pass brings the gradient back to x's"""
    return np.asarray(x).astype(dtype)


@builtin(r"\mathrm{flip}({x})", x=lambda g, y, x, axis: np.flip(g, axis))
def flip(x, *, axis=None):
    """y = x in reverse order along the axis (all axes by default)"""
    return np.flip(x, axis)


def _negated(shift):
    return tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift


@builtin(r"\mathrm{roll}({x})", x=lambda g, y, x, shift, axis: np.roll(g, _negated(shift), axis))
def roll(x, *, shift, axis=None):
    """y = x with elements shifted along the axis; what leaves at the end comes in at the front"""
    return np.roll(x, shift, axis)


# ----- joining -----

def _concatenate_rule(i, g, y, *arrays, axis):
    if axis is None:
        start = sum(np.size(a) for a in arrays[:i])
        return np.reshape(g[start:start + np.size(arrays[i])], np.shape(arrays[i]))
    axis = axis % np.ndim(y)
    start = sum(np.shape(a)[axis] for a in arrays[:i])
    return g[(slice(None),) * axis + (slice(start, start + np.shape(arrays[i])[axis]),)]


@builtin(r"\mathrm{concatenate}({arrays})", arrays=_concatenate_rule)
def concatenate(*arrays, axis=0):
    """y = the arrays one after the other along an existing axis (None: flattened)"""
    return np.concatenate(arrays, axis)


@builtin(r"\mathrm{stack}({arrays})",
         arrays=lambda i, g, y, *arrays, axis: g[(slice(None),) * (axis % np.ndim(y)) + (i,)])
def stack(*arrays, axis=0):
    """y = arrays of equal shape along a new axis"""
    return np.stack(arrays, axis)


# ----- moving and repeating: y[k] = x[source[k]], so that dJ/dx[j] = the sum of g over all k that came from j -----

def _positions(x):
    """The number of each element of x, in an array of x's shape."""
    return np.reshape(np.arange(np.size(x)), np.shape(x))


def gather_back(g, x, source):
    """The gradient of x where every element of y is the element number `source` of x (-1: a constant)."""
    size = np.size(x)
    slots = scatter_add(g, index=source, shape=(size + 1,))  # the constants, at -1, fall into the last slot
    return np.reshape(slots[:size], np.shape(x))


@builtin(r"\mathrm{repeat}({x})", x=lambda g, y, x, repeats, axis:
         gather_back(g, x, np.repeat(_positions(x), repeats, axis)))
def repeat(x, *, repeats, axis=None):
    """y = each element of x repeated"""
    return np.repeat(x, repeats, axis)


@builtin(r"\mathrm{tile}({x})", x=lambda g, y, x, reps: gather_back(g, x, np.tile(_positions(x), reps)))
def tile(x, *, reps):
    """y = x as a whole repeated along each axis"""
    return np.tile(x, reps)


@builtin(r"\mathrm{take}({x})", x=lambda g, y, x, indices, axis:
         gather_back(g, x, np.take(_positions(x), indices, axis)))
def take(x, *, indices, axis=None):
    """y = the elements of x at the given indices along the axis; repeated indices accumulate their gradients"""
    return np.take(x, indices, axis)


def _pad_rule(g, y, x, pad_width, mode, constant_values):
    fill = {"constant_values": -1} if mode == "constant" else {}
    return gather_back(g, x, np.pad(_positions(x), pad_width, mode, **fill))


@builtin(r"\mathrm{pad}({x})", x=_pad_rule)
def pad(x, *, pad_width, mode="constant", constant_values=0):
    """y = x with a margin, constant or copied from x (modes edge, reflect, symmetric, wrap)"""
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"mode {mode!r} has no gradient rule; use constant, edge, reflect, symmetric or wrap")
    return np.pad(x, pad_width, mode, **({"constant_values": constant_values} if mode == "constant" else {}))


@builtin(r"\mathrm{diagonal}({x})", x=lambda g, y, x, offset, axis1, axis2:
         gather_back(g, x, np.diagonal(_positions(x), offset, axis1, axis2)))
def diagonal(x, *, offset=0, axis1=0, axis2=1):
    """y = the elements on a diagonal of two axes, along a new last axis"""
    return np.diagonal(x, offset, axis1, axis2)


@builtin(r"\mathrm{diag}({x})", x=lambda g, y, x, k:
         np.diag(g, k) if np.ndim(x) == 1 else gather_back(g, x, np.diag(_positions(x), k)))
def diag(x, *, k=0):
    """y = the k-th diagonal of a matrix, or the matrix with a vector on its k-th diagonal"""
    return np.diag(x, k)


@builtin(r"\mathrm{tr}({x})", x=lambda g, y, x, offset, axis1, axis2: gather_back(
    np.expand_dims(g, -1) * np.ones(np.shape(np.diagonal(_positions(x), offset, axis1, axis2))),
    x, np.diagonal(_positions(x), offset, axis1, axis2)))
def trace(x, *, offset=0, axis1=0, axis2=1):
    """y = Σ_i x_ii,   dy/dx = 1 on the diagonal, else 0"""
    return np.trace(x, offset, axis1, axis2)


@builtin(r"\mathrm{tril}({x})", x=lambda g, y, x, k: np.tril(g, k))
def tril(x, *, k=0):
    """y = x on and below the k-th diagonal, 0 above"""
    return np.tril(x, k)


@builtin(r"\mathrm{triu}({x})", x=lambda g, y, x, k: np.triu(g, k))
def triu(x, *, k=0):
    """y = x on and above the k-th diagonal, 0 below"""
    return np.triu(x, k)
