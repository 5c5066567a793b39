"""LinearRegression: closed forms, weights, other units, and what it says when the samples do not determine theta."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.errors import IllConditionedWarning, LinalgError, UnderdeterminedWarning
from tinygrad_edu.linear_models import LinearRegression, precise

every_solver = pytest.mark.parametrize("solver", LinearRegression.SOLVERS)
with_or_without_intercept = pytest.mark.parametrize("fit_intercept", [True, False])


def samples(n=40, p=3, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    X = rng.normal(2, [1, 3, 0.5][:p], size=(n, p))
    return X, X @ np.array([1.0, -2.0, 0.5])[:p] + 4 + noise * rng.normal(size=n)


@every_solver
def test_a_line_has_the_slope_and_errors_of_the_textbook(solver):
    x, y = np.array([0.0, 1.0, 2.0, 4.0, 7.0]), np.array([1.0, 2.5, 2.0, 5.0, 8.5])
    spread = ((x - x.mean()) ** 2).sum()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / spread
    intercept = y.mean() - slope * x.mean()
    variance = ((y - intercept - slope * x) ** 2).sum() / 3
    model = LinearRegression(solver).fit(x[:, None], y)
    np.testing.assert_allclose([model.intercept_, *model.coef_], [intercept, slope], rtol=1e-12)
    np.testing.assert_allclose(model.covariance_, variance * np.array(
        [[1 / 5 + x.mean()**2 / spread, -x.mean() / spread], [-x.mean() / spread, 1 / spread]]), rtol=1e-12)
    np.testing.assert_allclose(model.standard_errors_**2, np.diag(model.covariance_), rtol=1e-14)
    assert (model.chi2_ndf_, model.ndf_) == (pytest.approx(variance), 3)


def test_a_line_has_the_errors_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    X, y = samples(p=1)
    expected = stats.linregress(X[:, 0], y)
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.theta_, [expected.intercept, expected.slope], rtol=1e-12)
    np.testing.assert_allclose(model.standard_errors_, [expected.intercept_stderr, expected.stderr], rtol=1e-12)
    assert model.score(X, y) == pytest.approx(expected.rvalue**2)


@every_solver
@with_or_without_intercept
def test_known_sigma_weighs_the_samples_as_in_the_formula(solver, fit_intercept):
    X, y = samples()
    sigma = np.random.default_rng(1).uniform(0.1, 3, size=40)
    design, W = np.column_stack([np.ones(40), X])[:, 1 - fit_intercept:], np.diag(sigma**-2)
    covariance = np.linalg.inv(design.T @ W @ design)
    theta = covariance @ design.T @ W @ y
    model = LinearRegression(solver, fit_intercept=fit_intercept).fit(X, y, sigma)
    np.testing.assert_allclose(model.theta_, theta, rtol=1e-10)
    np.testing.assert_allclose(model.covariance_, covariance, rtol=1e-10)
    ndf = 40 - 3 - fit_intercept
    np.testing.assert_allclose(model.chi2_ndf_, (((y - design @ theta) / sigma) ** 2).sum() / ndf, rtol=1e-10)
    assert model.ndf_ == ndf


@every_solver
def test_equal_sigma_changes_the_errors_and_nothing_else(solver):
    X, y = samples()
    model, known = LinearRegression(solver).fit(X, y), LinearRegression(solver).fit(X, y, np.full(40, 0.7))
    np.testing.assert_allclose(known.theta_, model.theta_, rtol=1e-11)
    np.testing.assert_allclose(known.covariance_ * model.chi2_ndf_, model.covariance_ * 0.7**2, rtol=1e-11)
    for one_for_all in 0.7, np.array(0.7):
        np.testing.assert_array_equal(LinearRegression(solver).fit(X, y, one_for_all).covariance_, known.covariance_)


@every_solver
@with_or_without_intercept
def test_same_numbers_as_scikit_learn(solver, fit_intercept):
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = samples()
    sigma = np.random.default_rng(1).uniform(0.1, 3, size=40)
    expected = linear_model.LinearRegression(fit_intercept=fit_intercept).fit(X, y, sample_weight=sigma**-2)
    model = LinearRegression(solver, fit_intercept=fit_intercept).fit(X, y, sigma)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-10)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, rtol=1e-10)
    np.testing.assert_allclose(model.predict(X), expected.predict(X), rtol=1e-10)
    assert model.score(X, y) == pytest.approx(expected.score(X, y), rel=1e-10)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), p=st.integers(1, 5), solver=st.sampled_from(LinearRegression.SOLVERS))
def test_without_noise_the_parameters_come_back(seed, p, solver):
    rng = np.random.default_rng(seed)
    X, theta = rng.normal(size=(p + 20, p)), rng.normal(size=p + 1)
    model = LinearRegression(solver).fit(X, theta[0] + X @ theta[1:])
    np.testing.assert_allclose(model.theta_, theta, atol=1e-12)
    assert model.chi2_ndf_ < 1e-24


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), powers=st.lists(st.integers(-30, 30), min_size=3, max_size=3),
       y_power=st.integers(-30, 30))
def test_row_order_and_units_do_not_matter(seed, powers, y_power):
    X, y = samples(seed=seed)
    order = np.random.default_rng(seed).permutation(len(y))
    model, other = LinearRegression().fit(X, y), LinearRegression()
    units = 10.0 ** np.array(powers)
    other.fit((X * units)[order], (y * 10.0**y_power)[order])
    units = units / 10.0**y_power
    np.testing.assert_allclose(other.coef_ * units, model.coef_, rtol=1e-11)
    np.testing.assert_allclose(other.standard_errors_[1:] * units, model.standard_errors_[1:], rtol=1e-11)
    assert other.condition_number_ < 10 * model.condition_number_


def test_a_large_offset_costs_no_digits():  # years, with the intercept far outside: by exact fractions
    from fractions import Fraction
    x, y = np.arange(1e8, 1e8 + 9), np.arange(9.0) ** 2
    deviations = [Fraction(i - 4) for i in range(9)]
    slope = sum(d * Fraction(v) for d, v in zip(deviations, y, strict=True)) / sum(d * d for d in deviations)
    with pytest.warns(IllConditionedWarning, match="scale or centre the features"):
        model = LinearRegression().fit(x[:, None], y)
    intercept = sum(map(Fraction, y)) / 9 - slope * Fraction(1e8 + 4)
    np.testing.assert_allclose(model.theta_, [float(intercept), float(slope)], rtol=1e-14)


@pytest.mark.parametrize("p, digits", [(6, 14), (8, 14), (10, 9)])
def test_hilbert_columns_keep_their_digits(p, digits):  # the solution for the rounded 1/(i + j + 1), by mpmath
    mpmath = pytest.importorskip("mpmath")
    X = 1 / (np.arange(20)[:, None] + np.arange(p) + 1)
    y = np.cos(np.arange(20))
    with mpmath.workdps(60):
        design = mpmath.matrix(X.tolist())
        exact = mpmath.lu_solve(design.T * design, design.T * mpmath.matrix(y.tolist()))
    model = LinearRegression(fit_intercept=False)
    if p == 6:
        model.fit(X, y)
    else:
        with pytest.warns(IllConditionedWarning, match="nearly repeat each other"):
            model.fit(X, y)
    np.testing.assert_allclose(model.theta_, [float(t) for t in exact], rtol=10.0**-digits)


def test_easy_columns_take_a_single_step_of_refinement(monkeypatch):
    steps, dot = [], precise.dot
    monkeypatch.setattr(precise, "dot", lambda X, r: steps.append(len(r)) or dot(X, r))
    LinearRegression().fit(*samples())
    assert steps == [40]


def test_float32_gives_the_data_not_the_accuracy():
    X, y = (a.astype(np.float32) for a in samples())
    model = LinearRegression().fit(X, y)
    np.testing.assert_array_equal(model.theta_, LinearRegression().fit(X.astype(float), y.astype(float)).theta_)
    assert (model.theta_.dtype, model.predict(X).dtype, model.predict(X.astype(float)).dtype) == ("f8", "f4", "f8")
    assert model.predict(X.tolist()).dtype == "f8"


def test_the_arguments_are_left_as_they_were():
    X, y = samples()
    sigma = np.full(40, 2.0)
    before = X.copy(), y.copy(), sigma.copy()
    LinearRegression().fit(X, y, sigma)
    for now, then in zip((X, y, sigma), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("solver", ["qr", "svd"])
def test_fewer_samples_than_parameters_give_the_coefficients_of_least_norm_and_a_warning(solver):
    X, y = np.random.default_rng(0).normal(size=(2, 5, 8))[0], np.arange(5.0)
    with pytest.warns(UnderdeterminedWarning, match="5 samples for 9 parameters do not determine them"):
        model = LinearRegression(solver).fit(X, y)
    expected = np.linalg.pinv(X - X.mean(axis=0)) @ (y - 2)
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-10)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-12)
    assert np.isnan(model.covariance_).all() and np.isnan(model.standard_errors_).all()
    assert model.ndf_ == 0 and np.isnan(model.chi2_ndf_) and model.condition_number_ == np.inf
    assert "no degrees of freedom" in model.summary()


@every_solver
def test_as_many_samples_as_parameters_leave_no_errors_unless_sigma_is_known(solver):
    X, y, sigma = np.array([[1.0], [3.0]]), np.array([2.0, 8.0]), np.array([0.3, 0.4])
    with pytest.warns(UnderdeterminedWarning, match="2 samples for 2 parameters leave no residual"):
        model = LinearRegression(solver).fit(X, y)
    np.testing.assert_allclose(model.theta_, [-1, 3], rtol=1e-12)
    assert np.isnan(model.standard_errors_).all()
    with pytest.warns(UnderdeterminedWarning):
        model.fit(X, y, sigma)
    np.testing.assert_allclose(model.standard_errors_[1], 0.25, rtol=1e-12)  # sqrt(0.3^2 + 0.4^2) / 2


@pytest.mark.parametrize("solver", ["qr", "svd"])
@pytest.mark.parametrize("extra", [lambda x: 3 * x, lambda x: x + 7, lambda x: np.full_like(x, 0.1)])
def test_a_column_made_of_others_is_noticed(solver, extra):
    x, y = np.linspace(0, 1, 1001)[:, None], np.linspace(1, 3, 1001)
    with pytest.warns(IllConditionedWarning, match="combinations of others"):
        model = LinearRegression(solver).fit(np.hstack([x, extra(x)]), y)
    assert np.abs(model.coef_).max() < 3
    np.testing.assert_allclose(model.predict(np.hstack([x, extra(x)])), y, rtol=1e-12)
    assert np.isnan(model.covariance_).all() and model.ndf_ == 999


def test_the_normal_equation_has_no_least_norm():
    for X in np.ones((2, 3)), np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0], [3.0, 6.0]]):
        model = LinearRegression("normal", fit_intercept=False)
        with pytest.raises(LinalgError, match=r"has no inverse.*use solver='qr'"):
            if len(X) < 3:
                with pytest.warns(UnderdeterminedWarning):
                    model.fit(X, np.ones(len(X)))
            else:
                model.fit(X, np.ones(len(X)))


def test_the_summary_shows_the_interval_of_t_or_of_the_normal_distribution():
    X, y = samples(n=9, p=1)
    model = LinearRegression().fit(X, y)
    lines = model.summary(["time"]).splitlines()
    assert lines[0] == "LinearRegression(solver='qr', fit_intercept=True), 9 samples"
    name, _, _, ratio, *interval = lines[3].replace("[", "").replace("]", "").replace(",", "").split()
    assert (name, float(ratio)) == ("time", pytest.approx(model.coef_[0] / model.standard_errors_[1], abs=0.01))
    half = 2.364624251592785 * model.standard_errors_[1]  # t of 7 degrees of freedom at 97.5 %, from tables
    np.testing.assert_allclose([float(end) for end in interval], model.coef_[0] + np.array([-half, half]), rtol=1e-5)
    known = model.fit(X, y, np.full(9, 0.3)).summary()
    assert " z " in known and " t " not in known.splitlines()[1]
    assert repr(known) == str(known)
    assert "errors from the given sigma: the square roots of the diagonal of (X^T W X)^-1" in known
    assert "from the scatter s of the residuals: the square roots of the diagonal of s^2 (X^T X)^-1" in lines[-1]


def test_score_of_constant_targets_is_1_if_hit_and_0_if_not():
    model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 1.0, 1.0])
    assert model.score([[3.0], [4.0]], model.predict([[3.0], [3.0]])) in (0.0, 1.0)
    model.coef_, model.intercept_ = np.zeros(1), 2.0
    assert (model.score([[3.0]], [2.0]), model.score([[3.0]], [1.0])) == (1.0, 0.0)
