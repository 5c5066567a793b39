"""The data sets that ship with the library hold the numbers of their sources."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from tinygrad_edu.data import load_airfoil, load_diabetes, load_digits, load_iris

LOADERS = [load_iris, load_digits, load_diabetes, load_airfoil]


@pytest.mark.parametrize("load, n, p, classes", [
    (load_iris, 150, 4, 3), (load_digits, 1797, 64, 10), (load_diabetes, 442, 10, 0), (load_airfoil, 1503, 5, 0)])
def test_shapes_dtypes_and_names(load, n, p, classes):
    dataset = load()
    X, y = dataset
    assert X is dataset.X and y is dataset.y
    assert (X.shape, X.dtype) == ((n, p), np.float64)
    assert (y.shape, y.dtype) == ((n,), np.int64 if classes else np.float64)
    assert np.isfinite(X).all() and np.isfinite(y).all()
    assert len(set(dataset.feature_names)) == p
    assert len(set(dataset.class_names)) == classes
    if classes:
        assert np.unique(y).tolist() == list(range(classes))
    assert repr(dataset) == f"<Dataset of {n} samples: {dataset.target_name} from {p} features>"


def test_iris_has_the_means_that_fisher_gives():
    # R. A. Fisher (1936), Table 2
    X, y = load_iris()
    means = [X[y == species].mean(axis=0) for species in range(3)]
    np.testing.assert_allclose(means, [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326],
                                       [6.588, 2.974, 5.552, 2.026]], atol=1e-12)
    assert np.bincount(y).tolist() == [50, 50, 50]


def test_digits_have_the_class_counts_of_their_description():
    # the description that UCI gives of optdigits.tes
    X, y = load_digits()
    assert (X.min(), X.max()) == (0, 16)
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_diabetes_begins_as_table_1_of_its_article():
    # Efron et al. (2004), Table 1, patients 1 and 2; s5 has two digits more in the file
    X, y = load_diabetes()
    np.testing.assert_allclose(X[:2], [[59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.9, 87],
                                       [48, 1, 21.6, 87, 183, 103.2, 70, 3, 3.9, 69]], atol=0.05)
    assert y[:2].tolist() == [151, 75]


def test_airfoil_was_measured_where_its_report_says():
    # Brooks, Pope and Marcolini (1989): chords of 1, 2, 4, 6, 9, 12 inches, four speeds, third-octave bands
    X, y = load_airfoil()
    frequency, _, chord, speed, _ = X.T
    np.testing.assert_allclose(np.unique(chord), np.array([1, 2, 4, 6, 9, 12]) * 0.0254)
    assert np.unique(speed).tolist() == [31.7, 39.6, 55.5, 71.3]
    bands = 1000 * 10 ** (np.arange(-7, 14) / 10)
    np.testing.assert_allclose(np.unique(frequency), bands, rtol=0.02)
    # the first and the last line of the file at UCI
    assert [*X[0], y[0]] == [800, 0, 0.3048, 71.3, 0.00266337, 126.201]
    assert [*X[-1], y[-1]] == [6300, 15.6, 0.1016, 39.6, 0.0528487, 104.204]


@pytest.mark.parametrize("load, options", [(load_iris, {}), (load_digits, {}), (load_diabetes, {"scaled": False})])
def test_same_numbers_as_in_scikit_learn(load, options):
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = load()
    expected = getattr(datasets, load.__name__)(**options)
    assert (X == expected.data).all()
    assert (y == expected.target).all()


@pytest.mark.parametrize("load", LOADERS)
def test_every_call_gives_fresh_writable_arrays(load):
    X, y = load()
    X[:] = y[:] = -999
    again, targets = load()
    assert again.min() > -999 and targets.min() > -999


def test_a_dataset_cannot_be_given_other_arrays():
    with pytest.raises(FrozenInstanceError):
        load_iris().X = np.zeros((1, 1))
