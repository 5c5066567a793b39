"""How arguments of calls are written: names of buffers and constants, numbers, indices."""

from collections import Counter
from typing import Any

import numpy as np

from tinygrad_edu.compiler.functions import with_ones
from tinygrad_edu.compiler.plan import Memory, Plan
from tinygrad_edu.compiler.program import Variable, root


class Arguments:
    """Knows what everything is called.

    bound: name -> object, for `prepare`: the states and constants.
    functions: name -> function or generator, likewise.
    """

    def __init__(self, plan: Plan, results: list[Variable], fixed: list[Variable]) -> None:
        self.plan, self.program = plan, plan.program
        self.bound: dict[str, Any] = {}
        self.functions: dict[str, Any] = {}
        self.hoisted: list[str] = []  # views of buffers, made once
        self._names: dict[Variable, str] = {}
        self._constants: dict[int, str] = {}
        self.joined: dict[Memory, str] = {}  # what a buffer is called with the ones behind it
        self._vectors_of_ones: dict[Any, np.ndarray] = {}  # its own: the user may write into other arrays of ones
        self._numbers: dict[Any, np.ndarray] = {}  # 0-d arrays of Python's numbers
        self._static: set[Variable] = set()
        self._uses = Counter(x for call in plan.calls for x in call.inputs())
        self._uses.update(x for x in [*results, *fixed] if isinstance(x, Variable))
        self._uses.update(v for v, _ in self.program.guards)
        self._inline: dict[Variable, str] = {}
        self._pieces: dict[str, str] = {}  # names of buffers, within the loop over pieces of them
        self._name_inputs()
        self._name_buffers()

    # ----- names -----

    def _name_inputs(self) -> None:
        for variable in self.program.arguments:
            self._names[variable] = self.plan.name(variable.name or "x")
        for state in self.program.settings:
            self._names[state.before] = self.plan.name(state.before.name)
        for state in self.program.states:
            name = self._names[state.before] = self.plan.name(state.before.name or "value")
            if state.before.is_array:
                self.plan.memory[state.before].name = name
                self.bound[name] = state
                self._static.add(state.before)

    def _name_buffers(self) -> None:
        for variable, memory in self.plan.memory.items():
            if memory.kind in ("buffer", "state"):
                self._names.setdefault(variable, memory.name)
                self._static.add(variable)
        for call in self.plan.calls:
            if call.function is with_ones:
                memory = self.plan.memory[root(call.y)]
                if memory not in self.joined:
                    self.joined[memory] = self.plan.name(call.y.name)
                self._names[call.y] = self.joined[memory]
                self._static.add(call.y)

    def text(self, x: Any) -> str:
        """An argument as source."""
        if isinstance(x, Variable):
            if x in self._inline:
                return self._inline[x]
            name = self._names.get(x)
            if name is None:
                name = self._names[x] = self.plan.name(x.name or _stem(x))
            return self._pieces.get(name, name)
        if isinstance(x, np.ndarray | np.generic):
            return self._constant(x)
        if isinstance(x, np.dtype):
            return f"np.dtype({x.str!r})" if x.byteorder not in "=|" else f"np.{x.name}"
        if isinstance(x, type) and issubclass(x, np.generic):
            return f"np.{x.__name__}"
        if isinstance(x, tuple):
            inner = ", ".join(map(self.text, x))
            return f"({inner},)" if len(x) == 1 else f"({inner})"
        if isinstance(x, list):
            return f"[{', '.join(map(self.text, x))}]"
        if isinstance(x, slice):
            return f"slice({self.text(x.start)}, {self.text(x.stop)}, {self.text(x.step)})"
        if isinstance(x, float) and not np.isfinite(x):
            return "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
        if x is None or isinstance(x, int | float | str):
            return repr(x)
        if x is Ellipsis:
            return "..."
        if isinstance(x, dict):
            return f"{{{', '.join(f'{k!r}: {self.text(v)}' for k, v in x.items())}}}"
        return self._object(x)

    def _constant(self, x: Any) -> str:
        if id(x) not in self._constants:
            name = self.plan.name("ones" if np.ndim(x) and np.all(x == 1) else "constant")
            self._constants[id(x)] = name
            self.bound[name] = x
        return self._constants[id(x)]

    def _object(self, x: Any) -> str:
        name = getattr(x, "__name__", type(x).__name__).strip("<>")
        for known, other in self.functions.items():
            if other is x:
                return known
        name = self.plan.name(name)
        self.functions[name] = x
        return name

    def index(self, index: Any) -> str:
        """What stands between [ and ]."""
        if isinstance(index, tuple) and index:
            return ", ".join(map(self._part, index)) + ("," if len(index) == 1 else "")
        return self._part(index)

    def _part(self, x: Any) -> str:
        if not isinstance(x, slice):
            return self.text(x)
        start, stop, step = ("" if p is None else self.text(p) for p in (x.start, x.stop, x.step))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _stem(x: Variable) -> str:
    f = x.made_by.function if x.made_by else None
    name = getattr(f, "__name__", "x")
    return {"transpose": _of(x, "T"), "getitem": _of(x, "part"), "slice_of": x.name or "part",
            "reshape": _of(x, "reshaped")}.get(name, name)


def _of(x: Variable, suffix: str) -> str:
    base = x.made_by.view if x.made_by else None
    return f"{base.name or 'x'}_{suffix}" if base is not None else suffix
