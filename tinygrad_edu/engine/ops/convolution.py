"""Windows into images, and what convolution and pooling make of them: weighted sums, and the largest numbers.

A kernel of kh x kw numbers is laid on an image at oh x ow places; what it covers at each is a window. An image is the
last two axes of an array, (height, width); all axes before them count images: (n, channels, height, width), or any.
"""

from contextlib import contextmanager

import numpy as np

from tinygrad_edu.checks import shown
from tinygrad_edu.engine.primitive import builtin
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError


def pair(owner, name, value, least=1):
    """(down, across): two whole numbers, or one that stands for both; OptionError, ArgumentError for anything else."""
    numbers = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(numbers) != 2 or any(not isinstance(n, int | np.integer) or isinstance(n, bool) for n in numbers):
        raise OptionError(f"{owner}: {name} must be a whole number, or two of them, (down, across), got "
                          f"{shown(value)}")
    if min(numbers) < least:
        raise ArgumentError(f"{owner}: {name} must be at least {least}, got {value!r}")
    return int(numbers[0]), int(numbers[1])


def _window_counts(owner, size, kernel_size, stride, padding, dilation):
    """(oh, ow): at how many places, down and across, the kernel lies within padded images of this size."""
    if len(size) != 2:
        raise ShapeError(f"{owner}: x has shape {size}, but an image has two axes, (..., height, width)")
    counts = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1
                   for n, k, s, p, d in zip(size, kernel_size, stride, padding, dilation, strict=True))
    if min(counts) < 1:
        raise ShapeError(f"{owner}: a kernel of {kernel_size[0]} x {kernel_size[1]} with dilation {dilation} does not "
                         f"fit into images of {size[0]} x {size[1]} with padding {padding}; use a smaller kernel, more "
                         "padding or larger images")
    return counts


def _covered(i, count, stride, dilation):
    """The index of what the number i of a kernel covers at all its places along one axis."""
    return slice(i * dilation, i * dilation + count * stride, stride)


def _within(size, padding):
    """The index of the image in the padded image."""
    (h, w), (ph, pw) = size, padding
    return ..., slice(ph, ph + h), slice(pw, pw + w)


@contextmanager
def _rows_where_they_are():
    """Inside, NumPy adds rows of 512 numbers and more where they are.

    Since version 2.3 it first copies rows that are shorter than its buffer into that, usually of 8192 numbers, which
    makes the addition of long rows three times as slow.
    """
    before = np.setbufsize(512)
    try:
        yield
    finally:
        np.setbufsize(before)


def _windows_rule(g, y, x, kernel_size, stride, padding, dilation, fill):
    return overlap_add(g, size=np.shape(x)[-2:], stride=stride, padding=padding, dilation=dilation)


@builtin(r"\mathrm{windows}({x})", x=_windows_rule)
def windows(x, *, kernel_size, stride=1, padding=0, dilation=1, fill=0):
    """y_ijab = x_(sa+di)(sb+dj): what the number (i, j) of the kernel covers at place (a, b), with stride s, dilation d

    x (..., h, w), with a margin of `padding` numbers on each side that are `fill`; y (..., kh, kw, oh, ow), with
    oh = (h + 2 padding - dilation (kh - 1) - 1) // stride + 1. Each option is a number, or two, (down, across).
    """
    kernel_size, stride = pair("windows", "kernel_size", kernel_size), pair("windows", "stride", stride)
    padding, dilation = pair("windows", "padding", padding, least=0), pair("windows", "dilation", dilation)
    size, before = x.shape[-2:], x.shape[:-2]
    oh, ow = _window_counts("windows", size, kernel_size, stride, padding, dilation)
    (h, w), (ph, pw), (kh, kw) = size, padding, kernel_size
    if ph or pw:
        padded = np.full_like(x, fill, np.result_type(x, fill), order="C", shape=(*before, h + 2 * ph, w + 2 * pw))
        padded[_within(size, padding)] = x
        x = padded
    # first across, then down: so the second, larger part of the copying goes in runs of oh * ow numbers
    strips = np.empty_like(x, order="C", shape=(*before, kw, h + 2 * ph, ow))
    for j in range(kw):
        strips[..., j, :, :] = x[..., _covered(j, ow, stride[1], dilation[1])]
    y = np.empty_like(x, order="C", shape=(*before, kh, kw, oh, ow))
    for i in range(kh):
        y[..., i, :, :, :] = strips[..., _covered(i, oh, stride[0], dilation[0]), :]
    return y


def _overlap_add_rule(g, y, x, size, stride, padding, dilation):
    return windows(g, kernel_size=np.shape(x)[-4:-2], stride=stride, padding=padding, dilation=dilation)


@builtin(r"\mathrm{overlap\_add}({x})", x=_overlap_add_rule)
def overlap_add(x, *, size, stride=1, padding=0, dilation=1):
    """y_(sa+di)(sb+dj) = Σ x_ijab: each number of each window added where it was covered; the adjoint of `windows`

    x (..., kh, kw, oh, ow), y (..., h, w) with (h, w) = size; the options are those of `windows`.
    """
    size, stride = pair("overlap_add", "size", size, least=0), pair("overlap_add", "stride", stride)
    padding, dilation = pair("overlap_add", "padding", padding, least=0), pair("overlap_add", "dilation", dilation)
    *before, kh, kw, oh, ow = x.shape if x.ndim >= 4 else (0, 0, 0, 0)
    if not kh or not kw or (oh, ow) != _window_counts("overlap_add", size, (kh, kw), stride, padding, dilation):
        raise ShapeError(f"overlap_add: x has shape {x.shape}, but must be (..., kh, kw, oh, ow) with all windows of "
                         f"an image of size {size}, as `windows` gives them")
    (h, w), (ph, pw) = size, padding
    strips = np.zeros_like(x, order="C", shape=(*before, kw, h + 2 * ph, ow))
    padded = np.zeros_like(x, order="C", shape=(*before, h + 2 * ph, w + 2 * pw))
    with _rows_where_they_are():
        for i in range(kh):
            strips[..., _covered(i, oh, stride[0], dilation[0]), :] += x[..., i, :, :, :]
        for j in range(kw):
            padded[..., _covered(j, ow, stride[1], dilation[1])] += strips[..., j, :, :]
    return padded[_within(size, padding)]


