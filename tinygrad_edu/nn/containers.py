"""Modules made of modules."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, OptionError
from tinygrad_edu.nn import init
from tinygrad_edu.nn.activations import ACTIVATIONS
from tinygrad_edu.nn.layers import Linear
from tinygrad_edu.nn.module import Module
from tinygrad_edu.random import RandomSource


class Sequential(Module):
    """Modules one after the other.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Tanh())
    Sequential(  # 9 parameters
      layers.0: Linear(2 -> 3)  # 9 parameters
      layers.1: Tanh()
    )
    """

    def __init__(self, *layers: Module) -> None:
        for layer in layers:
            if not isinstance(layer, Module):
                raise OptionError(f"Sequential takes modules, not {type(layer).__name__}")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i: int) -> Module:
        return self.layers[i]


class MLP(Sequential):
    """A multilayer perceptron: linear layers with an activation function between them, none after the last.

    Args:
        sizes: features of the input, of each hidden layer and of the output.
        activation: "tanh", "relu", "sigmoid" or "identity".
        dtype: of the parameters.
        rng: a seed or generator for the weights: He-uniform for ReLU, else Xavier-uniform.

    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.nn.MLP([2, 16, 1])(np.ones((5, 2))).shape
    (5, 1)
    """

    def __init__(self, sizes: Sequence[int], activation: str = "tanh", dtype: Any = np.float64,
                 rng: RandomSource = None) -> None:
        if len(sizes) < 2:
            raise ArgumentError(f"MLP({list(sizes)}): at least the sizes of input and output are needed")
        if activation not in ACTIVATIONS:
            raise ArgumentError(f"MLP: activation {activation!r} is not one of {', '.join(sorted(ACTIVATIONS))}")
        layers: list[Module] = []
        for fan_in, fan_out in zip(sizes, sizes[1:], strict=False):
            linear = Linear(fan_in, fan_out, dtype=dtype, rng=rng)
            if activation == "relu":
                linear.weight.data = init.he_uniform((fan_out, fan_in), rng)
            layers += [linear, ACTIVATIONS[activation]()]
        super().__init__(*layers[:-1])
