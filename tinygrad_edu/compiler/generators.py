"""Random generators of a traced function: their draws become calls of the program, and their states stay."""

import copy
import sys
from functools import partial
from typing import Any

import numpy as np


def is_generator(x: Any) -> bool:
    """Whether it is a random generator of NumPy's, without loading that part of NumPy."""
    return type(x).__module__.startswith("numpy.random") and hasattr(x, "bit_generator")


def random_states(around: list[Any]) -> list[tuple[Any, Any, Any]]:
    """(how to read it, how to set it, its state now) of each random generator that the function may draw from."""
    found: list[tuple[Any, Any]] = [(lambda x=x: x.bit_generator.state, partial(setattr, x.bit_generator, "state"))
                                    for x in around if is_generator(x)]
    if "random" in sys.modules:
        found.append((sys.modules["random"].getstate, sys.modules["random"].setstate))
    if "numpy.random" in sys.modules:
        found.append((np.random.get_state, np.random.set_state))
    return [(read, write, copy.deepcopy(read())) for read, write in found]


class TracedGenerator:
    """A generator whose draws are calls of the program."""

    def __init__(self, trace: Any, generator: Any, now: Any) -> None:
        self._trace, self._real, self._now = trace, generator, now

    def __getattr__(self, name: str) -> Any:
        draw = Draw(self._real, name, self._now)
        return lambda *args, **options: self._trace.call(draw, args, options)


class Draw:
    """A method of a random generator: from the real one when the program runs, from a copy while it is traced."""

    draws = True

    def __init__(self, generator: Any, name: str, now: Any) -> None:
        self.generator, self.__name__, self._now = generator, name, now

    def __call__(self, *args: Any, **options: Any) -> Any:
        return getattr(self._now, self.__name__)(*args, **options)
