"""A picture as a tree of text: the result on top, under each op its arguments."""

from tinygrad_edu.drawing.picture import Arrow, Box, Picture


def to_text(picture: Picture) -> str:
    """The picture as lines. A box that several ops use is shown once, with all under it, and then referred to."""
    into: dict[int, list[Arrow]] = {}
    for arrow in picture.arrows:
        into.setdefault(arrow.target, []).append(arrow)
    lines: list[tuple[str, str]] = []
    shown: set[int] = set()
    # a stack, not recursion: a graph may be deeper than Python's calls may
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
        indent += {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        under: list[tuple[int | None, str]] = [(arrow.source, arrow.label) for arrow in into.get(place, [])]
        if box.inputs_left_out:
            under.append((None, ""))
        for i, (source, label) in enumerate(reversed(under)):
            waiting.append((source, indent, "├─ " if i else "└─ ", label))
    width = max(len(left) for left, _ in lines)
    text = [f"{left:{width}}    {label}" if label else left for left, label in lines]
    return "\n".join([*text, *([picture.notice] if picture.notice else [])])


def _line(box: Box) -> str:
    if box.role != "op":
        return str(box)
    return f"{box.symbol}{f' ({box.options})' if box.options else ''}  {box}"
