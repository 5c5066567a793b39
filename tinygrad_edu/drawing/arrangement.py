"""What is one box in a picture: so much is folded, collapsed or left out that it is not larger than it may be."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tinygrad_edu.drawing.calls import Call
from tinygrad_edu.drawing.folding import fold as fold_sums_and_chains
from tinygrad_edu.drawing.grouping import collapse
from tinygrad_edu.drawing.parts import Part, Unit
from tinygrad_edu.drawing.trace import Graph, Item
from tinygrad_edu.engine.value import Value


class Argument(NamedTuple):
    """What a box is given: one argument of one of its nodes, from another box."""

    node: Value
    slot: int
    value: Item
    source: Unit


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The boxes of a picture, oldest first, and how they hang together."""

    arguments: dict[Unit, list[Argument]]  # by box, in the order of the picture
    cut: set[Unit]  # boxes of which some arguments are left out
    part_of: dict[Item, Part]

    def box_of(self, x: Item) -> Unit:
        """The box that a Value or constant is, or is part of."""
        return self.part_of.get(x, x)


def arrange(graph: Graph, *, fold: bool | None, depth: int | None, max_nodes: int) -> Arrangement:
    """Fold and collapse no more than asked for, or than `max_nodes` demands; of what is still too large, the nearest.

    Args:
        fold: whether to fold; None if only a graph that is too large is to be.
        depth: how many levels of modules to open; None for as many as fit.
    """
    found = graph.arguments
    part_of: dict[Item, Part] = {}
    for folding, opened in _tries(fold, depth, graph.made_by):
        part_of = {}
        if opened is not None:
            collapse(graph, opened, part_of)
        if folding:
            fold_sums_and_chains(graph, part_of)
        if len(found) - len(part_of) + len(set(part_of.values())) <= max_nodes:
            break
    arguments: dict[Unit, list[Argument]] = {}
    for x, given in found.items():
        box = part_of.get(x, x)
        if isinstance(box, Part) and x is box.output:  # it stands where its newest node is
            arguments[box] = arguments.pop(box, [])
        into = arguments.setdefault(box, [])
        for slot, argument in given:
            source = part_of.get(argument, argument)
            if source is not box:
                assert isinstance(x, Value)
                into.append(Argument(x, slot, argument, source))
    result = next(reversed(arguments))
    nearest = _nearest(result, arguments, max_nodes)
    drawn = {box: into for box, into in arguments.items() if box in nearest}
    cut = {box for box, into in drawn.items() if any(argument.source not in nearest for argument in into)}
    return Arrangement(drawn, cut, part_of)


def _tries(fold: bool | None, depth: int | None, made_by: dict[Value, Call]) -> Iterator[tuple[bool, int | None]]:
    """What to fold and how deep to open modules, from what was asked for to what is smallest."""
    yield bool(fold), depth
    if fold is None:
        yield True, depth
    deepest = max((len(call.lineage) for call in set(made_by.values())), default=0)
    for opened in range(deepest if depth is None else min(depth, deepest), 0, -1):
        yield fold is not False, opened - 1


def _nearest(result: Unit, arguments: dict[Unit, list[Argument]], count: int) -> set[Unit]:
    """So many boxes at most, those that the fewest arrows lie between and the result."""
    if len(arguments) <= count:
        return set(arguments)
    reached = {result}
    waiting = deque(reached)
    while waiting:
        for argument in arguments[waiting.popleft()]:
            if argument.source not in reached:
                if len(reached) == count:
                    return reached
                reached.add(argument.source)
                waiting.append(argument.source)
    return reached
