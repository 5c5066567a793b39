"""Penalties: a price on large parameters, to be added to the loss against overfitting (regularisation).

They are made of the plain ops, so they are drawn and differentiated like the rest of J.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from math import nextafter
from operator import add
from typing import Any

from tinygrad_edu.engine import ops
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, MissingMethodError, OptionError
from tinygrad_edu.nn.module import Module
from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, YES_OR_NO, Hyperparameter


class Penalty(Module):
    """Base of the penalties: a new one defines `measure`, how large some parameters θ are.

        J = loss + strength · measure(θ)

    Args:
        strength: λ, 0 or more.
        biases: whether they count, too. Usually they do not: a bias makes a function no less smooth. A parameter is
            a bias if its path, or else its name, ends in "bias", such as layers.0.bias.

    It takes what it is a penalty of: a model or a part of it, for all parameters within, or an iterable of parameters
    or other Values, each of which counts once; or a single one.

    Errors: ArgumentError where there is nothing to penalise, OptionError for what is no Value; ArgumentError and
    OptionError for options that are none.

    >>> import tinygrad_edu as tg
    >>> class LargestPenalty(tg.nn.Penalty):
    ...     def measure(self, thetas):
    ...         return sum(tg.max(abs(theta)) for theta in thetas)
    >>> LargestPenalty(strength=0.1)(tg.Value([1.0, -4.0]))
    Value(0.4)
    """

    strength = Hyperparameter(NOT_NEGATIVE)
    biases = Hyperparameter(YES_OR_NO, kinds="b")

    def __init__(self, strength: float, biases: bool = False) -> None:
        self.strength, self.biases = strength, biases

    def forward(self, model: Module | Iterable[Value] | Value) -> Value:
        return self.strength * self.measure(self._chosen(model))

    def measure(self, thetas: Sequence[Value]) -> Any:
        """How large the parameters are, as one number."""
        raise MissingMethodError(f"{type(self).__name__} does not say what it measures; define the method "
                                 "measure(self, thetas), which returns how large the parameters are")

    def _chosen(self, model: Module | Iterable[Value] | Value) -> list[Value]:
        """The parameters to penalise."""
        owner = type(self).__name__
        named: Iterable[tuple[str, Any]]
        if isinstance(model, Module):
            named = model.named_parameters()
        else:
            parameters = model if isinstance(model, Iterable) and not isinstance(model, Value) else [model]
            named = ((getattr(p, "name", ""), p) for p in parameters)
        chosen: dict[Value, None] = {}  # a set in the order of the parameters
        for path, p in named:
            if not isinstance(p, Value):
                raise OptionError(f"{owner}: got a {type(p).__name__}, not a parameter; pass a model, some parameters, "
                                  "such as [model.layers[0].weight], or other Values")
            if self.biases or not path.endswith("bias"):
                chosen[p] = None
        if not chosen:
            raise ArgumentError(f"{owner}: there is nothing to penalise, no parameter, or only biases; these count "
                                "with biases=True")
        return list(chosen)

    def describe(self) -> str:
        return f"{self.strength:g}{', biases=True' if self.biases else ''}"


class L2Penalty(Penalty):
    """Half the sum of the squares of all parameters: large ones become smaller (ridge, weight decay).

        λ/2 Σ θ²,   the gradient is λ θ

    Args, what it takes, errors: those of `Penalty`.

    >>> import tinygrad_edu as tg
    >>> model = tg.nn.Linear(3, 1, init=tg.nn.init.zeros)
    >>> model.weight.data = [[1.0, -2.0, 0.0]]
    >>> tg.nn.L2Penalty(0.1)(model)  # 0.1/2 (1 + 4)
    Value(0.25)

    Source: A. E. Hoerl and R. W. Kennard, Ridge regression, Technometrics 12, 1970,
    https://doi.org/10.1080/00401706.1970.10488634.
    Convention: with 1/2, so that a gradient step is that of an optimizer with weight_decay=λ, which takes in the
    biases, too. scikit-learn's `Ridge` has Σ r² + α Σ θ²: α = n λ with `LeastSquaresLoss` of n points.
    """

    def measure(self, thetas: Sequence[Value]) -> Any:
        return _half_squares(thetas)


class L1Penalty(Penalty):
    """The sum of the absolute values of all parameters: those that do little become 0 (lasso).

        λ Σ |θ|,   the gradient is λ sign(θ); 0 at θ = 0

    Args, what it takes, errors: those of `Penalty`.

    >>> import tinygrad_edu as tg
    >>> model = tg.nn.Linear(3, 1, init=tg.nn.init.zeros)
    >>> model.weight.data = [[1.0, -2.0, 0.0]]
    >>> tg.nn.L1Penalty(0.1)(model)
    Value(0.3)

    Source: R. Tibshirani, Regression shrinkage and selection via the lasso, J. R. Stat. Soc. B 58, 1996,
    https://doi.org/10.1111/j.2517-6161.1996.tb02080.x.
    Convention: scikit-learn's `Lasso`, whose α is λ with `LeastSquaresLoss`. Gradient descent comes close to 0 and
    rarely reaches it.
    """

    def measure(self, thetas: Sequence[Value]) -> Any:
        return _absolute_values(thetas)


class ElasticNetPenalty(Penalty):
    """A mixture of `L1Penalty` and `L2Penalty`: parameters that do little become 0, those that do the same alike.

        λ (ρ Σ |θ| + (1 - ρ)/2 Σ θ²),   the gradient is λ (ρ sign(θ) + (1 - ρ) θ)

    Args:
        strength: λ, 0 or more.
        l1_ratio: ρ, the share of the first, from 0 to 1.
        biases: as in `Penalty`.

    What it takes, errors: those of `Penalty`.

    >>> import tinygrad_edu as tg
    >>> tg.nn.ElasticNetPenalty(0.1, l1_ratio=0.5)(tg.Value([1.0, -2.0, 0.0]))  # 0.1 (3 + 5/2)/2
    Value(0.275)

    Source: H. Zou and T. Hastie, Regularization and variable selection via the elastic net, J. R. Stat. Soc. B 67,
    2005, https://doi.org/10.1111/j.1467-9868.2005.00503.x.
    Convention: scikit-learn's `ElasticNet`, whose alpha is λ with `LeastSquaresLoss`.
    """

    l1_ratio = Hyperparameter("a number from 0 to 1", below=nextafter(1.0, 2.0))

    def __init__(self, strength: float, l1_ratio: float = 0.5, biases: bool = False) -> None:
        super().__init__(strength, biases)
        self.l1_ratio = l1_ratio

    def measure(self, thetas: Sequence[Value]) -> Any:
        return self.l1_ratio * _absolute_values(thetas) + (1 - self.l1_ratio) * _half_squares(thetas)

    def describe(self) -> str:
        return f"{self.strength:g}, l1_ratio={self.l1_ratio:g}{', biases=True' if self.biases else ''}"


def _absolute_values(thetas: Sequence[Value]) -> Any:
    """Σ |θ|"""
    return reduce(add, [ops.sum(ops.absolute(theta)) for theta in thetas])


def _half_squares(thetas: Sequence[Value]) -> Any:
    """1/2 Σ θ²"""
    return reduce(add, [ops.sum_of_squares(theta, divisor=2) for theta in thetas])
