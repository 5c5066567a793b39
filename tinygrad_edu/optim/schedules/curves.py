"""The schedules that are a formula of the step t: in steps, exponential, linear, cosine, and one cycle."""

from math import cos, pi

import numpy as np

from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, Hyperparameter
from tinygrad_edu.optim.schedules.schedule import Schedule

COUNT = "a whole number of 1 or more"
FACTOR = "a number from 0 to 1"
BEYOND_1 = np.nextafter(1, 2)
"""A range ends below a number; below this one there is 1."""


class StepDecay(Schedule):
    """Down by a factor every so many steps: α γ^⌊t/n⌋. PyTorch's StepLR.

    Args:
        lr: the rate α at first, 0 or more.
        step_size: n, 1 or more steps.
        gamma: γ, from 0 to 1.

    >>> from tinygrad_edu.optim import schedules
    >>> [schedules.StepDecay(1.0, step_size=2, gamma=0.5)(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    step_size = Hyperparameter(COUNT, low=1, kinds="iu")
    gamma = Hyperparameter(FACTOR, below=BEYOND_1)

    def __init__(self, lr: float, step_size: int, gamma: float = 0.1) -> None:
        self.lr, self.step_size, self.gamma = lr, step_size, gamma

    def rate(self, step: float) -> float:
        """α γ^⌊t/n⌋"""
        return self.lr * self.gamma ** (step // self.step_size)


class Exponential(Schedule):
    """Down by a factor with every step: α γᵗ. PyTorch's ExponentialLR.

    Args:
        lr: the rate α at first, 0 or more.
        gamma: γ, from 0 to 1, usually close to 1.

    >>> from tinygrad_edu.optim import schedules
    >>> [schedules.Exponential(1.0, gamma=0.5)(step) for step in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    gamma = Hyperparameter(FACTOR, below=BEYOND_1)

    def __init__(self, lr: float, gamma: float) -> None:
        self.lr, self.gamma = lr, gamma

    def rate(self, step: float) -> float:
        """α γᵗ"""
        return self.lr * self.gamma**step


class Warmup(Schedule):
    """Up a straight line to the full rate, which it then keeps. PyTorch's LinearLR.

        α (f + (1 − f) t/n)   for t ≤ n

    Args:
        lr: the full rate α, 0 or more.
        steps: n, after how many steps it is reached, 1 or more.
        start_factor: f, from 0 to 1: what part of α it begins with.

    >>> from tinygrad_edu.optim import schedules
    >>> [schedules.Warmup(1.0, steps=4)(step) for step in range(6)]
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """

    steps = Hyperparameter(COUNT, low=1, kinds="iu")
    start_factor = Hyperparameter(FACTOR, below=BEYOND_1)

    def __init__(self, lr: float, steps: int, start_factor: float = 0.0) -> None:
        self.lr, self.steps, self.start_factor = lr, steps, start_factor

    def rate(self, step: float) -> float:
        """α (f + (1 − f) t/n)"""
        return self.lr * (self.start_factor + (1 - self.start_factor) * min(step / self.steps, 1))


class Cosine(Schedule):
    """Down half a period of a cosine: slowly at first and at the end. PyTorch's CosineAnnealingLR.

        low + (α − low) (1 + cos(π t/n)) / 2   for t ≤ n,   then low

    Args:
        lr: the rate α at first, 0 or more.
        steps: n, after how many steps it is down, 1 or more.
        low: the rate at the end, 0 or more.

    Source: I. Loshchilov and F. Hutter, SGDR, ICLR 2017, https://arxiv.org/abs/1608.03983. Convention: PyTorch's goes
    up again after n steps.

    >>> from tinygrad_edu.optim import schedules
    >>> [round(schedules.Cosine(1.0, steps=4)(step), 3) for step in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    steps = Hyperparameter(COUNT, low=1, kinds="iu")
    low = Hyperparameter(NOT_NEGATIVE)

    def __init__(self, lr: float, steps: int, low: float = 0.0) -> None:
        self.lr, self.steps, self.low = lr, steps, low

    def rate(self, step: float) -> float:
        """low + (α − low) (1 + cos(π t/n)) / 2"""
        return between(self.lr, self.low, step / self.steps)


class CosineRestarts(Schedule):
    """`Cosine` again and again, each time longer by a factor. PyTorch's CosineAnnealingWarmRestarts.

    The sudden large rate may carry the parameters from one valley of J into a better one; before each restart, when
    the rate is low, they are at the bottom of one.

    Args:
        lr: the rate at each start, 0 or more.
        period: how many steps the first one has, 1 or more.
        growth: how many times longer each is than the one before, 1 or more.
        low: the rate at the end of each, 0 or more.

    Source: I. Loshchilov and F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017,
    https://arxiv.org/abs/1608.03983.

    >>> from tinygrad_edu.optim import schedules
    >>> [round(schedules.CosineRestarts(1.0, period=2, growth=2)(step), 3) for step in range(7)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    period = Hyperparameter(COUNT, low=1, kinds="iu")
    growth = Hyperparameter("a number of 1 or more", low=1)
    low = Hyperparameter(NOT_NEGATIVE)

    def __init__(self, lr: float, period: int, growth: float = 1, low: float = 0.0) -> None:
        self.lr, self.period, self.growth, self.low = lr, period, growth, low

    def rate(self, step: float) -> float:
        """That of `Cosine`, from the last restart on."""
        period: float = self.period
        if self.growth == 1:
            step %= period
        while step >= period:
            step -= period
            period *= self.growth
        return between(self.lr, self.low, step / period)


class OneCycle(Schedule):
    """Up to the full rate and down again to almost none, both along a cosine. PyTorch's OneCycleLR.

    It begins with α/div_factor, has α at step pct_start · n − 1, and α/(div_factor · final_div_factor) at step n − 1
    and ever after.

    Args:
        lr: the full rate α, 0 or more.
        steps: n, of how many steps the training is, 1 or more.
        pct_start: what part of the steps goes up, from 0 to below 1.
        div_factor: by what the first rate is smaller than α, 1 or more.
        final_div_factor: by what the last rate is smaller than the first, 1 or more.

    Source: L. N. Smith and N. Topin, Super-Convergence, 2017, https://arxiv.org/abs/1708.07120. Convention: PyTorch's,
    with cosines in place of the paper's straight lines, and a constant momentum.

    >>> from tinygrad_edu.optim import schedules
    >>> [round(schedules.OneCycle(1.0, steps=9, pct_start=1/3)(step), 2) for step in range(9)]
    [0.04, 0.52, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07, 0.0]
    """

    steps = Hyperparameter(COUNT, low=1, kinds="iu")
    pct_start = Hyperparameter("a number from 0 to below 1", below=1)
    div_factor = Hyperparameter("a number of 1 or more", low=1)
    final_div_factor = Hyperparameter("a number of 1 or more", low=1)

    def __init__(self, lr: float, steps: int, pct_start: float = 0.3, div_factor: float = 25,
                 final_div_factor: float = 1e4) -> None:
        self.lr, self.steps, self.pct_start = lr, steps, pct_start
        self.div_factor, self.final_div_factor = div_factor, final_div_factor

    def rate(self, step: float) -> float:
        """Up from α/div_factor, then down."""
        first, peak, end = self.lr / self.div_factor, self.pct_start * self.steps - 1, self.steps - 1
        if step < peak:
            return between(first, self.lr, step / peak)
        return between(self.lr, first / self.final_div_factor, (step - peak) / (end - peak))


def between(a: float, b: float, way: float) -> float:
    """From a to b along half a period of a cosine, after this part of the way; b beyond its end."""
    c = cos(pi * min(way, 1))
    return a * (1 + c) / 2 + b * (1 - c) / 2  # exactly a at the beginning, and b at the end
