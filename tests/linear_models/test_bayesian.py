"""BayesianLinearRegression: Gaussian integrals done another way, its limits, and the maximum of the evidence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.errors import ConvergenceWarning, IllConditionedWarning
from tinygrad_edu.linear_models import BayesianLinearRegression, LinearRegression, Ridge

rng = np.random.default_rng(2)
X = rng.normal(1, 2, size=(25, 3))
y = X @ [1.0, 0.0, -0.7] + 2 + 0.8 * rng.normal(size=25)
NEW = rng.normal(size=(4, 3))
shapes = pytest.mark.parametrize("X, y", [(X, y), (X[:3], y[:3])], ids=["25 samples", "3 samples"])


def log_normal(y, covariance):
    return -(len(y) * np.log(2 * np.pi) + np.linalg.slogdet(covariance)[1] + y @ np.linalg.solve(covariance, y)) / 2


@shapes
def test_without_intercept_all_follows_from_the_joint_normal_distribution(X, y):
    # y and a new y* are jointly normal with covariance x . x' / alpha, + 1/beta on the diagonal
    alpha, beta = 0.7, 1.9
    model = BayesianLinearRegression(alpha, beta, fit_intercept=False).fit(X, y)
    of_y, across = X @ X.T / alpha + np.eye(len(X)) / beta, NEW @ X.T / alpha
    mean, std = model.predict(NEW, return_std=True)
    np.testing.assert_allclose(mean, across @ np.linalg.solve(of_y, y), rtol=1e-10)
    variance = np.diag(NEW @ NEW.T / alpha + np.eye(4) / beta - across @ np.linalg.solve(of_y, across.T))
    np.testing.assert_allclose(std, np.sqrt(variance), rtol=1e-10)
    precision = alpha * np.eye(3) + beta * X.T @ X
    np.testing.assert_allclose(model.covariance_, np.linalg.inv(precision), rtol=1e-10)
    np.testing.assert_allclose(model.theta_, beta * np.linalg.solve(precision, X.T @ y), rtol=1e-10)
    assert model.log_evidence_ == pytest.approx(log_normal(y, of_y))
    assert model.effective_parameters_ == pytest.approx(3 - alpha * np.trace(model.covariance_))


@shapes
def test_the_intercept_has_a_flat_prior(X, y):
    # the limit of a normal prior of variance v for theta_0, whose density is then 1/sqrt(2 pi v)
    alpha, beta, v = 0.7, 1.9, 1e6
    model = BayesianLinearRegression(alpha, beta).fit(X, y)
    design = np.column_stack([np.ones(len(X)), X])
    prior = np.diag([v, *[1 / alpha] * 3])
    covariance = np.linalg.inv(np.linalg.inv(prior) + beta * design.T @ design)
    np.testing.assert_allclose(model.covariance_, covariance, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(model.theta_, beta * covariance @ design.T @ y, rtol=1e-4)
    evidence = log_normal(y, design @ prior @ design.T + np.eye(len(X)) / beta)
    assert model.log_evidence_ == pytest.approx(evidence + np.log(2 * np.pi * v) / 2, abs=1e-4)


def test_the_posterior_mean_is_ridge_with_alpha_over_beta():
    model = BayesianLinearRegression(alpha=3.0, beta=1.5).fit(X, y)
    np.testing.assert_allclose(model.theta_, Ridge(2.0).fit(X, y).theta_, rtol=1e-11)


def test_a_vanishing_prior_gives_weighted_least_squares_with_its_errors():
    model = BayesianLinearRegression(alpha=1e-12, beta=4.0).fit(X, y)
    expected = LinearRegression().fit(X, y, np.full(25, 0.5))
    np.testing.assert_allclose(model.theta_, expected.theta_, rtol=1e-9)
    np.testing.assert_allclose(model.covariance_, expected.covariance_, rtol=1e-9)
    assert model.chi2_ndf_ == pytest.approx(expected.chi2_ndf_)
    assert " z " in model.summary()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 9999), fit_intercept=st.booleans(), power=st.integers(-15, 15))
def test_the_estimated_precisions_have_the_largest_evidence(seed, fit_intercept, power):
    rng = np.random.default_rng(seed)
    X = rng.normal(1, 1, size=(20, 3))
    y = 10.0**power * (X @ [1.0, -2.0, 3.0] + rng.normal(size=20))
    model = BayesianLinearRegression(fit_intercept=fit_intercept).fit(X, y)
    for a, b in (1.01, 1), (0.99, 1), (1, 1.01), (1, 0.99):
        other = BayesianLinearRegression(model.alpha_ * a, model.beta_ * b, fit_intercept=fit_intercept).fit(X, y)
        assert other.log_evidence_ < model.log_evidence_
    assert 1 / model.beta_ == pytest.approx(model.chi2_ndf_)  # MacKay: the variance with n - gamma


def test_one_precision_may_be_given_and_the_other_estimated():
    for given_ in {"alpha": 0.3}, {"beta": 2.0}:
        model = BayesianLinearRegression(**given_).fit(X, y)
        ((name, value),) = given_.items()
        other = "beta" if name == "alpha" else "alpha"
        found = getattr(model, f"{other}_")
        assert getattr(model, f"{name}_") == value
        for factor in 0.99, 1.01:
            moved = BayesianLinearRegression(**given_, **{other: found * factor}).fit(X, y)
            assert moved.log_evidence_ < model.log_evidence_


def test_about_the_same_numbers_as_scikit_learn():  # whose hyperpriors are 1e-6 here, and whose N is n
    linear_model = pytest.importorskip("sklearn.linear_model")
    expected = linear_model.BayesianRidge(fit_intercept=False, tol=1e-10, max_iter=1000).fit(X, y)
    model = BayesianLinearRegression(fit_intercept=False).fit(X, y)
    np.testing.assert_allclose([model.alpha_, model.beta_], [expected.lambda_, expected.alpha_], rtol=1e-4)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-4)
    np.testing.assert_allclose(model.covariance_, expected.sigma_, rtol=1e-4)


def test_the_interval_is_that_of_the_normal_distribution():
    model = BayesianLinearRegression(1.0, 2.0).fit(X, y)
    mean, std = model.predict(NEW, return_std=True)
    low, high = model.predict_interval(NEW, level=0.6826894921370859)  # one standard deviation, from tables
    np.testing.assert_allclose([low, high], [mean - std, mean + std], rtol=1e-10)
    assert (model.predict_interval(NEW)[1] > high).all()
    assert {a.dtype for a in model.predict(NEW.astype("f4"), return_std=True)} == {np.dtype("f4")}


def test_the_true_degree_has_more_evidence_than_a_lower_and_a_higher_one():
    x = np.linspace(-1, 1, 60)
    y = 1 - 2 * x + 3 * x**2 + 0.1 * np.random.default_rng(0).normal(size=60)
    powers = x[:, None] ** np.arange(1, 7)
    evidence = {d: BayesianLinearRegression().fit(powers[:, :d], y).log_evidence_ for d in (1, 2, 6)}
    assert evidence[2] > evidence[6] > evidence[1]


def test_samples_without_a_largest_evidence_are_said():
    x = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    with pytest.warns(ConvergenceWarning, match="do not show that y depends on X"):
        model = BayesianLinearRegression().fit(x, [1.0, 1.1, -1.0, -1.0])
    assert abs(model.coef_[0]) < 1e-6 and model.effective_parameters_ < 1e-8


def test_exact_data_are_fitted_exactly():
    model = BayesianLinearRegression().fit(X, X @ [1.0, 2.0, 3.0] + 5)
    np.testing.assert_allclose(model.theta_, [5, 1, 2, 3], rtol=1e-9)


def test_a_prior_too_weak_for_equal_columns_is_said():
    with pytest.warns(IllConditionedWarning, match="Use a larger alpha"):
        BayesianLinearRegression(1e-20, 1.0).fit(np.column_stack([X, X]), y)
