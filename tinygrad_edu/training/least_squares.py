"""Nonlinear least squares: a model of the user's own fitted to data, with the errors of its parameters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from warnings import warn

import numpy as np

from tinygrad_edu.checks import as_names, one_of, real_number, whole_number
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.transforms import jacobian, vjp
from tinygrad_edu.errors import ArgumentError, ConvergenceWarning
from tinygrad_edu.linear_models.summary import Summary, goodness_of_fit, table_of_parameters
from tinygrad_edu.training.least_squares_checks import checked, numbers

METHODS = ("levenberg-marquardt", "gauss-newton")
EPS = float(np.finfo(np.float64).eps)
FIRST_DAMPING = 1e-3


@dataclass(frozen=True, eq=False)
class LeastSquaresFit:
    """What `least_squares_fit` found.

    theta: the parameters, (p,).
    covariance: of the parameters, (p, p); infinite where the data leave a combination of them open, NaN if the
        variance of the errors would have to be estimated and n = p.
    chi2: Σ (rᵢ/σᵢ)² at theta; if sigma was not given, with all σᵢ = 1.
    ndf: the degrees of freedom, n − p.
    sigma_known: whether sigma was given.
    iterations: how many Jacobians it took.
    converged: whether theta is a minimum as far as the tolerance can tell.
    message: why it stopped.
    """

    theta: np.ndarray
    covariance: np.ndarray
    chi2: float
    ndf: int
    sigma_known: bool
    iterations: int
    converged: bool
    message: str

    @property
    def standard_errors(self) -> np.ndarray:
        """The roots of the diagonal of the covariance, (p,)."""
        return np.sqrt(np.diag(self.covariance))

    def summary(self, names: Sequence[str] | None = None) -> Summary:
        """A table as of the linear models: each parameter, its error, and its 95 % interval; then why it stopped.

        Args:
            names: of the p parameters; theta[0], theta[1], ... if not given.

        Errors: OptionError if names are no strings, ShapeError if they are not p.
        """
        names = as_names("LeastSquaresFit.summary: names", [f"theta[{i}]" for i in range(len(self.theta))]
                         if names is None else names, len(self.theta))
        table = table_of_parameters(names, self.theta, self.standard_errors, np.inf if self.sigma_known else self.ndf)
        goodness = goodness_of_fit(self.chi2 / self.ndf if self.ndf else np.nan, self.ndf, self.sigma_known)
        return Summary("\n".join([*table, goodness, f"{self.iterations} iterations, {self.message}"]))


def least_squares_fit(model_fn: Callable[[Any, Any], Any], theta0: Any, x: Any, y: Any, sigma: Any = None, *,
                      method: str = "levenberg-marquardt", tolerance: float = 1e-8,
                      max_iterations: int = 1000) -> LeastSquaresFit:
    """Find the parameters of a function of your own that fit the data best, from a first guess of them.

        χ²(θ) = Σ ((yᵢ − f(xᵢ; θ)) / σᵢ)²  →  minimum

    Both methods replace f by its tangent at θ, J = ∂f/∂θ, and solve the linear problem that remains:

        Gauss-Newton:           (JᵀJ) s = Jᵀr                r = (y − f)/σ, the rows of J also divided by σᵢ
        Levenberg-Marquardt:    (JᵀJ + λD²) s = Jᵀr          D: the largest lengths of J's columns so far

    Gauss-Newton takes θ + s as it is, which may lead anywhere from a poor guess. The damping λ shortens s and turns
    it downhill; it is raised until χ² falls, and lowered the better the tangent has foretold by how much.

    Args:
        model_fn: f(x, theta), written in NumPy, returns a number for each point, (n,). It gets all of x, and theta as
            `theta[0]`, `theta[1]`, ...
        theta0: the first guess, (p,).
        x: (n,), or (n, ...) for several variables per point.
        y: what was measured, (n,).
        sigma: its standard deviations, one or (n,). If None, all are equal and estimated from the residuals.
        method: "levenberg-marquardt" or "gauss-newton".
        tolerance: it has converged when another step of Gauss-Newton would change f, in all, by less than this part
            of the residuals, or theta by less than this part of it, in units of D.
        max_iterations: of how many Jacobians to despair.

    Returns: a `LeastSquaresFit`, with covariance (JᵀJ)⁻¹, times χ²/ndf if sigma was not given.

    Warns: ConvergenceWarning if it ends otherwise than by convergence.

    Errors: OptionError, ShapeError, DtypeError and ArgumentError for bad input, among it a model that cannot take
    (x, theta) or does not return n numbers, or numbers or slopes that are not finite at the first guess.

    >>> import numpy as np
    >>> from tinygrad_edu.training import least_squares_fit
    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> activity = np.array([102.0, 59.0, 38.0, 21.0])
    >>> fit = least_squares_fit(lambda t, theta: theta[0] * np.exp(-t / theta[1]), [80.0, 1.0], t, activity, sigma=2.0)
    >>> print(fit.summary(["activity", "lifetime"]))
    parameter  estimate  std error      z       95 % interval
    activity    101.583       1.92  53.04  [97.8293, 105.336]
    lifetime    1.93583     0.0775  24.97   [1.78385, 2.0878]
    chi2/ndf = 0.809 with ndf = 2
    5 iterations, converged: a full step would hardly change the parameters

    Source: K. Levenberg 1944; D. W. Marquardt 1963; J. J. Moré, The Levenberg-Marquardt Algorithm: Implementation and
    Theory, 1978, for D; K. Madsen, H. B. Nielsen and O. Tingleff, Methods for Non-Linear Least Squares Problems, 2004,
    for λ; D. M. Bates and D. G. Watts 1981 for the first test of convergence. Convention: f(x, theta) with one
    array theta, where scipy.optimize.curve_fit has f(x, *theta). The arithmetic is in float64.
    """
    theta, x, y, sigma = checked(model_fn, theta0, x, y, sigma)
    problem = _Problem(model_fn, x, y, sigma)
    method = one_of("least_squares_fit: method", method, METHODS)
    tolerance = real_number("least_squares_fit: tolerance", tolerance, low=EPS)
    max_iterations = whole_number("least_squares_fit: max_iterations", max_iterations, low=1)
    with np.errstate(all="ignore"):  # a trial step may lead where f overflows, and is then not taken
        theta, iterations, message = _minimum(problem, theta, method == "gauss-newton", tolerance, max_iterations)
        tangent = problem.tangent(theta, np.zeros(len(theta)))
        covariance, ndf = tangent.covariance(), len(problem.y) - len(theta)
    if problem.sigma is None:
        covariance = covariance * (tangent.chi2 / ndf if ndf else np.nan)
    converged = message.startswith("converged")
    if not converged:
        warn(f"least_squares_fit: {message} ({iterations} iterations); try another first guess, or rescale the "
             "parameters", ConvergenceWarning, stacklevel=2)
    return LeastSquaresFit(theta, covariance, tangent.chi2, ndf, problem.sigma is not None, iterations, converged,
                           message)


class _Tangent(NamedTuple):
    """The linear problem around some theta: minimise |r − J s|², by the singular value decomposition of J/D."""

    chi2: float
    D: np.ndarray  # (p,): the lengths of J's columns, or larger
    size: float  # |D theta|
    S: np.ndarray  # J/D = U diag(S) Vᵀ
    V: np.ndarray
    w: np.ndarray  # Uᵀr
    idle: np.ndarray  # the parameters that f does not change with: J's columns of zeros

    @property
    def felt(self) -> np.ndarray:
        """In which directions, the columns of V, a change of theta is felt by f, but for rounding."""
        return self.S > EPS * len(self.S) * self.S.max()

    def step(self, damping: float) -> tuple[np.ndarray, float]:
        """D s for the s that minimises |r − J s|² + λ|D s|², and by how much |r − J s|² is below χ² then."""
        S = np.where(self.felt, self.S, 1)
        part = np.where(self.felt, S**2 / (S**2 + damping), 0)  # of the full step, in each direction
        return self.V @ (part * self.w / S), float(np.sum(self.w**2 * part * (2 - part)))

    @property
    def open(self) -> str:
        """What the data leave open, in words."""
        names = [f"theta[{i}]" for i in self.idle]
        return f"{', '.join(names)}, as the model does not change with it" if names else "a combination of parameters"

    def covariance(self) -> np.ndarray:
        """(JᵀJ)⁻¹ = D⁻¹ V S⁻² Vᵀ D⁻¹; infinite if it does not exist."""
        if not self.felt.all():
            return np.full((len(self.S), len(self.S)), np.inf)
        half = self.V / self.S / self.D[:, None]
        return half @ half.T


class _Problem(NamedTuple):
    """The model and the data."""

    model_fn: Callable[[Any, Any], Any]
    x: np.ndarray
    y: np.ndarray
    sigma: np.ndarray | None

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """(y − f)/σ."""
        return self._weighted(self.y - numbers(self.model_fn(self.x, theta)))

    def tangent(self, theta: np.ndarray, D: np.ndarray) -> _Tangent:
        """The linear problem around theta, with D or, where they are longer, the lengths of J's columns."""
        f, pullback = vjp(lambda parameters: self.model_fn(self.x, parameters), theta)
        r = self._weighted(self.y - numbers(f))
        with no_grad():
            # u ↦ Jᵀu is linear in u, so that its Jacobian by u is Jᵀ: p pulls, where that of f would take n
            Jt = self._weighted(numbers(jacobian(pullback)(np.ones_like(self.y))))
        if not (np.isfinite(Jt).all() and np.isfinite(r).all()):
            raise ArgumentError(f"least_squares_fit: at theta = {theta} the model or its slope is not finite; start "
                                "from another first guess")
        lengths = np.linalg.norm(Jt, axis=1)
        D = np.maximum(D, lengths)
        D = np.where(D > 0, D, 1)
        idle = np.flatnonzero(lengths == 0)
        V, S, Ut = np.linalg.svd(Jt / D[:, None], full_matrices=False)
        return _Tangent(float(r @ r), D, float(np.linalg.norm(D * theta)), S, V, Ut @ r, idle)

    def _weighted(self, rows: np.ndarray) -> np.ndarray:
        return rows if self.sigma is None else rows / self.sigma


