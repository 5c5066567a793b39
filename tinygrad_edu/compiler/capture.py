"""`Capture`: a trace that also knows Values, optimizers and random generators, and leaves all of them as they were."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.compiler.generators import TracedGenerator, random_states
from tinygrad_edu.compiler.naming import backward_note, forward_note, name_variables
from tinygrad_edu.compiler.program import State, Variable, root, variables
from tinygrad_edu.compiler.surroundings import argument_names, found_within, with_traced_closure
from tinygrad_edu.compiler.trace import Trace
from tinygrad_edu.compiler.traced import Traced, TracedArray
from tinygrad_edu.compiler.updates import record_step, settle, shadow_of
from tinygrad_edu.engine.graph import Node, clock
from tinygrad_edu.engine.modes import Mode
from tinygrad_edu.engine.trees import map_leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.tracing import current

NO_BRACKETS = str.maketrans({"[": "_", "]": "", "'": ""})
"""What makes an identifier of the path of an array in an argument: `batch['x']` becomes `batch_x`."""


class Capture(Trace):
    """One run of a function on traced arguments. Its program is in `program`, what it does to Values in the rest.

    leaves: the Values from outside that took part, with what stands for their data.
    gradients: what their `.grad` is in the end: a variable, None, or plain numbers.
    earlier: the Values whose `.grad` from before the call counts, and whether it was None.
    steps: the optimizers that made a step, with the slots whose count of steps grows.
    """

    def __init__(self, function: Callable[..., Any], args: tuple, options: dict[str, Any]) -> None:
        super().__init__()
        self.since = next(clock)
        self.leaves: dict[Node, Any] = {}
        self._nodes: list[Any] = []
        self._shares: list[tuple[Any, Any]] = []
        self.leaf_states: dict[Node, State] = {}
        self.gradients: list[tuple[Node, Any]] = []
        self.earlier: dict[Node, bool] = {}
        self._hyperparameters: list[tuple[dict[str, Any], str, Any, Any]] = []  # where, its name, as it is, traced
        self._first_gradients: dict[Node, Any] = {}  # what stands for the `.grad` that they have before the call
        self.steps: list[tuple[Any, list[Any]]] = []
        self.blocks: dict[int, Any] = {}  # what stands for the arrays of optimizers, by their id
        self.placed: list[tuple[Any, Any, Any]] = []  # parameters that are views: slot, flat vector, what stands for it
        self._settings: dict[Any, Variable] = {}
        self._generators: dict[int, tuple[Any, Any]] = {}
        around = list(found_within(function))
        self._found = [x for x in around if isinstance(x, Value)]
        saved: dict[Any, tuple[Any, Any, Any]] = {}
        self._saved = saved
        names = argument_names(function, len(args))
        args = tuple(map_leaves(self._argument, x, name) for x, name in zip(args, names, strict=True))
        options = map_leaves(self._argument, options, "")
        if current.trace is not None:
            raise self.error("a compiled function calls another one")
        try:
            for leaf in self._found:
                self._remember(leaf)
                self._hide_gradient(leaf)
            current.trace = self
            for x in around:
                if hasattr(x, "_hyperparameters"):
                    self._trace_hyperparameters(x)
            self._exchange(traced=True)
            before = random_states(around)
            with Mode("tracing", True):
                result = with_traced_closure(function, self)(*args, **options)
            self._exchange(traced=False)
            self._check_generators(before)
            self.check_constants()
            self.program.results = map_leaves(self._result, result)
            self._collect()
            self.program.results = map_leaves(self._kept_from_writes, self.program.results)
            name_variables(self._nodes, self._shares,
                           [x for x in found_within(function) if hasattr(x, "named_modules")])
            self._keep_what_is_used()
        finally:
            current.trace = None
            for settings, name, plain, _ in self._hyperparameters:
                settings[name] = plain
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
        variable = self.input(x, path.translate(NO_BRACKETS))
        self.program.arguments.append(variable)
        return self.wrap(variable)

    def outside(self, array: np.ndarray, name: str, read: Callable[[], Any]) -> Any:
        """What stands for an array that the function finds in its surroundings: read anew at each call."""
        variable = self.input(array, name)
        self.program.settings.append(State(variable, variable, read))
        return _OutsideArray(self, variable)

    def setting(self, key: Any, value: Any, name: str, read: Callable[[], Any]) -> Any:
        """What stands for a Python number that is read anew at each call, such as a learning rate; one for each key."""
        if key not in self._settings:
            variable = self.input(value, name)
            self._settings[key] = variable
            self.program.settings.append(State(variable, variable, read))
        return self.wrap(self._settings[key])

    def count_of(self, slot: Any) -> Variable | None:
        """The setting that is the count of steps of a slot of an optimizer, if the program reads it."""
        variable = self._settings.get((id(slot), "t"))
        return variable if any(state.before is variable for state in self.program.settings) else None

    def _result(self, y: Any, path: str) -> Any:
        if isinstance(y, Value):
            if y in self.leaves or y.time < self.since:
                return y
            numbers = y._numbers
            return ValueOf(numbers.variable if isinstance(numbers, Traced) else numbers, y.op is not None)
        return y.variable if isinstance(y, Traced) else y

    def _kept_from_writes(self, y: Any, path: str) -> Any:
        """A result that is what a state was before: a copy of it, if the program writes into that state."""
        numbers = y.numbers if isinstance(y, ValueOf) else y
        if not isinstance(numbers, Variable):
            return y
        if not any(s.before is root(numbers) and s.after is not s.before for s in self.program.states):
            return y
        copied = self.call(np.copy, (self.wrap(numbers),), {}).variable
        return ValueOf(copied, y.computed) if isinstance(y, ValueOf) else copied

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
        self._hide_gradient(leaf)

    def _hide_gradient(self, leaf: Any) -> None:
        """Put what stands for the gradient that a leaf has before the call in the place of this."""
        if leaf in self._first_gradients:
            return
        if leaf.grad is None:
            leaf.grad = NoGradient(self, leaf)
        else:
            leaf.grad = self.wrap(self.input(leaf.grad, f"{leaf.name}_grad"))
        self._first_gradients[leaf] = leaf.grad

    def _keep_what_is_used(self) -> None:
        """Let the program read only those settings, and gradients from before the call, that something was made of."""
        used = set(variables([(call.args, call.options) for call in self.program.calls]))
        used.update(variable for variable, _ in self.program.guards)
        used.update(variables(map_leaves(lambda y, path: y.numbers if isinstance(y, ValueOf) else y,
                                         self.program.results)))
        used.update(numbers.variable for leaf in self.leaves if isinstance(numbers := leaf._numbers, Traced))
        used.update(g for _, g in self.gradients if isinstance(g, Variable))
        self.program.settings[:] = [state for state in self.program.settings if state.before in used]
        for leaf, g in self._first_gradients.items():
            if isinstance(g, Traced) and g.variable in used:
                # a copy, as the program may write the new gradient into the same memory
                read = partial(_copy_of_gradient, leaf)
                self.program.settings.append(State(g.variable, g.variable, read))
                self.earlier[leaf] = False

    def made(self, node: Any) -> None:
        """A new node: if its op has just met a Value from outside, it is run again, on what stands for its data."""
        fresh = [x for x in node.parents if x not in self.leaves and x.time < self.since]
        for x in fresh:
            self.lift(x)
        if fresh:
            inputs = [x._numbers if isinstance(x, Node) else x for x in node.inputs]
            node._numbers, node.float_rules = self.run(node.op.forward, inputs, node.options), None
        self._nodes.append(node)
        self.annotate(forward_note(node.op))

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
        if not self._shares:
            _call_j(node)
        self._shares.append((node.inputs[i], share))
        self.annotate(backward_note(node.op), "backward")

    def _collect(self) -> None:
        settle(self)
        for leaf, state in self.leaf_states.items():
            numbers = leaf._numbers
            if not isinstance(numbers, Traced):
                numbers = self.call(np.copy, (numbers,), {})
            state.after = numbers.variable
        for handle, _, state in self.blocks.values():
            state.after = handle.variable
        for leaf in dict.fromkeys([*self._found, *self.leaves]):
            g = leaf.grad
            if leaf not in self._saved or g is self._first_gradients.get(leaf):
                continue
            shared = isinstance(g, TracedArray) and any(g.variable is other for _, other in self.gradients)
            if shared or isinstance(g, np.ndarray):  # the caller may write into it: into no other leaf's, no constant
                self._known.clear()
                g = self.call(np.copy, (g,), {})
            self.gradients.append((leaf, g.variable if isinstance(g, Traced) else g))

    # ----- optimizers and generators -----

    def _trace_hyperparameters(self, optimizer: Any) -> None:
        """Note what stands for the settings of an optimizer where the function itself looks at them."""
        shadow = shadow_of(self, optimizer)
        for name in optimizer._hyperparameters:
            if name in vars(optimizer):
                self._hyperparameters.append((vars(optimizer), name, vars(optimizer)[name], vars(shadow)[name]))

    def _exchange(self, traced: bool) -> None:
        """Put what stands for the settings of optimizers into their places, or them back."""
        for settings, name, plain, stand_in in self._hyperparameters:
            if settings[name] is not (plain if traced else stand_in):
                raise self.error(f"{name} is assigned, which belongs to an optimizer from outside; assign it before "
                                 "the call, as a schedule does")
            settings[name] = stand_in if traced else plain

    def step(self, optimizer: Any) -> None:
        """A step of an optimizer."""
        section, self.section = self.section, "update"
        self._exchange(traced=False)
        record_step(self, optimizer)
        self._exchange(traced=True)
        self.section = section

    def generator(self, generator: Any) -> Any:
        """What stands for a random generator: it draws anew at each call of the program, and now from a copy."""
        if id(generator) not in self._generators:
            self._generators[id(generator)] = generator, copy.deepcopy(generator)
        return TracedGenerator(self, *self._generators[id(generator)])


    def _check_generators(self, before: list[tuple[Any, Any, Any]]) -> None:
        """TraceError if one was drawn from that nothing stood for, as it is around an inner function."""
        drawn = [(write, state) for read, write, state in before if repr(read()) != repr(state)]
        for write, state in drawn:
            write(state)
        if drawn:
            raise self.error("a random generator is drawn from, and would give the same numbers in each call; take "
                             "tg.random.default_generator(generator) inside of the function")


class NoGradient:
    """Stands for a `.grad` that is None before the call; what is added to it takes its place."""

    def __init__(self, capture: Capture, leaf: Node) -> None:
        self._capture, self._leaf = capture, leaf

    def is_none(self) -> None:
        """Say that it counted."""
        self._capture.earlier[self._leaf] = True

    def __add__(self, share: Any) -> Any:
        self.is_none()
        return share


def _call_j(node: Any) -> None:
    """Call what backward starts from J, as the lecture does."""
    if isinstance(node._numbers, Traced) and not node._numbers.variable.name:
        node._numbers.variable.name = "J"


def _copy_of_gradient(leaf: Any) -> Any:
    return leaf.grad if isinstance(leaf.grad, float) else leaf.grad.copy()


class _OutsideArray(TracedArray):
    """An array that the function finds around it."""

    __slots__ = ()

    def become(self, y: Any) -> None:
        raise self.trace.error(f"the function writes into {self.variable.name}, an array from outside; return what is "
                               "to be written, and write it outside")


class ValueOf:
    """In the results of a program: a Value of what a variable is, and whether it has a graph that is not kept."""

    def __init__(self, numbers: Variable | Any, computed: bool) -> None:
        self.numbers, self.computed = numbers, computed
