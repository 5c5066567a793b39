"""The view `"neurons"`: units as circles, weights as lines, as a network is drawn on the board."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from tinygrad_edu.drawing.labels import number, plain, signed, subscript
from tinygrad_edu.drawing.network import Layer, Network, find_network
from tinygrad_edu.drawing.themes import Theme
from tinygrad_edu.engine.value import Value

MOST_UNITS, FIRST_UNITS = 10, 8
"""A column of more units than the first shows only as many as the second."""

Role: TypeAlias = Literal["input", "bias", "hidden", "output"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A circle."""

    role: Role
    name: str  # `a₁⁽²⁾`: superscript for the layer, subscript for the neuron; `+1` for a bias unit
    value: str  # what it gives; empty if there are several points
    about: str


@dataclass(frozen=True, slots=True)
class Column:
    """The units of one layer; the first of them may be the bias unit."""

    title: str
    activation: str  # what the units do with their sums: `tanh`
    units: tuple[Unit, ...]
    size: int  # how many there are, with those that are not shown, without the bias

    @property
    def left_out(self) -> int:
        return self.size - sum(unit.role != "bias" for unit in self.units)


@dataclass(frozen=True, slots=True)
class Weight:
    """A line from a unit to one of the next column."""

    source: int  # the places of the two among all units, column by column
    target: int
    name: str  # `θ₁₂⁽¹⁾`, as in `model.theta(1)[0, 2]`: to neuron 1 from neuron 2; from the bias it is 0
    value: float
    about: str


@dataclass(frozen=True, slots=True)
class NeuronsView:
    """A network as a `View`."""

    columns: tuple[Column, ...]
    weights: tuple[Weight, ...]
    thetas: tuple[tuple[str, str], ...]  # between the columns: the name of the matrix, its shape and what holds it
    notice: str  # what to know if not all is drawn

    @property
    def units(self) -> tuple[Unit, ...]:
        return tuple(unit for column in self.columns for unit in column.units)

    @property
    def largest(self) -> float:
        """The largest finite |weight| of those shown, to which the lines are scaled."""
        return max((abs(w.value) for w in self.weights if np.isfinite(w.value)), default=0.0)

    @property
    def title(self) -> str:
        return f"network of {'-'.join(str(column.size) for column in self.columns)} units"

    @property
    def description(self) -> str:
        layers = "; ".join(f"{column.title}: {_describe(column)}" for column in self.columns)
        negative = sum(w.value < 0 for w in self.weights)
        weights = (f"{len(self.weights)} weights are drawn, {negative} of them negative, the largest "
                   f"{number(self.largest)} in size")
        return f"A network. {layers}. {weights}." + (f" {self.notice}." if self.notice else "")

    def dot(self, theme: Theme) -> str:
        from tinygrad_edu.drawing.neurons_dot import to_dot

        return to_dot(self, theme)

    def text(self) -> str:
        units, lines, place = self.units, [], 0
        into: dict[int, list[Weight]] = {}
        for w in self.weights:
            into.setdefault(w.target, []).append(w)
        for column in self.columns:
            lines.append(f"{column.title}: {_describe(column)}")
            for unit in column.units:
                value = f" = {unit.value}" if unit.value else ""
                if unit.role != "bias":
                    lines.append(f"  {unit.name}{_formula(column, into.get(place, []), units)}{value}")
                place += 1
            if column.left_out:
                lines.append(f"  ⋮ {column.left_out:,} more")
        return "\n".join([*lines, *([f"({self.notice})"] if self.notice else [])])


def take_neurons(value: Value) -> NeuronsView:
    """The network that computed a Value, as it is now. Errors are those of `find_network`."""
    network = find_network(value)
    layers = network.layers
    sizes = [layers[0].sizes[0], *(layer.sizes[1] for layer in layers)]
    points = np.size(_numbers(layers[0].x)) // max(sizes[0], 1)
    given = [layers[0].x, *network.outputs]
    columns: list[Column] = []
    weights: list[Weight] = []
    thetas = []
    for nth, size in enumerate(sizes, start=1):
        activations = network.activations[nth - 2] if nth > 1 else []
        role: Role = "input" if nth == 1 else "output" if nth == len(sizes) else "hidden"
        by_column = layers[min(nth, len(layers)) - 1].by_column
        names = [_unit_name(nth, i + 1) for i in range(_shown(size))]
        outputs = _by_unit(given[nth - 1], size, by_column)
        gradients = _by_unit(getattr(given[nth - 1], "grad", None), size, by_column)
        units = [Unit(role, name, number(outputs[i, 0], 3) if points == 1 and outputs is not None else "",
                      _about_unit(name, i, outputs, gradients)) for i, name in enumerate(names)]
        if nth <= len(layers) and layers[nth - 1].bias is not None:
            bias = f"the bias unit of layer {nth}, always 1: its weights are the biases of the next layer"
            units.insert(0, Unit("bias", "+1", "", bias))
        title = "input" if nth == 1 else "output" if nth == len(sizes) else f"layer {nth}"
        columns.append(Column(title, ", ".join(activations), tuple(units), size))
    starts = np.cumsum([0, *(len(column.units) for column in columns)]).tolist()
    for nth, layer in enumerate(layers, start=1):
        weights += _weights(nth, layer, columns[nth - 1], columns[nth], starts[nth - 1], starts[nth])
        thetas.append((f"θ{superscript(nth)}", _shape(layer)))
    return NeuronsView(tuple(columns), tuple(weights), tuple(thetas), _notice(network, columns))


