"""Initial weights: variances that keep signals and gradients of the same size from layer to layer.

Each scheme sets the variance of a weight matrix of shape (fan_out, fan_in), with mean 0:

    Xavier  2/(fan_in + fan_out)   tanh, sigmoid
    He      2/fan_in               ReLU, which lets half of the variance through
    LeCun   1/fan_in               SELU

A uniform distribution of that variance has the limits ±√(3·variance). `zeros` is none of them: see there. All
functions take

    shape: (fan_out, fan_in), that of the weight of a `Linear` layer;
    rng: a seed or a `numpy.random.Generator`; the library's own, which `manual_seed` seeds, if not given;

return float64, and raise ShapeError for another shape than that of a matrix with numbers in it.

Sources:
    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS 2010, https://proceedings.mlr.press/v9/glorot10a.html;
    K. He et al., Delving Deep into Rectifiers, ICCV 2015, https://arxiv.org/abs/1502.01852;
    Y. LeCun et al., Efficient BackProp, 1998, section 4.6, https://doi.org/10.1007/3-540-49430-8_2.

Convention: normal distributions are not cut off. PyTorch's `xavier_uniform_` is the same as here, and its
`kaiming_uniform_` with nonlinearity="relu" is He's.
"""

from collections.abc import Callable

import numpy as np

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.random import RandomSource, default_generator

VARIANCES: dict[str, Callable[[int, int], float]] = {
    "Xavier": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "He": lambda fan_in, fan_out: 2 / fan_in,
    "LeCun": lambda fan_in, fan_out: 1 / fan_in,
}


def xavier_uniform(shape: tuple[int, int], rng: RandomSource = None) -> np.ndarray:
    """Weights drawn evenly from ±√(6/(fan_in + fan_out)).

    >>> from tinygrad_edu.nn import init
    >>> float(abs(init.xavier_uniform((100, 50), rng=0)).max().round(3))  # √(6/150) = 0.2
    0.2
    """
    return _uniform("Xavier", shape, rng)


def xavier_normal(shape: tuple[int, int], rng: RandomSource = None) -> np.ndarray:
    """Weights drawn from a normal distribution of deviation √(2/(fan_in + fan_out)).

    >>> from tinygrad_edu.nn import init
    >>> float(init.xavier_normal((100, 100), rng=0).std().round(2))  # √(2/200) = 0.1
    0.1
    """
    return _normal("Xavier", shape, rng)


def he_uniform(shape: tuple[int, int], rng: RandomSource = None) -> np.ndarray:
    """Weights drawn evenly from ±√(6/fan_in).

    >>> from tinygrad_edu.nn import init
    >>> float(abs(init.he_uniform((50, 150), rng=0)).max().round(3))  # √(6/150) = 0.2
    0.2
    """
    return _uniform("He", shape, rng)


def he_normal(shape: tuple[int, int], rng: RandomSource = None) -> np.ndarray:
    """Weights drawn from a normal distribution of deviation √(2/fan_in).

    >>> from tinygrad_edu.nn import init
    >>> float(init.he_normal((50, 200), rng=0).std().round(2))  # √(2/200) = 0.1
    0.1
    """
    return _normal("He", shape, rng)


def lecun_uniform(shape: tuple[int, int], rng: RandomSource = None) -> np.ndarray:
    """Weights drawn evenly from ±√(3/fan_in).

    >>> from tinygrad_edu.nn import init
    >>> float(abs(init.lecun_uniform((50, 75), rng=0)).max().round(3))  # √(3/75) = 0.2
    0.2
    """
    return _uniform("LeCun", shape, rng)


def lecun_normal(shape: tuple[int, int], rng: RandomSource = None) -> np.ndarray:
    """Weights drawn from a normal distribution of deviation √(1/fan_in).

    >>> from tinygrad_edu.nn import init
    >>> float(init.lecun_normal((100, 100), rng=0).std().round(2))  # √(1/100) = 0.1
    0.1
    """
    return _normal("LeCun", shape, rng)


def zeros(shape: tuple[int, int], rng: RandomSource = None) -> np.ndarray:
    """No weights yet: right for a single unit, such as `Perceptron` or a linear regression.

    In a network with a hidden layer all its units would start, and so stay, the same: what is to be learned
    needs a difference to begin with.

    >>> from tinygrad_edu.nn import init
    >>> init.zeros((1, 3))
    array([[0., 0., 0.]])
    """
    _check_shape("Zero", shape)
    return np.zeros(shape)


def _uniform(scheme: str, shape: tuple[int, int], rng: RandomSource) -> np.ndarray:
    limit = np.sqrt(3 * _variance(scheme, shape))
    return default_generator(rng).uniform(-limit, limit, shape)


def _normal(scheme: str, shape: tuple[int, int], rng: RandomSource) -> np.ndarray:
    return default_generator(rng).normal(0, np.sqrt(_variance(scheme, shape)), shape)


def _variance(scheme: str, shape: tuple[int, int]) -> float:
    _check_shape(scheme, shape)
    fan_out, fan_in = shape
    return VARIANCES[scheme](fan_in, fan_out)


def _check_shape(scheme: str, shape: tuple[int, int]) -> None:
    if np.shape(shape) != (2,) or min(shape) < 1:
        raise ShapeError(f"{scheme} initialisation: expected the shape (fan_out, fan_in) of a matrix, got "
                         f"{shape}; a bias starts at 0")
