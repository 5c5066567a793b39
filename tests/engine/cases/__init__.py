"""The table of the gradient tests: at least one row for every primitive, file by file as in `engine/ops`."""

from tests.engine.cases import (
    activations,
    arithmetic,
    convolution,
    elementwise,
    indexing,
    likelihoods,
    linalg,
    normal,
    products,
    rectifiers,
    reductions,
    shapes,
)

CASES = [case for module in (arithmetic, elementwise, normal, activations, rectifiers, likelihoods, reductions,
                             indexing, shapes, products, convolution, linalg)
         for case in module.CASES]
