"""The backward pass: node by node, newest first, an input's gradient is the sum of the shares of all its edges.

Read `pull_back` first: it is the whole idea in ten lines, and the one that transforms use. `backpropagate` does the
same for `Value.backward`, which has to be quick: without making a topological order first, and with the sums kept in
the nodes instead of in a dictionary.
"""

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any

from tinygrad_edu.engine.chain_rule import shares
from tinygrad_edu.engine.graph import Node, ancestors, check_unchanged, last_change

LONGEST_PAUSE = 1000
"""Ticks of the clock without a node of the graph, after which `backpropagate` makes an order of the rest."""

one_at_a_time = RLock()
"""`backpropagate` keeps sums in the nodes, which other threads may share."""

_running = False  # whether a pass is under way in the thread that holds the lock
_unfinished: Node | None = None  # the root of a pass that has not cleared its sums, as Ctrl-C struck at a bad moment


def pull_back(nodes: Sequence[Node], ends: Sequence[Node], seed: Any, *, as_graph: bool = False,
              inspect: Callable[[Node, int, Any], None] | None = None) -> tuple[list[Any], list[Any]]:
    """The gradients of J by the nodes and by the ends, given the first one's, `seed`; None where none arrives.

    Args:
        nodes: computed nodes, newest first, such as those of `ancestors`.
        ends: other nodes whose gradients are asked for, such as the leaves. No other gradient is computed.
        as_graph: run the rules on the nodes, not on their data, so that the gradients are a graph themselves.
        inspect: called with (node, number of the input, share) for every edge.
    """
    gradients: dict[Node, Any] = dict.fromkeys([*nodes, *ends])
    if nodes:
        gradients[nodes[0]] = seed
    for node in nodes:
        g = gradients[node]
        if g is None:  # reached only through inputs that have no gradient, such as class labels
            continue
        for i, x, d in shares(node, g, as_graph, gradients.__contains__):
            if inspect is not None:
                inspect(node, i, d)
            gradients[x] = d if gradients[x] is None else gradients[x] + d
    return [gradients[x] for x in nodes], [gradients[x] for x in ends]


def backpropagate(root: Node, seed: Any) -> tuple[list[Node], list[Any], list[Node], list[Any]]:
    """The gradients of J = root, given its own, `seed`: (nodes, their gradients, leaves, their gradients).

    Nodes and leaves are those that a gradient reaches.

    Errors: MutationError, GradientRuleError; those that a rule raises. Nothing is changed then.
    """
    global _running, _unfinished
    with one_at_a_time:
        if _running:  # a gradient rule has called backward, and the sums in the nodes are those of the outer pass
            nodes, leaves = ancestors([root])
            check_unchanged(nodes)
            of_nodes, of_leaves = pull_back(nodes, leaves, seed)
            return nodes, of_nodes, leaves, of_leaves
        if _unfinished is not None:
            for nodes in ancestors([_unfinished]):
                for x in nodes:
                    x._g = None
        _running, _unfinished = True, root
        try:
            return _count_down(root, seed)
        finally:
            _running = False


def _count_down(root: Any, seed: Any) -> tuple[list[Node], list[Any], list[Node], list[Any]]:
    global _unfinished
    # Every node has a time of its own, an input's before its output's. So when the time of a node has come, counting
    # down, all that was computed from it has passed on its gradient: the times are a topological order. Counting over a
    # tick that made nothing of this graph costs a small part of what making it cost.
    reached = {root.time: root}  # computed nodes whose time has not come yet
    node = None
    nodes: list[Any] = []
    leaves: list[Any] = []
    change = last_change()
    times = iter(range(root.time, 0, -1))
    pause = 0
    root._g = seed
    try:
        while reached:
            node = reached.pop(next(times), None)
            if node is None:
                pause += 1
                if pause == LONGEST_PAUSE:
                    times = iter([x.time for x in ancestors(reached.values())[0]])
                continue
            pause = 0
            nodes.append(node)
            if node.time < change:
                check_unchanged([node])
            g = node._g
            y = node._numbers
            op = node.op
            if type(y) is float and op.quick:
                # What stands below, once more for one or two numbers: a scalar graph has thousands of these.
                a = node._x1
                b = node._x2
                try:
                    if b is None:
                        d = op.rules[0](g, y, a._numbers)
                        e = None
                    else:
                        x1 = a._numbers if isinstance(a, Node) else a
                        x2 = b._numbers if isinstance(b, Node) else b
                        rule_a, rule_b = op.rules
                        d = None if x1 is a else rule_a(g, y, x1, x2)
                        e = None if x2 is b else rule_b(g, y, x1, x2)
                    if (d is None or isinstance(d, float)) and (e is None or isinstance(e, float)):
                        if d is not None:
                            if type(d) is not float:
                                d = float(d)
                            if a._g is not None:
                                a._g += d
                            else:
                                if a.op is None:
                                    leaves.append(a)
                                else:
                                    reached[a.time] = a
                                a._g = d
                        if e is not None:
                            if type(e) is not float:
                                e = float(e)
                            if b._g is not None:
                                b._g += e
                            else:
                                if b.op is None:
                                    leaves.append(b)
                                else:
                                    reached[b.time] = b
                                b._g = e
                        continue
                except Exception:  # which `shares` will meet again, and knows what to do
                    pass
            for _, x, d in shares(node, g):
                if x._g is not None:
                    x._g = x._g + d  # not in place: a rule may have returned an array that others have, too
                else:
                    if x.op is None:
                        leaves.append(x)
                    else:
                        reached[x.time] = x
                    x._g = d
        return nodes, [x._g for x in nodes], leaves, [x._g for x in leaves]
    finally:
        for x in (*nodes, *reached.values(), *leaves, node):
            if x is not None:
                x._g = None
        _unfinished = None
