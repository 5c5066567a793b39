"""`take_picture`: the graph of a Value as it is at this moment, turned into plain data."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.drawing import emphasis, folding
from tinygrad_edu.drawing.arrangement import Argument, Arrangement, arrange
from tinygrad_edu.drawing.derivatives import Step, local_derivatives, local_rule, passed_back, written_with
from tinygrad_edu.drawing.grouping import frames_around, shapes, title
from tinygrad_edu.drawing.labels import factor, is_finite, norm, number, plain, sample, signed, summary
from tinygrad_edu.drawing.parts import Part, Unit
from tinygrad_edu.drawing.picture import Arrow, Box, Picture
from tinygrad_edu.drawing.trace import Constant, Graph, Item, names_of
from tinygrad_edu.engine.graph import check_unchanged
from tinygrad_edu.engine.value import Value

SIMPLE = 60
"""So many boxes are drawn where Graphviz needs too long for more."""

LONGEST_FORMULA = 24
"""What is longer stands only in the tooltip of its arrow."""

LONGEST_NAME = 8
"""In the formula on an arrow; in place of a longer name stands that of the op's input, such as `weight`."""

MOST_SHARES = 4
"""Of so many contributions at most, the box shows each."""


def take_picture(graph: Graph, max_nodes: int, *, names: Mapping[str, Any] | None = None, depth: int | None = None,
                 fold: bool | None = None, heat: bool = False,
                 highlight: tuple[Value, Value] | None = None) -> Picture:
    """The picture of a graph; the arguments are those of `draw`."""
    arrangement = arrange(graph, fold=fold, depth=depth, max_nodes=max_nodes)
    camera = _Camera(graph, arrangement, names)
    frames, frame_of = frames_around(arrangement.arguments, graph)
    arrows: list[Arrow] = []
    for unit in arrangement.arguments:
        arrows += camera.arrows_into(unit)
    shares: dict[int, list[Arrow]] = {}
    for arrow in arrows:
        shares.setdefault(arrow.source, []).append(arrow)
    boxes = []
    for place, unit in enumerate(arrangement.arguments):
        x = unit.output if isinstance(unit, Part) else unit
        boxes.append(replace(camera.box(unit), frame=frame_of.get(unit), shares=_sum_of(shares.get(place, [])),
                             sample=sample(x.data), gradient_sample=sample(getattr(x, "grad", None))))
    bad, kind = _first_bad(graph)
    bad_place = camera.places.get(arrangement.box_of(bad)) if bad is not None else None
    if bad_place is not None:
        boxes[bad_place] = replace(boxes[bad_place], bad=kind)
    picture = Picture(tuple(boxes), tuple(arrows), _notice(len(graph.arguments), boxes, arrangement), tuple(frames))
    if heat:
        picture = emphasis.with_heat(picture)
    if highlight is not None:
        start, end = (camera.place_of(x) for x in highlight)
        picture = emphasis.with_paths(picture, start, end)
    return picture


