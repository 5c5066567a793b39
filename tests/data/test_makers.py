"""The makers: their formulas, their balance, their seeds, and what they say to bad input."""

import inspect

import numpy as np
import pytest

from tinygrad_edu import data
from tinygrad_edu.data import (
    make_checkerboard,
    make_circles,
    make_clusters,
    make_line,
    make_moons,
    make_polynomial,
    make_spirals,
    make_workshop,
    make_xor,
)
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.random import default_generator, manual_seed

REGRESSION = [make_line, make_polynomial, make_workshop]
CLASSES = [make_moons, make_circles, make_spirals, make_xor, make_clusters, make_checkerboard]

every_maker = pytest.mark.parametrize("make", [*REGRESSION, *CLASSES])


def test_every_maker_is_tested_here():
    assert {name for name in data.__all__ if name.startswith("make_")} == {
        make.__name__ for make in [*REGRESSION, *CLASSES]}


# ----- formulas -----

def test_a_line_without_noise_is_a_line():
    X, y = make_line(n=7, slope=-3, intercept=2, noise=0)
    assert (X.shape, y.shape) == ((7, 1), (7,))
    np.testing.assert_allclose(np.polyfit(X[:, 0], y, 1), [-3, 2], rtol=1e-12)


def test_noise_is_the_standard_deviation():
    X, y = make_line(n=20_000, slope=1, intercept=0, noise=0.3, rng=0)
    residuals = y - X[:, 0]
    # four standard errors of a standard deviation and of a mean
    assert abs(residuals.std() - 0.3) < 4 * 0.3 / np.sqrt(2 * 20_000)
    assert abs(residuals.mean()) < 4 * 0.3 / np.sqrt(20_000)


def test_a_polynomial_has_its_coefficients():
    theta = [1.0, -2.0, 0.5, 4.0]
    X, y = make_polynomial(n=20, coefficients=theta, noise=0)
    assert (X.shape, X.min(), X.max(), y.shape) == ((20, 1), -1, 1, (20,))
    np.testing.assert_allclose(np.vander(X[:, 0], 4, increasing=True) @ theta, y, rtol=1e-12)


def test_the_workshop_function_is_the_one_of_the_exercise():
    x, y = make_workshop()
    assert (x.shape, y.shape, x.min(), x.max()) == ((3000, 1), (3000, 1), 0, 100)
    np.testing.assert_allclose(np.diff(x, axis=0), 100 / 2999)
    # 2 sin a cos b = sin(a + b) + sin(a - b)
    np.testing.assert_allclose(y, 1.5 * (np.sin(0.11 * x) - np.sin(0.09 * x)), atol=1e-12)


def test_moons_are_half_circles():
    X, y = make_moons(n=51, noise=0, rng=0)
    upper, lower = X[y == 0], X[y == 1] - [1, 0.5]
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(*lower.T), 1)
    assert upper[:, 1].min() >= 0 and lower[:, 1].max() <= 1e-15


def test_circles_are_circles_all_around():
    X, y = make_circles(n=40, noise=0, factor=0.25, rng=0)
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 1, 0.25))
    np.testing.assert_allclose([X[y == 0].mean(axis=0), X[y == 1].mean(axis=0)], 0, atol=1e-15)


@pytest.mark.parametrize("name", ["make_moons", "make_circles"])
def test_moons_and_circles_are_the_points_of_scikit_learn(name):
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = getattr(data, name)(n=60, noise=0, rng=0)
    options = {"factor": 0.5} if name == "make_circles" else {}
    expected_X, expected_y = getattr(datasets, name)(n_samples=60, shuffle=False, **options)
    for label in (0, 1):
        ours, theirs = X[y == label], expected_X[expected_y == label]
        distances = np.linalg.norm(ours[:, None] - theirs, axis=2)
        assert sorted(distances.argmin(axis=1)) == list(range(30))
        np.testing.assert_allclose(distances.min(axis=1), 0, atol=1e-12)


def test_spirals_wind_as_often_as_they_are_told():
    X, y = make_spirals(n=600, classes=3, turns=2, noise=0, rng=0)
    r = np.hypot(*X.T)
    assert 0 < r.min() and r.max() == pytest.approx(1)
    angle = np.arctan2(X[:, 1], X[:, 0]) / (2 * np.pi)
    np.testing.assert_allclose((angle - 2 * r - y / 3 + 0.5) % 1, 0.5, atol=1e-12)


def test_xor_is_the_sign_of_a_product():
    X, y = make_xor(n=30, noise=0)
    assert (y == ((X[:, 0] - 0.5) * (X[:, 1] - 0.5) < 0)).all()
    assert np.unique(X, axis=0).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_clusters_lie_about_their_centres():
    centers = np.array([[0.0, 0.0, 3.0], [5.0, -5.0, 1.0]])
    X, y = make_clusters(n=20_000, centers=centers, noise=2, rng=0)
    for label, center in enumerate(centers):
        cloud = X[y == label] - center
        np.testing.assert_allclose(cloud.mean(axis=0), 0, atol=4 * 2 / np.sqrt(10_000))
        np.testing.assert_allclose(np.cov(cloud.T), 4 * np.eye(3), atol=0.25)
    assert (make_clusters(n=4, centers=centers, noise=0)[0] == centers[[0, 1, 0, 1]]).all()


