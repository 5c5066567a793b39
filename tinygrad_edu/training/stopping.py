"""When to stop: the loss does not move any more, or what was learned does not help on other data any more."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.checks import real_number, whole_number, yes_or_no
from tinygrad_edu.errors import ArgumentError, OptionError, StateError
from tinygrad_edu.training.callbacks import Callback
from tinygrad_edu.training.metrics import TO_MAXIMIZE

if TYPE_CHECKING:
    from tinygrad_edu.training.loop import Training

RISES = 5
"""Epochs in a row in which J must rise to be called divergent: mini-batches let it rise now and then, too."""


class Convergence(Callback):
    """The lecture's test: stop once J changes by less than `tol` in one epoch, which in full batches is one iteration.

        |J_(k-1) - J_k| < tol

    It also stops when J diverges instead: when it has risen five times in a row and is larger than at the beginning.
    J is the loss with the penalty, as the history has them.

    Args:
        tol: in the units of J, above 0.

    Errors: OptionError and ArgumentError for a tol that is no such number.

    >>> import numpy as np, tinygrad_edu as tg
    >>> X, y = np.array([[-1.0], [1.0]]), np.array([[-2.0], [2.0]])
    >>> model = tg.nn.Linear(1, 1, init=lambda shape, rng: np.zeros(shape))
    >>> history = tg.training.fit(model, tg.nn.LeastSquaresLoss(), tg.optim.SGD(model.parameters(), lr=0.5), X, y,
    ...                           epochs=100, callbacks=[tg.training.Convergence(tol=1e-3)])
    >>> history.stop_reason
    'converged in epoch 8: J fell by less than 0.001, to 0.000122'

    Convention: the lecture's tol is 1e-3. A rise by less than tol counts as standing still, too.
    """

    def __init__(self, tol: float = 1e-3) -> None:
        self.tol = _above_zero("Convergence: tol", tol)

    def __repr__(self) -> str:
        return f"Convergence(tol={self.tol:g})"

    def on_epoch(self, training: "Training") -> None:
        """Compare J with that of the epoch before; all it needs is in the history."""
        epoch, last = training.epoch, _objective(training, slice(-RISES - 1, None))
        if len(last) < 2:
            return
        before, now = last[-2:]
        if abs(before - now) < self.tol:
            moved = "fell" if now <= before else "rose"
            training.stop(f"converged in epoch {epoch}: J {moved} by less than {self.tol:g}, to {now:.3g}")
        elif len(last) > RISES and now > _objective(training, slice(1))[0] and all(b > a for a, b in pairwise(last)):
            training.stop(f"diverging in epoch {epoch}: J has risen {RISES} times in a row, from {last[0]:.3g} to "
                          f"{now:.3g}; try a learning rate below {training.optimizer.lr:.3g}, or scale the features")


class EarlyStopping(Callback):
    """Stop when the validation loss has not improved for some epochs, and return to the best parameters.

    From then on the model would only learn its training set by heart.

    Args:
        patience: for how many epochs in a row nothing may improve, 1 or more.
        min_delta: by how much more than this it must improve, 0 or more, in the units of what is monitored.
        restore_best: whether the model gets the parameters of its best epoch back, however the training ends.
        monitor: the name of a list of the history.
        maximize: whether that is better the larger it is; if not given, this is so for accuracy and R², and not for all
            else.

    Attributes, while and after it is used:
        best: the best value; best_epoch: its epoch, counted from 1.

    Errors: OptionError and ArgumentError for numbers outside their range; when training starts, ArgumentError if the
    history will have no such list.

    >>> import tinygrad_edu as tg
    >>> X, y = tg.data.make_line(n=40, noise=1.0, rng=0)
    >>> model = tg.nn.MLP([1, 50, 1], rng=0)
    >>> stopping = tg.training.EarlyStopping(patience=5)
    >>> history = tg.training.fit(model, tg.nn.MSELoss(), tg.optim.Adam(model.parameters(), lr=0.05), X,
    ...                           y.reshape(-1, 1), epochs=1000, validation=0.5, callbacks=stopping, rng=0)
    >>> history.epochs - stopping.best_epoch
    5

    Source: L. Prechelt, Early Stopping - But When?, 1998, https://doi.org/10.1007/3-540-49430-8_3.
    """

    def __init__(self, patience: int = 10, min_delta: float = 0.0, restore_best: bool = True,
                 monitor: str = "validation_loss", maximize: bool | None = None) -> None:
        self.patience = whole_number("EarlyStopping: patience", patience, low=1)
        self.min_delta = real_number("EarlyStopping: min_delta", min_delta, low=0)
        if not isinstance(monitor, str):
            raise OptionError(f"EarlyStopping: monitor must be the name of a list of the history, got {monitor!r}")
        self.restore_best, self.monitor = yes_or_no("EarlyStopping: restore_best", restore_best), monitor
        if maximize is None:
            maximize = monitor.removeprefix("validation_") in TO_MAXIMIZE
        self.maximize = yes_or_no("EarlyStopping: maximize", maximize)
        self._forget()

    def __repr__(self) -> str:
        return f"EarlyStopping(patience={self.patience}, monitor={self.monitor!r})"

    def _forget(self) -> None:
        self.best = -np.inf if self.maximize else np.inf
        self.best_epoch = 0
        self.best_parameters: dict[str, np.ndarray] = {}

    def on_start(self, training: "Training") -> None:
        """Begin anew: one object may be used for several trainings."""
        if self.monitor not in training.history:
            cure = " or pass fit(..., validation=0.2)" if self.monitor.startswith("validation_") else ""
            raise ArgumentError(f"EarlyStopping: there will be no {self.monitor!r} in the history; monitor one of "
                                f"{', '.join(map(repr, training.history))}{cure}")
        self._forget()

    def on_epoch(self, training: "Training") -> None:
        """Compare with the best so far; a NaN never is the best."""
        value = training.history[self.monitor][-1]
        gain = value - self.best if self.maximize else self.best - value
        if gain > self.min_delta:
            self.best, self.best_epoch = value, training.epoch
            if self.restore_best:
                self.best_parameters = training.model.state_dict()
        elif training.epoch - self.best_epoch >= self.patience:
            training.stop(f"early stopping in epoch {training.epoch}: {self.monitor} has not improved since epoch "
                          f"{self.best_epoch}, where it was {self.best:.3g}")

    def on_end(self, training: "Training") -> None:
        """Give the model its best parameters back."""
        if self.best_parameters:
            training.model.load_state_dict(self.best_parameters)

    def state_dict(self) -> dict[str, np.ndarray]:
        """The best so far."""
        return {"best": np.array(self.best), "best_epoch": np.array(self.best_epoch),
                **{f"best_parameters.{path}": array for path, array in self.best_parameters.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned; begin anew if that is nothing, as where it was not there before.

        Errors: StateError if something is missing; nothing is changed then.
        """
        missing = [name for name in ("best", "best_epoch") if state and name not in state]
        if missing:
            raise StateError(f"EarlyStopping.load_state_dict: the checkpoint has {sorted(state)}, but no "
                             f"{' and no '.join(missing)}; pass fit the callbacks of then in their order")
        if not state:
            self._forget()
            return
        self.best, self.best_epoch = float(state["best"]), int(state["best_epoch"])
        self.best_parameters = {name.removeprefix("best_parameters."): np.array(array) for name, array in state.items()
                                if name.startswith("best_parameters.")}


def _objective(training: "Training", epochs: slice) -> list[float]:
    """J of these epochs: what is minimised, the loss with the penalty."""
    losses, penalties = training.history["loss"][epochs], training.history.get("penalty")
    return losses if penalties is None else [a + b for a, b in zip(losses, penalties[epochs], strict=True)]


def _above_zero(name: str, number: Any) -> float:
    value = real_number(name, number)
    if value <= 0:
        raise ArgumentError(f"{name} must be above 0, got {number}")
    return value
