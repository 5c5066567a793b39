"""Dropout: noise in training that keeps units from relying on each other; nothing in evaluation."""

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.ops.rectifiers import SELU_ALPHA, SELU_SCALE
from tinygrad_edu.nn.checks import float_operand
from tinygrad_edu.nn.module import Module
from tinygrad_edu.optim.hyperparameter import Hyperparameter
from tinygrad_edu.random import RandomSource, default_generator
from tinygrad_edu.tracing import as_array


class Dropout(Module):
    """In training, each number of x becomes 0 with probability p, and the others grow to make up for it:

        y = x m/(1 - p),   m = 0 with probability p, else 1,   E y = x,   dy/dx = m/(1 - p)

    with m drawn anew in every pass, for each number on its own. In evaluation y = x, so a network is the mean of
    the thinned ones that were trained.

    Args:
        p: the probability of being dropped, from 0 to below 1; the lecture's is 50 %.
        rng: a seed or a `numpy.random.Generator` to draw m from; if not given the library's own, which
            `manual_seed` seeds.

    It takes x of any shape.

    Errors: ArgumentError for p outside its range, OptionError for what is no number.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> dropout = tg.nn.Dropout(0.5, rng=1)
    >>> dropout(np.ones(6))
    array([2., 2., 0., 2., 0., 0.])
    >>> dropout.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])

    Source: N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15, 2014,
    https://jmlr.org/papers/v15/srivastava14a.html.
    Convention: scaled in training ("inverted"), as PyTorch's; the paper scales in evaluation, by 1 - p.
    """

    p = Hyperparameter("a probability from 0 to below 1", below=1.0)

    def __init__(self, p: float = 0.5, rng: RandomSource = None) -> None:
        self.p = p
        # without a generator of its own it asks for the library's in each pass: a copy of the model shall not take a
        # copy of that one along
        self.rng = None if rng is None else default_generator(rng)

    def forward(self, x: Any) -> Any:
        x = float_operand(type(self).__name__, "x", x)
        if not self.training or self.p == 0:
            return x
        kept = as_array(default_generator(self.rng).random(x.shape) >= self.p)
        return self.thinned(x, kept.astype(x.dtype))

    def thinned(self, x: Any, m: np.ndarray) -> Any:
        """y, given m of the shape and dtype of x."""
        return x * (m / (1 - self.p))

    def describe(self) -> str:
        return f"p={self.p:g}"


class AlphaDropout(Dropout):
    """Dropout for networks of SELU units, which keeps mean 0 and variance 1 of what passes through:

        y = a (x m + α' (1 - m)) + b,   α' = -λα ≈ -1.758,   a = 1/√((1 - p)(1 + p α'²)),   b = -a p α'

    where m = 0 with probability p, else 1: what is dropped takes the value of a unit that is off, SELU(-∞) = α'.
    In evaluation y = x.

    Args, errors: those of `Dropout`.

    It takes x of any shape.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> y = tg.nn.AlphaDropout(0.2, rng=0)(np.random.default_rng(0).normal(size=100_000))
    >>> y.mean().round(2) == 0, y.std().round(2) == 1
    (np.True_, np.True_)

    Source: G. Klambauer et al., Self-Normalizing Neural Networks, NeurIPS 2017, https://arxiv.org/abs/1706.02515.
    Convention: as PyTorch's.
    """

    def thinned(self, x: Any, m: np.ndarray) -> Any:
        off = -SELU_SCALE * SELU_ALPHA  # α'
        a = 1 / math.sqrt((1 - self.p) * (1 + self.p * off**2))
        return x * (a * m) + a * off * ((1 - m) - self.p)
