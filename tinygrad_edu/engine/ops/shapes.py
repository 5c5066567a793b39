"""The same numbers in another shape or order, joined or repeated."""

from itertools import accumulate

import numpy as np

from tinygrad_edu.engine.ops.indexing import scatter_add
from tinygrad_edu.engine.primitive import builtin
from tinygrad_edu.errors import DtypeError, GradientRuleError
from tinygrad_edu.tracing import as_array


def _reshape_back(g, y, x, **options):
    return np.reshape(g, np.shape(x))


@builtin(r"\mathrm{reshape}({x})", x=_reshape_back)
def reshape(x, *, shape):
    """y = the elements of x, row by row, in another shape; one length may be -1, for what is left"""
    return np.reshape(x, shape)


@builtin(r"\mathrm{expand\_dims}({x})", x=_reshape_back)
def expand_dims(x, *, axis):
    """y = x with new axes of length 1"""
    return np.expand_dims(x, axis)


@builtin(r"\mathrm{squeeze}({x})", x=_reshape_back)
def squeeze(x, *, axis=None):
    """y = x without its axes of length 1, or without the given ones of them"""
    return np.squeeze(x, axis)


@builtin(r"{x}^\top", "ᵀ", x=lambda g, y, x, axes:
         np.transpose(g, None if axes is None else np.argsort(np.mod(axes, max(np.ndim(x), 1))).tolist()))
def transpose(x, *, axes=None):
    """y = x with its axes permuted (reversed by default)"""
    return np.transpose(x, axes)


@builtin(r"\mathrm{swapaxes}({x})", x=lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1, axis2))
def swapaxes(x, *, axis1, axis2):
    """y = x with two axes exchanged"""
    return np.swapaxes(x, axis1, axis2)


@builtin(r"\mathrm{moveaxis}({x})",
         x=lambda g, y, x, source, destination: np.moveaxis(g, destination, source))
def moveaxis(x, *, source, destination):
    """y = x with axes moved to new places"""
    return np.moveaxis(x, source, destination)


def matrix_transpose(x):
    """The transpose of each matrix in a stack: the last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


@builtin(r"\mathrm{broadcast}({x})", x=lambda g, y, x, shape: g)
def broadcast_to(x, *, shape):
    """y = x repeated to a larger shape; the backward pass sums the gradient back, as for any broadcast"""
    return np.broadcast_to(x, shape)


def _astype_rule(g, y, x, dtype):
    return astype(g, dtype=np.result_type(x))


@builtin(r"\mathrm{astype}({x})", x=_astype_rule)
def astype(x, *, dtype):
    """y = x in another floating-point type,   dJ/dx = g in the type of x"""
    if np.dtype(dtype).kind != "f":
        raise DtypeError(f"astype to {np.dtype(dtype)}: only floating-point numbers have a gradient; convert "
                         f"the data, v.numpy().astype({np.dtype(dtype).name!r})")
    return as_array(x).astype(dtype)


@builtin(r"\mathrm{flip}({x})", x=lambda g, y, x, axis: np.flip(g, axis))
def flip(x, *, axis=None):
    """y = x in reverse order along the axis (all axes by default)"""
    return np.flip(x, axis)


@builtin(r"\mathrm{roll}({x})", x=lambda g, y, x, shift, axis: np.roll(g, np.negative(shift), axis))
def roll(x, *, shift, axis=None):
    """y = x with elements shifted along the axis; what leaves at the end comes in at the front"""
    return np.roll(x, shift, axis)


@builtin(r"\mathrm{tril}({x})", x=lambda g, y, x, k: np.tril(g, k))
def tril(x, *, k=0):
    """y = x on and below the k-th diagonal, 0 above"""
    return np.tril(x, k)


@builtin(r"\mathrm{triu}({x})", x=lambda g, y, x, k: np.triu(g, k))
def triu(x, *, k=0):
    """y = x on and above the k-th diagonal, 0 below"""
    return np.triu(x, k)


# ----- joining -----

def _concatenate_rule(g, y, *arrays, axis):
    along = (lambda a: np.size(a)) if axis is None else (lambda a: np.shape(a)[axis])
    before = () if axis is None else (slice(None),) * (axis % np.ndim(y))
    stops = list(accumulate(map(along, arrays)))

    def share(i):
        piece = g[(*before, slice(stops[i] - along(arrays[i]), stops[i]))]
        return np.reshape(piece, np.shape(arrays[i])) if axis is None else piece

    return share


def _stack_rule(g, y, *arrays, axis):
    before = (slice(None),) * (axis % np.ndim(y))
    return lambda i: g[(*before, i)]


@builtin(r"\mathrm{concatenate}({arrays})", arrays=_concatenate_rule)
def concatenate(*arrays, axis=0):
    """y = the arrays one after the other along an existing axis (None: flattened)"""
    return np.concatenate(arrays, axis)


@builtin(r"\mathrm{stack}({arrays})", arrays=_stack_rule)
def stack(*arrays, axis=0):
    """y = arrays of equal shape along a new axis"""
    return np.stack(arrays, axis)


# ----- choosing and repeating elements along an axis -----

def _take_rule(g, y, x, indices, axis, mode="raise"):
    n = np.size(x) if axis is None else np.shape(x)[axis]
    places = np.take(np.arange(n), indices, mode=mode)
    if axis is None:
        return np.reshape(scatter_add(g, index=places, shape=(n,)), np.shape(x))
    return scatter_add(g, index=(slice(None),) * (axis % np.ndim(x)) + (places,), shape=np.shape(x))


@builtin(r"\mathrm{take}({x})", x=_take_rule)
def take(x, *, indices, axis=None, mode="raise"):
    """y = the elements of x at the indices along the axis; repeated indices accumulate their gradients"""
    return np.take(x, indices, axis, mode=mode)


def _repeat_rule(g, y, x, repeats, axis):
    n = np.size(x) if axis is None else np.shape(x)[axis]
    return _take_rule(g, y, x, np.repeat(np.arange(n), repeats), axis)


@builtin(r"\mathrm{repeat}({x})", x=_repeat_rule)
def repeat(x, *, repeats, axis=None):
    """y = each element of x repeated, a number of times for all or one for each"""
    return np.repeat(x, repeats, axis)


def _tile_rule(g, y, x, reps):
    """Every axis of y counts (copy, place in x): the sum over the copies."""
    ndim, reps = np.ndim(y), np.atleast_1d(reps).tolist()
    copies = [1] * (ndim - len(reps)) + reps
    lengths = [1] * (ndim - np.ndim(x)) + list(np.shape(x))
    apart = np.reshape(g, [n for pair in zip(copies, lengths, strict=True) for n in pair])
    return np.reshape(np.sum(apart, axis=tuple(range(0, 2 * ndim, 2))), np.shape(x))


@builtin(r"\mathrm{tile}({x})", x=_tile_rule)
def tile(x, *, reps):
    """y = x as a whole repeated along each axis"""
    return np.tile(x, reps)


# ----- moving: y[k] = x[source[k]], so that dJ/dx[j] = the sum of g over all k that came from j -----

def _positions(x):
    """The number of each element of x, in an array of x's shape: what is done to them is done to x."""
    return np.reshape(np.arange(np.size(x)), np.shape(x))


