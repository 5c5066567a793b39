"""The layers in a graph: which boxes the view `"modules"` has, and what flows between them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tinygrad_edu.drawing.calls import Call, innermost_calls
from tinygrad_edu.drawing.labels import number, plain
from tinygrad_edu.drawing.modules_view import Container, Flow, Layer, ModulesView, Shape
from tinygrad_edu.engine.graph import ancestors
from tinygrad_edu.engine.value import Value


@dataclass(eq=False)
class Group:
    """The nodes that are drawn as one box: of a call, or ops between calls; or data, which nothing computed."""

    call: Call | None = None
    around: Call | None = None  # the module that it is in
    nodes: list[Value] = field(default_factory=list)  # oldest first; none for a constant
    parameters: dict[Value, None] = field(default_factory=dict)  # each once; a list would compare their numbers
    constants: dict[int, tuple[Any, Shape]] = field(default_factory=dict)  # arrays, by their ids
    inputs: dict[Any, tuple["Group", Shape]] = field(default_factory=dict)  # by Value, or id: where it is from
    data_name: str = ""
    data_shape: Shape = ()

    @property
    def is_data(self) -> bool:
        return bool(self.data_name)


def take_modules(value: Value, max_nodes: int, depth: int | None = None, downwards: bool = True) -> ModulesView:
    """The layers that computed a Value, as they are now.

    Args:
        value: the result.
        max_nodes: how many boxes to draw. In a larger network the innermost modules become one box each, level by
            level; of what is still too large the boxes nearest the result are drawn.
        depth: how many levels of modules to open at most; all if not given.
        downwards: whether the arrows lead down, else to the right.
    """
    nodes: list[Any] = ancestors([value])[0][::-1]
    calls = innermost_calls(nodes)
    levels = max((len(call.lineage) for call in calls.values()), default=1)
    depths = [depth, *range(min(levels - 1, levels if depth is None else depth) - 1, -1, -1)]
    for opened in depths:
        groups = _groups(nodes, calls, opened) or [_data(value)]
        if len(groups) <= max_nodes:
            break
    return _view(groups, max_nodes, downwards)


def _groups(nodes: Iterable[Any], calls: dict[Any, Call], depth: int | None) -> list[Group]:
    """The boxes, in the order of computation, if modules are opened to a depth."""
    containers = {outer for call in set(calls.values()) for outer in call.lineage[:-1]}
    users = Counter(x for node in nodes for x in set(node.parents))
    group_of: dict[Value, Group] = {}
    of_call: dict[Call, Group] = {}
    for node in nodes:
        call = calls.get(node)
        lineage = call.lineage if call else ()
        if depth is not None and len(lineage) > depth:
            call = lineage[depth]
            group = of_call.setdefault(call, Group(call, call.within))
        elif call is not None and call not in containers:
            group = of_call.setdefault(call, Group(call, call.within))
        else:
            group = _one_after_the_other(node, call, users, group_of) or Group(around=call)
        group.nodes.append(node)
        group_of[node] = group
    found: list[Group] = []
    constants: dict[int, Group] = {}
    for group in dict.fromkeys(group_of.values()):
        for node in group.nodes:
            for x in node.inputs:
                if isinstance(x, Value):
                    found += _take_in(x, group, group_of)
                elif np.ndim(x):
                    group.constants[id(x)] = x, _shape(node, x)
        found += [*_constants(group, constants), group]
    return found


def _data(x: Value) -> Group:
    return Group(nodes=[x], data_name=plain(x.name) if x.name else "data", data_shape=x.shape)


def _one_after_the_other(node: Value, call: Call | None, users: Counter[Any],
                         group_of: dict[Value, Group]) -> Group | None:
    """The group of the op before, if both are between calls, and what it made is used nowhere else."""
    computed: set[Any] = {x for x in node.parents if x.op is not None}
    if len(computed) != 1:
        return None
    (before,) = computed
    group = group_of[before]
    return group if group.call is None and group.around is call and users[before] == 1 else None


def _take_in(x: Value, group: Group, group_of: dict[Value, Group]) -> list[Group]:
    """Enter what a box is given; the data that appear by this."""
    if x.op is None and type(x) is not Value:  # nn.Parameter is on a higher level than this module: any subclass is one
        group.parameters[x] = None
        return []
    new = []
    if x not in group_of:
        group_of[x] = _data(x)
        new.append(group_of[x])
    if group_of[x] is not group:
        group.inputs[x] = group_of[x], x.shape
    return new


def _constants(group: Group, known: dict[int, Group]) -> list[Group]:
    """Enter the constants that were given to a box; those that were not known yet.

    What a module keeps for itself, such as a mask, is none of these. Which of the two it is, the graph does not tell:
    a loss is given its target; any other module only has a constant as its input if it has no other.
    """
    shown, name = list(group.constants), "constant"
    if group.call is not None and hasattr(group.call.module, "reduction"):
        name = "target"
    elif group.call is not None:
        shown, name = [] if group.inputs else shown[:1], "input"
    new = []
    for key in shown:
        shape = group.constants[key][1]
        if key not in known:
            known[key] = Group(data_name=name, data_shape=shape)
            new.append(known[key])
        group.inputs[key] = known[key], shape
    return new


def _shape(node: Any, x: Any) -> Shape:
    """The shape of a constant; empty for the windows of an image, of which the shape is not known any more."""
    return () if node.op.name == "filter_windows" else np.shape(x)


def _view(groups: list[Group], max_nodes: int, downwards: bool) -> ModulesView:
    """The boxes nearest the result as plain data; what is counted is counted in all of them."""
    left_out = max(len(groups) - max_nodes, 0)
    notice = f"{len(groups)} boxes, of which the {max_nodes} nearest the result are drawn" if left_out else ""
    parameters = {p: p.size for group in groups for p in group.parameters}
    uses = Counter(id(group.call.module) for group in groups if group.call)
    used: Counter[int] = Counter()
    latest: dict[int, int] = {}
    drawn = groups[left_out:]
    places = {group: place for place, group in enumerate(drawn)}
    calls, containers = _containers(drawn)
    reached = _reached(drawn, places)
    layers, flows = [], []
    for group, place in places.items():
        layer = _layer(group)
        if group.call:
            module = id(group.call.module)
            used[module] += 1
            layer = replace(layer, use=(used[module], uses[module]), previous_use=latest.get(module))
            latest[module] = place
        container = calls[group.around] if group.around else None
        layers.append(replace(layer, container=container, is_result=place == len(drawn) - 1))
        sources = [(places[source], shape) for source, shape in group.inputs.values() if source in places]
        for source, shape in sources:
            skips = any(reached[other] >> source & 1 for other, _ in sources)
            flows.append(Flow(source, place, shape, skips))
    return ModulesView(tuple(layers), tuple(flows), tuple(containers), sum(parameters.values()), notice, downwards)


def _reached(groups: list[Group], places: dict[Group, int]) -> list[int]:
    """For each box all those that it was computed by, as the bits of a number."""
    reached: list[int] = []
    for group in groups:
        sources = {places[source] for source, _ in group.inputs.values() if source in places}
        bits = 0
        for source in sources:
            bits |= 1 << source | reached[source]
        reached.append(bits)
    return reached


def _containers(groups: list[Group]) -> tuple[dict[Call, int], list[Container]]:
    """The modules around the boxes, the outer ones first, and the place of each."""
    calls = {call for group in groups if group.around for call in group.around.lineage}
    places = {call: place for place, call in enumerate(sorted(calls, key=lambda call: call.since))}
    titles = {call: plain(f"{call.path} {call.kind}".strip(), 48) for call in places}
    return places, [Container(title, places[call.within] if call.within else None) for call, title in titles.items()]


def _layer(group: Group) -> Layer:
    if group.is_data:
        return Layer("data", group.data_name, made=(group.data_shape,) if group.data_shape else ())
    given = tuple(shape for source, shape in group.inputs.values() if shape or not source.is_data)
    last = group.nodes[-1]
    size = sum(p.size for p in group.parameters)
    gradients = [p.grad for p in group.parameters]
    known = {"given": given, "made": (last.shape,), "parameters": size,
             "norm": number(_norm([p.data for p in group.parameters]), 3) if size else "",
             "gradient": number(_norm(gradients), 3) if size and all(g is not None for g in gradients) else ""}
    call = group.call
    if call is None:
        symbols = [node.op.symbol for node in group.nodes if node.op is not None]
        kind = ", ".join(symbols[:4]) + (", …" if len(symbols) > 4 else "")
        return Layer("op", plain(kind), **known)  # type: ignore[arg-type]
    return Layer("layer", plain(call.kind), plain(call.path, 40), plain(call.about, 40), **known)  # type: ignore[arg-type]


def _norm(arrays: Iterable[Any]) -> float:
    """√(Σ x²) of all elements of all arrays."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(sum(np.vdot(x, x) for x in (np.asarray(a, np.float64) for a in arrays))))