def _minimum(problem: _Problem, theta: np.ndarray, undamped: bool, tolerance: float,
             max_iterations: int) -> tuple[np.ndarray, int, str]:
    """Where the steps lead from theta, how many tangents that took, and why it ended."""
    damping, growth = (0.0, 0.0) if undamped else (FIRST_DAMPING, 2.0)
    D = np.zeros(len(theta))
    for iteration in range(1, max_iterations + 1):
        tangent = problem.tangent(theta, D)
        chi2, D = tangent.chi2, tangent.D
        full, _ = tangent.step(0.0)
        for what, change, size in (("residuals", tangent.w, np.sqrt(chi2)), ("parameters", full, tangent.size)):
            if np.linalg.norm(change) <= tolerance * size:
                return theta, iteration, (f"converged: a full step would hardly change the {what}" if tangent.felt.all()
                                          else f"stuck: the data say nothing here about {tangent.open}")
        while True:
            s, foretold = tangent.step(damping)
            trial = theta + s / D
            r = problem.residuals(trial)
            new = float(r @ r) if np.isfinite(r).all() else np.inf
            if undamped:
                if new == np.inf:
                    return theta, iteration, "diverged: the next step leads where the model is not finite"
                break
            if np.linalg.norm(s) <= EPS * tangent.size:
                return theta, iteration, "converged: no step lowers chi2 by more than rounding"
            gain = (chi2 - new) / foretold
            # what is foretold may be too little to be seen in chi2 for rounding, but the way to the last digits
            if gain > 0 or (foretold < 100 * EPS * chi2 and new <= chi2 * (1 + 1000 * EPS)):
                damping, growth = damping * float(np.clip(1 - (2 * gain - 1) ** 3, 1 / 3, 2)), 2.0
                break
            damping, growth = damping * growth, 2 * growth
        theta = trial
    return theta, max_iterations, "not converged: the iterations are used up"
