"""The samples as a linear model meets them: rows divided by their sigma, x_0 = 1 in front, or centred."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_edu.checks import as_sigma, as_table, as_targets
from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.linear_models import precise

SMALLEST, LARGEST = 1e-60, 1e60
"""The sizes that a column may have: squares and quotients of variances then neither overflow nor vanish."""


@dataclass(frozen=True)
class Problem:
    """X theta ~ y. Where sigma is known, both sides have been divided by it: all errors are then of size 1.

    Args:
        X: the features, (n, p) float64.
        y: the targets, (n,) float64.
        ones: the pseudo-variable x_0 = 1 of each sample, (n,); None for a model without intercept.
        sigma_known: whether the rows were divided by a sigma.
    """

    X: np.ndarray
    y: np.ndarray
    ones: np.ndarray | None
    sigma_known: bool

    @classmethod
    def checked(cls, function: str, X: Any, y: Any, sigma: Any, fit_intercept: bool) -> "Problem":
        """From what the user gave.

        Errors: those of `as_table`, `as_targets` and `as_sigma`, ArgumentError for columns beyond the sizes above.
        """
        X = as_table(f"{function}: X", X).astype(np.float64)
        y = as_targets(f"{function}: y", y, len(X))
        check_sizes(f"{function}: X", X)
        check_sizes(f"{function}: y", y[:, None])
        ones = np.ones(len(X))
        if sigma is not None:
            sigma = as_sigma(f"{function}: sigma", sigma, len(X))
            check_sizes(f"{function}: sigma", np.array([[sigma.min()], [sigma.max()]]).T)
            X, y, ones = X / sigma[:, None], y / sigma, ones / sigma
        return cls(X, y, ones if fit_intercept else None, sigma is not None)

    @property
    def n(self) -> int:
        """The number of samples."""
        return len(self.y)

    @property
    def k(self) -> int:
        """The number of parameters theta: p + 1, or p without intercept."""
        return self.X.shape[1] + (self.ones is not None)

    @cached_property
    def design(self) -> np.ndarray:
        """The matrix of the lecture, (n, k): the column x_0 in front of the features."""
        return self.X if self.ones is None else np.column_stack([self.ones, self.X])

    @cached_property
    def scaled(self) -> tuple[np.ndarray, np.ndarray]:
        """The design with columns of about unit length, and the exponents e: column = scaled column * 2^e.

        Powers of two round nothing: it is the same problem in other units.
        """
        exponents = np.frexp(np.linalg.norm(self.design, axis=0))[1]
        return np.ldexp(self.design, -exponents), exponents

    def chi2(self, theta: np.ndarray) -> float:
        """The sum of squared residuals, in units of sigma where it is known."""
        r, _ = precise.residuals(self.design, self.y, theta)
        return float(r @ r)

    def noise_variance(self, chi2_ndf: float) -> float:
        """The variance of the errors of y: 1 where the rows were divided by it, else estimated, chi^2/ndf."""
        return 1.0 if self.sigma_known else chi2_ndf

    @cached_property
    def centred(self) -> "Centred":
        """The same problem for the coefficients alone: the intercept solved for and put in.

        For given coefficients w the best intercept is mean(y) - mean(x) . w, with weights 1/sigma^2. What is
        left to be fitted are the deviations from the means.
        """
        if self.ones is None:
            return Centred(self.X, self.y, np.zeros(self.X.shape[1]), None, np.inf)
        weight = float(self.ones @ self.ones)
        table = np.column_stack([self.y, self.X])
        means = self.ones @ table / weight
        rest = self.ones @ (table - np.outer(self.ones, means)) / weight  # the mean of many rounds; this does not
        means = means + rest
        deviations = table - np.outer(self.ones, means)
        return Centred(deviations[:, 1:], deviations[:, 0], means[1:], float(means[0]), weight)


def check_sizes(name: str, columns: np.ndarray) -> None:
    """ArgumentError for a column whose squares would leave the range of float64."""
    largest = np.abs(columns).max(axis=0)
    outside = (largest > LARGEST) | ((largest < SMALLEST) & (largest > 0))
    if outside.any():
        raise ArgumentError(f"{name} has numbers of size {largest[outside][0]:.0e}, whose squares leave the range of "
                            "float64; choose another unit for them")


@dataclass(frozen=True)
class Centred:
    """X w ~ y with the means taken out; what it takes to come back to theta, intercept first.

    Args:
        X: (n, p).
        y: (n,).
        x_mean: the mean of each feature, (p,).
        y_mean: the mean of y; None for a model without intercept, where no mean was taken out.
        weight: the sum of 1/sigma_i^2, n where sigma is unknown: the mean of y has the variance 1/weight.
    """

    X: np.ndarray
    y: np.ndarray
    x_mean: np.ndarray
    y_mean: float | None
    weight: float

    def theta(self, coef: np.ndarray) -> np.ndarray:
        """The coefficients with the best intercept in front, (k,)."""
        return coef if self.y_mean is None else np.array([self.y_mean - self.x_mean @ coef, *coef])

    def covariance(self, of_coef: np.ndarray, noise_variance: float) -> np.ndarray:
        """The covariance of theta, (k, k), from that of the coefficients, which are independent of mean(y)."""
        if self.y_mean is None:
            return of_coef
        with_intercept = -of_coef @ self.x_mean
        intercept = noise_variance / self.weight - self.x_mean @ with_intercept
        return np.block([[np.array([[intercept]]), with_intercept[None, :]], [with_intercept[:, None], of_coef]])

    def svd(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """U (n, p), s (p,), V (p, p) with X = U diag(s) V^T, s falling; V has all directions, also those with s = 0."""
        n, p = self.X.shape
        U, s, Vt = np.linalg.svd(self.X, full_matrices=n < p)
        missing = p - len(s)
        return np.pad(U, ((0, 0), (0, missing))), np.pad(s, (0, missing)), Vt.T
