"""Modules made of modules."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from tinygrad_edu.checks import shown, yes_or_no
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.nn.activations import ACTIVATIONS
from tinygrad_edu.nn.checks import Initializer, check_module, operand
from tinygrad_edu.nn.dropout import Dropout
from tinygrad_edu.nn.init import he_uniform, lecun_normal, xavier_uniform
from tinygrad_edu.nn.layers import Linear
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.normalization import BatchNorm1d
from tinygrad_edu.random import RandomSource, default_generator

Initializers: TypeAlias = "Initializer | Sequence[Initializer] | None"

SUITED: dict[str, Initializer] = {"ReLU": he_uniform, "LeakyReLU": he_uniform, "ELU": he_uniform, "GELU": he_uniform,
                                  "SELU": lecun_normal}
"""How weights before an activation start, by the name of its class; Xavier's for all others."""


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
            check_module("Sequential", f"layer {i}", layer,
                         "pass modules one by one, as in Sequential(Linear(2, 3), Tanh()), a function as Lambda(f)")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i: int | slice) -> Module:
        return Sequential(*self.layers[i]) if isinstance(i, slice) else self.layers[i]


class Residual(Module):
    """A module with a way around it, a skip connection:

        y = x + f(x),   dy/dx = 1 + df/dx

    The 1 lets the gradient pass, however small that of f: with it, networks of many layers can be trained.

    Args:
        module: f, which must give y of the shape of its x.

    Errors: OptionError for what is no module; ShapeError if f(x) has another shape than x.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.Residual(tg.nn.MLP([4, 16, 4]))(np.ones((5, 4))).shape
    (5, 4)

    Source: K. He et al., Deep Residual Learning for Image Recognition, CVPR 2016, https://arxiv.org/abs/1512.03385.
    """

    def __init__(self, module: Module) -> None:
        check_module("Residual", "module", module, "pass one, as in Residual(MLP([4, 16, 4]))")
        self.module = module

    def forward(self, x: Any) -> Any:
        x = operand("Residual", "x", x)
        y = self.module(x)
        if np.shape(y) != x.shape:
            raise ShapeError(f"Residual: x has shape {x.shape}, but {type(self.module).__name__} makes {np.shape(y)} "
                             "of it, and both are added; let it end with as many features as it gets, as in "
                             "Residual(MLP([4, 16, 4]))")
        return x + y


