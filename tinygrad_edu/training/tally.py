"""What is counted while an epoch runs, for its row of the history."""

from collections.abc import Callable
from operator import mul
from typing import Any

import numpy as np


class Tally:
    """The means over the batches of an epoch, and its metrics.

    Args:
        metrics: functions of (prediction, target) by name.
    """

    def __init__(self, metrics: dict[str, Callable[..., float]]) -> None:
        self.metrics = metrics
        self.losses: list[float] = []
        self.objectives: list[float] = []
        self.sizes: list[int] = []
        self.predictions: list[np.ndarray] = []
        self.targets: list[np.ndarray] = []

    def add(self, loss: float, J: float, prediction: Any, targets: np.ndarray) -> None:
        """Count a batch: its loss, that with the penalty, and its predictions, if there are metrics to be found."""
        self.losses.append(loss)
        self.objectives.append(J)
        self.sizes.append(len(targets))
        if self.metrics:
            self.predictions.append(prediction.numpy())
            self.targets.append(targets)

    def row(self) -> dict[str, float]:
        """The mean loss and penalty, where each batch has the weight of its size, and the metrics of all together."""
        loss = self._mean(self.losses)
        row = {"loss": loss, "penalty": self._mean(self.objectives) - loss}
        if not self.metrics:
            return row
        prediction, target = np.concatenate(self.predictions), np.concatenate(self.targets)
        return row | {name: float(metric(prediction, target)) for name, metric in self.metrics.items()}

    def _mean(self, numbers: list[float]) -> float:
        # of a single one the number itself, to its last bit
        return numbers[0] if len(numbers) == 1 else sum(map(mul, numbers, self.sizes)) / sum(self.sizes)
