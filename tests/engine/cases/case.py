"""One row of the table: a primitive, inputs from its domain, and what to compare its values with."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """`op(*inputs, **options)`, once on arrays drawn for these shapes.

    Args:
        op: the name of the primitive in `tinygrad_edu.OPS`.
        shapes: the shape of each input.
        reference: an independent function, called as reference(*inputs, **options) with the options given
            here; NumPy's own where NumPy has a function of the op's name (values must then agree to the last
            bit), else SciPy's or a closed form.
        domain: (low, high) of the numbers drawn, for all inputs or one pair for each.
        options: keyword options of the call.
        prepare: makes of the arrays drawn what the op needs (positive definite, distinct, ...).
        constant: numbers of the inputs that have no gradient (a mask, labels); they are passed as they are.
        smooth: False where the second derivative does not exist or is 0 everywhere.
        holomorphic: False where the forward takes complex numbers, but is not complex-differentiable.
        note: what this row is about, where it is not the usual case.
    """

    op: str
    shapes: tuple[tuple[int, ...], ...]
    reference: Callable[..., Any]
    domain: Any = (-2.0, 2.0)
    options: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[..., tuple] = lambda *arrays: arrays
    constant: tuple[int, ...] = ()
    smooth: bool = True
    holomorphic: bool = True
    note: str = ""

    def inputs(self, dtype: Any = np.float64) -> tuple:
        """Arrays of these shapes from the domain, in the given dtype; the same numbers in every run."""
        rng = self.rng("inputs")
        domains = [self.domain] * len(self.shapes) if np.ndim(self.domain) == 1 else self.domain
        drawn = [np.asarray(rng.uniform(low, high, shape), dtype)
                 for shape, (low, high) in zip(self.shapes, domains, strict=True)]
        return tuple(np.asarray(x, dtype) if getattr(x, "dtype", np.dtype(int)).kind == "f" else x
                     for x in self.prepare(*drawn))

    def rng(self, purpose: str) -> np.random.Generator:
        """Random numbers of this row's own: other rows may come and go."""
        return np.random.default_rng(zlib.crc32(f"{self} {purpose}".encode()))

    def __str__(self) -> str:
        shapes = ",".join("x".join(map(str, shape)) or "()" for shape in self.shapes)
        options = ",".join(f"{name}={value}" for name, value in self.options.items())
        return " ".join(filter(None, [self.op, shapes, options, self.note]))
