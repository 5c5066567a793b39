"""A picture in DOT, the language of Graphviz."""

from collections import Counter

from tinygrad_edu.drawing.dot_labels import FONT, GAP, cell, table, tooltip
from tinygrad_edu.drawing.labels import NO_GRADIENT, number
from tinygrad_edu.drawing.layout import is_curved, is_labelled
from tinygrad_edu.drawing.picture import Arrow, Box, Picture
from tinygrad_edu.drawing.themes import Theme

# Roles differ by shape as well as by colour.
ROLES = {
    "data": {"shape": "box", "style": "filled"},
    "parameter": {"shape": "box", "style": "filled,rounded"},
    "op": {"shape": "ellipse", "style": "filled", "margin": "0"},
    "constant": {"shape": "box", "style": "dashed"},
    "folded": {"shape": "octagon", "style": "filled", "margin": "0"},
    "module": {"shape": "folder", "style": "filled", "margin": "0.12,0.06"},
}

STRAIGHT = {"splines": "line", "nslimit": "1", "nslimit1": "1"}
"""For the long arrows of a large picture: straight, and laid out with less care."""

DOTS_PER_INCH = 96
BOLD = "3"


def to_dot(picture: Picture, theme: Theme) -> str:
    """The picture in DOT. The same graph gives the same text: boxes are called n1, n2, ... by their age."""
    import graphviz

    dot = graphviz.Digraph(
        "computation graph",
        graph_attr={"rankdir": "LR" if picture.direction == "right" else "TB", "bgcolor": theme.background,
                    "pad": "0.1", "nodesep": "0.2", "ranksep": "0.25", "label": _caption(picture, theme),
                    "labelloc": "t", "labeljust": "l", "fontname": FONT, "fontsize": "12", "fontcolor": theme.muted},
        node_attr={"fontname": FONT, "margin": "0.06,0.04", "penwidth": "1.3"},
        edge_attr={"fontname": FONT, "color": theme.line, "arrowsize": "0.7"},
    )
    if picture.widest:
        dot.graph_attr["size"] = f"{picture.widest / DOTS_PER_INCH:g},1000"
    if not is_curved(picture):
        dot.graph_attr.update(STRAIGHT)
    uses = Counter(arrow.source for arrow in picture.arrows)
    shared = {arrow.target for arrow in picture.arrows if uses[arrow.source] > 1}
    for i, box in enumerate(picture.boxes):
        name = f"n{i + 1}"
        look = _look(box, theme, picture)
        if i == len(picture.boxes) - 1:
            look |= {"color": theme.result_line, "peripheries": "2"}
            if not picture.heat:
                look["fillcolor"] = theme.result
        if i not in shared:
            look["ordering"] = "in"  # arguments from top to bottom; where they are shared, arrows would cross
        dot.node(name, _label(box, theme), id=name, tooltip=tooltip(_about(box)), **look)
        if box.inputs_left_out:
            left_out = {"tooltip": "its other inputs are not drawn"}
            dot.node(f"{name}_more", "⋯", shape="plaintext", fontcolor=theme.muted, **left_out)
            dot.edge(f"{name}_more", name, **left_out)
    dot.body += _frames(picture, theme)
    labelled = is_labelled(picture)
    for k, arrow in enumerate(picture.arrows):
        label = _arrow_label(arrow, theme) if labelled else None
        dot.edge(f"n{arrow.source + 1}", f"n{arrow.target + 1}", label, id=f"e{k + 1}",
                 tooltip=tooltip(arrow.about), **_line(arrow, picture, theme))
    return dot.source


def _about(box: Box) -> str:
    """The tooltip of a box."""
    about = f"{box}; {box.formula}" if box.formula else f"{box.role} {box}"
    if box.shares:
        about += f"; the gradient is the sum {box.shares}"
    return f"{about}; the first {box.bad}" if box.bad else about


def _look(box: Box, theme: Theme, picture: Picture) -> dict[str, str]:
    """The style of a role; single numbers have one least size, so that they stand in even rows."""
    role = "op" if box.role == "folded" else box.role
    look = ROLES[box.role] | {"color": getattr(theme, f"{role}_line", theme.line)}
    if box.bad:
        look |= {"color": theme.bad, "penwidth": BOLD}
    elif box.on_path:
        look |= {"color": theme.highlight, "penwidth": BOLD}
    if box.role == "constant":
        return look
    look["fillcolor"] = getattr(theme, role)
    if picture.heat:
        look["fillcolor"] = theme.background if box.heat is None else theme.heat[box.heat]
    if box.value.array or box.role in ("folded", "module"):
        return look
    if box.role != "op":
        return look | {"width": "0.95"}
    if len(max(box.symbol, box.name, box.options, key=len)) > 8:  # the circle around a long line is too large
        return look
    return look | {"shape": "circle", "width": "1.3"}


