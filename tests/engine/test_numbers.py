"""Stable at any magnitude: values and gradients in both tails, against mpmath with 50 digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import tinygrad_edu as tg

mpmath.mp.dps = 50
mp = mpmath.mp

DTYPES = [np.float64, np.float32]
TAILS = [0.0, 1e-30, 1e-8, 0.5, 3.0, 17.0, 40.0, 80.0, 600.0, 1e4]
POINTS = [sign * x for x in TAILS for sign in (1, -1)]
LOGITS = [[0.0, 0.0, 0.0], [1e4, -1e4, 0.0], [1e4, 1e4 - 1, 1e4 - 3], [-1e4, -1e4 - 2, -1e4],
          [30.0, -40.0, 50.0], [0.1, 1e-8, -0.2], [-600.0, 80.0, 79.5]]

each_dtype = pytest.mark.parametrize("dtype", DTYPES)
each_row_of_logits = pytest.mark.parametrize("logits", LOGITS, ids=str)


def assert_rounded(found, exact, dtype, ulps=8.0, of_1=0.0):
    """The exact numbers (mpmath) to within `ulps` units in their last place, or `of_1` in that of 1.

    Below the smallest normal number, where digits are lost anyway, 0 will do.
    """
    expected = np.array([float(x) for x in exact])
    eps, tiny = float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny)
    assert np.asarray(found).dtype == dtype
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=ulps * eps, atol=tiny + of_1 * eps)


def slope(y, x):
    """The gradient of one sum."""
    y.backward(np.full(y.shape, 3.0, y.dtype))
    return x.grad / y.dtype.type(3)


def exactly(x):
    """An array as numbers of mpmath."""
    return [mp.mpf(float(number)) for number in np.ravel(x)]


# By the definitions; mpmath's exponents have no limits.
CURVES = {
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x))),
    "arctan": (mp.atan, lambda x: 1 / (1 + x * x)),
    "arcsinh": (mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x)),
}


@pytest.mark.parametrize("name", CURVES)
@each_dtype
def test_values_and_slopes_are_exact_in_both_tails(name, dtype):
    value, derivative = CURVES[name]
    x = tg.Value(np.array(POINTS, dtype))
    y = tg.OPS[name](x)
    assert_rounded(y.data, map(value, exactly(x.data)), dtype)
    assert_rounded(slope(y, x), map(derivative, exactly(x.data)), dtype)


@pytest.mark.parametrize("name", CURVES)
def test_python_numbers_are_exact_in_both_tails(name):
    value, derivative = CURVES[name]
    for number in POINTS:
        x = tg.Value(number)
        y = tg.OPS[name](x)
        y.backward()
        assert_rounded([y.data, x.grad], [value(mp.mpf(number)), derivative(mp.mpf(number))], np.float64)


@each_dtype
def test_logaddexp_is_exact_where_its_terms_differ_by_any_magnitude(dtype):
    first, second = np.meshgrid(POINTS, [0.0, -1e4, 1e4, 2.5])
    a, b = tg.Value(first.astype(dtype)), tg.Value(second.astype(dtype))
    y = tg.logaddexp(a, b)
    pairs = list(zip(exactly(a.data), exactly(b.data), strict=True))
    assert_rounded(y.data.ravel(), (max(u, v) + mp.log1p(mp.exp(-abs(u - v))) for u, v in pairs), dtype)
    y.backward(np.ones(y.shape))
    assert_rounded(a.grad.ravel(), (1 / (1 + mp.exp(v - u)) for u, v in pairs), dtype)
    assert_rounded(b.grad.ravel(), (1 / (1 + mp.exp(u - v)) for u, v in pairs), dtype)


def softmax(row):
    """e^x / Σ e^x, by the definition."""
    total = mp.fsum(map(mp.exp, row))
    return [mp.exp(x) / total for x in row]


@each_row_of_logits
@each_dtype
def test_logsumexp_is_exact_for_logits_of_any_magnitude(logits, dtype):
    x = tg.Value(np.array(logits, dtype))
    y = tg.logsumexp(x)
    row = exactly(x.data)
    assert_rounded(y.data, [mp.log(mp.fsum(map(mp.exp, row)))], dtype)
    # dy/dx = e^(x-y): the rounding of y, no more than that of the logits, is a relative error of it
    assert_rounded(slope(y, x), softmax(row), dtype, ulps=8 + abs(float(y.data)))


@each_row_of_logits
@each_dtype
def test_softmax_is_exact_for_logits_of_any_magnitude(logits, dtype):
    x, v = tg.Value(np.array(logits, dtype)), np.array([2.0, -1.0, 0.5], dtype)
    y = tg.softmax(x)
    p = softmax(exactly(x.data))
    assert_rounded(y.data, p, dtype)
    y.backward(v)
    mean = mp.fsum(q * u for q, u in zip(p, exactly(v), strict=True))
    assert_rounded(x.grad, [q * (u - mean) for q, u in zip(p, exactly(v), strict=True)], dtype, of_1=8)


@each_row_of_logits
@each_dtype
def test_log_softmax_is_exact_for_logits_of_any_magnitude(logits, dtype):
    x, v = tg.Value(np.array(logits, dtype)), np.array([2.0, -1.0, 0.5], dtype)
    y = tg.log_softmax(x)
    p = softmax(exactly(x.data))
    assert_rounded(y.data, map(mp.log, p), dtype, of_1=1)
    y.backward(v)
    assert_rounded(x.grad, [u - 1.5 * q for q, u in zip(p, exactly(v), strict=True)], dtype, of_1=8)


@each_row_of_logits
@each_dtype
@pytest.mark.parametrize("label", range(3))
def test_cross_entropy_is_exact_for_logits_of_any_magnitude(logits, dtype, label):
    x = tg.Value(np.array([logits], dtype))
    y = tg.cross_entropy(x, np.array([label]))
    p = softmax(exactly(x.data))
    loss = -mp.log(p[label])
    assert_rounded(y.data, [loss], dtype, of_1=1)
    y.backward(np.full(1, 3.0, dtype))
    # as for logsumexp, the rounding of y is a relative error of the probabilities
    expected = [3 * (q - (i == label)) for i, q in enumerate(p)]
    assert_rounded(x.grad[0], expected, dtype, ulps=8 + float(loss), of_1=8)


@each_dtype
def test_lengths_and_angles_do_not_overflow(dtype):
    huge = np.finfo(dtype).max / 4
    a, b = tg.Value(np.array([3, -huge, 1 / huge], dtype)), tg.Value(np.array([4, huge, 1 / huge], dtype))
    u, v = exactly(a.data), exactly(b.data)
    lengths = [mp.sqrt(p * p + q * q) for p, q in zip(u, v, strict=True)]
    y = tg.hypot(a, b)
    assert_rounded(y.data, lengths, dtype)
    y.backward(np.ones(3))
    assert_rounded(a.grad, [p / length for p, length in zip(u, lengths, strict=True)], dtype)
    a.grad = b.grad = None
    angles = tg.arctan2(a, b)[:2]  # dy/da of the third is larger than any float
    angles.backward(np.ones(2))
    assert_rounded(a.grad[:2], [q / length ** 2 for q, length in zip(v[:2], lengths[:2], strict=True)], dtype)


@pytest.mark.parametrize("name", ["arctan", "arcsinh", "arccosh"])
@each_dtype
def test_slopes_at_huge_numbers_do_not_overflow(name, dtype):
    x = tg.Value(np.array([1e10, 1e30], dtype))
    y = tg.OPS[name](x)
    exact = exactly(x.data)
    assert_rounded(slope(y, x), [1 / t / t if name == "arctan" else 1 / t for t in exact], dtype)


@settings(max_examples=50, deadline=None)
@given(arrays(float, array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.floats(-1e300, 1e300)))
def test_probabilities_of_any_logits_add_up_to_1_and_their_gradients_to_0(logits):
    x = tg.Value(logits)
    y = tg.softmax(x)
    np.testing.assert_allclose(np.sum(y.data, axis=-1), 1.0, rtol=1e-14)
    y.backward(np.cos(logits))
    np.testing.assert_allclose(np.sum(x.grad, axis=-1), 0.0, atol=1e-14)
    x.grad = None
    np.sum(tg.log_softmax(x) * np.cos(logits)).backward()
    np.testing.assert_allclose(np.sum(x.grad, axis=-1), 0.0, atol=1e-13)


@settings(max_examples=100, deadline=None)
@given(st.floats(-700, 700))
def test_the_sigmoids_of_both_signs_add_up_to_1_and_have_one_slope(number):
    x = tg.Value(number)
    right, left = tg.sigmoid(x), tg.sigmoid(-x)
    np.testing.assert_allclose(right.data + left.data, 1.0, rtol=1e-15)
    slopes = [tg.grad(tg.sigmoid)(number), tg.grad(tg.sigmoid)(-number)]
    np.testing.assert_allclose(*slopes, rtol=1e-14)
    assert slopes[0] > 0
