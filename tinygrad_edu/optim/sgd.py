"""Gradient descent, with momentum if wished."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, YES_OR_NO, Hyperparameter
from tinygrad_edu.optim.optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent: every parameter a small step down the slope, all at the same time.

        θ ← θ − α g,   g = ∂J/∂θ + λθ

    It is stochastic if J is that of a mini-batch. With momentum μ the step follows a velocity, a running sum
    of the gradients in which those of long ago fade; it rolls on through flat and zigzagging valleys:

        b ← μ b + (1 − τ) g,   θ ← θ − α b             (b ← g in the first step)
        b ← μ b + g,           θ ← θ − α (g + μ b)     (Nesterov: as if already one step ahead)

    Args:
        params: the parameters, such as `model.parameters()`, or groups of them; see `Optimizer`.
        lr: the learning rate α, 0 or more. It may be assigned between steps.
        momentum: μ, 0 or more, usually 0.9.
        dampening: τ, how much of each new gradient is left out of the velocity.
        weight_decay: λ, 0 or more; as if J had the L2 penalty λ/2 Σθ².
        nesterov: which of the two forms of momentum.

    Errors: ArgumentError for a value outside its range, and for Nesterov's form without momentum or with
    dampening; those of `Optimizer`.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> w = tg.Value(np.array([1.0, 2.0]))
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> (w ** 2).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([0.8, 1.6])

    Source: I. Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013,
    https://proceedings.mlr.press/v28/sutskever13.html.
    Convention: PyTorch's. It multiplies by α outside the velocity, so that a change of α acts at once; the
    paper does so inside.
    """

    momentum = Hyperparameter(NOT_NEGATIVE)
    dampening = Hyperparameter("a number", low=-np.inf)
    weight_decay = Hyperparameter(NOT_NEGATIVE)
    nesterov = Hyperparameter(YES_OR_NO, kinds="b")

    running = ("velocity",)

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0, dampening: float = 0,
                 weight_decay: float = 0, nesterov: bool = False) -> None:
        super().__init__(params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
                         nesterov=nesterov)

    def check(self) -> None:
        """Raise ArgumentError for Nesterov's form without momentum or with dampening."""
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ArgumentError(f"SGD: nesterov=True needs momentum above 0 and dampening=0, got "
                                f"momentum={self.momentum} and dampening={self.dampening}; try momentum=0.9")

    def update(self, theta: np.ndarray, g: np.ndarray, t: int, scratch: np.ndarray,
               *running: np.ndarray) -> None:
        """One step of gradient descent, in place; see `Optimizer.update`."""
        b, = running
        if self.weight_decay:
            g += np.multiply(theta, self.weight_decay, out=scratch)  # g ← g + λθ
        if self.momentum:
            b *= self.momentum  # b ← μ b + (1 − τ) g
            b += np.multiply(g, 1 if t == 1 else 1 - self.dampening, out=scratch)
            if self.nesterov:
                g += np.multiply(b, self.momentum, out=scratch)  # g ← g + μ b
            else:
                g = b
        theta -= np.multiply(g, self.lr, out=scratch)  # θ ← θ − α g
