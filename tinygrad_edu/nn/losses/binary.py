"""Losses for a choice between two: yes or no, one side of a boundary or the other."""

from typing import Any

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.nn.losses.base import Loss
from tinygrad_edu.nn.losses.checks import check_probabilities, check_range, numbers, weights
from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, Hyperparameter


class BCELoss(Loss):
    """Binary cross-entropy: how unlikely y, yes (1) or no (0), is for a model that gives the probability p of yes.

        J = -1/N Σ (y ln p + (1 - y) ln(1 - p)),   ∂J/∂p = (p - y)/(N p (1 - p))

    the negative log-likelihood. Where a sigmoid makes the p, leave it out and take `BCEWithLogitsLoss`, which is
    exact at any magnitude.

    Args: those of `Loss`.

    It takes the probabilities p and the targets y, which may be probabilities, too: both of one shape, from 0 to 1;
    and the weights of `Loss`.

    Errors: those of `Loss`; ArgumentError for what is no probability.

    >>> import tinygrad_edu as tg
    >>> tg.nn.BCELoss()(tg.Value([0.5, 1.0]), [1, 1])  # (ln 2 + 0)/2
    Value(0.346574)

    Source: I. J. Good, Rational decisions, J. R. Stat. Soc. B 14, 1952,
    https://doi.org/10.1111/j.2517-6161.1952.tb00104.x.
    Convention: PyTorch's, with no logarithm below -100, and p (1 - p) in the derivative not below 1e-12: J stays
    finite where the model was sure, and wrong.
    """

    def each(self, prediction: Any, target: Any) -> Any:
        check_range("BCELoss", "prediction", prediction, 0.0, 1.0,
                    "probabilities, from 0 to 1, as a sigmoid gives them; without one use BCEWithLogitsLoss", nan=True)
        check_probabilities("BCELoss", "target", target)
        return ops.binary_cross_entropy(prediction, target)


class BCEWithLogitsLoss(Loss):
    """Sigmoid and binary cross-entropy in one: p = σ(z) is the probability of yes, z its logit.

        J = 1/N Σ (w₊ y softplus(-z) + (1 - y) softplus(z)),   ∂J/∂z = ((1 - y) σ(z) - w₊ y σ(-z))/N

    as softplus(-z) = ln(1 + e^-z) = -ln σ(z), and softplus(z) = -ln(1 - σ(z)); exact for logits of any size.

    Args:
        pos_weight: w₊, what a yes counts for, 0 or more, one number or one for each output: above 1 where they are
            rare, such as n₋/n₊; 1 if not given.
        reduction: as in `Loss`. A mean does not divide by w₊.

    It takes the logits z of shape (n,), (n, outputs) or any other but an empty one, and the targets y of that shape,
    0, 1 or a probability in between; and the weights of `Loss`.

    Errors: those of `Loss`; ArgumentError for targets that are no probabilities; ShapeError, DtypeError and
    ArgumentError for a pos_weight that is none or does not fit.

    >>> import tinygrad_edu as tg
    >>> tg.nn.BCEWithLogitsLoss()(tg.Value([0.0, 1000.0]), [1, 1])  # (ln 2 + 0)/2
    Value(0.346574)

    Source: D. R. Cox, The regression analysis of binary sequences, J. R. Stat. Soc. B 20, 1958,
    https://doi.org/10.1111/j.2517-6161.1958.tb00292.x.
    Convention: PyTorch's.
    """

    def __init__(self, pos_weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.pos_weight = weights("BCEWithLogitsLoss", "pos_weight", pos_weight, ndims=(0, 1))

    def each(self, prediction: Any, target: Any) -> Any:
        check_probabilities("BCEWithLogitsLoss", "target", target)
        yes = target * ops.softplus(-prediction)
        if self.pos_weight is not None:
            yes = self._pos_weight_of(prediction) * yes
        return yes + (1 - target) * ops.softplus(prediction)

    def _pos_weight_of(self, logits: Any) -> np.ndarray:
        """One for all outputs, or one for each."""
        assert self.pos_weight is not None
        if self.pos_weight.ndim and (len(logits.shape) < 2 or logits.shape[-1:] != self.pos_weight.shape):
            raise ShapeError(f"BCEWithLogitsLoss: pos_weight has shape {self.pos_weight.shape}, one number for each "
                             f"output, but the logits have shape {logits.shape}; for weights of the points pass "
                             "weight with the target")
        return self.pos_weight.astype(logits.dtype)


class HingeLoss(Loss):
    """The loss of support vector machines: a point costs nothing once it is well on its side, by the margin m.

        J = 1/N Σ max(0, m - y h),   ∂J/∂h = -y/N where y h < m, else 0

    for labels y = ±1 and a score h whose sign is the decision.

    Args:
        margin: m, 0 or more; with 0 it is the perceptron's criterion.
        reduction: as in `Loss`.

    It takes the scores h and the labels y, both of one shape, the latter -1 and 1; and the weights of `Loss`.

    Errors: those of `Loss`; ArgumentError for other labels; ArgumentError and OptionError for a margin that is none.

    >>> import tinygrad_edu as tg
    >>> tg.nn.HingeLoss(reduction="none")(tg.Value([0.5, 3.0, 0.5]), [1, 1, -1])
    Value([0.5, 0. , 1.5])

    Source: C. Cortes and V. Vapnik, Support-vector networks, Machine Learning 20, 1995,
    https://doi.org/10.1007/BF00994018.
    Convention: scikit-learn's `hinge_loss`; the derivative at the kink is 0.
    """

    margin = Hyperparameter(NOT_NEGATIVE)

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def each(self, prediction: Any, target: Any) -> Any:
        labels = numbers(target)
        if np.any(abs(labels) != 1):
            other = np.extract(abs(labels) != 1, labels)[0]
            raise ArgumentError(f"HingeLoss: target has the label {other:g}, but labels are -1 and 1; of labels 0 and "
                                "1 they are 2 * y - 1")
        return ops.relu(self.margin - target * prediction)
