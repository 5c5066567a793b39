"""Ridge: its closed form, its two limits, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.errors import IllConditionedWarning
from tinygrad_edu.linear_models import LinearRegression, Ridge

rng = np.random.default_rng(5)
X = rng.normal(1, 2, size=(30, 4))
y = X @ [1.0, 0.0, -3.0, 0.2] + 2 + rng.normal(size=30)
sigma = rng.uniform(0.5, 2, size=30)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.01, 3.0, 500.0])
def test_same_numbers_as_scikit_learn(alpha, fit_intercept):
    linear_model = pytest.importorskip("sklearn.linear_model")
    for weights in None, sigma:
        expected = linear_model.Ridge(alpha, fit_intercept=fit_intercept, solver="cholesky").fit(
            X, y, sample_weight=None if weights is None else weights**-2)
        model = Ridge(alpha, fit_intercept=fit_intercept).fit(X, y, weights)
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
        np.testing.assert_allclose(model.intercept_, expected.intercept_, rtol=1e-9)


@pytest.mark.parametrize("known", [True, False])
def test_theta_is_linear_in_y_and_its_covariance_follows_from_that(known):
    # theta = M y, found column by column; then cov theta = M cov(y) M^T, and the trace of X M counts parameters
    weights = sigma if known else None
    model = Ridge(3.0).fit(X, y, weights)
    M = np.column_stack([Ridge(3.0).fit(X, e, weights).theta_ for e in np.eye(30)])
    np.testing.assert_allclose(model.theta_, M @ y, rtol=1e-10)
    assert model.ndf_ == pytest.approx(30 - np.trace(np.column_stack([np.ones(30), X]) @ M))
    r = (y - model.predict(X)) / (sigma if known else 1)
    assert model.chi2_ndf_ == pytest.approx(r @ r / model.ndf_)
    covariance_of_y = np.diag(sigma**2) if known else np.eye(30) * model.chi2_ndf_
    np.testing.assert_allclose(model.covariance_, M @ covariance_of_y @ M.T, rtol=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9999), fit_intercept=st.booleans())
def test_a_vanishing_alpha_gives_least_squares_and_a_large_one_the_mean(seed, fit_intercept):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(1, 1, size=(20, 3)), rng.normal(size=20)
    least_squares = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    small, large = (Ridge(alpha, fit_intercept=fit_intercept).fit(X, y) for alpha in (1e-12, 1e15))
    np.testing.assert_allclose(small.theta_, least_squares.theta_, atol=1e-9)
    np.testing.assert_allclose(small.covariance_, least_squares.covariance_, rtol=1e-8, atol=1e-10)
    assert small.ndf_ == pytest.approx(least_squares.ndf_)
    np.testing.assert_allclose(large.coef_, 0, atol=1e-12)
    assert large.intercept_ == pytest.approx(y.mean() if fit_intercept else 0)


def test_more_features_than_samples_are_no_trouble():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 9)), rng.normal(size=5)
    model = Ridge(0.5).fit(X, y)
    X, y = X - X.mean(axis=0), y - y.mean()
    np.testing.assert_allclose(model.coef_, np.linalg.solve(X.T @ X + 0.5 * np.eye(9), X.T @ y), rtol=1e-10)
    inverse = np.linalg.inv(X.T @ X + 0.5 * np.eye(9))
    np.testing.assert_allclose(model.covariance_[1:, 1:], inverse @ X.T @ X @ inverse * model.chi2_ndf_, atol=1e-12)


def test_an_alpha_too_small_to_help_is_said():
    equal = np.column_stack([X[:, 0], X[:, 0]])
    with pytest.warns(IllConditionedWarning, match="Use a larger alpha"):
        Ridge(1e-20).fit(equal, y)
    np.testing.assert_allclose(*Ridge(1e-3).fit(equal, y).coef_, rtol=1e-6)
