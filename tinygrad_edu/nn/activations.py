"""Activation functions as modules: what makes a network more than one linear function of its inputs.

Each works element by element, on x of any shape, a Value or an array.
"""

from typing import Any

from tinygrad_edu.engine import ops
from tinygrad_edu.nn.module import Module


class Identity(Module):
    """y = x,   dy/dx = 1; for the output of a regression.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Identity()(-2.0)
    -2.0
    """

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """The rectified linear unit, y = max(0, x),   dy/dx = 1 for x > 0, else 0.

    >>> import tinygrad_edu as tg
    >>> tg.nn.ReLU()(tg.Value([-2.0, 3.0]))
    Value([0., 3.])

    Source: V. Nair and G. E. Hinton, Rectified linear units improve restricted Boltzmann machines, ICML 2010.
    Convention: the derivative at the kink x = 0 is 0, as PyTorch's.
    """

    def forward(self, x: Any) -> Any:
        return ops.relu(x)


class Tanh(Module):
    """The hyperbolic tangent, y = (e^x - e^-x)/(e^x + e^-x),   dy/dx = 1 - y²: from -1 to 1.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Tanh()(tg.Value([0.0, 0.5]))
    Value([0.    , 0.4621])

    Source: Y. LeCun et al., Efficient BackProp, 1998, 4.4, https://doi.org/10.1007/3-540-49430-8_2.
    """

    def forward(self, x: Any) -> Any:
        return ops.tanh(x)


class Sigmoid(Module):
    """The logistic function, y = 1/(1 + e^-x),   dy/dx = y·(1 - y), at most 1/4: from 0 to 1.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Sigmoid()(tg.Value([0.0, 2.0]))
    Value([0.5   , 0.8808])

    Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by back-propagating
    errors, Nature 323, 1986, https://doi.org/10.1038/323533a0.
    """

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(x)


ACTIVATIONS: dict[str, type[Module]] = {"identity": Identity, "relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}
