"""Rows of the primitives of `engine/ops/shapes.py`; the references are NumPy's own functions."""

import numpy as np

from tests.engine.cases.case import Case

x23, x234 = ((2, 3),), ((2, 3, 4),)


def reshaped(x, shape):
    return np.array(list(x.flat), x.dtype).reshape(shape)  # element by element, whatever the order in memory


def concatenated(*arrays, axis=0):
    return np.concatenate(arrays, axis)


def stacked(*arrays, axis=0):
    return np.stack(arrays, axis)


def cast(x, dtype):
    return np.array(x.tolist(), dtype)


CASES = [
    Case("reshape", x23, reshaped, options={"shape": (3, 2)}),
    Case("reshape", x234, reshaped, options={"shape": (4, -1)}),
    Case("reshape", x23, reshaped, options={"shape": -1}),
    Case("reshape", ((),), reshaped, options={"shape": (1, 1)}),
    Case("reshape", ((0, 3),), reshaped, options={"shape": (3, 0, 2)}),
    Case("expand_dims", x23, np.expand_dims, options={"axis": 1}),
    Case("expand_dims", x23, np.expand_dims, options={"axis": (0, -1)}),
    Case("squeeze", ((1, 3, 1),), np.squeeze),
    Case("squeeze", ((1, 3, 1),), np.squeeze, options={"axis": -1}),
    Case("squeeze", ((1, 3, 1),), np.squeeze, options={"axis": (0, 2)}),
    Case("transpose", x23, np.transpose),
    Case("transpose", x234, np.transpose),
    Case("transpose", x234, np.transpose, options={"axes": (1, 2, 0)}),
    Case("transpose", x234, np.transpose, options={"axes": (-2, 0, -1)}),
    Case("transpose", ((),), np.transpose, options={"axes": ()}),
    Case("swapaxes", x234, np.swapaxes, options={"axis1": 0, "axis2": -1}),
    Case("moveaxis", x234, np.moveaxis, options={"source": 0, "destination": -1}),
    Case("moveaxis", ((2, 3, 2, 4),), np.moveaxis, options={"source": (3, 0), "destination": (0, 2)}),
    Case("broadcast_to", ((3, 1),), np.broadcast_to, options={"shape": (2, 3, 4)}),
    Case("broadcast_to", ((),), np.broadcast_to, options={"shape": (2, 0)}),
    Case("flip", x234, np.flip),
    Case("flip", x234, np.flip, options={"axis": -2}),
    Case("flip", x234, np.flip, options={"axis": (0, 2)}),
    Case("roll", x23, np.roll, options={"shift": 2}),
    Case("roll", x23, np.roll, options={"shift": -1, "axis": 1}),
    Case("roll", x234, np.roll, options={"shift": (1, -2), "axis": (0, 2)}),
    Case("tril", ((3, 4),), np.tril),
    Case("tril", ((2, 3, 3),), np.tril, options={"k": -1}),
    Case("tril", ((3,),), np.tril, note="a vector is broadcast to a matrix"),
    Case("triu", ((3, 4),), np.triu, options={"k": 1}),
    Case("concatenate", ((2, 3), (1, 3), (0, 3)), concatenated),
    Case("concatenate", ((2, 3), (2, 1)), concatenated, options={"axis": -1}),
    Case("concatenate", ((2, 3), (4,), ()), concatenated, options={"axis": None}),
    Case("stack", ((2, 3), (2, 3)), stacked),
    Case("stack", ((2, 3), (2, 3), (2, 3)), stacked, options={"axis": -2}),
    Case("stack", ((), ()), stacked),
    Case("take", x23, np.take, options={"indices": [5, 0, 5]}, note="repeated"),
    Case("take", x234, np.take, options={"indices": np.array([[2, -1], [0, 2]]), "axis": 1}),
    Case("take", x234, np.take, options={"indices": 1, "axis": -1}),
    Case("take", x23, np.take, options={"indices": [1, 7, -4], "axis": 1, "mode": "wrap"}),
    Case("take", x23, np.take, options={"indices": [1, 7, -4], "axis": 1, "mode": "clip"}),
    Case("repeat", x23, np.repeat, options={"repeats": 2}),
    Case("repeat", x234, np.repeat, options={"repeats": 3, "axis": -2}),
    Case("repeat", x23, np.repeat, options={"repeats": [2, 0, 1], "axis": 1}),
    Case("tile", x23, np.tile, options={"reps": 2}),
    Case("tile", x23, np.tile, options={"reps": (2, 1, 3)}, note="more axes than x"),
    Case("tile", x234, np.tile, options={"reps": (2, 2)}, note="fewer axes than x"),
    Case("tile", ((),), np.tile, options={"reps": 3}),
    Case("tile", x23, np.tile, options={"reps": (0, 2)}, note="no copy at all"),
    Case("pad", x23, np.pad, options={"pad_width": 1}),
    Case("pad", x23, np.pad, options={"pad_width": ((0, 2), (1, 0)), "constant_values": 7.0}),
    Case("pad", x23, np.pad, options={"pad_width": ((1, 0), (2, 3)), "mode": "edge"}),
    Case("pad", ((3, 4),), np.pad, options={"pad_width": 2, "mode": "reflect"}),
    Case("pad", x23, np.pad, options={"pad_width": (1, 2), "mode": "symmetric"}),
    Case("pad", x23, np.pad, options={"pad_width": 4, "mode": "wrap"}, note="round more than once"),
    Case("diagonal", ((3, 4),), np.diagonal),
    Case("diagonal", x234, np.diagonal, options={"offset": -1, "axis1": 2, "axis2": 1}),
    Case("diag", ((3, 4),), np.diag, options={"k": 1}),
    Case("diag", ((3,),), np.diag),
    Case("diag", ((3,),), np.diag, options={"k": -2}),
    Case("trace", ((3, 4),), np.trace),
    Case("trace", ((3, 4),), np.trace, options={"offset": -1}),
    Case("trace", x234, np.trace, options={"axis1": -1, "axis2": 0}),
    Case("astype", x23, cast, options={"dtype": np.float64}, holomorphic=False),
]
