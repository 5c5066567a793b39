"""Layers of a plain network: weighted sums, and what brings their inputs into shape."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.checks import shown, whole_number, yes_or_no
from tinygrad_edu.engine import ops
from tinygrad_edu.errors import OptionError, ShapeError
from tinygrad_edu.nn.checks import Initializer, check_counts, floating, initial_weights, operand
from tinygrad_edu.nn.init import xavier_uniform
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.random import RandomSource


class Linear(Module):
    """Every output is a weighted sum of all inputs, plus a bias:

        y = x Wᵀ + b,   y_j = Σ_i W_ji x_i + b_j

    Args:
        in_features: how many numbers a point x has.
        out_features: how many y has.
        bias: whether there is a b.
        dtype: of the parameters W, `weight` of shape (out_features, in_features), and b, `bias` of shape
            (out_features,).
        rng: a seed or a `numpy.random.Generator` to draw W from.
        init: how W starts, a function of `nn.init` or another of a shape and a generator; b starts at 0.

    It takes x of shape (..., in_features), any number of points, and gives (..., out_features).

    Errors: OptionError and ArgumentError for sizes that are no whole numbers of 1 or more, DtypeError for a
    dtype that is not floating, OptionError for a bias that is not True or False and an init that is no function;
    ShapeError, DtypeError and ArgumentError for what init gives, if these are no weights; ShapeError for x whose last
    axis is not in_features long.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> layer = tg.nn.Linear(3, 2)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)

    Source: F. Rosenblatt, The perceptron, Psychological Review 65, 1958, https://doi.org/10.1037/h0042519.
    Convention: names and shapes are PyTorch's, but the start is Xavier's. The lecture writes it as the matrix
    θ^(l) = (b | W), with the bias as its column 0, times the vector (1, x).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = np.float64,
                 rng: RandomSource = None, init: Initializer = xavier_uniform) -> None:
        check_counts("Linear", in_features=in_features, out_features=out_features)
        dtype, bias = floating("Linear", dtype), yes_or_no("Linear: bias", bias)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(initial_weights("Linear", init, (out_features, in_features), rng, dtype))
        self.bias = Parameter(np.zeros(out_features, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        x = operand("Linear", "x", x)
        if x.shape[-1:] != (self.in_features,):
            raise ShapeError(f"Linear({self.in_features}, {self.out_features}): x has shape {x.shape}, but its last "
                             f"axis must have the {self.in_features} features of a point; {self._cure(x.shape)}")
        return ops.linear(x, self.weight, self.bias)

    def _cure(self, shape: tuple[int, ...]) -> str:
        """What to do about x of this shape."""
        if len(shape) > 2 and math.prod(shape[1:]) == self.in_features:
            return f"put nn.Flatten() before, which makes {(shape[0], self.in_features)} of it"
        if len(shape) == 1 and self.in_features == 1:
            return "for a single feature pass x.reshape(-1, 1)"
        if len(shape) == 2 and shape[0] == self.in_features:
            return "a point is a row: pass x.T"
        return f"for such x it is Linear({shape[-1]}, {self.out_features})" if shape else "pass a row for each point"

    def describe(self) -> str:
        return f"{self.in_features} -> {self.out_features}{'' if self.bias is not None else ', no bias'}"


class Flatten(Module):
    """The numbers of every point in a row: y of shape (n, N) from x of shape (n, ...), with N numbers in a point.

    Args:
        start_dim: the first of the axes that become one, all to the last: 1 keeps the axis of the points.

    Errors: OptionError for a start_dim that is no whole number; ShapeError for x that has no such axis.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.Flatten()(np.ones((100, 8, 8))).shape  # images
    (100, 64)

    Convention: the name is PyTorch's.
    """

    def __init__(self, start_dim: int = 1) -> None:
        self.start_dim = whole_number("Flatten: start_dim", start_dim)

    def forward(self, x: Any) -> Any:
        x = operand("Flatten", "x", x)
        ndim = len(x.shape)
        if not -ndim <= self.start_dim < ndim:
            raise ShapeError(f"Flatten({self.describe()}): x has shape {x.shape}, without an axis {self.start_dim}; "
                             "points come one per row, as in x[None] for a single one")
        start = self.start_dim % ndim
        return ops.reshape(x, (*x.shape[:start], math.prod(x.shape[start:])))

    def describe(self) -> str:
        return f"start_dim={self.start_dim}"


class Lambda(Module):
    """A function as a module: y = f(x), to stand between others in a `Sequential`.

    Args:
        f: what to compute of x, with NumPy's functions or those of tinygrad_edu, without parameters to learn: for
            these write a `Module`.

    Errors: OptionError for what cannot be called.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.Lambda(np.sin)
    Lambda(sin)
    >>> tg.nn.Lambda(lambda x: 2 * x)(tg.Value([1.0, 2.0]))
    Value([2., 4.])
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        if not callable(f):
            raise OptionError(f"Lambda: f must be a function, as in Lambda(np.sin), got {shown(f)} of type "
                              f"{type(f).__name__}")
        self.f = f

    def forward(self, *inputs: Any) -> Any:
        return self.f(*inputs)

    def describe(self) -> str:
        return getattr(self.f, "__name__", type(self.f).__name__)
