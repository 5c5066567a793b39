"""What a picture of a graph shows, as plain data: boxes in the order of computation, arrows between them."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count, islice
from operator import index
from typing import Any, Literal, TypeAlias

import numpy as np

from tinygrad_edu.drawing.labels import NO_GRADIENT, Summary, number, plain, signed, subscript, summary
from tinygrad_edu.engine.chain_rule import shares
from tinygrad_edu.engine.graph import check_unchanged
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, OptionError

Role: TypeAlias = Literal["data", "parameter", "op", "constant"]


@dataclass(frozen=True, slots=True)
class Box:
    """A Value, or a constant that an op was given."""

    role: Role
    name: str  # no other box has it; a constant has none
    value: Summary
    gradient: Summary | None  # None before backward, and for a constant
    symbol: str = ""  # of the op that made it
    options: str = ""  # of the op, those that are not the usual ones: `axis=0`
    formula: str = ""  # `multiply(x, w): y = a·b, element by element, ...`
    inputs_left_out: bool = False  # since they are too far from the result

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
    label: str  # `∂y/∂x = −3`
    about: str  # the same as a sentence, with what it adds to the gradient
    derivative: float | None = None  # dy/dx, where both are single numbers
    contribution: float | None = None  # what the gradient of x gets from that of y: dJ/dy·dy/dx


@dataclass(frozen=True, slots=True)
class Picture:
    """The boxes, oldest first, so that the result is the last; the arrows, in the order of the arguments."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notice: str  # what to know if not all is drawn


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """An argument without gradient. It belongs to one place in one op: a 2 elsewhere is another constant."""

    data: Any
    user: Value


Arguments: TypeAlias = list[tuple[int, Value | Constant]]
"""What an op was given, each with the number of its input."""


def take_picture(value: Any, max_nodes: int) -> Picture:
    """The picture of the graph that computed a Value: of the boxes nearest to it, no more than `max_nodes`.

    Errors: as `draw`.
    """
    if not isinstance(value, Value):
        raise OptionError(f"draw: expected a Value, got {type(value).__name__}")
    try:
        max_nodes = index(max_nodes)
    except TypeError:
        raise OptionError(f"draw: max_nodes must be a whole number, got {max_nodes!r}") from None
    if max_nodes < 1:
        raise ArgumentError(f"draw: max_nodes must be 1 or more, got {max_nodes}")
    found = _trace(value)
    drawn = sorted(islice(found, max_nodes), key=_age)
    places = {x: i for i, x in enumerate(drawn)}
    names = names_of(x for x in drawn if isinstance(x, Value))
    boxes, arrows = [], []
    for x in drawn:
        if isinstance(x, Constant):
            boxes.append(Box("constant", "", summary(x.data), None))
        else:
            boxes.append(_box(x, names, any(argument not in places for _, argument in found[x])))
            arrows += _arrows(x, found[x], names, places)
    hidden = len(found) > len(drawn)
    notice = f"{len(found)} nodes, of which the {len(drawn)} nearest the result are drawn" if hidden else ""
    return Picture(tuple(boxes), tuple(arrows), notice)


def _trace(value: Value) -> dict[Value | Constant, Arguments]:
    """All that a Value was computed from, itself first, nearest first, each with its own arguments."""
    found: dict[Value | Constant, Arguments] = {value: []}
    waiting = deque([value])
    while waiting:
        node = waiting.popleft()
        for slot, x in enumerate(node.inputs):
            if x is None:  # no limit, no bias: not an argument
                continue
            argument = x if isinstance(x, Value) else Constant(x, node)
            found[node].append((slot, argument))
            if argument not in found:
                found[argument] = []
                if isinstance(argument, Value):
                    waiting.append(argument)
    return found


def _age(x: Value | Constant) -> tuple[int, bool]:
    """The order of computation, a constant just before the op that uses it."""
    return (x.time, True) if isinstance(x, Value) else (x.user.time, False)


def names_of(values: Iterable[Value]) -> dict[Value, str]:
    """A name for each: its own, or v₁, v₂, ...; one that is taken already gets a number, as in weight₂."""
    names: dict[Value, str] = {}
    taken: set[str] = set()
    unnamed = count(1)
    for x in values:
        stem = plain(x.name) if x.name else f"v{subscript(next(unnamed))}"
        variants = (f"{stem}{subscript(n)}" for n in count(2))
        names[x] = next(name for name in chain([stem], variants) if name not in taken)
        taken.add(names[x])
    return names


def _box(x: Value, names: dict[Value, str], inputs_left_out: bool) -> Box:
    value, gradient = summary(x.data), None if x.grad is None else summary(x.grad, signed)
    if x.op is None:
        # nn.Parameter is on a higher level than this module; here any subclass of Value is a parameter
        return Box("data" if type(x) is Value else "parameter", names[x], value, gradient)
    op, inputs = x.op, x.inputs
    options = ", ".join(f"{k}={' '.join(repr(v).split())}" for k, v in x.options.items()
                        if repr(v) != repr(op.defaults.get(k)))
    shown = [names.get(a, "…") if isinstance(a, Value) else "None" if a is None else str(summary(a))
             for a in inputs[:9]]
    call = f"{op.name}({', '.join(shown)}{', …' if len(inputs) > 9 else ''})"
    definition = " ".join((op.__doc__ or "").strip().partition("\n")[0].split())
    return Box("op", names[x], value, gradient, plain(op.symbol), plain(options),
               plain(f"{call}: {definition}", longest=200), inputs_left_out)


def _arrows(y: Value, arguments: Arguments, names: dict[Value, str], places: dict[Any, int]) -> list[Arrow]:
    """The arrows into y, one for each of its arguments that is drawn."""
    derivatives, contributions, problem = {}, {}, ""
    if all(x.ndim == 0 for x in (y, *(x for _, x in arguments if isinstance(x, Value)))):
        try:
            check_unchanged([y])
            derivatives = _passed_back(y, np.ones((), y.dtype))
            if y.grad is not None:
                contributions = _passed_back(y, y.grad)
        except Exception as error:  # from a user's rule, or since data were changed; the rest can be shown
            problem = plain(error, longest=300)
    repeated = Counter(x for _, x in arguments if isinstance(x, Value))
    arrows = []
    for slot, x in arguments:
        if x not in places:
            continue
        label, about = "", f"{y.op.input_name(slot)} of {y.op.name}" if y.op else ""
        d, gain = derivatives.get(slot), contributions.get(slot)
        if isinstance(x, Value) and (problem or d is not None):
            twice = f" as {y.op.input_name(slot)}" if y.op and repeated[x] > 1 else ""  # x·x: one factor at a time
            quotient = f"∂{plain(names[y], 12)}/∂{plain(names[x], 12)}{twice}"
            label = about = f"{quotient} = ?" if d is None else f"{quotient} = {number(d)}"
            if problem:
                about = f"{quotient} is not known: {problem}"
            elif d is not None and gain is not None:
                factor = number(d) if d >= 0 else f"({number(d)})"
                about += f", so the gradient of {names[x]} gains {signed(y.grad)} × {factor} = {signed(gain)}"
        arrows.append(Arrow(places[x], places[y], label, about, d, gain))
    return arrows


def _passed_back(y: Value, g: Any) -> dict[int, float]:
    """What each input of y gets, by slot, when the gradient g arrives at y: the op's own rules, run on g."""
    if y.op is None:
        return {}
    with np.errstate(all="ignore"):
        return {slot: float(share) for slot, _, share in shares(y, g)}
