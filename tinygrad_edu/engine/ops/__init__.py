"""Every primitive, once: its NumPy forward, its gradient rules, its notation. This is the table of contents.

A rule reads `lambda g, y, inputs...: dJ/dinput`, where g = dJ/dy and y is the output. Rules and forwards are
plain NumPy: run on arrays they compute, run on Values they build the graph of the gradient.
"""
# ruff: noqa: I001  (names in rows, to be seen at a glance)

from tinygrad_edu.engine.ops.arithmetic import (
    absolute, add, cbrt, clip, divide, floor_divide, hypot, maximum, minimum, multiply, negative, positive,
    power, reciprocal, remainder, sqrt, square, subtract, where,
)
from tinygrad_edu.engine.ops.elementwise import (
    arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, ceil, cos, cosh, deg2rad, exp, exp2, expm1, floor, log,
    log10, log1p, log2, logaddexp, rad2deg, round, sign, sin, sinh, tan, tanh,
)
from tinygrad_edu.engine.ops.normal import erf, normal_cdf, normal_pdf
from tinygrad_edu.engine.ops.activations import log_softmax, logsumexp, sigmoid, softmax
from tinygrad_edu.engine.ops.rectifiers import binary_step, elu, gelu, leaky_relu, relu, selu, softplus
from tinygrad_edu.engine.ops.likelihoods import binary_cross_entropy, cross_entropy, gaussian_nll
from tinygrad_edu.engine.ops.reductions import (
    cumprod, cumsum, max, mean, min, prod, sort, std, sum, sum_of_squares, var,
)
from tinygrad_edu.engine.ops.indexing import getitem, scatter_add, setitem, take_along_axis
from tinygrad_edu.engine.ops.shapes import (
    astype, broadcast_to, concatenate, diag, diagonal, expand_dims, flip, matrix_transpose, moveaxis, pad,
    repeat, reshape, roll, squeeze, stack, swapaxes, take, tile, trace, transpose, tril, triu,
)
from tinygrad_edu.engine.ops.products import dot, einsum, linear, matmul, outer, tensordot
from tinygrad_edu.engine.ops.convolution import filter_windows, max_of_windows, overlap_add, windows
from tinygrad_edu.engine.ops.linalg import cholesky, det, inv, logabsdet, norm, signdet, slogdet, solve
from tinygrad_edu.engine.ops.composed import (
    append, array_split, atleast_1d, atleast_2d, average, column_stack, diff, fliplr, flipud,
    full_like, hsplit, hstack, inner, matvec, ptp, ravel, split, trunc, unstack, vdot, vecdot,
    vecmat, vsplit, vstack,
)

__all__ = [
    # arithmetic
    "absolute", "add", "cbrt", "clip", "divide", "floor_divide", "hypot", "maximum", "minimum", "multiply",
    "negative", "positive", "power", "reciprocal", "remainder", "sqrt", "square", "subtract", "where",
    # elementwise
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "ceil", "cos", "cosh", "deg2rad", "exp",
    "exp2", "expm1", "floor", "log", "log10", "log1p", "log2", "logaddexp", "rad2deg", "round", "sign", "sin", "sinh",
    "tan", "tanh",
    # normal
    "erf", "normal_cdf", "normal_pdf",
    # activations
    "log_softmax", "logsumexp", "sigmoid", "softmax",
    # rectifiers
    "binary_step", "elu", "gelu", "leaky_relu", "relu", "selu", "softplus",
    # likelihoods
    "binary_cross_entropy", "cross_entropy", "gaussian_nll",
    # reductions
    "cumprod", "cumsum", "max", "mean", "min", "prod", "sort", "std", "sum", "sum_of_squares", "var",
    # indexing
    "getitem", "scatter_add", "setitem", "take_along_axis",
    # shapes
    "astype", "broadcast_to", "concatenate", "diag", "diagonal", "expand_dims", "flip", "matrix_transpose",
    "moveaxis", "pad", "repeat", "reshape", "roll", "squeeze", "stack", "swapaxes", "take", "tile", "trace",
    "transpose", "tril", "triu",
    # products
    "dot", "einsum", "linear", "matmul", "outer", "tensordot",
    # convolution
    "filter_windows", "max_of_windows", "overlap_add", "windows",
    # linalg
    "cholesky", "det", "inv", "logabsdet", "norm", "signdet", "slogdet", "solve",
    # composed
    "append", "array_split", "atleast_1d", "atleast_2d", "average", "column_stack", "diff",
    "fliplr", "flipud", "full_like", "hsplit", "hstack", "inner", "matvec", "ptp", "ravel",
    "split", "trunc", "unstack", "vdot", "vecdot", "vecmat", "vsplit", "vstack",
]
