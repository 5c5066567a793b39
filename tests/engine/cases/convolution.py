"""Rows of the primitives of `engine/ops/convolution.py`; the references are their definitions, number by number."""

import numpy as np

from tests.engine.cases.case import Case


def pair(x):
    return (x, x) if np.ndim(x) == 0 else x


def windowed(x, kernel_size, stride=1, padding=0, dilation=1, fill=0):
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = map(pair, (kernel_size, stride, padding, dilation))
    h, w = x.shape[-2:]
    oh, ow = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    y = np.full((*x.shape[:-2], kh, kw, oh, ow), fill, x.dtype)
    for i, j, a, b in np.ndindex(kh, kw, oh, ow):
        row, column = sh * a + dh * i - ph, sw * b + dw * j - pw
        if 0 <= row < h and 0 <= column < w:
            y[..., i, j, a, b] = x[..., row, column]
    return y


def added(x, size, stride=1, padding=0, dilation=1):
    kernel_size = x.shape[-4:-2]
    number = np.arange(size[0] * size[1]).reshape(size)  # of each place: where each number of each window came from
    came_from = windowed(number, kernel_size, stride, padding, dilation, fill=-1)
    y = np.zeros((*x.shape[:-4], *size), x.dtype)
    for k in np.ndindex(came_from.shape):
        if came_from[k] >= 0:
            y[..., came_from[k] // size[1], came_from[k] % size[1]] += x[(..., *k)]
    return y


def filtered(windows, weight, bias):
    *images, channels, _, _, oh, ow = windows.shape
    count, seen = weight.shape[:2]
    y = np.empty((*images, count, oh, ow), windows.dtype)
    for o in range(count):
        first = o // (count * seen // channels) * seen  # of the channels that it sees
        part = windows[..., first:first + seen, :, :, :, :]
        y[..., o, :, :] = np.einsum("cij,...cijab->...ab", weight[o], part) + (0 if bias is None else bias[o])
    return y


def largest(windows):
    *before, kh, kw, oh, ow = windows.shape
    return windows.reshape(*before, kh * kw, oh, ow).max(axis=-3)


GEOMETRIES = [
    ((2, 5, 6), {"kernel_size": (3, 2)}),
    ((4, 5), {"kernel_size": 3, "padding": 1}),
    ((1, 2, 6, 5), {"kernel_size": (2, 3), "stride": (2, 1), "padding": (0, 2)}),
    ((5, 6), {"kernel_size": 2, "stride": 3, "dilation": (1, 3)}),
    ((2, 4, 4), {"kernel_size": (3, 1), "stride": (3, 2), "padding": (3, 1), "dilation": 2}),
    ((3, 2), {"kernel_size": 1}),
    ((0, 3, 3), {"kernel_size": 2}),
]

CASES = [
    *(Case("windows", (shape,), windowed, options=options) for shape, options in GEOMETRIES),
    Case("windows", ((2, 3, 3),), windowed, options={"kernel_size": 2, "padding": 1, "fill": -7.0}),
    *(Case("overlap_add", (windowed(np.empty(shape), **options).shape,), added,
           options={name: x for name, x in options.items() if name != "kernel_size"} | {"size": shape[-2:]})
      for shape, options in GEOMETRIES),
    Case("filter_windows", ((2, 3, 2, 1, 3, 2), (4, 3, 2, 1), (4,)), filtered),
    Case("filter_windows", ((2, 1, 2, 2, 1), (3, 2, 1, 2), (3,)), filtered, note="one image"),
    Case("filter_windows", ((2, 2, 4, 1, 2, 1, 3), (2, 4, 1, 2), (2,)), filtered, note="two axes of images"),
    Case("filter_windows", ((3, 4, 1, 2, 2, 2), (6, 2, 1, 2), (6,)), filtered, note="two groups"),
    Case("filter_windows", ((3, 3, 2, 1, 1, 2), (3, 1, 2, 1), (3,)), filtered, note="as many groups as channels"),
    Case("filter_windows", ((2, 3, 2, 1, 3, 2), (4, 3, 2, 1)), filtered,
         prepare=lambda windows, weight: (windows, weight, None), constant=(2,), note="no bias"),
    Case("filter_windows", ((0, 2, 2, 2, 3, 3), (3, 2, 2, 2), (3,)), filtered, note="no images"),
    Case("max_of_windows", ((2, 3, 2, 2, 3),), largest),
    Case("max_of_windows", ((3, 1, 2, 1),), largest, note="one image"),
    Case("max_of_windows", ((0, 2, 2, 2, 2),), largest, note="no images"),
]
