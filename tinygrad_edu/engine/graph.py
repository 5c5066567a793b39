"""The graph as data: nodes that know the op and the inputs that made them, and the pass that pulls gradients back.

The backward pass is the chain rule, edge by edge: g = dJ/dy arrives at a node, each rule of its op turns it into
the share of one input, and an input's gradient is the sum of the shares of all its edges.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from operator import attrgetter
from threading import RLock
from typing import Any

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.engine.primitive import Op, Operand
from tinygrad_edu.errors import BackwardError, GradientRuleError, MutationError

clock = count(1)
"""One tick for every node made and every change of data: an input's time is always before its output's."""

NO_OPTIONS: dict[str, Any] = {}


class Node(Operand):
    """A place in the graph: data, and the op, inputs and options it was computed from (a leaf has no op).

    A node knows its inputs, never its users: no reference cycles, so a graph is freed with its last Value.
    """

    __slots__ = ("__weakref__", "_data", "_g", "_notes", "_x1", "_x2", "grad", "op", "options", "time")

    _data: Any
    grad: Any
    op: Op | None
    options: dict[str, Any]
    time: int
    # One or two inputs stand here themselves, any other number of them in _x1 as a tuple. To have no tuple for the
    # usual ops halves the objects that the garbage collector visits: a fifth of the time of a graph of numbers.
    _x1: Any
    _x2: Any
    _g: Any  # during a pass: PENDING if a gradient is asked for, then the sum of what has arrived; otherwise None
    _notes: dict[str, Any]  # what few nodes have: "name", "changed" (when, by what), "origin" (for detect_anomaly)

    @property
    def inputs(self) -> tuple:
        """What the op was applied to, in order, constants too: x * x has two."""
        if self.op is None:
            return ()
        n = self.op.arity
        return (self._x1, self._x2) if n == 2 else (self._x1,) if n == 1 else self._x1

    @property
    def parents(self) -> tuple["Node", ...]:
        """The inputs that are nodes."""
        return tuple([x for x in self.inputs if isinstance(x, Node)])

    def note(self, key: str, default: Any) -> Any:
        """What was noted of this node, if anything was."""
        return getattr(self, "_notes", {}).get(key, default)

    def add_note(self, key: str, value: Any) -> None:
        """Note something that few nodes have; the others pay nothing for it."""
        try:
            self._notes[key] = value
        except AttributeError:
            self._notes = {key: value}

    @property
    def name(self) -> str:
        """What it is called in drawings and messages; empty if it has no name."""
        return self.note("name", "")

    @name.setter
    def name(self, name: str) -> None:
        self.add_note("name", name)

    def mark_changed(self, by: str) -> None:
        """Note that the data is not what it was: a gradient that needs the old data is an error from now on."""
        global _last_change
        _last_change = next(clock)
        self.add_note("changed", (_last_change, by))

    def describe(self) -> str:
        """How a message calls this node: `'weight' (3, 2)`, `a Value of shape (3,)`."""
        name, shape = self.name, np.shape(self._data)
        return f"{name!r} {shape}" if name else f"a {type(self).__name__} of shape {shape}"


class _Mark:
    """What stands in `_g` of a node while there is no gradient in it."""


SEEN, PENDING = _Mark(), _Mark()

one_at_a_time = RLock()
"""A pass makes its marks in the nodes, which other threads may share."""

_time = attrgetter("time")
_last_change = 0  # the time of the latest change of any node's data


def ancestors(roots: Iterable[Node], since: int = 0) -> tuple[list[Node], list[Node]]:
    """The computed nodes that the roots depend on, themselves too, newest first: each before its inputs.

    And the nodes where the walk ends: the leaves, and those made before the time `since`.
    """
    computed: list[Any] = []
    ends: list[Node] = []
    held: list[Node] = []  # ends that are in the hands of another pass, whose rule asked for this one
    waiting: list[Any] = list(dict.fromkeys(roots))
    with one_at_a_time:
        try:
            for x in waiting:
                _refuse_nested(x)
                x._g = SEEN
            while waiting:  # depth first, which leaves little to sort
                node = waiting.pop()
                if node.op is None or node.time < since:
                    ends.append(node)
                    continue
                computed.append(node)
                x = node._x1
                if type(x) is tuple:
                    waiting.extend(_unseen(x, since, held))
                    continue
                # what _unseen does, once more for one or two inputs: a scalar graph has thousands of these
                if isinstance(x, Node) and x._g is not SEEN:
                    if x._g is None:
                        x._g = SEEN
                        waiting.append(x)
                    else:
                        waiting.extend(_unseen((x,), since, held))
                x = node._x2
                if isinstance(x, Node) and x._g is not SEEN:
                    if x._g is None:
                        x._g = SEEN
                        waiting.append(x)
                    else:
                        waiting.extend(_unseen((x,), since, held))
        finally:
            _clear(computed, ends, waiting)
    computed.sort(key=_time, reverse=True)
    return computed, ends + held


def _unseen(inputs: Iterable[Any], since: int, held: list[Node]) -> list[Node]:
    """The nodes among some inputs that the walk has not met yet, marked as met from now on."""
    found = []
    for x in inputs:
        if isinstance(x, Node) and x._g is not SEEN:
            if x._g is not None and x.time < since:
                held.append(x)
                continue
            _refuse_nested(x)
            x._g = SEEN
            found.append(x)
    return found


def _refuse_nested(x: Node) -> None:
    if x._g is not None:
        raise BackwardError(f"a backward pass through {x.describe()} was started by a gradient rule, while another one "
                            "is going through it; let the rule compute with the arrays that it is given")


def _clear(*groups: Iterable[Node]) -> None:
    for nodes in groups:
        for node in nodes:
            node._g = None


def on_the_way_to(targets: Iterable[Node], nodes: Sequence[Node]) -> list[Node]:
    """Those of the nodes (newest first) that depend on one of the targets, in the same order."""
    reached = set(targets)
    way = []
    for node in reversed(nodes):
        if not reached.isdisjoint(node.parents):
            reached.add(node)
            way.append(node)
    return way[::-1]


def check_unchanged(nodes: Sequence[Node]) -> None:
    """Raise MutationError if data that one of the nodes (newest first) saved was changed after it was computed."""
    if not nodes or _last_change < nodes[-1].time:
        return
    for node in nodes:
        for x in (node, *node.parents):
            when, by = x.note("changed", (0, ""))
            if when > node.time:
                what, op = "output" if x is node else "input", _op(node).name
                raise MutationError(f"backward of {op}: its {what} {x.describe()} was changed by {by} after {op} had "
                                    "used it, so its gradient would be wrong. Compute the forward pass again after "
                                    "the change, or call backward() before it.")


def pull_back(nodes: Sequence[Node], ends: Sequence[Node], seed: Any, *, as_graph: bool = False,
              inspect: Callable[[Node, int, Any], None] | None = None) -> tuple[list[Any], list[Any]]:
    """The gradients of J by the nodes and by the ends, given the first one's, `seed`; None where none arrives.

    Args:
        nodes: computed nodes, newest first, such as those of `ancestors`.
        ends: other nodes whose gradients are asked for, such as the leaves. No other gradient is computed.
        as_graph: run the rules on the nodes, not on their data, so that the gradients are a graph themselves.
        inspect: called with (node, number of the input, share) for every edge.
    """
    if not nodes:
        return [], [None] * len(ends)
    plain = not as_graph and inspect is None
    with one_at_a_time:
        asked: list[Any] = [*nodes, *ends]
        try:
            for x in asked:
                x._g = PENDING
            asked[0]._g = seed
            for node in asked[:len(nodes)]:
                g = node._g
                if g is PENDING:  # reached only through inputs that have no gradient, such as class labels
                    continue
                y = node._data
                op = node.op
                if type(y) is not float or not op.quick or not plain:
                    _pull(node, g, as_graph, inspect)
                    continue
                # What `_pull` does, once more for one or two numbers: a scalar graph has thousands of these.
                a = node._x1
                b = node._x2
                try:
                    if b is None:
                        d = op.rules[0](g, y, a._data)
                        if type(d) is not float:
                            d = _fitted(d, a, node, 0)
                        a._g = d if a._g is PENDING else a._g + d
                        continue
                    x1 = a._data if isinstance(a, Node) else a
                    x2 = b._data if isinstance(b, Node) else b
                    rule_a, rule_b = op.rules
                    if x1 is a or a._g is None:
                        d = rule_b(g, y, x1, x2)
                    elif x2 is b or b._g is None:
                        d = rule_a(g, y, x1, x2)
                        b = a
                    else:
                        d = rule_b(g, y, x1, x2)
                        e = rule_a(g, y, x1, x2)
                        if type(e) is not float:
                            e = _fitted(e, a, node, 0)
                        a._g = e if a._g is PENDING else a._g + e
                    if type(d) is not float:
                        d = _fitted(d, b, node, 1)
                    b._g = d if b._g is PENDING else b._g + d
                except Exception:
                    _pull(node, g, as_graph, inspect)  # which knows what to do
            return ([None if x._g is PENDING else x._g for x in nodes],
                    [None if x._g is PENDING else x._g for x in ends])
        finally:
            _clear(asked)


def _pull(node: Any, g: Any, as_graph: bool, inspect: Callable[[Node, int, Any], None] | None) -> None:
    """Send g = dJ/dnode on to the inputs of the node, through the rules of its op."""
    op = node.op
    options = node.options
    inputs = node.inputs
    y = node if as_graph else node._data
    values = inputs if as_graph else [x._data if isinstance(x, Node) else x for x in inputs]
    rules = op.rules if op.each_rule is None else op.rules_for(inputs)
    for i, x in enumerate(inputs):
        if not isinstance(x, Node) or x._g is None or (rule := rules[i]) is None:
            continue
        try:
            d = rule(g, y, *values, **options) if options else rule(g, y, *values)
        except (ZeroDivisionError, OverflowError):  # Python numbers raise where NumPy says inf
            d = rule(_as_numpy(g), _as_numpy(y), *map(_as_numpy, values), **options)
        except Exception as error:
            error.add_note(f"in the gradient rule of {op.name} for its input {op.input_name(i)}")
            raise
        like = x._data
        if type(d) is not np.ndarray or type(like) is not np.ndarray or d.shape != like.shape or d.dtype != like.dtype:
            d = _fitted(d, x, node, i)
        if x.op is None and type(d) is np.ndarray and (d is g or d.base is not None):
            d = d.copy()  # nothing else shares a leaf's gradient: users may write into it
        if inspect is not None:
            inspect(node, i, d)
        x._g = d if x._g is PENDING else x._g + d


def _op(node: Node) -> Op:
    assert node.op is not None
    return node.op


def _as_numpy(x: Any) -> Any:
    return np.float64(x) if type(x) is float else x


def _fitted(d: Any, x: Node, node: Node, i: int) -> Any:
    """A rule's result with the shape and dtype of the input it belongs to, summed over broadcast axes."""
    like: Any = x._data
    if type(like) is float:
        if isinstance(d, float | int):
            return float(d)
        shape, dtype = (), np.dtype(np.float64)
    else:
        shape, dtype = like.shape, like.dtype
    if type(like) is np.ndarray and isinstance(d, float | np.floating):
        return np.full(shape, d, dtype)  # a rule may leave what is the same everywhere as a single number
    if isinstance(d, Node):
        kind = np.dtype(getattr(d._data, "dtype", np.float64))
    elif isinstance(d, np.ndarray | np.generic | float | int):
        kind = getattr(d, "dtype", np.dtype(np.float64))
    else:
        kind = np.dtype(object)
    if kind.kind not in "fiub":
        found = "None" if d is None else f"{type(d).__name__} of dtype {kind}"
        raise GradientRuleError(f"the gradient rule of {_op(node).name} for its input {_op(node).input_name(i)} "
                                f"returned {found}, not an array of real numbers")
    if np.shape(d) != shape:
        d = _unbroadcast(d, shape, node, i)
    if isinstance(d, Node):
        return d if kind == dtype else ops.astype(d, dtype=dtype)
    if type(like) is np.ndarray:
        return d if type(d) is np.ndarray and d.dtype == dtype else np.asarray(d, dtype)
    return type(like)(d)


def _unbroadcast(d: Any, shape: tuple[int, ...], node: Node, i: int) -> Any:
    """The sum of d over the axes along which an array of the given shape was broadcast."""
    have, output = np.shape(d), np.shape(node._data)
    extra = len(have) - len(shape)
    fits = extra >= 0 and all(n in (1, m) for n, m in zip(shape, have[extra:], strict=False))
    if not fits and _broadcasts(have, shape) and (have == () or have == output):
        return np.broadcast_to(d, shape)
    if not fits:
        raise GradientRuleError(
            f"the gradient rule of {_op(node).name} for its input {_op(node).input_name(i)} returned shape {have}; the "
            f"input has shape {shape}, the output {output}. A rule returns the gradient in the input's shape, or in "
            "a shape that the input was broadcast to.")
    axes = (*range(extra), *(k + extra for k, n in enumerate(shape) if n == 1 and have[k + extra] != 1))
    return np.reshape(np.sum(d, axis=axes), shape)


def _broadcasts(have: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(have, shape) == shape
    except ValueError:
        return False
