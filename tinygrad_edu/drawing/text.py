"""A picture as a tree of text: the result on top, under each op its arguments."""

from tinygrad_edu.drawing.picture import Arrow, Box, Picture

CONTINUED = {"": "", "├─ ": "│  ", "└─ ": "   "}
"""What stands under the branch of a box, before the branches of its arguments."""


def to_text(picture: Picture) -> str:
    """The picture in lines. A box that several ops use comes once, with all under it, then only its name."""
    into: dict[int, list[Arrow]] = {}
    for arrow in picture.arrows:
        into.setdefault(arrow.target, []).append(arrow)
    lines: list[tuple[str, str]] = []
    shown: set[int] = set()
    # a stack, as a graph may be deeper than calls in Python may; the result is the last of the boxes
    waiting: list[tuple[int | None, str, str, str]] = [(len(picture.boxes) - 1, "", "", "")]
    while waiting:
        place, indent, branch, label = waiting.pop()
        if place is None:
            lines.append((f"{indent}{branch}⋯", ""))
            continue
        box = picture.boxes[place]
        if place in shown:
            lines.append((f"{indent}{branch}{box.name}, as above", label))
            continue
        shown.add(place)
        lines.append((f"{indent}{branch}{_line(box)}", label))
        under: list[tuple[int | None, str]] = [(arrow.source, arrow.label) for arrow in into.get(place, [])]
        if box.inputs_left_out:
            under.append((None, ""))
        branches = ["├─ "] * (len(under) - 1) + ["└─ "]
        for (source, label), fork in reversed(list(zip(under, branches, strict=False))):
            waiting.append((source, indent + CONTINUED[branch], fork, label))
    width = max(len(left) for left, _ in lines)
    text = [f"{left:{width}}    {label}" if label else left for left, label in lines]
    return "\n".join([*text, *([f"({picture.notice})"] if picture.notice else []), *picture.paths])


def _line(box: Box) -> str:
    what = f"{box.symbol} ({box.options})".lstrip() if box.options else box.symbol
    if box.nodes > 1:
        what += f" [{box.nodes} nodes]"
    line = f"{what}  {box}" if what else str(box)
    return f"{line}  ← the first {box.bad}" if box.bad else line
