"""Methods of a Value that do what `apply` does, made quick for one or two inputs: most ops of a scalar graph."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine import modes
from tinygrad_edu.engine.apply import blank, finish
from tinygrad_edu.engine.graph import NO_OPTIONS, Node, clock
from tinygrad_edu.engine.primitive import NUMBERS, Op, constant

ACTIVE = modes.ACTIVE


def binary(op: Op, operator: Callable[[Any, Any], Any] | None = None
           ) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """The methods `a ∘ b` and the reflected `b ∘ a` of a Value a: `apply`, the first of them made quick.

    operator: Python's own function for the same as the op's forward, if it has one: it is called more quickly.
    """
    forward = operator or op.forward
    rules: Any = op.rules
    rules_beside_constant = (rules[0], None)

    def method(a: Any, b: Any) -> Any:
        if isinstance(b, Node):
            b_data = b._numbers
            float_rules = rules
        else:
            b = b_data = b if type(b) in NUMBERS else constant(b, op.name)
            float_rules = rules_beside_constant
        try:
            y = forward(a._numbers, b_data)
        except Exception:
            y = None  # `finish` meets it again, and explains it
        if type(y) is not float:
            if type(y) is not np.ndarray:
                y = finish(y, op, (a, b), [a._numbers, b_data], NO_OPTIONS)
            if type(y) is not float:
                float_rules = None
        node = blank()
        node._numbers = y
        node.op = op
        node._x1 = a
        node._x2 = b
        node.options = NO_OPTIONS
        node.grad = None
        node.float_rules = float_rules
        if float_rules is None:
            node._notes = None
        node.time = next(clock)
        if ACTIVE:
            modes.made(node)
        return node

    def reflected(a: Any, b: Any) -> Any:
        return a._apply(op, (b, a), NO_OPTIONS)

    return method, reflected


def unary(op: Op) -> Callable[[Any], Any]:
    """The method `op(a)` of a Value a: `apply`, made quick."""
    forward = op.forward
    rules: Any = (op.rules[0], None)

    def method(a: Any) -> Any:
        try:
            y = forward(a._numbers)
        except Exception:
            y = None
        float_rules = rules
        if type(y) is not float:
            if type(y) is not np.ndarray:
                y = finish(y, op, (a,), [a._numbers], NO_OPTIONS)
            if type(y) is not float:
                float_rules = None
        node = blank()
        node._numbers = y
        node.op = op
        node._x1 = a
        node._x2 = None
        node.options = NO_OPTIONS
        node.grad = None
        node.float_rules = float_rules
        if float_rules is None:
            node._notes = None
        node.time = next(clock)
        if ACTIVE:
            modes.made(node)
        return node

    method.__name__, method.__doc__ = op.name, op.__doc__
    return method
