"""The schedule that looks at the loss."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

import numpy as np

from tinygrad_edu.errors import OptionError, StateError
from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, Hyperparameter
from tinygrad_edu.optim.schedules.curves import BEYOND_1, FACTOR
from tinygrad_edu.optim.schedules.schedule import Schedule, is_number


class ReduceOnPlateau(Schedule):
    """Down by a factor whenever the loss has not fallen for some epochs. PyTorch's ReduceLROnPlateau.

    It cannot know the rate from the step: tell it the loss after each epoch by `schedule.observe(loss)`, best that of
    the validation data. The rate is the same for every step in between.

    Args:
        lr: the rate at first, 0 or more. As an attribute it is the present rate.
        factor: what the rate is multiplied by, from 0 to 1.
        patience: for how many epochs in a row the loss may fail to fall, 0 or more; the next one reduces the rate.
        threshold: by what part of the best loss so far it has to fall to count, 0 or more.
        low: the rate does not fall below it, 0 or more.

    Convention: PyTorch's, but a negative loss has to fall, too; NaN is no fall.

    >>> from tinygrad_edu.optim import schedules
    >>> plateau, rates = schedules.ReduceOnPlateau(0.1, factor=0.5, patience=1), []
    >>> for loss in [3.0, 2.0, 2.0, 2.0, 1.0]:
    ...     plateau.observe(loss)
    ...     rates.append(plateau(step=0))
    >>> rates
    [0.1, 0.1, 0.1, 0.05, 0.05]
    """

    factor = Hyperparameter(FACTOR, below=BEYOND_1)
    patience = Hyperparameter("a whole number of 0 or more", kinds="iu")
    threshold = Hyperparameter(NOT_NEGATIVE)
    low = Hyperparameter(NOT_NEGATIVE)

    def __init__(self, lr: float, factor: float = 0.1, patience: int = 10, threshold: float = 1e-4,
                 low: float = 0.0) -> None:
        self.lr, self.factor, self.patience, self.threshold, self.low = lr, factor, patience, threshold, low
        self.best, self.waited = inf, 0  # the lowest loss so far, and the epochs since then or since the last reduction

    def rate(self, step: float) -> float:
        """The present rate, whatever the step."""
        return self.lr

    def observe(self, loss: float) -> None:
        """Take note of the loss after an epoch, and reduce the rate if it is time; OptionError if it is no number."""
        if not is_number(loss):
            raise OptionError(f"ReduceOnPlateau: the loss must be a number, got {loss!r} of type "
                              f"{type(loss).__name__}; pass loss.item()")
        needed = self.threshold * abs(self.best) if isfinite(self.best) else 0.0
        if loss < self.best - needed:
            self.best, self.waited = float(loss), 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.lr, self.waited = max(self.lr * self.factor, min(self.low, self.lr)), 0

    def state_dict(self) -> dict[str, np.ndarray]:
        """The present rate, the best loss and how long it waits, as arrays by name."""
        return {name: np.array(getattr(self, name)) for name in ("lr", "best", "waited")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned; StateError if it does not fit, and nothing is changed then."""
        super().load_state_dict(state)
        try:
            lr = ReduceOnPlateau.lr.checked("lr", state["lr"])
            best, waited = float(state["best"]), int(state["waited"])
        except (ValueError, TypeError, OverflowError) as error:
            raise StateError(f"ReduceOnPlateau.load_state_dict: {error}; load a state saved from one") from None
        self.lr, self.best, self.waited = lr, best, waited
