"""How good predictions are, as numbers a person can read: plain NumPy functions of (prediction, target)."""

from collections.abc import Callable
from functools import partial
from math import nan
from typing import Any

import numpy as np

from tinygrad_edu.checks import check_real, not_finite, whole_number, yes_or_no
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.nn.losses import BCEWithLogitsLoss


def accuracy(prediction: Any, target: Any, *, logits: bool = False) -> float:
    """The share of points whose class is predicted right, from 0 to 1.

    Args:
        prediction: one score per class, (n, classes), of which the largest counts: logits or probabilities; or one
            number per point, (n,) or (n, 1), which stands for the nearer of the two labels: a class, or a probability.
        target: the true classes, (n,) or (n, 1): whole numbers; or (n, classes) with a 1 at the true one.
        logits: whether a single number per point is the logit of class 1, which wins from 0 on.

    Errors: ShapeError if the shapes do not fit or are empty, DtypeError for what are no real numbers, ArgumentError for
    a single number per point with a target that is neither 0 and 1 nor -1 and 1.

    >>> from tinygrad_edu.training import accuracy
    >>> accuracy([[2.0, 1.0], [0.1, 0.3], [5.0, 0.0], [1.0, 0.0]], [0, 1, 1, 0])
    0.75
    >>> accuracy([0.2, 0.7], [0, 1]), accuracy([-3.0, 0.2], [0, 1], logits=True)
    (1.0, 1.0)

    Convention: of equal scores the first counts; a number exactly between the labels is the upper class.
    """
    predicted, true = _classes("accuracy", prediction, target, logits)
    return float(np.mean(predicted == true))


def r2(prediction: Any, target: Any) -> float:
    """The coefficient of determination, the share of the variance of the target that the prediction explains:

        R² = 1 - Σ (y - h)² / Σ (y - mean y)²

    1 is perfect, 0 as good as always saying the mean, below 0 worse. It takes two arrays of one shape, (n,) or
    (n, outputs); with several outputs, R² is the mean over them.

    Errors: ShapeError if the shapes differ or are empty, DtypeError for what are no real numbers, ArgumentError for
    NaN and infinity.

    >>> from tinygrad_edu.training import r2
    >>> round(r2([1.0, 2.0, 4.0], [1.0, 2.0, 3.0]), 3)
    0.5

    Source: S. Wright, Correlation and Causation, Journal of Agricultural Research 20, 1921.
    Convention: scikit-learn's; a constant target gives 1 if it is met exactly, else 0.
    """
    h, y = _pair("r2", prediction, target)
    h, y = h.reshape(len(h), -1), y.reshape(len(y), -1)
    left, spread = rms(h - y, axis=0), rms(y - y.mean(axis=0), axis=0)
    constant = np.ptp(y, axis=0) == 0  # found by comparing, since the mean of equal numbers is rounded
    unexplained = np.where(constant, (left != 0).astype(float), left / np.where(constant, 1, spread))
    return float(np.mean(1 - unexplained**2))


def mae(prediction: Any, target: Any) -> float:
    """The mean absolute error, 1/N Σ |h - y|, in the units of y, over all elements of two arrays of one shape.

    Errors: those of `r2`.

    >>> from tinygrad_edu.training import mae
    >>> mae([1.0, 4.0], [1.0, 2.0])
    1.0
    """
    h, y = _pair("mae", prediction, target)
    return float(np.mean(np.abs(h - y)))


def rmse(prediction: Any, target: Any) -> float:
    """The root of the mean squared error, √(1/N Σ (h - y)²), in the units of y; otherwise as `mae`.

    >>> from tinygrad_edu.training import rmse
    >>> round(rmse([3.0, 4.0], [0.0, 0.0]), 3)  # √(25/2)
    3.536
    """
    h, y = _pair("rmse", prediction, target)
    return float(rms(h - y))


def confusion_matrix(prediction: Any, target: Any, classes: int | None = None, *, logits: bool = False) -> np.ndarray:
    """How often each class (row) is taken for each class (column): the right ones are on the diagonal.

    Args:
        prediction, target, logits: as for `accuracy`; the classes are 0, 1, ...
        classes: how many there are; if not given, as many as occur.

    Returns: whole numbers, (classes, classes), their sum is n.

    Errors: those of `accuracy`; ArgumentError for a class that is not among 0, 1, ..., classes - 1.

    >>> from tinygrad_edu.training import confusion_matrix
    >>> confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2])
    array([[1, 0, 0],
           [0, 1, 0],
           [0, 1, 1]])

    Convention: rows are the truth, as scikit-learn's.
    """
    predicted, true = _classes("confusion_matrix", prediction, target, logits)
    both = np.concatenate([predicted, true])
    occurring = int(both.max()) + 1
    columns = np.shape(prediction)[1] if np.ndim(prediction) == 2 else 1
    if classes is not None:
        classes = whole_number("confusion_matrix: classes", classes, low=1)
    count = max(occurring, columns) if classes is None else classes
    if (both < 0).any() or (both != np.floor(both)).any() or occurring > count:
        raise ArgumentError(f"confusion_matrix: classes must be whole numbers from 0 to {count - 1}, but there are "
                            f"some from {both.min():g} to {both.max():g}")
    matrix = np.zeros((count, count), np.int64)
    np.add.at(matrix, (true.astype(np.intp), predicted.astype(np.intp)), 1)
    return matrix


