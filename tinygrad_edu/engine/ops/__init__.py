"""Every primitive, once: its NumPy forward, its gradient rules, its notation. This page is the table of contents.

A rule reads `lambda g, y, inputs...: dJ/dinput`, where g = dJ/dy and y is the output. Rules and forwards are plain
NumPy: run on arrays they compute, run on Values they build the graph of the gradient.
"""

from tinygrad_edu.engine.ops.activations import (
    cross_entropy, erf, log_softmax, logsumexp, relu, sigmoid, softmax, softplus,
)
from tinygrad_edu.engine.ops.arithmetic import (
    absolute, add, clip, divide, floor_divide, hypot, cbrt, maximum, minimum, multiply, negative, positive, power,
    reciprocal, remainder, sqrt, square, subtract, where,
)
from tinygrad_edu.engine.ops.elementwise import (
    arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, ceil, cos, cosh, exp, exp2, expm1, floor, log, log1p,
    log2, log10, logaddexp, round, sign, sin, sinh, tan, tanh,
)
from tinygrad_edu.engine.ops.indexing import getitem, scatter_add, setitem, take_along_axis
from tinygrad_edu.engine.ops.linalg import cholesky, det, inv, logabsdet, norm, solve
from tinygrad_edu.engine.ops.products import dot, einsum, linear, matmul, outer, tensordot
from tinygrad_edu.engine.ops.reductions import cumprod, cumsum, max, mean, min, prod, sort, std, sum, var
from tinygrad_edu.engine.ops.shapes import (
    astype, broadcast_to, concatenate, diag, diagonal, expand_dims, flip, moveaxis, pad, repeat, reshape, roll, squeeze,
    stack, swapaxes, take, tile, trace, transpose, tril, triu,
)

__all__ = [
    "absolute", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "astype",
    "broadcast_to", "cbrt", "ceil", "cholesky", "clip", "concatenate", "cos", "cosh", "cross_entropy", "cumprod",
    "cumsum", "det", "diag", "diagonal", "divide", "dot", "einsum", "erf", "exp", "exp2", "expand_dims", "expm1",
    "flip", "floor", "floor_divide", "getitem", "hypot", "inv", "linear", "log", "log10", "log1p", "log2",
    "log_softmax", "logabsdet", "logaddexp", "logsumexp", "matmul", "max", "maximum", "mean", "min", "minimum",
    "moveaxis", "multiply", "negative", "norm", "outer", "pad", "positive", "power", "prod", "reciprocal", "relu",
    "remainder", "repeat", "reshape", "roll", "round", "scatter_add", "setitem", "sigmoid", "sign", "sin", "sinh",
    "softmax", "softplus", "solve", "sort", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum",
    "swapaxes", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile", "trace", "transpose", "tril", "triu",
    "var", "where",
]
