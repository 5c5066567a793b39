"""Softmax and its logarithm: all elements along an axis become the probabilities of classes."""

from typing import Any

from tinygrad_edu.checks import whole_number
from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.nn.checks import operand
from tinygrad_edu.nn.module import Module


class _AlongAnAxis(Module):
    """What activations of all elements along an axis have in common: the axis."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = whole_number(f"{type(self).__name__}: dim", dim)

    def _checked(self, x: Any) -> Any:
        """x with a shape, once it is known that it has the axis."""
        name = type(self).__name__
        x = operand(name, "x", x)
        if not -len(x.shape) <= self.dim < len(x.shape):
            raise ArgumentError(f"{name}({self.describe()}): x has shape {x.shape}, without an axis {self.dim}; the "
                                "classes are usually the last, dim=-1, of (n, classes)")
        return x

    def describe(self) -> str:
        return f"dim={self.dim}"


class Softmax(_AlongAnAxis):
    """Numbers as probabilities, y_i = e^x_i / Σ_j e^x_j along an axis,   dy_i/dx_j = y_i·(δ_ij - y_j).

    For training on classes take `CrossEntropyLoss` without it, which is exact at any magnitude.

    Args:
        dim: the axis, as PyTorch calls it; the last by default.

    Errors: OptionError for a dim that is no whole number, ArgumentError for x without such an axis.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Softmax()(tg.Value([0.0, 0.0, 1000.0]))
    Value([0., 0., 1.])

    Source: J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990,
    https://doi.org/10.1007/978-3-642-76153-9_28.
    """

    def forward(self, x: Any) -> Any:
        return ops.softmax(self._checked(x), axis=self.dim)


class LogSoftmax(_AlongAnAxis):
    """The logarithm of `Softmax`, y_i = x_i - ln Σ_j e^x_j along an axis,   dy_i/dx_j = δ_ij - softmax(x)_j.

    Args:
        dim: the axis, as PyTorch calls it; the last by default.

    Errors: OptionError for a dim that is no whole number, ArgumentError for x without such an axis.

    >>> import tinygrad_edu as tg
    >>> tg.nn.LogSoftmax()(tg.Value([0.0, 0.0, 1000.0]))
    Value([-1000., -1000.,     0.])
    """

    def forward(self, x: Any) -> Any:
        return ops.log_softmax(self._checked(x), axis=self.dim)
