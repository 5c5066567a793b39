"""Feature scaling: every feature brought to the same size, so that one learning rate suits them all."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np

from tinygrad_edu.checks import as_real_rows, real_number, whole_number
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError, StateError


class Scaler(ABC):
    """What the scalers share: each learns some numbers from the training set and scales all data by them.

    Fit it to the training set only and transform the test set with the same numbers; otherwise the test set
    has already told something about itself.

    Samples lie along axis 0 and may have any shape: X (n, p) is usual, targets y (n,) work, too. Floating
    dtypes are kept, whole numbers become float64. A constant feature has nothing to divide by: it is only
    shifted.
    """

    feature_shape_: tuple[int, ...]  # of one sample, (p,) as a rule; there is none before `fit`

    def fit(self, X: Any) -> Self:
        """Learn from the samples X, (n, p), n of 1 or more; returns the scaler itself.

        Errors: ShapeError if X has no rows, DtypeError if it does not hold real numbers, ArgumentError if it
        holds NaN or infinity, or numbers so far apart that their difference overflows. What an earlier fit
        learned is then kept.
        """
        X = as_real_rows(f"{type(self).__name__}.fit", X)
        precision = np.result_type(X.dtype, np.float64)  # sums of float16 overflow, of float32 lose digits
        self._learn(X, X.min(axis=0).astype(precision), X.max(axis=0).astype(precision))
        self.feature_shape_ = X.shape[1:]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """The samples X, (m, p), scaled; a new array.

        Errors: those of `fit`, StateError before it, ShapeError if the features are not those it saw.
        """
        X = self._samples("transform", X)
        return self._scaled(X).astype(X.dtype)

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """The scaled samples Z, (m, p), back in the original units; a new array.

        Errors: as `transform`.
        """
        Z = self._samples("inverse_transform", Z)
        return self._unscaled(Z).astype(Z.dtype)

    def fit_transform(self, X: Any) -> np.ndarray:
        """`fit(X)`, then `transform(X)`."""
        return self.fit(X).transform(X)

    def __repr__(self) -> str:
        fitted = hasattr(self, "feature_shape_")
        state = f"fitted to samples of shape {self.feature_shape_}" if fitted else "not fitted"
        return f"<{self.describe()}, {state}>"

    def describe(self) -> str:
        """What it was made to do, in words."""
        return type(self).__name__

    def _samples(self, method: str, X: Any) -> np.ndarray:
        method = f"{type(self).__name__}.{method}"
        if not hasattr(self, "feature_shape_"):
            raise StateError(f"{method}: the scaler has learned nothing yet; call fit(X_train) first")
        X = as_real_rows(method, X)
        if X.shape[1:] != self.feature_shape_:
            expected = ", ".join(["m", *map(str, self.feature_shape_)])
            cure = "; for a single sample pass x[None]" if X.shape == self.feature_shape_ else ""
            raise ShapeError(f"{method}: expected shape ({expected}) as in fit, with any m, got {X.shape}{cure}")
        return X

    @abstractmethod
    def _learn(self, X: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Set the fitted attributes; low and high are the least and the largest value of each feature."""

    @abstractmethod
    def _scaled(self, X: np.ndarray) -> np.ndarray:
        """The formula; its result may be of a higher precision than X."""

    @abstractmethod
    def _unscaled(self, Z: np.ndarray) -> np.ndarray:
        """The formula solved for x."""


