"""What a picture of a computation graph shows, as plain data: boxes in the order of computation, and arrows."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count, islice
from operator import index
from typing import Any, Literal, TypeAlias

import numpy as np

from tinygrad_edu.drawing.labels import NO_GRADIENT, Summary, number, plain, signed, subscript, summary
from tinygrad_edu.engine.graph import check_unchanged, pull_back
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, OptionError

Role: TypeAlias = Literal["data", "parameter", "op", "constant"]


@dataclass(frozen=True, slots=True)
class Box:
    """A Value, or a constant of an op."""

    role: Role
    name: str  # no other box has it; a constant has none
    value: Summary
    gradient: Summary | None  # before backward, and of a constant
    symbol: str = ""  # of the op that made it
    options: str = ""  # of the op, where they are not the usual ones: `axis=0`
    formula: str = ""  # `multiply(x, w): y = a·b, element by element, ...`
    inputs_left_out: bool = False  # because they are too far from the result

    def __str__(self) -> str:
        if not self.name:
            return str(self.value)
        gradient = self.gradient._replace(array="") if self.gradient else NO_GRADIENT  # shape and dtype are the value's
        return f"{self.name} = {self.value}, grad {gradient}"


@dataclass(frozen=True, slots=True)
class Arrow:
    """An argument of an op: from the box it comes from to the box it helps to make."""

    source: int  # the places of the two in Picture.boxes
    target: int
    label: str = ""  # `∂y/∂x = −3`
    about: str = ""  # the same in a sentence, with what it adds to the gradient
    derivative: float | None = None  # dy/dx, where both are single numbers
    contribution: float | None = None  # what the gradient of y adds to that of x: dJ/dy·dy/dx


@dataclass(frozen=True, slots=True)
class Picture:
    """The boxes, oldest first, so that the result is the last; the arrows, in the order of their op's arguments."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notice: str  # if not all is drawn


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """An argument without gradient. It belongs to one place in one op: a 2 elsewhere is another constant."""

    data: Any
    user: Value


Arguments: TypeAlias = list[tuple[int, Value | Constant]]
"""What an op was given, each with the number of its input."""


def take_picture(value: Any, max_nodes: int) -> Picture:
    """The picture of the graph that computed a Value, of at most so many boxes nearest to it.

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
    place = {x: i for i, x in enumerate(drawn)}
    names = _names(x for x in drawn if isinstance(x, Value))
    boxes, arrows = [], []
    for x in drawn:
        arguments = [(slot, argument) for slot, argument in found[x] if argument in place]
        if isinstance(x, Constant):
            boxes.append(Box("constant", "", summary(x.data), None))
            continue
        boxes.append(_box(x, names, inputs_left_out=len(arguments) < len(found[x])))
        arrows += _arrows(x, arguments, names, place)
    notice = f"{len(found)} nodes; the {len(drawn)} nearest the result are drawn" if len(found) > len(drawn) else ""
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


def _names(values: Iterable[Value]) -> dict[Value, str]:
    """A name for each Value, its own or v₁, v₂, ...; one that is taken already gets a number: weight, weight₂."""
    names: dict[Value, str] = {}
    taken: set[str] = set()
    unnamed = 0
    for x in values:
        if not x.name:
            unnamed += 1
        stem = plain(x.name) if x.name else f"v{subscript(unnamed)}"
        variants = (f"{stem}{subscript(n)}" for n in count(2))
        name = next(name for name in chain([stem], variants) if name not in taken)
        taken.add(name)
        names[x] = name
    return names


def _box(x: Value, names: dict[Value, str], inputs_left_out: bool) -> Box:
    gradient = None if x.grad is None else summary(x.grad, signed)
    if x.op is None:
        # nn.Parameter is on a higher level than this module; here any subclass of Value is a parameter
        return Box("data" if type(x) is Value else "parameter", names[x], summary(x.data), gradient)
    op = x.op
    options = ", ".join(f"{k}={' '.join(repr(v).split())}" for k, v in x.options.items()
                        if repr(v) != repr(op.defaults.get(k)))
    inputs = ", ".join(names.get(a, "…") if isinstance(a, Value) else "None" if a is None else str(summary(a))
                       for a in x.inputs[:9])
    definition = " ".join((op.__doc__ or "").strip().partition("\n")[0].split())
    formula = f"{op.name}({inputs}{', …' if len(x.inputs) > 9 else ''}): {definition}"
    return Box("op", names[x], summary(x.data), gradient, plain(op.symbol), plain(options),
               plain(formula, longest=200), inputs_left_out)


def _arrows(node: Value, arguments: Arguments, names: dict[Value, str], place: dict[Any, int]) -> list[Arrow]:
    """The arrows into a node, one for each of its arguments."""
    derivatives, contributions, problem = {}, {}, ""
    if arguments and all(x.ndim == 0 for x in (node, *node.parents)):
        try:
            check_unchanged([node])
            derivatives = _passed_back(node, np.ones((), node.dtype))
            if node.grad is not None:
                contributions = _passed_back(node, node.grad)
        except Exception as error:  # from a user's rule, or since data changed: to be shown, not to end the picture
            problem = str(error)
    arrows = []
    for slot, x in arguments:
        if isinstance(x, Constant) or (slot not in derivatives and not problem):
            arrows.append(Arrow(place[x], place[node], about=f"{node.op.input_name(slot)} of {node.op.name}"))
            continue
        d, gain = derivatives.get(slot), contributions.get(slot)
        quotient = f"∂{plain(names[node], 12)}/∂{plain(names[x], 12)}"
        label = about = f"{quotient} = {'?' if d is None else number(d)}"
        if problem:
            about = f"{quotient} is not known: {plain(problem, 300)}"
        elif d is not None and gain is not None:
            about += (f", so the gradient of {names[x]} gains "
                      f"{signed(node.grad)} × {number(d) if d >= 0 else f'({number(d)})'} = {signed(gain)}")
        arrows.append(Arrow(place[x], place[node], label, about, d, gain))
    return arrows


def _passed_back(node: Value, g: Any) -> dict[int, float]:
    """What each input of a node gets, by slot, when the gradient g arrives there: the op's own rules, run on g."""
    passed = {}

    def note(_: Any, slot: int, gradient: Any) -> None:
        passed[slot] = float(gradient)

    with np.errstate(all="ignore"):
        pull_back([node], node.parents, g, inspect=note)
    return passed
