"""PolynomialFeatures and one_hot: counted, multiplied out by hand, held against scikit-learn, and on bad input."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.data import PolynomialFeatures, one_hot
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError, StateError


@given(p=st.integers(1, 5), degree=st.integers(0, 4))
def test_there_are_as_many_columns_as_products(p, degree):
    X = np.ones((2, p))
    assert PolynomialFeatures(degree).fit_transform(X).shape == (2, comb(p + degree, degree))
    without_powers = PolynomialFeatures(degree, interaction_only=True)
    assert without_powers.fit_transform(X).shape[1] == sum(comb(p, d) for d in range(degree + 1))


@given(degree=st.integers(0, 12), seed=st.integers(0, 99))
def test_one_feature_gives_the_powers_of_the_lecture(degree, seed):
    x = np.random.default_rng(seed).uniform(-2, 2, size=5)
    expected = np.vander(x, degree + 1, increasing=True)
    np.testing.assert_allclose(PolynomialFeatures(degree).fit_transform(x[:, None]), expected, rtol=1e-14)


def test_two_features_by_hand():
    X = [[2, 3]]
    assert PolynomialFeatures(3).fit_transform(X).tolist() == [[1, 2, 3, 4, 6, 9, 8, 12, 18, 27]]
    assert PolynomialFeatures(3, interaction_only=True).fit_transform(X).tolist() == [[1, 2, 3, 6]]
    assert PolynomialFeatures(1, include_bias=False).fit_transform(X).tolist() == [[2, 3]]


@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("interaction_only", [False, True])
@pytest.mark.parametrize("include_bias", [False, True])
def test_same_columns_and_names_as_scikit_learn(degree, interaction_only, include_bias):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = np.random.default_rng(0).normal(size=(6, 3))
    options = {"interaction_only": interaction_only, "include_bias": include_bias}
    expected = preprocessing.PolynomialFeatures(degree, **options).fit(X)
    phi = PolynomialFeatures(degree, **options).fit(X)
    np.testing.assert_allclose(phi.transform(X), expected.transform(X), rtol=1e-14)
    assert phi.feature_names() == expected.get_feature_names_out().tolist()
    assert phi.feature_names(["a", "b", "c"]) == expected.get_feature_names_out(["a", "b", "c"]).tolist()


@pytest.mark.parametrize("dtype, kept", [("f2", "f2"), ("f4", "f4"), ("g", "g"), ("i8", "f8"), ("?", "f8")])
def test_floating_dtypes_are_kept(dtype, kept):
    assert PolynomialFeatures(2).fit_transform(np.ones((2, 2), dtype)).dtype == np.dtype(kept)


def test_repr_shows_the_options():
    assert repr(PolynomialFeatures(4)) == "PolynomialFeatures(degree=4, interaction_only=False, include_bias=True)"


@pytest.mark.parametrize("bad, error, message", [
    (np.ones(3), ShapeError, r"expected shape \(n, p\), .* got \(3,\); .* x.reshape\(-1, 1\)"),
    (np.ones((2, 2, 2)), ShapeError, r"got \(2, 2, 2\)"),
    (np.ones((2, 0)), ShapeError, r"got \(2, 0\)"),
    (np.ones((0, 2)), ShapeError, "no rows"),
    ([[1.0, np.nan]], ArgumentError, "1 of 2 numbers are NaN"),
    ([["a", "b"]], DtypeError, "expected real numbers"),
])
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_bad_samples_are_refused_and_what_was_learned_is_kept(method, bad, error, message):
    phi = PolynomialFeatures(2).fit([[1.0, 2.0]])
    with pytest.raises(error, match=rf"^PolynomialFeatures\.{method}: .*{message}"):
        getattr(phi, method)(bad)
    assert phi.n_features_in_ == 2


def test_other_features_than_in_fit_are_refused():
    phi = PolynomialFeatures(2).fit([[1.0, 2.0]])
    with pytest.raises(ShapeError, match=r"transform: expected shape \(m, 2\) as in fit, with any m, got \(4, 3\)"):
        phi.transform(np.ones((4, 3)))
    with pytest.raises(ShapeError, match=r"feature_names: names: there are 2 to be named, got 1 names"):
        phi.feature_names(["a"])
    for bad in "ab", [1, 2], 2:
        with pytest.raises(OptionError, match=r"feature_names: names must be a list of strings, got "):
            phi.feature_names(bad)


def test_before_fit_it_says_what_to_do():
    with pytest.raises(StateError, match=r"PolynomialFeatures\.transform: .* call fit"):
        PolynomialFeatures(2).transform([[1.0]])
    with pytest.raises(StateError, match=r"PolynomialFeatures\.feature_names: .* call fit"):
        PolynomialFeatures(2).feature_names()


@pytest.mark.parametrize("X", [[[1e200, 1.0]], [[1e200, 0.0]], np.float32([[1e20, 1e20]])])
def test_powers_that_overflow_are_refused(X):
    with pytest.raises(ArgumentError, match=r"a product of 3 features overflows float.*; scale the features"):
        PolynomialFeatures(3).fit_transform(X)


@pytest.mark.parametrize("options, error, message", [
    ({"degree": -1}, ArgumentError, "degree must be 0 or more, got -1"),
    ({"degree": 2.0}, OptionError, "degree must be a whole number, got 2.0"),
    ({"degree": True}, OptionError, "got True"),
    ({"degree": (1, 2)}, OptionError, "got .1, 2. of type tuple"),
    ({"degree": 0, "include_bias": False}, ArgumentError, "leaves no column"),
    ({"interaction_only": "no"}, OptionError, "interaction_only must be True or False, got 'no' of type str"),
    ({"include_bias": None}, OptionError, "include_bias must be True or False, got None"),
])
def test_bad_options_are_refused_also_when_assigned_later(options, error, message):
    with pytest.raises(error, match=f"^PolynomialFeatures: .*{message}"):
        PolynomialFeatures(**options)
    phi = PolynomialFeatures().fit([[1.0]])
    for name, value in options.items():
        setattr(phi, name, value)
    for use in phi.fit, phi.transform, phi.feature_names:
        with pytest.raises(error, match=f"^PolynomialFeatures: .*{message}"):
            use([[1.0]])


# ----- one_hot -----

@given(labels=st.lists(st.integers(-5, 5), min_size=1) | st.lists(st.text("abc", max_size=2), min_size=1)
       | st.lists(st.floats(-9, 9), min_size=1))
def test_argmax_undoes_one_hot(labels):
    Y = one_hot(labels)
    classes = np.unique(labels)
    assert Y.shape == (len(labels), len(classes)) and Y.dtype == np.float64
    assert (classes[Y.argmax(axis=1)] == np.array(labels)).all()
    assert (Y.sum(axis=1) == 1).all() and set(np.unique(Y)) <= {0, 1}


@given(labels=st.lists(st.integers(0, 4), min_size=1), classes=st.integers(5, 8))
def test_a_number_of_classes_means_the_labels_from_0(labels, classes):
    Y = one_hot(labels, classes)
    assert (Y == np.eye(classes)[labels]).all()


def test_classes_are_columns_in_the_order_given():
    assert one_hot(["b", "a"], classes=["c", "b", "a"]).tolist() == [[0, 1, 0], [0, 0, 1]]
    assert one_hot(np.array([7, 3]), classes=np.array([3, 5, 7])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert one_hot(np.array(["x", "y"], dtype=object)).tolist() == [[1, 0], [0, 1]]
    assert one_hot([True, False]).tolist() == [[0, 1], [1, 0]]


def test_same_as_scikit_learn():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    labels = np.random.default_rng(0).choice(["ant", "bee", "cat"], size=20)
    expected = preprocessing.OneHotEncoder(sparse_output=False).fit_transform(labels[:, None])
    assert (one_hot(labels) == expected).all()


@pytest.mark.parametrize("labels, classes, error, message", [
    ([], None, ShapeError, "labels: there are no rows"),
    (3, None, ShapeError, "labels: expected an array with rows"),
    ([[0], [1]], None, ShapeError, r"shape \(n,\), got \(2, 1\); pass it with .ravel\(\)"),
    ([[0, 1]], None, ShapeError, r"got \(1, 2\)$"),
    ([0, np.nan], None, ArgumentError, "labels: NaN is no class"),
    ([0, None], None, DtypeError, "numbers or strings as class labels, got dtype object"),
    ([1j], None, DtypeError, "got dtype complex128"),
    ([0, 3], 3, ArgumentError, r"3 is none of the classes \[0, 1, 2\]"),
    ([-1, 0], 3, ArgumentError, "-1 is none of the classes"),
    ([0.5], 3, ArgumentError, "0.5 is none of the classes"),
    (["d"], ["a", "b"], ArgumentError, r"'d' is none of the classes \['a', 'b'\]"),
    (["a"], 2, ArgumentError, "'a' is none of the classes"),
    ([0, 1], 0, ArgumentError, "must be 1 or more, got 0"),
    ([0, 1], 2.0, OptionError, "classes, if not a list of labels, must be a whole number, got 2.0"),
    ([0, 1], "01", OptionError, "must be a whole number, got '01'"),
    ([0, 1], [0, 1, 1], ArgumentError, r"each label is once, got \[0, 1, 1\]"),
    ([0, 1], [[0, 1]], ShapeError, r"classes: .* got \(1, 2\)"),
    ([0, 1], [[0], [0, 1]], ShapeError, "classes: a list whose rows differ in length"),
    ([0, 1], [], ShapeError, "classes: there are no rows"),
])
def test_bad_labels_and_classes_are_refused(labels, classes, error, message):
    with pytest.raises(error, match=f"^one_hot: .*{message}"):
        one_hot(labels, classes)
