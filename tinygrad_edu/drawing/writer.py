"""`Writer`: the formulas of the nodes of a graph, one after the other, from the oldest to the newest."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.drawing import symbols
from tinygrad_edu.drawing.formula import Formula, fill, symbol
from tinygrad_edu.drawing.labels import subscript
from tinygrad_edu.engine import ops
from tinygrad_edu.engine.value import Value

LONGEST = 12
"""Ops in one line; of a longer formula the largest part gets a line of its own."""

NEUTRAL = {"add": 0, "subtract": 0, "multiply": 1, "divide": 1, "power": 1}
"""Elementwise ops, each with the second argument that leaves the first as it is."""


class Writer:
    """Writes Values as formulas, each Value by its name where that has a line of its own, or is not to be written out.

    Args:
        names: what each Value is called.
        derived: nodes made from this time on are those of a derivative. There, rules multiply by 1 and add 0
            where they write down a rule for all numbers; that is left out.
    """

    def __init__(self, names: Mapping[Value, str], derived: float = math.inf) -> None:
        self.names = dict(names)
        self.deltas = 0
        self.derived = derived
        self.formulas: dict[Value, Formula] = {}
        self.lines: dict[Value, Formula] = {}  # of those that have a line of their own
        self.arrays: dict[int, tuple[str, np.ndarray]] = {}  # by their id: constants too large to be written out

    def write(self, nodes: Iterable[Value], own_line: Iterable[Value] = ()) -> None:
        """Write the formulas of computed nodes, oldest first; those of `own_line` as lines, and parts of long ones."""
        own_line = set(own_line)
        for node in nodes:
            inputs = [self.argument(x, node) for x in node.inputs]
            formula = self.combine(node, inputs)
            while formula.size > LONGEST:
                inline = [x for x in node.inputs if isinstance(x, Value) and x in self.formulas and x not in self.lines]
                part = max(inline, key=lambda x: self.formulas[x].size)
                self.lines[part] = self.formulas[part]
                inputs = [self.argument(x, node) for x in node.inputs]
                formula = self.combine(node, inputs)
            self.formulas[node] = formula
            if node in own_line and formula.size:
                self.lines[node] = formula

    def symbol(self, x: Value) -> Formula:
        """The name of a node; parts of a derivative, which have none, are called δ₁, δ₂, ..."""
        if x not in self.names:
            self.deltas += 1
            while (name := f"δ{subscript(self.deltas)}") in self.names.values():
                self.deltas += 1
            self.names[x] = name
        return symbol(symbols.name(self.names[x]))

    def formula(self, x: Any) -> Formula:
        """The formula of anything: of a computed node, of a leaf its name, of a constant its number."""
        if isinstance(x, Value):
            return self.formulas.get(x) or self.symbol(x)
        if np.ndim(x) and _is_all(x, np.ravel(x)[:1]):
            x = np.ravel(x)[0]
        return symbol(symbols.number(x) if np.ndim(x) == 0 else symbols.array(x) or self.name_of_array(x))

    def argument(self, x: Any, node: Value) -> Formula | None:
        """An input of a node: a formula, a name, a number, or None."""
        if x is None:
            return None
        if isinstance(x, Value):
            return self.symbol(x) if x in self.lines or x not in self.formulas else self.formulas[x]
        if np.ndim(x) and not (node.time >= self.derived and node.op is not None and node.op.name in NEUTRAL):
            return symbol(symbols.array(np.asarray(x)) or self.name_of_array(x))
        return self.formula(x)

    def name_of_array(self, x: np.ndarray) -> str:
        """C₁, C₂, ...; one that is another's transpose is called so."""
        for name, other in self.arrays.values():
            if x.ndim == 2 and x.base is not None and np.shares_memory(x, other) and x.shape == other.shape[::-1] and (
                    x.strides == other.strides[::-1]):
                return rf"{name}^\top"
        if id(x) not in self.arrays:
            number = len(self.arrays) + 1
            while f"C_{number}" in self.names.values():
                number += 1
            self.arrays[id(x)] = symbols.name(f"C_{number}"), x
        return self.arrays[id(x)][0]

    def combine(self, node: Value, inputs: Sequence[Formula | None]) -> Formula:
        """The formula of a node from those of its inputs."""
        assert node.op is not None
        same = self._without_ones_and_zeros(node, inputs) if node.time >= self.derived else None
        return same or fill(node.op, inputs, node.options)

    def _without_ones_and_zeros(self, node: Value, inputs: Sequence[Formula | None]) -> Formula | None:
        """1·a, a + 0 and the like as a, −1·a and 0 − a as −a; None for all else."""
        name = node.op.name if node.op else ""
        if name == "reshape" and node.shape == node.inputs[0].shape:
            return inputs[0]
        if len(inputs) != 2:
            return None
        (a, b), (x, y) = inputs, node.inputs
        neutral = NEUTRAL.get(name)
        if neutral is not None and _is_all(y, neutral):
            return a
        if name in ("add", "multiply") and _is_all(x, neutral):
            return b
        if name == "multiply" and _is_all(y, -1):
            return fill(ops.negative, [a], {})
        if (name == "multiply" and _is_all(x, -1)) or (name == "subtract" and _is_all(x, 0)):
            return fill(ops.negative, [b], {})
        return None


def _is_all(x: Any, number: Any) -> bool:
    """Whether x is a constant, all of whose elements are this number."""
    return not isinstance(x, Value) and x is not None and np.size(x) > 0 and bool(np.all(np.equal(x, number)))
