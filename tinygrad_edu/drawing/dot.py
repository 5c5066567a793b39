"""A picture in DOT, the language of Graphviz."""

from collections import Counter
from html import escape as html

from tinygrad_edu.drawing.labels import NO_GRADIENT
from tinygrad_edu.drawing.picture import Box, Picture
from tinygrad_edu.drawing.themes import Theme

# the widest first: where there is another one, its text fits into the boxes, too
FONT = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"

# Roles differ by shape as well as by colour.
ROLES = {
    "data": {"shape": "box", "style": "filled"},
    "parameter": {"shape": "box", "style": "filled,rounded"},
    "op": {"shape": "ellipse", "style": "filled", "margin": "0"},
    "constant": {"shape": "box", "style": "dashed"},
}


def to_dot(picture: Picture, theme: Theme) -> str:
    """The picture in DOT. The same graph gives the same text: boxes are called n1, n2, ... by their age."""
    import graphviz

    dot = graphviz.Digraph(
        "computation graph",
        graph_attr={"rankdir": "LR", "bgcolor": theme.background, "pad": "0.1", "nodesep": "0.2", "ranksep": "0.25",
                    "label": picture.notice, "labelloc": "t", "labeljust": "l",
                    "fontname": FONT, "fontsize": "12", "fontcolor": theme.muted},
        node_attr={"fontname": FONT, "margin": "0.06,0.04", "penwidth": "1.3"},
        edge_attr={"fontname": FONT, "color": theme.line, "arrowsize": "0.7"},
    )
    uses = Counter(arrow.source for arrow in picture.arrows)
    shared = {arrow.target for arrow in picture.arrows if uses[arrow.source] > 1}
    for i, box in enumerate(picture.boxes):
        look = _look(box, theme)
        if i == len(picture.boxes) - 1:
            look |= {"fillcolor": theme.result, "color": theme.result_line, "peripheries": "2"}
        if i not in shared:
            look["ordering"] = "in"  # arguments from top to bottom; where they are shared, arrows would cross
        about = f"{box}; {box.formula}" if box.formula else f"{box.role} {box}"
        name = f"n{i + 1}"
        dot.node(name, _label(box, theme), id=name, tooltip=_tooltip(about), **look)
        if box.inputs_left_out:
            left_out = {"tooltip": "its other inputs are not drawn"}
            dot.node(f"{name}_more", "⋯", shape="plaintext", fontcolor=theme.muted, **left_out)
            dot.edge(f"{name}_more", name, **left_out)
    for k, arrow in enumerate(picture.arrows):
        style = "dashed" if picture.boxes[arrow.source].role == "constant" else "solid"
        label = _table(_cell(arrow.label, 10, theme.muted), padding=3) if arrow.label else None
        dot.edge(f"n{arrow.source + 1}", f"n{arrow.target + 1}", label, id=f"e{k + 1}",
                 tooltip=_tooltip(arrow.about), style=style)
    return dot.source


def _look(box: Box, theme: Theme) -> dict[str, str]:
    """The style of a role; single numbers have one least size, so that they stand in even rows."""
    look = ROLES[box.role] | {"color": getattr(theme, f"{box.role}_line", theme.line)}
    if box.role == "constant":
        return look
    look["fillcolor"] = getattr(theme, box.role)
    if box.value.array:
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
    gradients = box.gradient.numbers if box.gradient else (NO_GRADIENT,) * len(numbers)
    ink, muted, gradient = theme.ink, theme.muted, theme.gradient
    if not known and not array:
        return _table(_cell(numbers[0], 13, ink))
    span = 3 if known and array else 2
    rows = []
    if box.symbol:
        rows.append(_cell(box.symbol, 18, ink, span=span))
    elif known:
        rows.append(_cell(box.name, 13, ink, span=span, bold=True))
    if box.options:
        rows.append(_cell(box.options, 9, muted, span=span))
    if array:
        rows.append(_cell(f"{box.name} {array}" if box.symbol else array, 10, ink, span=span))
        if known and numbers:
            rows.append("".join(_cell(word, 9, muted) for word in ("", "  value", "  grad")))
        for word, x, g in zip(("min", "mean", "max"), numbers, gradients, strict=False):
            row = _cell(word, 9, muted, "left") + _cell(f"  {x}", 11, ink)
            rows.append(row + _cell(f"  {g}", 11, gradient) if known else row)
    else:
        name = _cell(box.name, 10, ink, "left") if box.symbol else _cell("value", 10, muted, "left")
        rows.append(name + _cell(f"  {numbers[0]}", 11, ink))
        rows.append(_cell("grad", 10, muted, "left") + _cell(f"  {gradients[0]}", 11, gradient))
    return _table(*rows)


def _table(*rows: str, padding: int = 1) -> str:
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<<table border="0" cellspacing="0" cellpadding="{padding}">{lines}</table>>'


def _cell(text: str, size: int, colour: str, align: str = "right", span: int = 1, bold: bool = False) -> str:
    # in HTML, too, Graphviz reads \N as the name of the box; and its version 2.43 stumbles over a single ]
    text = html(text).replace("\\", r"\\").replace("]", "&#93;") or " "
    if bold:
        text = f"<b>{text}</b>"
    place = f'colspan="{span}" align="center"' if span > 1 else f'align="{align}"'
    return f'<td {place}><font color="{colour}" point-size="{size}">{text}</font></td>'


def _tooltip(text: str) -> str:
    r"""The text as Graphviz wants it: it reads entities, and twice over \\ as \ and \N as the box's name."""
    return html(text).replace("\\", 4 * "\\")
