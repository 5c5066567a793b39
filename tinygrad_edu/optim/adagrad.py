"""Adagrad: a step size of its own for every parameter, which only ever shrinks."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, Hyperparameter
from tinygrad_edu.optim.optimizer import Optimizer


class Adagrad(Optimizer):
    """Adaptive gradients: each measured in units of the root of the sum of its squares so far.

        s ← s + g²,   θ ← θ − α / (1 + (t − 1) η) · g / (√s + ε)

    So parameters that seldom get a gradient, such as those of a rare word, take long steps when they do. As s only
    grows, all steps become shorter, like 1/√t: good for a convex J, soon too short for a network.

    Args:
        params: the parameters, such as `model.parameters()`, or groups of them; see `Optimizer`.
        lr: the learning rate α, 0 or more. It may be assigned between steps.
        lr_decay: η, 0 or more: how fast α itself falls with the step t = 1, 2, ...
        weight_decay: λ, 0 or more: g = ∂J/∂θ + λθ, as if J had the L2 penalty λ/2 Σθ².
        initial_accumulator_value: s before the first step, 0 or more.
        eps: ε, 0 or more, against a division by 0.

    Errors: ArgumentError for a value outside its range; those of `Optimizer`.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> w = tg.Value(np.array([1.0, 2.0]))
    >>> optimizer = tg.optim.Adagrad([w], lr=0.1)
    >>> (w ** 2).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([0.9, 1.9])

    Source: J. Duchi, E. Hazan and Y. Singer, Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization, JMLR 2011, https://jmlr.org/papers/v12/duchi11a.html. Convention: PyTorch's, with ε outside the root.
    """

    lr_decay = Hyperparameter(NOT_NEGATIVE)
    weight_decay = Hyperparameter(NOT_NEGATIVE)
    initial_accumulator_value = Hyperparameter(NOT_NEGATIVE)
    eps = Hyperparameter(NOT_NEGATIVE)

    running = squares = ("sum",)

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
                 initial_accumulator_value: float = 0, eps: float = 1e-10) -> None:
        super().__init__(params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay,
                         initial_accumulator_value=initial_accumulator_value, eps=eps)

    def update(self, theta: np.ndarray, g: np.ndarray, t: int, scratch: np.ndarray,
               *running: np.ndarray) -> None:
        """One step of Adagrad, in place; see `Optimizer.update`."""
        s, = running
        if self.weight_decay:
            g += np.multiply(theta, self.weight_decay, out=scratch)  # g ← g + λθ
        if t == 1:
            s += self.initial_accumulator_value
        s += np.multiply(g, g, out=scratch)  # s ← s + g²
        root = np.sqrt(s, out=scratch)
        root += self.eps
        shift = np.divide(g, root, out=g)
        shift *= self.lr / (1 + (t - 1) * self.lr_decay)
        theta -= shift
