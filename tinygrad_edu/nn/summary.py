"""The layers of a model as a table: what comes in, what goes out, and how many numbers each learns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.nn.checks import check_shape
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.random import default_generator

Shapes: TypeAlias = tuple[tuple[int, ...], ...]


@dataclass
class Row:
    """One use of a module: a shared one has several rows, one that is never called a row without shapes."""

    path: str
    layer: str
    inputs: Shapes = ()
    outputs: Shapes = ()
    parameters: int = 0
    """How many numbers it holds itself and learns, those of the modules in it not counted, nor any twice."""


class Summary:
    """What `model.summary(input_shape)` found: the `rows` of the table, and how many `parameters` there are in all.

    Printed it is the table.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)
        self.parameters = sum(row.parameters for row in rows)

    def __repr__(self) -> str:
        cells = [("layer", "path", "input", "output", "parameters")]
        for row in self.rows:
            count = f"{row.parameters:,}" if row.parameters else ""
            cells.append((row.layer, row.path, _shown(row.inputs), _shown(row.outputs), count))
        cells.append(("all", "", "", "", f"{self.parameters:,}"))
        *wide, last = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join([*map(str.ljust, texts, wide), count.rjust(last)]) for *texts, count in cells]
        return "\n".join(map(str.rstrip, lines))


def summarize(model: Module, input_shape: int | Sequence[int]) -> Summary:
    """The method `Module.summary`, which see."""
    shape = check_shape(f"{type(model).__name__}.summary", "input_shape", input_shape)
    modules = list(model.named_modules())
    found = [p.dtype for p in model.parameters()]
    x = np.zeros(shape, found[0] if found else np.float64)

    rows: list[Row] = []
    counted: set[int] = set()

    def row_of(path: str, module: Module) -> Row:
        own = [part for _, part in module._children() if isinstance(part, Parameter) and id(part) not in counted]
        counted.update(map(id, own))
        rows.append(Row(path, type(module).__name__, parameters=sum(p.size for p in own)))
        return rows[-1]

    def noting(path: str, module: Module) -> Callable[..., Any]:
        forward = module.forward

        def noted(*inputs: Any, **options: Any) -> Any:
            row = row_of(path, module)
            row.inputs = _shapes([*inputs, *options.values()])
            y = forward(*inputs, **options)
            row.outputs = _shapes(y if isinstance(y, list | tuple) else [y])
            return y

        return noted

    generator = default_generator().bit_generator
    before, attributes = generator.state, [dict(vars(module)) for _, module in modules]
    try:
        model.eval()
        for path, module in modules:
            vars(module)["forward"] = noting(path, module)  # found before that of the class
        with no_grad():
            model(x)
    finally:  # nothing of this stays, not even what a layer noted down for itself
        generator.state = before
        for (_, module), old in zip(modules, attributes, strict=True):
            vars(module).clear()
            vars(module).update(old)
    for path, module in modules:
        if all(row.path != path for row in rows):
            row_of(path, module)
    return Summary(rows)


def _shapes(values: Sequence[Any]) -> Shapes:
    """Those of the arrays and Values among what a module takes or gives."""
    return tuple(value.shape for value in values if hasattr(value, "shape"))


def _shown(shapes: Shapes) -> str:
    return ", ".join(map(str, shapes)) or "-"
