"""`Step`: one program, bound to the parameters and optimizers that it works on, and run on arrays."""

import linecache
from collections.abc import Callable
from contextvars import copy_context
from itertools import count
from operator import attrgetter, call, is_not
from threading import Lock
from typing import Any

import numpy as np

from tinygrad_edu.compiler.capture import Capture, ValueOf
from tinygrad_edu.compiler.emit import Text
from tinygrad_edu.compiler.numbers import NumbersText, is_of_numbers
from tinygrad_edu.compiler.plan import Plan
from tinygrad_edu.compiler.program import Variable, variables
from tinygrad_edu.compiler.surroundings import Surroundings
from tinygrad_edu.engine.graph import NO_OPTIONS, mark_all_changed
from tinygrad_edu.engine.primitive import Op
from tinygrad_edu.engine.trees import leaves, map_leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import BackwardError, TraceError
from tinygrad_edu.tracing import settings

_numbers = count(1)
_data = attrgetter("_numbers")


class Changed(Exception):
    """What decisions of the library hang on is not as it was when the function was traced; nothing was done."""


class Step:
    """A function's program for one kind of arguments.

    source: the program, as Python.
    program, plan: what it was made from.
    results: the variables among what the function returns; the program returns them first.
    changed_numbers: the states that are Python numbers and change; their new values come next.
    """

    def __init__(self, function: Callable[..., Any], args: tuple, options: dict[str, Any]) -> None:
        self.surroundings, self.version = Surroundings(function), settings.changes
        self.capture = capture = Capture(function, args, options)
        if Surroundings(function).key != self.surroundings.key:
            names = ", ".join(self.surroundings.changed()) or "its own object"
            raise TraceError(f"compile: the function changes what it finds around it: {names}. The program would not "
                             "do so again; return what is to be kept, and change it outside")
        self.program = program = capture.program
        self.only_arrays = not options and all(type(x) is np.ndarray for x in args)
        self._objects = [x for x in leaves((args, options)) if not isinstance(x, np.ndarray)]  # known by their id
        self._kinds = [(x.shape, x.dtype) for x in args] if self.only_arrays else None
        gradients = list(dict.fromkeys(g for _, g in capture.gradients if isinstance(g, Variable)))
        self.plan = plan = Plan(program, gradients)
        self.results = list(variables(map_leaves(_of_values, program.results)))
        self.changed_numbers = [s for s in program.states if s.after is not s.before and not s.before.is_array]
        self._fixed = [v for v in gradients if plan.stays(v)]
        self._fresh = [v for v in gradients if v not in self._fixed]
        outputs = [*self.results, *(s.after for s in self.changed_numbers), *self._fresh]
        name = getattr(function, "__name__", type(function).__name__)
        about = f"{name}, as a NumPy program with every buffer made once."
        numbers = is_of_numbers(program, plan)
        self.text: Any = NumbersText(plan, outputs, about) if numbers else Text(plan, outputs, self._fixed, about)
        self.source = self.text.source
        space: dict[str, Any] = {"np": np}
        file = f"<compiled {name} {next(_numbers)}>"  # so that a stack trace shows its lines
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(True), file)
        exec(compile(self.source, file, "exec"), space)
        exec(self.text.guard_source, space)
        self._prepare, self._same = space["prepare"], space["same"]
        self._earlier = list(capture.earlier.items())
        self._readers = [s.read for s in program.settings]
        self._number_reads = [s.read for s in program.states if not s.before.is_array]
        self._slots = [slot for _, slots in capture.steps for slot in slots]
        placed = [slot for optimizer, _ in capture.steps for slot in optimizer._slots if not slot.is_float]
        self._placed, self._places = [slot.parameter for slot in placed], [slot.data for slot in placed]
        self._own = [leaf for leaf, s in capture.leaf_states.items() if s in program.states and s.before.is_array]
        self._changed = [*(slot.parameter for slot in self._slots),
                         *(leaf for leaf, s in capture.leaf_states.items() if s.after is not s.before)]
        stops = plan.guarded >= 0  # perhaps after it has drawn
        self._generators = [f for f in self.text.functions.values() if stops and hasattr(f, "bit_generator")]
        self._lock = Lock()
        self._quietly: Callable[..., Any] = _quietly
        if not self.text.functions:  # to enter a context in which NumPy does not warn is quicker than to make one
            context = copy_context()
            context.run(np.seterr, all="ignore")
            self._quietly = context.run
        for made in plan.calls + program.calls:
            made.y.value = of_shape(made.y.value)  # what it was is not needed any more
        self.bind()

    def bind(self) -> None:
        """Make the buffers, for the arrays that the parameters have now."""
        self._settle()
        bound = {name: (x.read() if hasattr(x, "read") else x) for name, x in self.text.bound.items()}
        functions = {name: getattr(f, "generator", f) for name, f in self.text.functions.items()}
        self._own_arrays = list(map(_data, self._own))
        self._run, self._kept = self._prepare(**bound, **functions)
        self._gradients = [self._gradient(leaf, g) for leaf, g in self.capture.gradients]

    def _gradient(self, leaf: Any, g: Any) -> tuple[Any, Any, int | None]:
        """A leaf with the array of its gradient, or the place of its gradient among what the program returns."""
        if not isinstance(g, Variable):
            return leaf, g, None
        if g in self._fixed:
            return leaf, self._kept[self.text.text(g)], None
        return leaf, None, len(self.results) + len(self.changed_numbers) + self._fresh.index(g)

    def fits(self, args: tuple) -> bool:
        """Whether it is, without much looking, the program for these arguments."""
        kinds = self._kinds
        if kinds is None or len(args) != len(kinds) or self.version != settings.changes:
            return False
        for x, (shape, dtype) in zip(args, kinds, strict=True):
            if type(x) is not np.ndarray or x.shape != shape or (x.dtype is not dtype and x.dtype != dtype):
                return False
        for leaf, none in self._earlier:
            if (leaf.grad is None) is not none:
                return False
        return self.surroundings.same()

    def fits_now(self) -> bool:
        """Whether decisions that hang on settings are as they were when it was traced."""
        self._settle()
        return bool(self._same(*[read() for read in self._readers]))

    def arrays_of(self, args: tuple, options: dict[str, Any]) -> list[np.ndarray]:
        """The arrays among the arguments."""
        return [x for x in (*leaves(args), *leaves(options)) if isinstance(x, np.ndarray)]

    def run(self, arrays: Any) -> Any:
        """Run the program and return what the function would; Changed, if it does not fit what is there now."""
        if any(map(is_not, map(_data, self._placed), self._places)):
            self._settle()
        if any(map(is_not, map(_data, self._own), self._own_arrays)):
            self.bind()
        values = list(map(call, self._readers))
        if not self._same(*values):
            raise Changed
        drawn = [generator.bit_generator.state for generator in self._generators]
        try:
            with self._lock:  # of two threads each shall get its own results
                out = self._quietly(self._run, *arrays, *values, *map(call, self._number_reads))
        except StopIteration:
            for generator, state in zip(self._generators, drawn, strict=True):
                generator.bit_generator.state = state
            raise Changed from None
        for state, new in zip(self.changed_numbers, out[len(self.results):], strict=False):
            state.write(new)  # type: ignore[misc]
        for leaf, array, place in self._gradients:
            leaf.grad = array if place is None else out[place]
        for slot in self._slots:
            slot.t += 1
        if self._changed:
            mark_all_changed(self._changed, "a compiled step")
        return self._returned(out)

    def _settle(self) -> None:
        """Put data that were assigned to an optimizer's parameters into their places."""
        for parameter, place in zip(self._placed, self._places, strict=True):
            if parameter._numbers is not place:
                place[...] = parameter._numbers
                parameter._numbers = place

    def _returned(self, out: tuple) -> Any:
        """What the function returns, of what the program returned."""
        results = self.program.results
        if isinstance(results, ValueOf) and isinstance(results.numbers, Variable):
            return _value(out[0], results.computed)
        following = iter(out)

        def leaf(x: Any, path: str) -> Any:
            if isinstance(x, ValueOf):
                return _value(leaf(x.numbers, path), x.computed)
            if isinstance(x, np.ndarray):  # a constant of the program
                return x.copy()
            return next(following) if isinstance(x, Variable) else x

        return map_leaves(leaf, results)


