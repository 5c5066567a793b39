"""Ridge regression: least squares with a penalty on the size of the coefficients, for columns alike."""

import numpy as np

from tinygrad_edu.checks import positive
from tinygrad_edu.linear_models.base import Estimate, WeightedLinearModel, chi2_ndf, warn_if_ill_conditioned
from tinygrad_edu.linear_models.problem import Problem


class Ridge(WeightedLinearModel):
    """Least squares with an L2 penalty: coefficients shrink towards 0, those the data say little about the most.

        J = sum (r_i / sigma_i)^2 + alpha |coef|^2,   r = y - theta_0 - X coef
        coef = (X^T W X + alpha)^-1 X^T W y           for X and y centred: the intercept is not penalised

    Computed by the SVD of the centred X, where each direction shrinks by s^2 / (s^2 + alpha).

    Args:
        alpha: the strength of the penalty, positive, in units of W X^2: scale the features first, or it treats
            them unequally.

    Attributes: those of `LinearModel`, and
        covariance_: how the estimate scatters from one sample of y to the next,
            s^2 (X^T W X + alpha)^-1 X^T W X (X^T W X + alpha)^-1, with s^2 = 1 if sigma is given. The shift
            towards 0, the bias, is not in it: an interval of the summary is one around the shrunken value.
        ndf_: n minus the effective parameters, 1 + sum s^2 / (s^2 + alpha).
        condition_number_: of the penalised problem, sqrt((s_max^2 + alpha) / (s_min^2 + alpha)).

    Warnings: IllConditionedWarning if alpha is too small to help.

    Errors: OptionError or ArgumentError for an alpha that is no positive number.

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models import Ridge
    >>> X, y = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), np.array([0.0, 2.0, 4.0])
    >>> Ridge(alpha=1e-3).fit(X, y).coef_.round(2)  # two equal columns share what one would get
    array([1., 1.])

    Source: A. E. Hoerl and R. W. Kennard, "Ridge regression" (1970).

    Convention: J is scikit-learn's, with neither 1/2 nor 1/n; where the lecture has 1/(2n) before the sum of squares
    and lambda/2 before the penalty, alpha is n lambda. s^2 is divided by ndf.
    """

    options = ("alpha", "fit_intercept")
    meaning_of_errors = "standard errors of the shrunken estimate, without its bias towards 0"

    def __init__(self, alpha: float = 1.0, *, fit_intercept: bool = True) -> None:
        self.alpha = alpha
        super().__init__(fit_intercept=fit_intercept)

    def _check_options(self) -> None:
        super()._check_options()
        self.alpha = positive("Ridge: alpha", self.alpha)

    def _solve(self, problem: Problem) -> Estimate:
        centred = problem.centred
        U, s, V = centred.svd()
        condition = float(np.sqrt((s[0]**2 + self.alpha) / (s[-1]**2 + self.alpha)))
        warn_if_ill_conditioned(self, condition, "Use a larger alpha")
        shrunken_inverse = s / (s**2 + self.alpha)
        theta = centred.theta(V @ (shrunken_inverse * (U.T @ centred.y)))
        ndf = problem.n - float((s * shrunken_inverse).sum()) - (problem.ones is not None)
        variance = chi2_ndf(problem, theta, ndf)
        noise = problem.noise_variance(variance)
        covariance = centred.covariance((V * shrunken_inverse**2) @ V.T * noise, noise)
        return Estimate(theta, covariance, variance, ndf, condition, problem.sigma_known)
