"""Feature scaling: every feature brought to the same size, so that one learning rate suits them all."""

from typing import Any

import numpy as np

from tinygrad_edu.data.arrays import as_real_rows
from tinygrad_edu.errors import ArgumentError, ShapeError, StateError


class StandardScaler:
    """Standardise each feature to mean 0 and standard deviation 1.

        z = (x - mean) / scale,   mean = 1/n sum x_i,   scale^2 = 1/n sum (x_i - mean)^2

    Fit it to the training set only and transform the test set with the same numbers; otherwise the test set
    has already told something about itself. A constant feature has nothing to divide by: its scale is 1.

    Samples lie along axis 0 and may have any shape: X (n, p) is usual, targets y (n,) work, too. Floating
    dtypes are kept, whole numbers become float64.

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

    def fit(self, X: Any) -> "StandardScaler":
        """Learn mean and scale of the features of X, (n, p), n of 1 or more; returns the scaler itself.

        Errors: ShapeError if X has no rows, DtypeError if it does not hold real numbers, ArgumentError if it
        holds NaN or infinity. What an earlier fit learned is then kept.
        """
        X = as_real_rows("StandardScaler.fit", X)
        precision = np.result_type(X.dtype, np.float64)  # sums of float16 overflow, of float32 lose digits
        with np.errstate(over="ignore", invalid="ignore"):
            mean, deviation = X.mean(axis=0, dtype=precision), X.std(axis=0, dtype=precision)
        if not np.isfinite(deviation).all():
            raise ArgumentError("StandardScaler.fit: the numbers are so large that their variance overflows; "
                                "divide them by a power of ten first")
        # found by comparing, because rounding makes the deviation of 0.1, 0.1, 0.1 about 1e-17
        constant = (X.min(axis=0) == X.max(axis=0)) | (deviation == 0)
        self.mean_, self.scale_ = mean, np.where(constant, 1.0, deviation)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """z = (x - mean) / scale for samples X (m, p); a new array.

        Errors: those of `fit`, StateError before it, ShapeError if the features are not those it saw.
        """
        X = self._samples("transform", X)
        return ((X - self.mean_) / self.scale_).astype(X.dtype)

    def inverse_transform(self, Z: Any) -> np.ndarray:
        """x = z scale + mean, back to the original units, for Z (m, p); a new array.

        Errors: as `transform`.
        """
        Z = self._samples("inverse_transform", Z)
        return (Z * self.scale_ + self.mean_).astype(Z.dtype)

    def fit_transform(self, X: Any) -> np.ndarray:
        """`fit(X)`, then `transform(X)`."""
        return self.fit(X).transform(X)

    def __repr__(self) -> str:
        fitted = f"fitted to samples of shape {self.mean_.shape}" if hasattr(self, "mean_") else "not fitted"
        return f"<StandardScaler, {fitted}>"

    def _samples(self, method: str, X: Any) -> np.ndarray:
        method = f"StandardScaler.{method}"
        if not hasattr(self, "mean_"):
            raise StateError(f"{method}: the scaler has no mean and scale yet; call fit(X_train) first")
        X = as_real_rows(method, X)
        if X.shape[1:] != self.mean_.shape:
            expected = ", ".join(["m", *map(str, self.mean_.shape)])
            raise ShapeError(f"{method}: expected shape ({expected}) as in fit, with any m, got {X.shape}")
        return X
