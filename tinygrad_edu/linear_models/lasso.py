"""Lasso: least squares with a penalty that sets coefficients to exactly 0, by coordinate descent."""

from itertools import count
from typing import Any, NamedTuple
from warnings import warn

import numpy as np

from tinygrad_edu.checks import as_rows, positive, yes_or_no
from tinygrad_edu.errors import ArgumentError, ConvergenceWarning, ShapeError
from tinygrad_edu.linear_models.base import Estimate, LinearModel, chi2_ndf, condition_number
from tinygrad_edu.linear_models.problem import Centred, Problem

MOST_SWEEPS = 10_000
"""After how many sweeps over all coefficients the search gives up, with a warning."""


class LassoPath(NamedTuple):
    """How the coefficients enter as the penalty falls."""

    alphas: np.ndarray  # (m,), falling
    coef: np.ndarray  # (m, p), a row for each alpha
    intercept: np.ndarray  # (m,), 0 without intercept


class Lasso(LinearModel):
    """Least squares with an L1 penalty: it shrinks the coefficients, and sets those it can do without to 0.

        J = 1/(2n) sum r_i^2 + alpha sum_j |coef_j|,   r = y - theta_0 - X coef

    The intercept is not penalised. Coordinate descent: each coefficient in turn takes the value that is best
    while the others stay, a soft threshold,

        coef_j = S(x_j . (r + x_j coef_j) / n, alpha) / (|x_j|^2 / n),   S(z, a) = sign(z) max(|z| - a, 0)

    until the duality gap, by which J can still fall at most, is below tol times the J of all coefficients 0.

    Args:
        alpha: the strength of the penalty, positive, in units of x y: scale the features first, or it treats
            them unequally.
        tol: of the duality gap, positive.

    Attributes: those of `LinearModel`, and
        covariance_, standard_errors_: NaN. A coefficient that is exactly 0 in a part of the samples has no
            normal distribution, and no formula, nor the ordinary bootstrap, gives an honest error for it.
        ndf_: n minus the coefficients that are not 0, minus 1 for the intercept.
        dual_gap_: by how much J may exceed its minimum.
        n_sweeps_: how many times all coefficients were gone through.

    Warnings: ConvergenceWarning if the gap is not reached in 10 000 sweeps.

    Errors: OptionError or ArgumentError for an alpha or tol that is no positive number.

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models import Lasso
    >>> X, y = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]), np.array([3.1, -2.9, 2.9, -3.1])
    >>> Lasso(alpha=0.5).fit(X, y).coef_.round(6) + 0.0  # 3 and 0.1 without the penalty
    array([2.5, 0. ])

    Source: R. Tibshirani, "Regression shrinkage and selection via the lasso" (1996); J. Friedman, T. Hastie and
    R. Tibshirani, "Regularization paths for generalized linear models via coordinate descent" (2010); the
    degrees of freedom: H. Zou, T. Hastie and R. Tibshirani, "On the degrees of freedom of the lasso" (2007).

    Convention: J is scikit-learn's, with 1/(2n) before the sum of squares, unlike that of `Ridge`; chi2_ndf_ is divided
    by ndf.
    """

    dual_gap_: float
    n_sweeps_: int

    options = ("alpha", "tol", "fit_intercept")
    meaning_of_errors = "no standard errors: coefficients that may be exactly 0 have no normal distribution"

    def __init__(self, alpha: float = 1.0, tol: float = 1e-10, *, fit_intercept: bool = True) -> None:
        self.alpha, self.tol = alpha, tol
        super().__init__(fit_intercept=fit_intercept)

    def _check_options(self) -> None:
        super()._check_options()
        self.alpha, self.tol = positive("Lasso: alpha", self.alpha), positive("Lasso: tol", self.tol)

    @classmethod
    def path(cls, X: Any, y: Any, alphas: Any = None, tol: float = 1e-10, *, fit_intercept: bool = True) -> LassoPath:
        """The coefficients for a whole series of penalties, each search starting where the last one ended.

        Args:
            X, y: as for `fit`.
            alphas: positive, (m,), in any order; if not given, 100 in equal ratios from the smallest alpha for
                which all coefficients are 0, max_j |x_j . y| / n with X and y centred, down to 1/1000 of it.
            tol, fit_intercept: as for the model.

        Errors: those of `fit`; ShapeError if alphas are not (m,) with m of 1 or more; ArgumentError if there is
        one that is not positive, or if none are given and y is constant, so that all coefficients are 0 anyway.

        >>> import numpy as np
        >>> from tinygrad_edu.linear_models import Lasso
        >>> X, y = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]), np.array([3.1, -2.9, 2.9, -3.1])
        >>> Lasso.path(X, y, alphas=[3.0, 1.0, 0.05]).coef.round(6) + 0.0
        array([[0.  , 0.  ],
               [2.  , 0.  ],
               [2.95, 0.05]])
        """
        tol, fit_intercept = positive("Lasso.path: tol", tol), yes_or_no("Lasso.path: fit_intercept", fit_intercept)
        centred = Problem.checked("Lasso.path", X, y, None, fit_intercept).centred
        alphas = _all_to_none(centred) if alphas is None else _falling(alphas)
        coef = np.zeros(centred.X.shape[1])
        rows = []
        for alpha in alphas:
            coef, _, _ = descend(centred, float(alpha), tol, start=coef, stacklevel=3)
            rows.append(coef)
        intercepts = [centred.theta(row)[0] if fit_intercept else 0.0 for row in rows]
        return LassoPath(alphas, np.array(rows), np.array(intercepts))

    def _solve(self, problem: Problem) -> Estimate:
        centred = problem.centred
        coef, gap, sweeps = descend(centred, self.alpha, self.tol, start=np.zeros(centred.X.shape[1]), stacklevel=5)
        theta = centred.theta(coef)
        ndf = problem.n - int(np.count_nonzero(coef)) - (problem.ones is not None)
        self.dual_gap_, self.n_sweeps_ = gap, sweeps
        return Estimate(theta, np.full((problem.k, problem.k), np.nan), chi2_ndf(problem, theta, ndf), ndf,
                        condition_number(centred.X), problem.sigma_known)


