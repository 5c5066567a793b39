"""The view `"modules"`: layers as boxes, and what flows between them."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tinygrad_edu.drawing.themes import Theme

Role: TypeAlias = Literal["data", "layer", "op"]
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """A box: one call of a module; or what was computed between two; or what a network was given."""

    role: Role
    kind: str  # the class of the module: `Linear`; the symbols of ops; the name of data
    path: str = ""  # `layers.0`
    about: str = ""  # `64 → 8`
    given: tuple[Shape, ...] = ()
    made: tuple[Shape, ...] = ()
    parameters: int = 0  # how many numbers it learns
    norm: str = ""  # of all these, as of one vector
    gradient: str = ""  # the norm of their gradient; empty before backward
    use: tuple[int, int] = (1, 1)  # of a shared module: which of its uses this is, and of how many
    previous_use: int | None = None  # the place of the use before
    container: int | None = None  # the place of the innermost one around it
    is_result: bool = False

    @property
    def shapes(self) -> str:
        """`(5, 64) → (5, 8)`."""
        given, made = (", ".join(map(str, shapes)) for shapes in (self.given, self.made))
        return f"{given} → {made}" if given and made else given or made

    @property
    def keeps_shape(self) -> bool:
        """Whether what it makes has the shape of all that it was given, which then need not be said."""
        return bool(self.given) and set(self.given) == set(self.made)

    @property
    def name(self) -> str:
        """`layers.0 Linear(64 → 8)`, in one line."""
        kind = f"{self.kind}({self.about})" if self.about else self.kind
        return f"{self.path} {kind}".strip()

    @property
    def learns(self) -> str:
        """`520 parameters`; empty without any."""
        return f"{self.parameters:,} parameter{'' if self.parameters == 1 else 's'}" if self.parameters else ""

    @property
    def shared(self) -> str:
        """`use 1 of 2`; empty if there is one only."""
        return f"use {self.use[0]} of {self.use[1]}" if self.use[1] > 1 else ""


@dataclass(frozen=True, slots=True)
class Flow:
    """An arrow: what one box made and another one was given."""

    source: int  # the places of the two in ModulesView.layers
    target: int
    shape: Shape
    skips: bool  # whether there is a longer way, too: a skip connection


@dataclass(frozen=True, slots=True)
class Container:
    """A module made of modules, around the boxes of these."""

    title: str
    within: int | None  # the place of the one around it; those around come first


@dataclass(frozen=True, slots=True)
class ModulesView:
    """A network as a `View`; the boxes in the order of computation, the result last."""

    layers: tuple[Layer, ...]
    flows: tuple[Flow, ...]
    containers: tuple[Container, ...]
    parameters: int  # of all layers, those of a shared one once
    notice: str = ""  # what to know if not all is drawn
    downwards: bool = True

    @property
    def title(self) -> str:
        count = sum(layer.role == "layer" for layer in self.layers)
        return f"network of {count} layers, {self.parameters:,} parameters"

    @property
    def description(self) -> str:
        kinds = Counter(layer.kind for layer in self.layers if layer.role == "layer")
        listed = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        skips = sum(flow.skips for flow in self.flows)
        ways = f" {skips} skip connection{'' if skips == 1 else 's'}." if skips else ""
        notice = f" {self.notice}." if self.notice else ""
        return f"Layers, in the order of computation: {listed}. {self.parameters:,} parameters.{ways}{notice}"

    def dot(self, theme: Theme) -> str:
        from tinygrad_edu.drawing.modules_dot import to_dot

        return to_dot(self, theme)

    def text(self) -> str:
        """One line for each box, with the numbers of those it gets its input from."""
        sources: dict[int, list[int]] = {}
        for flow in self.flows:
            sources.setdefault(flow.target, []).append(flow.source + 1)
        rows: list[tuple[str, ...]] = []
        opened: tuple[int, ...] = ()
        for place, layer in enumerate(self.layers):
            around = self._around(layer)
            for depth, container in enumerate(around):
                if container not in opened[:depth + 1]:
                    rows.append(("", "  " * depth + self.containers[container].title, "", "", ""))
            opened = around
            learns = ", ".join(text for text in (layer.learns, layer.shared) if text)
            origin = ", ".join(map(str, sorted(sources.get(place, []))))
            rows.append((f"{place + 1}", "  " * len(around) + layer.name, layer.shapes, learns,
                         f"← {origin}" if origin else ""))
        number, *widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join([row[0].rjust(number), *map(str.ljust, row[1:], widths)]).rstrip() for row in rows]
        return "\n".join([*lines, f"{self.parameters:,} parameters", *([f"({self.notice})"] if self.notice else [])])

    def _around(self, layer: Layer) -> tuple[int, ...]:
        """The places of the containers around a box, from the outermost."""
        around: list[int] = []
        place = layer.container
        while place is not None:
            around.append(place)
            place = self.containers[place].within
        return tuple(reversed(around))
