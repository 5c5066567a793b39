"""`Compiled`: a function that runs as NumPy programs, one for each kind of arguments it was called with."""

import linecache
import warnings
from collections.abc import Callable
from functools import update_wrapper
from itertools import count
from typing import Any

import numpy as np

from tinygrad_edu.compiler.capture import Capture, _ValueOf, surroundings
from tinygrad_edu.compiler.emit import Text
from tinygrad_edu.compiler.plan import Plan
from tinygrad_edu.compiler.program import Variable, variables
from tinygrad_edu.engine.trees import leaves, map_leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError, TraceError
from tinygrad_edu.tracing import current, settings

MOST_PROGRAMS = 8
"""For how many kinds of arguments a program is kept; beyond, a warning says that the function is compiled all the time."""

_numbers = count(1)


class Changed(Exception):
    """The arrays or settings that a program was made for are not those of now."""


class Step:
    """One program, bound to the arrays of parameters and optimizers that it works on."""

    def __init__(self, function: Callable[..., Any], args: tuple, options: dict[str, Any]) -> None:
        self.capture = capture = Capture(function, args, options)
        program = capture.program
        plain = [g for _, g in capture.gradients if isinstance(g, Variable)]
        plan = Plan(program, plain)
        self.results = [v for v in variables(_numbers_of(program.results))]
        self.number_states = [s for s in program.states if s.after is not s.before and not s.before.is_array]
        self.fixed = [v for v in dict.fromkeys(plain) if v in plan.memory and plan.memory[v].kind == "buffer"]
        fresh = [v for v in dict.fromkeys(plain) if v not in self.fixed]
        outputs = [*self.results, *(s.after for s in self.number_states), *fresh]
        name = getattr(function, "__name__", type(function).__name__)
        self.text = Text(plan, outputs, self.fixed, f"{name}, compiled by tinygrad_edu: one step, with every buffer made once.")
        self.fresh, self.plan = fresh, plan
        self.source = self.text.source
        space: dict[str, Any] = {"np": np}
        file = f"<compiled {name} {next(_numbers)}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(True), file)
        exec(compile(self.source, file, "exec"), space)
        exec(self.text.guard_source, space)
        self.prepare, self.same = space["prepare"], space["same"]
        self.readers = [s.read for s in program.settings]
        self.setting_shapes = [(np.shape(s.before.value), getattr(s.before.value, "dtype", None))
                               for s in program.settings]
        self.arrays = [(name, s) for name, s in self.text.bound.items() if hasattr(s, "read")]
        self.number_reads = [s.read for s in program.states if not s.before.is_array]
        self.version = settings.changes
        self.bind()

    def bind(self) -> None:
        """Make the buffers, for the arrays that the parameters have now."""
        bound = {name: (x.read() if hasattr(x, "read") else x) for name, x in self.text.bound.items()}
        self.bound_arrays = [(s.read, bound[name]) for name, s in self.arrays]
        functions = {name: getattr(f, "generator", f) for name, f in self.text.functions.items()}
        self.run, self.kept = self.prepare(**bound, **functions)
        self.gradients = [self._gradient(leaf, g) for leaf, g in self.capture.gradients]

    def _gradient(self, leaf: Any, g: Any) -> tuple[Any, Any, int | None]:
        """A leaf with the array that its gradient is in, or the place of its gradient among what the program returns."""
        if not isinstance(g, Variable):
            return leaf, g, None
        if g in self.fixed:
            return leaf, self.kept[self.plan.memory[g].name], None
        return leaf, None, self.fresh.index(g)

    def __call__(self, arrays: list[np.ndarray]) -> Any:
        """Run it. Changed is raised, and nothing done, if it does not fit what is there now."""
        for leaf, _ in self.capture.leaf_states.items():
            pass
        self.settle()
        for read, array in self.bound_arrays:
            if read() is not array:
                self.bind()
                break
        values = [read() for read in self.readers]
        if not self.same(*values):
            raise Changed
        numbers = [read() for read in self.number_reads]
        try:
            out = self.run(*arrays, *values, *numbers)
        except StopIteration:
            raise Changed from None
        k = len(self.results)
        for state, new in zip(self.number_states, out[k:], strict=False):
            state.write(new)  # type: ignore[misc]
        k += len(self.number_states)
        for leaf, array, place in self.gradients:
            leaf.grad = array if place is None else out[k + place]
        for optimizer, slots in self.capture.steps:
            for slot in slots:
                slot.t += 1
        for leaf in self.changed:
            leaf.mark_changed("a compiled step")
        return out

    def settle(self) -> None:
        """Put data that were assigned to an optimizer's parameters into their places."""
        for optimizer, _ in self.capture.steps:
            for slot in optimizer._slots:
                data = slot.parameter._numbers
                if data is not slot.data and not slot.is_float:
                    slot.data[...] = data
                    slot.parameter._numbers = slot.data

    @property
    def changed(self) -> list[Any]:
        slots = [slot.parameter for _, slots in self.capture.steps for slot in slots]
        return [*slots, *(leaf for leaf, s in self.capture.leaf_states.items() if s.after is not s.before)]


