"""Grouping by module: what a layer computed stands in a frame, or is one box."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tinygrad_edu.drawing.calls import Call
from tinygrad_edu.drawing.labels import plain
from tinygrad_edu.drawing.parts import Part, Unit, is_small
from tinygrad_edu.drawing.trace import Arguments, Graph, Item
from tinygrad_edu.engine.value import Value


@dataclass(frozen=True, slots=True)
class Frame:
    """A call of a module, around the boxes that it computed."""

    title: str  # `layers.0 · Linear(2 -> 16)`
    shapes: str  # `(100, 2) → (100, 16)`
    within: int | None  # the place of the frame around it, in Picture.frames


def collapse(graph: Graph, depth: int, part_of: dict[Item, Part]) -> None:
    """Enter the calls of modules below a depth into the table of parts: at 0 the outermost ones, at 1 those in them.

    With a call go the parameters and constants that only it uses; what it was given stays visible.
    """
    parts: dict[Call, Part] = {}
    for node, call in sorted(graph.made_by.items(), key=lambda made: made[0].time, reverse=True):
        if len(call.lineage) > depth:
            outer = call.lineage[depth]
            part = parts.setdefault(outer, Part("module", node, call=outer))
            part.nodes.append(node)
            part_of[node] = part
    users: dict[Item, Part | None] = {}
    for user, arguments in graph.arguments.items():
        for _, x in arguments:
            if x not in part_of and _is_private(x, arguments):
                of = part_of.get(user)
                users[x] = of if users.setdefault(x, of) is of else None
    for x, of in users.items():
        if of is not None:
            of.absorbed.append(x)
            part_of[x] = of


def _is_private(x: Item, beside: Arguments) -> bool:
    """Whether it may belong to a module: a parameter, or a constant that is not what the module was given.

    nn.Parameter is on a higher level than this module; here any leaf of a subclass of Value is one. A constant array
    beside what was computed is the module's own, such as the mask of dropout; one that comes first is its input.
    """
    if isinstance(x, Value):
        return x.op is None and type(x) is not Value
    return is_small(x) or any(isinstance(other, Value) and other.op is not None for _, other in beside)


def frames_around(units: Iterable[Unit], graph: Graph) -> tuple[list[Frame], dict[Unit, int]]:
    """The frames of a picture, the outer ones first, and the place of the innermost one around each box."""
    made_by = graph.made_by
    if not made_by:
        return [], {}
    units = list(units)
    inside: dict[Unit, Call] = {}
    for unit in units:
        call = _call_around(unit, made_by)
        if call is not None:
            inside[unit] = call
    private: dict[Item, Call | None] = {}  # parameters and constants stand with the one call that uses them
    for node, arguments in graph.arguments.items():
        for _, x in arguments:
            if x not in made_by and _is_private(x, arguments):
                call = made_by.get(node) if isinstance(node, Value) else None
                private[x] = call if private.setdefault(x, call) is call else None
    inside |= {unit: call for unit in units if not isinstance(unit, Part)
               and (call := private.get(unit)) is not None}
    calls = {call for innermost in inside.values() for call in innermost.lineage}
    places = {call: place for place, call in enumerate(sorted(calls, key=lambda call: call.since))}
    nodes: dict[Call, list[Value]] = {call: [] for call in places}
    for node, innermost in made_by.items():
        for call in innermost.lineage:
            if call in places:
                nodes[call].append(node)
    frames = [Frame(title(call), shapes(nodes[call], graph), places[call.within] if call.within else None)
              for call in places]
    return frames, {unit: places[call] for unit, call in inside.items()}


def _call_around(unit: Unit, made_by: dict[Value, Call]) -> Call | None:
    """The call whose frame a box stands in; a module that is one box itself stands in the one around it."""
    if isinstance(unit, Part):
        return unit.call.within if unit.call else made_by.get(unit.output)
    return made_by.get(unit) if isinstance(unit, Value) else None


def title(call: Call) -> str:
    """What a module is called: its path, its class and what it says of itself."""
    kind = f"{call.kind}({call.about})" if call.about else call.kind
    return plain(f"{call.path} · {kind}" if call.path else kind, 48)


def shapes(nodes: list[Value], graph: Graph) -> str:
    """The shapes of what some nodes were given and of the newest of them: `(100, 2), (100, 3) → (100, 16)`."""
    own = set(nodes)
    given = {x: np.shape(x.data) for node in nodes for _, x in graph.arguments[node]
             if x not in own and not _is_private(x, graph.arguments[node])}
    sizes = [str(shape) for shape in given.values()]
    made = max(nodes, key=lambda node: node.time)
    return f"{', '.join(sizes[:2])}{', …' if len(sizes) > 2 else ''} → {np.shape(made.data)}".strip()
