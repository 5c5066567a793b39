"""What all linear models share: fit, predict, score, and a summary of the parameters with their errors."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Self
from warnings import warn

import numpy as np

from tinygrad_edu.checks import as_names, as_table, as_targets, yes_or_no
from tinygrad_edu.errors import IllConditionedWarning, ShapeError, StateError
from tinygrad_edu.linear_models.problem import Problem
from tinygrad_edu.linear_models.summary import Summary, goodness_of_fit, table_of_parameters

EPS = float(np.finfo(np.float64).eps)


class Estimate(NamedTuple):
    """What a fit found."""

    theta: np.ndarray  # (k,), intercept first
    covariance: np.ndarray  # (k, k), in the order of theta; NaN where there is none
    chi2_ndf: float
    ndf: float  # degrees of freedom: samples minus parameters, or minus effective ones
    condition: float  # of the matrix that was solved
    sigma_known: bool  # or else estimated from the residuals


class LinearModel(ABC):
    """y ~ theta_0 + theta_1 x_1 + ... + theta_p x_p, or without theta_0.

    Args of every model:
        fit_intercept: True or False: with theta_0, the lecture's parameter of the pseudo-variable x_0 = 1, or
            without, for a line through the origin, or if X has a column of ones.

    Attributes, after `fit`, all float64:
        theta_: the parameters, (k,), intercept first: k = p + 1, or p without intercept.
        coef_, intercept_: the same in two: (p,), and a number, 0 for a model without.
        covariance_: of the parameters, (k, k), in the order of theta_. Its meaning differs by model.
        standard_errors_: the square roots of its diagonal, (k,).
        chi2_ndf_: sum (r_i / sigma_i)^2 / ndf, about 1 for a good fit if sigma was given. Otherwise all sigma
            count as 1, and it is the estimated variance of the errors, s^2. NaN if ndf is not positive.
        ndf_: the degrees of freedom, n minus the number of parameters that the samples determine.
        condition_number_: of the matrix that was solved, its largest singular value over its smallest, 1 at best:
            a relative error of X may come out so many times larger in theta_. Infinite if X does not determine it.
    """

    theta_: np.ndarray
    coef_: np.ndarray
    intercept_: float
    covariance_: np.ndarray
    standard_errors_: np.ndarray
    chi2_ndf_: float
    ndf_: float
    condition_number_: float
    n_samples_: int
    sigma_known_: bool

    options: ClassVar[tuple[str, ...]] = ("fit_intercept",)
    """The names of the constructor's arguments, each also an attribute."""

    def __init__(self, *, fit_intercept: bool = True) -> None:
        self.fit_intercept = fit_intercept
        self._check_options()

    def fit(self, X: Any, y: Any) -> Self:
        """Find the parameters for samples X, (n, p), and targets y, (n,); returns the model itself.

        The arithmetic is in float64 whatever the dtype of X. A fit that fails leaves an earlier one as it was.

        Errors: ShapeError if X is not (n, p) or y not (n,), DtypeError if they do not hold real numbers,
        ArgumentError for NaN, infinity, and columns whose largest number is beyond 1e60 or below 1e-60. Those of the
        constructor, if options have been assigned since.
        """
        return self._fit(X, y, None)

    def predict(self, X: Any) -> np.ndarray:
        """theta_0 + X coef for the samples X, (m, p), a number for each, (m,); float32 for float32.

        Errors: those of `fit` for X, StateError before it, ShapeError for another number of features.
        """
        prediction = self._samples("predict", X) @ self.coef_ + self.intercept_
        return prediction.astype(np.result_type(getattr(X, "dtype", np.float64), np.float32))

    def score(self, X: Any, y: Any) -> float:
        """The coefficient of determination R^2 on samples X, (m, p), and targets y, (m,).

            R^2 = 1 - sum (y_i - h(x_i))^2 / sum (y_i - mean(y))^2

        1 is a perfect fit, 0 is as good as the mean of y, negative is worse. For constant y it is 1 if all are
        hit and 0 otherwise, as in scikit-learn.

        Errors: as `predict`, and those of `fit` for y.
        """
        X = self._samples("score", X)
        y = as_targets(f"{type(self).__name__}.score: y", y, len(X))
        residuals, deviations = y - (X @ self.coef_ + self.intercept_), y - y.mean()
        if not deviations.any():
            return 0.0 if residuals.any() else 1.0
        return 1 - float(residuals @ residuals / (deviations @ deviations))

    def summary(self, names: Sequence[str] | None = None) -> Summary:
        """A table: each parameter, its standard error, the ratio of the two, and its 95 % interval.

        The ratio is called t where the variance of the errors was estimated, z where it is known: the interval
        is then that of Student's t with `ndf_` degrees of freedom, or of the normal distribution.

        Args:
            names: of the p features; x1, x2, ... if not given.

        Errors: StateError before `fit`, OptionError if names are no strings, ShapeError if they are not p.
        """
        self._check_fitted("summary")
        names = as_names(f"{type(self).__name__}.summary: names", [f"x{i + 1}" for i in range(len(self.coef_))]
                         if names is None else names, len(self.coef_))
        table = table_of_parameters(["intercept", *names] if self._has_intercept else names, self.theta_,
                                    self.standard_errors_, np.inf if self.sigma_known_ else self.ndf_)
        return Summary("\n".join([
            f"{self!r}, {self.n_samples_} samples", *table,
            goodness_of_fit(self.chi2_ndf_, self.ndf_, self.sigma_known_),
            f"condition number {self.condition_number_:.2g}, by which relative errors of X may grow in the parameters",
            self.meaning_of_errors]))

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.options)
        return f"{type(self).__name__}({options})"

    @property
    @abstractmethod
    def meaning_of_errors(self) -> str:
        """What the standard errors of this model are; the last line of its summary."""

    @abstractmethod
    def _solve(self, problem: Problem) -> Estimate:
        """The method itself."""

    def _check_options(self) -> None:
        """Check the attributes named in `options`: by the constructor, and again in each fit, as they may be assigned.

        A subclass sets its own before it calls the constructor of this class.
        """
        self.fit_intercept = yes_or_no(f"{type(self).__name__}: fit_intercept", self.fit_intercept)

    def _fit(self, X: Any, y: Any, sigma: Any) -> Self:
        self._check_options()
        problem = Problem.checked(f"{type(self).__name__}.fit", X, y, sigma, self.fit_intercept)
        estimate = self._solve(problem)
        variances = np.diag(estimate.covariance)
        self.theta_, self.coef_ = estimate.theta, estimate.theta[int(self.fit_intercept):]
        self.intercept_ = float(estimate.theta[0]) if self.fit_intercept else 0.0
        self.covariance_ = estimate.covariance
        # the normal equation may lose all digits, and then variances come out negative
        self.standard_errors_ = np.sqrt(np.where(variances >= 0, variances, np.nan))
        self.chi2_ndf_, self.ndf_ = estimate.chi2_ndf, estimate.ndf
        self.condition_number_ = estimate.condition
        self.n_samples_, self.sigma_known_ = problem.n, estimate.sigma_known
        return self

    @property
    def _has_intercept(self) -> bool:
        """Whether it was fitted with one, whatever `fit_intercept` has been set to since."""
        return len(self.theta_) > len(self.coef_)

    def _check_fitted(self, method: str) -> None:
        if not hasattr(self, "theta_"):
            raise StateError(f"{type(self).__name__}.{method}: the model has learned nothing yet; call fit(X, y) first")

    def _samples(self, method: str, X: Any) -> np.ndarray:
        self._check_fitted(method)
        X = as_table(f"{type(self).__name__}.{method}: X", X).astype(np.float64)
        if X.shape[1] != len(self.coef_):
            raise ShapeError(f"{type(self).__name__}.{method}: expected shape (m, {len(self.coef_)}) as in fit, with "
                             f"any m, got {X.shape}")
        return X