class StandardScaler(Scaler):
    """Standardise each feature to mean 0 and standard deviation 1.

        z = (x - mean) / scale,   mean = 1/n sum x_i,   scale^2 = 1/n sum (x_i - mean)^2

    Fit it to the training set only; `Scaler` says what shapes and dtypes it takes. The scale of a constant
    feature is 1.

    Attributes, after `fit`:
        mean_: the mean of each feature, (p,) float64, in the units of the feature.
        scale_: the standard deviation of each feature, (p,) float64, in the units of the feature.

    >>> import numpy as np
    >>> from tinygrad_edu.data import StandardScaler
    >>> scaler = StandardScaler()
    >>> scaler.fit_transform(np.array([[1.0, 10.0], [3.0, 10.0]]))
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> scaler.mean_, scaler.scale_
    (array([ 2., 10.]), array([1., 1.]))
    >>> scaler.inverse_transform(np.array([[5.0, 0.0]]))
    array([[ 7., 10.]])

    Convention: the variance has 1/n and the names are scikit-learn's.
    """

    mean_: np.ndarray
    scale_: np.ndarray

    def _learn(self, X: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        # x / 2^exponent is between -1 and 1, so no sum or square overflows; powers of two round nothing
        exponent = np.frexp(np.maximum(-low, high))[1]
        small = np.ldexp(X.astype(low.dtype), -exponent)
        deviation = np.ldexp(small.std(axis=0), exponent)
        # found by comparing, because rounding makes the deviation of 0.1, 0.1, 0.1 about 1e-17
        constant = _span(self, low, high) == 0
        self.mean_ = np.ldexp(small.mean(axis=0), exponent)
        self.scale_ = _divisor(np.where(constant, 0, deviation))

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        return (X - self.mean_) / self.scale_

    def _unscaled(self, Z: np.ndarray) -> np.ndarray:
        return Z * self.scale_ + self.mean_


class MinMaxScaler(Scaler):
    """Normalise each feature to a range from a to b: the lecture's [0, 1] or [-1, 1].

        z = a + (b - a) t,   t = (x - min) / (max - min)

    Fit it to the training set only; `Scaler` says what shapes and dtypes it takes. Samples of the test set
    may then lie somewhat outside the range. A constant feature becomes a.

    Args:
        feature_range: a and b, two finite numbers with a < b.

    Attributes, after `fit`:
        data_min_, data_max_: the least and the largest value of each feature, (p,) float64.

    Errors: OptionError if `feature_range` is no pair of numbers, ArgumentError if it is not a < b.

    >>> import numpy as np
    >>> from tinygrad_edu.data import MinMaxScaler
    >>> scaler = MinMaxScaler(feature_range=(-1, 1))
    >>> scaler.fit_transform(np.array([[0.0, 100.0], [5.0, 300.0], [10.0, 200.0]]))
    array([[-1., -1.],
           [ 0.,  1.],
           [ 1.,  0.]])
    >>> scaler.inverse_transform(np.array([[0.5, 0.5]]))
    array([[  7.5, 250. ]])

    Convention: the names are scikit-learn's.
    """

    data_min_: np.ndarray
    data_max_: np.ndarray

    def __init__(self, feature_range: tuple[float, float] = (0.0, 1.0)) -> None:
        self.feature_range = feature_range
        self.feature_range = self._ends()

    def _ends(self) -> tuple[float, float]:
        """a and b, checked whenever they are used, as the attribute may have been assigned."""
        ends = self.feature_range
        if not isinstance(ends, (tuple, list, np.ndarray)) or len(ends) != 2:
            raise OptionError(f"MinMaxScaler: feature_range must be two numbers (a, b), got {ends!r}")
        a, b = (real_number("MinMaxScaler: each end of feature_range", end) for end in ends)
        if not (a < b and np.isfinite(b - a)):
            raise ArgumentError(f"MinMaxScaler: feature_range must rise from a to b by a finite amount, got {ends}")
        return a, b

    def describe(self) -> str:
        a, b = self._ends()
        return f"MinMaxScaler to [{a:g}, {b:g}]"

    def _learn(self, X: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        self._ends()
        _span(self, low, high)
        self.data_min_, self.data_max_ = low, high

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        a, b = self._ends()
        t = (X - self.data_min_) / _divisor(self.data_max_ - self.data_min_)
        # from the nearer end, so that t = 1 gives b to the last bit: -2.3 + (-0.6 - -2.3) is not -0.6
        return np.where(t < 0.5, a + (b - a) * t, b - (b - a) * (1 - t))

    def _unscaled(self, Z: np.ndarray) -> np.ndarray:
        a, b = self._ends()
        t = (Z - a) / (b - a)
        return self.data_min_ + t * _divisor(self.data_max_ - self.data_min_)


class MaxAbsScaler(Scaler):
    """Divide each feature by its largest absolute value: zero stays zero, and all lies between -1 and 1.

        z = x / max |x_i|

    Fit it to the training set only; `Scaler` says what shapes and dtypes it takes. A feature of zeros stays
    as it is.

    Attributes, after `fit`:
        max_abs_: the largest absolute value of each feature, (p,) float64, in the units of the feature.

    >>> import numpy as np
    >>> from tinygrad_edu.data import MaxAbsScaler
    >>> MaxAbsScaler().fit_transform(np.array([[1.0, 0.0], [-4.0, 20.0]]))
    array([[ 0.25,  0.  ],
           [-1.  ,  1.  ]])

    Convention: the names are scikit-learn's.
    """

    max_abs_: np.ndarray

    def _learn(self, X: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        self.max_abs_ = np.maximum(-low, high)

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        return X / _divisor(self.max_abs_)

    def _unscaled(self, Z: np.ndarray) -> np.ndarray:
        return Z * _divisor(self.max_abs_)


def normalize(X: Any, p: float = 2, axis: int = 1) -> np.ndarray:
    """Divide each vector along an axis by its L_p norm, so that its length is 1; a zero vector stays as it is.

        z = x / |x|_p,   |x|_p = (sum |x_i|^p)^(1/p),   |x|_inf = max |x_i|

    There is nothing to fit: along axis 1 every sample is scaled by itself, along axis 0 every feature.

    Args:
        X: samples, (n, p) or any shape with rows. Floating dtypes are kept, whole numbers become float64.
        p: the order of the norm, 1 or more, `np.inf` included.
        axis: along which the vectors lie.

    Returns: a new array of the shape of X.

    Errors: as `Scaler.fit`; ArgumentError for p below 1, where it is no norm, ShapeError for an axis that X does
    not have, OptionError for a p that is no number or an axis that is no whole one.

    >>> import numpy as np
    >>> from tinygrad_edu.data import normalize
    >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    >>> normalize(np.array([[1e200], [1e200]]), p=5, axis=0) * 2 ** (1 / 5)
    array([[1.],
           [1.]])

    Convention: as scikit-learn's function of the same name, with p for its norm.
    """
    X = as_real_rows("normalize", X)
    is_infinite = isinstance(p, (float, np.floating)) and np.isposinf(p)
    order = np.inf if is_infinite else real_number("normalize: p", p, low=1)
    axis = whole_number("normalize: axis", axis)
    if not -X.ndim <= axis < X.ndim:
        raise ShapeError(f"normalize: an array of shape {X.shape} has no axis {axis}; "
                         f"pass one from 0 to {X.ndim - 1}")
    precision = np.result_type(X.dtype, np.float64)
    largest = np.abs(X).max(axis=axis, keepdims=True, initial=0).astype(precision)
    Z = X / _divisor(largest)  # between -1 and 1, so that no power overflows
    if order < np.inf:
        Z /= _divisor((np.abs(Z) ** order).sum(axis=axis, keepdims=True) ** (1 / order))
    return Z.astype(X.dtype)


def _divisor(size: np.ndarray) -> np.ndarray:
    """What to divide by: the size, or 1 where it is 0."""
    return np.where(size == 0, 1, size)


def _span(scaler: Scaler, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """high - low; ArgumentError if it overflows."""
    with np.errstate(over="ignore"):
        span = high - low
    if np.isinf(span).any():
        raise ArgumentError(f"{type(scaler).__name__}.fit: the numbers lie so far apart that their difference "
                            "overflows; divide them by a power of ten first")
    return span
