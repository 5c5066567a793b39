"""The chain rule at one node: g = dJ/dy arrives, and each rule of its op turns it into the share of one input."""

from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.engine.graph import Node
from tinygrad_edu.engine.primitive import NUMBERS
from tinygrad_edu.errors import GradientRuleError
from tinygrad_edu.tracing import Recorded, current

ndarray = np.ndarray
SINGLE = (float, int, np.floating)


def shares(node: Any, g: Any, as_graph: bool = False,
           asked: Callable[[Node], bool] | None = None) -> list[tuple[int, Any, Any]]:
    """(i, x, g·dy/dx) for every input x of the node that is a node itself, the last first; i counts the inputs.

    Args:
        node: a computed node, y = op(*inputs, **options).
        g: its gradient, of its shape and dtype.
        as_graph: run the rules on the nodes, not on their data, so that the shares are Values of a graph, too.
        asked: whether the gradient of an input is asked for; of all if not given.
    """
    op = node.op
    options = node.options
    arity = op.arity  # as in Node.inputs, whose call is saved here
    inputs = (node._x1, node._x2) if arity == 2 else (node._x1,) if arity == 1 else node._x1
    rules = op.rules
    rule_for_each = op.rule_for_each
    share: Any = None
    if as_graph:
        y, values = node, inputs
    else:
        y, values = node._numbers, []
        for x in inputs:
            values.append(x._numbers if isinstance(x, Node) else x)
    found = []
    # the first input last: what its node does next with the share finds it still in the processor's cache
    for i in range(len(inputs) - 1, -1, -1):
        x = inputs[i]
        if not isinstance(x, Node) or (asked is not None and not asked(x)):
            continue
        try:
            if rule_for_each is not None:
                if share is None:  # once for all inputs
                    share = rule_for_each(g, y, *values, **options)
                    if not callable(share):
                        raise GradientRuleError(f"the gradient rule of {op.name} for its {op.variadic} returned "
                                                f"{type(share).__name__}, not a function of the input's number; write "
                                                f"lambda g, y, *{op.variadic}: lambda i: ...")
                d = share(i)
            elif (rule := rules[i]) is None:
                continue
            else:
                d = rule(g, y, *values, **options) if options else rule(g, y, *values)
        except (ZeroDivisionError, OverflowError):  # Python numbers raise where NumPy says inf
            d = op.share(i, _as_numpy(g), _as_numpy(y), list(map(_as_numpy, values)), options)
        except Exception as error:
            if current.trace is not None and rule_for_each is None:
                d = current.trace.run(rules[i], (g, y, *values), options)
                found.append((i, x, fitted(d, x, node, i)))
                continue
            error.add_note(f"in the gradient rule of {op.name} for its input {op.input_name(i)}")
            raise
        like = x._numbers
        if type(d) is not ndarray or type(like) is not ndarray or d.dtype is not like.dtype or d.shape != like.shape:
            if isinstance(d, Node) and not as_graph and not isinstance(g, Node):
                raise GradientRuleError(f"the gradient rule of {op.name} for its input {op.input_name(i)} returned a "
                                        "Value, as it computes with one that is no input of the primitive, and would "
                                        "get no gradient; make it one")
            d = fitted(d, x, node, i)
        if x.op is None and type(d) is ndarray and (d is g or not op.ours or (
                d.base is not None and (getrefcount(d.base) > 2 or not d.flags.writeable))):  # d has it, and this call
            d = d.copy()  # nothing else shares a leaf's gradient: users may write into it
        found.append((i, x, d))
    return found


def _as_numpy(x: Any) -> Any:
    return np.float64(x) if type(x) is float else x


def fitted(d: Any, x: Node, node: Any, i: int) -> Any:
    """A rule's result with the shape and dtype of the input it belongs to, summed over broadcast axes.

    A Python number, which a rule may return instead of an array, counts for every element of the output. Where that is
    a single number, too, or the share is 0, it is the same for every element of the input.
    """
    like: Any = x._numbers
    if type(like) is float:
        if isinstance(d, SINGLE):
            return float(d)
        shape, dtype = (), np.dtype(np.float64)
    else:
        shape, dtype = like.shape, like.dtype
        of_a_number = not np.ndim(node._numbers)
        if isinstance(like, Recorded):
            return _fitted_recorded(d, like, node, i)
        if type(like) is ndarray and (type(d) in NUMBERS or (of_a_number and isinstance(d, np.floating))):
            same = np.empty(shape if of_a_number or d == 0 else node.shape, dtype)
            same.fill(d)
            d = same
    if isinstance(d, Node):
        kind = np.dtype(getattr(d._numbers, "dtype", np.float64))
    elif isinstance(d, np.ndarray | np.generic | float | int | Recorded):
        kind = getattr(d, "dtype", np.dtype(np.float64))
    else:
        kind = np.dtype(object)
    if kind.kind not in "fiub":
        found = "None" if d is None else f"{type(d).__name__} of dtype {kind}"
        raise GradientRuleError(f"the gradient rule of {node.op.name} for its input {node.op.input_name(i)} "
                                f"returned {found}, not an array of real numbers")
    if np.shape(d) != shape:
        d = _unbroadcast(d, shape, node, i)
    if isinstance(d, Node):
        return d if kind == dtype else ops.astype(d, dtype=dtype)
    if isinstance(d, Recorded):
        return d if d.dtype == dtype else d.astype(dtype)
    if type(like) is ndarray:
        return d if type(d) is ndarray and d.dtype == dtype else np.asarray(d, dtype)
    return type(like)(d)


def _fitted_recorded(d: Any, like: Any, node: Any, i: int) -> Any:
    """The same where the input is traced: a number for all elements becomes an array only if it has to."""
    if isinstance(d, Node):
        return d if d._numbers.dtype == like.dtype else ops.astype(d, dtype=like.dtype)
    if np.ndim(d) == 0 and like.shape:
        same = not np.ndim(node._numbers) or (type(d) is float and d == 0)
        d = np.broadcast_to(d, like.shape if same else node.shape)
    if np.shape(d) != like.shape:
        d = _unbroadcast(d, like.shape, node, i)
    if not like.shape and type(like.value) is float:
        return d.item() if isinstance(d, Recorded) else float(d)
    if isinstance(d, float | int):
        return np.asarray(d, like.dtype)
    return d if d.dtype == like.dtype else d.astype(like.dtype)


def _unbroadcast(d: Any, shape: tuple[int, ...], node: Any, i: int) -> Any:
    """The sum of d over the axes along which an array of the given shape was broadcast."""
    have, output = np.shape(d), np.shape(node._numbers)
    extra = len(have) - len(shape)
    fits = 0 <= extra and len(have) <= max(len(output), len(shape)) and all(
        n in (1, m) for n, m in zip(shape, have[extra:], strict=False))
    if not fits and _broadcasts(have, shape) and have == output:
        return np.broadcast_to(d, shape)
    if not fits:
        raise GradientRuleError(
            f"the gradient rule of {node.op.name} for its input {node.op.input_name(i)} returned shape {have}; the "
            f"input has shape {shape}, the output {output}. A rule returns the gradient in the input's shape, or in "
            "a shape that the input was broadcast to.")
    axes = (*range(extra), *(k + extra for k, n in enumerate(shape) if n == 1 and have[k + extra] != 1))
    return np.reshape(np.sum(d, axis=axes), shape)


def _broadcasts(have: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(have, shape) == shape
    except ValueError:
        return False
