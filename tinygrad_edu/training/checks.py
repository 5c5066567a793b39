"""What `fit` asks of its arguments, and a rehearsal: what cannot be trained is found before anything is changed."""

from collections.abc import Callable
from itertools import chain
from math import inf, prod
from typing import Any

import numpy as np

from tinygrad_edu.checks import as_rows, check_real, not_finite, shown, whole_number
from tinygrad_edu.data import train_test_split
from tinygrad_edu.engine.graph import ancestors
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.nn.losses import Loss
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.normalization import BatchNorm1d
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.training.activity import evaluating
from tinygrad_edu.training.callbacks import Callback
from tinygrad_edu.training.evaluation import ROWS_AT_ONCE

MOST_STEPS = 100_000
"""Of how many steps at most the learning rate is looked at before the first one."""


def checked_data(X: Any, y: Any, validation: Any) -> tuple[np.ndarray, np.ndarray, Any]:
    """X and y as arrays with equally many rows of finite numbers; validation as a share, a pair of such, or None.

    A memmap is not looked through, as that would read the whole file.
    """
    X, y = _pair("X", X, "y", y)
    if validation is None:
        return X, y, None
    if isinstance(validation, tuple | list) and len(validation) == 2:
        X_val, y_val = _pair("X_val", validation[0], "y_val", validation[1])
        if X_val.shape[1:] != X.shape[1:] or y_val.shape[1:] != y.shape[1:]:
            raise ShapeError(f"fit: X_val {X_val.shape} and y_val {y_val.shape} must have rows like those of X "
                             f"{X.shape} and y {y.shape}")
        return X, y, (X_val, y_val)
    if not isinstance(validation, float | np.floating):
        raise OptionError("fit: validation must be a share of the rows, such as 0.2, or a pair (X_val, y_val), got "
                          f"{shown(validation)}")
    if not 0 < validation < 1:
        raise ArgumentError(f"fit: validation as a share must be between 0 and 1, got {validation}")
    if isinstance(X, np.memmap):
        raise OptionError("fit: to set rows of a memmap aside at random would read the whole file; pass slices, as in "
                          "fit(..., X[:-1000], y[:-1000], validation=(X[-1000:], y[-1000:]))")
    return X, y, float(validation)


def _pair(name: str, X: Any, y_name: str, y: Any) -> tuple[np.ndarray, np.ndarray]:
    X, y = _rows(name, X), _rows(y_name, y)
    if len(X) != len(y):
        raise ShapeError(f"fit: {name} and {y_name} must have the same number of rows, got shapes {X.shape} and "
                         f"{y.shape}")
    return X, y


def _rows(name: str, data: Any) -> np.ndarray:
    array = data if isinstance(data, np.memmap) else as_rows(f"fit: {name}", data)
    check_real(f"fit: {name}", array, "turn classes into 0, 1, ..., for example by "
                                      "np.unique(y, return_inverse=True)[1]")
    if array.ndim == 0 or len(array) == 0:
        raise ShapeError(f"fit: {name} of shape {array.shape} has no rows; one at least is needed")
    if not isinstance(array, np.memmap) and (bad := not_finite(array)):
        raise ArgumentError(f"fit: {name} has {bad}; remove these rows or fill the gaps")
    return array