def _gather_back(g, x, source):
    """The gradient of x where every element of y is the element number `source` of x."""
    flat = scatter_add(np.reshape(g, -1), index=np.reshape(source, -1), shape=(np.size(x),))
    return np.reshape(flat, np.shape(x))


def _pad_rule(g, y, x, pad_width, mode, constant_values):
    if mode == "constant":
        return np.reshape(g[np.pad(np.ones(np.shape(x), bool), pad_width)], np.shape(x))
    return _gather_back(g, x, np.pad(_positions(x), pad_width, mode))


@builtin(r"\mathrm{pad}({x})", x=_pad_rule)
def pad(x, *, pad_width, mode="constant", constant_values=0):
    """y = x with a margin, constant or copied from x (modes edge, reflect, symmetric, wrap)"""
    if mode == "constant":
        return np.pad(x, pad_width, mode, constant_values=constant_values)
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        return np.pad(x, pad_width, mode)
    raise GradientRuleError(f"pad: the mode {mode!r} has no gradient rule; use constant, edge, reflect, "
                            "symmetric or wrap")


@builtin(r"\mathrm{diagonal}({x})", x=lambda g, y, x, offset, axis1, axis2:
         _gather_back(g, x, np.diagonal(_positions(x), offset, axis1, axis2)))
def diagonal(x, *, offset=0, axis1=0, axis2=1):
    """y = the elements on a diagonal of two axes, along a new last axis"""
    return np.diagonal(x, offset, axis1, axis2)


@builtin(r"\mathrm{diag}({x})", x=lambda g, y, x, k:
         np.diag(g, k) if np.ndim(x) == 1 else _gather_back(g, x, np.diag(_positions(x), k)))
def diag(x, *, k=0):
    """y = the k-th diagonal of a matrix, or the matrix with a vector on its k-th diagonal"""
    return np.diag(x, k)


def _trace_rule(g, y, x, offset, axis1, axis2):
    source = np.diagonal(_positions(x), offset, axis1, axis2)
    return _gather_back(np.broadcast_to(np.expand_dims(g, -1), np.shape(source)), x, source)


@builtin(r"\mathrm{tr}({x})", x=_trace_rule)
def trace(x, *, offset=0, axis1=0, axis2=1):
    """y = Σ_i x_ii,   dy/dx = 1 on the diagonal, else 0"""
    return np.trace(x, offset, axis1, axis2)
