"""The graph as data: nodes that know the op and the inputs that made them, and walks along them."""

from collections.abc import Iterable, Sequence
from itertools import count
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.engine.primitive import Op, Operand, Rule
from tinygrad_edu.errors import MutationError, OptionError

clock = count(1)
"""One tick for every node made and every change of data: an input's time is always before its output's."""

NO_OPTIONS: dict[str, Any] = {}


class Node(Operand):
    """A place in the graph: data, and the op, inputs and options it was computed from (a leaf has no op).

    A node knows its inputs, never its users: no reference cycles, so a graph is freed with its last Value.
    """

    __slots__ = ("__weakref__", "_notes", "_numbers", "_sum", "_x1", "_x2", "float_rules", "grad", "op", "options",
                 "time")

    _numbers: Any
    grad: Any
    op: Op | None
    options: dict[str, Any]
    float_rules: tuple[Rule, Rule | None] | None  # of the inputs that are nodes, if all are single Python numbers
    time: int
    # One or two inputs stand here themselves, any other number of them in _x1 as a tuple. To have no tuple for the
    # usual ops halves the objects that the garbage collector visits: a fifth of the time of a graph of numbers.
    _x1: Any
    _x2: Any
    _sum: Any  # only of a leaf: during a backward pass what has arrived so far, otherwise None
    # what few nodes have: "name", "changed" (when, by what), "origin" (for detect_anomaly), "calls" (of layers, the
    # innermost first: which, and since when); not there, or None, if there is nothing to note
    _notes: dict[str, Any] | None

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
        notes = getattr(self, "_notes", None)
        return default if notes is None else notes.get(key, default)

    def add_note(self, key: str, value: Any) -> None:
        """Note something that few nodes have; the others pay nothing for it."""
        try:
            self._notes[key] = value  # type: ignore[index]
        except (AttributeError, TypeError):
            self._notes = {key: value}

    def add_call(self, maker: Any, since: int) -> None:
        """Note that it is what `maker`, a layer, made of nodes older than the time `since`: pictures show it as one.

        One that only passed on what it was given, such as dropout in evaluation, made nothing.
        """
        if self.op is None or self.time < since:
            return
        try:
            notes = self._notes
        except AttributeError:
            notes = None
        if notes is None:
            self._notes = {"calls": [(maker, since)]}
        else:
            notes.setdefault("calls", []).append((maker, since))

    @property
    def name(self) -> str:
        """What it is called in drawings and messages; empty if it has no name."""
        return self.note("name", "")

    @name.setter
    def name(self, name: str) -> None:
        if not isinstance(name, str):
            raise OptionError(f"the name of a Value must be a string, not {name!r}")
        self.add_note("name", name)

    def mark_changed(self, by: str) -> None:
        """Note that the data is not what it was: a gradient that needs the old data is an error from now on."""
        global _last_change
        _last_change = next(clock)
        self.add_note("changed", (_last_change, by))

    def describe(self) -> str:
        """How a message calls this node: `'weight' (3, 2)`, `a Value of shape (3,)`."""
        name, shape = self.name, np.shape(self._numbers)
        return f"{name!r} {shape}" if name else f"a {type(self).__name__} of shape {shape}"


_last_change = 0  # the time of the latest change of any node's data


def mark_all_changed(nodes: Iterable[Node], by: str) -> None:
    """`mark_changed` of several nodes, at one time."""
    global _last_change
    _last_change = next(clock)
    note = _last_change, by
    for node in nodes:
        try:  # as add_note does, without a call for each
            node._notes["changed"] = note  # type: ignore[index]
        except (AttributeError, TypeError):
            node._notes = {"changed": note}


def ancestors(roots: Iterable[Node], since: int = 0) -> tuple[list[Node], list[Node]]:
    """The computed nodes that the roots depend on, themselves too, newest first: each before its inputs.

    And the nodes where the walk ends: the leaves, and those made before the time `since`.
    """
    computed: list[Node] = []
    ends: list[Node] = []
    seen = set(roots)
    waiting = list(seen)
    while waiting:
        node = waiting.pop()
        if node.op is None or node.time < since:
            ends.append(node)
            continue
        computed.append(node)
        for x in node.parents:
            if x not in seen:
                seen.add(x)
                waiting.append(x)
    computed.sort(key=attrgetter("time"), reverse=True)
    return computed, sorted(ends, key=attrgetter("time"))


def on_the_way_to(targets: Iterable[Node], nodes: Sequence[Node]) -> list[Node]:
    """Those of the nodes (newest first) that depend on one of the targets, in the same order."""
    reached = set(targets)
    way = []
    for node in reversed(nodes):
        if not reached.isdisjoint(node.parents):
            reached.add(node)
            way.append(node)
    return way[::-1]


def last_change() -> int:
    """The time of the latest change of any node's data: what was computed later cannot have been changed."""
    return _last_change


def check_unchanged(nodes: Iterable[Node]) -> None:
    """Raise MutationError if data that one of the nodes saved was changed after it was computed."""
    for node in nodes:
        if node.time > _last_change or node.op is None:
            continue
        for x in (node, *node.parents):
            when, by = x.note("changed", (0, ""))
            if when > node.time:
                what, op = "output" if x is node else "input", node.op.name
                raise MutationError(f"backward of {op}: its {what} {x.describe()} was changed by {by} after {op} had "
                                    "used it, so its gradient would be wrong. Compute the forward pass again after "
                                    "the change, or call backward() before it.")
