"""The perceptron: a single unit that decides, and learns from its mistakes without any gradient."""

import warnings
from typing import Any, Self

import numpy as np

from tinygrad_edu.checks import as_labels, as_table
from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ArgumentError, ConvergenceWarning, ShapeError
from tinygrad_edu.nn.checks import Initializer, check_counts
from tinygrad_edu.nn.init import zeros
from tinygrad_edu.nn.layers import Linear
from tinygrad_edu.nn.module import Module
from tinygrad_edu.optim.hyperparameter import Hyperparameter
from tinygrad_edu.random import RandomSource, default_generator


class Perceptron(Module):
    """One unit with a binary step: which side of a plane a point is on.

        h(x) = 1 if w·x + b ≥ 0, else 0

    The step has no slope to descend, so `fit` follows Rosenblatt's rule instead, point by point:

        w := w + α (y - h) x,   b := b + α (y - h)

    which leaves w alone where h is right, and turns it towards, or away from, a point where it is wrong. If a plane
    separates the classes, it is found from the start at 0 after R²/γ² mistakes at most, where no (1, x) is longer
    than R, and no |w·x + b| of that plane smaller than γ, with (b, w) of length 1. If none does, as for XOR, there
    is no end to it.

    Args:
        in_features: how many numbers a point x has.
        lr: α, larger than 0; with the usual start at 0 it only sets the scale of w and b.
        dtype, rng, init: those of `Linear`; it is `linear` in here, and `theta(1)` is (b | w).

    It takes x of shape (..., in_features) and gives (...), ones and zeros.

    Errors: those of `Linear`; ArgumentError and OptionError for an lr that is none.

    >>> import tinygrad_edu as tg
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]  # logical and
    >>> perceptron = tg.nn.Perceptron(2).fit(X, y, rng=0)
    >>> perceptron(X)
    Value([0., 0., 0., 1.])

    Sources: F. Rosenblatt, The perceptron, Psychological Review 65, 1958, https://doi.org/10.1037/h0042519;
    A. B. J. Novikoff, On convergence proofs on perceptrons, 1962 (the bound).
    Convention: labels are 0 and 1 and h(0) = 1, as in the lecture.
    """

    lr = Hyperparameter("a number larger than 0", low=np.nextafter(0.0, 1.0))

    def __init__(self, in_features: int, lr: float = 1.0, dtype: Any = np.float64, rng: RandomSource = None,
                 init: Initializer = zeros) -> None:
        check_counts("Perceptron", in_features=in_features)
        self.lr = lr
        self.linear = Linear(in_features, 1, dtype=dtype, rng=rng, init=init)

    def forward(self, x: Any) -> Any:
        return ops.binary_step(self.linear(x)[..., 0])

    def fit(self, X: Any, y: Any, epochs: int = 1000, rng: RandomSource = None) -> Self:
        """Learn from points whose classes are known, until a whole epoch goes by without a mistake.

        Args:
            X: the points, (n, in_features).
            y: the class of each, (n,), 0 or 1.
            epochs: how often to go through all points, at most.
            rng: a seed or a `numpy.random.Generator` for their order, a new one in each epoch.

        Returns itself, with `mistakes_`, how many there were in each epoch, and `converged_`, whether the last one
        had none. If so, all points are on their side of the plane.

        Errors: ShapeError, DtypeError, ArgumentError for data that are no points and labels, OptionError and
        ArgumentError for epochs that are no number; nothing is changed then. ConvergenceWarning if there are
        mistakes in the last epoch, too.
        """
        X, y = self._checked(X, y)
        check_counts("Perceptron.fit", epochs=epochs)
        generator = default_generator(rng)
        weight, bias = self.linear.parameters()
        w, b = weight.data[0].copy(), bias.data[0]
        mistakes = []
        for _ in range(epochs):
            wrong = 0
            for i in generator.permutation(len(X)):
                h = 1 if w @ X[i] + b >= 0 else 0
                if h != y[i]:
                    w += self.lr * (y[i] - h) * X[i]
                    b += self.lr * (y[i] - h)
                    wrong += 1
            mistakes.append(wrong)
            if not wrong:
                break
        weight.data, bias.data = w[None], [b]
        self.mistakes_, self.converged_ = mistakes, not wrong
        if not self.converged_:
            warnings.warn(f"Perceptron.fit: still {mistakes[-1]} mistakes in epoch {epochs}; if no plane separates the "
                          "classes, as for XOR, there is no end to it: use a network with a hidden layer, such as "
                          "MLP; else allow more epochs", ConvergenceWarning, stacklevel=2)
        return self

    def _checked(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, in_features) and as many labels, 0 or 1."""
        X, y = as_table("Perceptron.fit: X", X), as_labels("Perceptron.fit: y", y)
        n, features = X.shape
        if features != self.linear.in_features or len(y) != n:
            raise ShapeError(f"Perceptron.fit: X {X.shape} and y {y.shape} must have the shapes (n, "
                             f"{self.linear.in_features}) and (n,)")
        if not np.isin(y, [0, 1]).all():
            raise ArgumentError(f"Perceptron.fit: labels must be 0 and 1, got {np.unique(y)[:5].tolist()}; rename "
                                "them, as in (y == y[0]).astype(int)")
        return X, y.astype(int)
