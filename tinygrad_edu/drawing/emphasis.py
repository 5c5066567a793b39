"""What is made to stand out in a picture: large gradients by heat, and the paths from one Value to another."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from tinygrad_edu.drawing.labels import factor, number, plain
from tinygrad_edu.drawing.picture import Arrow, Picture
from tinygrad_edu.drawing.themes import Theme
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError

LEVELS = len(Theme().heat)

SPAN = math.log(10)
"""From the least level to the largest gradient at least: gradients that are nearly the same look so."""

MOST_PATHS = 6
"""So many paths are told one by one."""

LONGEST_PATH = 7
"""So many boxes of a path are told; of a longer one the first and the last."""


def with_heat(picture: Picture) -> Picture:
    """The picture with the level of every gradient: steps of log |g|, from the least that is not 0 to the largest."""
    known = [box.magnitude for box in picture.boxes if box.magnitude and math.isfinite(box.magnitude)]
    if not known:
        return picture
    high = math.log(max(known))
    low = min(math.log(min(known)), high - SPAN)

    def level(magnitude: float | None) -> int | None:
        if not magnitude or not math.isfinite(magnitude):
            return None
        return min(int((math.log(magnitude) - low) / (high - low) * LEVELS), LEVELS - 1)

    edges = tuple(math.exp(low + (high - low) * i / LEVELS) for i in range(LEVELS + 1))
    boxes = tuple(replace(box, heat=level(box.magnitude)) for box in picture.boxes)
    return replace(picture, boxes=boxes, heat=edges)


def with_paths(picture: Picture, start: int, end: int) -> Picture:
    """The picture with all paths between two of its boxes highlighted, each told as the product of its factors.

    Errors: ArgumentError if there is none.
    """
    out_of: dict[int, list[int]] = {}
    for k, arrow in enumerate(picture.arrows):
        out_of.setdefault(arrow.source, []).append(k)
    # boxes stand in the order of computation, so that arrows lead from a lower place to a higher one
    paths = {end: 1}  # how many lead from a box to the end
    total: dict[int, float | None] = {end: 1.0}  # the sum of their products
    for place in range(end - 1, start - 1, -1):
        onward = [picture.arrows[k] for k in out_of.get(place, []) if picture.arrows[k].target in paths]
        if onward:
            paths[place] = sum(paths[arrow.target] for arrow in onward)
            terms = [_times(arrow.derivative, total[arrow.target]) for arrow in onward]
            total[place] = math.fsum(term for term in terms if term is not None) if None not in terms else None
    names = [box.name for box in picture.boxes]
    if start not in paths or start == end:
        raise ArgumentError(f"draw: highlight: no path leads from {names[start]} to {names[end]}")
    reached = {start}
    arrows = []
    for arrow in sorted(picture.arrows, key=lambda arrow: arrow.source):
        if arrow.source in reached and arrow.target in paths:
            reached.add(arrow.target)
    for arrow in picture.arrows:
        arrows.append(replace(arrow, on_path=arrow.source in reached and arrow.target in paths))
    boxes = tuple(replace(box, on_path=i in reached) for i, box in enumerate(picture.boxes))
    told = _told(picture, out_of, paths, total, start, end)
    return replace(picture, boxes=boxes, arrows=tuple(arrows), paths=tuple(told))


def _times(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a * b


def _told(picture: Picture, out_of: dict[int, list[int]], paths: dict[int, int], total: dict[int, float | None],
          start: int, end: int) -> Iterator[str]:
    """A line on all paths, and one on each of the first."""
    names = [plain(box.name, 12) for box in picture.boxes]
    count = paths[start]
    quotient, whole = f"∂{names[end]}/∂{names[start]}", total[start]
    value = f" = {number(whole)}" if whole is not None else ""
    yield f"{quotient}{value}, " + ("by one path" if count == 1 else f"the sum over {count} paths")
    for path in islice(_paths(picture, out_of, paths, start, end), MOST_PATHS):
        stops = [names[start], *(names[arrow.target] for arrow in path)]
        if len(stops) > LONGEST_PATH:
            stops = [*stops[:LONGEST_PATH - 2], "…", stops[-1]]
        line = " → ".join(stops)
        factors = [arrow.derivative for arrow in path]
        if None not in factors:
            shown = [factor(d) for d in factors]
            if len(shown) > LONGEST_PATH:
                shown = [*shown[:LONGEST_PATH - 2], "…", shown[-1]]
            product = number(math.prod(d for d in factors if d is not None))
            line += ":  " + " = ".join(dict.fromkeys([" · ".join(shown) if len(shown) > 1 else product, product]))
        yield line
    if count > MOST_PATHS:
        yield f"and {count - MOST_PATHS} more"


def _paths(picture: Picture, out_of: dict[int, list[int]], paths: dict[int, int], start: int,
           end: int) -> Iterator[list[Arrow]]:
    """The paths one by one; every way that is begun reaches the end, so that none is looked for in vain."""
    waiting: list[tuple[int, list[Arrow]]] = [(start, [])]
    while waiting:
        place, path = waiting.pop()
        if place == end:
            yield path
            continue
        for k in reversed(out_of[place]):
            arrow = picture.arrows[k]
            if arrow.target in paths:
                waiting.append((arrow.target, [*path, arrow]))


def not_drawn(x: Value, in_graph: bool) -> ArgumentError:
    """The error for a Value whose paths cannot be shown."""
    if in_graph:
        return ArgumentError(f"draw: highlight: {x.describe()} is not a box of its own in this picture; "
                             "use fold=False, a larger depth or a larger max_nodes")
    return ArgumentError(f"draw: highlight: {x.describe()} is not part of the graph that is drawn")
