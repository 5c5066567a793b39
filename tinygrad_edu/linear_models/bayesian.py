"""Bayesian linear regression: a distribution over the parameters, and with it error bars on predictions."""

from typing import Any, Literal, overload
from warnings import warn

import numpy as np

from tinygrad_edu.checks import positive, yes_or_no
from tinygrad_edu.errors import ArgumentError, ConvergenceWarning
from tinygrad_edu.linear_models.base import EPS, Estimate, LinearModel, chi2_ndf, warn_if_ill_conditioned
from tinygrad_edu.linear_models.problem import Problem
from tinygrad_edu.linear_models.summary import reach

MOST_STEPS = 10_000
"""After how many steps the search for alpha and beta gives up, with a warning."""


class BayesianLinearRegression(LinearModel):
    """The parameters as a normal distribution: what was believed before, corrected by the samples.

        prior       coef ~ N(0, 1/alpha),  the same for each; theta_0 anything, with equal density
        noise       y_i ~ N(theta_0 + x_i . coef, 1/beta)
        posterior   coef ~ N(m, S),  S = (alpha + beta X^T X)^-1,  m = beta S X^T y     for X and y centred
        prediction  y ~ N(x . m, 1/beta + x . S x),  likewise with theta_0

    alpha and beta are precisions, 1/variance. Those not given are set to the values that make the samples most
    probable, those of the largest evidence p(y | alpha, beta), by MacKay's steps:

        gamma = sum beta s^2 / (alpha + beta s^2),   alpha = gamma / |m|^2,   beta = (N - gamma) / |y - X m|^2

    with the singular values s of X, and N = n, less 1 if there is an intercept.

    Args:
        alpha: the precision of the prior, positive, in units of 1/coef^2; None to estimate it.
        beta: the precision of the noise, positive, in units of 1/y^2; None to estimate it.

    Attributes: those of `LinearModel`, theta_ being the mean of the posterior, and
        alpha_, beta_: the precisions used, given or estimated.
        covariance_: of the posterior.
        effective_parameters_: gamma, how many coefficients the samples determine rather than the prior.
        ndf_: n - gamma, less 1 if there is an intercept.
        chi2_ndf_: with sigma^2 = 1/beta if beta is given.
        log_evidence_: ln p(y | alpha, beta), to compare models of the same y. With intercept it is the integral
            over theta_0 with density 1, so compare only models that both have one.

    Warnings: ConvergenceWarning if the samples give no largest evidence, or the search is too slow for 10 000
    steps. IllConditionedWarning if alpha is too small to help columns that nearly repeat each other.

    Errors: OptionError or ArgumentError for precisions that are no positive numbers; in `fit`, ArgumentError if
    they are to be estimated from constant y.

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models import BayesianLinearRegression
    >>> X, y = np.array([[-1.0], [0.0], [1.0]]), np.array([-1.0, 0.0, 1.0])
    >>> model = BayesianLinearRegression(alpha=2.0, beta=1.0).fit(X, y)
    >>> model.coef_, model.covariance_.round(4)  # half the slope of the data, pulled to 0 by the prior
    (array([0.5]), array([[0.3333, 0.    ],
           [0.    , 0.25  ]]))
    >>> mean, std = model.predict([[2.0]], return_std=True)
    >>> mean, std.round(4)
    (array([1.]), array([1.5275]))

    Source: D. J. C. MacKay, "Bayesian interpolation" (1992); C. M. Bishop, "Pattern Recognition and Machine
    Learning" (2006), sections 3.3 to 3.5.

    Convention: the names are Bishop's, but he penalises the intercept like the rest. In scikit-learn's BayesianRidge
    alpha is the precision of the noise, and lambda that of the prior, both with priors of their own.
    """

    alpha_: float
    beta_: float
    effective_parameters_: float
    log_evidence_: float

    options = ("alpha", "beta", "fit_intercept")
    meaning_of_errors = "standard deviations of the posterior"

    def __init__(self, alpha: float | None = None, beta: float | None = None, *, fit_intercept: bool = True) -> None:
        self.alpha, self.beta = alpha, beta
        super().__init__(fit_intercept=fit_intercept)

    def _check_options(self) -> None:
        super()._check_options()
        if self.alpha is not None:
            self.alpha = positive("BayesianLinearRegression: alpha", self.alpha)
        if self.beta is not None:
            self.beta = positive("BayesianLinearRegression: beta", self.beta)

    @overload
    def predict(self, X: Any, return_std: Literal[False] = False) -> np.ndarray: ...
    @overload
    def predict(self, X: Any, return_std: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The mean of the prediction for samples X, (m, p), a number for each, (m,); float32 for float32.

        Args:
            return_std: with it, a pair: the mean, and the standard deviation of a new y, noise included, (m,).

        Errors: as those of the other models.
        """
        mean = super().predict(X)
        if not yes_or_no("BayesianLinearRegression.predict: return_std", return_std):
            return mean
        design = self._samples("predict", X)
        if self._has_intercept:
            design = np.column_stack([np.ones(len(design)), design])
        variance = 1 / self.beta_ + ((design @ self.covariance_) * design).sum(axis=1)
        return mean, np.sqrt(variance).astype(mean.dtype)

    def predict_interval(self, X: Any, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper end, (m,) each, of where a new y at X, (m, p), lies with probability `level`.

        Errors: as `predict`; ArgumentError for a level that is not between 0 and 1, OptionError if it is no number.
        """
        if positive("BayesianLinearRegression.predict_interval: level", level) >= 1:
            raise ArgumentError(f"BayesianLinearRegression.predict_interval: level must be below 1, got {level}; "
                                "it is a probability, such as 0.95")
        mean, std = self.predict(X, return_std=True)
        half = (reach(np.inf, level) * std).astype(mean.dtype)
        return mean - half, mean + half

    def _solve(self, problem: Problem) -> Estimate:
        centred = problem.centred
        U, s, V = centred.svd()
        along = U.T @ centred.y  # y in the directions of X; what is left of it no coefficients can reach
        rest = centred.y - U @ along
        n = problem.n - (problem.ones is not None)
        if self.alpha is None or self.beta is None:
            if centred.y @ centred.y <= EPS**2 * (problem.y @ problem.y):
                raise ArgumentError("BayesianLinearRegression.fit: y is constant, which says nothing about the "
                                    "precisions; pass alpha and beta")
            alpha, beta = self._most_probable(s, along, float(rest @ rest), n)
        else:
            alpha, beta = self.alpha, self.beta
        precision = alpha + beta * s**2
        condition = float(np.sqrt(precision.max() / precision.min()))
        warn_if_ill_conditioned(self, condition, "Use a larger alpha")
        coef = V @ (beta * s * along / precision)
        r = centred.y - centred.X @ coef
        gamma = float((beta * s**2 / precision).sum())
        log_evidence = (n * np.log(beta / (2 * np.pi)) + np.log(alpha / precision).sum()
                        - beta * (r @ r) - alpha * (coef @ coef)) / 2
        if problem.ones is not None:
            log_evidence -= np.log(problem.n) / 2
        of_coef = (V / precision) @ V.T  # where s = 0 the variance of the prior is kept
        theta, ndf = centred.theta(coef), n - gamma
        scale = 1.0 if self.beta is None else beta
        self.alpha_, self.beta_, self.effective_parameters_ = alpha, beta, gamma
        self.log_evidence_ = float(log_evidence)
        return Estimate(theta, centred.covariance(of_coef, 1 / beta), scale * chi2_ndf(problem, theta, ndf), ndf,
                        condition, sigma_known=self.beta is not None)

    def _most_probable(self, s: np.ndarray, along: np.ndarray, rest: float, n: int) -> tuple[float, float]:
        """alpha and beta of the largest evidence.

        Args:
            s, along: the singular values of the centred X, and y in their directions, (p,).
            rest: the squared length of y in all other directions.
            n: the number of samples, less 1 if there is an intercept.
        """
        size = rest + float(along @ along)
        beta = self.beta or n / size
        alpha = self.alpha or beta * (float(s @ s) or 1.0) / len(s)
        for _ in range(MOST_STEPS):
            precision = alpha + beta * s**2
            gamma = float((beta * s**2 / precision).sum())
            if self.alpha is None and gamma < 1e-9:
                warn("BayesianLinearRegression.fit: the samples do not show that y depends on X: the more precise the "
                     "prior at 0, the more probable they are, so the coefficients are about 0. Pass alpha",
                     ConvergenceWarning, stacklevel=5)
                return alpha, beta
            coef, unfitted = beta * s * along / precision, alpha * along / precision
            # residuals smaller than the rounding of y tell nothing of the noise
            squares = max(rest + float(unfitted @ unfitted), EPS**2 * size)
            new_alpha = self.alpha or gamma / float(coef @ coef)
            new_beta = self.beta or max(n - gamma, EPS) / squares
            change = max(abs(new_alpha / alpha - 1), abs(new_beta / beta - 1))
            alpha, beta = new_alpha, new_beta
            if change < 1e-10:
                return alpha, beta
        warn(f"BayesianLinearRegression.fit: alpha and beta still change by {change:.0e} of their values after "
             f"{MOST_STEPS} steps; pass one of them", ConvergenceWarning, stacklevel=5)
        return alpha, beta
