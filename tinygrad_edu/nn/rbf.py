"""Radial basis functions: units that answer to how far a point is from their centre, not to a weighted sum."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from tinygrad_edu.checks import as_table, one_of, positive
from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.nn.checks import check_counts, floating, operand
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.random import RandomSource, default_generator

KINDS: dict[str, Callable[[Any], Any]] = {
    "gaussian": lambda square: ops.exp(-0.5 * square),
    "multiquadric": lambda square: ops.sqrt(1.0 + square),
    "inverse_multiquadric": lambda square: 1.0 / ops.sqrt(1.0 + square),
}
"""The answer of a unit by the square of r, the distance in widths."""


def _subset(X: np.ndarray, k: int, rng: "np.random.Generator") -> np.ndarray:
    """k distinct points, drawn at random."""
    return rng.choice(np.unique(X, axis=0), k, replace=False)


def _clusters(X: np.ndarray, k: int, rng: "np.random.Generator") -> np.ndarray:
    """The centres that k-means finds."""
    from tinygrad_edu.data.clusters import kmeans  # imported here: not every network needs the package of data

    return kmeans(X, k, rng=rng)[0]


METHODS: "dict[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]]" = {
    "kmeans": _clusters,
    "subset": _subset,
}
"""Centres for k units from points X."""


class RBF(Module):
    """Radial basis units: unit j answers to the distance of a point x from its centre c_j, in its width w_j,

        r_j = |x - c_j|/w_j
        y_j = e^(-r_j²/2)     gaussian: 1 at the centre, and next to nothing some widths away
        y_j = √(1 + r_j²)     multiquadric: grows without limit
        y_j = 1/√(1 + r_j²)   inverse multiquadric: 1 at the centre, with long tails

    Centres and widths are learned. A width is positive by construction, as what is learned is its logarithm: a step of
    the optimizer multiplies it.

    Args:
        in_features: how many numbers a point x has.
        units: how many y has.
        kind: "gaussian", "multiquadric" or "inverse_multiquadric".
        width: of all units at the start, in units of x.
        dtype: of the parameters, `centres` of shape (units, in_features) and `log_widths` of shape (units,).
        rng: a seed or a `numpy.random.Generator` to draw the centres from a standard normal distribution, as suits
            standardised x; `init_from_data` is better.

    It takes x of shape (..., in_features) and gives (..., units).

    Errors: OptionError and ArgumentError for sizes that are no whole numbers of 1 or more, a width that is no number
    above 0, or an unknown kind; DtypeError for a dtype that is not floating; ShapeError for x whose last axis is not
    in_features long.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> X, y = tg.data.make_moons(n=200, rng=0)
    >>> model = tg.nn.Sequential(tg.nn.RBF(2, 10, rng=0).init_from_data(X, rng=0), tg.nn.Linear(10, 2, rng=0))
    >>> model(X).shape
    (200, 2)

    Source: D. S. Broomhead and D. Lowe, Multivariable functional interpolation and adaptive networks, Complex
    Systems 2, 1988; multiquadrics: R. L. Hardy, 1971, https://doi.org/10.1029/JB076i008p01905.
    Convention: the 2 in e^(-|x - c|²/(2 w²)), so that w is a standard deviation.
    """

    def __init__(self, in_features: int, units: int, kind: str = "gaussian", width: float = 1.0,
                 dtype: Any = np.float64, rng: RandomSource = None) -> None:
        check_counts("RBF", in_features=in_features, units=units)
        one_of("RBF: kind", kind, list(KINDS))
        positive("RBF: width", width)
        dtype = floating("RBF", dtype)
        self.in_features, self.units, self.kind = in_features, units, kind
        self.centres = Parameter(default_generator(rng).normal(size=(units, in_features)).astype(dtype))
        self.log_widths = Parameter(np.full(units, np.log(width), dtype))

    @property
    def widths(self) -> Any:
        """The width of each unit, a Value of shape (units,)."""
        return ops.exp(self.log_widths)

    def forward(self, x: Any) -> Any:
        x = operand("RBF", "x", x)
        if x.shape[-1:] != (self.in_features,):
            raise ShapeError(f"RBF({self.in_features}, {self.units}): x has shape {x.shape}, but its last axis must "
                             f"have the {self.in_features} features of a point")
        steps = (ops.expand_dims(x, -2) - self.centres) / ops.expand_dims(self.widths, -1)  # (..., units, in_features)
        return KINDS[self.kind](ops.sum(ops.square(steps), axis=-1))

    def init_from_data(self, X: Any, method: str = "kmeans", rng: RandomSource = None) -> Self:
        """Put the centres where the data are, and make the widths such that neighbours overlap; returns itself.

        Each width becomes the root mean square of the distances from the two nearest other centres. A single unit has
        none: its width becomes that of the distances of the data from it.

        Args:
            X: the points, (n, in_features), with at least as many distinct ones as there are units, and two.
            method: "kmeans" for the centres of clusters, "subset" for points drawn at random.
            rng: a seed or a `numpy.random.Generator` for either.

        Errors: ShapeError, DtypeError, ArgumentError for X that is no such table, ArgumentError for an unknown method;
        nothing is changed then.

        >>> import tinygrad_edu as tg
        >>> layer = tg.nn.RBF(1, 2).init_from_data([[0.0], [1.0], [10.0], [12.0]], rng=0)
        >>> layer.widths  # the centres are at 0.5 and 11
        Value([10.5, 10.5])

        Source: J. Moody and C. J. Darken, Fast learning in networks of locally-tuned processing units, 1989,
        https://doi.org/10.1162/neco.1989.1.2.281.
        """
        X = as_table("RBF.init_from_data", X)
        if X.shape[1] != self.in_features:
            raise ShapeError(f"RBF.init_from_data: X has shape {X.shape}, but its points must have "
                             f"{self.in_features} features")
        one_of("RBF.init_from_data: method", method, list(METHODS))
        distinct, needed = len(np.unique(X, axis=0)), max(2, self.units)
        if distinct < needed:
            raise ArgumentError(f"RBF.init_from_data: X has {distinct} distinct point{'' if distinct == 1 else 's'}, "
                                f"but must have {needed} for {self.units} unit{'' if self.units == 1 else 's'}; use "
                                "fewer units or more data")
        centres = METHODS[method](X, self.units, default_generator(rng))
        if self.units > 1:
            steps = np.sort(_distances(centres, centres), axis=1)[:, 1:3]  # without that of a centre from itself
        else:
            steps = _distances(centres, X)
        widths = np.hypot.reduce(steps, axis=1) / np.sqrt(steps.shape[1])
        self.centres.assign(centres, by="RBF.init_from_data")
        self.log_widths.assign(np.log(widths), by="RBF.init_from_data")
        return self

    def describe(self) -> str:
        return f"{self.in_features} -> {self.units}, {self.kind}"


def _distances(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """|a - b| of each a in A from each b in B, without overflow."""
    return np.hypot.reduce(A[:, None] - B, axis=-1)
