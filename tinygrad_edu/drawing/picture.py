"""What a picture of a graph shows, as plain data: boxes in the order of computation, arrows between them."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tinygrad_edu.drawing.grouping import Frame
from tinygrad_edu.drawing.labels import NO_GRADIENT, Summary

Role: TypeAlias = Literal["data", "parameter", "op", "constant", "folded", "module"]
Direction: TypeAlias = Literal["right", "down"]


@dataclass(frozen=True, slots=True)
class Box:
    """A Value, a constant that an op was given, or several Values as one."""

    role: Role
    name: str  # no other box has it; a constant has none
    value: Summary
    gradient: Summary | None  # None before backward, and for a constant
    symbol: str = ""  # of the op that made it; of several, their formula; the title of a module
    options: str = ""  # of the op, those that are not the usual ones: `axis=0`; of a module, its shapes
    formula: str = ""  # `multiply(x, w): y = a·b, element by element, ...`
    inputs_left_out: bool = False  # since they are too far from the result
    nodes: int = 1  # how many Values and constants it stands for
    shares: str = ""  # what its gradient is the sum of, if it is used more than once: `+2 −0.5`
    magnitude: float | None = None  # of the gradient: |g|, of an array the root mean square
    frame: int | None = None  # the place of the innermost one around it, in Picture.frames
    bad: str = ""  # "nan" or "inf", if it is the first in which there is one
    heat: int | None = None  # the level of its gradient's magnitude, in colours of a theme
    on_path: bool = False  # of those that are highlighted
    sample: Any = field(default=None, compare=False, repr=False)  # a copy of its numbers, of many every n-th,
    gradient_sample: Any = field(default=None, compare=False, repr=False)  # and of its gradient: for `draw.diff`

    def __str__(self) -> str:
        if not self.name:
            return str(self.value)
        # the gradient has the value's shape and dtype, which need not be said twice
        gradient = self.gradient._replace(array="") if self.gradient else NO_GRADIENT
        return f"{self.name} = {self.value}, grad {gradient}"


@dataclass(frozen=True, slots=True)
class Arrow:
    """An argument of an op: from the box it comes from to the box it helps to make."""

    source: int  # the places of the two in Picture.boxes
    target: int
    label: str  # `∂y/∂x = w = −3`
    about: str  # the same as a sentence, with what it adds to the gradient
    derivative: float | None = None  # dy/dx, where both are single numbers
    contribution: Any = None  # what the gradient of x gets from that of y: dJ/dy·dy/dx; None before backward
    gain: str = ""  # the contribution in short: `+0.5·(−3) = −1.5`, of an array its norm
    on_path: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """The boxes, oldest first, so that the result is the last; the arrows, in the order of the arguments."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notice: str = ""  # what to know if not all is drawn
    frames: tuple[Frame, ...] = ()
    heat: tuple[float, ...] = ()  # the least gradient of each level, then the largest of all
    heat_of: str = "|gradient|"
    paths: tuple[str, ...] = ()  # what there is to say of the highlighted paths
    direction: Direction = "right"  # where the arrows lead
    widest: int | None = None  # in pixels; a wider one is shrunk
