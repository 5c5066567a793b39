"""Sums, products, extremes and statistics over axes, running sums, and sorting."""

import math

import numpy as np

from tinygrad_edu.engine.ops.indexing import take_along_axis
from tinygrad_edu.engine.ops.kinks import over_or_zero
from tinygrad_edu.engine.primitive import builtin


def kept(reduced, axis, keepdims):
    """A reduced array with its reduced axes kept, ready to broadcast against the input."""
    return reduced if keepdims or axis is None else np.expand_dims(reduced, axis)


def _spread(g, x, axis, keepdims):
    """The gradient of a reduction at every element that went into it; of all elements it may stay one number."""
    return g if axis is None else np.broadcast_to(kept(g, axis, keepdims), np.shape(x))


def _axes(x, axis):
    """The reduced axes as a tuple."""
    return tuple(range(np.ndim(x))) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def _count(x, axis):
    """How many elements of x are reduced to one."""
    if axis is None:
        return np.size(x)
    shape = np.shape(x)
    return math.prod(shape[i] for i in _axes(x, axis))


@builtin(r"\sum {x}", "Σ", x=lambda g, y, x, axis, keepdims: _spread(g, x, axis, keepdims))
def sum(x, *, axis=None, keepdims=False):
    """y = Σ x,   dy/dx = 1"""
    return np.sum(x, axis=axis, keepdims=keepdims)


@builtin(r"\langle {x} \rangle", "mean", x=lambda g, y, x, axis, keepdims:
         _spread(g / (_count(x, axis) or 1), x, axis, keepdims))  # or 1: the gradient by nothing is empty
def mean(x, *, axis=None, keepdims=False):
    """y = (Σ x)/n,   dy/dx = 1/n"""
    n = _count(x, axis)
    if n and getattr(x, "dtype", None) in (np.float32, np.float64):
        return np.add.reduce(x, axis=axis, keepdims=keepdims) / n  # what np.mean does, by several calls of Python
    return np.mean(x, axis=axis, keepdims=keepdims)


@builtin(r"\frac{1}{{divisor}} \sum {x}^2", "Σ( )²", x=lambda g, y, x, divisor: (2 * g / divisor) * x)
def sum_of_squares(x, *, divisor=1):
    """y = Σ x² / divisor over all elements,   dy/dx = 2x/divisor; the heart of least squares, in one op"""
    return np.vdot(x, x) / divisor


def _deviation(x, axis):
    return x - np.mean(x, axis=axis, keepdims=True)


def _freedom(x, axis, ddof):
    """n - ddof, or NaN where it is not positive: the spread of so few numbers is not defined."""
    freedom = _count(x, axis) - ddof
    return freedom if freedom > 0 else math.nan


@builtin(r"\mathrm{var}({x})", x=lambda g, y, x, axis, ddof, keepdims:
         kept(g * (2 / _freedom(x, axis, ddof)), axis, keepdims) * _deviation(x, axis))
def var(x, *, axis=None, ddof=0, keepdims=False):
    """y = Σ (x - mean)² / (n - ddof),   dy/dx = 2·(x - mean)/(n - ddof)"""
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@builtin(r"\mathrm{std}({x})", x=lambda g, y, x, axis, ddof, keepdims:
         kept(over_or_zero(g / _freedom(x, axis, ddof), y), axis, keepdims) * _deviation(x, axis))
def std(x, *, axis=None, ddof=0, keepdims=False):
    """y = √var,   dy/dx = (x - mean)/((n - ddof)·y); 0 where all x are equal"""
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _to_the_extreme(g, y, x, axis, keepdims):
    extreme = (x == kept(y, axis, keepdims)) | (x != x)  # for NumPy, NaN is the largest and the smallest
    ties = np.sum(extreme, axis=axis, keepdims=True, dtype=np.result_type(x))
    return extreme * (kept(g, axis, keepdims) / ties)


@builtin(r"\max {x}", x=_to_the_extreme)
def max(x, *, axis=None, keepdims=False):
    """y = the largest x; the gradient goes there, in equal shares at a tie"""
    return np.max(x, axis=axis, keepdims=keepdims)


@builtin(r"\min {x}", x=_to_the_extreme)
def min(x, *, axis=None, keepdims=False):
    """y = the smallest x; the gradient goes there, in equal shares at a tie"""
    return np.min(x, axis=axis, keepdims=keepdims)


# ----- products: exact at zeros, where y/x would be 0/0 -----

def _product_before(x):
    """Along the last axis: the product of all elements before each one (1 for the first)."""
    return np.concatenate([np.ones_like(x[..., :1]), np.cumprod(x, axis=-1)[..., :-1]], axis=-1)


def _product_of_others(x):
    return _product_before(x) * np.flip(_product_before(np.flip(x, -1)), -1)


def _prod_rule(g, y, x, axis, keepdims):
    axes = _axes(x, axis)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    flat = np.reshape(moved, (*np.shape(moved)[:np.ndim(x) - len(axes)], _count(x, axes)))
    others = np.moveaxis(np.reshape(_product_of_others(flat), np.shape(moved)), last, axes)
    return kept(g, axis, keepdims) * others


@builtin(r"\prod {x}", "Π", x=_prod_rule)
def prod(x, *, axis=None, keepdims=False):
    """y = Π x,   dy/dx_i = the product of all others, at zeros too"""
    return np.prod(x, axis=axis, keepdims=keepdims)


def _sum_after(g, axis):
    """Along the axis: the sum of each element and all after it."""
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


@builtin(r"\mathrm{cumsum}({x})", x=lambda g, y, x, axis:
         np.reshape(_sum_after(g, 0 if axis is None else axis), np.shape(x)))
def cumsum(x, *, axis=None):
    """y_i = Σ_{j≤i} x_j,   dJ/dx_j = Σ_{i≥j} g_i"""
    return np.cumsum(x, axis=axis)


def _cumprod_rule(g, y, x, axis):
    if axis is None:
        return np.reshape(_cumprod_rule(g, y, np.reshape(x, -1), 0), np.shape(x))
    if np.all(x != 0):
        return _sum_after(g * y, axis) / x
    # dy_i/dx_k = (product before k)·(product of k+1..i), an n x n table: slower, exact at zeros
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    k, i = np.ogrid[:np.shape(x)[-1], :np.shape(x)[-1]]
    between = np.cumprod(np.where(i > k, x[..., None, :], 1.0), axis=-1)
    after = np.sum(np.where(i >= k, between * g[..., None, :], 0.0), axis=-1)
    return np.moveaxis(_product_before(x) * after, -1, axis)


@builtin(r"\mathrm{cumprod}({x})", x=_cumprod_rule)
def cumprod(x, *, axis=None):
    """y_i = Π_{j≤i} x_j,   dJ/dx_k = Σ_{i≥k} g_i·y_i/x_k, at zeros too"""
    return np.cumprod(x, axis=axis)


def _sort_rule(g, y, x, axis):
    if axis is None:
        return np.reshape(_sort_rule(g, y, np.reshape(x, -1), 0), np.shape(x))
    rank = np.argsort(np.argsort(x, axis=axis, kind="stable"), axis=axis)
    return take_along_axis(g, rank, axis=axis)


@builtin(r"\mathrm{sort}({x})", x=_sort_rule)
def sort(x, *, axis=-1):
    """y = the values of x in ascending order; each gradient goes back to where its value came from"""
    return np.sort(x, axis=axis)
