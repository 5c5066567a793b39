"""Modules made of modules."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, OptionError
from tinygrad_edu.nn.activations import ACTIVATIONS
from tinygrad_edu.nn.init import he_uniform, xavier_uniform
from tinygrad_edu.nn.layers import Linear
from tinygrad_edu.nn.module import Module
from tinygrad_edu.random import RandomSource, default_generator


class Sequential(Module):
    """Modules one after the other: y = f_k(... f_2(f_1(x))).

    It has a length, and `model[0]` is its first module, `model[:2]` the Sequential of its first two.

    Args:
        *layers: the modules, in order; none give y = x.

    Errors: OptionError for what is no module.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Tanh())
    Sequential(  # 9 parameters
      layers.0: Linear(2 -> 3)  # 9 parameters
      layers.1: Tanh()
    )
    """

    def __init__(self, *layers: Module) -> None:
        for i, layer in enumerate(layers):
            if isinstance(layer, type):
                raise OptionError(f"Sequential: layer {i} is the class {layer.__name__}; make one of it, "
                                  f"as in {layer.__name__}()")
            if not isinstance(layer, Module):
                raise OptionError(f"Sequential: layer {i} is a {type(layer).__name__}, but must be a module; "
                                  "pass modules one by one, as in Sequential(Linear(2, 3), Tanh())")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i: int | slice) -> Module:
        return Sequential(*self.layers[i]) if isinstance(i, slice) else self.layers[i]


class MLP(Sequential):
    """A multilayer perceptron: linear layers with an activation function between them, none after the last.

        a^(0) = x,   a^(l+1) = activation(a^(l) W^(l)ᵀ + b^(l)),   y = a^(L-1) W^(L-1)ᵀ + b^(L-1)

    Args:
        sizes: features of the input, of each hidden layer and of the output.
        activation: "identity", "relu", "sigmoid" or "tanh".
        dtype: of the parameters.
        rng: a seed or a `numpy.random.Generator` for the weights, which start as He's uniform ones for ReLU,
            else as Xavier's. The same seed gives the same bits.

    It takes x of shape (..., sizes[0]) and gives (..., sizes[-1]).

    Errors: ArgumentError for fewer than two sizes or an unknown activation, OptionError for sizes that are no
    list; those of `Linear`.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.MLP([2, 16, 1])(np.ones((5, 2))).shape
    (5, 1)

    Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by back-propagating
    errors, Nature 323, 1986, https://doi.org/10.1038/323533a0.
    """

    def __init__(self, sizes: Sequence[int], activation: str = "tanh", dtype: Any = np.float64,
                 rng: RandomSource = None) -> None:
        if not isinstance(sizes, Sequence | np.ndarray) or isinstance(sizes, str):
            raise OptionError(f"MLP: sizes must be a list of whole numbers, as in [2, 16, 1], got {sizes!r} "
                              f"of type {type(sizes).__name__}")
        if len(sizes) < 2:
            raise ArgumentError(f"MLP: sizes must be at least those of input and output, got {list(sizes)}")
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            raise ArgumentError(f"MLP: activation must be one of {', '.join(map(repr, ACTIVATIONS))}, got "
                                f"{activation!r}")
        rng = default_generator(rng)  # one for all layers, or a seed would give them all the same weights
        init = he_uniform if activation == "relu" else xavier_uniform
        layers: list[Module] = []
        for fan_in, fan_out in pairwise(sizes):
            layers += [Linear(fan_in, fan_out, dtype=dtype, rng=rng, init=init), ACTIVATIONS[activation]()]
        super().__init__(*layers[:-1])
