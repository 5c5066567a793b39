"""One step of the chain rule in words: what an op computed, and its local derivatives, with names and with numbers."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from tinygrad_edu.drawing import symbols
from tinygrad_edu.drawing.derivatives import local_rule, passed_back, written_with
from tinygrad_edu.drawing.formula import fill, symbol
from tinygrad_edu.drawing.one_line import one_line
from tinygrad_edu.drawing.writer import Writer
from tinygrad_edu.engine.chain_rule import shares
from tinygrad_edu.engine.graph import ancestors, clock
from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.engine.value import Value

LONGEST_RULE = 90
"""What a rule writes down in more characters is code rather than a formula, and left out."""


class Steps:
    """Describes the nodes of a graph, whose Values have these names."""

    def __init__(self, names: Mapping[Value, str]) -> None:
        self.names = names
        self.writer = Writer(names)  # knows what large constants are called

    def formula(self, node: Value) -> str:
        r"""What was computed, in LaTeX: `w_{1} \cdot x_{1}`; of a leaf nothing."""
        return self.writer.combine(node, [self.writer.argument(x, node) for x in node.inputs]).text if node.op else ""

    def with_numbers(self, node: Value) -> str:
        r"""The same with numbers in place of names, `0.5 \cdot 2`; empty where there are arrays."""
        if node.op is None or not is_number(node):
            return ""
        return fill(node.op, [None if x is None else symbol(symbols.number(_data(x), 4)) for x in node.inputs],
                    node.options).text

    def derivative(self, node: Value, slot: int) -> float | None:
        """dy/dx of a node by its argument in a slot; None where there are arrays, or no gradient."""
        if not is_number(node):
            return None
        return next((float(d) for i, _, d in passed_back(node, _one(node)) if i == slot), None)

    def rule(self, node: Value, slot: int) -> str:
        """The local derivative in LaTeX, as the op's rule computes it; of arrays that of J, from g = dJ/dy.

        The rule is run on the nodes themselves, and what it makes of them is written down.
        """
        derived = next(clock)
        numbers = is_number(node)
        g: Any = _one(node) if numbers else Value(np.ones(node.shape, node.dtype))
        try:
            with enable_grad(), np.errstate(all="ignore"):
                d = next(d for i, _, d in shares(node, g, as_graph=True) if i == slot)
        except Exception:  # a user's rule that computes, but cannot be differentiated again
            return ""
        writer = Writer(self.names, derived)
        if not numbers:
            writer.names[g] = "g"
        self.formula(node)  # names its constants
        writer.arrays = dict(self.writer.arrays)
        if isinstance(d, Value):
            made = [x for x in ancestors([d], since=derived)[0] if x.time > derived]
            writer.write(reversed(cast(list[Value], made)))
        text = writer.formula(d).text
        strange = writer.lines or len(writer.arrays) > len(self.writer.arrays)
        return "" if strange or len(text) > LONGEST_RULE else text

    def rule_text(self, node: Value, slot: int) -> tuple[str, str]:
        """The local derivative as text, in the words of the op's docstring if it has some for it.

        And what it is: "y" for dy/dx, "J" for what dJ/dx gains, in terms of g = dJ/dy.
        """
        assert node.op is not None
        said = local_rule(node.op, slot)
        if said is None:
            return one_line(self.rule(node, slot)), "y" if is_number(node) else "J"
        inputs = [self._argument(x, node) for x in node.inputs]
        return written_with(said.formula, node.op, self.called(node), inputs, node.options), said.of

    def called(self, x: Value) -> str:
        """Its name as in a formula, `w₁` for w1."""
        return one_line(symbols.name(self.names[x]))

    def _argument(self, x: Any, node: Value) -> str:
        """What a rule calls an argument: its name, or its number; nothing for none."""
        if isinstance(x, Value):
            return self.called(x)
        argument = self.writer.argument(x, node)
        return one_line(argument.text) if argument else ""


def is_number(node: Value) -> bool:
    """Whether a node, and all that it was computed from, are single numbers."""
    return all(x is None or np.ndim(_data(x)) == 0 for x in (node, *node.inputs))


def _one(node: Value) -> Any:
    """The gradient of a number by itself, of its kind."""
    return 1.0 if type(node.data) is float else node.dtype.type(1)


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x
