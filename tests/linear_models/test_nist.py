"""The certified problems of NIST: how many digits each solver gets right."""

import numpy as np
import pytest

from tests.linear_models.nist import NAMES, read
from tinygrad_edu.errors import IllConditionedWarning
from tinygrad_edu.linear_models import LinearRegression

# Measured 13 to 15 for all but Filip. There the rounding of x^2 to x^10 to float64 has already changed the problem:
# the exact solution for the rounded columns, by mpmath, has 7.6 to 7.9 digits of the certified one.
DIGITS = dict.fromkeys(NAMES, 11) | {"Filip": 7}


def correct_digits(found, certified):
    """-log10 of the relative error, the least of all; for a certified 0, of the absolute error. At most 15."""
    error = np.abs(found - certified) / np.where(certified == 0, 1, np.abs(certified))
    return float(-np.log10(np.maximum(error, 1e-15)).min())


def fit(problem, solver="qr"):
    return LinearRegression(solver, fit_intercept=problem.fit_intercept).fit(problem.X, problem.y)


def fit_default(name):
    problem = read(name)
    if name != "Filip":  # the only one whose columns, scaled to equal length, are nearly dependent
        return problem, fit(problem)
    with pytest.warns(IllConditionedWarning, match=r"condition number 5\..e\+09"):
        return problem, fit(problem)


@pytest.mark.parametrize("name", NAMES)
def test_the_default_solver_gives_the_certified_parameters(name):
    problem, model = fit_default(name)
    assert correct_digits(model.theta_, problem.theta) >= DIGITS[name]


@pytest.mark.parametrize("name", NAMES)
def test_standard_errors_and_residual_deviation_are_the_certified_ones(name):
    problem, model = fit_default(name)
    assert correct_digits(model.standard_errors_, problem.standard_errors) >= DIGITS[name]
    assert correct_digits(np.sqrt(model.chi2_ndf_), problem.residual_deviation) >= DIGITS[name]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("NoInt")])
def test_r_squared_is_the_certified_one(name):  # without intercept NIST does not subtract the mean of y
    problem, model = fit_default(name)
    assert correct_digits(model.score(problem.X, problem.y), problem.r_squared) >= DIGITS[name]


@pytest.mark.parametrize("powers", [
    lambda x: np.cumprod(np.repeat(x, 10, axis=1), axis=1), lambda x: x ** np.arange(1, 11)])
def test_filip_is_solved_to_the_last_digits_for_its_columns_as_they_are(powers):
    mpmath = pytest.importorskip("mpmath")
    problem = read("Filip")
    X = powers(problem.X[:, :1])
    with pytest.warns(IllConditionedWarning):
        model = LinearRegression().fit(X, problem.y)
    with mpmath.workdps(60):
        design = mpmath.matrix(np.column_stack([np.ones(len(X)), X]).tolist())
        inverse = (design.T * design) ** -1
        exact = inverse * (design.T * mpmath.matrix(problem.y.tolist()))
        r = mpmath.matrix(problem.y.tolist()) - design * exact
        variance = (r.T * r)[0] / (len(X) - 11)
        errors = [float(mpmath.sqrt(variance * inverse[i, i])) for i in range(11)]
    assert correct_digits(model.theta_, np.array([float(t) for t in exact])) >= 13
    assert correct_digits(model.standard_errors_, np.array(errors)) >= 13


@pytest.mark.parametrize("solver, message", [
    ("svd", "combinations of others, to within rounding"), ("normal", "1e\\+00 of the parameters.*solver='qr'")])
def test_on_filip_svd_and_normal_equation_have_no_digit_and_say_so(solver, message):
    problem = read("Filip")
    with pytest.warns(IllConditionedWarning, match=message):
        model = fit(problem, solver)
    assert correct_digits(model.theta_, problem.theta) < 1


def test_on_longley_the_normal_equation_keeps_some_digits_and_the_svd_more():
    problem = read("Longley")
    with pytest.warns(IllConditionedWarning, match="1e\\+00 of the parameters"):
        normal = fit(problem, "normal")
    svd = fit(problem, "svd")  # once centred, the columns are less alike than half of the digits
    assert 5 <= correct_digits(normal.theta_, problem.theta) < 11
    assert correct_digits(svd.theta_, problem.theta) > correct_digits(normal.theta_, problem.theta)
