"""Layers with parameters."""

from typing import Any

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.nn.init import xavier_uniform
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.random import RandomSource


class Linear(Module):
    """y = x Wᵀ + b.

    The lecture's theta^(l) is the matrix (b | W), the bias as its column 0.

    Args:
        in_features, out_features: W is (out_features, in_features), b (out_features,).
        bias: whether there is a b; it starts at 0.
        dtype: of the parameters.
        rng: a seed or generator for W, which starts Xavier-uniform.

    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.nn.Linear(3, 2)(np.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, dtype: Any = np.float64,
                 rng: RandomSource = None) -> None:
        if in_features < 1 or out_features < 1:
            raise ArgumentError(f"Linear({in_features}, {out_features}): both must be at least 1")
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(xavier_uniform((out_features, in_features), rng).astype(dtype), "weight")
        self.bias = Parameter(np.zeros(out_features, dtype), "bias") if bias else None

    def forward(self, x: Any) -> Any:
        shape = np.shape(x)
        if not shape or shape[-1] != self.in_features:
            raise ShapeError(f"Linear({self.in_features}, {self.out_features}): x has shape {shape}; its last axis "
                             f"must have {self.in_features} features")
        return ops.linear(x, self.weight, self.bias)

    def describe(self) -> str:
        return f"{self.in_features} -> {self.out_features}{'' if self.bias is not None else ', no bias'}"
