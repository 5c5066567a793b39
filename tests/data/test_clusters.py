"""k-means: scikit-learn's centres, the best of all partitions, Lloyd's fixed point, seeds, and bad input."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import data
from tinygrad_edu.data import clusters, kmeans
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError
from tinygrad_edu.random import default_generator, manual_seed


def squared_distances(X, centres):
    return ((X[:, None] - centres) ** 2).sum(axis=-1)


def test_from_the_same_start_the_centres_are_scikit_learns():
    cluster = pytest.importorskip("sklearn.cluster")
    X = data.load_iris().X
    start = X[[0, 60, 120]]
    centres, nearest = clusters._lloyd(X, start, 300)
    theirs = cluster.KMeans(3, init=start, n_init=1, tol=0, algorithm="lloyd").fit(X)
    np.testing.assert_allclose(centres, theirs.cluster_centers_, rtol=1e-12)
    np.testing.assert_array_equal(nearest, theirs.labels_)


def test_the_best_of_some_seeds_is_the_best_of_all_partitions():
    X = np.random.default_rng(1).normal(size=(8, 2))

    def inertia(labels):
        return sum(((X[labels == i] - X[labels == i].mean(axis=0)) ** 2).sum() for i in set(labels.tolist()))

    best = min(inertia(np.array(labels)) for labels in product(range(3), repeat=8))
    found = min(squared_distances(X, kmeans(X, 3, rng=seed)[0]).min(axis=1).sum() for seed in range(10))
    assert found == pytest.approx(best, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 10**6))
def test_every_point_has_the_nearest_centre_and_every_centre_is_the_mean_of_its_points(k, p, seed):
    X = np.random.default_rng(seed).normal(size=(40, p))
    centres, nearest = kmeans(X, k, rng=seed)
    assert centres.shape == (k, p)
    np.testing.assert_array_equal(nearest, squared_distances(X, centres).argmin(axis=1))
    for i in set(nearest.tolist()):
        np.testing.assert_allclose(centres[i], X[nearest == i].mean(axis=0), rtol=1e-12, atol=1e-15)


def test_the_start_takes_far_points_in_proportion_to_their_squared_distance():
    X = np.array([[0.0], [1.0], [3.0]])
    rng = np.random.default_rng(0)
    starts = [clusters._spread_out(X, 2, rng).ravel().tolist() for _ in range(3000)]
    after_0 = [second for first, second in starts if first == 0.0]
    assert len(after_0) == pytest.approx(1000, abs=100)  # four standard deviations
    assert after_0.count(3.0) / len(after_0) == pytest.approx(9 / (1 + 9), abs=0.04)
    assert 0.0 not in after_0


def test_a_centre_that_no_point_is_nearest_to_stays_where_it_is():
    centres, nearest = clusters._lloyd(np.array([[0.0], [2.0]]), np.array([[1.0], [100.0]]), 10)
    np.testing.assert_array_equal(centres, [[1.0], [100.0]])
    np.testing.assert_array_equal(nearest, [0, 0])


def test_with_a_centre_for_every_point_the_centres_are_the_points():
    X = np.array([[0.0, 1.0], [5.0, 5.0], [5.0, 6.0], [-1.0, 2.0]])
    centres, nearest = kmeans(X, 4, rng=0)
    np.testing.assert_array_equal(centres[nearest], X)


@pytest.mark.parametrize("scale", [2.0**-900, 2.0**900])
def test_the_magnitude_of_the_data_makes_no_difference(scale):
    X = np.random.default_rng(0).normal(size=(30, 2))
    centres, nearest = kmeans(X, 4, rng=0)
    scaled, same = kmeans(scale * X, 4, rng=0)
    np.testing.assert_array_equal(scaled, scale * centres)
    np.testing.assert_array_equal(same, nearest)


def test_one_step_may_be_too_few():
    X = np.random.default_rng(0).normal(size=(300, 2))
    start = X[:5]
    first, last = clusters._lloyd(X, start, 1)[0], clusters._lloyd(X, start, 300)[0]
    assert squared_distances(X, last).min(axis=1).sum() < squared_distances(X, first).min(axis=1).sum()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_same_seed_gives_the_same_bits_in_the_dtype_of_the_data(dtype):
    X = np.random.default_rng(0).normal(size=(50, 3)).astype(dtype)
    assert kmeans(X, 5, rng=3)[0].dtype == dtype
    assert kmeans(X, 5, rng=3)[0].tobytes() == kmeans(X, 5, rng=np.random.default_rng(3))[0].tobytes()
    state = default_generator().bit_generator.state
    try:
        manual_seed(3)
        assert kmeans(X, 5)[0].tobytes() == kmeans(X, 5, rng=3)[0].tobytes()
    finally:
        default_generator().bit_generator.state = state


@pytest.mark.parametrize(("X", "k", "error", "message"), [
    ([[1.0], [1.0], [2.0]], 3, ArgumentError, "X has only 2 distinct points for k = 3 centres; use fewer"),
    ([[1.0], [np.nan]], 1, ArgumentError, "NaN"), ([[1.0]], 0, ArgumentError, "kmeans: k must be 1 or more"),
    ([[1.0]], 1.0, OptionError, "kmeans: k must be a whole number"), ([1.0, 2.0], 1, ShapeError, "reshape"),
    ([], 1, ShapeError, "no rows"), ([["a"]], 1, DtypeError, "kmeans"),
])
def test_bad_input_is_an_error_with_the_cure(X, k, error, message):
    with pytest.raises(error, match=message):
        kmeans(X, k, rng=0)
    with pytest.raises(ArgumentError, match="max_iterations must be 1 or more"):
        kmeans([[1.0]], 1, max_iterations=0)
