"""Methods of a Value that do what `apply` does, made quick for one or two inputs: most ops of a scalar graph."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine import modes
from tinygrad_edu.engine.apply import apply, finish
from tinygrad_edu.engine.graph import NO_OPTIONS, Node, clock
from tinygrad_edu.engine.primitive import NUMBERS, Op, constant

new, tick, ACTIVE = object.__new__, clock.__next__, modes.ACTIVE


def binary(op: Op) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """The methods `a ∘ b` and the reflected `b ∘ a` of a Value a: `apply`, the first of them made quick."""
    forward = op.forward

    def method(a: Any, b: Any) -> Any:
        if isinstance(b, Node):
            x2 = b._numbers
        else:
            b = x2 = b if type(b) in NUMBERS else constant(b, op.name)
        y = None
        try:
            y = forward(a._numbers, x2)
        except Exception:
            pass  # `finish` meets it again, and explains it
        if type(y) is not float and type(y) is not np.ndarray:
            y = finish(y, op, (a, b), [a._numbers, x2], NO_OPTIONS)
        node = new(a.Result)
        node._numbers = y
        node.op = op
        node._x1 = a
        node._x2 = b
        node.options = NO_OPTIONS
        node.grad = None
        node._g = None
        node.time = tick()
        return node if not ACTIVE else modes.made(node)

    def reflected(a: Any, b: Any) -> Any:
        return apply(a.Result, op, (b, a), NO_OPTIONS)

    return method, reflected


def unary(op: Op) -> Callable[[Any], Any]:
    """The method `op(a)` of a Value a: `apply`, made quick."""
    forward = op.forward

    def method(a: Any) -> Any:
        y = None
        try:
            y = forward(a._numbers)
        except Exception:
            pass
        if type(y) is not float and type(y) is not np.ndarray:
            y = finish(y, op, (a,), [a._numbers], NO_OPTIONS)
        node = new(a.Result)
        node._numbers = y
        node.op = op
        node._x1 = a
        node._x2 = None
        node.options = NO_OPTIONS
        node.grad = None
        node._g = None
        node.time = tick()
        return node if not ACTIVE else modes.made(node)

    method.__name__, method.__doc__ = op.name, op.__doc__
    return method
