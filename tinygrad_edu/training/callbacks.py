"""`Callback`: what looks on while a model is trained, and may stop it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tinygrad_edu.errors import OptionError, StateError

if TYPE_CHECKING:
    from tinygrad_edu.training.loop import Training


class Callback:
    """Base of what `training.fit` calls while it runs; a new one defines the methods it needs.

    Each gets the running `Training`: its `model`, `loss`, `optimizer`, `X`, `y`, `history`, `epoch`, `step` and so on.
    Methods that a callback does not define are never called, so they cost nothing: `on_start`, `after_backward`,
    `on_step`, `on_epoch`, `on_end`.

    Errors: OptionError, when a class is made, for a method on_... or after_... of another name: nobody would call it.

    >>> import numpy as np, tinygrad_edu as tg
    >>> class Print(tg.training.Callback):
    ...     def on_epoch(self, training):
    ...         print(f"epoch {training.epoch}: J = {training.history['loss'][-1]:.3f}")
    >>> X, y = np.array([[-1.0], [1.0]]), np.array([[1.0], [3.0]])  # y = 2 + x
    >>> model = tg.nn.Linear(1, 1, init=lambda shape, rng: np.zeros(shape))
    >>> history = tg.training.fit(model, tg.nn.LeastSquaresLoss(), tg.optim.SGD(model.parameters(), lr=0.5), X, y,
    ...                           epochs=3, callbacks=[Print()])
    epoch 1: J = 2.500
    epoch 2: J = 0.625
    epoch 3: J = 0.156
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        known = [name for name in vars(Callback) if name.startswith(("on_", "after_"))]
        for name in vars(cls):
            if name.startswith(("on_", "after_")) and name not in known:
                raise OptionError(f"{cls.__name__}.{name} would never be called; a callback's methods are "
                                  f"{', '.join(known)}")

    turn: ClassVar[int] = 0
    """Callbacks are called in the order of their turns, and those of one turn in the order they were passed in."""

    def on_start(self, training: "Training") -> None:
        """Before the first step, nothing having changed yet: an error raised here leaves the model as it was."""

    def after_backward(self, training: "Training") -> None:
        """In every step, when the gradients are there and not yet used."""

    def on_step(self, training: "Training") -> None:
        """In every step, after the update."""

    def on_epoch(self, training: "Training") -> None:
        """After every epoch, when it is in the history."""

    def on_end(self, training: "Training") -> None:
        """At the end, whether all epochs are done or something stopped the training: Ctrl-C, too, but no error."""

    def state_dict(self) -> dict[str, np.ndarray]:
        """What it needs to go on after a pause, as arrays by name; a `Checkpoint` saves it with all else."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned; called after `on_start`."""
        if state:
            raise StateError(f"{type(self).__name__}.load_state_dict: the checkpoint holds {sorted(state)}, of another "
                             "callback; pass fit the same callbacks in the same order as when it was saved")


def hooks(callbacks: list[Callback], name: str) -> list[Any]:
    """The methods of that name, of those callbacks that define one."""
    return [getattr(callback, name) for callback in callbacks
            if getattr(type(callback), name) is not getattr(Callback, name)]
