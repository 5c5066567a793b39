"""What a Value was computed from, and what to call each part of it."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from operator import attrgetter
from typing import Any, TypeAlias

from tinygrad_edu.drawing.calls import Call, innermost_calls
from tinygrad_edu.drawing.labels import short_name, subscript
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError

DEEPEST = 3
"""How many lists may be within one another for names: `weights[0][1][2]`."""


@dataclass(slots=True, eq=False)
class Constant:
    """An argument without gradient. It belongs to one place in one op: a 2 elsewhere is another constant."""

    data: Any
    user: Value


Item: TypeAlias = Value | Constant

Arguments: TypeAlias = list[tuple[int, Item]]
"""What an op was given, each with the number of its input."""


def checked_value(value: Any) -> Value:
    """The Value to draw; OptionError for anything else."""
    if not isinstance(value, Value):
        raise OptionError(f"draw: expected a Value, got {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class Graph:
    """All that a Value was computed from."""

    arguments: dict[Item, Arguments]  # in the order of computation: the result last, constants just before their op
    made_by: dict[Value, Call]  # the innermost call of a module that made each node


def trace(value: Value, constants: bool = True) -> Graph:
    """The graph that computed a Value."""
    found = {value}
    waiting = [value]
    while waiting:
        for x in waiting.pop().inputs:
            if isinstance(x, Value) and x not in found:
                found.add(x)
                waiting.append(x)
    arguments: dict[Item, Arguments] = {}
    for node in sorted(found, key=attrgetter("time")):
        given: Arguments = []
        for slot, x in enumerate(node.inputs):
            if isinstance(x, Value):
                given.append((slot, x))
            elif x is not None and constants:  # None is no argument: no limit, no bias
                constant = Constant(x, node)
                arguments[constant] = []
                given.append((slot, constant))
        arguments[node] = given
    return Graph(arguments, innermost_calls(found))


def names_of(values: Iterable[Value], variables: Mapping[str, Any] | None = None) -> dict[Value, str]:
    """A name for each: of its variable, else its own, else v₁, v₂, ...; one that is taken gets a number: weight₂."""
    names: dict[Value, str] = {}
    taken: set[str] = set()
    unnamed = count(1)
    called = _by_value(variables or {})
    for x in values:
        name = called.get(id(x), x.name)
        stem = short_name(name) if name else f"v{subscript(next(unnamed))}"
        variants = (f"{stem}{subscript(n)}" for n in count(2))
        names[x] = next(name for name in chain([stem], variants) if name not in taken)
        taken.add(names[x])
    return names


def _by_value(variables: Mapping[str, Any]) -> dict[int, str]:
    """The first name of each Value, by its id; `w[0]` of one in a list. Names such as `_` are none."""
    found: dict[int, str] = {}
    waiting = deque((name, x, 0) for name, x in variables.items() if not name.startswith("_"))
    while waiting:
        name, x, depth = waiting.popleft()
        if isinstance(x, Value):
            found.setdefault(id(x), name)
        elif type(x) in (list, tuple) and depth < DEEPEST:
            waiting.extend((f"{name}[{i}]", part, depth + 1) for i, part in enumerate(x))
    return found
