"""Initial weights: variances that keep signals and gradients of the same size from layer to layer.

Each scheme sets the variance of a weight matrix of shape (fan_out, fan_in):

    Xavier  2/(fan_in + fan_out)   tanh, sigmoid   (Glorot and Bengio 2010)
    He      2/fan_in               ReLU            (He et al. 2015)
    LeCun   1/fan_in               SELU            (LeCun et al. 1998)

A uniform distribution of that variance has the limits ±√(3·variance).
"""

from collections.abc import Callable

import numpy as np

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.random import RandomSource, default_generator

VARIANCES: dict[str, Callable[[int, int], float]] = {
    "xavier": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
}


def _deviation(scheme: str, shape: tuple[int, ...]) -> float:
    if len(shape) != 2 or 0 in shape:
        raise ShapeError(f"{scheme} initialisation needs a weight matrix (fan_out, fan_in), not shape {shape}")
    fan_out, fan_in = shape
    return float(np.sqrt(VARIANCES[scheme](fan_in, fan_out)))


def _uniform(scheme: str, shape: tuple[int, ...], rng: RandomSource) -> np.ndarray:
    limit = np.sqrt(3) * _deviation(scheme, shape)
    return default_generator(rng).uniform(-limit, limit, shape)


def _normal(scheme: str, shape: tuple[int, ...], rng: RandomSource) -> np.ndarray:
    return default_generator(rng).normal(0.0, _deviation(scheme, shape), shape)


def xavier_uniform(shape: tuple[int, ...], rng: RandomSource = None) -> np.ndarray:
    """Weights (fan_out, fan_in), uniform with variance 2/(fan_in + fan_out).

    >>> import numpy as np
    >>> bool(np.all(np.abs(xavier_uniform((3, 3))) <= 1))
    True
    """
    return _uniform("xavier", shape, rng)


def xavier_normal(shape: tuple[int, ...], rng: RandomSource = None) -> np.ndarray:
    """Weights (fan_out, fan_in), normal with variance 2/(fan_in + fan_out)."""
    return _normal("xavier", shape, rng)


def he_uniform(shape: tuple[int, ...], rng: RandomSource = None) -> np.ndarray:
    """Weights (fan_out, fan_in), uniform with variance 2/fan_in."""
    return _uniform("he", shape, rng)


def he_normal(shape: tuple[int, ...], rng: RandomSource = None) -> np.ndarray:
    """Weights (fan_out, fan_in), normal with variance 2/fan_in."""
    return _normal("he", shape, rng)


def lecun_uniform(shape: tuple[int, ...], rng: RandomSource = None) -> np.ndarray:
    """Weights (fan_out, fan_in), uniform with variance 1/fan_in."""
    return _uniform("lecun", shape, rng)


def lecun_normal(shape: tuple[int, ...], rng: RandomSource = None) -> np.ndarray:
    """Weights (fan_out, fan_in), normal with variance 1/fan_in."""
    return _normal("lecun", shape, rng)
