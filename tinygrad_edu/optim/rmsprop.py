"""RMSprop: gradients in units of their recent size, with momentum if wished."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, YES_OR_NO, Hyperparameter
from tinygrad_edu.optim.optimizer import Optimizer


class RMSprop(Optimizer):
    """Each gradient measured in units of its root mean square over the last steps.

        v ← ρ v + (1 − ρ) g²,   u = g / (√v + ε),   θ ← θ − α u
                                                    θ ← θ − α b,   b ← μ b + u     (with momentum μ)

    Where Adagrad sums all squares, this forgets the old ones, so that its steps do not die away. Centered, √v is
    replaced by √(v − ḡ²), the standard deviation of the gradient, with its mean ḡ ← ρ ḡ + (1 − ρ) g.

    Args:
        params: the parameters, such as `model.parameters()`, or groups of them; see `Optimizer`.
        lr: the learning rate α, 0 or more. It may be assigned between steps.
        alpha: ρ, 0 or more and below 1: over 1/(1 − ρ) steps the mean reaches back. PyTorch's name for it.
        eps: ε, 0 or more, against a division by 0.
        weight_decay: λ, 0 or more: g = ∂J/∂θ + λθ, as if J had the L2 penalty λ/2 Σθ².
        momentum: μ, 0 or more.
        centered: whether to divide by the standard deviation; fixed from the start.

    Errors: ArgumentError for a value outside its range; those of `Optimizer`.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> w = tg.Value(np.array([1.0, 2.0]))
    >>> optimizer = tg.optim.RMSprop([w], lr=0.01)
    >>> (w ** 2).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([0.9, 1.9])

    Source: T. Tieleman and G. Hinton, Lecture 6.5 of Neural Networks for Machine Learning, 2012,
    https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf; centered: A. Graves, Generating Sequences
    With Recurrent Neural Networks, 2013, https://arxiv.org/abs/1308.0850. Convention: PyTorch's, with ε outside the
    root. Where rounding makes v − ḡ² negative, it is 0 here, and NaN there.
    """

    alpha = Hyperparameter("a number of 0 or more and below 1", below=1)
    eps = Hyperparameter(NOT_NEGATIVE)
    weight_decay = Hyperparameter(NOT_NEGATIVE)
    momentum = Hyperparameter(NOT_NEGATIVE)
    centered = Hyperparameter(YES_OR_NO, kinds="b", fixed=True)

    def __init__(self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
                 weight_decay: float = 0, momentum: float = 0, centered: bool = False) -> None:
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum,
                         centered=centered)

    squares = ("v",)

    @property
    def running(self) -> tuple[str, ...]:
        """v and the velocity; centered also the mean of the gradient."""
        return ("v", "velocity", "mean") if self.centered else ("v", "velocity")

    def update(self, theta: np.ndarray, g: np.ndarray, t: int, scratch: np.ndarray,
               *running: np.ndarray) -> None:
        """One step of RMSprop, in place; see `Optimizer.update`."""
        v, b = running[:2]
        if self.weight_decay:
            g += np.multiply(theta, self.weight_decay, out=scratch)  # g ← g + λθ
        v *= self.alpha  # v ← ρ v + (1 − ρ) g²
        square = np.multiply(g, g, out=scratch)
        square *= 1 - self.alpha
        v += square
        if self.centered:
            mean = running[2]
            mean *= self.alpha  # ḡ ← ρ ḡ + (1 − ρ) g
            mean += np.multiply(g, 1 - self.alpha, out=scratch)
            np.multiply(mean, mean, out=scratch)
            v = np.subtract(v, scratch, out=scratch)
            v = np.maximum(v, 0, out=scratch)
        root = np.sqrt(v, out=scratch)
        root += self.eps
        shift = np.divide(g, root, out=g)
        if self.momentum:
            b *= self.momentum  # b ← μ b + u
            b += shift
            shift = b
        theta -= np.multiply(shift, self.lr, out=scratch)