# ----- convolution: with the windows as columns of a matrix, a product of matrices -----

def _as_matrices(windows, weight):
    """(filters, columns): (groups, filters in a group, numbers in a window), (..., groups, numbers, places)."""
    *images, channels, kh, kw, oh, ow = windows.shape
    count, channels_seen = weight.shape[:2]
    groups, numbers = channels // channels_seen, channels_seen * kh * kw
    return (np.reshape(weight, (groups, count // groups, numbers)),
            np.reshape(windows, (*images, groups, numbers, oh * ow)))


def _grouped(g, groups):
    """g (..., filters, oh, ow) as matrices, (..., groups, filters in a group, places)."""
    *images, count, oh, ow = g.shape
    return np.reshape(g, (*images, groups, count // groups, oh * ow))


def _filter_windows_windows(g, y, windows, weight, bias):
    filters, _ = _as_matrices(windows, weight)
    return np.reshape(np.matmul(np.swapaxes(filters, -1, -2), _grouped(g, len(filters))), windows.shape)


def _filter_windows_weight(g, y, windows, weight, bias):
    filters, columns = _as_matrices(windows, weight)
    of_each_image = np.matmul(_grouped(g, len(filters)), np.swapaxes(columns, -1, -2))
    return np.reshape(np.sum(of_each_image, axis=tuple(range(len(windows.shape) - 5))), weight.shape)


def _filter_windows_bias(g, y, windows, weight, bias):
    rows = np.reshape(g, (*g.shape[:-2], g.shape[-2] * g.shape[-1]))
    of_each_image = np.matmul(rows, np.ones(rows.shape[-1], rows.dtype))  # the sum of each row, by the faster means
    return np.sum(of_each_image, axis=tuple(range(len(windows.shape) - 5)))


@builtin(r"{weight} \star {windows} + {bias}", "filter",
         windows=_filter_windows_windows, weight=_filter_windows_weight, bias=_filter_windows_bias)
def filter_windows(windows, weight, bias=None):
    """y_oab = Σ_cij W_ocij w_cijab + b_o,   dJ/dw = Wᵀ g,   dJ/dW = Σ g wᵀ,   dJ/db = Σ g, all as matrices

    windows w (..., channels, kh, kw, oh, ow), weight W (filters, channels seen, kh, kw), bias b (filters,) or None;
    y (..., filters, oh, ow). Filters that see only a part of the channels, 1/groups of them, see the parts in turn:
    the first filters / groups of them the first part, and so on.
    """
    _check_filters(windows.shape, weight.shape, None if bias is None else bias.shape)
    *images, _, _, _, oh, ow = windows.shape
    filters, columns = _as_matrices(windows, weight)
    y = np.matmul(filters, columns).reshape(*images, len(weight), oh, ow)
    if bias is None:
        return y
    bias = bias[:, None, None]
    if bias.dtype == y.dtype:
        with _rows_where_they_are():
            y += bias  # y is new: no other array is needed
        return y
    return y + bias


def _check_filters(windows, weight, bias):
    """Raise ShapeError if these shapes, of the inputs of `filter_windows`, do not fit together."""
    if len(windows) < 5 or len(weight) != 4 or weight[2:] != windows[-4:-2] or 0 in weight:
        raise ShapeError(f"filter_windows: windows {windows} and weight {weight} do not fit; expected are "
                         "(..., channels, kh, kw, oh, ow) and (filters, channels, kh, kw)")
    groups, left = divmod(windows[-5], weight[1])
    if left or not groups or weight[0] % groups:
        raise ShapeError(f"filter_windows: {weight[0]} filters that see {weight[1]} channels each, weight {weight}, "
                         f"cannot share the {windows[-5]} channels of windows {windows} evenly")
    if bias is not None and bias != weight[:1]:
        raise ShapeError(f"filter_windows: bias has shape {bias}, but must be ({weight[0]},), a number for each filter")


# ----- pooling -----

def _first_of_the_largest(windows, y):
    """True for one number of each window, the largest; at a tie for the first of them, row by row."""
    first = (windows == y[..., None, None, :, :]) | (windows != windows)  # for NumPy, NaN is the largest
    *before, kh, kw, oh, ow = first.shape
    seen = np.zeros_like(first, order="C", shape=(*before, oh, ow))
    for i, j in np.ndindex(kh, kw):
        here = first[..., i, j, :, :]
        here &= ~seen
        seen |= here
    return first


@builtin(r"\max {windows}", "max", windows=lambda g, y, windows:
         _first_of_the_largest(windows, y) * g[..., None, None, :, :])
def max_of_windows(windows):
    """y_ab = max_ij w_ijab: the largest number of each window; at a tie the gradient goes to the first, row by row

    windows w (..., kh, kw, oh, ow), y (..., oh, ow).
    """
    return np.max(windows, axis=(-4, -3))
