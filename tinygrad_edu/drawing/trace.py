"""What a Value was computed from, and what to call each part of it."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, TypeAlias

from tinygrad_edu.drawing.labels import plain, subscript
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError

DEEPEST = 3
"""How many lists may be within one another for names: `weights[0][1][2]`."""


@dataclass(frozen=True, slots=True, eq=False)
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


def trace(value: Value, constants: bool = True) -> dict[Item, Arguments]:
    """All that a Value was computed from, itself last, each with its own arguments: in the order of computation."""
    found: dict[Item, Arguments] = {value: []}
    waiting = deque([value])
    while waiting:
        node = waiting.popleft()
        for slot, x in enumerate(node.inputs):
            if x is None or not (constants or isinstance(x, Value)):  # no limit, no bias: not an argument
                continue
            argument = x if isinstance(x, Value) else Constant(x, node)
            found[node].append((slot, argument))
            if argument not in found:
                found[argument] = []
                if isinstance(argument, Value):
                    waiting.append(argument)
    return {x: found[x] for x in sorted(found, key=_age)}


def _age(x: Item) -> tuple[int, bool]:
    """The order of computation, a constant just before the op that uses it."""
    return (x.time, True) if isinstance(x, Value) else (x.user.time, False)


def names_of(values: Iterable[Value], variables: Mapping[str, Any] | None = None) -> dict[Value, str]:
    """A name for each: of its variable, else its own, else v₁, v₂, ...; one that is taken gets a number: weight₂."""
    names: dict[Value, str] = {}
    taken: set[str] = set()
    unnamed = count(1)
    called = _by_value(variables or {})
    for x in values:
        name = called.get(id(x), x.name)
        stem = plain(name) if name else f"v{subscript(next(unnamed))}"
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
