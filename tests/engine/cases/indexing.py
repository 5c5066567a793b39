"""Rows of the primitives of `engine/ops/indexing.py`; every kind of index is in test_indexing.py."""

import numpy as np

from tests.engine.cases.case import Case

MASK = np.array([[True, False, True], [False, True, False]])
REPEATED = np.array([2, 0, 2, 2])


def read(x, index):
    return x[index]


def written(x, value, index):
    y = x.copy()
    y[index] = value
    return y


def added(x, index, shape):
    y = np.zeros(shape, x.dtype)
    np.add.at(y, index, x)
    return y


CASES = [
    Case("getitem", ((4, 3),), read, options={"index": 1}),
    Case("getitem", ((4, 3),), read, options={"index": (slice(None, None, -2), None, -1)}),
    Case("getitem", ((2, 3),), read, options={"index": MASK}),
    Case("getitem", ((3, 2),), read, options={"index": REPEATED}, note="repeated"),
    Case("getitem", ((3, 2, 4),), read, options={"index": (REPEATED, slice(None), [1, 1, 0, 1])}),
    Case("getitem", ((),), read, options={"index": (None, ...)}),
    Case("scatter_add", ((2, 4),), added, options={"index": (..., slice(1, 5)), "shape": (2, 6)}),
    Case("scatter_add", ((4, 2),), added, options={"index": REPEATED, "shape": (3, 2)}, note="repeated"),
    Case("setitem", ((4, 3), (3,)), written, options={"index": 1}),
    Case("setitem", ((4, 3), ()), written, options={"index": (slice(1, 3), [0, 2])}, note="one number"),
    Case("setitem", ((2, 3), (3,)), written, options={"index": MASK}),
    Case("setitem", ((2, 3), ()), written, options={"index": MASK}),
    Case("setitem", ((3, 2), (4, 2)), written, options={"index": REPEATED}, note="the last stays"),
    Case("setitem", ((4, 3), (1, 1, 3)), written, options={"index": slice(1, 3)}, note="more axes"),
    *[Case("take_along_axis", ((3, 4),), np.take_along_axis,
           options={"indices": np.array(indices), "axis": axis})
      for indices, axis in (([[3, 1], [1, 1], [0, 2]], -1), ([[2], [0]], 0), ([7, 7, 0], None))],
]
