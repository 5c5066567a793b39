"""The lecture's matrices of a network: the weights of a linear layer with its bias as column 0, and their gradient.

In the lecture a layer has one matrix θ, and its input a pseudo-variable x_0 = 1; here, as everywhere else, it has a
weight W and a bias b. θ = (b | W), and ∂J/∂θ = (∂J/∂b | ∂J/∂W).
"""

import numpy as np

from tinygrad_edu.errors import ArgumentError, BackwardError, OptionError
from tinygrad_edu.nn.layers import Linear
from tinygrad_edu.nn.module import Module


def matrix(module: Module, l: int, method: str) -> np.ndarray:  # noqa: E741  (the lecture's letter)
    """What `Module.theta` or `Module.theta_gradient`, which says more, returns."""
    where = f"{type(module).__name__}.{method}"
    linear = _linear_layer(module, l, where)
    if method == "theta":
        W, b = linear.weight.data, None if linear.bias is None else linear.bias.data
    else:
        if any(p.grad is None for p in linear.parameters()):
            raise BackwardError(f"{where}: linear layer {l} has no gradient yet; call J.backward() on a loss J of this "
                                "module's output first")
        W, b = linear.weight.grad, None if linear.bias is None else linear.bias.grad
    return np.column_stack([np.zeros(len(W), W.dtype) if b is None else b, W])


def _linear_layer(module: Module, l: int, where: str) -> Linear:  # noqa: E741
    """Linear layer l of those in a module, counted from 1."""
    linear = [part for _, part in module.named_modules() if isinstance(part, Linear)]
    if not isinstance(l, int | np.integer) or isinstance(l, bool):
        raise OptionError(f"{where}: l must be a whole number, got {l!r} of type {type(l).__name__}")
    if not 1 <= l <= len(linear):
        there = f"they are counted from 1 to {len(linear)}" if linear else "there is none in this module"
        raise ArgumentError(f"{where}: there is no linear layer {l}; {there}")
    return linear[l - 1]
