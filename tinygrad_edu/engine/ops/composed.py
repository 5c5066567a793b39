"""Functions that are made of others and so need no rule of their own, with NumPy's names and arguments."""

from itertools import pairwise

import numpy as np

from tinygrad_edu.errors import ArgumentError


def _length(x, axis, what):
    shape = np.shape(x)
    if not -len(shape) <= axis < len(shape):
        raise ArgumentError(f"{what} of shape {shape}: there is no axis {axis}")
    return shape[axis]


def _along(x, axis, part):
    """x[.., part, ..] with the part on the axis."""
    return x[(slice(None),) * (axis % np.ndim(x)) + (part,)]


# ----- parts -----

def array_split(ary, indices_or_sections, axis=0):
    """The parts of ary along the axis: between the given places, or as many as given, as equal as can be."""
    n = _length(ary, axis, "array_split")
    if np.ndim(indices_or_sections) == 1:
        edges = [0, *indices_or_sections, n]
    elif indices_or_sections < 1:
        raise ArgumentError(f"array_split into {indices_or_sections} parts; there must be at least one")
    else:
        each, larger = divmod(n, indices_or_sections)
        edges = [k * each + min(k, larger) for k in range(indices_or_sections + 1)]
    return [_along(ary, axis, slice(a, b)) for a, b in pairwise(edges)]


def split(ary, indices_or_sections, axis=0):
    """The parts of ary along the axis: between the given places, or as many as given, of equal length."""
    n = _length(ary, axis, "split")
    if np.ndim(indices_or_sections) == 0 and indices_or_sections > 0 and n % indices_or_sections:
        raise ArgumentError(f"split of shape {np.shape(ary)} along axis {axis}: {n} elements do not make "
                            f"{indices_or_sections} equal parts; use array_split for nearly equal ones")
    return array_split(ary, indices_or_sections, axis)


def vsplit(ary, indices_or_sections):
    """The parts of ary along its first axis."""
    return split(ary, indices_or_sections, 0)


def hsplit(ary, indices_or_sections):
    """The parts of ary along its second axis, or of a vector."""
    return split(ary, indices_or_sections, 1 if np.ndim(ary) > 1 else 0)


def unstack(x, axis=0):
    """x[0], x[1], ... along the axis: what `stack` joins."""
    return tuple(_along(x, axis, i) for i in range(_length(x, axis, "unstack")))


# ----- joining and shaping -----

def _each(arrays, form):
    """The form of one array, or a tuple of those of several."""
    return form(arrays[0]) if len(arrays) == 1 else tuple(form(x) for x in arrays)


def atleast_1d(*arys):
    """Single numbers as vectors."""
    return _each(arys, lambda x: x if np.ndim(x) else np.reshape(x, (1,)))


def atleast_2d(*arys):
    """Vectors as one row."""
    return _each(arys, lambda x: x if np.ndim(x) > 1 else np.reshape(x, (1, -1)))


def vstack(tup):
    """Rows, or matrices, one below the other."""
    return np.concatenate([atleast_2d(x) for x in tup])


def hstack(tup):
    """Vectors one after the other, or matrices side by side."""
    arrays = [atleast_1d(x) for x in tup]
    return np.concatenate(arrays, axis=0 if np.ndim(arrays[0]) == 1 else 1)


def column_stack(tup):
    """Vectors, or matrices, as the columns of one matrix."""
    return np.concatenate([x if np.ndim(x) > 1 else np.reshape(x, (-1, 1)) for x in tup], axis=1)


def append(arr, values, axis=None):
    """Values after those of arr; all in a row if no axis is given."""
    return np.concatenate([arr, values], axis)


def ravel(a):
    """All elements in a row."""
    return np.reshape(a, -1)


def flipud(m):
    """The rows in reverse order."""
    return np.flip(m, 0)


def fliplr(m):
    """The columns in reverse order."""
    return np.flip(m, 1)


def full_like(a, fill_value):
    """The fill value in the shape of a."""
    return np.zeros_like(a) + fill_value


# ----- sums of products -----

def inner(a, b):
    """Σ a·b over the last axes of both."""
    return a * b if np.ndim(a) == 0 or np.ndim(b) == 0 else np.tensordot(a, b, (-1, -1))


def vdot(a, b):
    """Σ a·b over all elements."""
    return np.dot(ravel(a), ravel(b))


def vecdot(x1, x2, axis=-1):
    """Σ a·b over one axis, for stacks of vectors."""
    return np.sum(x1 * x2, axis=axis)


def matvec(x1, x2):
    """The matrix x1 times the vector x2, for stacks of both."""
    return np.matmul(x1, np.expand_dims(x2, -1))[..., 0]


def vecmat(x1, x2):
    """The vector x1 times the matrix x2, for stacks of both."""
    return np.matmul(np.expand_dims(x1, -2), x2)[..., 0, :]


# ----- over an axis -----

def average(a, axis=None, weights=None, keepdims=False):
    """Σ w·a / Σ w; the mean without weights. A vector of weights, one for each place on the axis, will do."""
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    if np.shape(weights) != np.shape(a):
        if np.ndim(weights) != 1 or not isinstance(axis, int) or len(weights) != _length(a, axis, "average"):
            raise ArgumentError(f"average of {np.shape(a)} over axis {axis}: weights {np.shape(weights)}; "
                                "they must have the same shape, or be one for each place on one axis")
        others = [i for i in range(np.ndim(a)) if i != axis % np.ndim(a)]
        weights = np.broadcast_to(np.expand_dims(weights, others), np.shape(a))
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / np.sum(weights, axis=axis, keepdims=keepdims)


def ptp(a, axis=None, keepdims=False):
    """The largest minus the smallest."""
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def diff(a, n=1, axis=-1):
    """Differences of neighbours along the axis, n times."""
    _length(a, axis, "diff")
    for _ in range(n):
        a = _along(a, axis, slice(1, None)) - _along(a, axis, slice(None, -1))
    return a


# ----- element by element -----


def trunc(x):
    """x without its fraction."""
    return np.where(x < 0, np.ceil(x), np.floor(x))
