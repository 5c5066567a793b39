"""Data made to measure: small problems whose answer is known, to try a model on.

Every maker returns X, (n, p) float64, and y. For classes y is (n,) int64, the classes as equal in number as
can be; for regression it is (n,) float64, but for the lecture's workshop. `noise` is the standard deviation of
a normal distribution: of y in regression, of each coordinate of X among classes.

The same seed gives the same bits. Errors of all: OptionError for an argument of the wrong kind, ArgumentError
for one out of range; no random number is then drawn.
"""

from typing import Any

import numpy as np

from tinygrad_edu.checks import as_real_rows, as_table, is_list, real_number, whole_number
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.random import RandomSource, default_generator

Samples = tuple[np.ndarray, np.ndarray]


# ----- regression -----

def make_line(n: int = 100, slope: float = 2.0, intercept: float = 1.0, noise: float = 0.5,
              rng: RandomSource = None) -> Samples:
    """Points about a straight line, y = intercept + slope x + noise, at n even steps of x from 0 to 10.

    Returns: X (n, 1), y (n,).

    >>> from tinygrad_edu.data import make_line
    >>> X, y = make_line(n=3, noise=0)
    >>> X[:, 0], y
    (array([ 0.,  5., 10.]), array([ 1., 11., 21.]))
    """
    n, noise = _size_and_noise("make_line", n, noise)
    slope = real_number("make_line: slope", slope)
    intercept = real_number("make_line: intercept", intercept)
    x = np.linspace(0, 10, n)
    return x[:, None], _noisy(intercept + slope * x, noise, rng)


def make_polynomial(n: int = 100, coefficients: Any = (1.0, -2.0, 0.0, 3.0), noise: float = 0.1,
                    rng: RandomSource = None) -> Samples:
    """Points about a polynomial, y = c_0 + c_1 x + c_2 x^2 + ... + noise, at n even steps of x from -1 to 1.

    Args:
        coefficients: c_0, c_1, ..., (degree + 1,); the lecture's theta for phi(x) = (x^0, ..., x^p).

    Returns: X (n, 1), y (n,).

    >>> from tinygrad_edu.data import make_polynomial
    >>> X, y = make_polynomial(n=5, coefficients=[0, 0, 1], noise=0)
    >>> X[:, 0], y
    (array([-1. , -0.5,  0. ,  0.5,  1. ]), array([1.  , 0.25, 0.  , 0.25, 1.  ]))
    """
    n, noise = _size_and_noise("make_polynomial", n, noise)
    theta = as_real_rows("make_polynomial: coefficients", coefficients)
    if theta.ndim != 1:
        raise ShapeError(f"make_polynomial: coefficients need shape (degree + 1,), got {theta.shape}")
    x = np.linspace(-1, 1, n)
    return x[:, None], _noisy(np.polynomial.polynomial.polyval(x, theta), noise, rng)


def make_workshop(n: int = 3000, noise: float = 0.0, rng: RandomSource = None) -> Samples:
    """The function that the lecture's exercise asks a network to learn, at n even steps of x from 0 to 100.

        y = 3 sin(0.01 x) cos(0.1 x)

    It is written down as the exercise gives it: x far too large for a network to start from. Scale it.

    Returns: x (n, 1), and y as a column, (n, 1), as a network with one output gives it.

    >>> from tinygrad_edu.data import make_workshop
    >>> x, y = make_workshop()
    >>> x.shape, y.shape, x[-1]
    ((3000, 1), (3000, 1), array([100.]))
    """
    n, noise = _size_and_noise("make_workshop", n, noise)
    x = np.linspace(0, 100, n)[:, None]
    return x, _noisy(3 * np.sin(0.01 * x) * np.cos(0.1 * x), noise, rng)


# ----- classes -----

def make_moons(n: int = 100, noise: float = 0.1, rng: RandomSource = None) -> Samples:
    """Two half circles that reach into each other: no straight line parts them.

    Class 0 is the upper half of the unit circle about (0, 0), class 1 the lower half of that about (1, 1/2).

    Returns: X (n, 2), y (n,), in random order.

    >>> from tinygrad_edu.data import make_moons
    >>> X, y = make_moons(n=4, noise=0, rng=0)
    >>> X[y == 0].round(3)
    array([[-1.,  0.],
           [ 1.,  0.]])

    Convention: without noise, the points of scikit-learn's function of the same name.
    """
    n, noise = _size_and_noise("make_moons", n, noise, least=2)
    rng = default_generator(rng)
    y, place, count = _deal(n, 2, rng)
    angle = np.pi * place / np.maximum(count - 1, 1)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _noisy(np.where(y[:, None] == 0, upper, [1, 0.5] - upper), noise, rng), y


def make_circles(n: int = 100, factor: float = 0.5, noise: float = 0.05, rng: RandomSource = None) -> Samples:
    """A circle within a circle: the product features x0^2 and x1^2 part them.

    Args:
        factor: the radius of the inner circle, class 1; that of the outer one, class 0, is 1. From 0 to below 1.

    Returns: X (n, 2), y (n,), in random order.

    >>> import numpy as np
    >>> from tinygrad_edu.data import make_circles
    >>> X, y = make_circles(noise=0, rng=0)
    >>> radius = np.hypot(X[:, 0], X[:, 1]).round(6)
    >>> np.unique(radius[y == 0]), np.unique(radius[y == 1])
    (array([1.]), array([0.5]))

    Convention: without noise, the points of scikit-learn's function of the same name.
    """
    n, noise = _size_and_noise("make_circles", n, noise, least=2)
    factor = real_number("make_circles: factor", factor, low=0, below=1)
    rng = default_generator(rng)
    y, place, count = _deal(n, 2, rng)
    return _noisy(_polar(np.where(y == 0, 1, factor), 2 * np.pi * place / count), noise, rng), y