class MLP(Sequential):
    """A multilayer perceptron: linear layers with an activation function between them, none after the last.

        a^(0) = x,   a^(l+1) = activation(a^(l) W^(l)ᵀ + b^(l)),   y = a^(L-1) W^(L-1)ᵀ + b^(L-1)

    Args:
        sizes: features of the input, of each hidden layer and of the output.
        activation: the name of the activation function, "tanh", "relu", "sigmoid" and so on, or a module, of which
            each hidden layer gets a copy; or a list with one for each hidden layer, a name or a module.
        dtype: of the parameters.
        rng: a seed or a `numpy.random.Generator` for the weights and what is dropped. The same seed gives the same
            bits.
        init: how the weights start, a function of `nn.init`, or a list with one for each linear layer. If not given
            it is the one that suits the activation after the layer (the last takes that before it): He's for ReLU
            and its kin, LeCun's for SELU, else Xavier's.
        dropout: the probability with which each output of a hidden layer is dropped in training.
        batch_norm: whether there is a `BatchNorm1d` before each activation. Its β is then the bias of that layer.

    It takes x of shape (..., sizes[0]) and gives (..., sizes[-1]); with batch_norm, of shape (n, sizes[0]).

    Errors: ArgumentError for fewer than two sizes, an unknown activation or a list of the wrong length, OptionError
    for sizes that are no list, an activation that is neither name nor module, and a batch_norm that is not True or
    False; those of `Linear` and `Dropout`.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.MLP([2, 16, 1])(np.ones((5, 2))).shape
    (5, 1)
    >>> tg.nn.MLP([2, 16, 8, 1], ["relu", "tanh"], dropout=0.5)
    MLP(  # 193 parameters
      layers.0: Linear(2 -> 16)  # 48 parameters
      layers.1: ReLU()
      layers.2: Dropout(p=0.5)
      layers.3: Linear(16 -> 8)  # 136 parameters
      layers.4: Tanh()
      layers.5: Dropout(p=0.5)
      layers.6: Linear(8 -> 1)  # 9 parameters
    )

    Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by back-propagating
    errors, Nature 323, 1986, https://doi.org/10.1038/323533a0.
    """

    def __init__(self, sizes: Sequence[int], activation: str | Module | Sequence[str | Module] = "tanh",
                 dtype: Any = np.float64, rng: RandomSource = None, *, init: Initializers = None, dropout: float = 0.0,
                 batch_norm: bool = False) -> None:
        if not isinstance(sizes, Sequence | np.ndarray) or isinstance(sizes, str):
            raise OptionError(f"MLP: sizes must be a list of whole numbers, as in [2, 16, 1], got {shown(sizes)} "
                              f"of type {type(sizes).__name__}")
        if len(sizes) < 2:
            raise ArgumentError(f"MLP: sizes must be at least those of input and output, got {list(sizes)}")
        *hidden, last = pairwise(sizes)
        activations, batch_norm = _activations(activation, len(hidden)), yes_or_no("MLP: batch_norm", batch_norm)
        starts = _starts(init, activations)
        rng = None if rng is None else default_generator(rng)  # one for all, or a seed would give all layers the same
        p = Dropout(dropout).p  # checked even if there is no hidden layer
        layers: list[Module] = []
        for (fan_in, fan_out), function, start in zip(hidden, activations, starts[:-1], strict=True):
            layers.append(Linear(fan_in, fan_out, not batch_norm, dtype, rng, start))
            if batch_norm:
                layers.append(BatchNorm1d(fan_out, dtype=dtype))
            layers.append(function)
            if p:
                layers.append(Dropout(p, rng))
        super().__init__(*layers, Linear(*last, dtype=dtype, rng=rng, init=starts[-1]))


def _activations(activation: Any, hidden: int) -> list[Module]:
    """A module for each hidden layer."""
    several = isinstance(activation, list | tuple)
    for a in activation if several else [activation]:
        if not isinstance(a, str):
            check_module("MLP", "activation", a, "pass one, such as nn.ELU(alpha=0.5), or a name, such as 'relu', or a "
                                                 "list of these; a function as nn.Lambda(f)")
        elif a not in ACTIVATIONS:
            raise ArgumentError(f"MLP: activation must be one of {', '.join(map(repr, ACTIVATIONS))}, or a module, "
                                f"got {shown(a)}")
    each = list(activation) if several else [deepcopy(activation) for _ in range(hidden)]
    if len(each) != hidden:
        raise ArgumentError(f"MLP: activation must be a list of {hidden}, one for each hidden layer, got {len(each)}")
    return [a if isinstance(a, Module) else ACTIVATIONS[a]() for a in each]


def _starts(init: Any, activations: list[Module]) -> list[Initializer]:
    """How the weights of each linear layer start, one more than there are activations."""
    layers = len(activations) + 1
    if init is None:
        suited = [SUITED.get(type(a).__name__, xavier_uniform) for a in activations]
        return [*suited, suited[-1] if suited else xavier_uniform]
    each = list(init) if isinstance(init, list | tuple) else [init] * layers
    if len(each) != layers:
        raise ArgumentError(f"MLP: init must be a list of {layers}, one for each linear layer, got {len(each)}")
    for start in each:
        if not callable(start):
            raise OptionError("MLP: init must be a function, such as nn.init.he_normal, or a list of these, got "
                              f"{shown(start)}")
    return each
