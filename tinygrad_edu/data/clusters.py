"""k-means: a few centres that stand for many points."""

from typing import Any

import numpy as np

from tinygrad_edu.checks import as_table, whole_number
from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.random import RandomSource, default_generator


def kmeans(X: Any, k: int, max_iterations: int = 300, rng: RandomSource = None) -> tuple[np.ndarray, np.ndarray]:
    """k centres such that the squared distances of all points from the nearest of them have a small sum.

    The start is that of k-means++: points drawn one after the other, each with a probability in proportion to its
    squared distance from those drawn already. Then Lloyd's two steps, until nothing changes: each point belongs to the
    nearest centre, each centre moves to the mean of its points. The sum never grows, but it may end in a local minimum,
    so another seed may do better.

    Args:
        X: the points, (n, p), on comparable scales.
        k: how many centres, at most as many as there are distinct points.
        max_iterations: how often the two steps are done at most.
        rng: a seed or a `numpy.random.Generator` for the start.

    Returns: the centres, (k, p) in the dtype of X, and the number of each point's centre, (n,).

    Errors: ArgumentError for NaN, for k below 1 or above the number of distinct points; ShapeError, DtypeError,
    OptionError for what is no table or no whole number.

    >>> from tinygrad_edu.data import kmeans
    >>> centres, nearest = kmeans([[0.0], [1.0], [10.0], [12.0]], k=2, rng=0)
    >>> sorted(centres.ravel().tolist())
    [0.5, 11.0]

    Source: S. Lloyd, Least squares quantization in PCM, 1982, https://doi.org/10.1109/TIT.1982.1056489; D. Arthur and
    S. Vassilvitskii, k-means++: the advantages of careful seeding, SODA 2007.
    Convention: a centre that no point is nearest to stays where it is.
    """
    X = as_table("kmeans", X)
    k = whole_number("kmeans: k", k, 1)
    max_iterations = whole_number("kmeans: max_iterations", max_iterations, 1)
    exponent = np.frexp(np.max(np.abs(X)))[1]
    scaled = np.ldexp(X, -exponent)  # no digit changes, and no square overflows or vanishes
    centres, nearest = _lloyd(scaled, _spread_out(scaled, k, default_generator(rng)), max_iterations)
    return np.ldexp(centres, exponent), nearest


def _spread_out(X: np.ndarray, k: int, rng: "np.random.Generator") -> np.ndarray:
    """The start of k-means++."""
    centres = X[rng.integers(len(X), size=1)]
    while len(centres) < k:
        distances = _squared_distances(X, centres).min(axis=1).astype(np.float64)
        if not distances.any():
            raise ArgumentError(f"kmeans: X has only {len(centres)} distinct points for k = {k} centres; use fewer")
        centres = np.concatenate([centres, X[rng.choice(len(X), size=1, p=distances / distances.sum())]])
    return centres


def _lloyd(X: np.ndarray, centres: np.ndarray, max_iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """The centres when nothing changes any more, and the number of the nearest to each point."""
    nearest = _squared_distances(X, centres).argmin(axis=1)
    for _ in range(max_iterations):
        centres = np.stack([X[nearest == i].mean(axis=0) if (nearest == i).any() else centre
                            for i, centre in enumerate(centres)])
        before, nearest = nearest, _squared_distances(X, centres).argmin(axis=1)
        if (nearest == before).all():
            break
    return centres, nearest


def _squared_distances(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """|x - c|² of each point from each centre, (n, k)."""
    return np.stack([np.sum((X - centre) ** 2, axis=1) for centre in centres], axis=1)