def test_a_checkerboard_alternates_along_both_axes():
    X, y = make_checkerboard(n=4000, squares=4, rng=0)
    assert np.abs(X).max() <= 1
    grid = np.floor((X + 1) * 2).astype(int)
    board = np.full((4, 4), -1)
    board[grid[:, 0], grid[:, 1]] = y
    assert board.tolist() == [[0, 1, 0, 1], [1, 0, 1, 0]] * 2
    assert (board[grid[:, 0], grid[:, 1]] == y).all()


# ----- what holds for all -----

@pytest.mark.parametrize("make", CLASSES)
@pytest.mark.parametrize("n", [20, 23])
def test_classes_are_balanced_to_the_row(make, n):
    X, y = make(n=n, rng=0)
    assert (X.shape, X.dtype, y.shape, y.dtype) == ((n, 2), np.float64, (n,), np.int64)
    counts = np.bincount(y)
    if make is make_checkerboard:  # there chance deals the classes
        assert counts.min() > 0
    else:
        assert np.ptp(counts) <= 1


@every_maker
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(make):
    (X, y), (again, labels), (other, others) = (make(n=30, noise=0.1, rng=seed) for seed in (0, 0, 1))
    assert (X == again).all() and (y == labels).all()
    assert (X != other).any() or (y != others).any()
    manual_seed(5)
    first = make(n=30, noise=0.1)
    manual_seed(5)
    assert all((a == b).all() for a, b in zip(first, make(n=30, noise=0.1), strict=True))


@every_maker
@pytest.mark.parametrize("options, error, message", [
    ({"n": 0}, ArgumentError, "n must be . or more, got 0"),
    ({"n": -5}, ArgumentError, "n must be . or more, got -5"),
    ({"n": 10.0}, OptionError, "n must be a whole number, got 10.0 of type float"),
    ({"n": None}, OptionError, "got None"),
    ({"noise": -0.1}, ArgumentError, "noise must be 0 or more, got -0.1"),
    ({"noise": np.nan}, ArgumentError, "noise must be 0 or more, got nan"),
    ({"noise": np.inf}, ArgumentError, "got inf"),
    ({"noise": "much"}, OptionError, "noise must be a number, got 'much' of type str"),
])
def test_bad_sizes_and_noise_are_refused_and_draw_no_random_numbers(make, options, error, message):
    refuses(make, options, error, message)


@pytest.mark.parametrize("make, options, error, message", [
    (make_line, {"slope": np.nan}, ArgumentError, "slope must be finite, got nan"),
    (make_line, {"slope": 10**400}, ArgumentError, "slope must be finite"),
    (make_line, {"intercept": "1"}, OptionError, "intercept must be a number"),
    (make_polynomial, {"coefficients": []}, ShapeError, "coefficients: there are no rows"),
    (make_polynomial, {"coefficients": [[1, 2]]}, ShapeError, r"shape \(degree \+ 1,\), got \(1, 2\)"),
    (make_polynomial, {"coefficients": [1, np.nan]}, ArgumentError, "coefficients: 1 of 2 numbers are NaN"),
    (make_moons, {"n": 1}, ArgumentError, "n must be 2 or more, got 1"),
    (make_circles, {"factor": 1}, ArgumentError, "factor must be from 0 to below 1, got 1"),
    (make_circles, {"factor": -0.5}, ArgumentError, "factor must be from 0 to below 1, got -0.5"),
    (make_spirals, {"classes": 0}, ArgumentError, "classes must be 1 or more, got 0"),
    (make_spirals, {"n": 3, "classes": 4}, ArgumentError, "n must be 4 or more, got 3"),
    (make_spirals, {"turns": -1}, ArgumentError, "turns must be 0 or more"),
    (make_clusters, {"centers": 0}, ArgumentError, "must be 1 or more, got 0"),
    (make_clusters, {"centers": "three"}, OptionError, "centers, if not an array of them, must be a whole number"),
    (make_clusters, {"centers": [1, 2]}, ShapeError, r"centers: expected shape \(n, p\), .* got \(2,\)"),
    (make_clusters, {"centers": [[1, 2], [3]]}, ShapeError, "centers: a list whose rows differ in length"),
    (make_clusters, {"centers": [[1, np.inf]]}, ArgumentError, "centers: 1 of 2 numbers are NaN or infinite"),
    (make_clusters, {"centers": np.ones((5, 2)), "n": 4}, ArgumentError, "n must be 5 or more, got 4"),
    (make_checkerboard, {"squares": 1}, ArgumentError, "squares must be 2 or more, got 1"),
    (make_checkerboard, {"squares": 2.5}, OptionError, "squares must be a whole number"),
])
def test_bad_options_are_refused_and_draw_no_random_numbers(make, options, error, message):
    refuses(make, options, error, message)


def refuses(make, options, error, message):
    before = default_generator().bit_generator.state
    with pytest.raises(error, match=f"^{make.__name__}: .*{message}"):
        make(**options)
    assert default_generator().bit_generator.state == before


@every_maker
def test_every_maker_has_a_size_noise_and_a_seed(make):
    names = list(inspect.signature(make).parameters)
    assert (names[0], names[-2], names[-1]) == ("n", "noise", "rng")
    with pytest.raises(OptionError, match=r"^rng: "):
        make(rng="seed")
