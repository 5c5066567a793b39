"""`Capture`: a trace that also knows Values, optimizers and random generators, and leaves all of them as they were."""

import copy
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.compiler.program import Program, State, Variable, replaced
from tinygrad_edu.compiler.trace import Trace
from tinygrad_edu.compiler.traced import Traced
from tinygrad_edu.compiler.updates import record_step
from tinygrad_edu.engine.graph import Node, clock
from tinygrad_edu.engine.modes import Mode
from tinygrad_edu.engine.trees import map_leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.tracing import current

NUMBERS = (float, int, str, type(None))


class Capture(Trace):
    """One run of a function on traced arguments. Its program is in `program`, what it does to Values in the rest.

    leaves: the Values from outside that took part, with what stands for their data.
    gradients: what their `.grad` is in the end: a variable, None, or plain numbers.
    steps: the optimizers that made a step, with the slots whose count of steps grows.
    """

    def __init__(self, function: Callable[..., Any], args: tuple, options: dict[str, Any]) -> None:
        super().__init__()
        self.since = next(clock)
        self.leaves: dict[Node, Any] = {}
        self.leaf_states: dict[Node, State] = {}
        self.gradients: list[tuple[Node, Any]] = []
        self.steps: list[tuple[Any, list[Any]]] = []
        self.blocks: dict[int, Any] = {}  # what stands for the arrays of optimizers, by their id
        self._settings: dict[Any, Variable] = {}
        self._generators: dict[int, tuple[Any, Any]] = {}
        self._found = list(values_within(function))
        saved: dict[Node, tuple[Any, Any]] = {}
        self._saved = saved
        args, options = map_leaves(self._argument, args, ""), map_leaves(self._argument, options, "")
        if current.trace is not None:
            raise self.error("a compiled function calls another one")
        try:
            for leaf in self._found:
                self._remember(leaf)
                leaf.grad = _Untouched(leaf.grad)
            current.trace = self
            with Mode("tracing", True):
                result = with_traced_closure(function, self)(*args, **options)
            self.program.results = map_leaves(self._result, result)
            self._collect()
        finally:
            current.trace = None
            for leaf, (numbers, gradient, notes) in saved.items():
                leaf._numbers, leaf.grad = numbers, gradient
                if notes is None:
                    leaf._notes = {}
                else:
                    leaf._notes = notes

    # ----- arguments and results -----

    def _argument(self, x: Any, path: str) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        variable = self.input(x, path.strip("[]'").replace("']['", "_") or "x")
        self.program.arguments.append(variable)
        return self.wrap(variable)

    def outside(self, array: np.ndarray, name: str, read: Callable[[], Any]) -> Any:
        """What stands for an array that the function finds in its surroundings: read anew at each call."""
        variable = self.input(array, name)
        self.program.settings.append(State(variable, variable, read))
        return self.wrap(variable)

    def setting(self, key: Any, value: Any, name: str, read: Callable[[], Any]) -> Any:
        """What stands for a Python number that is read anew at each call, such as a learning rate; one for each key."""
        if key not in self._settings:
            variable = self.input(value, name)
            self._settings[key] = variable
            self.program.settings.append(State(variable, variable, read))
        return self.wrap(self._settings[key])

    def _result(self, y: Any, path: str) -> Any:
        if isinstance(y, Value):
            if y in self.leaves:
                return y
            numbers = y._numbers
            return _ValueOf(numbers.variable if isinstance(numbers, Traced) else numbers)
        return y.variable if isinstance(y, Traced) else y

    # ----- Values -----

    def _remember(self, leaf: Node) -> None:
        if leaf not in self._saved:
            notes = getattr(leaf, "_notes", None)
            self._saved[leaf] = leaf._numbers, leaf.grad, None if notes is None else dict(notes)

    def lift(self, leaf: Any) -> None:
        """From now on, the data of a Value from outside is traced."""
        if leaf in self.leaves or leaf.time > self.since:
            return
        if leaf.op is not None:
            raise self.error(f"{leaf.describe()} was computed before, outside of the compiled function; compute it "
                             "inside, or pass v.data as an argument")
        self._remember(leaf)
        numbers = leaf._numbers
        variable = self.input(numbers, leaf.name)
        state = State(variable, variable, lambda: leaf._numbers, lambda new: setattr(leaf, "_numbers", new))
        self.leaf_states[leaf] = state
        self.program.states.append(state)
        self.leaves[leaf] = leaf._numbers = self.wrap(variable)
        if leaf.grad is not None and not isinstance(leaf.grad, Traced | _Untouched):
            leaf.grad = _Untouched(leaf.grad)

    def earlier_gradient(self, leaf: Any, gradient: Any) -> Any:
        """What stands for the gradient that a leaf has before the call."""
        variable = self.input(gradient, f"{leaf.name}_grad")
        self.program.settings.append(State(variable, variable, lambda: leaf.grad))
        return self.wrap(variable)

    def made(self, node: Any) -> None:
        """A new node: if its op has just met a Value from outside, it is run again, on what stands for its data."""
        fresh = [x for x in node.parents if x not in self.leaves and x.time < self.since]
        for x in fresh:
            self.lift(x)
        if fresh:
            inputs = [x._numbers if isinstance(x, Node) else x for x in node.inputs]
            node._numbers, node.float_rules = self.run(node.op.forward, inputs, node.options), None
        self.annotate(node.op.notation)

    def annotate(self, note: str, section: str = "forward") -> None:
        """Say of the latest calls which formula they belong to."""
        for call in reversed(self.program.calls):
            if call.note:
                break
            call.note = note
            if call.section == "forward":
                call.section = section

    def inspect(self, node: Any, i: int, share: Any) -> None:
        """Called for each edge of the backward pass."""
        self.annotate(f"dJ/d{node.op.input_name(i)} of {node.op.name}", "backward")

    def _collect(self) -> None:
        for leaf, state in self.leaf_states.items():
            numbers = leaf._numbers
            if not isinstance(numbers, Traced):
                numbers = self.call(np.copy, (numbers,), {})
            state.after = numbers.variable
        for handle, _, state in self.blocks.values():
            state.after = handle.variable
        for leaf in dict.fromkeys([*self._found, *self.leaves]):
            g = leaf.grad
            if isinstance(g, _Untouched) or (leaf not in self._saved):
                continue
            self.gradients.append((leaf, g.variable if isinstance(g, Traced) else g))

    # ----- optimizers and generators -----

    def step(self, optimizer: Any) -> None:
        """A step of an optimizer."""
        section, self.section = self.section, "update"
        record_step(self, optimizer)
        self.section = section

    def generator(self, generator: Any) -> Any:
        """What stands for a random generator: it draws anew at each call of the program, and now from a copy."""
        if id(generator) not in self._generators:
            self._generators[id(generator)] = generator, copy.deepcopy(generator)
        return _Generator(self, *self._generators[id(generator)])


