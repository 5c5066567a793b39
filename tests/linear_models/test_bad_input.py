"""What every linear model says to bad input: the error names the fault and the cure, and changes nothing."""

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError, StateError
from tinygrad_edu.linear_models import (
    BayesianLinearRegression,
    Lasso,
    LeastAbsoluteDeviation,
    LinearRegression,
    Ridge,
)

MODELS = [LinearRegression, Ridge, Lasso, LeastAbsoluteDeviation, BayesianLinearRegression]
every_model = pytest.mark.parametrize("Model", MODELS)

X = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [3.0, 5.0], [4.0, 2.0]])
y = np.array([1.0, 2.0, 2.5, 4.0, 6.0])

BAD_SAMPLES = [
    (np.ones(5), y, ShapeError,
     r"X: expected shape \(n, p\).*got \(5,\); for a single feature pass x.reshape\(-1, 1\)"),
    (np.ones((5, 1, 1)), y, ShapeError, r"X: expected shape \(n, p\)"),
    (np.ones((0, 2)), np.ones(0), ShapeError, r"no rows in an array of shape \(0, 2\)"),
    (np.ones((5, 0)), y, ShapeError, r"got \(5, 0\)"),
    ([[1.0], [1.0, 2.0]], y[:2], ShapeError, "rows differ in length"),
    (X, y[:, None], ShapeError, r"y: expected shape \(5,\).*got \(5, 1\); pass it with .ravel\(\)"),
    (X, y[:4], ShapeError, r"y: expected shape \(5,\), a number for each row of the inputs, got \(4,\)"),
    (X, 1.0, ShapeError, "y: expected an array with rows"),
    (X.astype(str), y, DtypeError, "X: expected real numbers, got dtype <U.*X.astype"),
    (X + 1j, y, DtypeError, "complex128"),
    (X, y.astype(object), DtypeError, "y: expected real numbers, got dtype object"),
    (np.ma.masked_array(X, X == 5), y, ArgumentError, "X: 1 of 10 entries are masked; remove"),
    (X, None, ShapeError, "y: expected an array with rows, got None"),
    (np.where(X == 5, np.nan, X), y, ArgumentError, "X: 1 of 10 numbers are NaN or infinite; remove"),
    (X, np.where(y == 2, np.inf, y), ArgumentError, "y: 1 of 5 numbers are NaN or infinite"),
    (X * 1e100, y, ArgumentError, r"X has numbers of size 4e\+100.*choose another unit"),
    (X, y * 1e-100, ArgumentError, "y has numbers of size 6e-100.*choose another unit"),
]

BAD_SIGMA = [
    (np.ones(4), ShapeError, r"sigma: expected shape \(5,\)"),
    (np.ones((5, 1)), ShapeError, r"sigma: .*pass it with .ravel\(\)"),
    (0.0, ArgumentError, "sigma: standard deviations must be positive, got 0"),
    ("2", DtypeError, "sigma: expected real numbers"),
    (np.array([1, 1, 0, 1, 1]), ArgumentError, "sigma: standard deviations must be positive, got 0"),
    (np.array([1, 1, -2, 1, 1]), ArgumentError, "got -2"),
    (np.array([1, 1, np.nan, 1, 1]), ArgumentError, "sigma: 1 of 5 numbers are NaN"),
    (np.full(5, 1e100), ArgumentError, "sigma has numbers of size 1e.100"),
    (np.array([1, 1, 1e-100, 1, 1]), ArgumentError, "sigma has numbers of size 1e-100"),
]


def state(model):
    return {name: repr(value) for name, value in vars(model).items()}


@every_model
@pytest.mark.parametrize("X_bad, y_bad, error, message", BAD_SAMPLES)
def test_bad_samples(Model, X_bad, y_bad, error, message):
    model = Model().fit(X, y)
    before = state(model)
    with pytest.raises(error, match=f"^{Model.__name__}.fit: .*{message}"):
        model.fit(X_bad, y_bad)
    assert state(model) == before


@pytest.mark.parametrize("Model", [LinearRegression, Ridge, LeastAbsoluteDeviation])
@pytest.mark.parametrize("sigma, error, message", BAD_SIGMA)
def test_bad_sigma(Model, sigma, error, message):
    model = Model().fit(X, y)
    before = state(model)
    with pytest.raises(error, match=message):
        model.fit(X, y, sigma)
    assert state(model) == before


@every_model
def test_before_fit_and_for_other_features(Model):
    model = Model()
    for method, arguments in ("predict", (X,)), ("score", (X, y)), ("summary", ()):
        with pytest.raises(StateError, match=rf"{Model.__name__}.{method}: .*call fit\(X, y\) first"):
            getattr(model, method)(*arguments)
    model.fit(X, y)
    for method, arguments in ("predict", (X[:, :1],)), ("score", (X[:, :1], y)):
        with pytest.raises(ShapeError, match=rf"{Model.__name__}.{method}: expected shape \(m, 2\).*got \(5, 1\)"):
            getattr(model, method)(*arguments)
    with pytest.raises(ShapeError, match=r"x\.reshape"):
        model.predict(X[:, 0])
    with pytest.raises(DtypeError):
        model.predict([["a", "b"]])
    with pytest.raises(ShapeError, match="summary: names: there are 2 to be named, got 1 names"):
        model.summary(["only"])
    for bad in "ab", [1, 2]:
        with pytest.raises(OptionError, match="summary: names must be a list of strings, got"):
            model.summary(bad)