def checked_parts(function: str, model: Any, loss: Any, optimizer: Any, penalty: Any, schedule: Any, epochs: Any,
                  batch_size: Any, callbacks: Any) -> tuple[int, int | None, list[Callback]]:
    """epochs, batch_size and the list of callbacks, once all is known to be of the right kind."""
    for name, part, kind, example in (("model", model, Module, "nn.MLP([2, 16, 1])"),
                                      ("optimizer", optimizer, Optimizer, "optim.Adam(model.parameters())")):
        if not isinstance(part, kind):
            got = f"the class {part.__name__}" if isinstance(part, type) else f"one of type {type(part).__name__}"
            raise OptionError(f"{function}: {name} must be of type {kind.__name__}, such as {example}, got {got}")
    for name, part, example in (("loss", loss, "nn.MSELoss()"), ("penalty", penalty, "nn.L2Penalty(1e-3)"),
                                ("schedule", schedule, "optim.schedules.Exponential(0.1, gamma=0.99)")):
        if isinstance(part, type):
            raise OptionError(f"{function}: {name} is the class {part.__name__}; make one of it, as in "
                              f"{part.__name__}(...)")
        if not callable(part) and (part is not None or name == "loss"):
            raise OptionError(f"{function}: {name} must be a function, such as {example}, got {shown(part)} of type "
                              f"{type(part).__name__}")
    callbacks = [callbacks] if isinstance(callbacks, Callback | type) else callbacks
    try:
        callbacks = list(callbacks)
    except TypeError:
        raise OptionError(f"{function}: callbacks must be a list of them, got {shown(callbacks)}") from None
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise OptionError(f"{function}: a callback must be a training.Callback, such as EarlyStopping(), got "
                              f"{shown(callback)}")
    size = None if batch_size is None else whole_number(f"{function}: batch_size", batch_size, low=1)
    return whole_number(f"{function}: epochs", epochs, low=1), size, callbacks


def rehearse(model: Module, loss: Callable[[Any, Any], Any], penalty: Callable[[Module], Any] | None,
             metrics: dict[str, Callable[..., float]], optimizer: Optimizer, X: np.ndarray, y: np.ndarray,
             validation: Any, batch_size: int | None) -> None:
    """Do model, loss, metrics and data fit together? The first batch is predicted as in evaluation, which changes
    nothing; beside these predictions the loss and the metrics get all the targets, but for those of a memmap.
    """
    with evaluating(model), np.errstate(all="ignore"):
        prediction = _rehearse_step(model, loss, penalty, optimizer, X[:batch_size], y[:batch_size])
        size = batch_size or len(y)
        # a loss of the library counts row by row, however many there are; of another one nobody knows
        _compare(prediction, loss, metrics, y, max(size, ROWS_AT_ONCE) if isinstance(loss, Loss) else size)
        if isinstance(validation, tuple):
            _compare(model(validation[0][:batch_size]), loss, metrics, validation[1], len(validation[1]))


def _rehearse_step(model: Module, loss: Callable[[Any, Any], Any], penalty: Callable[[Module], Any] | None,
                   optimizer: Optimizer, inputs: np.ndarray, targets: np.ndarray) -> Value:
    """The prediction of a batch, once it is known that J is a single number with a gradient."""
    prediction = model(inputs)
    _check_alike(prediction, targets)
    J = loss(prediction, targets)
    if penalty is not None:
        J = J + penalty(model)
    if not isinstance(J, Value) or not isinstance(prediction, Value):
        raise OptionError(f"fit: the model gave a {type(prediction).__name__} and the loss a {type(J).__name__}; "
                          "both must be Values, or there is nothing to differentiate; compute them from the "
                          "parameters with NumPy functions or those of tinygrad_edu")
    if J.size != 1:
        raise ShapeError(f"fit: the loss has shape {J.shape}, but only a single number can be minimised; "
                         'use reduction="mean"')
    if not {id(leaf) for leaf in ancestors([J])[1]} & {id(p) for p in optimizer.params}:
        raise ArgumentError("fit: the loss does not depend on any parameter of the optimizer; make it for this model, "
                            "as in optim.Adam(model.parameters())")
    return prediction


@no_grad()
def _compare(prediction: Value, loss: Callable[[Any, Any], Any], metrics: dict[str, Callable[..., float]],
             y: np.ndarray, size: int) -> None:
    """Give the loss all targets, so many at a time, and the metrics all at once, beside predictions of some rows."""
    if isinstance(y, np.memmap):
        y = y[:size]
    for i in range(0, len(y), size):
        targets = y[i:i + size]
        loss(_repeated(prediction, len(targets)), targets)
    for name, metric in metrics.items():
        score = metric(_repeated(prediction, len(y)).numpy(), y)
        if np.shape(score) != ():
            raise ShapeError(f"fit: the metric {name!r} gave an array of shape {np.shape(score)}, but the history has "
                             "a single number per epoch")


