"""The view `"modules"` in DOT: a box for each layer, a frame for each module made of modules."""

from typing import TYPE_CHECKING

from tinygrad_edu.drawing.dot_labels import FONT, GAP, cell, table, tooltip
from tinygrad_edu.drawing.labels import NO_GRADIENT
from tinygrad_edu.drawing.themes import Theme

if TYPE_CHECKING:
    from tinygrad_edu.drawing.modules_view import Flow, Layer, ModulesView


def to_dot(view: "ModulesView", theme: Theme) -> str:
    """The layers in DOT: boxes are called n1, n2, ... in the order of computation, arrows e1, e2, ..."""
    import graphviz

    dot = graphviz.Digraph(
        "network",
        graph_attr={"rankdir": "TB" if view.downwards else "LR", "bgcolor": theme.background, "pad": "0.15",
                    "nodesep": "0.35", "ranksep": "0.32", "label": view.notice, "labelloc": "t", "labeljust": "l",
                    "fontname": FONT, "fontsize": "12", "fontcolor": theme.muted},
        node_attr={"fontname": FONT, "margin": "0.14,0.07", "penwidth": "1.3"},
        edge_attr={"fontname": FONT, "color": theme.line, "arrowsize": "0.7", "penwidth": "1.2"},
    )
    inside: dict[int | None, list[int]] = {}
    for place, layer in enumerate(view.layers):
        inside.setdefault(layer.container, []).append(place)
    frames = {c: graphviz.Digraph(f"cluster{c + 1}", graph_attr=_frame(container.title, theme))
              for c, container in enumerate(view.containers)}
    for container, places in inside.items():
        for place in places:
            name = f"n{place + 1}"
            frame = dot if container is None else frames[container]
            frame.node(name, _label(view.layers[place], theme), id=name, tooltip=tooltip(_about(view.layers[place])),
                       **_look(view.layers[place], theme))
    for c, frame in sorted(frames.items(), reverse=True):  # the inner ones first: a frame is copied when it is put in
        within = view.containers[c].within
        (dot if within is None else frames[within]).subgraph(frame)
    for k, flow in enumerate(view.flows):
        skip = {"color": theme.highlight, "penwidth": "2", "label": table(cell("skip", theme.highlight, 9), padding=3)}
        dot.edge(f"n{flow.source + 1}", f"n{flow.target + 1}", id=f"e{k + 1}", tooltip=tooltip(_flows(view, flow)),
                 **(skip if flow.skips else {}))
    for place, layer in enumerate(view.layers):
        if layer.previous_use is not None:
            dot.edge(f"n{layer.previous_use + 1}", f"n{place + 1}", constraint="false", style="dotted", dir="none",
                     color=theme.parameter_line, tooltip="the same module, with the same parameters")
    return dot.source


def _frame(title: str, theme: Theme) -> dict[str, str]:
    return {"label": table(cell(title, theme.muted, 10, align="left")), "labeljust": "l", "style": "filled,rounded",
            "fillcolor": theme.module, "color": theme.module_line, "margin": "10", "tooltip": tooltip(title)}


def _look(layer: "Layer", theme: Theme) -> dict[str, str]:
    role = "data" if layer.role == "data" else "parameter" if layer.parameters else "op"
    shape = {"data": "box", "layer": "box", "op": "ellipse"}[layer.role]
    look = {"shape": shape, "style": "filled,rounded" if layer.role == "layer" else "filled",
            "fillcolor": getattr(theme, role), "color": getattr(theme, f"{role}_line")}
    if layer.role == "op":
        look["margin"] = "0.02,0"
    if layer.is_result:
        look |= {"fillcolor": theme.result, "color": theme.result_line, "peripheries": "2"}
    return look


def _label(layer: "Layer", theme: Theme) -> str:
    head = cell(layer.kind, theme.ink, 13, align="center", bold=layer.role == "layer")
    about = GAP.join(text for text in (layer.path, layer.about, layer.shared) if text)
    if layer.keeps_shape and not layer.parameters:  # in one line: such as an activation
        return table(head + cell(f"{GAP}{about}", theme.muted, 10) if about else head)
    rows = [head]
    if about:
        rows.append(cell(about, theme.muted, 10, align="center"))
    if layer.shapes:
        rows.append(cell(layer.shapes, theme.ink, 10, align="center"))
    if layer.parameters:
        rows.append(cell(layer.learns, theme.ink, 10, align="center"))
        rows.append(cell(f"norm {layer.norm}, gradient {layer.gradient or NO_GRADIENT}", theme.gradient, 10,
                         align="center"))
    return table(*rows)


def _about(layer: "Layer") -> str:
    if not layer.parameters:
        return f"{layer.name}: {layer.shapes}"
    return (f"{layer.name}: {layer.shapes}; {layer.learns} of norm {layer.norm}, gradient of norm "
            f"{layer.gradient or NO_GRADIENT}")


def _flows(view: "ModulesView", flow: "Flow") -> str:
    source, target = view.layers[flow.source], view.layers[flow.target]
    what = f"{flow.shape} from {source.name} to {target.name}"
    return f"{what}: a skip connection" if flow.skips else what
