"""Folding: sums of many terms, such as the w·x + b of a neuron, and chains of ops, each as one box."""

from collections import Counter
from collections.abc import Callable
from itertools import groupby

from tinygrad_edu.drawing.calls import Call
from tinygrad_edu.drawing.labels import plain, summary
from tinygrad_edu.drawing.parts import Part, absorb_numbers
from tinygrad_edu.drawing.trace import Arguments, Item
from tinygrad_edu.engine import ops
from tinygrad_edu.engine.value import Value

SUMS = (ops.add, ops.subtract)
MOST_TERMS = 4
"""How many terms of a sum, or ops of a chain, a box tells."""


def fold(found: dict[Item, Arguments], made_by: dict[Value, Call], part_of: dict[Item, Part]) -> None:
    """Enter the sums and chains of a graph into the table of parts. What has a name, or several users, stays visible.

    Args:
        found: the graph, oldest first.
        made_by: the innermost call of a module that made each node; nothing is folded across its border.
        part_of: what is part of something already; it is not folded again.
    """
    uses = Counter(x for arguments in found.values() for _, x in arguments)
    newest_first = [x for x in reversed(found) if isinstance(x, Value) and x.op is not None]

    def inside(user: Value) -> list[Value]:
        """The arguments of a node that may vanish in its part."""
        return [x for _, x in found[user] if isinstance(x, Value) and x.op is not None and uses[x] == 1 and not x.name
                and x not in part_of and made_by.get(x) is made_by.get(user)]

    for node in newest_first:
        if node.op in SUMS and node not in part_of:
            nodes = _sum(node, inside)
            if len(nodes) > 1:
                absorb_numbers(Part("sum", node, nodes), found, part_of)
    for node in newest_first:
        if node not in part_of:
            nodes = _chain(node, inside)
            if len(nodes) > 1:
                absorb_numbers(Part("chain", node, nodes), found, part_of)


def _sum(node: Value, inside: Callable[[Value], list[Value]]) -> list[Value]:
    """The additions that lead to a sum, and the products of single numbers that it adds; newest first."""
    nodes, waiting = [node], [node]
    while waiting:
        for x in inside(waiting.pop()):
            if x.op in SUMS:
                waiting.append(x)
            if x.op in SUMS or (x.op is ops.multiply and x.ndim == 0):
                nodes.append(x)
    return sorted(nodes, key=lambda node: node.time, reverse=True)


def _chain(node: Value, inside: Callable[[Value], list[Value]]) -> list[Value]:
    """The ops that lead to a node one after the other, each with the one before as its only Value; newest first."""
    nodes: list[Value] = []
    while len(node.parents) == 1:
        nodes.append(node)
        before = inside(node)
        if not before:
            break
        node = before[0]
    return nodes


def formula(part: Part, found: dict[Item, Arguments], names: dict[Value, str]) -> str:
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
            waiting += [(signs[slot], argument) for slot, argument in reversed(found[x])]
        else:
            factors = [argument for _, argument in found[x]] if x in nodes else [x]
            terms.append((plus, "·".join(_factor(factor, names) for factor in factors)))
    shown = _shortened([f"{'+' if plus else '−'} {term}" for plus, term in terms], "+ …")
    return " ".join(shown).removeprefix("+ ")


def _factor(x: Item, names: dict[Value, str]) -> str:
    return plain(names.get(x, "…"), 12) if isinstance(x, Value) else str(summary(x.data))


def _shortened(words: list[str], dots: str = "…") -> list[str]:
    if len(words) <= MOST_TERMS:
        return words
    return [*words[:MOST_TERMS - 1], dots, words[-1]]
