"""Least absolute deviation: a fit that a few wild points cannot pull away, found by linear programming."""

import numpy as np

from tinygrad_edu.errors import LinalgError
from tinygrad_edu.linear_models.base import (
    Estimate,
    WeightedLinearModel,
    are_independent,
    chi2_ndf,
    warn_if_ill_conditioned,
)
from tinygrad_edu.linear_models.least_squares import warn_if_underdetermined
from tinygrad_edu.linear_models.problem import Problem


class LeastAbsoluteDeviation(WeightedLinearModel):
    """The parameters with the smallest sum of absolute residuals: regression to the median.

        theta = argmin sum |y_i - (X theta)_i| / sigma_i

    A linear program, solved in its dual form: maximise y . d over all d with X^T d = 0 and |d_i| <= 1. At the
    optimum d_i is the sign of the residual, except for k points, through which the fit goes exactly. If several
    theta are equally good, it is one of them.

    Attributes: those of `LinearModel`, and
        covariance_: its value for many samples with independent errors of one distribution (times sigma_i),
            s^2 (X^T W X)^-1 / 4, where 1/s is the density of the errors at their median. s is estimated from the
            slope of the ordered residuals there. Rough for small samples; NaN if X does not determine theta.
        chi2_ndf_: as for least squares, though it is not what is minimised.

    Warnings: UnderdeterminedWarning if n <= k, the number of parameters. IllConditionedWarning if half of the
    digits may be lost.

    Errors: in `fit`, LinalgError if the linear program could not be solved.

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models import LeastAbsoluteDeviation
    >>> X, y = np.arange(6.0).reshape(-1, 1), np.array([0.0, 1.0, 2.0, 3.0, 4.0, 500.0])
    >>> LeastAbsoluteDeviation().fit(X, y).coef_.round(9)
    array([1.])

    Source: G. Bassett and R. Koenker, "Asymptotic theory of least absolute error regression" (1978); the
    estimate of s: P. Hall and S. Sheather, "On the distribution of a studentized quantile" (1988).

    Convention: the sum is neither halved nor divided by n. The same as scikit-learn's QuantileRegressor for the median
    without penalty; its sample_weight is 1/sigma_i.
    """

    meaning_of_errors = "standard errors for many samples, from the density of the residuals at their median"

    def _solve(self, problem: Problem) -> Estimate:
        warn_if_underdetermined(self, problem)
        X, exponents = problem.scaled
        singular = np.linalg.svd(X, compute_uv=False)
        is_determined = are_independent(singular, problem.n, problem.k)
        condition = float(singular[0] / singular[-1]) if is_determined else np.inf
        if problem.n >= problem.k:
            warn_if_ill_conditioned(self, condition, "Scale or centre the features, or use fewer")
        theta = np.ldexp(by_linear_program(X, problem.y), -exponents)
        covariance = np.full((problem.k, problem.k), np.nan)
        if is_determined and problem.n > problem.k:
            R_inverse = np.linalg.inv(np.linalg.qr(X, mode="r"))
            spread = slope_at_median(problem.y - problem.design @ theta, problem.k)
            covariance = np.ldexp(R_inverse @ R_inverse.T, -exponents - exponents[:, None]) * spread**2 / 4
        ndf = problem.n - (problem.k if is_determined else int(np.linalg.matrix_rank(X)))
        return Estimate(theta, covariance, chi2_ndf(problem, theta, ndf), ndf, condition, problem.sigma_known)


def by_linear_program(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """theta with the least sum |y - X theta|, for columns of X of about equal size."""
    from scipy.optimize import linprog

    unit = np.abs(y).max() or 1.0  # the solver takes 1e-7 for 0, whatever the unit of y
    found = linprog(-y / unit, A_eq=X.T, b_eq=np.zeros(X.shape[1]), bounds=(-1, 1), method="highs")
    if found.status != 0:
        raise LinalgError(f"LeastAbsoluteDeviation.fit: the linear program was not solved ({found.message}); scale or "
                          "centre the features")
    candidates = [-unit * found.eqlin.marginals]
    # the points the fit goes through are those whose d is no sign; through them it can be computed exactly
    on_the_fit = np.argsort(np.abs(found.x), kind="stable")[:X.shape[1]]
    candidates.append(np.linalg.lstsq(X[on_the_fit], y[on_the_fit])[0])
    return min(candidates, key=lambda theta: np.abs(y - X @ theta).sum())


def slope_at_median(residuals: np.ndarray, k: int) -> float:
    """1 / density of the residuals at their median: how fast their ordered values rise there.

    Args:
        residuals: (n,), of which k are 0 because the fit goes through these points; they are left out.
    """
    from scipy.special import ndtri

    others = residuals[np.argsort(np.abs(residuals), kind="stable")[k:]]
    # Hall and Sheather's width at the median, where the density is 1/sqrt(2 pi) for normal errors
    width = (1.5 * ndtri(0.975)**2 / (2 * np.pi * len(residuals)))**(1 / 3)
    width = min(width, 0.5)
    low, high = np.quantile(others, [0.5 - width, 0.5 + width])
    return float((high - low) / (2 * width))
