"""Rows for sums, products, extremes, statistics, running sums and sorting, over every way to give an axis."""

import numpy as np

from tests.engine.cases.case import Case

AXES = [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)},
        {"axis": (-1, 0), "keepdims": True}, {"axis": None, "keepdims": True}, {"axis": ()}]


def over_axes(op, reference, **keywords):
    """The same reduction over one axis, several, all and none."""
    return [Case(op, ((2, 3, 2),), reference, options=options, **keywords) for options in AXES]


def zeros_at(*places):
    """The array with 0 at these places in a row."""

    def prepare(x):
        x.flat[list(places)] = 0.0
        return (x,)

    return prepare


CASES = [
    *over_axes("sum", np.sum),
    Case("sum", ((),), np.sum),
    Case("sum", ((0, 3),), np.sum),
    Case("sum", ((0, 3),), np.sum, options={"axis": 0}),
    Case("sum", ((0, 3),), np.sum, options={"axis": 1}),
    *(Case("sum_of_squares", (shape,), lambda x, divisor=1: np.vdot(x, x) / divisor, options=options, holomorphic=False)
      for shape in [(), (3,), (2, 3, 2), (0, 3)] for options in [{}, {"divisor": 6}]),
    *over_axes("mean", np.mean),
    Case("mean", ((1,),), np.mean),
    Case("mean", ((0, 3),), np.mean, options={"axis": 1}),
    *over_axes("var", np.var),
    Case("var", ((3, 4),), np.var, options={"axis": 0, "ddof": 1}),
    Case("var", ((1,),), np.var),
    *over_axes("std", np.std)[:-1],  # of single numbers it is 0: a kink
    Case("std", ((3, 4),), np.std, options={"axis": 0, "ddof": 1, "keepdims": True}),
    *over_axes("max", np.max),
    Case("max", ((0, 3),), np.max, options={"axis": 1}),
    *over_axes("min", np.min),
    *over_axes("prod", np.prod),
    Case("prod", ((),), np.prod),
    Case("prod", ((0, 3),), np.prod),
    Case("prod", ((2, 0),), np.prod, options={"axis": 1}),
    Case("prod", ((5,),), np.prod, prepare=zeros_at(2), note="one zero"),
    Case("prod", ((3, 4),), np.prod, options={"axis": 0}, prepare=zeros_at(1, 5, 6), note="several zeros"),
    Case("cumsum", ((2, 3),), np.cumsum),
    Case("cumsum", ((2, 3),), np.cumsum, options={"axis": 0}),
    Case("cumsum", ((2, 3),), np.cumsum, options={"axis": -1}),
    Case("cumsum", ((),), np.cumsum),
    Case("cumsum", ((0, 3),), np.cumsum, options={"axis": 0}),
    Case("cumprod", ((2, 3),), np.cumprod),
    Case("cumprod", ((2, 3),), np.cumprod, options={"axis": 0}),
    Case("cumprod", ((2, 4),), np.cumprod, options={"axis": -1}, prepare=zeros_at(1, 2, 4), note="zeros"),
    Case("cumprod", ((5,),), np.cumprod, prepare=zeros_at(2), note="a zero"),
    Case("cumprod", ((3, 2),), np.cumprod, options={"axis": 0}, prepare=zeros_at(3), note="a zero"),
    Case("cumprod", ((0, 3),), np.cumprod, options={"axis": 1}),
    Case("sort", ((6,),), np.sort),
    Case("sort", ((3, 4),), np.sort, options={"axis": 0}),
    Case("sort", ((3, 4),), np.sort, options={"axis": None}),
    Case("sort", ((0, 4),), np.sort),
]
