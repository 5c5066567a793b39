"""`Result`: what a `Recipe` made of its data, to predict with, to test and to diagnose."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.checks import as_table
from tinygrad_edu.data.scaling import Scaler
from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.nn import MLP
from tinygrad_edu.training.diagnose import Diagnosis, diagnose
from tinygrad_edu.training.evaluation import predict
from tinygrad_edu.training.history import History

if TYPE_CHECKING:
    from tinygrad_edu.training.recipe import Recipe


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What a recipe made of its data.

    Attributes:
        recipe, model, loss, metrics: what it was made by, and of; the metrics as functions by name.
        history: in scaled units where the targets were scaled.
        scaler, target_scaler: fitted to the training rows, or None.
        classes: what 0, 1, ... of the model's outputs stand for; None if the targets are measured.
        X_train, y_train, X_test, y_test: the rows that it learned from, without those for validation, and the rows of
            the test, as they were given.
        test_scores: the metrics on the latter, in the units of y.
    """

    recipe: "Recipe"
    model: MLP
    loss: Any
    metrics: dict[str, Callable[..., float]]
    history: History
    scaler: Scaler | None
    target_scaler: Scaler | None
    classes: np.ndarray | None
    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    test_scores: dict[str, float]

    def predict(self, X: Any) -> np.ndarray:
        """What y is for each row of X (m, p): (m,) classes as y had them, or numbers in the shape and units of y."""
        prediction = self._raw(X)
        if self.classes is not None:
            return self.classes[prediction.argmax(axis=1)]
        return prediction.reshape(len(prediction), *self.y_test.shape[1:])

    def evaluate(self, X: Any, y: Any) -> dict[str, float]:
        """The metrics of the recipe on other rows: features (m, p) and targets as in `Recipe.fit`."""
        prediction, y = self._raw(X), np.asarray(y)
        if self.classes is not None:
            number = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
            if not (self.classes[number] == y).all():
                raise ArgumentError(f"Result.evaluate: y holds classes besides those of the training, {self.classes}")
            y = number
        elif y.ndim:
            y = columns(y)
        return {name: float(metric(prediction, y)) for name, metric in self.metrics.items()}

    def diagnose(self) -> Diagnosis:
        """`training.diagnose` of the model, its history and the rows it learned from, scaled as it got them."""
        y = (np.searchsorted(self.classes, self.y_train) if self.classes is not None else
             scaled(self.target_scaler, columns(self.y_train)))
        return diagnose(self.model, self.history, data=(scaled(self.scaler, self.X_train), y), loss=self.loss)

    def __repr__(self) -> str:
        scores = ", ".join(f"{name} {score:.4g}" for name, score in self.test_scores.items())
        return f"<Result of {self.history.epochs} epochs: {scores} on {len(self.y_test)} rows of the test>"

    def _raw(self, X: Any) -> np.ndarray:
        """What the model puts out, unscaled."""
        X = as_table("Result: X", X)
        prediction = predict(self.model, scaled(self.scaler, X))
        return prediction if self.target_scaler is None else self.target_scaler.inverse_transform(prediction)


def columns(y: np.ndarray) -> np.ndarray:
    """Measured targets as the outputs of a model, (n, outputs)."""
    return y.reshape(len(y), -1)


def scaled(scaler: Scaler | None, array: np.ndarray) -> np.ndarray:
    """What the scaler makes of an array; the array itself without one."""
    return array if scaler is None else scaler.transform(array)
