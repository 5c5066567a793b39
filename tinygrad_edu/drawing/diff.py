"""`draw.diff`: two pictures of the same graph as one, with what changed between them."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tinygrad_edu.drawing.dot import to_dot
from tinygrad_edu.drawing.emphasis import with_heat
from tinygrad_edu.drawing.graph_drawing import GraphDrawing
from tinygrad_edu.drawing.labels import NO_GRADIENT, Summary, number, signed
from tinygrad_edu.drawing.layout import directed
from tinygrad_edu.drawing.ops_view import OpsView
from tinygrad_edu.drawing.picture import Arrow, Box, Picture
from tinygrad_edu.drawing.snapshot import take_picture
from tinygrad_edu.drawing.text import to_text
from tinygrad_edu.drawing.themes import AnyTheme, Theme
from tinygrad_edu.drawing.trace import trace
from tinygrad_edu.engine.graph import ancestors, check_unchanged
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, MutationError, OptionError


@dataclass(frozen=True, slots=True)
class DiffView:
    """Two pictures as a `View`: in its boxes old and new numbers, its heat that of the change."""

    picture: Picture

    @property
    def title(self) -> str:
        return f"what changed in the computation graph of {self.picture.boxes[-1].name}"

    @property
    def description(self) -> str:
        """The result, and what changed most."""
        boxes = self.picture.boxes
        moved = [box for box in boxes if box.magnitude]
        sentences = [f"The result is {boxes[-1]}", f"{len(moved)} of {len(boxes)} boxes changed"]
        if moved:
            largest = max(moved, key=lambda box: box.magnitude or 0.0)
            sentences.append(f"The largest change is that of {largest.name or 'a constant'}, "
                             f"{number(largest.magnitude)}")
        return ". ".join([*sentences, *([self.picture.notice] if self.picture.notice else [])]) + "."

    def dot(self, theme: Theme) -> str:
        return to_dot(self.picture, theme)

    def text(self) -> str:
        return to_text(self.picture)


def diff(before: Any, after: Any, *, theme: AnyTheme = "auto",
         direction: Literal["auto", "right", "down"] = "auto") -> GraphDrawing:
    """What changed between two steps of training: one graph, in each box its old and its new numbers.

    In a box stand value and gradient, before → after, and the change Δ, of an array its root mean square. The colour
    is that of |Δ|, in steps of its logarithm.

    Args:
        before: the drawing of the first, `tg.draw(loss)`, made before the step; a picture is of its moment.
        after: the drawing of the second, or the Value itself.
        theme, direction: those of `draw`.

    Errors: ArgumentError if the two are not of the same graph, with the first difference; OptionError for what is no
    drawing of ops, and for a Value whose data have changed since.

    >>> import tinygrad_edu as tg
    >>> x, w = tg.Value(2.0, name="x"), tg.Value(3.0, name="w")
    >>> y = w * x
    >>> y.backward()
    >>> before = tg.draw(y)
    >>> w.data = 2.5  # a step
    >>> print(tg.draw.diff(before, tg.draw(w * x)))
    × (Δ −1)  v₁ = 6→5, grad +1→–
    ├─ (Δ −0.5)  w = 3→2.5, grad +2    ∂v₁/∂w = x = 2
    └─ x = 2, grad +3                  ∂v₁/∂x = w = 3→2.5
    """
    old, new = _picture("before", before), _picture("after", after)
    _check_same(old, new)
    boxes = tuple(_box(*pair) for pair in zip(old.boxes, new.boxes, strict=True))
    arrows = tuple(_arrow(*pair) for pair in zip(old.arrows, new.arrows, strict=True))
    picture = with_heat(replace(new, boxes=boxes, arrows=arrows, heat=(), heat_of="|Δ|", paths=()))
    return GraphDrawing(DiffView(directed(picture, direction)), theme)


def _picture(which: str, given: Any) -> Picture:
    """The picture of ops that a drawing shows, or one of the Value."""
    if isinstance(given, Value):
        try:
            check_unchanged(ancestors([given])[0])
        except MutationError:
            raise OptionError(f"draw.diff: data that {which} was computed from have changed since; draw it before the "
                              "step, as in before = tg.draw(loss)") from None
        return take_picture(trace(given), max_nodes=200)
    if isinstance(given, GraphDrawing) and isinstance(given.view, OpsView):
        return given.view.picture
    what = given.view.title if isinstance(given, GraphDrawing) else type(given).__name__
    raise OptionError(f'draw.diff: {which} must be a drawing of view="ops" or a Value, got {what}')


def _check_same(old: Picture, new: Picture) -> None:
    """Raise ArgumentError at the first box or arrow that is not the same in both."""
    cure = "draw.diff compares two steps of one computation, drawn with the same options, on data of the same shapes"
    for place, (a, b) in enumerate(zip(old.boxes, new.boxes, strict=False)):
        if _kind(a) != _kind(b):
            raise ArgumentError(f"draw.diff: box {place + 1} is {_kind(a)} before and {_kind(b)} after; {cure}")
    if len(old.boxes) != len(new.boxes):
        raise ArgumentError(f"draw.diff: {len(old.boxes)} boxes before, but {len(new.boxes)} after; {cure}")
    for one, other in zip(old.arrows, new.arrows, strict=False):
        if (one.source, one.target) != (other.source, other.target):
            ends = (f"{picture.boxes[arrow.source].name or 'a constant'} to {picture.boxes[arrow.target].name}"
                    for picture, arrow in ((old, one), (new, other)))
            raise ArgumentError(f"draw.diff: an arrow leads from {' before and from '.join(ends)} after; {cure}")
    if len(old.arrows) != len(new.arrows):
        raise ArgumentError(f"draw.diff: {len(old.arrows)} arrows before, but {len(new.arrows)} after; {cure}")


def _kind(box: Box) -> str:
    """What must be the same before and after."""
    name = box.name if box.role == "parameter" else ""
    return " ".join(text for text in (box.role, name, box.symbol, box.options, box.value.array) if text)


def _box(old: Box, new: Box) -> Box:
    change, slope = _change(old.sample, new.sample), _change(old.gradient_sample, new.gradient_sample)
    told = "; ".join(f"{word} {_amount(x)}" for word, x in (("Δ", change), ("grad Δ", slope))
                     if x is not None and x.any())
    unknown = Summary((NO_GRADIENT,) * len(new.value.numbers), norm=NO_GRADIENT, zeros=NO_GRADIENT)
    known = old.gradient or new.gradient
    gradient = _both(old.gradient or unknown, new.gradient or unknown) if known else None
    options = ", ".join(text for text in (new.options, told) if text)
    return replace(new, value=_both(old.value, new.value), gradient=gradient, options=options,
                   magnitude=None if change is None else _size(change), shares="", heat=None, on_path=False)


def _change(old: Any, new: Any) -> np.ndarray | None:
    if old is None or new is None:
        return None
    with np.errstate(all="ignore"):
        return np.subtract(new, old, dtype=np.float64)


def _size(change: np.ndarray) -> float:
    """The root mean square: of a single number its magnitude."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(change ** 2))) if change.size else 0.0


def _amount(change: np.ndarray) -> str:
    return signed(change[0]) if change.size == 1 else number(_size(change), 3)


def _both(old: Summary, new: Summary) -> Summary:
    """`3→2.5`; what is the same stands once."""
    def both(a: str, b: str) -> str:
        return a if a == b else f"{a}→{b}"

    return Summary(tuple(map(both, old.numbers, new.numbers)), new.array or old.array, both(old.norm, new.norm),
                   both(old.zeros, new.zeros))


def _arrow(old: Arrow, new: Arrow) -> Arrow:
    label = new.label
    if old.derivative is not None and new.derivative is not None and label:
        before, after = number(old.derivative), number(new.derivative)
        label = label if before == after else f"{label.rpartition(' = ')[0]} = {before}→{after}"
    return replace(new, label=label, about=f"before: {old.about}; after: {new.about}", gain="", on_path=False)
