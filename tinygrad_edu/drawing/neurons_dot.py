"""The view `"neurons"` in DOT. Every unit has its place, so that any Graphviz draws the same columns."""

import math
from collections import Counter
from typing import TYPE_CHECKING

from tinygrad_edu.drawing.dot_labels import FONT, cell, table, tooltip
from tinygrad_edu.drawing.labels import number, signed
from tinygrad_edu.drawing.themes import Theme

if TYPE_CHECKING:
    from tinygrad_edu.drawing.neurons_view import Column, NeuronsView, Unit, Weight

# in points
UNIT, BIAS = 50, 34  # diameters
GAP = 12  # between them
ELLIPSIS = 40  # the room for ⋮
THINNEST, THICKEST = 0.5, 4.5  # lines
FEW_WEIGHTS = 6
"""So many lines between two columns at most have their numbers on them; for more there is no room."""


def to_dot(view: "NeuronsView", theme: Theme) -> str:
    """The network in DOT: units are called n1, n2, ... column by column, weights e1, e2, ..."""
    import graphviz

    halves = [_height(column) / 2 for column in view.columns]
    bottom = -max(halves)
    top = max(half + _room_for_bias(column) for half, column in zip(halves, view.columns, strict=True))
    across = min(max(160.0, 0.4 * (top - bottom)), 260.0)
    # dot reads `layout` and then leaves every node where it is; inputscale=72: positions are in points
    dot = graphviz.Digraph(
        "network",
        graph_attr={"layout": "neato", "inputscale": "72", "splines": "line", "outputorder": "edgesfirst",
                    "bgcolor": theme.background, "pad": "0.15"},
        node_attr={"fontname": FONT, "shape": "circle", "style": "filled", "fixedsize": "true", "penwidth": "1.3"},
        edge_attr={"fontname": FONT, "arrowhead": "none"},
    )
    places: list[tuple[float, float]] = []
    for c, column in enumerate(view.columns):
        x, y = c * across, halves[c] + _room_for_bias(column)
        heading = [cell(column.title, theme.ink, 13, bold=True, align="center"),
                   cell(_count(column.size, column.left_out), theme.muted, 10, align="center")]
        heading.append(cell(column.activation, theme.muted, 10, align="center"))
        _text(dot, f"title{c + 1}", table(*heading), x, top + 32)
        for unit in column.units:
            size = BIAS if unit.role == "bias" else UNIT
            y -= size / 2
            places.append((x, y))
            name = f"n{len(places)}"
            dot.node(name, _label(unit, column.activation, theme), id=name, pos=_at(x, y), tooltip=tooltip(unit.about),
                     width=f"{size / 72:.4g}", **_look(unit, theme))
            y -= size / 2 + GAP
        if column.left_out:
            more = table(cell("⋮", theme.ink, 22, align="center"))
            _text(dot, f"n{len(places)}_more", more, x, y - (ELLIPSIS - GAP) / 2 + 4,
                  tooltip=tooltip(f"{column.left_out:,} more units"))
    largest = view.largest
    crowd = Counter(places[weight.source][0] for weight in view.weights)
    for k, weight in enumerate(view.weights):
        (x1, y1), (x2, y2) = places[weight.source], places[weight.target]
        dot.edge(f"n{weight.source + 1}", f"n{weight.target + 1}", id=f"e{k + 1}", tooltip=tooltip(weight.about),
                 **_line(weight, largest, theme))
        if crowd[x1] <= FEW_WEIGHTS:
            colour = theme.negative if weight.value < 0 else theme.positive
            value = table(cell(signed(weight.value, 3), colour, 9), padding=0)
            # nearer the source: there the lines to a unit have not met yet
            _text(dot, f"weight{k + 1}", value, x1 + 0.34 * (x2 - x1), y1 + 0.34 * (y2 - y1), style="filled",
                  fillcolor=theme.background, tooltip=tooltip(weight.about))
    for c, (name, about) in enumerate(view.thetas):
        rows = (cell(name, theme.ink, 12, align="center"), cell(about, theme.muted, 9, align="center"))
        _text(dot, f"theta{c + 1}", table(*rows), (c + 0.5) * across, bottom - 26)
    _text(dot, "legend", _legend(view, theme), (len(view.columns) - 1) * across / 2, bottom - 66)
    return dot.source


def _height(column: "Column") -> float:
    """Of the units without the bias, which stands above: columns are centred by their units."""
    units = sum(unit.role != "bias" for unit in column.units)
    return units * UNIT + (units - 1) * GAP + (ELLIPSIS if column.left_out else 0)


def _room_for_bias(column: "Column") -> float:
    return BIAS + GAP if any(unit.role == "bias" for unit in column.units) else 0


def _count(size: int, left_out: int) -> str:
    if left_out:
        return f"first {size - left_out} of {size:,}"
    return f"{size} unit{'' if size == 1 else 's'}"


def _at(x: float, y: float) -> str:
    return f"{x:.6g},{y:.6g}!"  # ! says that it must stay there


def _text(dot: "object", name: str, label: str, x: float, y: float, **attributes: str) -> None:
    """A text at a place: a node without a line around it."""
    look = {"shape": "plaintext", "style": "", "fixedsize": "false", "margin": "0", "width": "0", "height": "0"}
    dot.node(name, label, pos=_at(x, y), **look | attributes)  # type: ignore[attr-defined]


def _label(unit: "Unit", activation: str, theme: Theme) -> str:
    if unit.role == "bias":
        return table(cell(unit.name, theme.ink, 11, align="center"))
    rows = [cell(unit.name, theme.ink, 12, align="center")]
    second = unit.value or (activation if len(activation) <= 8 else "")
    if second:
        rows.append(cell(second, theme.ink if unit.value else theme.muted, 9, align="center"))
    return table(*rows, padding=0)


def _look(unit: "Unit", theme: Theme) -> dict[str, str]:
    role = {"input": "data", "bias": "parameter", "hidden": "op", "output": "result"}[unit.role]
    look = {"fillcolor": getattr(theme, role), "color": getattr(theme, f"{role}_line")}
    if unit.role == "output":
        look["peripheries"] = "2"
    if unit.role == "bias":
        look["style"] = "filled,dashed"
    if unit.value and not math.isfinite(float(unit.value.replace("−", "-"))):
        look |= {"color": theme.bad, "penwidth": "3"}
    return look


def _line(weight: "Weight", largest: float, theme: Theme) -> dict[str, str]:
    """Sign by colour and by dashes, so that it can be seen in black and white; size by width."""
    if not math.isfinite(weight.value):
        return {"color": theme.bad, "style": "dotted", "penwidth": "2"}
    if weight.value == 0:
        return {"color": theme.line, "style": "dotted", "penwidth": f"{THINNEST}"}
    width = THINNEST + (THICKEST - THINNEST) * abs(weight.value) / largest
    colour, style = (theme.negative, "dashed") if weight.value < 0 else (theme.positive, "solid")
    return {"color": colour, "style": style, "penwidth": f"{width:.3g}"}


def _legend(view: "NeuronsView", theme: Theme) -> str:
    size = f"width: |θ|, at most {number(view.largest, 3)}" if view.largest else "all weights are 0"
    key = (cell("━━", theme.positive, 10), cell("positive  ", theme.muted, 10),
           cell("╍╍", theme.negative, 10), cell("negative  ", theme.muted, 10), cell(size, theme.muted, 10))
    notice = [cell(view.notice, theme.muted, 10, span=len(key))] if view.notice else []
    return table("".join(key), *notice, padding=3)