class _Untouched:
    """Stands for the gradient that a leaf had before; if something is added to it, for what it was."""

    def __init__(self, gradient: Any) -> None:
        self.gradient = gradient

    def __add__(self, share: Any) -> Any:
        return share if self.gradient is None else self.gradient + share


class _ValueOf:
    """In the results of a program: a Value of what a variable is."""

    def __init__(self, numbers: Variable | Any) -> None:
        self.numbers = numbers


class _Generator:
    """A generator whose draws are calls of the program."""

    def __init__(self, trace: Trace, generator: Any, now: Any) -> None:
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


# ----- what a function finds in its surroundings -----

def surroundings(function: Any) -> Iterator[tuple[str, Any, Callable[[], Any]]]:
    """(name, object, how to look it up again) for what a function has from outside: its cells and the globals it names."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents, lambda cell=cell: cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    names = function.__globals__
    for name in _global_names(function.__code__):
        if name in names:
            yield name, names[name], lambda name=name: names.get(name)


def _global_names(code: types.CodeType) -> list[str]:
    found = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += _global_names(constant)
    return list(dict.fromkeys(found))


def with_traced_closure(function: Any, capture: Capture) -> Any:
    """The function, with what stands for arrays in its surroundings in the place of these."""
    plain = {name: (x, read) for name, x, read in surroundings(function)
             if type(x) is np.ndarray and x.dtype.kind in "fiub"}
    if not plain or not isinstance(function, types.FunctionType):
        return function
    traced = {name: capture.outside(x, name, read) for name, (x, read) in plain.items()}
    cells = tuple(types.CellType(traced[name]) if name in traced else cell for name, cell in
                  zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    free = function.__code__.co_freevars
    names = function.__globals__ | {name: x for name, x in traced.items() if name not in free}
    new = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    new.__kwdefaults__ = function.__kwdefaults__
    return new


def values_within(function: Any) -> Iterator[Any]:
    """The leaf Values that a function reaches by its closure, its globals, its object: alone, in lists, modules, optimizers."""
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        x = waiting.pop()
        if id(x) in seen or isinstance(x, (type, types.ModuleType, np.ndarray, *NUMBERS)):
            continue
        seen.add(id(x))
        if isinstance(x, Value):
            if x.op is None:
                yield x
        elif isinstance(x, list | tuple | set):
            waiting += x
        elif isinstance(x, dict):
            waiting += x.values()
        elif hasattr(x, "named_parameters") and hasattr(x, "named_buffers"):
            waiting += [p for _, p in x.named_parameters()]
        elif hasattr(x, "zero_grad") and hasattr(x, "params"):
            waiting += x.params
        elif isinstance(x, types.FunctionType | types.MethodType):
            waiting += [y for _, y, _ in surroundings(x)]
            waiting.append(getattr(x, "__self__", None))
        elif getattr(type(x), "__module__", "").partition(".")[0] not in ("builtins", "numpy", "tinygrad_edu"):
            waiting += vars(x).values() if hasattr(x, "__dict__") else ()