class Compiled:
    """What `compile` returns: called like the function, with the same results, and faster."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._steps: dict[Any, Step] = {}
        self._traced = 0
        self._latest: Step | None = None
        if hasattr(function, "__name__"):
            update_wrapper(self, function)

    def __call__(self, *args: Any, **options: Any) -> Any:
        if current.trace is not None:
            return self._function(*args, **options)
        arrays: list[np.ndarray] = []
        key = [_kind(x, arrays) for x in (leaves((args, options)) if options or not all(
            type(x) is np.ndarray for x in args) else args)]
        key.append(_surroundings_key(self._function))
        if options:
            key.append(tuple(options))
        found = tuple(key)
        step = self._steps.get(found)
        try:
            if step is None:
                step = self._trace(found, args, options)
            try:
                out = step(arrays)
            except Changed:
                step = self._trace(found, args, options)
                try:
                    out = step(arrays)
                except Changed:  # it hangs on the data: say it as the function itself says it
                    return self._function(*args, **options)
        except RecursionError:
            raise
        return _results(step, out)

    def _trace(self, key: Any, args: tuple, options: dict[str, Any]) -> Step:
        self._traced += 1
        if self._traced == 4 * MOST_PROGRAMS:
            warnings.warn(f"{getattr(self._function, '__name__', 'the compiled function')} was compiled "
                          f"{self._traced} times, as its arguments were of other shapes, dtypes or Python numbers; "
                          "pass numbers that change as arrays, and batches of one size", stacklevel=3)
        step = Step(self._function, args, options)
        self._steps.pop(key, None)
        while len(self._steps) >= MOST_PROGRAMS:
            del self._steps[next(iter(self._steps))]
        self._steps[key] = self._latest = step
        return step

    @property
    def source(self) -> str:
        """The program of the latest kind of arguments, as Python."""
        if self._latest is None:
            raise OptionError("source: the function was not called yet; the program is made in its first call, for the "
                              "shapes of its arguments")
        return self._latest.source


def _kind(x: Any, arrays: list[np.ndarray]) -> Any:
    if type(x) is np.ndarray:
        arrays.append(x)
        return x.shape, x.dtype
    if isinstance(x, Value):
        return "Value", id(x)
    if isinstance(x, np.ndarray):
        arrays.append(x)
        return type(x), x.shape, x.dtype
    return type(x), x if isinstance(x, int | float | str | bool | np.generic | type(None)) else id(x)


def _surroundings_key(function: Any) -> Any:
    """What the function finds around it: numbers by value, everything else by identity, arrays by shape and dtype."""
    return tuple((x.shape, x.dtype) if type(x) is np.ndarray else x if isinstance(x, int | float | str | type(None))
                 else id(x) for _, x, _ in surroundings(function))


def _numbers_of(results: Any) -> Any:
    return map_leaves(lambda leaf, path: leaf.numbers if isinstance(leaf, _ValueOf) else leaf, results)


def _results(step: Step, out: tuple) -> Any:
    """What the function returns, of what the program returned."""
    following = iter(out)

    def leaf(x: Any, path: str) -> Any:
        if isinstance(x, _ValueOf):
            numbers = next(following) if isinstance(x.numbers, Variable) else x.numbers
            return Value(numbers)
        return next(following) if isinstance(x, Variable) else x

    return map_leaves(leaf, step.capture.program.results)


__all__ = ["Compiled", "TraceError"]