def _quietly(f: Callable[..., Any], *args: Any) -> Any:
    """f(*args), with functions of the user in it, without warnings from NumPy."""
    with np.errstate(all="ignore"):
        return f(*args)


def _no_graph(g: Any, y: Any, x: Any) -> Any:
    raise BackwardError("backward: this Value is the result of a compiled function, which keeps no graph; call "
                        "backward inside of the function, or compile tg.value_and_grad of it")


def compiled(x: Any) -> Any:
    """What a compiled function computed."""
    return x


_COMPILED = Op(compiled, "{x}", "compiled", {"x": _no_graph}, None)
_ELSEWHERE = Value(0.0)


def _value(numbers: Any, computed: bool) -> Value:
    """A Value. If the function itself would have given one with a graph, `backward` from it shall not do nothing."""
    y = Value(numbers)
    if computed:
        y.op, y._x1, y._x2, y.float_rules, y.options = _COMPILED, _ELSEWHERE, None, None, NO_OPTIONS
    return y


def _of_values(leaf: Any, path: str) -> Any:
    return leaf.numbers if isinstance(leaf, ValueOf) else leaf


def of_shape(x: Any) -> Any:
    """For an array one of its shape and dtype that takes no memory."""
    return np.broadcast_to(np.zeros((), x.dtype), x.shape) if isinstance(x, np.ndarray) else x
