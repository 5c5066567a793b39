"""`step.graph()`: the calls of a program as boxes, in frames for forward, backward and update."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.compiler.functions import slice_of
from tinygrad_edu.compiler.program import SECTIONS, Call, Variable
from tinygrad_edu.drawing.dot_labels import FONT, cell, table, tooltip
from tinygrad_edu.drawing.themes import Theme

if TYPE_CHECKING:
    from tinygrad_edu.compiler.step import Step

TITLES = {"multiply": "·", "add": "+", "subtract": "−", "divide": "/", "matmul": "@", "negative": "−"}


@dataclass(frozen=True, slots=True)
class Node:
    """An array that the program is given, or a call: what it makes, its shape, the formula it belongs to."""

    title: str
    name: str
    shape: tuple[int, ...]
    role: str  # "data", "parameter", "op" or "result"
    section: str
    about: str
    inputs: tuple[int, ...]  # places of other nodes


class ProgramView:
    """What `GraphDrawing` shows of a program. Views of memory, as transposes, are part of the calls that read them."""

    def __init__(self, step: "Step", name: str, max_nodes: int) -> None:
        self.title = f"the program of {name}"
        self.nodes: list[Node] = []
        self._places: dict[Variable, int] = {}
        self._step = step
        results = {_origin(variable) for variable in step.results}
        calls = [call for call in step.plan.calls if call.view is None and not call.y.is_python]
        self.notice = f"the first {max_nodes} of {len(calls)} calls" if len(calls) > max_nodes else ""
        for call in calls[:max_nodes]:
            inputs = tuple(dict.fromkeys(self._given(_origin(x)) for x in call.inputs() if not x.is_python))
            role = "result" if call.y in results else "op"
            self._add(call.y, Node(_title(call), call.y.name, np.shape(call.y.value), role, call.section,
                                   call.note, inputs))
        del self._step  # it holds plain data now

    def _given(self, variable: Variable) -> int:
        """The place of what a call reads; what no call made gets a box of its own."""
        if variable not in self._places:
            role = "data" if variable in self._step.program.arguments else "parameter"
            text = self._step.text.text(variable) if role == "data" else variable.name or "number"
            self._add(variable, Node(text, "", np.shape(variable.value), role, "", f"{role} {text}", ()))
        return self._places[variable]

    def _add(self, variable: Variable, node: Node) -> None:
        self._places[variable] = len(self.nodes)
        self.nodes.append(node)

    @property
    def description(self) -> str:
        """How many calls there are in each section."""
        counts = {section: sum(node.section == section for node in self.nodes) for section in SECTIONS}
        return "; ".join(f"{section}: {n} calls" for section, n in counts.items() if n) + "."

    def text(self) -> str:
        """A line for each call: what it makes, of what."""
        lines, section = [], ""
        for node in self.nodes:
            if not node.section:
                continue
            if node.section != section:
                section = node.section
                lines.append(f"{section}:")
            made_of = ", ".join(self.nodes[i].name or self.nodes[i].title for i in node.inputs)
            lines.append(f"  {node.name or node.title} {_shape(node.shape)} = {node.title}({made_of})")
        return "\n".join([*lines, *([f"({self.notice})"] if self.notice else [])])

    def dot(self, theme: Theme) -> str:
        """The calls in DOT: boxes n1, n2, ... in order, arrows e1, e2, ..."""
        import graphviz

        dot = graphviz.Digraph(
            "program", graph_attr={"rankdir": "TB", "bgcolor": theme.background, "pad": "0.15", "label": self.notice,
                                   "fontname": FONT, "fontsize": "12", "fontcolor": theme.muted},
            node_attr={"fontname": FONT, "margin": "0.1,0.05", "penwidth": "1.3", "style": "filled"},
            edge_attr={"fontname": FONT, "color": theme.line, "arrowsize": "0.7"})
        frames = {section: graphviz.Digraph(f"cluster_{section}", graph_attr={
            "label": table(cell(section, theme.muted, 11, align="left")), "labeljust": "l", "style": "filled,rounded",
            "fillcolor": theme.module, "color": theme.module_line, "tooltip": section}) for section in SECTIONS}
        for i, node in enumerate(self.nodes):
            rows = [cell(node.title, theme.ink, 14, bold=node.section != "")]
            if node.name:
                rows.append(cell(node.name, theme.ink, 10))
            rows.append(cell(_shape(node.shape), theme.muted, 9))
            look = {"shape": "ellipse" if node.section else "box", "fillcolor": getattr(theme, node.role),
                    "color": getattr(theme, f"{node.role}_line")}
            frames.get(node.section, dot).node(f"n{i + 1}", table(*rows), id=f"n{i + 1}",
                                               tooltip=tooltip(node.about or node.title), **look)
        for section, frame in frames.items():
            if any(node.section == section for node in self.nodes):
                dot.subgraph(frame)
        arrows = [(source, target) for target, node in enumerate(self.nodes) for source in node.inputs]
        for k, (source, target) in enumerate(arrows):
            names = [self.nodes[i].name or self.nodes[i].title for i in (source, target)]
            dot.edge(f"n{source + 1}", f"n{target + 1}", id=f"e{k + 1}", tooltip=tooltip(" → ".join(names)))
        return dot.source


def _origin(variable: Variable) -> Variable:
    """What a view looks at: what a call made, an argument, or a parameter, which is part of a flat vector."""
    while (call := variable.made_by) is not None and call.view is not None and not (
            call.function is slice_of and variable.name):
        variable = call.view
    return variable


def _title(call: Call) -> str:
    name = str(getattr(call.function, "__name__", type(call.function).__name__))
    owner: Any = getattr(call.function, "__self__", None)
    return f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else TITLES.get(name, name)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) if shape else "()"
