"""What the schedules share: how they are called, put one after another, saved."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

import numpy as np

from tinygrad_edu.checks import real_number
from tinygrad_edu.errors import ArgumentError, MissingMethodError, OptionError, StateError
from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, Hyperparameter


class Schedule:
    """Base of the schedules: a new one states its hyperparameters, and its `rate` at a step of 0 or more.

    >>> from tinygrad_edu.optim.schedules import Schedule
    >>> class InverseTime(Schedule):
    ...     def rate(self, step):
    ...         return 0.1 / (1 + step)
    >>> InverseTime()(4)
    0.02
    """

    lr = Hyperparameter(NOT_NEGATIVE)
    steps: float = inf
    """After how many steps it is through; infinite if it never is."""

    def rate(self, step: float) -> float:
        """The learning rate at a step."""
        raise MissingMethodError(f"{type(self).__name__} has no rates; define its method `rate`")

    def __call__(self, step: float) -> float:
        """The learning rate at a step; ArgumentError for one below 0 and for NaN, OptionError for what is no number."""
        real_number(f"{type(self).__name__}: the step", step, low=0, words="finite, counted from 0")
        return float(self.rate(step))

    def then(self, following: Callable[[float], float], after: float | None = None) -> "Schedule":
        """This schedule for so many steps, by default until it is through; then the following one from its step 0.

        Errors: ArgumentError if this one is never through and `after` is not given.

        >>> from tinygrad_edu.optim import schedules
        >>> schedule = schedules.Warmup(0.1, steps=4).then(schedules.Exponential(0.1, gamma=0.5))
        >>> [round(schedule(step), 3) for step in range(7)]
        [0.0, 0.025, 0.05, 0.075, 0.1, 0.05, 0.025]
        """
        return Chain(self, following, self.steps if after is None else after)

    def observe(self, loss: float) -> None:
        """Take note of the loss after an epoch. Only `ReduceOnPlateau` makes use of it."""

    def state_dict(self) -> dict[str, np.ndarray]:
        """What it remembers of the losses, as arrays by name; nothing, if it looks at none."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned; StateError if it does not fit, and nothing is changed then."""
        if state.keys() != self.state_dict().keys():
            raise StateError(f"{type(self).__name__}.load_state_dict: expected {sorted(self.state_dict())}, got "
                             f"{sorted(state, key=str)}; load a state saved from a schedule like this one")

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{type(self).__name__}({settings})"


class Chain(Schedule):
    """One schedule after another, as `then` makes it.

    Args:
        first: for the steps below `after`.
        second: from there on; its step 0 is at `after`.
        after: how many steps the first one has, 0 or more.

    Errors: OptionError if one of the two cannot be called; those of `then`.
    """

    after = Hyperparameter("a number of steps of 0 or more")

    def __init__(self, first: Callable[[float], float], second: Callable[[float], float], after: float) -> None:
        for part in (first, second):
            if isinstance(part, type):
                raise OptionError(f"Chain: {part.__name__} is a class; make one of it, as in {part.__name__}(0.1, ...)")
            if not callable(part):
                raise OptionError(f"Chain: {part!r} is no schedule; pass one, or any function of the step")
        if after == inf:
            raise ArgumentError(f"Chain: {first!r} is never through; say after how many steps {second!r} follows, as "
                                "in .then(..., after=100)")
        self.first, self.second, self.after = first, second, after
        self.steps = self.after + getattr(second, "steps", inf)

    def rate(self, step: float) -> float:
        """The first one's, then the second one's."""
        return self.first(step) if step < self.after else self.second(step - self.after)

    def observe(self, loss: float) -> None:
        """Let both know."""
        for _, part in self._parts():
            part.observe(loss)

    def state_dict(self) -> dict[str, np.ndarray]:
        """What both remember, as `first.<name>` and `second.<name>`."""
        return {prefix + name: array for prefix, part in self._parts() for name, array in part.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned; StateError if it does not fit, and nothing is changed then."""
        super().load_state_dict(state)
        before = self.state_dict()
        try:
            self._load(state)
        except StateError:
            self._load(before)
            raise

    def _load(self, state: Mapping[str, Any]) -> None:
        for prefix, part in self._parts():
            part.load_state_dict({name.removeprefix(prefix): array for name, array in state.items()
                                  if name.startswith(prefix)})

    def _parts(self) -> list[tuple[str, Schedule]]:
        parts = (("first.", self.first), ("second.", self.second))
        return [(prefix, part) for prefix, part in parts if isinstance(part, Schedule)]

    def __repr__(self) -> str:
        after = "" if self.after == getattr(self.first, "steps", inf) else f", after={self.after}"
        return f"{self.first!r}.then({self.second!r}{after})"


def is_number(x: Any) -> bool:
    """Whether x is a real number, of Python or NumPy; True and False are none."""
    return isinstance(x, int | float | np.integer | np.floating) and not isinstance(x, bool)
