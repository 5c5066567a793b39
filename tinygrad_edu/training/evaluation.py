"""Using a model: predictions and scores on data of any size, as in evaluation and without a graph."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.checks import as_rows
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.nn.module import Module
from tinygrad_edu.training.activity import evaluating
from tinygrad_edu.training.metrics import named_metrics

ROWS_AT_ONCE = 4096
"""Rows that are predicted in one go: enough to be quick, few enough that no layer's output fills the memory."""


def predict(model: Module, X: Any) -> np.ndarray:
    """What the model says of X, as in evaluation (no dropout) and without a graph.

    Args:
        model: a Module. It is left as it was.
        X: n rows, (n, ...). A `numpy.memmap` is read piece by piece.

    Returns: a new array, (n, ...).

    Errors: OptionError if model is no Module, ShapeError for an X without rows; those of the model.

    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.training.predict(tg.nn.MLP([2, 16, 3]), np.ones((5, 2))).shape
    (5, 3)
    """
    if not isinstance(model, Module):
        raise OptionError(f"predict: model must be a Module, got {model!r} of type {type(model).__name__}")
    X = as_rows("predict", X)
    with evaluating(model), no_grad():
        outputs = [model(X[i:i + ROWS_AT_ONCE]) for i in range(0, len(X), ROWS_AT_ONCE)]
    return np.concatenate([np.asarray(output.numpy() if hasattr(output, "numpy") else output) for output in outputs])


def evaluate(model: Module, X: Any, y: Any, *, loss: Callable[[Any, Any], Any] | None = None,
             metrics: Any = ()) -> dict[str, float]:
    """How well the model does on these rows: the step that an independent test set is kept for.

    Args:
        model, X: as for `predict`.
        y: the targets, n rows.
        loss: a loss of `nn` or another function of (prediction, target), if it is asked for.
        metrics: names or functions of (prediction, target), as for `fit`. To count a single output as a logit,
            "accuracy" must know that the loss is a BCEWithLogitsLoss.

    Returns: the scores by name, with that of the loss as "loss".

    Errors: those of `predict`; ShapeError if X and y do not fit, ArgumentError if nothing is asked for.

    >>> import numpy as np, tinygrad_edu as tg
    >>> model = tg.nn.Linear(1, 1, init=lambda shape, rng: np.ones(shape))  # h = x
    >>> tg.training.evaluate(model, [[1.0], [2.0]], [[1.0], [4.0]], loss=tg.nn.MSELoss(), metrics=["mae"])
    {'loss': 2.0, 'mae': 1.0}
    """
    functions = named_metrics("evaluate", metrics, loss)
    if loss is None and not functions:
        raise ArgumentError('evaluate: nothing is asked for; pass loss=... or metrics=["accuracy"]')
    X, y = as_rows("evaluate", X), as_rows("evaluate", y)
    if len(X) != len(y):
        raise ShapeError(f"evaluate: X and y must have the same number of rows, got shapes {X.shape} and {y.shape}")
    return scores(model, X, y, loss, functions)


def scores(model: Module, X: np.ndarray, y: np.ndarray, loss: Callable[[Any, Any], Any] | None,
           metrics: dict[str, Callable[..., float]]) -> dict[str, float]:
    """The loss and the metrics, each of all predictions together and not a mean over pieces."""
    prediction = predict(model, X)
    found = {}
    if loss is not None:
        with no_grad():
            found["loss"] = float(loss(prediction, y))
    return found | {name: float(metric(prediction, y)) for name, metric in metrics.items()}
