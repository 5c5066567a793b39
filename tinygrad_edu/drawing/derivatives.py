"""The local derivative at an argument of an op: as the formula in the op's docstring, and as a number by its rule."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.drawing.labels import number
from tinygrad_edu.engine.chain_rule import shares
from tinygrad_edu.engine.primitive import NUMBERS, Op
from tinygrad_edu.engine.value import Value

CLAUSE = re.compile(r"(d(?:[yJ]\w*)/d\w+(?: = d[yJ]\w*/d\w+)*) = (.*)", re.DOTALL)
REMARK = re.compile(r" \([^()]*\bfor\b[^()]*\)|, (?!else).*", re.DOTALL)
NAME = re.compile(r"(?<![A-Za-z_])[A-Za-z_]+(?![A-Za-z_])")


class LocalRule(NamedTuple):
    """What the docstring of an op says of the derivative by one of its inputs."""

    of: str  # "y": it is dy/dx; "J": it is dJ/dx, which it says in terms of g = dJ/dy
    formula: str  # `1 − y²`, `g bᵀ`, with the op's own names


@lru_cache(maxsize=256)
def local_rule(op: Op, slot: int) -> LocalRule | None:
    """The rule for an input, in the words of the docstring, `y = a·b,   dy/da = b,   dy/db = a`; None if it has none.

    >>> import tinygrad_edu as tg
    >>> local_rule(tg.OPS["tanh"], 0), local_rule(tg.OPS["matmul"], 1)
    (LocalRule(of='y', formula='1 − y²'), LocalRule(of='J', formula='aᵀ g'))
    """
    definition = " ".join((op.__doc__ or "").strip().split("\n\n")[0].split("\n"))
    rules = []
    for part in re.split(r",\s{2,}|;\s+", definition):
        clause = CLAUSE.match(part.strip())
        if clause:
            formula = REMARK.sub("", clause[2]).split(" = ")[0].strip().replace("-", "−")
            for quotient in clause[1].split(" = "):
                rules.append((quotient.partition("/d")[2], LocalRule("J" if quotient[1] == "J" else "y", formula)))
    wanted = op.input_name(slot)
    for name, rule in rules:
        if name == wanted:
            return rule
    # `linear` says dJ/dW of its weight: as many rules as inputs are in their order
    return rules[slot][1] if len(rules) == op.arity else None


def written_with(formula: str, op: Op, y: str, inputs: Sequence[str], options: Mapping[str, Any]) -> str:
    """A formula with the names of the picture in place of those of the op, and the numbers among its options.

    An input without a name keeps that of the op.

    >>> import tinygrad_edu as tg
    >>> written_with("slope·x", tg.OPS["leaky_relu"], "v₂", ["v₁"], {"slope": 0.01})
    '0.01·v₁'
    """
    names = {name: number(x) for name, x in options.items() if type(x) in NUMBERS}
    names |= {op.input_name(i): name for i, name in enumerate(inputs) if name} | {"y": y}
    return NAME.sub(lambda found: _atom(names[found[0]]) if found[0] in names else found[0], formula)


def _atom(name: str) -> str:
    """A name as a factor."""
    return name if all(c.isalnum() or c in "._[]" for c in name) else f"({name})"


class Step(NamedTuple):
    """The derivative of a box by one of its arguments."""

    derivative: float
    onward: float  # the part of it from the node that has the argument to the output; 1 in a box of one node


def local_derivatives(output: Value, nodes: Iterable[Value]) -> dict[tuple[Value, int], Step]:
    """∂output/∂x for every argument x of some nodes, by node and slot; of single numbers.

    Args:
        output: the newest of the nodes, which all the others lead to.
        nodes: newest first; for a folded part of a graph those in it, otherwise the output alone.
    """
    arriving: dict[Value, Any] = {output: 1.0 if type(output.data) is float else np.ones((), output.dtype)}
    found = {}
    for node in nodes:
        if node.op is None or node not in arriving:
            continue
        for slot, x, d in passed_back(node, arriving[node]):
            found[node, slot] = Step(float(d), float(arriving[node]))
            arriving[x] = arriving[x] + d if x in arriving else d
    return found


def passed_back(y: Value, g: Any) -> list[tuple[int, Value, Any]]:
    """What each input of y gets where the gradient g arrives at y, with its slot: the op's own rules, run on g."""
    with np.errstate(all="ignore"):
        return shares(y, g) if y.op is not None else []
