"""The digits that ship with the library are the ones scikit-learn ships."""

import numpy as np
import pytest

from tinygrad_edu.data import load_digits


def test_shapes_dtypes_and_range():
    X, y = load_digits()
    assert (X.shape, X.dtype, X.min(), X.max()) == ((1797, 64), np.float64, 0, 16)
    assert (y.shape, y.dtype) == ((1797,), np.int64)
    # the class counts in the description that UCI gives of optdigits.tes
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_same_numbers_as_in_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = load_digits()
    expected = datasets.load_digits()
    assert (X == expected.data).all()
    assert (y == expected.target).all()


def test_every_call_gives_fresh_writable_arrays():
    X, y = load_digits()
    X[:] = y[:] = -1
    again, digits = load_digits()
    assert again.min() == 0 and digits.min() == 0
