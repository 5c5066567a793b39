"""Ordinary and weighted least squares: by QR to the last digits, by SVD, and by the normal equation of the lecture."""

from typing import ClassVar
from warnings import warn

import numpy as np

from tinygrad_edu.checks import one_of
from tinygrad_edu.errors import IllConditionedWarning, LinalgError, UnderdeterminedWarning
from tinygrad_edu.linear_models import precise
from tinygrad_edu.linear_models.base import (
    EPS,
    Estimate,
    WeightedLinearModel,
    are_independent,
    chi2_ndf,
    condition_number,
    warn_if_ill_conditioned,
)
from tinygrad_edu.linear_models.problem import Problem


class LinearRegression(WeightedLinearModel):
    """Least squares: the parameters with the smallest sum of squared residuals.

        theta = argmin |W^(1/2) (y - X theta)|^2 = (X^T W X)^-1 X^T W y,   W = diag(1 / sigma_i^2)
        covariance = (X^T W X)^-1       if sigma is given,
                     s^2 (X^T X)^-1     if not: W = 1,  s^2 = |y - X theta|^2 / (n - k)

    X has the column x_0 = 1 in front, unless `fit_intercept` is False. The lecture's J = 1/(2n) |y - X theta|^2
    has the same minimum.

    There are three ways to compute it; with c, the condition number of X, each digit of c costs the solution
    one digit, or two:
        "qr": X = Q R with columns scaled to equal length, R theta = Q^T y; then refined by Newton steps whose
            residuals are computed in twice the precision. Loses nothing up to c = 1e8, few digits beyond.
            The default.
        "svd": X = U S V^T, centred, theta = V S^-1 U^T y; singular values below max(n, p) eps S_0 count as 0.
            Loses the digits of c.
        "normal": X^T X theta = X^T y, the normal equation as it stands. Loses twice the digits of c.

    Fewer samples than parameters, or columns that are linear combinations of others, do not determine theta:
    "qr" and "svd" then take the coefficients of least norm, warn, and have no covariance (NaN).

    Args:
        solver: "qr", "svd" or "normal".

    Attributes: those of `LinearModel`. `condition_number_` is that of the matrix the solver works on.

    Warnings: UnderdeterminedWarning if n <= k, the number of parameters: nothing is left to tell the size of
    the errors. IllConditionedWarning if half of the digits may be lost.

    Errors: ArgumentError for an unknown solver; in `fit`, LinalgError if X^T X has no inverse ("normal" only).

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models import LinearRegression
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.1, 2.9, 5.1, 6.9])
    >>> line = LinearRegression().fit(X, y)
    >>> line.predict([[4.0]]).round(6)
    array([8.9])
    >>> line.summary()
    LinearRegression(solver='qr', fit_intercept=True), 4 samples
    parameter  estimate  std error      t       95 % interval
    intercept      1.06      0.106  10.02  [0.60465, 1.51535]
    x1             1.96     0.0566  34.65  [1.71661, 2.20339]
    chi2/ndf = 0.016 with ndf = 2 and sigma taken as 1: the residuals scatter by s = 0.1265
    condition number 3.8, by which relative errors of X may grow in the parameters
    standard errors from the scatter s of the residuals: the square roots of the diagonal of s^2 (X^T X)^-1

    Source: C. F. Gauss, "Theoria combinationis" (1823); refinement: A. Bjorck, "Iterative refinement of linear
    least squares solutions" (1967).

    Convention: the variance s^2 of the errors is unbiased, divided by n - k and not by n. A given sigma is taken as it
    is, as by SciPy's curve_fit with absolute_sigma=True, and not rescaled to make chi^2/ndf 1.
    """

    SOLVERS: ClassVar[tuple[str, ...]] = ("qr", "svd", "normal")

    options = ("solver", "fit_intercept")

    def __init__(self, solver: str = "qr", *, fit_intercept: bool = True) -> None:
        self.solver = solver
        super().__init__(fit_intercept=fit_intercept)

    def _check_options(self) -> None:
        super()._check_options()
        self.solver = one_of("LinearRegression: solver", self.solver, self.SOLVERS)

    @property
    def meaning_of_errors(self) -> str:
        """Where they come from, sigma or the residuals, and the formula."""
        source, formula = (("the given sigma", "(X^T W X)^-1") if self.sigma_known_ else
                           ("the scatter s of the residuals", "s^2 (X^T X)^-1"))
        return f"standard errors from {source}: the square roots of the diagonal of {formula}"

    def _solve(self, problem: Problem) -> Estimate:
        warn_if_underdetermined(self, problem)
        if self.solver == "normal":
            theta, inverse, condition = by_normal_equation(problem)
        elif self.solver == "svd":
            theta, inverse, condition = by_svd(problem)
        else:
            theta, inverse, condition = by_qr(problem)
        is_determined = bool(np.isfinite(inverse).all())
        if not is_determined and problem.n >= problem.k:
            warn("LinearRegression.fit: some columns of X are combinations of others, to within rounding, so the "
                 "samples do not determine the parameters; the coefficients of least norm are given, without errors. "
                 "Remove such columns, or use Ridge", IllConditionedWarning, stacklevel=4)
        elif self.solver == "normal":
            warn_if_ill_conditioned(self, condition, "Use solver='qr'", power=2)
        elif is_determined:
            cure = "The solver adds less to it: scale" if self.solver == "qr" else "Use solver='qr', scale"
            warn_if_ill_conditioned(self, condition, f"{cure} or centre the features, use fewer, or use Ridge")
        ndf = problem.n - (problem.k if is_determined else int(np.linalg.matrix_rank(problem.design)))
        variance = chi2_ndf(problem, theta, ndf)
        covariance = inverse * problem.noise_variance(variance)
        return Estimate(theta, covariance, variance, ndf, condition, problem.sigma_known)


