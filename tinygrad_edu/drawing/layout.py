"""Which way the arrows lead, chosen so that a picture fits on a page, and how large a box will be about."""

from dataclasses import replace
from typing import Literal

from tinygrad_edu.drawing.picture import Box, Picture

WIDEST = 1200
"""In pixels: what fits into a notebook or on a page."""

# in pixels, as Graphviz draws them with the font of `dot_labels`
LETTER, MARGIN, LEAST, BETWEEN = 8.2, 20, 92, 30


def directed(picture: Picture, direction: Literal["auto", "right", "down"]) -> Picture:
    """The picture with its arrows in a direction; "auto": to the right if that is not too wide, else what is narrower.

    The estimate needs no Graphviz: the same graph is always drawn in the same direction.
    """
    if direction != "auto":
        return replace(picture, direction=direction)
    ranks = _ranks(picture)
    columns = [0.0] * (max(ranks) + 1)
    rows = [0.0] * (max(ranks) + 1)
    for rank, box in zip(ranks, picture.boxes, strict=True):
        width = box_width(box)
        columns[rank] = max(columns[rank], width)
        rows[rank] += width + BETWEEN
    labels = [0.0] * (max(ranks) + 1)
    for arrow in picture.arrows:
        rank = ranks[arrow.target]
        text = max(len(arrow.label), len(arrow.gain))
        labels[rank] = max(labels[rank], 0.85 * LETTER * text)
        rows[rank] += 0.85 * LETTER * text
    to_the_right = sum(columns) + sum(labels) + 2 * BETWEEN * len(columns)
    downwards = max(rows)
    right = to_the_right <= max(WIDEST, downwards)
    return replace(picture, direction="right" if right else "down", widest=WIDEST)


def box_width(box: Box) -> float:
    """About how wide a box will be."""
    lines = [f"{box.symbol}{box.symbol[:4]}" if box.role == "op" else box.symbol, box.name, box.options]
    if box.value.array:
        lines.append(f"{box.name} {box.value.array}")
        lines.append(" " * 26)
    return max(LEAST, MARGIN + LETTER * max(len(line) for line in lines))


def _ranks(picture: Picture) -> list[int]:
    """How many arrows lead to each box in a row, at most; but of a leaf one less than to what uses it."""
    ranks = [0] * len(picture.boxes)
    for arrow in picture.arrows:  # they stand in the order of their targets, oldest first
        ranks[arrow.target] = max(ranks[arrow.target], ranks[arrow.source] + 1)
    made = {arrow.target for arrow in picture.arrows}
    for arrow in reversed(picture.arrows):
        if arrow.source not in made:
            ranks[arrow.source] = max(ranks[arrow.source], ranks[arrow.target] - 1)
    return ranks
