"""Which layer made which node: the calls of modules in a graph, one within the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from tinygrad_edu.engine.graph import Node

AnyNode = TypeVar("AnyNode", bound=Node)


@dataclass(eq=False)
class Call:
    """One call of a module; a shared one is called several times."""

    module: Any  # nn is on a higher level than this module; here a module is whatever left a note
    since: int  # its nodes are those made later than this,
    until: int  # and not later than this
    within: "Call | None" = None
    path: str = ""  # of the module in the outermost one, such as `layers.0`; empty for the outermost itself

    @property
    def kind(self) -> str:
        """The name of the module's class."""
        return type(self.module).__name__

    @property
    def about(self) -> str:
        """What the module says of itself: `64 → 8`."""
        try:
            about = self.module.describe()
        except Exception:  # a module of somebody else's, without it
            return ""
        return about.replace("->", "→") if isinstance(about, str) else ""

    @property
    def lineage(self) -> tuple["Call", ...]:
        """The calls it is within, from the outermost, and itself."""
        calls: list[Call] = []
        call: Call | None = self
        while call is not None:
            calls.append(call)
            call = call.within
        return tuple(reversed(calls))


def innermost_calls(nodes: Iterable[AnyNode]) -> dict[AnyNode, Call]:
    """The innermost call that made each node, for those that one did make; in the order of time.

    Calls begin and end like brackets. So the nodes of one are those made between its begin and the last of its
    outputs, and what an inner one made is not the outer one's own.
    """
    computed = sorted((node for node in nodes if node.op is not None), key=lambda node: node.time)
    found: dict[int, Call] = {}  # by the time of its begin, which no other has
    for node in computed:
        for module, since in node.note("calls", []):
            call = found.setdefault(since, Call(module, since, node.time))
            call.until = node.time  # a module may return several nodes: up to the last
    beginning = sorted(found.values(), key=lambda call: call.since, reverse=True)
    made_by: dict[AnyNode, Call] = {}
    running: list[Call] = []
    for node in computed:
        while beginning and beginning[-1].since < node.time:
            call = beginning.pop()
            _end(running, call.since)
            call.within = running[-1] if running else None
            for outer in running:  # its output may be older than what was made last in it
                outer.until = max(outer.until, call.until)
            running.append(call)
        _end(running, node.time - 1)
        if running:
            made_by[node] = running[-1]
    paths: dict[int, dict[int, str]] = {}  # of each outermost module: those of the modules in it
    for call in found.values():
        outermost = call.lineage[0].module
        if id(outermost) not in paths:
            named = outermost.named_modules() if hasattr(outermost, "named_modules") else ()
            paths[id(outermost)] = {id(module): path for path, module in named}
        call.path = paths[id(outermost)].get(id(call.module), "")
    return made_by


def _end(running: list[Call], time: int) -> None:
    """Take away the calls that have ended at a time."""
    while running and running[-1].until <= time:
        running.pop()
