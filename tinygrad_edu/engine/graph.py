"""The graph as data: nodes that know the op and the inputs that made them, and the pass that pulls gradients back.

The backward pass is the chain rule, edge by edge: g = dJ/dy arrives at a node, each rule of its op turns it into
the share of one input, and an input's gradient is the sum of the shares of all its edges.
"""

from collections.abc import Callable, Iterable
from itertools import count
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.engine.primitive import Op
from tinygrad_edu.errors import GradientRuleError, MutationError

clock = count(1)
"""One tick for every node made and every change of data: an input's time is always before its output's."""


class Node:
    """A place in the graph: data, and the op, inputs and options it was computed from (a leaf has no op).

    A node knows its inputs, never its users: no reference cycles, so a graph is freed with its last Value.
    """

    __slots__ = ("__weakref__", "_changed", "_data", "_origin", "grad", "inputs", "name", "op", "options", "parents",
                 "time")

    _data: Any
    grad: Any
    name: str
    op: Op | None
    inputs: tuple  # in order, constants too: x * x has two
    parents: tuple["Node", ...]  # the inputs that are nodes
    options: dict[str, Any]
    time: int
    _changed: tuple[int, str]  # set at the first change of data: when, and by what
    _origin: Any  # set under detect_anomaly: where the node was made

    def mark_changed(self, by: str) -> None:
        """Note that the data is not what it was: a gradient that needs the old data is an error from now on."""
        global _last_change
        _last_change = next(clock)
        self._changed = (_last_change, by)

    def describe(self) -> str:
        """How a message calls this node: `'weight' (3, 2)`, `a Value (3,)`."""
        shape = np.shape(self._data)
        return f"{self.name!r} {shape}" if self.name else f"a {type(self).__name__} of shape {shape}"


_last_change = 0  # the time of the latest change of any node's data


def computed_nodes(root: Node) -> list[Node]:
    """All nodes with an op that root depends on, itself too, newest first: each before the nodes it was made from."""
    if root.op is None:
        return []
    found, seen, waiting = [], {root}, [root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        for x in node.parents:
            if x.op is not None and x not in seen:
                seen.add(x)
                waiting.append(x)
    found.sort(key=attrgetter("time"), reverse=True)
    return found


def leaves(nodes: Iterable[Node]) -> list[Node]:
    """The nodes without op that these nodes were made from, each once."""
    return list(dict.fromkeys(x for node in nodes for x in node.parents if x.op is None))


def on_the_way_to(targets: Iterable[Node], nodes: list[Node]) -> set[Node]:
    """The targets, and those of the nodes (newest first) that depend on one of them."""
    reached = set(targets)
    for node in reversed(nodes):
        if not reached.isdisjoint(node.parents):
            reached.add(node)
    return reached


def check_unchanged(nodes: list[Node]) -> None:
    """Raise MutationError if data that one of the nodes (newest first) saved was changed after it was computed."""
    if not nodes or _last_change < nodes[-1].time:
        return
    for node in nodes:
        for x in (node, *node.parents):
            when, by = getattr(x, "_changed", (0, ""))
            if when > node.time:
                raise MutationError(
                    f"backward of {node.op.name}: its {'output' if x is node else 'input'} {x.describe()} was changed "
                    f"by {by} after {node.op.name} had used it, so its gradient would be wrong. Compute the forward "
                    "pass again after the change, or call backward() before it.")


def pull_back(nodes: list[Node], seed: Any, *, as_graph: bool = False, wanted: set[Node] | None = None,
              inspect: Callable[[Node, int, Any], None] | None = None) -> dict[Node, Any]:
    """The gradients of J by every node that the first of the nodes depends on, given its own, `seed`.

    Args:
        nodes: as `computed_nodes` gives them.
        as_graph: run the rules on the nodes, not on their data, so that the gradients are a graph themselves.
        wanted: the nodes whose gradients are asked for; all if not given.
        inspect: called with (node, number of the input, gradient) for every edge.
    """
    gradients = {nodes[0]: seed} if nodes else {}
    for node in nodes:
        g = gradients.get(node)
        if g is None:  # reached only through inputs that have no gradient, such as class labels
            continue
        op, inputs, options, parents = node.op, node.inputs, node.options, node.parents
        if as_graph:
            y, values = node, inputs
        elif parents is inputs:
            y, values = node._data, [x._data for x in parents]
        else:
            y, values = node._data, [x._data if isinstance(x, Node) else x for x in inputs]
        rules = op.rules if op.each_rule is None else op.rules_for(inputs)
        for i, x in enumerate(inputs):
            rule = rules[i]
            if rule is None or (parents is not inputs and not isinstance(x, Node)):
                continue
            if wanted is not None and x not in wanted:
                continue
            try:
                d = rule(g, y, *values, **options) if options else rule(g, y, *values)
            except (ZeroDivisionError, OverflowError):  # Python numbers raise where NumPy says inf
                d = rule(_as_numpy(g), _as_numpy(y), *map(_as_numpy, values), **options)
            except Exception as error:
                error.add_note(f"in the gradient rule of {op.name} for its input {op.input_name(i)}")
                raise
            if type(d) is not float or type(x._data) is not float:
                d = _fitted(d, x, node, i)
                if x.op is None and not as_graph:
                    d = _owned(d, g, y, values)
            if inspect is not None:
                inspect(node, i, d)
            gradients[x] = gradients[x] + d if x in gradients else d
    return gradients


def _as_numpy(x: Any) -> Any:
    return np.float64(x) if type(x) is float else x


def _owned(d: Any, g: Any, y: Any, values: Iterable[Any]) -> Any:
    """A leaf's gradient as an array that nothing else shares: users may write into it."""
    if type(d) is np.ndarray and (d.base is not None or d is g or d is y or any(d is v for v in values)):
        return d.copy()
    return d


def _fitted(d: Any, x: Node, node: Node, i: int) -> Any:
    """A rule's result with the shape and dtype of the input it belongs to, summed over broadcast axes."""
    like = x._data
    if type(like) is float:
        shape, dtype = (), None
    else:
        shape, dtype = like.shape, like.dtype
    try:
        if d.shape == shape and (d.dtype == dtype or dtype is None and isinstance(d, Node)):
            return d
    except AttributeError:  # a Python number, None, or no gradient at all
        pass
    if not isinstance(d, Node | np.ndarray | np.generic | float | int) or np.dtype(getattr(d, "dtype", float)).kind not in "fiub":
        raise GradientRuleError(f"the gradient rule of {node.op.name} for its input {node.op.input_name(i)} returned "
                                f"{type(d).__name__}, not an array of real numbers")
    if np.shape(d) != shape:
        d = _unbroadcast(d, shape, node, i)
    if isinstance(d, Node):
        return d if dtype is None or d.dtype == dtype else ops.astype(d, dtype)
    return float(d) if dtype is None else np.asarray(d, dtype)


def _unbroadcast(d: Any, shape: tuple[int, ...], node: Node, i: int) -> Any:
    """The sum of d over the axes along which an array of the given shape was broadcast."""
    have, output = np.shape(d), np.shape(node._data)
    extra = len(have) - len(shape)
    fits = extra >= 0 and all(n in (1, m) for n, m in zip(shape, have[extra:], strict=False))
    if not fits and _broadcasts(have, shape) and (have == () or have == output):
        return np.broadcast_to(d, shape)  # a rule may leave a constant as a single number
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