Solution = tuple[np.ndarray, np.ndarray, float]
"""theta; (X^T X)^-1, NaN where X does not determine theta; the condition number."""


def by_qr(problem: Problem) -> Solution:
    """R theta = Q^T y, then Newton steps; by SVD if X does not determine theta."""
    X, exponents = problem.scaled
    Q, R = np.linalg.qr(X)
    singular = np.linalg.svd(R, compute_uv=False)
    if not are_independent(singular, problem.n, problem.k):
        theta, _, _ = by_svd(problem)
        return theta, np.full((problem.k, problem.k), np.nan), np.inf
    R_inverse, condition = np.linalg.inv(R), float(singular[0] / singular[-1])
    theta = refined(R_inverse @ (Q.T @ problem.y), R_inverse, X, problem.y)
    inverse = R_inverse @ R_inverse.T
    if condition * EPS > np.sqrt(EPS):  # fewer than half of the digits are left; the others are worth k searches
        inverse = np.array([refined(row, R_inverse, X, np.zeros(problem.n), unit)
                            for row, unit in zip(inverse, np.eye(problem.k), strict=True)])
        inverse = (inverse + inverse.T) / 2
    return np.ldexp(theta, -exponents), np.ldexp(inverse, -exponents - exponents[:, None]), condition


def refined(t: np.ndarray, R_inverse: np.ndarray, X: np.ndarray, y: np.ndarray,
            b: float | np.ndarray = 0) -> np.ndarray:
    """The solution of X^T X t = X^T y + b by Newton steps from a t nearby; X = Q R has columns of about unit length.

    That R is rounded makes a step only a little longer or shorter than it should be. What decides where the
    steps end, and is computed in twice the precision, is the gradient X^T (y - X t) + b.
    """
    size, error_of_step = np.inf, len(t) * EPS * np.linalg.norm(R_inverse)  # the latter as a part of the step
    while True:
        r, rest = precise.residuals(X, y, t)
        step = R_inverse @ (R_inverse.T @ (b + precise.dot(X, r) + rest @ X))
        if not np.abs(step).max() < size / 2:  # as small as it gets
            return t
        t, size = t + step, np.abs(step).max()
        if (size * error_of_step < EPS / 4 * np.abs(t)).all():  # another would change no digit
            return t


def by_svd(problem: Problem) -> Solution:
    """V S^-1 U^T y for the centred problem, leaving out what does not differ from 0."""
    centred = problem.centred
    U, s, V = centred.svd()
    # what rounding makes of 0: in the SVD, and before it where the means were taken out
    kept = s > EPS * (max(centred.X.shape) * s[0] + 4 * np.linalg.norm(problem.X))
    inverse_s = np.divide(1, s, out=np.zeros_like(s), where=kept)
    theta = centred.theta(V @ (inverse_s * (U.T @ centred.y)))
    if not kept.all():
        return theta, np.full((problem.k, problem.k), np.nan), np.inf
    return theta, centred.covariance((V * inverse_s**2) @ V.T, noise_variance=1), float(s[0] / s[-1])


def by_normal_equation(problem: Problem) -> Solution:
    """X^T X theta = X^T y, as on the blackboard."""
    X = problem.design
    try:
        if problem.n < problem.k:
            raise np.linalg.LinAlgError
        theta, inverse = np.linalg.solve(X.T @ X, X.T @ problem.y), np.linalg.inv(X.T @ X)
    except np.linalg.LinAlgError:
        raise LinalgError(f"LinearRegression.fit: X^T X has no inverse, for X of shape {X.shape}, with the column of "
                          "ones if there is an intercept; use solver='qr', which takes the coefficients of least norm, "
                          "or Ridge") from None
    return theta, inverse, condition_number(X)


def warn_if_underdetermined(model: WeightedLinearModel, problem: Problem) -> None:
    """Say so when there are not more samples than parameters."""
    if problem.n > problem.k:
        return
    if problem.n < problem.k:
        consequence = "do not determine them; one of many exact fits is given, without errors"
    else:
        consequence = "leave no residual that could tell the size of the errors"
    samples = "1 sample" if problem.n == 1 else f"{problem.n} samples"
    warn(f"{type(model).__name__}.fit: {samples} for {problem.k} parameters {consequence}. Take more samples "
         "or fewer features, or use Ridge, Lasso or BayesianLinearRegression", UnderdeterminedWarning, stacklevel=5)
