"""A picture in DOT, the language of Graphviz."""

from collections import Counter
from html import escape as html

from tinygrad_edu.drawing.labels import NO_GRADIENT
from tinygrad_edu.drawing.picture import Box, Picture

# the widest first: where there is another one, its text fits into the boxes, too
FONT = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"
INK, MUTED, GRADIENT, LINE = "#111827", "#4b5563", "#8a3600", "#6b7280"

# Roles differ by shape and by colour: under dark text, tints of the colours that M. Okabe and K. Ito chose so
# that everybody can tell them apart (Color Universal Design, 2008).
ROLES = {
    "data": {"shape": "box", "style": "filled", "fillcolor": "#d5ecfa", "color": "#0072b2"},
    "parameter": {"shape": "box", "style": "filled,rounded", "fillcolor": "#bfe7dc", "color": "#00694d"},
    "op": {"shape": "ellipse", "style": "filled", "margin": "0", "fillcolor": "#f3f4f6", "color": LINE},
    "constant": {"shape": "box", "style": "dashed", "color": LINE},
}
RESULT = {"fillcolor": "#f9e7bf", "color": "#946600", "peripheries": "2"}


def to_dot(picture: Picture) -> str:
    """The picture in DOT. The same graph gives the same text: boxes are called n1, n2, ... by their age."""
    import graphviz

    dot = graphviz.Digraph(
        "computation graph",
        graph_attr={"rankdir": "LR", "bgcolor": "white", "pad": "0.1", "nodesep": "0.2", "ranksep": "0.25",
                    "label": picture.notice, "labelloc": "t", "labeljust": "l",
                    "fontname": FONT, "fontsize": "12", "fontcolor": MUTED},
        node_attr={"fontname": FONT, "margin": "0.06,0.04", "penwidth": "1.3"},
        edge_attr={"fontname": FONT, "color": LINE, "arrowsize": "0.7"},
    )
    uses = Counter(arrow.source for arrow in picture.arrows)
    shared = {arrow.target for arrow in picture.arrows if uses[arrow.source] > 1}
    for i, box in enumerate(picture.boxes):
        look = _look(box) | (RESULT if i == len(picture.boxes) - 1 else {})
        if i not in shared:
            look["ordering"] = "in"  # arguments from top to bottom; where they are shared, arrows would cross
        about = f"{box}; {box.formula}" if box.formula else f"{box.role} {box}"
        dot.node(f"n{i + 1}", _label(box), tooltip=_tooltip(about), **look)
        if box.inputs_left_out:
            left_out = {"tooltip": "its other inputs are not drawn"}
            dot.node(f"n{i + 1}_more", "⋯", shape="plaintext", **left_out)
            dot.edge(f"n{i + 1}_more", f"n{i + 1}", **left_out)
    for arrow in picture.arrows:
        style = "dashed" if picture.boxes[arrow.source].role == "constant" else "solid"
        label = _table(_cell(arrow.label, 10, MUTED), padding=3) if arrow.label else None
        dot.edge(f"n{arrow.source + 1}", f"n{arrow.target + 1}", label, tooltip=_tooltip(arrow.about),
                 style=style)
    return dot.source


def _look(box: Box) -> dict[str, str]:
    """The style of a role; single numbers have one least size, so that they stand in even rows."""
    look = ROLES[box.role]
    if box.value.array or box.role == "constant":
        return look
    if box.role != "op":
        return look | {"width": "0.95"}
    if len(max(box.symbol, box.name, box.options, key=len)) > 8:  # the circle around a long line is too large
        return look
    return look | {"shape": "circle", "width": "1.3"}


def _label(box: Box) -> str:
    """What stands in a box: its symbol or name; then value and gradient, of an array as two columns."""
    known = box.role != "constant"  # it has a name and a gradient
    array, numbers = box.value.array, box.value.numbers
    gradients = box.gradient.numbers if box.gradient else (NO_GRADIENT,) * len(numbers)
    if not known and not array:
        return _table(_cell(numbers[0], 13))
    span = 3 if known and array else 2
    rows = []
    if box.symbol:
        rows.append(_cell(box.symbol, 18, span=span))
    elif known:
        rows.append(_cell(box.name, 13, span=span, bold=True))
    if box.options:
        rows.append(_cell(box.options, 9, MUTED, span=span))
    if array:
        rows.append(_cell(f"{box.name} {array}" if box.symbol else array, 10, span=span))
        if known and numbers:
            rows.append("".join(_cell(word, 9, MUTED) for word in ("", "  value", "  grad")))
        for word, x, g in zip(("min", "mean", "max"), numbers, gradients, strict=False):
            row = _cell(word, 9, MUTED, "left") + _cell(f"  {x}")
            rows.append(row + _cell(f"  {g}", colour=GRADIENT) if known else row)
    else:
        name = _cell(box.name, 10, INK, "left") if box.symbol else _cell("value", 10, MUTED, "left")
        rows.append(name + _cell(f"  {numbers[0]}"))
        rows.append(_cell("grad", 10, MUTED, "left") + _cell(f"  {gradients[0]}", colour=GRADIENT))
    return _table(*rows)


def _table(*rows: str, padding: int = 1) -> str:
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<<table border="0" cellspacing="0" cellpadding="{padding}">{lines}</table>>'


def _cell(text: str, size: int = 11, colour: str = INK, align: str = "right", span: int = 1,
          bold: bool = False) -> str:
    # in HTML, too, Graphviz reads \N as the name of the box; and its version 2.43 stumbles over a single ]
    text = html(text).replace("\\", r"\\").replace("]", "&#93;") or " "
    if bold:
        text = f"<b>{text}</b>"
    place = f'colspan="{span}" align="center"' if span > 1 else f'align="{align}"'
    return f'<td {place}><font color="{colour}" point-size="{size}">{text}</font></td>'


def _tooltip(text: str) -> str:
    r"""The text as Graphviz wants it: it reads entities, and twice over \\ as \ and \N as the box's name."""
    return html(text).replace("\\", 4 * "\\")
