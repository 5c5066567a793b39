"""A picture as a TikZ document: LaTeX to be typeset as it is, or copied into a paper and changed there by hand."""

import re
from collections import Counter
from dataclasses import fields
from itertools import groupby

from tinygrad_edu.drawing.labels import NO_GRADIENT
from tinygrad_edu.drawing.picture import Arrow, Box, Picture
from tinygrad_edu.drawing.render import render
from tinygrad_edu.drawing.symbols import LETTERS
from tinygrad_edu.drawing.themes import Theme
from tinygrad_edu.errors import MissingDependencyError, RenderError

INCH = 2.54  # centimetres; Graphviz writes positions in inches
COLUMN, ROW = 5.5, 2.2
"""Centimetres from column to column and from row to row, where there is no Graphviz to find positions."""

SIGNS = {"−": "-", "×": r"\times ", "÷": r"\div ", "·": r"\cdot ", "∂": r"\partial ", "√": r"\surd ", "Σ": r"\Sigma ",
         "Π": r"\Pi ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "←": r"\leftarrow ", "→": r"\to ", "∞": r"\infty ",
         "‖": r"\| ", "…": r"\ldots ", "⋯": r"\cdots ", "≥": r"\ge ", "≤": r"\le ", "∛": r"\sqrt[3]{\ } ",
         "<": "<", ">": ">", "|": "|", "⟨": r"\langle ", "⟩": r"\rangle ", "⊞": r"\boxplus ", "⋆": r"\star ",
         "━": "-", "╍": r"\cdot ",  # of a legend
         } | {letter: f"\\{name} " for letter, name in LETTERS.items()}
LOW = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-aehijklmnoprstuvx", strict=True))
HIGH = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁱⁿˣᵇ", "0123456789+-()inxb", strict=True)) | {"ᵀ": r"\top "}
ESCAPED = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "\u00a0": "~"}

LINE_BREAK = r" \\ "

DOCUMENT = r"""\documentclass[tikz, border=4pt]{standalone}
\usepackage{amssymb}
\usetikzlibrary{arrows.meta, backgrounds, fit}
@colours@
\begin{document}
% names in other scripts than Latin and Greek need LuaLaTeX
\begin{tikzpicture}[
  box/.style={draw, thick, align=center, inner sep=3pt, font=\small, text=tg-ink},
  data/.style={box, fill=tg-data, draw=tg-data-line},
  parameter/.style={box, rounded corners=3pt, fill=tg-parameter, draw=tg-parameter-line},
  op/.style={box, circle, inner sep=1pt, fill=tg-op, draw=tg-op-line},
  folded/.style={box, fill=tg-op, draw=tg-op-line},
  module/.style={box, fill=tg-module, draw=tg-module-line},
  constant/.style={box, dashed, draw=tg-line},
  result/.style={double, fill=tg-result, draw=tg-result-line},
  arrow/.style={-{Latex[length=2mm]}, draw=tg-line},
  from constant/.style={arrow, dashed},
  local/.style={midway, align=center, font=\scriptsize, text=tg-muted, fill=tg-background, inner sep=1pt},
  frame/.style={draw=tg-module-line, fill=tg-module, rounded corners=4pt, inner sep=8pt},
]
@body@
\end{tikzpicture}
\end{document}
"""


def to_tikz(picture: Picture, theme: Theme, dot: str) -> str:
    """The picture as a LaTeX document.

    Boxes stand where Graphviz puts them, if there is one; else in columns, each behind all that it is computed from.

    Args:
        dot: the same picture in DOT.
    """
    places = _by_graphviz(dot) or _in_columns(picture)
    lines = [f"% {tex(picture.notice)}"] if picture.notice else []
    for i, box in enumerate(picture.boxes):
        x, y = places[f"n{i + 1}"]
        lines.append(f"\\node[{_style(box, picture, i)}] (n{i + 1}) at ({x:.2f}, {y:.2f}) {{{_label(box)}}};")
        if box.inputs_left_out:
            lines.append(f"\\draw[arrow] ([xshift=-8mm]n{i + 1}.west) node[left] {{$\\cdots$}} -- (n{i + 1});")
    parallel = Counter((arrow.source, arrow.target) for arrow in picture.arrows)
    seen: Counter[tuple[int, int]] = Counter()
    for arrow in picture.arrows:
        ends = arrow.source, arrow.target
        seen[ends] += 1
        lines.append(_line(arrow, picture, parallel[ends] > 1, seen[ends]))
    lines += _frames(picture)
    colours = "\n".join(rf"\definecolor{{tg-{name.replace('_', '-')}}}{{HTML}}{{{colour[1:].upper()}}}"
                        for name, colour in _colours(theme).items())
    return DOCUMENT.replace("@colours@", colours).replace("@body@", "\n".join(lines))


def tex(text: str) -> str:
    r"""Any text as LaTeX: `v₁ × 50 %` as `v$_{1}$ $\times $ 50 \%`."""
    out = []
    for small, characters in groupby(text, lambda c: "_" if c in LOW else "^" if c in HIGH else ""):
        if small:
            out.append(f"${small}{{{''.join((LOW if small == '_' else HIGH)[c] for c in characters)}}}$")
        else:
            out += [f"${SIGNS[c]}$" if c in SIGNS else ESCAPED.get(c, c) for c in characters]
    return "".join(out)