def descend(centred: Centred, alpha: float, tol: float, start: np.ndarray,
            stacklevel: int) -> tuple[np.ndarray, float, int]:
    """The coefficients, the duality gap that is left, and the number of sweeps.

    Args:
        stacklevel: of the warning, such that it shows the user's line.
    """
    columns, y, n = np.ascontiguousarray(centred.X.T), centred.y, len(centred.y)
    curvatures = (columns**2).sum(axis=1) / n
    coef, goal = start.copy(), tol * (y @ y) / (2 * n)
    for sweep in count():
        r = y - centred.X @ coef  # anew in each sweep, since what is carried along gathers rounding errors
        gap = duality_gap(centred, r, coef, alpha)
        if gap <= goal or sweep == MOST_SWEEPS:
            break
        for j in np.flatnonzero(curvatures):
            pull = columns[j] @ r / n + curvatures[j] * coef[j]
            new = np.sign(pull) * max(abs(pull) - alpha, 0) / curvatures[j]
            r += (coef[j] - new) * columns[j]
            coef[j] = new
    if gap > goal:
        warn(f"Lasso: after {sweep} sweeps J may still be {gap:.1e} above its minimum, while tol asks for {goal:.1e}. "
             "Scale the features, or raise alpha or tol", ConvergenceWarning, stacklevel=stacklevel)
    return coef, gap, sweep


def duality_gap(centred: Centred, r: np.ndarray, coef: np.ndarray, alpha: float) -> float:
    """J minus a lower bound of its minimum: J is too large by no more.

    For every v with |x_j . v| <= n alpha for all j, the minimum of J is at least y . v / n - |v|^2 / (2n); a good
    v is the residual r, shortened until it obeys.
    """
    n, y = len(r), centred.y
    steepest = np.abs(r @ centred.X).max()
    shortened = r * min(1.0, n * alpha / steepest) if steepest > 0 else r
    primal = r @ r / (2 * n) + alpha * np.abs(coef).sum()
    dual = y @ shortened / n - shortened @ shortened / (2 * n)
    return float(max(primal - dual, 0))


def _all_to_none(centred: Centred) -> np.ndarray:
    largest = np.abs(centred.y @ centred.X).max() / len(centred.y)
    if largest == 0:
        raise ArgumentError("Lasso.path: all coefficients are 0 for every alpha, since y does not vary with X; look at "
                            "the data, or pass alphas")
    return np.geomspace(largest, largest / 1000, 100)


def _falling(alphas: Any) -> np.ndarray:
    shape = as_rows("Lasso.path: alphas", alphas).shape
    if len(shape) > 1:
        raise ShapeError(f"Lasso.path: alphas must have shape (m,), got {shape}")
    return np.array(sorted((positive("Lasso.path: each of alphas", alpha) for alpha in alphas), reverse=True))
