"""The network in a graph: its layers of weighted sums, one after the other, with what is between them.

A layer is found by its ops, so that a network need not be made of modules: `linear(x, W, b)`, `x @ W + b` and
`W @ x + b` are the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_edu.drawing.calls import Call, innermost_calls
from tinygrad_edu.drawing.labels import plain
from tinygrad_edu.engine.graph import ancestors
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError

INSTEAD = 'view="modules" shows it as layers, view="ops" as ops'


@dataclass(eq=False)
class Layer:
    """A weighted sum in the graph, z = x Wᵀ + b."""

    x: Any  # a Value or a constant
    z: Value
    weight: Any
    bias: Any  # None if there is none
    by_column: bool = False  # W @ x: points are columns of x
    by_row: bool = True  # whether W is (out, in); x @ W has (in, out)
    name: str = ""

    def matrix(self, numbers: Any) -> np.ndarray:
        """Numbers of the weight, or of its gradient, as (out, in)."""
        array = np.asarray(numbers)
        array = array.reshape(1, -1) if array.ndim == 1 else array
        return array if self.by_row or np.ndim(numbers) == 1 else array.T

    @property
    def sizes(self) -> tuple[int, int]:
        """The numbers of units that it joins, of its input and of its output."""
        out, into = self.matrix(_numbers(self.weight)).shape
        return into, out


@dataclass(eq=False)
class Network:
    """Layers one after the other. `activations` and `outputs` belong to each: what comes after its sums."""

    layers: list[Layer]
    activations: list[list[str]]  # the names of what is computed of z
    outputs: list[Any]  # what the units of the layer give: the x of the next one
    before: int  # the ops that computed the input of the first layer


def find_network(value: Value) -> Network:
    """The layers that a Value was computed by, the first one first.

    Errors: ArgumentError if there are none, or if they are not a chain.
    """
    nodes: list[Any] = ancestors([value])[0][::-1]
    users: dict[Any, list[Value]] = {}
    for node in nodes:
        for x in node.parents:
            users.setdefault(x, []).append(node)
    calls = innermost_calls(nodes)
    layers = [layer for node in nodes if (layer := _weighted_sum(node, users))]
    if not layers:
        raise ArgumentError('draw: view="neurons" shows layers of weighted sums, such as nn.Linear or x @ W + b with a '
                            f"Value W of two axes, but {value.describe()} was computed without any; {INSTEAD}")
    made_by = Counter(calls[layer.z] for layer in layers if layer.z in calls)
    for layer in layers:
        call = calls.get(layer.z)
        layer.name = (call.path or call.kind) if call and made_by[call] == 1 else ""
    sums = {layer.z for layer in layers}
    ways = [_way(layer.x, sums) for layer in layers]
    _check_chain(layers, [met for _, met in ways])
    last, end = _after(layers[-1].z, users, calls)
    between = [*(way for way, _ in ways[1:]), last]
    activations = [_names(layer.z, way, calls) for layer, way in zip(layers, between, strict=True)]
    outputs = [*(layer.x for layer in layers[1:]), end]
    return Network(layers, activations, outputs, before=len(ways[0][0]))


def _weighted_sum(node: Any, users: dict[Value, list[Value]]) -> Layer | None:
    """The layer that a node is the sum of."""
    if node.op.name == "linear":
        x, weight, bias = node.inputs
        return Layer(x, node, weight, bias) if np.ndim(_numbers(weight)) in (1, 2) else None
    if node.op.name not in ("matmul", "dot"):
        return None
    left, right = node.inputs
    candidates = [x for x in (left, right) if _is_weight(x)]
    learned = [x for x in candidates if type(_leaf(x)) is not Value]  # a parameter; data may be Values, too
    if not candidates:
        return None
    weight = (learned or candidates)[-1]
    x, by_row = (right, True) if weight is left else (left, False)
    features = np.shape(_numbers(weight))[-1 if by_row else 0]
    z, bias = _with_bias(node, np.size(_numbers(weight)) // features, users)
    return Layer(x, z, weight, bias, by_column=by_row and np.ndim(_numbers(x)) > 1, by_row=by_row)


def _leaf(x: Any) -> Any:
    """The leaf that x is, or is the transpose of."""
    return x.inputs[0] if isinstance(x, Value) and x.op is not None and x.op.name == "transpose" else x


def _is_weight(x: Any) -> bool:
    leaf = _leaf(x)
    return isinstance(leaf, Value) and leaf.op is None and leaf.ndim in (1, 2)


def _with_bias(z: Value, out: int, users: dict[Value, list[Value]]) -> tuple[Value, Any]:
    """The sum of a product and a bias, a leaf with one number per unit, if that is what the product is for."""
    following = users.get(z, [])
    if len(following) == 1 and following[0].op is not None and following[0].op.name == "add":
        others = [x for x in following[0].inputs if x is not z]
        if len(others) == 1 and isinstance(others[0], Value) and others[0].op is None and others[0].size == out:
            return following[0], others[0]
    return z, None


def _way(x: Any, sums: set[Value]) -> tuple[list[Value], list[Value]]:
    """What x was computed by, back to weighted sums, oldest first; and those sums."""
    way: list[Value] = []
    met: list[Value] = []
    waiting: list[Any] = [x] if isinstance(x, Value) else []  # a constant was not computed
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        if node in sums:
            met.append(node)
            continue
        if node.op is not None:
            way.append(node)
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return sorted(way, key=lambda node: node.time), met


def _check_chain(layers: Sequence[Layer], met: Sequence[list[Value]]) -> None:
    """Every layer must get its input from the one before it, and as many numbers as that one gives."""
    numbered = {layer.z: _call_it(layer, nth + 1) for nth, layer in enumerate(layers)}
    for nth, (layer, found) in enumerate(zip(layers, met, strict=True)):
        wanted = {layers[nth - 1].z} if nth else set()
        if set(found) != wanted:
            sources = " and of ".join(numbered[z] for z in sorted(found, key=lambda z: z.time))
            origin = f"is computed of {sources}" if sources else "has an input of its own"
            raise ArgumentError('draw: view="neurons" shows layers one after the other, but '
                                f"{numbered[layer.z]} {origin}; {INSTEAD}")
    for nth, (one, following) in enumerate(pairwise(layers)):
        if one.sizes[1] != following.sizes[0]:
            raise ArgumentError(f'draw: view="neurons": {_call_it(one, nth + 1)} gives {one.sizes[1]} numbers for a '
                                f"point, but {_call_it(following, nth + 2)} takes {following.sizes[0]}, so that its "
                                f"units are others; {INSTEAD}")


def _call_it(layer: Layer, nth: int) -> str:
    return f"weighted sum {nth}" + (f" ({plain(layer.name)})" if layer.name else "")


def _after(z: Value, users: dict[Value, list[Value]], calls: dict[Any, Call]) -> tuple[list[Value], Value]:
    """What comes after the last sums and still is the network, not the loss: what its module does, or functions."""
    way: list[Value] = []
    model = calls[z].lineage[0] if z in calls else None
    end = z
    while len(users.get(end, [])) == 1:
        node = users[end][0]
        call = calls.get(node)
        outer = call.lineage[0] if call else None
        function = node.op is not None and len([x for x in node.inputs if x is not None]) == 1 and outer is None
        if node.size != z.size or not (function or (outer is not None and outer is model)):
            break
        way.append(node)
        end = node
    return way, end


def _names(z: Value, way: Iterable[Value], calls: dict[Any, Call]) -> list[str]:
    """What happens on the way from the sums: a module of several ops counts as one, ops of shape do not count."""
    groups: dict[Any, list[Value]] = {}
    for node in way:
        made_by = (call for call in calls[node].lineage if call.since >= z.time) if node in calls else iter(())
        groups.setdefault(next(made_by, node), []).append(node)
    names = []
    for what, nodes in groups.items():
        computing: list[Any] = [node for node in nodes if not _only_arranges(node.op)]
        if isinstance(what, Call) and (len(computing) > 1 or any(node.op.arity != 1 for node in computing)):
            names.append(what.kind)
        else:
            names += [node.op.symbol for node in computing]
    return [plain(name) for name in names]


def _only_arranges(op: Any) -> bool:
    forward: Callable[..., Any] = op.forward
    return forward.__module__.endswith((".ops.shapes", ".ops.indexing"))


def _numbers(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x
