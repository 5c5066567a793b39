"""Lasso: the conditions of its minimum, the path, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.errors import ConvergenceWarning
from tinygrad_edu.linear_models import Lasso, lasso


def samples(seed, n=30, p=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(1, 1, size=(n, p)) @ rng.normal(size=(p, p))
    return X, X[:, 0] - 2 * X[:, 1] + 3 + rng.normal(size=n)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 9999), share=st.floats(0.001, 1.1), fit_intercept=st.booleans(),
       shape=st.sampled_from([(30, 6), (6, 9)]))
def test_the_conditions_of_the_minimum_hold(seed, share, fit_intercept, shape):
    # x_j . r / n is alpha sign(coef_j) where coef_j is not 0, and at most alpha where it is; the mean of r is 0
    X, y = samples(seed, *shape)
    centre = X.mean(axis=0) * fit_intercept, y.mean() * fit_intercept
    alpha = share * np.abs((X - centre[0]).T @ (y - centre[1])).max() / len(y)
    model = Lasso(alpha, tol=1e-13, fit_intercept=fit_intercept).fit(X, y)
    r = y - model.predict(X)
    slopes = X.T @ r / len(y)
    active = model.coef_ != 0
    unit = 1e-4 * np.abs(X).max() * np.abs(y).max()
    np.testing.assert_allclose(slopes[active], alpha * np.sign(model.coef_[active]), atol=unit)
    assert (np.abs(slopes[~active]) <= alpha + unit).all()
    assert not fit_intercept or abs(r.mean()) < 1e-10 * np.abs(y).max()
    assert not active.any() or share < 1
    assert model.ndf_ == len(y) - active.sum() - fit_intercept


def test_orthogonal_columns_have_soft_thresholds():
    X = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 2  # |x_j|^2 / n = 4
    y = X @ [3.0, -0.2, 0.5]
    model = Lasso(alpha=1.0).fit(X, y)
    np.testing.assert_allclose(model.coef_, [3 - 1 / 4, 0, 0.5 - 1 / 4], rtol=1e-5)
    assert model.coef_[1] == 0 and model.dual_gap_ <= 1e-10 * (y @ y) / 8


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_same_numbers_as_scikit_learn(fit_intercept):
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = samples(3)
    for alpha in 0.03, 0.5:
        expected = linear_model.Lasso(alpha, fit_intercept=fit_intercept, tol=1e-12, max_iter=100_000).fit(X, y)
        model = Lasso(alpha, tol=1e-13, fit_intercept=fit_intercept).fit(X, y)
        np.testing.assert_allclose(model.theta_[fit_intercept:], expected.coef_, atol=1e-5)
        np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=1e-5)


def test_the_duality_gap_bounds_how_far_j_is_from_its_minimum():
    X, y = samples(1)

    def J(model):
        r = y - model.predict(X)
        return r @ r / (2 * len(y)) + model.alpha * np.abs(model.coef_).sum()

    best = Lasso(0.1, tol=1e-14).fit(X, y)
    for tol in 0.1, 1e-3, 1e-6:
        rough = Lasso(0.1, tol=tol).fit(X, y)
        assert -1e-12 <= J(rough) - J(best) <= rough.dual_gap_ + 1e-12
        assert rough.n_sweeps_ < best.n_sweeps_


def test_the_path_goes_from_nothing_to_almost_least_squares_and_agrees_with_fit():
    X, y = samples(2)
    path = Lasso.path(X, y, tol=1e-12)
    assert path.alphas.shape == path.intercept.shape == (100,) and path.coef.shape == (100, 6)
    assert (np.diff(path.alphas) < 0).all() and path.alphas[0] / path.alphas[-1] == pytest.approx(1000)
    np.testing.assert_allclose(path.coef[0], 0, atol=1e-12)
    assert (path.coef[1] != 0).sum() == 1 and path.intercept[0] == pytest.approx(y.mean())
    for i in 20, 60, 99:
        model = Lasso(path.alphas[i], tol=1e-13).fit(X, y)
        np.testing.assert_allclose(path.coef[i], model.coef_, atol=1e-4)
        np.testing.assert_allclose(path.intercept[i], model.intercept_, atol=1e-4)
    assert Lasso.path(X, y, [0.1, 0.3], fit_intercept=False).alphas.tolist() == [0.3, 0.1]
    assert Lasso.path(X, y, [0.1], fit_intercept=False).intercept.tolist() == [0]


def test_there_are_no_errors_and_the_summary_says_why():
    X, y = samples(0)
    model = Lasso(0.1).fit(X, y)
    assert model.covariance_.shape == (7, 7) and np.isnan(model.covariance_).all()
    assert np.isnan(model.standard_errors_).all()
    assert "no standard errors" in model.summary() and "nan" not in model.summary()


def test_a_search_that_ends_too_early_is_said_in_the_line_of_the_user(monkeypatch):
    monkeypatch.setattr(lasso, "MOST_SWEEPS", 2)
    X, y = samples(0)
    with pytest.warns(ConvergenceWarning, match="after 2 sweeps J may still be") as caught:
        Lasso(0.01).fit(X, y)
    assert caught[0].filename == __file__
    with pytest.warns(ConvergenceWarning) as caught:
        Lasso.path(X, y, [0.01])
    assert caught[0].filename == __file__