def _label(box: Box, theme: Theme) -> str:
    """What stands in a box: its symbol or name; then value and gradient, of an array as two columns."""
    known = box.role != "constant"  # it has a name and a gradient
    array, numbers = box.value.array, box.value.numbers
    gradient = box.gradient._asdict() if box.gradient else {}
    ink, muted, red = theme.ink, theme.muted, theme.gradient
    if not known and not array:
        return table(cell(numbers[0], ink, 13))
    span = 3 if known and array else 2
    rows = []
    if box.bad:
        rows.append(cell(f"first {box.bad}", theme.bad, 11, span=span, bold=True))
    if box.symbol:
        rows.append(cell(box.symbol, ink, 18 if box.role == "op" else 12, span=span, bold=box.role == "module"))
    elif known:
        rows.append(cell(box.name, ink, 13, span=span, bold=True))
    if box.options:
        rows.append(cell(box.options, muted, 9, span=span))
    if array:
        rows.append(cell(f"{box.name} {array}" if box.symbol else array, ink, 10, span=span))
        if known and numbers:
            rows.append("".join(cell(word, muted, 9) for word in ("", f"{GAP}value", f"{GAP}grad")))
        words = ("min", "mean", "max", "norm", "zeros")
        values = (*numbers, box.value.norm, box.value.zeros)
        slopes = (*gradient["numbers"], gradient["norm"], gradient["zeros"]) if gradient else (NO_GRADIENT,) * 5
        for word, x, g in zip(words, values, slopes, strict=False) if numbers else ():
            if word != "zeros" or {x, g} - {"0 %", NO_GRADIENT}:
                row = cell(word, muted, 9, align="left") + cell(f"{GAP}{x}", ink)
                rows.append(row + cell(f"{GAP}{g}", red) if known else row)
    else:
        name = cell(box.name, ink, 10, align="left") if box.symbol else cell("value", muted, 10, align="left")
        rows.append(name + cell(f"{GAP}{numbers[0]}", ink))
        slope = gradient["numbers"][0] if gradient else NO_GRADIENT
        rows.append(cell("grad", muted, 10, align="left") + cell(f"{GAP}{slope}", red))
        if box.shares:
            rows.append(cell(f"= {box.shares}", red, 9, span=span))
    if box.nodes > 1:
        rows.append(cell(f"⊞ {box.nodes} nodes", muted, 9, span=span))
    return table(*rows)


def _arrow_label(arrow: Arrow, theme: Theme) -> str | None:
    """The local derivative, and under it what arrives by it."""
    rows = [cell(f"\u00a0{text}\u00a0", colour, size, align="center") for text, colour, size in
            ((arrow.label, theme.muted, 10), (arrow.gain, theme.gradient, 9)) if text]
    return table(*rows, padding=1) if rows else None


def _line(arrow: Arrow, picture: Picture, theme: Theme) -> dict[str, str]:
    if arrow.on_path:
        return {"style": "solid", "color": theme.highlight, "penwidth": BOLD}
    return {"style": "dashed" if picture.boxes[arrow.source].role == "constant" else "solid"}


def _frames(picture: Picture, theme: Theme) -> list[str]:
    """The frames around boxes, one within the other, as lines of DOT: subgraphs that name their boxes."""
    inside: dict[int, list[str]] = {}
    for i, box in enumerate(picture.boxes):
        if box.frame is not None:
            inside.setdefault(box.frame, []).append(f"n{i + 1}")
    within: dict[int | None, list[int]] = {}
    for place, frame in enumerate(picture.frames):
        within.setdefault(frame.within, []).append(place)
    lines = []
    waiting: list[int | None] = list(reversed(within.get(None, [])))
    while waiting:
        f = waiting.pop()
        if f is None:  # the end of one
            lines.append("\t}\n")
            continue
        frame = picture.frames[f]
        label = table(cell(frame.title, theme.ink, 11, align="left", bold=True),
                      cell(frame.shapes, theme.muted, 9, align="left"))
        lines.append(f"\tsubgraph cluster_{f + 1} {{\n")
        lines.append(f'\t\tgraph [id=c{f + 1} label={label} labeljust=l style="rounded,filled" margin=8 '
                     f'fillcolor="{theme.module}" color="{theme.module_line}" tooltip="{tooltip(frame.title)}"]\n')
        lines.append(f"\t\t{'; '.join(inside[f])}\n" if f in inside else "")
        waiting += [None, *reversed(within.get(f, []))]
    return lines


def _caption(picture: Picture, theme: Theme) -> str:
    """What stands above the picture: what is not drawn, the highlighted paths, the legend of the heat."""
    rows = [cell(picture.notice, theme.muted, 12, align="left")] if picture.notice else []
    rows += [cell(line, theme.highlight if i == 0 else theme.ink, 12 if i == 0 else 11, align="left")
             for i, line in enumerate(picture.paths)]
    if picture.heat:
        *levels, largest = picture.heat
        cells = [cell(number(least, 2), theme.ink, 10, align="center", ground=colour)
                 for least, colour in zip(levels, theme.heat, strict=True)]
        words = (cell(f"{picture.heat_of} from", theme.muted, 10), *cells,
                 cell(f"to {number(largest, 2)}", theme.muted, 10))
        rows.append(f'<td align="left">{table("".join(words), padding=4)[1:-1]}</td>')
    return table(*rows) if rows else ""