class WeightedLinearModel(LinearModel):
    """A linear model that can take the standard deviation of each target into account."""

    def fit(self, X: Any, y: Any, sigma: Any = None) -> Self:
        """Find the parameters for samples X, (n, p), and targets y, (n,); returns the model itself.

        Each residual is divided by its sigma, if given: the known standard deviation of y_i, in its units, (n,) or
        one number for all. The arithmetic is in float64 whatever the dtype of X. A fit that fails leaves an earlier
        one as it was.

        Errors: ShapeError if X is not (n, p) or y and sigma not (n,), DtypeError if they do not hold real
        numbers, ArgumentError for NaN, infinity, a sigma that is not positive, and columns whose largest number
        is beyond 1e60 or below 1e-60. Those of the constructor, if options have been assigned since.
        """
        return self._fit(X, y, sigma)


def are_independent(singular: np.ndarray, n: int, k: int) -> bool:
    """Whether k columns of about unit length, with n rows and these singular values, determine k parameters.

    The smallest singular value of dependent columns is not 0, but what rounding makes of it in a QR
    decomposition: it grows with the length of the columns about as a random walk.
    """
    return bool(n >= k and singular[-1] > 4 * k * np.sqrt(n) * EPS * singular[0])


def condition_number(X: np.ndarray) -> float:
    """The largest singular value of X, (n, p), over the smallest; infinite if n < p."""
    s = np.linalg.svd(X, compute_uv=False)
    return float(s[0] / s[-1]) if len(s) == X.shape[1] and s[-1] > 0 else np.inf


def chi2_ndf(problem: Problem, theta: np.ndarray, ndf: float) -> float:
    """chi^2 over degrees of freedom; NaN if all of them have been used up."""
    return problem.chi2(theta) / ndf if ndf > 0 else np.nan


def warn_if_ill_conditioned(model: LinearModel, condition: float, cure: str, power: int = 1) -> None:
    """Say so when errors of the last digit of X may grow until they reach half of the digits of theta.

    Args:
        condition: of the matrix; with the power to which the method raises it.
        cure: what to do about it.
    """
    error = EPS * min(condition, 1 / EPS) ** power
    if error > np.sqrt(EPS):
        # outermost: fit, then _fit, _solve and this function
        warn(f"{type(model).__name__}.fit: the columns nearly repeat each other, with condition number "
             f"{condition:.1e}. Errors in the last digit of the data may become {min(error, 1):.0e} of the "
             f"parameters. {cure}", IllConditionedWarning, stacklevel=5)
