"""`Compiled`: a function that runs as NumPy programs, one for each kind of arguments it was called with."""

import warnings
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np

from tinygrad_edu.compiler.step import Changed, Step
from tinygrad_edu.compiler.surroundings import Surroundings
from tinygrad_edu.engine import modes
from tinygrad_edu.engine.trees import leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError
from tinygrad_edu.tracing import settings

MOST_PROGRAMS = 8
"""For how many kinds of arguments a program is kept."""

MANY_TRACES = 32
"""After how many a warning says that the function is compiled all the time."""


class Compiled:
    """What `compile` returns: called like the function, with the same results, and faster."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise OptionError(f"compile: expected a function, a model or what tg.value_and_grad returns, not a "
                              f"{type(function).__name__}")
        self._function = function
        self._steps: dict[Any, Step] = {}
        self._traced = 0
        self._latest: Step | None = None
        self._accumulating: dict[Any, None] = {}  # Values for which it counts whether they have a gradient already
        self._name = getattr(function, "__name__", type(function).__name__)
        if hasattr(function, "__name__"):
            update_wrapper(self, function)

    def __call__(self, *args: Any, **options: Any) -> Any:
        step = self._latest
        if step is None or options or modes.ACTIVE or not step.fits(args):
            # part of another program or graph, or to be looked at
            if modes.tracing() or modes.watching() or any(isinstance(x, Value) for x in leaves((args, options))):
                return self._function(*args, **options)
            step = self._fitting(args, options)
        arrays = args if step.only_arrays else step.arrays_of(args, options)
        try:
            return step.run(arrays)
        except Changed:
            pass
        try:  # settings were changed on which a decision hangs
            return self._trace(self._key(args, options, Surroundings(self._function)), args, options).run(arrays)
        except Changed:  # it hangs on the data: the function itself knows what to do, or to say
            return self._function(*args, **options)

    def _fitting(self, args: tuple, options: dict[str, Any]) -> Step:
        """The program for such arguments, made now if there is none."""
        surroundings = Surroundings(self._function)
        key = self._key(args, options, surroundings)
        step = self._steps.get(key)
        if step is None:
            return self._trace(key, args, options)
        step.surroundings, step.version = surroundings, settings.changes
        self._latest = step
        return step

    def _key(self, args: tuple, options: dict[str, Any], surroundings: Surroundings) -> Any:
        return (tuple(map(_kind, leaves(args))), tuple((name, *map(_kind, leaves(x))) for name, x in options.items()),
                surroundings.key, modes.recording(), tuple(leaf.grad is None for leaf in self._accumulating))

    def _trace(self, key: Any, args: tuple, options: dict[str, Any]) -> Step:
        self._traced += 1
        if self._traced % MANY_TRACES == 0:
            warnings.warn(f"{self._name} was compiled {self._traced} times, as its arguments, or what it finds around it, "
                          "were of other shapes, dtypes or Python numbers each time; pass numbers that change as "
                          "arrays, and batches of one size", stacklevel=4)
        step = Step(self._function, args, options)
        if not step.capture.earlier.keys() <= self._accumulating.keys():
            self._accumulating.update(dict.fromkeys(step.capture.earlier))
            key = self._key(args, options, step.surroundings)
        self._steps.pop(key, None)
        while len(self._steps) >= MOST_PROGRAMS:
            del self._steps[next(iter(self._steps))]
        self._steps[key] = self._latest = step
        return step

    @property
    def source(self) -> str:
        """The program for the latest kind of arguments, as Python."""
        return self.step.source

    @property
    def step(self) -> Step:
        """The program of the latest call; OptionError before the first."""
        if self._latest is None:
            raise OptionError(f"{self._name} was not called yet; its program is made in the first call, for the shapes of "
                              "its arguments")
        return self._latest

    def __repr__(self) -> str:
        return f"<compiled {self._name}, {len(self._steps)} programs>"


def _kind(x: Any) -> Any:
    """What is equal for arguments that one program serves."""
    if isinstance(x, np.ndarray):
        return type(x), x.shape, x.dtype
    if isinstance(x, Value):
        return "Value", id(x)
    return type(x), x if isinstance(x, int | float | str | bool | np.generic | type(None)) else id(x)

