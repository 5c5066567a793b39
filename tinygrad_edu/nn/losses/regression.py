"""Losses for numbers: squares, absolute values, the two combined, and the likelihood of a normal distribution."""

import math
from typing import Any

from tinygrad_edu.engine import ops
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn.checks import float_operand, operand
from tinygrad_edu.nn.losses.base import Loss
from tinygrad_edu.nn.losses.checks import SMALLEST, check_range
from tinygrad_edu.optim.hyperparameter import YES_OR_NO, Hyperparameter

HALF_LN_2_PI = math.log(2 * math.pi) / 2


class MSELoss(Loss):
    """The mean squared error, over all N numbers:

        J = 1/N Σ (h - y)²,   ∂J/∂h = 2/N (h - y)

    Args, what it takes, errors: those of `Loss`.

    >>> import tinygrad_edu as tg
    >>> tg.nn.MSELoss()(tg.Value([1.0, 4.0]), [1.0, 2.0])
    Value(2)

    Source: A.-M. Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805.
    Convention: PyTorch's, the mean over all numbers, without 1/2; see `LeastSquaresLoss` for the lecture's.
    """

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Any:
        prediction, target = self.paired(prediction, target)
        if weight is None and self._reduction != "none":  # in one op
            n = self.divisor(prediction.shape) if self._reduction == "mean" else 1
            return self.blamed(ops.sum_of_squares(prediction - target, divisor=n), target)
        return self.blamed(self.reduced(self.each(prediction, target), weight), target)

    def each(self, prediction: Any, target: Any) -> Any:
        return ops.square(prediction - target)


class LeastSquaresLoss(Loss):
    """The lecture's cost function of n points:

        J = 1/(2n) Σ (h - y)²,   ∂J/∂h = 1/n (h - y)

    With weights it is 1/(2 Σ w_i) Σ w_i (h_i - y_i)²; as a sum 1/2 Σ (h - y)².

    Args, errors: those of `Loss`.

    It takes the prediction h and the target y, both of one shape, (n,) or (n, outputs); the sum is over all
    numbers.

    >>> import tinygrad_edu as tg
    >>> tg.nn.LeastSquaresLoss()(tg.Value([1.0, 4.0]), [1.0, 2.0])
    Value(1)

    Source: A.-M. Legendre, Nouvelles méthodes pour la détermination des orbites des comètes, 1805.
    Convention: the 1/2 cancels the 2 of the derivative; n counts points, not numbers.
    """

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Any:
        prediction, target = self.paired(prediction, target)
        if weight is None and self._reduction != "none":  # in one op
            n = self.divisor(prediction.shape) if self._reduction == "mean" else 1
            return self.blamed(ops.sum_of_squares(prediction - target, divisor=2 * n), target)
        return self.blamed(self.reduced(self.each(prediction, target), weight), target)

    def each(self, prediction: Any, target: Any) -> Any:
        return ops.square(prediction - target) / 2

    def divisor(self, shape: tuple[int, ...]) -> int:
        return shape[0] if shape else 1


class L1Loss(Loss):
    """The mean absolute error, over all N numbers: least absolute deviation, which outliers move less than squares.

        J = 1/N Σ |h - y|,   ∂J/∂h = sign(h - y)/N; 0 where h = y

    Args, what it takes, errors: those of `Loss`.

    >>> import tinygrad_edu as tg
    >>> tg.nn.L1Loss()(tg.Value([1.0, 4.0]), [1.0, 2.0])
    Value(1)

    Source: R. J. Boscovich, De litteraria expeditione per pontificiam ditionem, 1757.
    Convention: PyTorch's, the mean over all numbers.
    """

    def each(self, prediction: Any, target: Any) -> Any:
        return ops.absolute(prediction - target)


