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
TAILS = [0.0, 1e-300, 1e-30, 1e-8, 0.5, 1.0, 3.0, 8.1, 17.0, 30.0, 37.3, 40.0, 80.0, 600.0, 700.0, 1e4]
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


def bent(right, left):
    """One function for x > 0, another elsewhere."""
    return lambda x: right(x) if x > 0 else left(x)


SCALE, ALPHA = mp.mpf("1.0507009873554804934193349852946"), mp.mpf("1.6732632423543772848170429916717")

# Functions on Values with value and derivative by their definitions; mpmath's exponents have no limits.
CURVES = {
    "sigmoid": (tg.sigmoid, lambda x: 1 / (1 + mp.exp(-x)), lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2),
    "softplus": (tg.softplus, lambda x: mp.log1p(mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x))),
    "softplus, beta 4": (lambda x: tg.softplus(x, beta=4.0), lambda x: mp.log1p(mp.exp(4 * x)) / 4,
                         lambda x: 1 / (1 + mp.exp(-4 * x))),
    "softplus, beta 0.7": (lambda x: tg.softplus(x, beta=0.7),
                           lambda x: mp.log1p(mp.exp(mp.mpf(0.7) * x)) / mp.mpf(0.7),
                           lambda x: 1 / (1 + mp.exp(-mp.mpf(0.7) * x))),
    "softplus, beta 0.001": (lambda x: tg.softplus(x, beta=1e-3),
                             lambda x: mp.log1p(mp.exp(mp.mpf(1e-3) * x)) / mp.mpf(1e-3),
                             lambda x: 1 / (1 + mp.exp(-mp.mpf(1e-3) * x))),
    "softplus, threshold 20": (lambda x: tg.softplus(x, threshold=20.0),
                               lambda x: x if x > 20 else mp.log1p(mp.exp(x)),
                               lambda x: 1 if x > 20 else 1 / (1 + mp.exp(-x))),
    "arctan": (tg.arctan, mp.atan, lambda x: 1 / (1 + x * x)),
    "arcsinh": (tg.arcsinh, mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x)),
    "normal_pdf": (tg.normal_pdf, mp.npdf, lambda x: -x * mp.npdf(x)),
    "normal_cdf": (tg.normal_cdf, lambda x: mp.erfc(-x / mp.sqrt(2)) / 2, mp.npdf),
    "binary_step": (tg.binary_step, lambda x: 1 if x >= 0 else 0, lambda x: 0),
    "relu": (tg.relu, lambda x: max(x, 0), lambda x: 1 if x > 0 else 0),
    "leaky_relu": (tg.leaky_relu, bent(lambda x: x, lambda x: 0.01 * x), bent(lambda x: 1, lambda x: 0.01)),
    "elu": (tg.elu, bent(lambda x: x, mp.expm1), bent(lambda x: 1, mp.exp)),
    "elu, alpha 0.3": (lambda x: tg.elu(x, alpha=0.3), bent(lambda x: x, lambda x: 0.3 * mp.expm1(x)),
                       bent(lambda x: 1, lambda x: 0.3 * mp.exp(x))),
    "selu": (tg.selu, bent(lambda x: SCALE * x, lambda x: SCALE * ALPHA * mp.expm1(x)),
             bent(lambda x: SCALE, lambda x: SCALE * ALPHA * mp.exp(x))),
    "gelu": (tg.gelu, lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
             lambda x: mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.npdf(x)),
}


@pytest.mark.parametrize("name", CURVES)
@each_dtype
def test_values_and_slopes_are_exact_in_both_tails(name, dtype):
    function, value, derivative = CURVES[name]
    x = tg.Value(np.array(POINTS, dtype))
    y = function(x)
    assert_rounded(y.data, map(value, exactly(x.data)), dtype)
    assert_rounded(slope(y, x), map(derivative, exactly(x.data)), dtype)


@pytest.mark.parametrize("name", CURVES)
def test_python_numbers_are_exact_in_both_tails(name):
    function, value, derivative = CURVES[name]
    for number in POINTS:
        x = tg.Value(number)
        y = function(x)
        y.backward()
        assert_rounded([y.data, x.grad], [value(mp.mpf(number)), derivative(mp.mpf(number))], np.float64)


@each_dtype
def test_the_normal_distribution_and_gelu_are_exact_between_the_points_too(dtype):
    x = tg.Value(np.random.default_rng(0).uniform(-37 if dtype == np.float64 else -12, 12, 400).astype(dtype))
    for name in ("normal_pdf", "normal_cdf", "gelu"):
        function, value, _ = CURVES[name]
        assert_rounded(function(x).data, map(value, exactly(x.data)), dtype)


@each_dtype
def test_tanh_is_exact_and_its_slope_is_to_the_rounding_of_1(dtype):
    x = tg.Value(np.array(POINTS, dtype))
    y = tg.tanh(x)
    assert_rounded(y.data, map(mp.tanh, exactly(x.data)), dtype)
    assert_rounded(slope(y, x), [mp.sech(t) ** 2 for t in exactly(x.data)], dtype, of_1=4)


@each_dtype
def test_the_approximation_of_gelu_is_that_of_its_formula_in_both_tails(dtype):
    root, cubic = mp.sqrt(2 / mp.pi), mp.mpf("0.044715")
    for number in POINTS:
        x = tg.Value(np.array([number], dtype))
        y, (t,) = tg.gelu(x, approximate=True), exactly(x.data)
        u = root * (t + cubic * t**3)
        left, right = 1 / (1 + mp.exp(2 * u)), 1 / (1 + mp.exp(-2 * u))  # (1 ∓ tanh u)/2
        ulps = 8 * (1 + abs(float(u)))  # the rounding of u is a relative error of e^u
        assert_rounded(y.data, [t * right], dtype)
        assert_rounded(slope(y, x), [right + 2 * t * left * right * root * (1 + 3 * cubic * t**2)], dtype, ulps)


# By hand: what the definitions tend to, as ∞·0 has no value.
LIMITS = {"sigmoid": (0, 1), "tanh": (-1, 1), "softplus": (0, np.inf), "erf": (-1, 1), "normal_pdf": (0, 0),
          "normal_cdf": (0, 1), "binary_step": (0, 1), "relu": (0, np.inf), "leaky_relu": (-np.inf, np.inf),
          "elu": (-1, np.inf), "selu": (-float(SCALE * ALPHA), np.inf), "gelu": (0, np.inf)}
SLOPES_AT_INFINITY = {"softplus": (0, 1), "relu": (0, 1), "leaky_relu": (0.01, 1), "elu": (0, 1),
                      "selu": (0, float(SCALE)), "gelu": (0, 1)}  # of all others 0


@pytest.mark.parametrize("name, options", [*((name, {}) for name in LIMITS), ("gelu", {"approximate": True})])
@each_dtype
def test_at_infinity_values_and_slopes_are_their_limits_and_nan_is_not_hidden(name, options, dtype):
    x = tg.Value(np.array([-np.inf, np.inf, np.nan], dtype))
    y = tg.OPS[name](x, **options)
    np.testing.assert_array_max_ulp(y.data, np.array([*LIMITS[name], np.nan], dtype), maxulp=1)
    y.backward(np.full(3, 3.0, dtype))
    np.testing.assert_allclose(x.grad[:2] / 3, SLOPES_AT_INFINITY.get(name, (0, 0)), rtol=1e-6)


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
