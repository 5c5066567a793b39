"""The scalers and normalize: against their formulas and scikit-learn, over shapes and dtypes, and on bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu.data import MaxAbsScaler, MinMaxScaler, StandardScaler, normalize
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError, StateError

SCALERS = [StandardScaler, MinMaxScaler, MaxAbsScaler]

every_scaler = pytest.mark.parametrize("Scaler", SCALERS)
samples = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=6),
                     elements=st.floats(-1e6, 1e6, allow_subnormal=False))


@given(X=samples, scaler=st.sampled_from([*SCALERS, lambda: MinMaxScaler((-3, 5))]))
def test_inverse_undoes_transform(X, scaler):
    scaler = scaler()
    Z = scaler.fit_transform(X)
    assert Z.shape == X.shape
    np.testing.assert_allclose(scaler.inverse_transform(Z), X, rtol=1e-9, atol=1e-9)


@given(hnp.arrays(np.int64, (7, 3), elements=st.integers(-1000, 1000)))
def test_mean_0_and_deviation_1_except_for_constant_features(X):
    Z = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    constant = np.ptp(X, axis=0) == 0
    np.testing.assert_allclose(Z.std(axis=0), np.where(constant, 0, 1), atol=1e-12)


@given(X=hnp.arrays(np.float64, (5, 2), elements=st.floats(-1e300, 1e300)),
       a=st.floats(-10, 10), width=st.floats(1e-3, 10))
def test_the_least_becomes_a_and_the_largest_b_to_the_last_bit(X, a, width):
    b = a + width
    Z = MinMaxScaler((a, b)).fit_transform(X)
    constant = np.ptp(X, axis=0) == 0
    assert (Z.min(axis=0) == a).all()
    assert (Z.max(axis=0) == np.where(constant, a, b)).all()


def test_the_end_of_the_range_is_not_rounded():
    assert -2.3 + (-0.6 - -2.3) != -0.6
    assert MinMaxScaler((-2.3, -0.6)).fit_transform([[0.0], [1e-16], [1.0]]).tolist() == [[-2.3], [-2.3], [-0.6]]


@given(hnp.arrays(np.float64, (5, 2), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_the_largest_absolute_value_becomes_1_and_zero_stays_zero(X):
    Z = MaxAbsScaler().fit_transform(X)
    assert (np.abs(Z).max(axis=0) == np.any(X != 0, axis=0)).all()
    assert (Z[X == 0] == 0).all() and (np.sign(Z) * np.sign(X) >= 0).all()


def test_two_features_by_hand():
    X = [[1, 0], [2, 0], [3, 6]]
    standard = StandardScaler().fit(X)
    np.testing.assert_allclose(standard.mean_, [2, 2])
    np.testing.assert_allclose(standard.scale_, [np.sqrt(2 / 3), np.sqrt(8)])
    np.testing.assert_allclose(standard.transform([[2, 2 + np.sqrt(8)]]), [[0, 1]], atol=1e-15)
    min_max = MinMaxScaler((-1, 1)).fit(X)
    assert (min_max.data_min_.tolist(), min_max.data_max_.tolist()) == ([1, 0], [3, 6])
    assert min_max.transform([[2, 9]]).tolist() == [[0, 2]]  # 9 lies beyond the range
    max_abs = MaxAbsScaler().fit(X)
    assert max_abs.max_abs_.tolist() == [3, 6]
    assert max_abs.transform([[-6, 1.5]]).tolist() == [[-2, 0.25]]


@pytest.mark.parametrize("Scaler, options", [
    (StandardScaler, {}), (MinMaxScaler, {}), (MinMaxScaler, {"feature_range": (-2, 0.5)}), (MaxAbsScaler, {})])
def test_same_numbers_as_scikit_learn(Scaler, options):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    rng = np.random.default_rng(0)
    X = rng.normal(5, [1e-3, 1, 1e3, 1], size=(50, 4))
    X[:, 1], X[:, 3] = 0.1, 0  # constant, and the computed deviation of 0.1 is not 0
    expected = getattr(preprocessing, Scaler.__name__)(**options).fit(X)
    scaler = Scaler(**options).fit(X)
    for name in ("mean_", "data_min_", "data_max_", "max_abs_"):
        if hasattr(scaler, name):
            np.testing.assert_allclose(getattr(scaler, name), getattr(expected, name))
    new = rng.normal(size=(9, 4))
    for old in (X, new):
        np.testing.assert_allclose(scaler.transform(old), expected.transform(old), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(scaler.inverse_transform(old), expected.inverse_transform(old),
                                   rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype, kept", [("f2", "f2"), ("f4", "f4"), ("f8", "f8"), ("g", "g"),
                                         ("i4", "f8"), ("u1", "f8"), ("?", "f8")])
def test_floating_dtypes_are_kept(dtype, kept):
    X = np.array([[0, 1], [1, 1]], dtype=dtype)
    for scaler, expected in [(StandardScaler(), [[-1, 0], [1, 0]]), (MinMaxScaler((-1, 1)), [[-1, -1], [1, -1]]),
                             (MaxAbsScaler(), [[0, 1], [1, 1]])]:
        Z = scaler.fit_transform(X)
        back = scaler.inverse_transform(Z)
        assert Z.dtype == back.dtype == np.dtype(kept)
        assert Z.tolist() == expected
        assert (back == X).all()


@every_scaler
def test_small_dtypes_do_not_overflow(Scaler):
    X = np.full((1000, 1), 60_000, dtype=np.float16)
    X[::2] = -60_000
    Z = Scaler().fit_transform(X)
    assert np.unique(Z).tolist() == ([0, 1] if Scaler is MinMaxScaler else [-1, 1])


@every_scaler
@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e200, 8e307])
def test_numbers_of_any_size_are_scaled_alike(Scaler, size):
    # their squares are 0 or infinite in float64
    X = np.array([[-1.0], [0.5], [1.0], [0.25]])
    np.testing.assert_allclose(Scaler().fit_transform(X * size), Scaler().fit_transform(X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("Scaler", [StandardScaler, MinMaxScaler])
def test_numbers_whose_difference_overflows_are_refused(Scaler):
    scaler = Scaler().fit([[1.0], [2.0]])
    with pytest.raises(ArgumentError, match=rf"^{Scaler.__name__}\.fit: .* divide them by a power of ten"):
        scaler.fit([[1e308], [-1e308]])
    assert scaler.fit_transform([[1.0], [3.0]])[1] == 1


@every_scaler
def test_the_given_array_is_left_alone(Scaler):
    X = np.arange(6.0).reshape(3, 2)
    Z = Scaler().fit_transform(X)
    Z += 1
    assert (X == np.arange(6.0).reshape(3, 2)).all()


@every_scaler
def test_transform_before_fit_says_what_to_do(Scaler):
    with pytest.raises(StateError, match=rf"^{Scaler.__name__}\.transform: .* call fit"):
        Scaler().transform([[1.0]])
    with pytest.raises(StateError, match=rf"^{Scaler.__name__}\.inverse_transform: .* call fit"):
        Scaler().inverse_transform([[1.0]])


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
@every_scaler
def test_bad_input_is_refused_and_what_was_learned_is_kept(Scaler, method, bad, error, message):
    X = [[1.0, 2.0], [3.0, 6.0]]
    scaler = Scaler().fit(X)
    before = scaler.transform(X)
    named = "fit" if method == "fit_transform" else method  # the part of it that fails
    with pytest.raises(error, match=rf"^{Scaler.__name__}\.{named}: .*{message}"):
        getattr(scaler, method)(bad)
    assert (scaler.transform(X) == before).all()


@every_scaler
def test_other_features_than_in_fit_are_refused(Scaler):
    scaler = Scaler().fit(np.ones((4, 3)))
    with pytest.raises(ShapeError, match=r"transform: expected shape \(m, 3\) as in fit, .* got \(4, 2\)"):
        scaler.transform(np.ones((4, 2)))
    with pytest.raises(ShapeError, match=r"expected shape \(m\) as in fit"):
        Scaler().fit(np.ones(4)).transform(np.ones((4, 1)))


@pytest.mark.parametrize("bad, error, message", [
    (1, OptionError, r"two numbers \(a, b\), got 1"),
    ("ab", OptionError, "got 'ab'"),
    ((0, 1, 2), OptionError, r"got \(0, 1, 2\)"),
    (("0", 1), OptionError, "each end of feature_range must be a number, got '0' of type str"),
    ((True, 2), OptionError, "got True"),
    ((0, np.inf), ArgumentError, "must be finite, got inf"),
    ((np.nan, 1), ArgumentError, "must be finite, got nan"),
    ((1, 1), ArgumentError, r"rise from a to b by a finite amount, got \(1, 1\)"),
    ((1, -1), ArgumentError, "rise from a to b"),
    ((-1.7e308, 1.7e308), ArgumentError, "by a finite amount"),
])
def test_a_bad_range_is_refused_also_when_assigned_later(bad, error, message):
    with pytest.raises(error, match=f"^MinMaxScaler: .*{message}"):
        MinMaxScaler(bad)
    scaler = MinMaxScaler().fit([[1.0], [2.0]])
    scaler.feature_range = bad
    for use in scaler.fit, scaler.transform, scaler.inverse_transform:
        with pytest.raises(error, match=f"^MinMaxScaler: .*{message}"):
            use([[1.0]])
    assert scaler.data_max_ == 2


@pytest.mark.parametrize("scaler, words", [(StandardScaler(), "StandardScaler"), (MaxAbsScaler(), "MaxAbsScaler"),
                                           (MinMaxScaler(), "MinMaxScaler to [0, 1]"),
                                           (MinMaxScaler((-0.5, 2)), "MinMaxScaler to [-0.5, 2]")])
def test_the_repr_says_what_it_scales_to_and_whether_it_is_fitted(scaler, words):
    assert scaler.describe() == words
    assert repr(scaler) == f"<{words}, not fitted>"
    assert repr(scaler.fit(np.ones((4, 3)))) == f"<{words}, fitted to samples of shape (3,)>"


# ----- normalize -----

@pytest.mark.parametrize("p, expected", [(1, [[0.6, -0.4]]), (2, [[3 / 13**0.5, -2 / 13**0.5]]),
                                         (5, [[3 / 275**0.2, -2 / 275**0.2]]), (np.inf, [[1, -2 / 3]])])
def test_normalize_divides_by_the_norm(p, expected):
    # |(3, -2)|_5 = (243 + 32)^(1/5)
    X = np.array([[3.0, -2.0]])
    np.testing.assert_allclose(normalize(X, p), expected, rtol=1e-15)
    np.testing.assert_allclose(normalize(X.T, p, axis=0), np.transpose(expected), rtol=1e-15)


@given(X=hnp.arrays(np.float64, (4, 3), elements=st.floats(allow_nan=False, allow_infinity=False)),
       p=st.floats(1, 50) | st.just(np.inf), axis=st.sampled_from([0, 1, -1]))
def test_normalized_vectors_have_length_1_whatever_their_size(X, p, axis):
    Z = normalize(X, p, axis)
    lengths = np.linalg.norm(Z, ord=p, axis=axis)
    np.testing.assert_allclose(lengths, np.any(X != 0, axis=axis), rtol=1e-12)
    assert (np.sign(Z) * np.sign(X) >= 0).all()


@pytest.mark.parametrize("p, norm", [(1, "l1"), (2, "l2"), (np.inf, "max")])
@pytest.mark.parametrize("axis", [0, 1])
def test_normalize_is_as_in_scikit_learn(p, norm, axis):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = np.random.default_rng(0).uniform(0, 9, size=(7, 4))  # its "max" does not take the absolute value
    X[2] = 0
    np.testing.assert_allclose(normalize(X, p, axis), preprocessing.normalize(X, norm, axis=axis), rtol=1e-12)


def test_normalize_keeps_floating_dtypes_and_the_given_array():
    X = np.full((2, 40_000), 3, dtype=np.float16)  # the sum of so many overflows float16
    Z = normalize(X)
    assert Z.dtype == np.float16 and (Z == np.float16(1 / 200)).all() and (X == 3).all()
    assert normalize(np.float32([[3, 4]])).dtype == np.float32
    assert normalize([[3, 4]]).tolist() == [[0.6, 0.8]]
    assert normalize([3.0, 4.0], axis=0).tolist() == [0.6, 0.8]


@pytest.mark.parametrize("bad, error, message", bad_everywhere)
def test_normalize_refuses_bad_arrays(bad, error, message):
    with pytest.raises(error, match=f"^normalize: .*{message}"):
        normalize(bad)


@pytest.mark.parametrize("options, error, message", [
    ({"p": 0}, ArgumentError, "p must be 1 or more, got 0"),
    ({"p": -2}, ArgumentError, "p must be 1 or more"),
    ({"p": 0.5}, ArgumentError, "p must be 1 or more, got 0.5"),
    ({"p": np.nan}, ArgumentError, "got nan"),
    ({"p": -np.inf}, ArgumentError, "got -inf"),
    ({"p": "l2"}, OptionError, "p must be a number, got 'l2' of type str"),
    ({"p": None}, OptionError, "got None"),
    ({"axis": 2}, ShapeError, r"shape \(2, 2\) has no axis 2; pass one from 0 to 1"),
    ({"axis": -3}, ShapeError, "has no axis -3"),
    ({"axis": 1.0}, OptionError, "axis must be a whole number"),
    ({"axis": None}, OptionError, "axis must be a whole number, got None"),
])
def test_normalize_refuses_bad_options(options, error, message):
    with pytest.raises(error, match=f"^normalize: .*{message}"):
        normalize(np.ones((2, 2)), **options)