def superscript(nth: int) -> str:
    """The number of a layer, as in `a⁽²⁾`."""
    return f"⁽{str(nth).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}⁾"


def _unit_name(nth: int, i: int) -> str:
    return f"x{subscript(i)}" if nth == 1 else f"a{subscript(i)}{superscript(nth)}"


def _weight_name(nth: int, j: int, i: int) -> str:
    """`θ₁₂⁽¹⁾`, with a comma where the two numbers would run together."""
    comma = "," if max(i, j) > 9 else ""
    return f"θ{subscript(j)}{comma}{subscript(i)}{superscript(nth)}"


def _shown(size: int) -> int:
    return size if size <= MOST_UNITS else FIRST_UNITS


def _numbers(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _by_unit(x: Any, size: int, by_column: bool) -> np.ndarray | None:
    """The numbers of units that are shown: (units, points); None if there are none, or they are not as many."""
    numbers = _numbers(x)
    if numbers is None or np.size(numbers) == 0 or np.size(numbers) % size:
        return None
    array = np.asarray(numbers)
    rows = array.reshape(size, -1) if by_column else array.reshape(-1, size).T
    return rows[:_shown(size)].copy()


def _about_unit(name: str, i: int, outputs: np.ndarray | None, gradients: np.ndarray | None) -> str:
    if outputs is None:
        return name
    own = outputs[i]
    if len(own) == 1:
        gradient = f", gradient {signed(gradients[i, 0])}" if gradients is not None else ""
        return f"{name} = {number(own[0])}{gradient}"
    with np.errstate(all="ignore"):  # an infinity in the data is nothing to warn of here
        return (f"{name} of {len(own):,} points: from {number(own.min(), 3)} to {number(own.max(), 3)}, "
                f"mean {number(own.mean(), 3)}")


def _weights(nth: int, layer: Layer, sources: Column, targets: Column, start: int, end: int) -> list[Weight]:
    """The weights of a layer between the units that are shown, target by target."""
    W, gradient = layer.matrix(_numbers(layer.weight)), getattr(layer.weight, "grad", None)
    dW = None if gradient is None else layer.matrix(gradient)
    b, db = (None if x is None else np.resize(x, len(W))
             for x in (_numbers(layer.bias), getattr(layer.bias, "grad", None)))
    if b is not None:  # the lecture's matrix: the bias is column 0
        W = np.column_stack([b, W])
        dW = None if dW is None or db is None else np.column_stack([db, dW])
    found = []
    goals = [place for place, unit in enumerate(targets.units) if unit.role != "bias"]
    for j, goal in enumerate(goals):
        for place, unit in enumerate(sources.units):
            w, g = W[j, place], None if dW is None else dW[j, place]
            i = place if b is not None else place + 1
            name = _weight_name(nth, j + 1, i)
            known = f", gradient {signed(g)}" if g is not None else ""
            origin = "the bias" if unit.role == "bias" else unit.name
            about = f"{name} = {signed(w)}{known}; from {origin} to {targets.units[goal].name}"
            found.append(Weight(start + place, end + goal, name, float(w), about))
    return found


def _shape(layer: Layer) -> str:
    into, out = layer.sizes
    columns = into + (layer.bias is not None)
    return f"{out} × {columns}" + (f", {plain(layer.name)}" if layer.name else "")


def _notice(network: Network, columns: Sequence[Column]) -> str:
    notes = []
    if any(column.left_out for column in columns):
        notes.append(f"of layers with more than {MOST_UNITS} units the first {FIRST_UNITS} are drawn")
    if network.before:
        notes.append(f"the {network.before} ops that computed the input are not drawn")
    return "; ".join(notes)


def _describe(column: Column) -> str:
    units = f"{column.size:,} unit{'' if column.size == 1 else 's'}"
    return f"{units}, {column.activation}" if column.activation else units


def _formula(column: Column, weights: Sequence[Weight], units: Sequence[Unit]) -> str:
    """What a unit computes: ` = tanh(0.1 + 0.73·x₁ − …)`."""
    if not weights:
        return ""
    terms: list[str] = []
    for w in weights[:6]:
        sign = ("− " if terms else "−") if w.value < 0 else ("+ " if terms else "")
        source = units[w.source]
        terms.append(f"{sign}{number(abs(w.value), 3)}" + ("" if source.role == "bias" else f"·{source.name}"))
    if len(weights) > 6:
        terms.append("+ …")
    inner = " ".join(terms)
    for name in column.activation.split(", ") if column.activation else ():
        inner = f"{name}({inner})"
    return f" = {inner}"