METRICS: dict[str, Callable[..., float]] = {"accuracy": accuracy, "r2": r2, "mae": mae, "rmse": rmse}
"""The metrics that `fit` and `evaluate` know by name."""

TO_MAXIMIZE = ("accuracy", "r2")
"""Those that are better the larger they are; the others and all losses are errors, better the smaller they are."""


def named_metrics(function: str, metrics: Any, loss: Any = None) -> dict[str, Callable[..., float]]:
    """What an argument `metrics` means for a model with this loss: each of its functions by name.

    Errors: ArgumentError for an unknown name or one used twice, OptionError for what is neither name nor function.
    """
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    try:
        metrics = list(metrics)
    except TypeError:
        raise OptionError(f"{function}: metrics must be a list of names or functions, got {metrics!r}") from None
    found: dict[str, Callable[..., float]] = {}
    for metric in metrics:
        if isinstance(metric, str):
            if metric not in METRICS:
                cure = ("; a matrix is no single number, call training.confusion_matrix(prediction, target) for it"
                        if metric == "confusion_matrix" else "")
                raise ArgumentError(f"{function}: the known metrics are {', '.join(map(repr, METRICS))}, got "
                                    f"{metric!r}{cure}")
            of_logits = metric == "accuracy" and isinstance(loss, BCEWithLogitsLoss)
            name, metric = metric, partial(accuracy, logits=True) if of_logits else METRICS[metric]
        elif callable(metric):
            name = getattr(metric, "__name__", type(metric).__name__)
        else:
            raise OptionError(f"{function}: a metric is a name or a function of (prediction, target), got {metric!r}")
        if name in found:
            raise ArgumentError(f"{function}: there are two metrics with the name {name!r}; rename one of them")
        found[name] = metric
    return found


def or_nan(metric: Callable[..., float]) -> Callable[..., float]:
    """The same metric, but NaN of predictions that are not finite, which it might call bad input."""
    def score(prediction: np.ndarray, target: np.ndarray) -> float:
        return metric(prediction, target) if np.isfinite(prediction).all() else nan

    return score


def rms(x: Any, axis: int | None = None) -> Any:
    """The root mean square, a size that does not depend on how many numbers there are; 0 for none.

    It is found in units of the largest number, so that no square overflows.
    """
    x = np.asarray(x, np.float64)
    if not x.size:
        return 0.0
    largest = np.abs(x).max(axis=axis, keepdims=True)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    with np.errstate(all="ignore"):  # of what is not finite from the start
        root = np.squeeze(scale, axis=axis) * np.sqrt(np.mean((x / scale) ** 2, axis=axis))
    return float(root) if axis is None else root


def _numbers(function: str, name: str, data: Any) -> np.ndarray:
    try:
        array = np.asarray(data.numpy() if hasattr(data, "numpy") else data)
    except ValueError as error:
        raise ShapeError(f"{function}: {name} is no array, {error}") from None
    check_real(f"{function}: {name}", array)
    if array.ndim == 0 or array.size == 0:
        raise ShapeError(f"{function}: {name} of shape {array.shape} has no rows; one per point is needed")
    return array


def _pair(function: str, prediction: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    h, y = _numbers(function, "prediction", prediction), _numbers(function, "target", target)
    if h.shape != y.shape:
        raise ShapeError(f"{function}: prediction {h.shape} and target {y.shape} must have the same shape; reshape one "
                         "of them, as broadcasting would compare every pair")
    for name, numbers in (("prediction", h), ("target", y)):
        if bad := not_finite(numbers):
            raise ArgumentError(f"{function}: {name} has {bad}; leave these rows out, or find where they come from: "
                                "training.diagnose says it of a model")
    return h.astype(np.float64), y.astype(np.float64)


def _classes(function: str, prediction: Any, target: Any, logits: bool) -> tuple[np.ndarray, np.ndarray]:
    """The predicted and the true class of each point, (n,) each."""
    logits = yes_or_no(f"{function}: logits", logits)
    h, y = _numbers(function, "prediction", prediction), _numbers(function, "target", target)
    true = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.ravel() if y.size == len(y) else y
    if true.ndim > 1 or h.ndim > 2 or len(h) != len(true) or (y.ndim == 2 and y.shape[1] > 1 and h.shape != y.shape):
        raise ShapeError(f"{function}: prediction {h.shape} and target {y.shape} do not fit; pass scores (n, classes) "
                         "with labels (n,), or two arrays of shape (n,)")
    if h.size > len(h):
        if (true >= h.shape[1]).any():
            raise ArgumentError(f"{function}: there are labels up to {true.max():g}, but the {h.shape[1]} classes of "
                                f"prediction {h.shape} are 0 to {h.shape[1] - 1}")
        return np.where(np.isnan(h).any(axis=1), -1, h.argmax(axis=1)), true  # NaN is no class, and never right
    h = h.ravel()
    if h.dtype.kind != "f":
        return h, true
    low, high = (-1, 1) if (true < 0).any() else (0, 1)
    if not np.isin(true, (low, high)).all():
        if not logits and (h == np.floor(h)).all():  # labels that are stored as floats
            return h, true
        raise ArgumentError(f"{function}: a single number per point can only tell two classes apart, labelled 0 and 1 "
                            "or -1 and 1, but the target holds others; give the model one output per class")
    middle = 0 if logits else (low + high) / 2
    return np.where(np.isnan(h), np.nan, np.where(h >= middle, high, low)), true
