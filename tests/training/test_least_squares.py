"""Nonlinear least squares: NIST's certified problems, SciPy, closed forms, and what is said when it fails."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.nist_nonlinear import MODELS, read
from tinygrad_edu.engine.transforms import jacobian
from tinygrad_edu.errors import ArgumentError, ConvergenceWarning, DtypeError, OptionError, ShapeError
from tinygrad_edu.linear_models import LinearRegression
from tinygrad_edu.training import least_squares_fit

# From the first start, a wide one, these two are led astray: chi2 is lowest at infinity in one direction, or the way
# is a valley of thousands of steps.
ONLY_FROM_START_2 = {"BoxBOD": 50, "MGH10": 50}


def correct_digits(found, certified):
    """-log10 of the relative error, the least of all; at most 15."""
    return float(-np.log10(np.maximum(np.abs(found / certified - 1), 1e-15)).min())


@pytest.mark.parametrize("start", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_nist_problems_are_solved_from_both_starts(name, start):
    problem = read(name)
    if start == 1 and name in ONLY_FROM_START_2:
        with pytest.warns(ConvergenceWarning, match="try another first guess"):
            fit = least_squares_fit(MODELS[name], problem.starts[0], problem.x, problem.y, max_iterations=50)
        assert not fit.converged
        return
    fit = least_squares_fit(MODELS[name], problem.starts[start - 1], problem.x, problem.y)
    assert fit.converged
    assert correct_digits(fit.theta, problem.theta) >= 7  # 8.1 and more were found
    if name == "Lanczos1":  # whose residuals, 1e-13, are the rounding of the model
        assert fit.chi2 < 1e-24
    else:
        assert correct_digits(fit.chi2, problem.chi2) >= 9
        assert correct_digits(fit.standard_errors, problem.standard_errors) >= 6  # 7.1 and more
    if name != "Rat43":  # where NIST's file says 9 instead of 15 - 4
        assert fit.ndf == problem.ndf


def line(x, theta):
    return theta[0] + theta[1] * x[:, 0] + theta[2] * x[:, 1]


@pytest.mark.parametrize("method", ["levenberg-marquardt", "gauss-newton"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_linear_model_gives_linear_regression_with_its_covariance(method, weighted):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    sigma = rng.uniform(0.5, 2, size=30) if weighted else None
    y = line(X, [1, -2, 3]) + rng.normal(size=30) * (sigma if weighted else 1)
    expected = LinearRegression().fit(X, y, sigma) if weighted else LinearRegression().fit(X, y)
    fit = least_squares_fit(line, [0, 0, 0], X, y, sigma, method=method)
    np.testing.assert_allclose(fit.theta, expected.theta_, rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, expected.covariance_, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(fit.standard_errors, expected.standard_errors_, rtol=1e-8)
    assert fit.chi2 / fit.ndf == pytest.approx(expected.chi2_ndf_, rel=1e-10)
    if method == "gauss-newton":
        assert fit.iterations == 2  # one step is exact, and the next finds that out


def wave(x, theta):
    return theta[0] * np.sin(theta[1] * x) + theta[2]


@pytest.mark.parametrize("sigma", [None, 0.3, np.linspace(0.1, 0.5, 40)], ids=["none", "one", "all"])
def test_parameters_and_covariance_are_those_of_scipy(sigma):
    from scipy.optimize import curve_fit
    rng = np.random.default_rng(1)
    x = np.linspace(0, 6, 40)
    y = wave(x, [2, 1.3, 0.5]) + 0.3 * rng.normal(size=40)
    fit = least_squares_fit(wave, [1.5, 1.2, 0], x, y, sigma)
    spread = None if sigma is None else np.broadcast_to(sigma, 40)
    theta, covariance = curve_fit(lambda x, *theta: wave(x, theta), x, y, [1.5, 1.2, 0], spread,
                                  absolute_sigma=sigma is not None, jac=lambda x, *theta: jacobian(
                                      lambda t: wave(x, t))(np.array(theta)), ftol=1e-15, xtol=1e-15, gtol=1e-15)
    np.testing.assert_allclose(fit.theta, theta, rtol=1e-7)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 100), st.floats(0.2, 5), st.floats(-12, 12))
def test_without_errors_the_parameters_are_found_again_in_any_units(height, decay, exponent):
    unit, x = 10.0**exponent, np.linspace(0, 2, 9)

    def model(x, theta):
        return theta[0] * unit * np.exp(-theta[1] / unit * x)

    y = height * unit * np.exp(-decay * x)
    fit = least_squares_fit(model, [2 * height, 0.7 * decay * unit], x, y)
    assert fit.converged
    np.testing.assert_allclose(fit.theta, [height, decay * unit], rtol=1e-6)


def test_as_many_points_as_parameters_fit_exactly_but_tell_no_errors():
    fit = least_squares_fit(lambda x, t: t[0] * np.exp(t[1] * x), [1.0, 0.1], [0.0, 1.0], [2.0, 6.0])
    np.testing.assert_allclose(fit.theta, [2, np.log(3)], rtol=1e-8)
    assert fit.ndf == 0 and fit.converged and np.isnan(fit.covariance).all()
    assert "no degrees of freedom" in fit.summary()
    known = least_squares_fit(lambda x, t: t[0] + t[1] * x, [0, 0], [0, 1], [2, 6], sigma=0.5)
    np.testing.assert_allclose(known.covariance, [[0.25, -0.25], [-0.25, 0.5]])


def test_gauss_newton_from_a_poor_guess_is_lost_and_says_so():
    x = np.linspace(0, 30, 10)
    with pytest.warns(ConvergenceWarning, match="least_squares_fit: diverged: .*try another first guess"):
        fit = least_squares_fit(lambda x, t: np.exp(t[0] * x), [-3.0], x, np.exp(0.1 * x), method="gauss-newton")
    assert not fit.converged and fit.message.startswith("diverged")

    def step(x, theta):  # flat far from 0, where steps by the tangent are long: the textbook case
        return np.arctan(theta[0] * x + theta[1])

    x = np.linspace(-3, 3, 13)
    with pytest.warns(ConvergenceWarning, match="stuck: the data say nothing here"):
        least_squares_fit(step, [2, 2], x, np.arctan(x), method="gauss-newton")
    np.testing.assert_allclose(least_squares_fit(step, [2, 2], x, np.arctan(x)).theta, [1, 0], atol=1e-7)


def test_parameters_that_only_matter_together_are_said_to_be_open():
    x = np.arange(5.0)
    with pytest.warns(ConvergenceWarning, match="the data say nothing here about a combination of parameters"):
        fit = least_squares_fit(lambda x, t: (t[0] + t[1]) * x, [1.0, 2.0], x, 2 * x + [0, 1, 0, -1, 0])
    assert np.isinf(fit.covariance).all() and not fit.converged
    with pytest.warns(ConvergenceWarning, match=r"nothing here about theta\[1\], as the model does not change with it"):
        least_squares_fit(lambda x, t: t[0] * x + 0 * t[1], [1.0, 2.0], x, 2 * x)


def test_steps_to_where_the_model_overflows_are_not_taken():
    x = np.linspace(0, 1, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = least_squares_fit(lambda x, t: np.exp(np.exp(t[0] * x)), [3.0], x, np.exp(np.exp(0.2 * x)))
    np.testing.assert_allclose(fit.theta, [0.2], rtol=1e-7)


def test_the_arguments_stay_as_they_were_and_float32_is_computed_in_float64():
    x, y, theta0 = (np.array(a, np.float32) for a in ([0, 1, 2, 3], [1, 3, 5, 8], [1, 1]))
    before = [a.copy() for a in (x, y, theta0)]
    fit = least_squares_fit(lambda x, t: t[0] + t[1] * x, theta0, x, y)
    for array, old in zip((x, y, theta0), before, strict=True):
        np.testing.assert_array_equal(array, old)
    assert fit.theta.dtype == fit.covariance.dtype == np.float64


def test_the_summary_has_names_errors_and_intervals():
    fit = least_squares_fit(lambda x, t: t[0] + t[1] * x, [0, 0], [0, 1, 2, 3], [1.0, 3.1, 4.9, 7.0], sigma=0.1)
    text = fit.summary(["offset", "slope"])
    half = 1.959964 * fit.standard_errors[1]
    assert f"[{fit.theta[1] - half:.6g}, {fit.theta[1] + half:.6g}]" in text
    assert "slope" in text and "converged" in text and "with ndf = 2" in text
    assert "theta[1]" in fit.summary()
    with pytest.raises(ShapeError, match="names: there are 2 to be named, got 1 names"):
        fit.summary(["offset"])


def good(x, theta):
    return theta[0] * np.exp(theta[1] * x)


X, Y = [0.0, 1.0, 2.0], [1.0, 2.0, 3.0]


@pytest.mark.parametrize("arguments, options, error, message", [
    ((None, [1, 1], X, Y), {}, OptionError, r"model_fn must be a function f\(x, theta\), got None"),
    ((good, [[1, 1]], X, Y), {}, ShapeError, r"theta0 must have one axis, got shape \(1, 2\)"),
    ((good, [1, np.nan], X, Y), {}, ArgumentError, "theta0: 1 of 2 numbers are NaN"),
    ((good, [1, "a"], X, Y), {}, DtypeError, "theta0: expected real numbers"),
    ((good, 1.0, X, Y), {}, ShapeError, r"theta0 must be a list .* got 1.0; .* pass \[1.0\]"),
    ((good, [1, 1], X, [[1.0], [2.0], [3.0]]), {}, ShapeError, r"y: expected shape \(3,\), .* pass it with \.ravel"),
    ((good, [1, 1], X, Y[:2]), {}, ShapeError, r"y: expected shape \(3,\), .* got \(2,\)"),
    ((good, [1, 1], [0, np.inf, 1], Y), {}, ArgumentError, "x: 1 of 3 numbers are NaN or infinite"),
    ((good, [1, 1], [], []), {}, ShapeError, "x: there are no rows"),
    ((good, [1, 1], X[:1], Y[:1]), {}, ArgumentError, "1 points cannot determine 2 parameters"),
    ((good, [1, 1], X, Y, 0), {}, ArgumentError, "sigma: standard deviations must be positive, got 0"),
    ((good, [1, 1], X, Y, [1, -1, 1]), {}, ArgumentError, "standard deviations must be positive, got -1"),
    ((good, [1, 1], X, Y, [1, np.nan, 1]), {}, ArgumentError, "sigma: 1 of 3 numbers are NaN"),
    ((good, [1, 1], X, Y, [1, 1]), {}, ShapeError, r"sigma: expected shape \(3,\), .* got \(2,\)"),
    ((good, [1, 1], X, Y), {"method": "newton"}, ArgumentError,
     "method must be one of 'levenberg-marquardt', 'gauss-newton', got 'newton'"),
    ((good, [1, 1], X, Y), {"tolerance": 0}, ArgumentError, "tolerance must be"),
    ((good, [1, 1], X, Y), {"tolerance": "small"}, OptionError, "tolerance must be a number"),
    ((good, [1, 1], X, Y), {"max_iterations": 0}, ArgumentError, "max_iterations must be 1 or more"),
    ((lambda x, t: t[0] * x[:2], [1], X, Y), {}, ShapeError, r"a number for each point, shape \(3,\), .* \(2,\)"),
    ((lambda x, a, b: a + b * x, [1, 1], X, Y), {}, OptionError, r"pass lambda x, theta: f\(x, \*theta\)"),
    ((lambda x, *theta: theta[0] + theta[1] * x, [1, 1], X, Y), {}, OptionError, r"f\(x, \*theta\)"),
    ((lambda x: x, [1, 1], X, Y), {}, OptionError, r"f\(x, \*theta\)"),
    ((lambda theta, x: theta[0] + theta[1] * x, [1, 1], X, Y), {}, ShapeError,
     r"returned \(2,\); its arguments are the other way round"),
    ((lambda theta, x: theta[0] * x[:, 0], [1, 1], np.ones((3, 1)), Y), {}, OptionError, "the other way round"),
    ((lambda x, t: t[0] * x + t[2], [1, 1], X, Y), {}, OptionError,
     r"for x of shape \(3,\) and theta of shape \(2,\), failed: .*does theta0 have a first guess for every parameter"),
    ((lambda x, t: None, [1], X, Y), {}, DtypeError, "returns: expected real numbers, got dtype object"),
    ((lambda x, t: [t[0] * each for each in x], [1], X, Y), {}, OptionError, "failed: a Value .* a gradient$"),
    ((good, X, Y, [1, 1]), {}, ShapeError, r"order is \(model_fn, theta0, x, y\), other than that of scipy"),
    ((lambda x, t: (t[0] * x)[:, None], [1], X, Y), {}, ShapeError, r"returned \(3, 1\); add \.ravel\(\)"),
    ((lambda x, t: np.log(t[0] * x), [1], X, Y), {}, ArgumentError, r"at theta = \[1\.\] the model .* not finite"),
    ((lambda x, t: x + np.sqrt(t[0]), [0], X, Y), {}, ArgumentError, "or its slope is not finite"),
])
def test_bad_input_is_refused(arguments, options, error, message):
    with pytest.raises(error, match=f"least_squares_fit: .*{message}"):
        least_squares_fit(*arguments, **options)
