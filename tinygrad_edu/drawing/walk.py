"""`take_walk`: a picture of a graph, and the steps through it: forward node by node, then backward edge by edge."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tinygrad_edu.drawing.arrangement import arrange
from tinygrad_edu.drawing.labels import Summary, factor, norm, number, signed, summary
from tinygrad_edu.drawing.one_line import one_line
from tinygrad_edu.drawing.parts import Part
from tinygrad_edu.drawing.picture import Picture
from tinygrad_edu.drawing.snapshot import take_picture
from tinygrad_edu.drawing.steps import Steps
from tinygrad_edu.drawing.trace import Graph, names_of
from tinygrad_edu.engine.chain_rule import shares
from tinygrad_edu.engine.graph import check_unchanged
from tinygrad_edu.engine.value import Value

DERIVATIVES = re.compile(r"[,;]\s+d[yJ]")
"""Where the docstring of an op goes on from what it computes to its derivatives."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it says, and what it changes in the picture."""

    phase: Literal["start", "forward", "backward", "end"]
    title: str
    formula: str = ""  # `v₁ = w₁ · x₁ = 0.5 · 2 = 1`, `∂v₁/∂w₁ = x₁ = 2`
    sentence: str = ""
    boxes: tuple[int, ...] = ()  # the places of those it is about, in Picture.boxes: first the one that changes
    arrow: int | None = None  # the place of the arrow that it goes along
    gradient: Summary | None = None  # the first box's from now on
    gain: str = ""  # what stands on the arrow from now on


@dataclass(frozen=True, slots=True)
class Walk:
    """A picture, whose gradients are those of one backward pass from its result, and the steps through it."""

    picture: Picture
    steps: tuple[Step, ...]


def take_walk(graph: Graph, max_nodes: int = 200, names: Mapping[str, Any] | None = None) -> Walk:
    """The walk through the graph of a Value. No gradient in it is touched, nor needed.

    Errors: MutationError if data were changed since.
    """
    value = next(reversed(graph.arguments))
    assert isinstance(value, Value)
    return _Walker(graph, value, max_nodes, names).walk()


