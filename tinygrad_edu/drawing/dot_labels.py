"""Texts of a picture as DOT wants them: tables in Graphviz's HTML, and tooltips; safe whatever is in the text."""

from html import escape

# the widest first: where there is another one, its text fits into the boxes, too
FONT = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"

GAP = "\u00a0\u00a0"
"""Between two texts in a row; viewers of SVG may drop plain spaces at the beginning of a text."""


def table(*rows: str, padding: int = 1) -> str:
    """Rows of cells as the label of a box or an arrow."""
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<<table border="0" cellspacing="0" cellpadding="{padding}">{lines}</table>>'


def cell(text: str, colour: str, size: float = 11, *, align: str = "right", span: int = 1, bold: bool = False,
         ground: str = "") -> str:
    """A text as one cell of a table; one that spans several columns is centred."""
    text = _html(text) or " "
    if bold:
        text = f"<b>{text}</b>"
    place = f'colspan="{span}" align="center"' if span > 1 else f'align="{align}"'
    if ground:
        place += f' bgcolor="{ground}"'
    return f'<td {place}><font color="{colour}" point-size="{size:g}">{text}</font></td>'


def tooltip(text: str) -> str:
    r"""The text as Graphviz wants it: it reads entities, and twice over \\ as \ and \N as the box's name."""
    return escape(text).replace("\\", 4 * "\\")


def _html(text: str) -> str:
    # in HTML, too, Graphviz reads \N as the name of the box; and its version 2.43 stumbles over a single ]
    return escape(text).replace("\\", r"\\").replace("]", "&#93;")
