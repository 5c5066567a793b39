"""LeastAbsoluteDeviation: medians, wild points, the conditions of its minimum, scikit-learn, and its errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.errors import IllConditionedWarning, UnderdeterminedWarning
from tinygrad_edu.linear_models import LeastAbsoluteDeviation


def samples(seed=0, n=41, p=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ np.arange(1.0, p + 1) - 3 + rng.standard_t(2, size=n)


def test_for_a_column_of_ones_it_is_the_median_and_with_sigma_the_weighted_one():
    y = np.array([1.0, 2.0, 50.0, 4.0, 7.0])
    model = LeastAbsoluteDeviation(fit_intercept=False).fit(np.ones((5, 1)), y)
    assert model.coef_.tolist() == [4.0]
    # weights 1/sigma, 9 at y = 7: more than all others together
    assert model.fit(np.ones((5, 1)), y, [1, 1, 1, 1, 1 / 9]).coef_.tolist() == [7.0]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9999), p=st.integers(1, 3), with_sigma=st.booleans(), power=st.integers(-20, 20))
def test_the_conditions_of_the_minimum_hold_in_any_unit(seed, p, with_sigma, power):
    # The fit goes through k points. For the others sum sign(r_i) x_i / sigma_i must be balanced by the k, with
    # factors between -1 and 1.
    X, y = samples(seed, p=p)
    y = y * 10.0**power
    sigma = np.random.default_rng(seed).uniform(0.5, 2, size=41) if with_sigma else np.ones(41)
    model = LeastAbsoluteDeviation().fit(X, y, sigma if with_sigma else None)
    r = y - model.predict(X)
    through = np.argsort(np.abs(r))[:p + 1]
    np.testing.assert_allclose(r[through], 0, atol=1e-13 * np.abs(y).max())
    design = np.column_stack([np.ones(41), X]) / sigma[:, None]
    signs = np.delete(np.sign(r), through)
    factors = np.linalg.solve(design[through].T, -np.delete(design, through, axis=0).T @ signs)
    assert (np.abs(factors) <= 1 + 1e-9).all()


def test_wild_points_do_not_matter():
    X, _ = samples()
    y = X @ [2.0, 5.0] + 1
    y[::5] += 1e6
    np.testing.assert_allclose(LeastAbsoluteDeviation().fit(X, y).theta_, [1, 2, 5], rtol=1e-9)


def test_same_numbers_as_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = samples(4)
    expected = linear_model.QuantileRegressor(quantile=0.5, alpha=0, solver="highs").fit(X, y)
    model = LeastAbsoluteDeviation().fit(X, y)
    np.testing.assert_allclose(model.theta_, [expected.intercept_, *expected.coef_], rtol=1e-6)


@pytest.mark.parametrize("known", [False, True])
def test_the_median_of_laplace_errors_has_the_error_of_theory(known):
    # density 1/(2b) at the median, so the variance of the median is b^2/n; the errors are the quantiles themselves
    stats = pytest.importorskip("scipy.stats")
    n, b = 4001, 3.0
    y = stats.laplace(scale=b).ppf((np.arange(n) + 0.5) / n)
    model = LeastAbsoluteDeviation(fit_intercept=False).fit(np.ones((n, 1)), y, np.full(n, 7.0) if known else None)
    assert model.standard_errors_[0] == pytest.approx(b / np.sqrt(n), rel=0.1)


def test_covariance_has_the_shape_of_least_squares():
    X, y = samples()
    sigma = np.random.default_rng(0).uniform(0.5, 2, size=41)
    design = np.column_stack([np.ones(41), X]) / sigma[:, None]
    ratio = LeastAbsoluteDeviation().fit(X, y, sigma).covariance_ / np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-9)
    assert ratio[0, 0] > 0


def test_samples_that_do_not_determine_theta_give_a_warning_and_no_errors():
    X, y = samples()
    with pytest.warns(IllConditionedWarning):
        model = LeastAbsoluteDeviation().fit(np.hstack([X, X]), y)
    assert np.isnan(model.covariance_).all() and model.ndf_ == 38
    loss = np.abs(y - LeastAbsoluteDeviation().fit(X, y).predict(X)).sum()
    assert np.abs(y - model.predict(np.hstack([X, X]))).sum() == pytest.approx(loss)
    with pytest.warns(UnderdeterminedWarning):
        model.fit(X[:2], y[:2])
    np.testing.assert_allclose(model.predict(X[:2]), y[:2], rtol=1e-9)
    with pytest.warns(UnderdeterminedWarning):
        model.fit(X[:3], y[:3])
    np.testing.assert_allclose(model.predict(X[:3]), y[:3], rtol=1e-9)
    assert np.isnan(model.standard_errors_).all()
