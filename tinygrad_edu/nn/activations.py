"""Activation functions as modules: what makes a network more than one linear function of its inputs.

Each works element by element, on x of any shape, a Value or an array. `nn.functional` has the same as functions, and
prints their values and derivatives.
"""

import math
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


class BinaryStep(Module):
    """The Heaviside step, y = 1 for x ≥ 0, else 0,   dy/dx = 0, at the jump too.

    So nothing can be learned through it by gradients: a perceptron has Rosenblatt's rule instead. The straight-through
    estimator is a way around: the gradient passes as if dy/dx were 1.

    Args:
        straight_through: whether to use that estimator.

    Errors: OptionError for anything but True and False.

    >>> import tinygrad_edu as tg
    >>> tg.nn.BinaryStep()(tg.Value([-2.0, 0.0, 3.0]))
    Value([0., 1., 1.])

    Source: W. S. McCulloch and W. Pitts, A logical calculus of the ideas immanent in nervous activity, 1943,
    https://doi.org/10.1007/BF02478259; Y. Bengio, N. Léonard and A. Courville, Estimating or propagating gradients
    through stochastic neurons, 2013, https://arxiv.org/abs/1308.3432.
    Convention: step(0) = 1, as in the lecture.
    """

    def __init__(self, straight_through: bool = False) -> None:
        ops.binary_step(0.0, straight_through=straight_through)  # an op checks its options
        self.straight_through = straight_through

    def forward(self, x: Any) -> Any:
        return ops.binary_step(x, straight_through=self.straight_through)

    def describe(self) -> str:
        return "straight_through=True" if self.straight_through else ""


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


class Tanh(Module):
    """The hyperbolic tangent, y = (e^x - e^-x)/(e^x + e^-x),   dy/dx = 1 - y²: from -1 to 1.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Tanh()(tg.Value([0.0, 0.5]))
    Value([0.    , 0.4621])

    Source: Y. LeCun et al., Efficient BackProp, 1998, 4.4, https://doi.org/10.1007/3-540-49430-8_2.
    """

    def forward(self, x: Any) -> Any:
        return ops.tanh(x)


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


class GELU(Module):
    """The Gaussian error linear unit: x times the probability that a standard normal number is below x,

        y = x·Φ(x) = x/2·(1 + erf(x/√2)),   dy/dx = Φ(x) + x·φ(x),   φ(x) = e^(-x²/2)/√(2π)

    or approximately y = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), which is at most 0.0005 off.

    Args:
        approximate: whether to use the approximation, which older networks were trained with; PyTorch calls it "tanh".

    Errors: OptionError for anything but True and False.

    >>> import tinygrad_edu as tg
    >>> tg.nn.GELU()(tg.Value([-1.0, 0.0, 2.0]))
    Value([-0.1587,  0.    ,  1.9545])

    Source: D. Hendrycks and K. Gimpel, Gaussian error linear units, 2016, https://arxiv.org/abs/1606.08415.
    """

    def __init__(self, approximate: bool = False) -> None:
        ops.gelu(0.0, approximate=approximate)
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return ops.gelu(x, approximate=self.approximate)

    def describe(self) -> str:
        return "approximate=True" if self.approximate else ""


class Softplus(Module):
    """A smooth ReLU, y = ln(1 + e^(beta·x))/beta,   dy/dx = sigmoid(beta·x).

    Args:
        beta: how sharply it bends, above 0; the larger, the closer to ReLU.
        threshold: where beta·x is above, y = x and dy/dx = 1.

    Errors: ArgumentError for a beta that is not above 0 and finite, and for a threshold of NaN; OptionError for what
    are no numbers.

    >>> import tinygrad_edu as tg
    >>> tg.nn.Softplus()(tg.Value([-2.0, 0.0, 2.0]))
    Value([0.1269, 0.6931, 2.1269])

    Source: C. Dugas et al., Incorporating second-order functional knowledge for better option pricing, NIPS 2000.
    Convention: exact by default; PyTorch's threshold is 20, which is 2e-9 off at most.
    """

    def __init__(self, beta: float = 1.0, threshold: float = math.inf) -> None:
        ops.softplus(0.0, beta=beta, threshold=threshold)
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        return ops.softplus(x, beta=self.beta, threshold=self.threshold)

    def describe(self) -> str:
        return f"beta={self.beta:g}" + (f", threshold={self.threshold:g}" if self.threshold != math.inf else "")


class ELU(Module):
    """The exponential linear unit, y = x for x > 0, else alpha·(e^x - 1),   dy/dx = 1 for x > 0, else alpha·e^x.

    Args:
        alpha: how far down it goes on the left, to -alpha; 0 or more.

    Errors: ArgumentError for an alpha that is negative, infinite or NaN, OptionError for what is no number.

    >>> import tinygrad_edu as tg
    >>> tg.nn.ELU()(tg.Value([-2.0, 3.0]))
    Value([-0.8647,  3.    ])

    Source: D.-A. Clevert, T. Unterthiner and S. Hochreiter, Fast and accurate deep network learning by exponential
    linear units, 2015, https://arxiv.org/abs/1511.07289.
    Convention: the derivative at x = 0 is alpha, as PyTorch's.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        ops.elu(0.0, alpha=alpha)
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return ops.elu(x, alpha=self.alpha)

    def describe(self) -> str:
        return f"alpha={self.alpha:g}"


class SELU(Module):
    """The scaled exponential linear unit, y = λ·x for x > 0, else λ·α·(e^x - 1),   dy/dx = λ or λ·α·e^x.

    λ = 1.0507 and α = 1.67326 are such that numbers of mean 0 and variance 1 keep both through many layers, if the
    weights start as LeCun's normal ones (`init.lecun_normal`).

    >>> import tinygrad_edu as tg
    >>> tg.nn.SELU()(tg.Value([-2.0, 3.0]))
    Value([-1.5202,  3.1521])

    Source: G. Klambauer et al., Self-normalizing neural networks, 2017, https://arxiv.org/abs/1706.02515.
    Convention: the derivative at x = 0 is λ·α, as PyTorch's.
    """

    def forward(self, x: Any) -> Any:
        return ops.selu(x)


class LeakyReLU(Module):
    """A ReLU that lets some through on the left, y = x for x > 0, else slope·x,   dy/dx = 1 for x > 0, else slope.

    So no unit is ever dead.

    Args:
        slope: on the left, 0 or more; PyTorch calls it `negative_slope`.

    Errors: ArgumentError for a slope that is negative, infinite or NaN, OptionError for what is no number.

    >>> import tinygrad_edu as tg
    >>> tg.nn.LeakyReLU()(tg.Value([-2.0, 3.0]))
    Value([-0.02,  3.  ])

    Source: A. L. Maas, A. Y. Hannun and A. Y. Ng, Rectifier nonlinearities improve neural network acoustic models,
    ICML 2013.
    Convention: the derivative at the kink x = 0 is the slope, as PyTorch's.
    """

    def __init__(self, slope: float = 0.01) -> None:
        ops.leaky_relu(0.0, slope=slope)
        self.slope = slope

    def forward(self, x: Any) -> Any:
        return ops.leaky_relu(x, slope=self.slope)

    def describe(self) -> str:
        return f"slope={self.slope:g}"


ACTIVATIONS: dict[str, type[Module]] = {
    "identity": Identity, "binary_step": BinaryStep, "sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "gelu": GELU,
    "softplus": Softplus, "elu": ELU, "selu": SELU, "leaky_relu": LeakyReLU,
}
"""What an argument `activation` may be called, in the lecture's order."""
