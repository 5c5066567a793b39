"""Which way the arrows lead, so that a picture fits on a page, how large boxes will be, and how hard it is to draw."""

from dataclasses import replace
from typing import Literal

from tinygrad_edu.drawing.picture import Arrow, Box, Picture

WIDEST = 1200
"""In pixels: what fits into a notebook or on a page."""

# in pixels, as Graphviz draws them with the font of `dot_labels`
LETTER, MARGIN, LEAST, BETWEEN = 8.2, 20, 92, 30

MOST_WITH_LABELS = 250
"""With more boxes nobody could read what stands on the arrows; their tooltips tell it."""

MOST_CURVED, MOST_DRAWN = 60_000, 6_000
"""Above the first Graphviz would need seconds for curved arrows, above the second for straight ones, too. It makes
a point of every row that an arrow passes, and the effort for a curve grows with the square of their number."""


def is_labelled(picture: Picture) -> bool:
    """Whether something stands on its arrows."""
    return len(picture.boxes) <= MOST_WITH_LABELS


def is_curved(picture: Picture) -> bool:
    """Whether its arrows may be curved. A Value that is used everywhere, such as a weight of an RNN, has long ones."""
    return sum(n * n for n in _lengths(picture)) <= MOST_CURVED


def is_drawable(picture: Picture) -> bool:
    """Whether Graphviz will draw it in a second or so."""
    return sum(_lengths(picture)) <= MOST_DRAWN


def _lengths(picture: Picture) -> list[int]:
    """How many rows of points each arrow passes; a label on it takes a row, too."""
    rows = [len(picture.boxes)] * len(picture.boxes)
    for arrow in reversed(picture.arrows):  # each box as near to what uses it as can be
        rows[arrow.source] = min(rows[arrow.source], rows[arrow.target] - 1)
    each = 2 if is_labelled(picture) else 1
    return [each * (rows[arrow.target] - rows[arrow.source]) for arrow in picture.arrows]


def directed(picture: Picture, direction: Literal["auto", "right", "down"]) -> Picture:
    """The picture with its arrows in a direction; "auto": to the right if that is not too wide, else what is narrower.

    The estimate needs no Graphviz: the same graph is always drawn in the same direction.
    """
    if direction != "auto":
        return replace(picture, direction=direction)
    right = width_to_the_right(picture) <= max(WIDEST, width_downwards(picture))
    return replace(picture, direction="right" if right else "down", widest=WIDEST)


def width_to_the_right(picture: Picture) -> float:
    """About how wide it will be with its boxes in columns, and what stands on arrows between these."""
    ranks = _ranks(picture)
    columns, labels = ([0.0] * (max(ranks) + 1) for _ in range(2))
    for rank, box in zip(ranks, picture.boxes, strict=True):
        columns[rank] = max(columns[rank], box_width(box))
    for arrow in picture.arrows:
        rank = ranks[arrow.target]
        labels[rank] = max(labels[rank], _arrow_width(arrow))
    return sum(columns) + sum(labels) + 2 * BETWEEN * len(columns)


def width_downwards(picture: Picture) -> float:
    """About how wide it will be with its boxes in rows, and arrows with what stands on them between these."""
    ranks = _ranks(picture)
    rows = [0.0] * (max(ranks) + 1)
    for rank, box in zip(ranks, picture.boxes, strict=True):
        rows[rank] += box_width(box) + BETWEEN
    for arrow in picture.arrows:
        rows[ranks[arrow.target]] += _arrow_width(arrow)
    return max(rows)


def box_width(box: Box) -> float:
    """About how wide a box will be."""
    lines = [f"{box.symbol}{box.symbol[:4]}" if box.role == "op" else box.symbol, box.name, box.options]
    if box.value.array:
        lines.append(f"{box.name} {box.value.array}")
        lines.append(" " * 26)
    return max(LEAST, MARGIN + LETTER * max(len(line) for line in lines))


def _arrow_width(arrow: Arrow) -> float:
    return 0.85 * LETTER * max(len(arrow.label), len(arrow.gain))


def _ranks(picture: Picture) -> list[int]:
    """How many arrows lead to each box in a row, at most; but of a leaf one less than to what uses it first."""
    ranks = [0] * len(picture.boxes)
    for arrow in picture.arrows:  # they stand in the order of their targets, oldest first
        ranks[arrow.target] = max(ranks[arrow.target], ranks[arrow.source] + 1)
    made = {arrow.target for arrow in picture.arrows}
    used: dict[int, int] = {}
    for arrow in picture.arrows:
        if arrow.source not in made:
            used[arrow.source] = min(used.get(arrow.source, ranks[arrow.target]), ranks[arrow.target])
    for leaf, rank in used.items():
        ranks[leaf] = rank - 1
    return ranks
