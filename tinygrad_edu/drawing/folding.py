"""Folding: sums of many terms, such as the w·x + b of a neuron, and chains of ops, each as one box."""

from itertools import groupby
from operator import attrgetter
from typing import Literal

from tinygrad_edu.drawing.labels import plain, summary
from tinygrad_edu.drawing.parts import Part, is_small
from tinygrad_edu.drawing.trace import Graph, Item
from tinygrad_edu.engine import ops
from tinygrad_edu.engine.value import Value

SUMS = (ops.add, ops.subtract)
MOST_TERMS = 4
"""How many terms of a sum, or ops of a chain, a box tells."""


def fold(graph: Graph, part_of: dict[Item, Part]) -> None:
    """Enter the sums and chains of a graph into the table of parts; what is part of one already is not folded again.

    What has a name, or several users, stays visible, and nothing is folded across the border of a module.
    """
    inside = _only_for_one(graph)
    newest_first = [x for x in reversed(graph.arguments) if isinstance(x, Value) and x.op is not None]
    for node in newest_first:
        if node.op in SUMS and node not in part_of:
            _enter("sum", _sum(node, inside, part_of), graph, part_of)
    for node in newest_first:
        if node not in part_of:
            _enter("chain", _chain(node, inside, part_of), graph, part_of)


def _only_for_one(graph: Graph) -> dict[Value, list[Value]]:
    """Of each node the arguments that may vanish in its part."""
    user: dict[Item, Item | None] = {}
    for node, arguments in graph.arguments.items():
        for _, x in arguments:
            user[x] = None if x in user else node
    inside: dict[Value, list[Value]] = {}
    made_by = graph.made_by
    for x, of in user.items():
        if (isinstance(x, Value) and isinstance(of, Value) and x.op is not None and not x.name
                and made_by.get(x) is made_by.get(of)):
            inside.setdefault(of, []).append(x)
    return inside


def _sum(node: Value, inside: dict[Value, list[Value]], part_of: dict[Item, Part]) -> list[Value]:
    """The additions that lead to a sum, and the products of single numbers that it adds."""
    nodes, waiting = [node], [node]
    while waiting:
        for x in inside.get(waiting.pop(), []):
            if x not in part_of and (x.op in SUMS or (x.op is ops.multiply and x.ndim == 0)):
                nodes.append(x)
                if x.op in SUMS:
                    waiting.append(x)
    return nodes


def _chain(node: Value, inside: dict[Value, list[Value]], part_of: dict[Item, Part]) -> list[Value]:
    """The ops that lead to a node one after the other, each with the one before as its only Value."""
    nodes: list[Value] = []
    while len(node.parents) == 1:
        nodes.append(node)
        before = inside.get(node, [])
        if not before or before[0] in part_of:
            break
        node = before[0]
    return nodes


def _enter(kind: Literal["sum", "chain"], nodes: list[Value], graph: Graph, part_of: dict[Item, Part]) -> None:
    """Make a part of several nodes, and of the single numbers that they use."""
    if len(nodes) < 2:
        return
    part = Part(kind, nodes[0], sorted(nodes, key=attrgetter("time"), reverse=True))
    for node in nodes:
        part_of[node] = part
        for _, x in graph.arguments[node]:
            if is_small(x):
                part.absorbed.append(x)
                part_of[x] = part


def formula(part: Part, graph: Graph, names: dict[Value, str]) -> str:
    """What a folded box says of itself: `w₁·x₁ + w₂·x₂ + b`, `exp → tanh (×3)`."""
    if part.kind == "chain":
        symbols = groupby(plain(node.op.symbol, 12) for node in reversed(part.nodes) if node.op)
        runs = ((symbol, len(list(run))) for symbol, run in symbols)
        return " → ".join(_shortened([f"{symbol} (×{n})" if n > 1 else symbol for symbol, n in runs]))
    nodes = set(part.nodes)
    terms: list[tuple[bool, str]] = []
    waiting: list[tuple[bool, Item]] = [(True, part.output)]
    while waiting:  # the first argument on top, since its terms come first
        plus, x = waiting.pop()
        if x in nodes and isinstance(x, Value) and x.op in SUMS:
            signs = (plus, plus == (x.op is ops.add))
            waiting += [(signs[slot], argument) for slot, argument in reversed(graph.arguments[x])]
        else:
            factors = [argument for _, argument in graph.arguments[x]] if x in nodes else [x]
            terms.append((plus, "·".join(_factor(factor, names) for factor in factors)))
    shown = _shortened([f"{'+' if plus else '−'} {term}" for plus, term in terms], "+ …")
    return " ".join(shown).removeprefix("+ ")


def _factor(x: Item, names: dict[Value, str]) -> str:
    return plain(names.get(x, "…"), 12) if isinstance(x, Value) else str(summary(x.data))


def _shortened(words: list[str], dots: str = "…") -> list[str]:
    if len(words) <= MOST_TERMS:
        return words
    return [*words[:MOST_TERMS - 1], dots, words[-1]]