def _colours(theme: Theme) -> dict[str, str]:
    colours: dict[str, str] = {}
    for field in fields(theme):
        colour = getattr(theme, field.name)
        colours |= {field.name: colour} if isinstance(colour, str) else {
            f"{field.name}_{level}": one for level, one in enumerate(colour)}
    return colours


def _style(box: Box, picture: Picture, place: int) -> str:
    style: list[str] = [box.role]
    if place == len(picture.boxes) - 1:
        style.append("result")
    if picture.heat and box.heat is not None:
        style.append(f"fill=tg-heat-{box.heat}")
    if box.bad or box.on_path:
        style.append(f"very thick, draw=tg-{'bad' if box.bad else 'highlight'}")
    return ", ".join(style)


def _label(box: Box) -> str:
    """What stands in a box: symbol, name and value, gradient; of an array shape and norm."""
    gradient = NO_GRADIENT
    value = box.value.numbers[0] if len(box.value.numbers) == 1 else box.value.array
    if box.gradient is not None:
        norm = f"‖grad‖ {box.gradient.norm}" if box.gradient.norm else NO_GRADIENT
        gradient = box.gradient.numbers[0] if len(box.gradient.numbers) == 1 else norm
    if box.role == "constant":
        return tex(value)
    lines = [rf"{{\large {tex(box.symbol)}}}"] if box.symbol else []
    lines += [rf"{{\tiny {tex(box.options)}}}"] if box.options else []
    lines += [f"{tex(box.name)} = {tex(value)}" if not box.value.array else rf"{tex(box.name)} {{\tiny {tex(value)}}}",
              rf"\textcolor{{tg-gradient}}{{{tex(gradient)}}}"]
    return LINE_BREAK.join(lines)


def _line(arrow: Arrow, picture: Picture, parallel: bool, number: int) -> str:
    style = "from constant" if picture.boxes[arrow.source].role == "constant" else "arrow"
    if arrow.on_path:
        style += ", very thick, draw=tg-highlight"
    if parallel:
        style += f", bend {'left' if number % 2 else 'right'}={15 * ((number + 1) // 2)}"
    said = [tex(arrow.label)] if arrow.label else []
    said += [rf"\textcolor{{tg-gradient}}{{{tex(arrow.gain)}}}"] if arrow.gain else []
    label = f" node[local] {{{LINE_BREAK.join(said)}}}" if said else ""
    return f"\\draw[{style}] (n{arrow.source + 1}) to{label} (n{arrow.target + 1});"


def _frames(picture: Picture) -> list[str]:
    """The frames around boxes, behind them, the outer ones at the back."""
    inside: dict[int, list[str]] = {}
    depth: dict[int, int] = {}
    for i, box in enumerate(picture.boxes):
        frame = box.frame
        while frame is not None:
            inside.setdefault(frame, []).append(f"(n{i + 1})")
            frame = picture.frames[frame].within
    for place in inside:
        outer, depth[place] = picture.frames[place].within, 0
        while outer is not None:
            outer, depth[place] = picture.frames[outer].within, depth[place] + 1
    deepest = max(depth.values(), default=0)
    lines = []
    for place in sorted(inside, key=lambda place: depth[place]):
        title = rf"label={{[font=\scriptsize, anchor=south west]north west:{tex(picture.frames[place].title)}}}"
        space = 8 + 10 * (deepest - depth[place])
        lines.append(rf"\begin{{scope}}[on background layer]\node[frame, inner sep={space}pt, "
                     rf"fit={''.join(inside[place])}, {title}] {{}};\end{{scope}}")
    return lines


def _by_graphviz(dot: str) -> dict[str, tuple[float, float]]:
    """Where Graphviz puts the boxes, in centimetres; empty if there is none."""
    try:
        plain = render(dot, "plain").decode()
    except (MissingDependencyError, RenderError):
        return {}
    found = re.findall(r"^node (n\d+) (\S+) (\S+)", plain, re.MULTILINE)
    return {name: (float(x) * INCH, float(y) * INCH) for name, x, y in found}


def _in_columns(picture: Picture) -> dict[str, tuple[float, float]]:
    """Each box one column behind the last of those it is computed from; what nothing leads to, just before its use."""
    column: dict[int, int] = {}
    for arrow in sorted(picture.arrows, key=lambda arrow: arrow.target):
        column[arrow.target] = max(column.get(arrow.target, 0), column.get(arrow.source, 0) + 1)
    computed = {arrow.target for arrow in picture.arrows}
    for arrow in sorted(picture.arrows, key=lambda arrow: -arrow.target):  # its first use comes last, and counts
        if arrow.source not in computed:
            column[arrow.source] = column[arrow.target] - 1
    into: dict[int, list[tuple[int, int]]] = {}  # of each box the boxes that use it, and at which of their arrows
    for k, arrow in enumerate(picture.arrows):
        into.setdefault(arrow.source, []).append((arrow.target, k))
    rows: dict[int, float] = {}
    for ahead in range(max(column.values(), default=0), -1, -1):
        level = [i for i in range(len(picture.boxes)) if column.get(i, 0) == ahead]
        level.sort(key=lambda i: min(((rows[j], k) for j, k in into.get(i, []) if j in rows), default=(0.0, 0)))
        rows |= {i: place - (len(level) - 1) / 2 for place, i in enumerate(level)}
    places = {}
    for i in range(len(picture.boxes)):
        ahead = column.get(i, 0)
        right = picture.direction == "right"
        places[f"n{i + 1}"] = (ahead * COLUMN, -rows[i] * ROW) if right else (rows[i] * COLUMN, -ahead * ROW)
    return places
