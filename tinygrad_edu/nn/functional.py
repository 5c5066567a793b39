"""Activation functions as functions, and one table of their values and derivatives, for docs, plots and diagnosis.

>>> from tinygrad_edu.nn import functional
>>> print(functional.table([-2.0, 0.0, 2.0]))
                        y                        dy/dx
          x       -2        0        2       -2        0        2  max |dy/dx|
   identity       -2        0        2        1        1        1            1
binary_step        0        1        1        0        0        0            0
    sigmoid   0.1192      0.5   0.8808    0.105     0.25    0.105         0.25
       tanh   -0.964        0    0.964  0.07065        1  0.07065            1
       relu        0        0        2        0        0        1            1
       gelu  -0.0455        0    1.954 -0.08523      0.5    1.085        1.129
   softplus   0.1269   0.6931    2.127   0.1192      0.5   0.8808            1
        elu  -0.8647        0        2   0.1353        1        1            1
       selu    -1.52        0    2.101   0.2379    1.758    1.051        1.758
 leaky_relu    -0.02        0        2     0.01     0.01        1            1
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.engine.ops import (
    binary_step,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    selu,
    sigmoid,
    softmax,
    softplus,
    tanh,
)
from tinygrad_edu.engine.transforms import vjp
from tinygrad_edu.nn.checks import operand

__all__ = ["identity", "binary_step", "sigmoid", "tanh", "relu", "gelu", "softplus", "elu", "selu", "leaky_relu",
           "softmax", "log_softmax", "Activation", "ACTIVATIONS", "Table", "table"]


def identity(x: Any) -> Any:
    """y = x,   dy/dx = 1"""
    return x


@dataclass(frozen=True)
class Activation:
    """An activation function y = f(x), with its derivative: that of the op itself, not a second formula.

    Args:
        function: f, element by element.
        steepest: an x at which |dy/dx| is largest, if only in the limit.

    >>> from tinygrad_edu.nn import functional
    >>> sigmoid = functional.ACTIVATIONS["sigmoid"]
    >>> sigmoid.derivative([0.0, 2.0])
    array([0.25      , 0.10499359])
    >>> sigmoid.largest_slope ** 10  # what ten layers may leave of a gradient
    9.5367431640625e-07
    """

    function: Callable[..., Any]
    steepest: float

    def derivative(self, x: Any) -> Any:
        """dy/dx at each x: a number, an array, or a Value if x is one, which can be differentiated again."""
        y, pullback = vjp(self.function, operand("derivative", "x", x) if isinstance(x, list | tuple) else x)
        return pullback(np.ones(np.shape(y)))

    @property
    def largest_slope(self) -> float:
        """The maximum of |dy/dx|. A gradient that is propagated back through a unit grows by no more than that."""
        return abs(self.derivative(self.steepest))


ACTIVATIONS = {
    "identity": Activation(identity, steepest=0.0),
    "binary_step": Activation(binary_step, steepest=0.0),
    "sigmoid": Activation(sigmoid, steepest=0.0),
    "tanh": Activation(tanh, steepest=0.0),
    "relu": Activation(relu, steepest=1.0),
    "gelu": Activation(gelu, steepest=math.sqrt(2)),  # where dφ/dx·x + 2φ = φ·(2 - x²) = 0
    "softplus": Activation(softplus, steepest=math.inf),
    "elu": Activation(elu, steepest=0.0),
    "selu": Activation(selu, steepest=0.0),
    "leaky_relu": Activation(leaky_relu, steepest=1.0),
}
"""Each with its usual options; by the names that `nn.MLP` knows them by."""


@dataclass(frozen=True, eq=False)
class Table:
    """y and dy/dx of every activation function at some x: `t.y["relu"]` and `t.slope["relu"]` are arrays like `t.x`.

    It prints as a table, which is as wide as x is long.
    """

    x: np.ndarray
    y: dict[str, np.ndarray]
    slope: dict[str, np.ndarray]

    def __repr__(self) -> str:
        width = 9 * self.x.size
        lines = [f"{'':11}{'y':^{width}}{'dy/dx':^{width}}".rstrip(),
                 f"{'x':>11}{2 * _cells(self.x)}  max |dy/dx|"]
        for name, y in self.y.items():
            largest = ACTIVATIONS[name].largest_slope
            lines.append(f"{name:>11}{_cells(y)}{_cells(self.slope[name])}{largest:13.4g}")
        return "\n".join(lines)


def _cells(numbers: np.ndarray) -> str:
    return "".join(f"{number + 0.0:9.4g}" for number in numbers)  # + 0.0, as -0 is 0


def table(x: Any = (-2.0, 0.0, 2.0)) -> Table:
    """The values and derivatives of all activation functions of the lecture at the numbers x.

    Args:
        x: numbers in a list or an array of any shape, which become one row.

    Errors: DtypeError for what are no real numbers, ShapeError for lists that are no array.

    >>> import numpy as np
    >>> from tinygrad_edu.nn import functional
    >>> curves = functional.table(np.linspace(-4, 4, 401))
    >>> float(curves.slope["gelu"].max().round(3))
    1.129
    """
    points = np.ravel(operand("table", "x", x)).astype(float)
    return Table(points, {name: f.function(points) for name, f in ACTIVATIONS.items()},
                 {name: f.derivative(points) for name, f in ACTIVATIONS.items()})