class HuberLoss(Loss):
    """Squares for small residuals r = h - y and absolute values for large ones, with the same slope where they meet:

        J = 1/N Σ l,   l = r²/2 for |r| ≤ δ, else δ (|r| - δ/2),   ∂l/∂h = r, but no more than δ and no less than -δ

    so outliers pull no harder than δ.

    Args:
        delta: δ, above 0, in the units of y.
        reduction: as in `Loss`.

    What it takes, errors: those of `Loss`; ArgumentError and OptionError for a delta that is none.

    >>> import tinygrad_edu as tg
    >>> tg.nn.HuberLoss(delta=1.0, reduction="none")(tg.Value([1.5, 4.0]), [1.0, 2.0])
    Value([0.125, 1.5  ])

    Source: P. J. Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35, 1964,
    https://doi.org/10.1214/aoms/1177703732.
    Convention: PyTorch's `HuberLoss`; its `SmoothL1Loss` is that divided by δ.
    """

    delta = Hyperparameter("a number above 0", low=SMALLEST)

    def __init__(self, delta: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.delta = delta

    def each(self, prediction: Any, target: Any) -> Any:
        residual = prediction - target
        near = ops.clip(residual, -self.delta, self.delta)
        return near * (residual - near / 2)  # both formulas in one


class GaussianNLLLoss(Loss):
    """How unlikely y is for a model that gives a mean h and a variance v: uncertainties are learned, too.

        J = 1/N Σ 1/2 (ln v + (h - y)²/v),   ∂J/∂h = (h - y)/(N v),   ∂J/∂v = (1/v - (h - y)²/v²)/(2N)

    the negative logarithm of the normal distribution's density, without the constant ln(2π)/2.

    Args:
        full: whether to add that constant.
        eps: the smallest variance, in the units of y²: a smaller one counts as eps, with the slope there.
        reduction: as in `Loss`.

    It takes the means, the targets, both of one shape, and the variances: of that shape, or with 1 as the last axis
    for one that all outputs of a point share, or a single number; and the weights of `Loss`. Without variances, as
    `training.fit` calls it, a model gives both side by side: on the last axis of the prediction the means, and behind
    them as many ln v, which makes v positive by construction. So two columns for y of shape (n,) or (n, 1), and
    2 · outputs for (n, outputs).

    Errors: those of `Loss`; ArgumentError for variances below 0, ShapeError for such as do not fit; ArgumentError
    and OptionError for options that are none.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> loss = tg.nn.GaussianNLLLoss(full=True)
    >>> loss(tg.Value([1.0, 4.0]), [1.0, 2.0], [1.0, 4.0])  # (ln 2π + (0 + ln 4 + 1)/2)/2
    Value(1.51551)
    >>> loss(tg.Value([[1.0, 0.0], [4.0, np.log(4.0)]]), [1.0, 2.0])  # columns h and ln v
    Value(1.51551)

    Source: D. A. Nix and A. S. Weigend, Estimating the mean and variance of the target probability distribution,
    ICNN 1994, https://doi.org/10.1109/ICNN.1994.374138.
    Convention: PyTorch's.
    """

    full = Hyperparameter(YES_OR_NO, kinds="b")
    eps = Hyperparameter("a number above 0", low=SMALLEST)

    def __init__(self, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.full, self.eps = full, eps

    def forward(self, prediction: Any, target: Any, variance: Any = None,  # type: ignore[override]  # as PyTorch's
                weight: Any = None) -> Any:
        if variance is None:
            return self._of_both(prediction, target, weight)
        prediction, target = self.paired(prediction, target)
        variance = float_operand("GaussianNLLLoss", "variance", variance)
        if not variance.shape and not isinstance(variance, Value):
            variance = variance.astype(prediction.dtype)  # a single number has no precision of its own
        shape = prediction.shape
        if variance.shape not in (shape, (*shape[:-1], 1), ()):
            raise ShapeError(f"GaussianNLLLoss: variance has shape {variance.shape}, but must have that of the "
                             f"prediction, {shape}, or {(*shape[:-1], 1)}, or be one number; reshape it")
        check_range("GaussianNLLLoss", "variance", variance, 0.0, math.inf,
                    "finite and 0 or more; make the model's output positive, for example by nn.Softplus", nan=True)
        return self._of_variance(prediction, target, variance, weight)

    def _of_both(self, prediction: Any, target: Any, weight: Any) -> Any:
        """The loss of means and ln v side by side; an overflow of v is for the loss to show."""
        both = float_operand("GaussianNLLLoss", "prediction", prediction)
        y = operand("GaussianNLLLoss", "target", target)
        single = len(both.shape) == len(y.shape) + 1  # (n, 2) for (n,)
        needed = (*y.shape, 2) if single or not y.shape else (*y.shape[:-1], 2 * y.shape[-1])
        if both.shape != needed:
            raise ShapeError("GaussianNLLLoss: without variances the prediction must have a mean and ln v for each "
                             f"number of the target {y.shape}, so shape {needed}, got {both.shape}; give the model "
                             "twice as many outputs, or pass the variances")
        outputs = both.shape[-1] // 2
        mean, log_variance = (both[..., 0], both[..., 1]) if single else (both[..., :outputs], both[..., outputs:])
        mean, y = self.paired(mean, y)
        return self._of_variance(mean, y, ops.exp(log_variance), weight)

    def _of_variance(self, mean: Any, target: Any, variance: Any, weight: Any) -> Any:
        losses = ops.gaussian_nll(mean, target, variance, eps=self.eps)
        return self.blamed(self.reduced(losses + HALF_LN_2_PI if self.full else losses, weight), target)
