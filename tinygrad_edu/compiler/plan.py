"""Where each array of a program lives: buffers made once, and shared by what is never needed at the same time."""

import itertools
import keyword
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.compiler.affine import Affine, untransposed
from tinygrad_edu.compiler.functions import assemble, astype, getitem, setitem
from tinygrad_edu.compiler.naming import identifier
from tinygrad_edu.compiler.program import Call, Program, Variable, root, variables

PIECE = 2**15
"""Elements of the long vectors of an update that are worked on at a time, so that all of them stay in the cache."""

NARROW = 32
"""Columns of a matrix, up to which it may be stored column by column."""

END = 10**9

RESERVED = ("np", "step", "prepare", "i", "float", "bool", "max", "min", "range", "self")


@dataclass(eq=False, slots=True)
class Memory:
    """An array that is there as long as the program: a parameter, a running sum, a buffer, or a part of one.

    part_of: the memory that it is a part of, from `start` to `stop`, in its own shape.
    flipped: whether this part stands there column by column.
    ones: whether a column of ones is behind it.
    by_columns: whether it is stored column by column itself.
    by_rows: whether what fills it needs it row by row.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    kind: str  # "state", "buffer", "argument", "setting"
    part_of: "Memory | None" = None
    start: int = 0
    stop: int = 0
    flipped: bool = False
    ones: bool = False
    by_columns: bool = False
    by_rows: bool = False

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def is_one_piece(self) -> bool:
        """Whether it is stored row by row without a gap, so that in another shape it is a view."""
        return not (self.by_columns or self.flipped or self.ones)


REDUCTIONS: dict[Callable[..., Any], np.ufunc] = {np.sum: np.add, np.max: np.maximum, np.min: np.minimum,
                                                  np.prod: np.multiply, np.amax: np.maximum, np.amin: np.minimum,
                                                  np.all: np.logical_and, np.any: np.logical_or}

WRITES_OUT = {np.concatenate, np.stack, np.clip, np.dot, np.mean, np.take, np.cumsum, np.cumprod, np.outer,
              np.einsum, np.round, np.linalg.multi_dot}
FILLS = {np.empty, np.zeros, np.full}
COPIES = {np.copy, astype, np.where}


def elementwise(call: Call) -> bool:
    """Whether element by element of y is made of the same elements of the arguments, so that it may replace one."""
    return isinstance(call.function, np.ufunc) and call.function.signature is None and not call.options


def writes_out(call: Call) -> bool:
    """Whether the call can write y into memory that is there."""
    f = call.function
    if not call.y.is_array or call.view is not None or call.y.value.ndim == 0:
        return False
    if isinstance(f, np.ufunc):
        return f.nout == 1
    if isinstance(getattr(f, "__self__", None), np.ufunc):
        return f.__name__ in ("reduce", "accumulate")
    if getattr(f, "draws", False):
        return f.__name__ == "random" and call.y.value.dtype == np.float64
    return f in REDUCTIONS or f in WRITES_OUT or f in FILLS or f in COPIES or f in (setitem, assemble)


def needs_rows(call: Call) -> bool:
    """Whether the call writes only into memory that is filled row by row."""
    return getattr(call.function, "draws", False) or call.function in (np.dot, np.linalg.multi_dot)


class Plan:
    """The calls that are needed, in order, and the memory of every array among their variables.

    calls: those that something wanted hangs on.
    memory: where a variable lives; one that is not in it is a local name of the program.
    copies: (memory, variable): what has to be copied at the end, as it could not be written in place.
    """

    def __init__(self, program: Program, kept: Iterable[Variable]) -> None:
        self.program = program
        self.memory: dict[Variable, Memory] = {}
        self.buffers: list[Memory] = []
        self.copies: list[tuple[Memory, Variable]] = []
        changed = [state for state in program.states if state.after is not state.before]
        wanted = [*kept, *variables(_tree(program.results)), *(s.after for s in changed)]
        wanted += [variable for variable, _ in program.guards]
        affine = Affine(needed(program.calls, wanted))
        self.calls = needed(affine.calls, wanted)
        self.last_use = self._last_uses(wanted)
        self.guarded = max((i for i, call in enumerate(self.calls) if any(call.y is v for v, _ in program.guards)),
                           default=-1)
        self._named: set[Memory] = set()
        self._joined = affine.joined
        self._with_ones = self._in_place_of(affine.joined)
        self._names: dict[str, int] = defaultdict(int, dict.fromkeys([*keyword.kwlist, *RESERVED], 1))
        for variable in program.arguments:
            self.memory[variable] = Memory(variable.name, variable.value.shape, variable.value.dtype, "argument")
        for state in program.settings:
            if state.before.is_array:
                self.memory[state.before] = Memory(state.before.name, state.before.value.shape,
                                                   state.before.value.dtype, "setting")
        for state in program.states:
            value = state.before.value
            if state.before.is_array:
                self.memory[state.before] = Memory(state.before.name, value.shape, value.dtype, "state")
        for state in changed:
            if state.before.is_array:
                self._in_place(state.before, state.after)
        self._gather()
        self._share()
        self._by_columns()

    # ----- how long something is needed -----

    def _last_uses(self, wanted: Iterable[Variable]) -> dict[Variable, int]:
        last: dict[Variable, int] = {}
        for i, call in enumerate(self.calls):
            last.setdefault(root(call.y), i)
            for x in call.inputs():
                last[root(x)] = i
        for x in wanted:
            last[root(x)] = END
        return last

    # ----- what goes where -----

    def _in_place(self, before: Variable, after: Variable) -> None:
        """Let the memory of a state become that of what replaces it, if nothing needs the old numbers any more."""
        memory = self.memory[before]
        place = {call.y: i for i, call in enumerate(self.calls)}
        last = max((i for i, call in enumerate(self.calls) if any(root(x) is before for x in call.inputs())),
                   default=-1)
        y: Variable | None = after
        chain = []
        while y is not None and y in place and y not in self.memory:
            i, call = place[y], y.made_by
            assert call is not None
            reads = any(root(x) is before for x in call.inputs())
            if i < last or i <= self.guarded or call.view is not None or not writes_out(call) or y in self._joined or (
                    reads and not (elementwise(call) or call.function is setitem)):
                break
            chain.append(y)
            y = None
            if elementwise(call) or call.function is setitem:
                y = next((x for x in call.inputs() if x in place and x.is_array and root(x) is x
                          and x.value.shape == before.value.shape and x.value.dtype == before.value.dtype
                          and self.last_use[x] <= i), None)
        if not chain:
            self.copies.append((memory, after))
        for y in chain:
            self.memory[y] = memory

    def _gather(self) -> None:
        """Let what is assembled to one vector be written into it at once."""
        for call in self.calls:
            if call.function is not assemble:
                continue
            whole = self._new(call.y, "gradient")
            start = 0
            for part in call.args[0]:
                size = int(np.size(part.value if isinstance(part, Variable) else part))
                x, flipped = untransposed(part) if isinstance(part, Variable) else (part, False)
                if (isinstance(x, Variable) and x.made_by is not None and writes_out(x.made_by)
                        and x not in self.memory and x.value.dtype == whole.dtype and x not in self._joined
                        and not (flipped and needs_rows(x.made_by))):
                    self.memory[x] = Memory(self.name(f"{x.name or 'part'}"), x.value.shape, whole.dtype, "buffer",
                                            whole, start, start + size, flipped)
                    self.buffers.append(self.memory[x])
                start += size

    def _in_place_of(self, joined: Iterable[Variable]) -> set[Variable]:
        """Those that get a column of ones, with what they will take the memory of: tanh z that of z."""
        found = set(joined)
        for i, call in reversed(list(enumerate(self.calls))):
            if call.y in found and elementwise(call):
                found.update(itertools.islice((x for x in call.inputs() if self._is_replaceable(x, call, i)
                                               and x.made_by is not None and not needs_rows(x.made_by)), 1))
        return found

    def _share(self) -> None:
        """Give every other array a buffer: that of an argument that is not needed any more, a free one, a new one."""
        free: dict[Any, list[Memory]] = defaultdict(list)
        shared = set(self.memory.values())
        for i, call in enumerate(self.calls):
            y = call.y
            if y not in self.memory and writes_out(call):
                if needs_rows(call):
                    self._new(y, hint(call)).by_rows = True
                else:
                    self.memory[y] = (self._replaced(call, i, shared) or self._free(free, call)
                                      or self._new(y, hint(call)))
                self._rename(self.memory[y], y)
            for x in dict.fromkeys(map(root, call.inputs())):
                m = self.memory.get(x)
                if (self.last_use[x] == i and m is not None and m not in shared and m is not self.memory.get(y)
                        and m.kind == "buffer"):
                    key = (m.shape, m.dtype, call.loop, m.ones)
                    if m not in free[key]:
                        free[key].append(m)

    def _rename(self, memory: Memory, y: Variable) -> None:
        """Call a buffer after the first of its variables that has a name."""
        if y.name and memory not in self._named:
            self._named.add(memory)
            memory.name = self.name(y.name)

    def _replaced(self, call: Call, i: int, shared: set[Memory]) -> Memory | None:
        if not (elementwise(call) or call.function is setitem):
            return None
        inputs = [call.args[0]] if call.function is setitem else call.args
        for x in inputs:
            if isinstance(x, Variable) and self._is_replaceable(x, call, i):
                m = self.memory.get(x)
                if m is not None and m not in shared and m.kind == "buffer" and (
                        m.ones or call.y not in self._with_ones):
                    return m
        return None

    def _is_replaceable(self, x: Variable, call: Call, i: int) -> bool:
        """Whether what a call makes of x fits into the memory of x, which nothing needs any more."""
        return (x.is_array and root(x) is x and self.last_use[x] == i
                and x.value.shape == call.y.value.shape and x.value.dtype == call.y.value.dtype
                and not any(root(other) is x and other is not x for other in call.inputs()))

    def _free(self, free: dict[Any, list[Memory]], call: Call) -> Memory | None:
        kind = call.y.value.shape, call.y.value.dtype, call.loop
        waiting = free[*kind, True] if call.y in self._with_ones else free[*kind, False] or free[*kind, True]
        return waiting.pop() if waiting else None

    def _new(self, y: Variable, hint: str) -> Memory:
        self.memory[y] = memory = Memory(self.name(hint), y.value.shape, y.value.dtype, "buffer",
                                         ones=y in self._with_ones)
        self.buffers.append(memory)
        if y.name:
            self._named.add(memory)
        return memory

    def _by_columns(self) -> None:
        """Store matrices column by column: such with ones behind them, others of their shapes, and narrow ones.

        Their columns are then one piece of memory, without the ones; and for many short rows NumPy's loops along the
        columns are quicker.
        """
        copies = {self.memory[call.y] for call in self.calls if call.function is np.copy and call.y in self.memory}
        shapes = {m.shape for m in self.buffers if m.ones and m not in copies}
        for m in self.buffers:
            if m.part_of is None and not m.by_rows and len(m.shape) == 2:
                n, columns = m.shape
                m.by_columns = m.shape in shapes or (1 < columns <= NARROW and n >= 4 * columns)

    def stays(self, x: Variable) -> bool:
        """Whether x is a buffer, or always the same view of one, which can be looked at after the program has run."""
        while (x not in self.memory and (made := x.made_by) is not None and made.view is not None
               and made.function in (np.transpose, getitem)):
            x = made.view
        return x in self.memory and self.memory[x].kind == "buffer"

    def name(self, hint: str) -> str:
        """A name that nothing else in the program has."""
        stem = identifier(hint)
        self._names[stem] += 1
        return stem if self._names[stem] == 1 else f"{stem}_{self._names[stem]}"


def hint(call: Call) -> str:
    """What to call what a call makes."""
    return call.y.name or ("scratch" if call.section == "update" else getattr(call.function, "__name__", "x"))


def needed(calls: list[Call], wanted: Iterable[Variable]) -> list[Call]:
    """The calls that what is wanted hangs on, in order."""
    live = set(wanted)
    kept = []
    for call in reversed(calls):
        if call.y in live:
            kept.append(call)
            live.update(call.inputs())
    return kept[::-1]


def _tree(results: Any) -> Any:
    """The results with variables in the place of the Values that they will be put into."""
    if isinstance(results, tuple | list):
        return [_tree(branch) for branch in results]
    if isinstance(results, dict):
        return [_tree(branch) for branch in results.values()]
    return getattr(results, "numbers", results)

