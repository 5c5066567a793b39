"""The table of the gradient tests: at least one row for every primitive, file by file as in `engine/ops`."""

from tests.engine.cases import (
    activations,
    arithmetic,
    elementwise,
    indexing,
    linalg,
    products,
    reductions,
    shapes,
)

CASES = [case for module in (arithmetic, elementwise, activations, reductions, indexing, shapes, products, linalg)
         for case in module.CASES]
