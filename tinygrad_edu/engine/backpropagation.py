"""The backward pass: node by node, newest first, an input's gradient is the sum of the shares of all its edges.

Read `pull_back` first: it is the whole idea in ten lines, and the one that transforms use. `backpropagate` does the
same for `Value.backward`, which has to be quick: without making a topological order first, and with the sums kept in
the nodes instead of in a dictionary.
"""

from collections.abc import Callable, Iterable, Sequence
from threading import RLock
from typing import Any

from tinygrad_edu.engine import modes
from tinygrad_edu.engine.chain_rule import shares
from tinygrad_edu.engine.graph import Node, ancestors, check_unchanged, last_change
from tinygrad_edu.engine.primitive import passed_on, times_a, times_b

MOST_MISSES = 1000
"""Ticks of the clock that made nothing of this graph, after which `_count_down` makes an order of what is left."""

_one_at_a_time = RLock()  # sums are kept in the nodes, which other threads may share
_running: Node | None = None  # the root of the pass that is under way in the thread that holds the lock
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


def backpropagate(root: Node, seed: Any) -> None:
    """Put dJ/dx into the `grad` of every x that J = root was made from, given its own, `seed`; add it to a leaf's.

    Errors: MutationError, GradientRuleError; those that a rule raises. Every gradient is then what it was before.
    """
    global _running
    with _one_at_a_time:
        if root.op is None:
            _put(_totals([root], [seed]))
        elif _running is not None or modes.watching() or modes.tracing():
            _one_after_the_other(root, seed)
        else:
            try:
                _running = root
                _count_down(root, seed)
            finally:
                _running = None


def _totals(leaves: Iterable[Node], sums: Iterable[Any]) -> list[tuple[Node, Any]]:
    """What the gradients of leaves add up to."""
    return [(x, g if x.grad is None else x.grad + g) for x, g in zip(leaves, sums, strict=True) if g is not None]


def _put(gradients: Sequence[tuple[Node, Any]]) -> None:
    """Put the gradients into their nodes: all, or none if Ctrl-C strikes."""
    earlier = [(x, x.grad) for x, _ in gradients]
    try:
        for x, g in gradients:
            x.grad = g
    except BaseException:
        for x, g in earlier:
            x.grad = g
        raise


def _one_after_the_other(root: Node, seed: Any) -> None:
    """The backward pass by `pull_back`: where it is watched or traced, and where a rule calls backward within one."""
    nodes, leaves = ancestors([root])
    check_unchanged(nodes)
    watching, trace = modes.watching(), modes.tracing()
    if watching:
        modes.check_unwritten(nodes)
    inspect = trace.inspect if trace else modes.watch_backward if watching else None
    gradients, sums = pull_back(nodes, leaves, seed, inspect=inspect)
    check_unchanged(nodes)
    # those that the pass around this one goes through hold its sums
    since = 0 if _running is None else _running.time
    found = [(x, g) for x, g in zip(nodes, gradients, strict=True) if g is not None and x.time > since]
    _put([*found, *_totals(leaves, sums)])


def _count_down(root: Any, seed: Any) -> None:
    """The backward pass, quick: every node has a time of its own, an input's before its output's.

    So when the time of a node has come, counting down, all that was computed from it has passed on its gradient: the
    times are a topological order. Counting over a tick that made nothing of this graph costs a small part of what
    making it cost. The shares of a computed node add up in its `grad`, those of a leaf in its `_sum`.

    For every node: find the share of each input by `shares`, and deliver it. Where a node and its inputs are single
    numbers both are written out for two inputs, a and b: a scalar graph has thousands of these nodes.
    """
    global _unfinished
    if _unfinished is not None:
        for x in ancestors([_unfinished])[1]:
            x._sum = None
    reached = {root.time: root}  # computed nodes whose time has not come yet
    nodes: list[Any] = []
    leaves: list[Any] = []
    earlier = [(root, root.grad)]  # gradients of an earlier pass
    change = last_change()
    times: Iterable[int] = range(root.time, change, -1)
    misses = 0
    _unfinished = root
    try:
        root.grad = seed
        while reached:
            for time in times:
                node = reached.get(time)
                if node is None:
                    misses += 1
                    if misses == MOST_MISSES or not reached:
                        break
                    continue
                nodes.append(node)
                del reached[time]
                g = node.grad
                rules = node.float_rules
                if rules is not None:
                    rule_a, rule_b = rules
                    a = node._x1
                    b = node._x2
                    try:  # by the names of the three most frequent rules, without a call
                        if rule_b is not None:
                            b_data = b._numbers
                            if rule_a is passed_on:
                                d_a = g
                            elif rule_a is times_b:
                                d_a = g * b_data
                            else:
                                d_a = _as_float(rule_a(g, node._numbers, a._numbers, b_data))
                            if rule_b is passed_on:
                                d_b = g
                            elif rule_b is times_a:
                                d_b = g * a._numbers
                            else:
                                d_b = _as_float(rule_b(g, node._numbers, a._numbers, b_data))
                        elif b is None:
                            d_a = rule_a(g, node._numbers, a._numbers)
                            if type(d_a) is not float:
                                d_a = _as_float(d_a)
                        elif rule_a is passed_on:  # b is a constant, here and below
                            d_a = g
                        elif rule_a is times_b:
                            d_a = g * b
                        else:
                            d_a = _as_float(rule_a(g, node._numbers, a._numbers, b))
                    except (ArithmeticError, TypeError):  # as 1/0 in Python's numbers, or no number: `shares` knows
                        rules = None
                if rules is None:
                    for _, x, d in shares(node, g):
                        if x.op is None:
                            if x._sum is None:
                                leaves.append(x)
                                x._sum = d
                            else:
                                x._sum = x._sum + d  # not in place: a rule may have returned what others have, too
                        elif x.grad is None:
                            reached[x.time] = x
                            x.grad = d
                        elif x.time in reached:
                            x.grad = x.grad + d
                        else:
                            earlier.append((x, x.grad))
                            reached[x.time] = x
                            x.grad = d
                    continue
                if rule_b is not None:
                    if b.op is None:
                        if b._sum is None:
                            leaves.append(b)
                            b._sum = d_b
                        else:
                            b._sum += d_b
                    elif b.grad is None:
                        reached[b.time] = b
                        b.grad = d_b
                    elif b.time in reached:
                        b.grad += d_b
                    else:
                        earlier.append((b, b.grad))
                        reached[b.time] = b
                        b.grad = d_b
                if a.op is None:
                    if a._sum is None:
                        leaves.append(a)
                        a._sum = d_a
                    else:
                        a._sum += d_a
                elif a.grad is None:
                    reached[a.time] = a
                    a.grad = d_a
                elif a.time in reached:
                    a.grad += d_a
                else:
                    earlier.append((a, a.grad))
                    reached[a.time] = a
                    a.grad = d_a
            if reached:  # made before the last change of data, or long before the rest
                order = ancestors(reached.values())[0]
                check_unchanged(order)
                times = [x.time for x in order]
        if last_change() != change:  # by a rule, or another thread
            check_unchanged(nodes)
        _put(_totals(leaves, [x._sum for x in leaves]))
    except BaseException:
        for x in (*nodes, *reached.values()):
            x.grad = None
        for x, g in earlier:
            x.grad = g
        raise
    finally:
        for x in leaves:
            x._sum = None
        _unfinished = None


def _as_float(share: Any) -> float:
    """The share of a number as one of Python's, where NumPy's functions made it one of NumPy's; else TypeError."""
    if not isinstance(share, float):
        raise TypeError
    return float(share)
