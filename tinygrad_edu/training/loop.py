"""`fit`: the training loop. Forward, backward, update; the rest keeps count and says when to stop."""

from collections.abc import Callable, Iterable
from math import isfinite, nan
from os import PathLike
from time import perf_counter
from typing import Any
from warnings import warn

import numpy as np

from tinygrad_edu.checks import yes_or_no
from tinygrad_edu.data import batches
from tinygrad_edu.errors import DivergenceWarning
from tinygrad_edu.nn.module import Module
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.optim.schedules import Schedule
from tinygrad_edu.random import RandomSource, default_generator
from tinygrad_edu.training import checkpoint
from tinygrad_edu.training.callbacks import Callback, hooks
from tinygrad_edu.training.checks import (
    check_batches,
    check_schedule,
    checked_data,
    checked_parts,
    rehearse,
    split,
)
from tinygrad_edu.training.divergence import bad_parameter, endless_growth, explain
from tinygrad_edu.training.evaluation import scores
from tinygrad_edu.training.history import History
from tinygrad_edu.training.metrics import named_metrics, or_nan
from tinygrad_edu.training.progress import progress_bar
from tinygrad_edu.training.tally import Tally


def fit(model: Module, loss: Callable[[Any, Any], Any], optimizer: Optimizer, X: Any, y: Any, *, epochs: int,
        batch_size: int | None = None, validation: Any = None, metrics: Any = (),
        penalty: Callable[[Module], Any] | None = None, schedule: Callable[[int], float] | None = None,
        callbacks: Callback | Iterable[Callback] = (), rng: RandomSource = None, progress: bool | None = None,
        resume: str | PathLike[str] | None = None) -> History:
    """Train a model: minimise J(θ) = loss(model(X), y) + penalty(model) over its parameters θ.

    In every epoch each row of X is used once, `batch_size` of them in a step: predict, find the gradients, update.
    Ctrl-C ends the training and keeps what it reached. So does a loss that is NaN or infinite, or grows to the end; a
    DivergenceWarning then says in which epoch, step and parameter it went wrong, and what to try. Afterwards the model
    is in evaluation.

    Args:
        model: what to train, a Module of X.
        loss: a loss of `nn`, or another function of (prediction, target) that gives one number.
        optimizer: made for the model's parameters, such as `optim.Adam(model.parameters())`.
        X, y: inputs and targets, n rows each. A `numpy.memmap` is read batch by batch.
        epochs: how many times all rows are used, 1 or more.
        batch_size: rows per step, dealt anew in every epoch; None for all in one step. The last batch may be smaller.
        validation: a share of the rows, between 0 and 1, to be set aside at random; or a pair (X_val, y_val). The model
            does not learn from these; the history says how well it does on them.
        metrics: names ("accuracy", "r2", "mae", "rmse") or functions of (prediction, target), for the history.
        penalty: such as `nn.L2Penalty(1e-3)`, added to the loss in training, not in validation.
        schedule: the learning rate as a function of the step, counted from 0; see `optim.schedules`. After each epoch
            it may observe the loss: the validation loss, if there is one.
        callbacks: what looks on and may stop the training: EarlyStopping, Convergence, Checkpoint, GradientFlow.
        rng: a seed or a `numpy.random.Generator` that sets the validation rows aside and shuffles; the library's own if
            not given.
        progress: whether to show a bar; None for only in a terminal.
        resume: a file that a `Checkpoint` wrote: the training goes on from there, to the bit as if it had never
            stopped. All else must be as it was; only epochs may be more, and callbacks may be added at the end.

    Returns: a `History`, one number per epoch of the loss and all the rest; its `stop_reason` says why it ended.

    Errors, before anything is changed: OptionError and ArgumentError for what an argument cannot be, ShapeError for
    rows that do not fit each other, the model or the loss, DtypeError for what are no real numbers, ArgumentError for
    NaN or infinity in the data and for targets that the loss does not take, StateError and FileFormatError for a file
    that cannot be resumed from. An error that only comes up in a step puts model and optimizer back as they were.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> y = 1 + 2 * X
    >>> model = tg.nn.Linear(1, 1, rng=0)
    >>> optimizer = tg.optim.SGD(model.parameters(), lr=0.5)
    >>> history = tg.training.fit(model, tg.nn.LeastSquaresLoss(), optimizer, X, y, epochs=100)
    >>> model.theta(1).round(3), history.stop_reason
    (array([[1., 2.]]), 'all 100 epochs are done')
    """
    X, y, validation = checked_data(X, y, validation)
    epochs, batch_size, callbacks = checked_parts("fit", model, loss, optimizer, penalty, schedule, epochs, batch_size,
                                                  callbacks)
    if progress is not None:
        yes_or_no("fit: progress", progress)
    functions = {name: or_nan(metric) for name, metric in named_metrics("fit", metrics, loss).items()}
    rehearse(model, loss, penalty, functions, optimizer, X, y, validation, batch_size)
    saved = None if resume is None else checkpoint.read(resume, epochs)

    generator = default_generator(rng)
    dealer = generator if saved is None else saved.generator_at_start()
    at_start = dealer.bit_generator.state
    try:
        X, y, validation = split(X, y, validation, dealer)
        check_batches(model, loss, X, y, batch_size)
        if schedule is not None:
            check_schedule(schedule, epochs * -(-len(X) // (batch_size or len(X))))
        training = Training(model, loss, optimizer, X, y, validation, epochs, batch_size, functions, penalty, schedule,
                            sorted(callbacks, key=lambda callback: callback.turn), generator, at_start)
        for start in hooks(training.callbacks, "on_start"):
            start(training)
        if saved is not None:
            saved.restore(training)
    except BaseException:
        dealer.bit_generator.state = at_start
        raise
    training.run(progress)
    if training.diverged:
        warn(f"fit: {training.history.stop_reason}", DivergenceWarning, stacklevel=2)
    return training.history


class Training:
    """A training that is under way: what callbacks look at, and may stop.

    Attributes:
        model, loss, optimizer, penalty, schedule, callbacks, epochs, batch_size, metrics: what `fit` was given.
        X, y: the rows to learn from.
        validation: the pair of arrays to validate with, or None.
        history: what has been reached so far.
        epoch: the epoch under way, counted from 1; 0 before the first.
        step: how many updates have been made.
        J: the loss of the latest batch, with the penalty, as a number.
        diverged: whether it, or a parameter, is finite no more.
        rng, rng_at_start: the generator that shuffles, and its state before anything was drawn from it.
    """

    def __init__(self, model: Module, loss: Callable[[Any, Any], Any], optimizer: Optimizer, X: Any, y: Any,
                 validation: tuple[Any, Any] | None, epochs: int, batch_size: int | None,
                 metrics: dict[str, Callable[..., float]], penalty: Callable[[Module], Any] | None,
                 schedule: Callable[[int], float] | None, callbacks: list[Callback], rng: np.random.Generator,
                 rng_at_start: Any) -> None:
        self.model, self.loss, self.optimizer, self.penalty, self.schedule = model, loss, optimizer, penalty, schedule
        self.X, self.y, self.validation, self.metrics = X, y, validation, metrics
        self.epochs, self.batch_size, self.callbacks = epochs, batch_size, callbacks
        self.rng, self.rng_at_start = rng, rng_at_start
        self.epoch, self.step, self.diverged = 0, 0, False
        self.J = nan
        self._before = model.state_dict(), optimizer.state_dict()
        self._after_backward, self._on_step = hooks(callbacks, "after_backward"), hooks(callbacks, "on_step")
        self.history = History([
            "loss", *(["penalty"] if penalty else []), *metrics,
            *([f"validation_{name}" for name in ("loss", *metrics)] if validation else []), "learning_rate", "seconds"])

    def stop(self, reason: str) -> None:
        """End the training: at once if called in a step, else after this epoch. The first reason is kept."""
        self.history.stop_reason = self.history.stop_reason or reason

    def run(self, progress: bool | None = None) -> None:
        """Train for all epochs, or until something stops it."""
        on_epoch, schedule = hooks(self.callbacks, "on_epoch"), self.schedule
        self.model.train()
        try:
            # what becomes NaN or infinite is looked for and explained below, so NumPy need not warn of it, too
            with np.errstate(all="ignore"), progress_bar(self.epochs, self.epoch, progress) as show:
                while self.epoch < self.epochs and self.history.stop_reason is None:
                    self.epoch += 1
                    row = self._one_epoch_or_nothing()
                    self.history.append(row)
                    if isinstance(schedule, Schedule):
                        schedule.observe(row.get("validation_loss", row["loss"]))
                    for look in on_epoch:
                        look(self)
                    show(self.history)
        except KeyboardInterrupt:
            self.history.keep_whole_epochs()
            self.stop(f"stopped by Ctrl-C in epoch {self.epoch}, after {self.step} steps")
        finally:
            self.model.eval()
        if self.history.stop_reason is None and (bad := bad_parameter(self.model)):
            self._diverged(f"the last update made {bad}")
        if self.history.stop_reason is None and (growth := endless_growth(self.history["loss"])):
            self._diverged(growth)
        self.stop(f"all {self.epochs} epochs are done")
        for end in hooks(self.callbacks, "on_end"):
            end(self)

    def _one_epoch_or_nothing(self) -> dict[str, float]:
        """An epoch; after an error in it, model and optimizer are as they were before the training."""
        try:
            return self._one_epoch()
        except Exception:
            model_state, optimizer_state = self._before
            self.model.load_state_dict(model_state)
            self.optimizer.load_state_dict(optimizer_state)
            self.optimizer.zero_grad()
            raise

    def _one_epoch(self) -> dict[str, float]:
        """A step for every batch; returns the epoch's row of the history."""
        model, loss, optimizer, penalty, schedule = self.model, self.loss, self.optimizer, self.penalty, self.schedule
        after_backward, on_step = self._after_backward, self._on_step
        start, tally = perf_counter(), Tally(self.metrics)
        for inputs, targets in self._batches():
            optimizer.zero_grad()
            prediction = model(inputs)  # forward
            data_loss = loss(prediction, targets)
            J = data_loss if penalty is None else data_loss + penalty(model)
            self.J = J.item()
            tally.add(self.J if penalty is None else data_loss.item(), self.J, prediction, targets)
            if not isfinite(self.J):
                self._diverged(explain(model, J, inputs, targets))
                break

            J.backward()  # backward
            for look in after_backward:
                look(self)

            if schedule is not None:
                optimizer.lr = schedule(self.step)
            optimizer.step()  # update
            self.step += 1
            for look in on_step:
                look(self)
            if self.history.stop_reason is not None:
                break

        row = tally.row()
        if self.validation:
            on_validation = scores(model, *self.validation, loss, self.metrics) if isfinite(self.J) else {}
            row |= {f"validation_{name}": on_validation.get(name, nan) for name in ("loss", *self.metrics)}
        row["learning_rate"], row["seconds"] = optimizer.lr, perf_counter() - start
        return row

    def _batches(self) -> Iterable[tuple[np.ndarray, ...]]:
        """The rows of an epoch, a batch at a time."""
        if self.batch_size is None:
            return [(self.X, self.y)]
        return batches(self.X, self.y, batch_size=self.batch_size, rng=self.rng)

    def _diverged(self, why: str) -> None:
        """Stop because a number is not finite any more."""
        self.diverged = True
        self.stop(f"diverged in epoch {self.epoch}, step {self.step + 1}: {why}. Try a learning rate below "
                  f"{self.optimizer.lr:.3g}, say a tenth of it; scaled features; or clipped gradients")