def make_spirals(n: int = 200, classes: int = 2, turns: float = 1.5, noise: float = 0.02,
                 rng: RandomSource = None) -> Samples:
    """Spiral arms wound about each other: hard for a network with few units.

        x = r (cos a, sin a),   0 < r <= 1,   a = 2 pi (turns r + class / classes)

    Args:
        classes: how many arms, 1 or more.
        turns: how often each arm goes around, 0 or more.

    Returns: X (n, 2), y (n,), in random order.

    >>> from tinygrad_edu.data import make_spirals
    >>> X, y = make_spirals(n=3, classes=3, turns=1, noise=0, rng=0)
    >>> X[y == 0].round(3)
    array([[ 1., -0.]])

    Source: the two spirals of K. J. Lang and M. J. Witbrock, Learning to Tell Two Spirals Apart (1988).
    """
    classes = whole_number("make_spirals: classes", classes, low=1)
    n, noise = _size_and_noise("make_spirals", n, noise, least=classes)
    turns = real_number("make_spirals: turns", turns, low=0)
    rng = default_generator(rng)
    y, place, count = _deal(n, classes, rng)
    r = (place + 1) / count  # not from 0, where all arms would meet
    return _noisy(_polar(r, 2 * np.pi * (turns * r + y / classes)), noise, rng), y


def make_xor(n: int = 200, noise: float = 0.1, rng: RandomSource = None) -> Samples:
    """Points about the corners of the unit square, class 1 where exactly one coordinate is 1.

    The problem that a single perceptron cannot solve. Four points without noise are the table of the function.

    Returns: X (n, 2), y (n,), the corners in turn.

    >>> from tinygrad_edu.data import make_xor
    >>> X, y = make_xor(n=4, noise=0)
    >>> X.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])

    Source: M. Minsky and S. Papert, Perceptrons (1969).
    """
    n, noise = _size_and_noise("make_xor", n, noise)
    corner = np.arange(n) % 4
    first, second = corner // 2, corner % 2
    return _noisy(np.stack([first, second], axis=1).astype(np.float64), noise, rng), first ^ second


def make_clusters(n: int = 150, centers: Any = 3, noise: float = 1.0, rng: RandomSource = None) -> Samples:
    """A cloud of points, normally distributed, about each of several centres.

    Args:
        centers: how many classes; their centres are then drawn evenly from -10 to 10 in both coordinates. Or the
            centres themselves, (classes, p).

    Returns: X (n, p), y (n,), the classes in turn.

    >>> from tinygrad_edu.data import make_clusters
    >>> X, y = make_clusters(n=1000, centers=[[0, 0], [5, 5]], noise=0.1, rng=0)
    >>> X[y == 1].mean(axis=0).round(1)
    array([5., 5.])
    """
    given = is_list(centers)
    if given:
        centers = as_table("make_clusters: centers", centers).astype(np.float64)
        classes = len(centers)
    else:
        classes = whole_number("make_clusters: centers, if not an array of them,", centers, low=1)
    n, noise = _size_and_noise("make_clusters", n, noise, least=classes)
    rng = default_generator(rng)
    if not given:
        centers = rng.uniform(-10, 10, size=(classes, 2))
    y = np.arange(n) % classes
    return _noisy(centers[y], noise, rng), y


def make_checkerboard(n: int = 500, squares: int = 4, noise: float = 0.0, rng: RandomSource = None) -> Samples:
    """Points spread evenly over a checkerboard from -1 to 1: class 0 on the squares of one colour, 1 on the other.

    Args:
        squares: along each side, 2 or more; the one at (-1, -1) is of class 0.

    Returns: X (n, 2), y (n,), the classes as chance has them.

    >>> from tinygrad_edu.data import make_checkerboard
    >>> X, y = make_checkerboard(squares=2, rng=0)
    >>> bool((y == (X[:, 0] * X[:, 1] < 0)).all())
    True
    """
    n, noise = _size_and_noise("make_checkerboard", n, noise)
    squares = whole_number("make_checkerboard: squares", squares, low=2)
    rng = default_generator(rng)
    position = rng.uniform(0, squares, size=(n, 2))
    y = np.floor(position).sum(axis=1).astype(np.int64) % 2
    return _noisy(position * (2 / squares) - 1, noise, rng), y


# ----- what they share -----

def _size_and_noise(maker: str, n: Any, noise: Any, least: int = 1) -> tuple[int, float]:
    """n and noise, checked; `least` is one row per class."""
    return whole_number(f"{maker}: n", n, low=least), real_number(f"{maker}: noise", noise, low=0)


def _noisy(ideal: np.ndarray, noise: float, rng: RandomSource) -> np.ndarray:
    return ideal + noise * default_generator(rng).normal(size=ideal.shape)


def _deal(n: int, classes: int, rng: "np.random.Generator") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n rows in random order, dealt to the classes in turn.

    Returns: the class of each row, its place in its class (0, 1, ...), and the size of its class.
    """
    place, y = np.divmod(rng.permutation(n), classes)
    return y, place, np.bincount(y)[y]


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