def _repeated(prediction: Value, n: int) -> Value:
    """The predictions of some rows, repeated or cut to those of n rows."""
    shape = prediction.shape
    return prediction if shape[:1] in ((), (n,)) else Value(np.resize(prediction.data, (n, *shape[1:])))


def check_schedule(schedule: Callable[[int], float], steps: int) -> None:
    """Raise the error of a learning rate that cannot be, for any of the steps to come; of very many, for a part."""
    for step in chain(range(0, steps, 1 + steps // MOST_STEPS), [steps - 1]):
        rate = schedule(step)
        if not (type(rate) is float and 0.0 <= rate < inf):  # what else is right takes longer to tell
            Optimizer.lr.checked(f"fit: schedule({step}) as the learning rate", rate)


def check_batches(model: Module, loss: Any, X: np.ndarray, y: np.ndarray, batch_size: int | None) -> None:
    """Raise ArgumentError if a batch may come that has no variance for a batch norm, or no label that counts."""
    n = len(y)
    last = n if batch_size is None else n % batch_size or batch_size
    normed = X.ndim == 2 and any(isinstance(module, BatchNorm1d) for _, module in model.named_modules())
    if normed and last == 1 and batch_size is not None and batch_size > 1:
        larger = next(size for size in range(batch_size + 1, n + 1) if n % size != 1)
        raise ArgumentError(f"fit: {n} rows in batches of {batch_size} leave a last batch of 1 row, which has no "
                            f"variance for BatchNorm1d; use batch_size={larger}")
    idle = n - np.count_nonzero(_counting(loss, y))
    if idle >= last:
        raise ArgumentError(f"fit: {idle} of {n} rows have no label that counts, as all are ignored or of a class with "
                            f"weight 0; a batch of only such has no mean, and one of {last} may come; leave these "
                            "rows out")


def _counting(loss: Any, y: np.ndarray) -> np.ndarray:
    """The rows that have a label which is neither ignored nor of a class without weight."""
    counts: Any = np.ones(y.shape, bool)
    if getattr(loss, "reduction", "") == "mean" and y.dtype.kind in "iu" and not isinstance(y, np.memmap):
        ignored, weights = getattr(loss, "ignore_index", None), getattr(loss, "class_weights", None)
        if ignored is not None:
            counts = y != ignored
        if weights is not None:
            counts = counts & (weights[np.where(counts, y, 0)] > 0)
    rows: np.ndarray = np.reshape(counts, (len(y), -1))
    return np.any(rows, axis=1)


def _check_alike(prediction: Any, y: np.ndarray) -> None:
    """Raise ShapeError for predictions (n, 1) of measured targets (n,), or the reverse: a loss could broadcast them."""
    shapes = {(1, 2): "(n,) but the model gives (n, 1)", (2, 1): "(n, 1) but the model gives (n,)"}
    shape: tuple[int, ...] = getattr(prediction, "shape", ())  # what is no array is refused later, in its own words
    single = len(shape) > 0 and prod(shape) == shape[0] and y.size == len(y)
    if single and y.dtype.kind == "f" and (y.ndim, len(shape)) in shapes:
        raise ShapeError(f"fit: y has shape {shapes[y.ndim, len(shape)]}, so that a difference of both would "
                         f"compare every pair of points; pass {'y.reshape(-1, 1)' if y.ndim == 1 else 'y.ravel()'}")


def split(X: np.ndarray, y: np.ndarray, validation: Any,
          rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """The rows to train with, and those to validate with; a share is dealt out at random."""
    if not isinstance(validation, float):
        return X, y, validation
    X, X_val, y, y_val = train_test_split(X, y, test_size=validation, rng=rng)
    return X, y, (X_val, y_val)
