"""What the course of the loss over the epochs tells: too large steps, too small ones, overfitting."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tinygrad_edu.training.divergence import endless_growth
from tinygrad_edu.training.verdicts import Verdict

ENOUGH = 5
"""Epochs before which a course says nothing."""

UNSTEADY = 0.1
"""A share of the loss: the mean rise per epoch that the noise of mini-batches does not make, ..."""

FALLEN = 0.05
"""... unless the loss has fallen below this share of the first one: close to a minimum all losses are unsteady."""

STANDING = 1e-6
"""A share of the loss: one that moves by less in all epochs stands still, but for rounding."""

CREEPING = 0.15
"""A share of the loss: who has lost no more after all epochs, and still loses evenly, makes too small steps."""

OVERFITTED = 1.2
"""The loss on the validation set, in units of its smallest, from which on training has gone on for too long."""

GAP = 2.0
"""The loss on the validation set in units of that on the training set."""


def verdicts(history: Mapping[str, Sequence[float]]) -> list[Verdict]:
    """All that is wrong with the course of the loss; nothing without one."""
    loss = np.asarray(history.get("loss", ()), np.float64)
    validation = np.asarray(history.get("validation_loss", ()), np.float64)
    found = [*too_large_steps(loss), *standing_still(loss)] or list(too_small_steps(loss))
    return found or list(overfitting(loss, validation))


def too_large_steps(loss: np.ndarray) -> Iterator[Verdict]:
    """A loss that grows, to infinity in the end, or goes up as much as down."""
    cure = "a learning rate that is smaller by a factor of 3 to 10; scaled features; optim.clip_grad_norm"
    bad = np.flatnonzero(~np.isfinite(loss))
    if len(bad):
        yield Verdict("learning rate too large", "history", float(bad[0] + 1),
                      f"the loss is {loss[bad[0]]} after epoch {bad[0] + 1}", cure)
        return
    growth = endless_growth(loss.tolist()) if len(loss) else ""
    if growth:
        yield Verdict("learning rate too large", "history", float(loss[-1] / loss[0]), growth, cure)
    if growth or len(loss) < ENOUGH or loss.min() <= 0:  # shares of a loss that may be negative say nothing
        return
    late = loss[len(loss) // 2:]
    steps, level = np.diff(late), float(late.mean())
    rise = float(steps[steps > 0].sum() / len(steps))
    if loss[-1] > 1.5 * loss[0]:
        yield Verdict("learning rate too large", "history", float(loss[-1] / loss[0]),
                      f"the loss grows: it is {loss[-1] / loss[0]:.3g} times that of the first epoch", cure)
    elif rise > UNSTEADY * level and level > FALLEN * loss[0]:
        yield Verdict("learning rate too large", "history", rise / level,
                      f"the loss goes up and down: in the second half of training its rises are "
                      f"{rise / level:.0%} of it in each epoch", cure)


def standing_still(loss: np.ndarray) -> Iterator[Verdict]:
    """A loss that does not move at all."""
    if len(loss) >= ENOUGH and np.isfinite(loss).all() and np.ptp(loss) < STANDING * np.abs(loss).max():
        yield Verdict("constant loss", "history", float(loss[-1]),
                      f"the loss stands still at {loss[-1]:.3g} through all {len(loss)} epochs: nothing is learned, or "
                      "there is nothing left to learn",
                      "what is named before this, if anything; else an optimizer of this model's parameters with a "
                      "learning rate above 0, a larger one, inputs that tell something of the targets")


def too_small_steps(loss: np.ndarray) -> Iterator[Verdict]:
    """A loss that falls evenly, but hardly."""
    if len(loss) < ENOUGH or not np.isfinite(loss).all() or loss[0] <= 0:
        return
    fallen = (loss[0] - loss[-1]) / loss[0]
    half = len(loss) // 2
    early, late = loss[0] - loss[half], loss[half] - loss[-1]
    even = np.mean(np.diff(loss) < 0) > 0.9 and late > 0.6 * early * (len(loss) - 1 - half) / half
    if 0 < fallen < CREEPING and even:
        yield Verdict("learning rate too small", "history", float(fallen),
                      f"the loss creeps: it fell by {fallen:.2%} in {len(loss)} epochs, as fast at the end as at first",
                      "a learning rate that is larger by a factor of 3 to 10, or Adam; more epochs")


def overfitting(loss: np.ndarray, validation: np.ndarray) -> Iterator[Verdict]:
    """A validation loss that has turned up again while that of training went on down."""
    if len(validation) < ENOUGH or len(loss) != len(validation):
        return
    best = int(np.nanargmin(validation)) if np.isfinite(validation).any() else 0
    turned = validation[-1] / validation[best] if validation[best] > 0 else 1.0
    gap = validation[-1] / loss[-1] if loss[-1] > 0 else np.inf
    if turned > OVERFITTED and gap > GAP and best < len(loss) - 2:
        yield Verdict("overfitting", "history", float(gap),
                      f"the validation loss is {gap:.3g} times the training loss, and {turned:.3g} times what it was "
                      f"after epoch {best + 1}",
                      "EarlyStopping(restore_best=True), more data, L2Penalty or Dropout, a smaller network")