class _Camera:
    """What boxes and arrows are made from: the graph, what is drawn as one, and the names."""

    def __init__(self, graph: Graph, arrangement: Arrangement, names: Mapping[str, Any] | None) -> None:
        self.graph, self.arrangement = graph, arrangement
        self.places: dict[Unit, int] = {unit: i for i, unit in enumerate(arrangement.arguments)}
        drawn = [unit.output if isinstance(unit, Part) else unit for unit in self.places]
        self.names = names_of((x for x in drawn if isinstance(x, Value)), names)
        self.result = plain(next(reversed(self.names.values())), LONGEST_NAME)

    def place_of(self, x: Value) -> int:
        """The place of the box of a Value, which must be one.

        Errors: ArgumentError if it is not in the picture.
        """
        unit = self.arrangement.box_of(x)
        known = x in self.graph.arguments
        if not known or unit not in self.places or (isinstance(unit, Part) and unit.output is not x):
            raise emphasis.not_drawn(x, known)
        return self.places[unit]

    def box(self, unit: Unit) -> Box:
        """The box of a Value, a constant or a part."""
        if isinstance(unit, Constant):
            return Box("constant", "", summary(unit.data), None)
        x = unit.output if isinstance(unit, Part) else unit
        value, gradient = summary(x.data), None if x.grad is None else summary(x.grad, signed)
        magnitude = None if x.grad is None else norm(x.grad) / np.sqrt(max(x.size, 1))
        left_out = unit in self.arrangement.cut
        name = self.names[x]
        if isinstance(unit, Part):
            count = len(unit)
            if unit.call is not None:
                return Box("module", name, value, gradient, title(unit.call), shapes(unit.nodes, self.graph),
                           f"the {count} nodes of {title(unit.call)}", left_out, count, magnitude=magnitude)
            formula = folding.formula(unit, self.graph, self.names)
            return Box("folded", name, value, gradient, formula, "", f"{count} nodes as one: {formula}", left_out,
                       count, magnitude=magnitude)
        if x.op is None:
            # nn.Parameter is on a higher level than this module; here any subclass of Value is a parameter
            return Box("data" if type(x) is Value else "parameter", name, value, gradient, magnitude=magnitude)
        options = ", ".join(f"{k}={' '.join(repr(v).split())}" for k, v in x.options.items()
                            if repr(v) != repr(x.op.defaults.get(k)))
        return Box("op", name, value, gradient, plain(x.op.symbol), plain(options), self._formula(x), left_out,
                   magnitude=magnitude)

    def _formula(self, x: Value) -> str:
        """`multiply(x, w): y = a·b, element by element, ...`"""
        op, inputs = x.op, x.inputs
        assert op is not None
        shown = [self.names.get(a, "…") if isinstance(a, Value) else "None" if a is None else str(summary(a))
                 for a in inputs[:9]]
        call = f"{op.name}({', '.join(shown)}{', …' if len(inputs) > 9 else ''})"
        definition = " ".join((op.__doc__ or "").strip().partition("\n")[0].split())
        return plain(f"{call}: {definition}", longest=200)

    def arrows_into(self, unit: Unit) -> list[Arrow]:
        """The arrows into a box, one for each argument that comes from another one that is drawn."""
        arguments = [a for a in self.arrangement.arguments[unit] if a.source in self.places]
        if isinstance(unit, Constant) or not arguments:
            return []
        part = unit if isinstance(unit, Part) else None
        output = part.output if part else unit
        assert isinstance(output, Value)
        nodes = part.nodes if part else [output]
        at_border = dict.fromkeys(argument.node for argument in arguments)
        steps: dict[tuple[Value, int], Step] = {}
        contributions: dict[tuple[Value, int], Any] = {}
        problem = ""
        try:
            check_unchanged(nodes)
            if (part is None or part.kind != "module") and _are_numbers(nodes):
                steps = local_derivatives(output, nodes)
            for node in at_border:
                if node.grad is not None:
                    contributions |= {(node, slot): share for slot, _, share in passed_back(node, node.grad)}
        except Exception as error:  # from a user's rule, or since data were changed; the rest can be shown
            problem = plain(error, longest=300)
        repeated = Counter(argument.value for argument in arguments)
        return [self._arrow(a, output, part, steps.get((a.node, a.slot)), contributions.get((a.node, a.slot)),
                            problem, repeated[a.value] > 1) for a in arguments]

    def _arrow(self, argument: Argument, output: Value, part: Part | None, step: Step | None, contribution: Any,
               problem: str, repeated: bool) -> Arrow:
        node, slot, x, source = argument
        op = node.op
        assert op is not None
        ends = self.places[source], self.places[part or output]
        about = f"{op.input_name(slot)} of {op.name}"
        if not isinstance(x, Value):
            return Arrow(*ends, "", about)
        # an inner Value of a module that is one box has no name of its own
        by = self.names.get(x) or self.names[source.output if isinstance(source, Part) else output]
        below = by if len(by) <= LONGEST_NAME else op.input_name(slot)
        if repeated and not part and below == by:  # x·x: one factor at a time
            below += f" as {op.input_name(slot)}"
        quotient = f"∂{plain(self.names[output], LONGEST_NAME)}/∂{below}"
        if problem:
            return Arrow(*ends, f"{quotient} = ?", f"{quotient} is not known: {problem}")
        exact = part is None or (step is not None and step.onward == 1)  # the rule of the node is that of the box
        rule = self._rule(argument, self.names[output], below) if exact else ""
        equation = [rule or quotient] if rule.startswith("∂") else [quotient, rule] if rule else [quotient]
        if step is not None:
            equation.append(number(step.derivative))
        if len(equation) > 1 or rule:
            about = f"{about}: {' = '.join(dict.fromkeys(equation))}"
        if len(rule) > LONGEST_FORMULA:
            equation.remove(rule)
        label = " = ".join(dict.fromkeys(equation)) if len(equation) > 1 or rule in equation else ""
        gain = ""
        if contribution is not None:
            if step is not None and output.grad is not None and step.derivative != 1:
                gain = f"{signed(output.grad)} × {factor(step.derivative)} = {signed(contribution)}"
            else:
                gain = signed(contribution) if np.ndim(contribution) == 0 else f"‖grad‖ {number(norm(contribution), 3)}"
            about += f"; the gradient of {by} gains {gain}"
        return Arrow(*ends, label, about, step and step.derivative, contribution, gain)

    def _rule(self, argument: Argument, output: str, below: str) -> str:
        """The formula of the local derivative with the names of the picture; empty if the docstring has none.

        Where the docstring says the gradient of the input, in terms of g, that of the output, it is an equation.
        """
        node, slot = argument.node, argument.slot
        assert node.op is not None
        rule = local_rule(node.op, slot)
        if rule is None:
            return ""
        inputs = [self.names.get(x, "") if isinstance(x, Value) else
                  number(x) if x is not None and np.ndim(x) == 0 else "" for x in node.inputs]
        short = [name if len(name) <= LONGEST_NAME else "" for name in inputs]
        formula = plain(written_with(rule.formula, node.op, plain(output, LONGEST_NAME), short, node.options), 60)
        return f"∂{self.result}/∂{below} = {formula}" if rule.of == "J" else formula