class _Walker:
    """Goes through a graph, and notes what it meets."""

    def __init__(self, graph: Graph, value: Value, max_nodes: int, names: Mapping[str, Any] | None) -> None:
        check_unchanged(x for x in graph.arguments if isinstance(x, Value))
        self.value = value
        self.arrangement = arrangement = arrange(graph, fold=False, depth=None, max_nodes=max_nodes)
        self.places = {unit: i for i, unit in enumerate(arrangement.arguments)}
        self.picture = take_picture(graph, max_nodes, names=names, fold=False)
        # the arrows of the picture are in this order
        drawn = [a for into in arrangement.arguments.values() for a in into if a.source in self.places]
        self.arrows = {(a.node, a.slot): k for k, a in enumerate(drawn)}
        outputs = [unit.output if isinstance(unit, Part) else unit for unit in self.places]
        called = names_of([x for x in outputs if isinstance(x, Value)], names)
        called |= {x: "…" for x in graph.arguments if isinstance(x, Value) and x not in called}
        self.words = Steps(called)
        self.J = self.words.called(value)
        self.nodes = [x for x in graph.arguments if isinstance(x, Value) and x.op is not None]  # oldest first
        self.steps: list[Step] = []
        self.gradients: dict[Any, Any] = {}

    def walk(self) -> Walk:
        inputs = tuple(i for x, i in self.places.items() if isinstance(x, Value) and x.op is None)
        self.steps.append(Step("start", "The numbers that it starts with", "", f"From them {self.J} is computed, "
                               "node by node, and then its gradient, edge by edge.", inputs))
        for unit in self.places:
            if isinstance(unit, Part):
                self._forward_as_one(unit)
            elif isinstance(unit, Value) and unit.op is not None:
                self._forward(unit)
        if self.value.size == 1:
            self._backward()
        boxes, arrows = list(self.picture.boxes), list(self.picture.arrows)
        for unit, i in self.places.items():
            x = unit.output if isinstance(unit, Part) else unit
            known = summary(self.gradients[x], signed) if x in self.gradients else None
            boxes[i] = replace(boxes[i], gradient=known, shares="", magnitude=None)
        gains = {step.arrow: step.gain for step in self.steps if step.arrow is not None}
        for k, arrow in enumerate(arrows):
            arrows[k] = replace(arrow, gain=gains.get(k, ""))
        return Walk(replace(self.picture, boxes=tuple(boxes), arrows=tuple(arrows)), tuple(self.steps))

    def _forward(self, node: Value) -> None:
        words, name = self.words, self.words.called(node)
        assert node.op is not None
        result = number(node.item()) if node.ndim == 0 else f"an array {node.shape} with norm {number(norm(node.data))}"
        formula = [f"{name} = {one_line(words.formula(node))}"]
        if node.ndim == 0:
            formula += [part for part in (one_line(words.with_numbers(node)), number(node.item())) if part]
        given = [a.source for a in self.arrangement.arguments[node] if isinstance(a.value, Value)]
        sources = [self.places[source] for source in dict.fromkeys(given) if source in self.places]
        said = DERIVATIVES.split(" ".join((node.op.__doc__ or "").strip().partition("\n")[0].split()))[0]
        sentence = f"{name} is {result}; {node.op.name} is {said}." if said else f"{name} is {result}."
        self.steps.append(Step("forward", f"Forward: {node.op.name.replace('_', ' ')} makes {name}",
                               " = ".join(dict.fromkeys(formula)), sentence, (self.places[node], *sources)))

    def _forward_as_one(self, part: Part) -> None:
        place, name = self.places[part], self.words.called(part.output)
        sources = [self.places[a.source] for a in self.arrangement.arguments[part] if a.source in self.places]
        self.steps.append(Step("forward", f"Forward: {len(part)} nodes, drawn as one, make {name}",
                               f"{name} = {self.picture.boxes[place].value}", self.picture.boxes[place].symbol,
                               (place, *dict.fromkeys(sources))))

    def _backward(self) -> None:
        value, J = self.value, self.J
        seed = self.gradients[value] = value._seed(None)
        self.steps.append(Step("backward", f"Backward: it begins at {J}", f"∂{J}/∂{J} = 1",
                               f"How much does {J} change with {J}? As much as itself.",
                               (self.places[self.arrangement.box_of(value)],),
                               gradient=summary(seed, signed)))
        with np.errstate(all="ignore"):
            for node in reversed(self.nodes):
                if node in self.gradients:
                    for slot, x, d in reversed(shares(node, self.gradients[node])):  # the first argument first
                        before = self.gradients.get(x)
                        self.gradients[x] = d if before is None else before + d
                        if (node, slot) in self.arrows:
                            self._edge(node, slot, x, d, before)
        leaves = [x for x in self.places if isinstance(x, Value) and x.op is None and x in self.gradients]
        shown = [f"∂{J}/∂{self.words.called(x)} = {_shown(self.gradients[x])}" for x in leaves]
        self.steps.append(Step("end", "All gradients are there", ";  ".join(shown), "Every node passed its gradient on "
                               "once, when all that it is the sum of had arrived.",
                               tuple(self.places[x] for x in leaves)))

    def _edge(self, node: Value, slot: int, x: Value, d: Any, before: Any) -> None:
        """What the gradient of x gains by its use in the node."""
        words, g, total = self.words, self.gradients[node], self.gradients[x]
        ends = self.arrangement.box_of(x), self.arrangement.box_of(node)
        x_name, y_name = (words.called(end.output if isinstance(end, Part) else value)
                          for end, value in zip(ends, (x, node), strict=True))
        rule, of = words.rule_text(node, slot)
        derivative = words.derivative(node, slot)
        assert node.op is not None
        twice = f" as {node.op.input_name(slot)}" if sum(other is x for other in node.inputs) > 1 else ""
        quotient = (f"∂{y_name}/∂{x_name}" if of == "y" else f"∂{self.J}/∂{x_name}") + twice
        parts = [quotient, rule, "" if derivative is None else number(derivative)]
        if derivative is None:
            gain = f"‖grad‖ {number(norm(d), 3)}" if np.ndim(d) else signed(d)
            how = f"{_shown(d)}, by the rule of {node.op.name} from g = ∂{self.J}/∂{y_name}"
        else:
            gain = f"{signed(g)} × {factor(derivative)} = {signed(d)}"
            how = f"{number(g)} × {factor(derivative)} = {number(d)}"
        sentence = f"∂{self.J}/∂{x_name} gains {how}."
        if before is not None:
            sums = f"{number(before)} + {factor(d)} = {number(total)}" if np.ndim(d) == 0 else _shown(total)
            sentence += f" With what it had, it is {sums}."
        self.steps.append(Step("backward", f"Backward: from {y_name} to {x_name}",
                               " = ".join(dict.fromkeys(part for part in parts if part)), sentence,
                               tuple(self.places[end] for end in ends), self.arrows[node, slot],
                               summary(total, signed), gain))


def _shown(x: Any) -> str:
    return number(x) if np.ndim(x) == 0 else f"an array {np.shape(x)} with norm {number(norm(x))}"
