"""Adam: momentum, and a step size of its own for every parameter."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, Hyperparameter
from tinygrad_edu.optim.optimizer import Optimizer


class Adam(Optimizer):
    """Adaptive moments: the mean of recent gradients, measured in units of their root mean square.

        m ← β₁ m + (1 − β₁) g         m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²        v̂ = v / (1 − β₂ᵗ)        θ ← θ − α m̂ / (√v̂ + ε)

    So a step is about α long whatever the size of the gradient, and shorter where its sign changes often.
    As m and v start from 0 they are too small at first; their divisions make up for it.

    Args:
        params: the parameters, such as `model.parameters()`.
        lr: the learning rate α, 0 or more. It may be assigned between steps.
        betas: β₁ and β₂, each 0 or more and below 1: over 1/(1 − β) steps the mean reaches back.
        eps: ε, 0 or more, against a division by 0.
        weight_decay: λ, 0 or more: g = ∂J/∂θ + λθ, as if J had the L2 penalty λ/2 Σθ².

    Errors: ArgumentError for a value outside its range; those of `Optimizer`.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> w = tg.Value(np.array([1.0, 2.0]))
    >>> optimizer = tg.optim.Adam([w], lr=0.1)
    >>> (w ** 2).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([0.9, 1.9])

    Source: D. P. Kingma and J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015,
    https://arxiv.org/abs/1412.6980, Algorithm 1. Convention: as there and in PyTorch, ε is added outside the
    root and after the correction.
    """

    betas = Hyperparameter("two numbers, each 0 or more and below 1", below=1, shape=(2,))
    eps = Hyperparameter(NOT_NEGATIVE)
    weight_decay = Hyperparameter(NOT_NEGATIVE)

    running: ClassVar[tuple[str, ...]] = ("m", "v")

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(self, theta: np.ndarray, g: np.ndarray, t: int, scratch: np.ndarray,
               *running: np.ndarray) -> None:
        """One step of Adam, in place; see `Optimizer.update`."""
        m, v = running
        beta1, beta2 = self.betas
        if self.weight_decay:
            g += np.multiply(theta, self.weight_decay, out=scratch)  # g ← g + λθ
        m *= beta1  # m ← β₁ m + (1 − β₁) g
        m += np.multiply(g, 1 - beta1, out=scratch)
        v *= beta2  # v ← β₂ v + (1 − β₂) g²
        g *= g
        g *= 1 - beta2
        v += g
        # m̂/(√v̂ + ε) with √v̂ = √v/s is s·m/(√v + ε·s), which needs one division less for every parameter
        s = (1 - beta2**t) ** 0.5
        root = np.sqrt(v, out=scratch)
        root += self.eps * s
        shift = np.divide(m, root, out=scratch)
        shift *= self.lr * s / (1 - beta1**t)
        theta -= shift