def _are_numbers(nodes: list[Value]) -> bool:
    """Whether all that they compute with, and what they make, are single numbers."""
    return all(x.ndim == 0 for node in nodes for x in (node, *node.parents))  # type: ignore[attr-defined]


def _sum_of(arrows: list[Arrow]) -> str:
    """The contributions at a fan-out, `+2 −0.5`; empty if there is but one, or too many, or of arrays."""
    gains = [arrow.contribution for arrow in arrows]
    if not 1 < len(gains) <= MOST_SHARES or any(gain is None or np.ndim(gain) for gain in gains):
        return ""
    return " ".join(signed(gain, 3) if gain != 0 else "+0" for gain in gains)


def _first_bad(graph: Graph) -> tuple[Item | None, str]:
    """The first in the order of computation with a NaN or an infinity, and which; else the first gradient."""
    for x in graph.arguments:
        if not is_finite(x.data):
            return x, "nan" if np.isnan(x.data).any() else "inf"
    for x in reversed(graph.arguments):
        if isinstance(x, Value) and x.grad is not None and not is_finite(x.grad):
            return x, "grad nan" if np.isnan(x.grad).any() else "grad inf"
    return None, ""


def _notice(count: int, boxes: list[Box], arrangement: Arrangement) -> str:
    """What to know where one box is not one node, or some are left out."""
    single = sum(box.nodes == 1 for box in boxes)
    if single == count:
        return ""
    folded = len(boxes) - single
    how = []
    if folded:
        how.append(f"{sum(box.nodes for box in boxes) - single} more in {folded} box{'es' if folded > 1 else ''}")
    if arrangement.cut:
        how.append("those nearest the result")
    return f"{single} of {count} nodes, {'; '.join(how)}"
