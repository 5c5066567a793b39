"""`Part`: several Values that are drawn as one box."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tinygrad_edu.drawing.calls import Call
from tinygrad_edu.drawing.trace import Item
from tinygrad_edu.engine.value import Value


@dataclass(eq=False, slots=True)
class Part:
    """Nodes that are drawn as one: a sum of products, a chain of ops, or what a call of a module computed."""

    kind: Literal["sum", "chain", "module"]
    output: Value  # the newest of its nodes: the box shows its value and gradient
    nodes: list[Value] = field(default_factory=list)  # those computed, newest first
    absorbed: list[Item] = field(default_factory=list)  # leaves and constants that only they use
    call: Call | None = None  # of a module

    def __len__(self) -> int:
        return len(self.nodes) + len(self.absorbed)


Unit: TypeAlias = Item | Part
"""What is drawn as one box."""


def is_small(x: Item) -> bool:
    """Whether it is a constant that can be told within a formula: a single number."""
    return not isinstance(x, Value) and not getattr(x.data, "shape", ())
