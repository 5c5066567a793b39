"""Any picture that Graphviz drew, as a TikZ document: lines and curves at their places, texts in LaTeX's letters."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring

from tinygrad_edu.drawing.tikz import tex

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
COMMAND = re.compile(r"([MCL])([^MCL]*)")

WIDE, NARROW = 0.62, 0.38
"""Of a letter and of a small index, in the size of the font: about so wide are those that Graphviz measures."""

DOCUMENT = r"""\documentclass[tikz, border=4pt]{standalone}
\usepackage{amssymb}
@colours@
\begin{document}
% names in other scripts than Latin and Greek need LuaLaTeX
\begin{tikzpicture}[x=1bp, y=-1bp, said/.style={inner sep=0pt, font=\sffamily}]
@body@
\end{tikzpicture}
\end{document}
"""


def tikz_from_svg(svg: str) -> str:
    """The picture as a LaTeX document.

    Args:
        svg: as Graphviz writes it: of polygons, ellipses, Bézier curves and lines of text.
    """
    colours: dict[str, str] = {}
    lines = []
    shape: list[tuple[float, float]] = []  # the one that was drawn last: texts stand in its middle
    for element in fromstring(svg).iter():
        kind = element.tag.rpartition("}")[2]
        if kind == "text":
            lines.append(_text(element, shape, colours))
        elif kind in ("polygon", "polyline", "ellipse", "path"):
            path, shape = _path(kind, element)
            lines.append(rf"\path[{', '.join(_style(element, colours))}] {path};")
    defined = "\n".join(rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}" for colour, name in colours.items())
    return DOCUMENT.replace("@colours@", defined).replace("@body@", "\n".join(lines))


def _style(element: Element, colours: dict[str, str]) -> Iterator[str]:
    for attribute, option in (("fill", "fill"), ("stroke", "draw")):
        colour = element.get(attribute, "none")
        if colour.startswith("#"):
            yield f"{option}={_named(colour, colours)}"
    yield f"line width={element.get('stroke-width', '1')}bp"
    dashes = element.get("stroke-dasharray")
    if dashes:
        on, off = dashes.split(",")
        yield f"dash pattern=on {on}bp off {off}bp"


def _named(colour: str, colours: dict[str, str]) -> str:
    return colours.setdefault(colour[:7], f"tg-{len(colours) + 1}")


def _path(kind: str, element: Element) -> tuple[str, list[tuple[float, float]]]:
    """A shape in TikZ, and its points."""
    if kind == "ellipse":
        x, y, a, b = (float(element.get(name, "0")) for name in ("cx", "cy", "rx", "ry"))
        return f"({x:g},{y:g}) ellipse [x radius={a:g}, y radius={b:g}]", [(x - a, y - b), (x + a, y + b)]
    if kind != "path":
        points = _points(element.get("points", ""))
        return " -- ".join(map(_place, points)) + (" -- cycle" if kind == "polygon" else ""), points
    text, every = "", []
    for command, numbers in COMMAND.findall(element.get("d", "")):
        points = _points(numbers)
        every += points
        if command == "C":
            text += "".join(f" .. controls {_place(a)} and {_place(b)} .. {_place(c)}"
                            for a, b, c in zip(points[::3], points[1::3], points[2::3], strict=True))
        else:
            text += (" " if command == "M" else " -- ") + " -- ".join(map(_place, points))
    return text.strip(), every


def _points(text: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in NUMBER.findall(text)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _place(point: tuple[float, float]) -> str:
    return f"({point[0]:g},{point[1]:g})"


def _text(element: Element, shape: list[tuple[float, float]], colours: dict[str, str]) -> str:
    """A line of text: LaTeX's letters have other widths, so that what stood in the middle is put there again."""
    said = "".join(element.itertext())
    x, y, size = (float(element.get(name, "0")) for name in ("x", "y", "font-size"))
    anchor, across = "base west", [point[0] for point in shape]
    width = size * sum(WIDE if c.isascii() or c.isupper() else NARROW for c in said)
    if element.get("text-anchor") == "middle":
        anchor = "base"
    elif across and abs(x + width / 2 - (middle := (min(across) + max(across)) / 2)) < 4 + 0.2 * width:
        anchor, x = "base", middle
    font = rf"\fontsize{{{size:g}bp}}{{{1.2 * size:g}bp}}\selectfont" + (
        r"\bfseries" if element.get("font-weight") == "bold" else "")
    style = f"said, anchor={anchor}, text={_named(element.get('fill', '#000000'), colours)}"
    return rf"\node[{style}] at ({x:g},{y:g}) {{{font} {tex(said.strip(chr(160) + ' '))}}};"