@pytest.mark.parametrize("Model, options", [
    (Ridge, ["alpha"]), (Lasso, ["alpha", "tol"]), (BayesianLinearRegression, ["alpha", "beta"])])
def test_penalties_and_precisions_must_be_positive_numbers(Model, options):
    for option in options:
        for bad in -1.0, 0, np.nan, np.inf:
            with pytest.raises(ArgumentError, match=f"{Model.__name__}: {option} must be positive and finite, got"):
                Model(**{option: bad})
        for bad in "1", True, [1.0]:
            with pytest.raises(OptionError, match=f"{Model.__name__}: {option} must be a number, got"):
                Model(**{option: bad})


@pytest.mark.parametrize("Model, option, bad, error, message", [
    *[(Model, "fit_intercept", "no", OptionError, "must be True or False, got 'no' of type str") for Model in MODELS],
    (LinearRegression, "fit_intercept", 0, OptionError, "must be True or False, got 0"),
    (LinearRegression, "solver", "x", ArgumentError, "must be one of 'qr', 'svd', 'normal', got 'x'"),
    (Ridge, "alpha", -1, ArgumentError, "must be positive and finite, got -1"),
    (Lasso, "alpha", "1", OptionError, "must be a number"),
    (Lasso, "tol", 0, ArgumentError, "must be positive"),
    (BayesianLinearRegression, "beta", -1, ArgumentError, "must be positive"),
], ids=lambda value: getattr(value, "__name__", repr(value)))
def test_options_assigned_later_are_checked_by_fit(Model, option, bad, error, message):
    model = Model().fit(X, y)
    setattr(model, option, bad)
    before = state(model)
    with pytest.raises(error, match=f"^{Model.__name__}: {option} {message}"):
        model.fit(X, y)
    assert state(model) == before
    with pytest.raises(error, match=message):
        Model(**{option: bad})


@every_model
def test_a_fitted_model_keeps_its_intercept_until_the_next_fit(Model):
    model = Model().fit(X, y)
    prediction = model.predict(X)
    model.fit_intercept = False
    np.testing.assert_array_equal(model.predict(X), prediction)
    assert "intercept  " in model.summary()
    if Model is BayesianLinearRegression:
        assert model.predict(X, return_std=True)[1].shape == (5,)
    assert model.fit(X, y).intercept_ == 0 and "intercept  " not in model.summary()


def test_an_unknown_solver_is_answered_with_the_known_ones():
    with pytest.raises(ArgumentError, match="solver must be one of 'qr', 'svd', 'normal', got 'cholesky'"):
        LinearRegression("cholesky")
    with pytest.raises(ArgumentError, match="got None"):
        LinearRegression(None)


@pytest.mark.parametrize("alphas, error, message", [
    ([], ShapeError, "no rows"), (0.1, ShapeError, "got 0.1"), ([[0.1]], ShapeError, r"got \(1, 1\)"),
    ([0.1, -0.1], ArgumentError, "each of alphas must be positive"), (["a"], OptionError, "must be a number"),
    ([[1], [1, 2]], ShapeError, "differ in length"), ("auto", ShapeError, "got 'auto'")])
def test_bad_alphas_of_the_path(alphas, error, message):
    with pytest.raises(error, match=f"Lasso.path: .*{message}"):
        Lasso.path(X, y, alphas)


def test_constant_y_says_nothing_of_penalties_and_precisions():
    with pytest.raises(ArgumentError, match="y does not vary with X"):
        Lasso.path(X, np.full(5, 0.1))
    for model in BayesianLinearRegression(), BayesianLinearRegression(beta=1.0):
        with pytest.raises(ArgumentError, match=r"y is constant.*pass alpha and beta"):
            model.fit(X, np.full(5, 0.1))
    assert BayesianLinearRegression(1.0, 1.0).fit(X, np.full(5, 0.1)).intercept_ == pytest.approx(0.1)


@pytest.mark.parametrize("level, error", [
    (0, ArgumentError), (1, ArgumentError), (2.0, ArgumentError), ("x", OptionError)])
def test_bad_levels(level, error):
    with pytest.raises(error, match="level must be"):
        BayesianLinearRegression().fit(X, y).predict_interval(X, level)
    with pytest.raises(OptionError, match="return_std must be True or False, got 'no'"):
        BayesianLinearRegression().fit(X, y).predict(X, return_std="no")


@every_model
def test_the_models_are_found_and_show_their_options(Model):
    assert getattr(tinygrad_edu.linear_models, Model.__name__) is Model
    assert repr(Model(fit_intercept=False)).startswith(f"{Model.__name__}(")
    assert repr(Model(fit_intercept=False)).endswith("fit_intercept=False)")
