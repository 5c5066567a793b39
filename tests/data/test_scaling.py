"""StandardScaler: against its formula and scikit-learn, over all shapes and dtypes, and on bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu.data import StandardScaler
from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError, StateError

samples = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=6),
                     elements=st.floats(-1e6, 1e6, allow_subnormal=False))


@given(samples)
def test_inverse_undoes_transform(X):
    scaler = StandardScaler()
    Z = scaler.fit_transform(X)
    assert Z.shape == X.shape
    np.testing.assert_allclose(scaler.inverse_transform(Z), X, rtol=1e-9, atol=1e-9)


@given(hnp.arrays(np.int64, (7, 3), elements=st.integers(-1000, 1000)))
def test_mean_0_and_deviation_1_except_for_constant_features(X):
    Z = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    constant = np.ptp(X, axis=0) == 0
    np.testing.assert_allclose(Z.std(axis=0), np.where(constant, 0, 1), atol=1e-12)


def test_two_features_by_hand():
    scaler = StandardScaler().fit([[1, 0], [2, 0], [3, 6]])
    np.testing.assert_allclose(scaler.mean_, [2, 2])
    np.testing.assert_allclose(scaler.scale_, [np.sqrt(2 / 3), np.sqrt(8)])
    np.testing.assert_allclose(scaler.transform([[2, 2 + np.sqrt(8)]]), [[0, 1]], atol=1e-15)


def test_same_numbers_as_scikit_learn():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = np.random.default_rng(0).normal(5, [1e-3, 1, 1e3], size=(50, 3))
    X[:, 1] = 0.1  # constant, and its computed deviation is not 0
    expected = preprocessing.StandardScaler().fit(X)
    scaler = StandardScaler().fit(X)
    np.testing.assert_allclose(scaler.mean_, expected.mean_)
    np.testing.assert_allclose(scaler.scale_, expected.scale_)
    np.testing.assert_allclose(scaler.transform(X), expected.transform(X), atol=1e-12)


@pytest.mark.parametrize("dtype, kept", [("f2", "f2"), ("f4", "f4"), ("f8", "f8"), ("g", "g"),
                                         ("i4", "f8"), ("u1", "f8"), ("?", "f8")])
def test_floating_dtypes_are_kept(dtype, kept):
    X = np.array([[0, 1], [1, 1]], dtype=dtype)
    Z = StandardScaler().fit_transform(X)
    assert Z.dtype == np.dtype(kept)
    assert Z.tolist() == [[-1, 0], [1, 0]]


def test_small_dtypes_do_not_overflow():
    X = np.full((1000, 1), 60_000, dtype=np.float16)
    X[::2] = -60_000
    assert StandardScaler().fit(X).scale_ == X[1, 0]


def test_the_given_array_is_left_alone():
    X = np.arange(6.0).reshape(3, 2)
    StandardScaler().fit_transform(X)
    assert (X == np.arange(6.0).reshape(3, 2)).all()


def test_transform_before_fit_says_what_to_do():
    with pytest.raises(StateError, match=r"StandardScaler\.transform: .* call fit"):
        StandardScaler().transform([[1.0]])
    with pytest.raises(StateError, match=r"StandardScaler\.inverse_transform: .* call fit"):
        StandardScaler().inverse_transform([[1.0]])


bad_everywhere = [
    ([[1.0, np.nan]], ArgumentError, "1 of 2 numbers are NaN or infinite"),
    ([[np.inf, -np.inf]], ArgumentError, "2 of 2 numbers are NaN or infinite"),
    ([["a", "b"]], DtypeError, "expected real numbers, got dtype <U1"),
    ([[1j, 0]], DtypeError, "got dtype complex128"),
    ([[None, 0]], DtypeError, "got dtype object"),
    (np.empty((0, 2)), ShapeError, r"no rows in an array of shape \(0, 2\)"),
    ([], ShapeError, r"no rows in an array of shape \(0,\)"),
    (3.0, ShapeError, r"got 3.0 of shape \(\)"),
    ([[1.0, 2.0], [3.0]], ShapeError, "rows differ in length"),
]


@pytest.mark.parametrize("bad, error, message", bad_everywhere)
@pytest.mark.parametrize("method", ["fit", "transform", "inverse_transform", "fit_transform"])
def test_bad_input_is_refused_and_what_was_learned_is_kept(method, bad, error, message):
    scaler = StandardScaler().fit([[1.0, 2.0], [3.0, 6.0]])
    named = "fit" if method == "fit_transform" else method  # the part of it that fails
    with pytest.raises(error, match=rf"^StandardScaler\.{named}: .*{message}"):
        getattr(scaler, method)(bad)
    assert (scaler.mean_.tolist(), scaler.scale_.tolist()) == ([2, 4], [1, 2])


def test_other_features_than_in_fit_are_refused():
    scaler = StandardScaler().fit(np.ones((4, 3)))
    with pytest.raises(ShapeError, match=r"transform: expected shape \(m, 3\) as in fit, .* got \(4, 2\)"):
        scaler.transform(np.ones((4, 2)))
    with pytest.raises(ShapeError, match=r"expected shape \(m\) as in fit"):
        StandardScaler().fit(np.ones(4)).transform(np.ones((4, 1)))


def test_numbers_whose_variance_overflows_are_refused():
    with pytest.raises(ArgumentError, match="divide them by a power of ten"):
        StandardScaler().fit([[1e300], [-1e300]])


def test_repr():
    assert repr(StandardScaler()) == "<StandardScaler, not fitted>"
    assert repr(StandardScaler().fit(np.ones((4, 3)))) == "<StandardScaler, fitted to samples of shape (3,)>"
