"""Losses for one of several classes: how unlikely the true class, or the true probabilities, are for the model."""

from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.checks import shown
from tinygrad_edu.engine import ops
from tinygrad_edu.engine.ops.likelihoods import class_labels, own_class
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.nn.checks import float_operand, operand
from tinygrad_edu.nn.losses.base import Loss
from tinygrad_edu.nn.losses.checks import (
    NEARLY_ONE,
    check_log_probabilities,
    check_probabilities,
    numbers,
    weights,
)
from tinygrad_edu.optim.hyperparameter import YES_OR_NO, Hyperparameter
from tinygrad_edu.tracing import as_array, looked_up


class _OfLabels(Loss):
    """Base of the losses of labels: classes may have weights, and one label may mean that there is none."""

    def __init__(self, class_weights: Any = None, ignore_index: int | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        owner = type(self).__name__
        if not isinstance(ignore_index, int | np.integer | None) or isinstance(ignore_index, bool):
            raise OptionError(f"{owner}: ignore_index must be a whole number, the label to ignore, got "
                              f"{shown(ignore_index)} of type {type(ignore_index).__name__}")
        self.class_weights = weights(owner, "class_weights", class_weights, ndims=(1,))
        self.ignore_index = ignore_index

    def split(self, labels: Any) -> tuple[Any, Any]:
        """The labels, with class 0 instead of those to ignore, and where they count."""
        labels = as_array(numbers(labels))
        kept = as_array(labels != self.ignore_index)
        return np.where(kept, labels, labels.dtype.type(0)), kept

    def weights_of(self, scores: Any) -> Any:
        """The weights of the classes in the dtype of the scores, once it is known that there is one for each class."""
        assert self.class_weights is not None
        if scores.shape[-1:] != self.class_weights.shape:
            raise ShapeError(f"{type(self).__name__}: class_weights has shape {self.class_weights.shape}, but the "
                             f"prediction {scores.shape} is of {scores.shape[-1]} classes; give one weight for each")
        return self.class_weights.astype(scores.dtype)


def _only_where(kept: np.ndarray, losses: Any, counts: Any) -> tuple[Any, Any]:
    """The losses, 0 where they are not kept, and what each counts for in a mean, 0 there, too."""
    return ops.where(kept, losses, 0.0), kept.astype(losses.dtype) if counts is None else kept * counts


class CrossEntropyLoss(_OfLabels):
    """How unlikely the true classes are for the model, if p = softmax(logits) are its probabilities:

        J = -1/n Σ_i ln p_i,label(i),   p_ik = e^z_ik / Σ_c e^z_ic,   ∂J/∂z = 1/n (p - 1 at the label)

    with logits z: the negative log-likelihood of the labels, per point. Exponential and logarithm are taken
    in one go, so logits may be of any size; a network needs no softmax at its end. Of probabilities t instead of
    labels, with label smoothing ε, C classes and class weights w it is

        J = -1/n Σ_ik w_k t'_ik ln p_ik,   t' = (1 - ε) t + ε/C,   where t of a label is 1 there, else 0

    and of labels with class weights the mean divides by Σ_i w_label(i) instead of n.

    Args:
        class_weights: w, one number of 0 or more for each class: larger for rare ones; 1 if not given.
        label_smoothing: ε, from 0 to 1: how much of each target is spread over all classes, which keeps the logits
            from growing without end.
        ignore_index: the label of points that do not count, such as -100; none if not given.
        reduction: as in `Loss`; "none" is in the shape of the labels.

    It takes the logits, of shape (..., classes), and the labels, of shape (...), whole numbers from 0 to
    classes - 1; usually (n, classes) and (n,). Or, instead of labels, probabilities of the shape of the logits; and
    the weights of `Loss`.

    Errors: ShapeError if the shapes do not fit or are empty, or there is a single class, DtypeError for labels that
    are no integers or logits that are no real numbers, ArgumentError for a label that is no class, for probabilities
    that are none, or with a label to ignore, and for options outside their range; those of `Loss`.

    >>> import tinygrad_edu as tg
    >>> tg.nn.CrossEntropyLoss()(tg.Value([[0.0, 0.0], [0.0, 1000.0]]), [0, 1])  # (ln 2 + 0)/2
    Value(0.346574)

    Source: J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990,
    https://doi.org/10.1007/978-3-642-76153-9_28; label smoothing: C. Szegedy et al., Rethinking the Inception
    architecture, CVPR 2016, https://arxiv.org/abs/1512.00567.
    Convention: natural logarithm and mean, as PyTorch's; but the classes are always the last axis, its `weight` is
    `class_weights`, and no label is ignored unless it is said.
    """

    label_smoothing = Hyperparameter("a number from 0 to 1", below=np.nextafter(1.0, 2.0))

    def __init__(self, class_weights: Any = None, label_smoothing: float = 0.0, ignore_index: int | None = None,
                 reduction: str = "mean") -> None:
        super().__init__(class_weights, ignore_index, reduction)
        self.label_smoothing = label_smoothing

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Any:
        logits = float_operand("CrossEntropyLoss", "logits", prediction)
        target = operand("CrossEntropyLoss", "labels", target)
        if logits.shape[-1:] == (1,):
            raise ShapeError(f"CrossEntropyLoss: logits have shape {logits.shape}, but a single class is always right; "
                             "for yes or no use BCEWithLogitsLoss, with targets of that shape, or make the model with "
                             "2 outputs")
        if target.size == 0:
            raise ShapeError(f"CrossEntropyLoss: there are no data, logits have shape {logits.shape}")
        if target.ndim and target.shape == logits.shape:
            return self.reduced(self._of_probabilities(logits, target), weight)
        labels, kept, counts = target, None, None
        if self.ignore_index is not None:
            labels, kept = self.split(labels)
        losses = ops.cross_entropy(logits, labels)
        if self.class_weights is not None:
            counts = looked_up(self.weights_of(logits), labels)
            losses = losses * counts
        if self.label_smoothing:
            to_all = self._surprise(logits, 1 / logits.shape[-1])
            losses = (1 - self.label_smoothing) * losses + self.label_smoothing * to_all
        if kept is not None:
            losses, counts = _only_where(kept, losses, counts)
        return self.reduced(losses, weight, counts)

    def _of_probabilities(self, logits: Any, p: Any) -> Any:
        """The loss of each point whose classes have the probabilities p."""
        if self.ignore_index is not None:
            raise ArgumentError(f"CrossEntropyLoss: probabilities {p.shape} as targets have no label to ignore; give "
                                "a weight of 0 to the points that do not count")
        check_probabilities("CrossEntropyLoss", "target", p)
        total = np.sum(numbers(p), axis=-1)
        if np.any(abs(total - 1) > NEARLY_ONE):
            raise ArgumentError(f"CrossEntropyLoss: the target {p.shape} has probabilities with a sum of "
                                f"{np.extract(abs(total - 1) > NEARLY_ONE, total)[0]:g}, not 1; divide each row by "
                                f"its sum, or pass labels {p.shape[:-1]}, one whole number for each row")
        if p.dtype.kind != "f":
            p = p.astype(logits.dtype)
        if self.label_smoothing:
            p = (1 - self.label_smoothing) * p + self.label_smoothing / logits.shape[-1]
        return self._surprise(logits, p)

    def _surprise(self, logits: Any, p: Any) -> Any:
        """-Σ w p ln softmax(logits) over the classes."""
        if self.class_weights is not None:
            p = self.weights_of(logits) * p
        return -ops.sum(ops.log_softmax(logits) * p, axis=-1)


class NLLLoss(_OfLabels):
    """The negative log-likelihood of the true classes, for a model that gives logarithms of probabilities.

        J = -1/n Σ_i ln p_i,label(i),   ∂J/∂(ln p) = -1/n at the label, else 0

    It is what maximum likelihood minimises. After a `LogSoftmax` it is `CrossEntropyLoss`, which takes one step less.
    With class weights w it is -Σ_i w_label(i) ln p_i,label(i) / Σ_i w_label(i).

    Args:
        class_weights, ignore_index, reduction: those of `CrossEntropyLoss`.

    It takes the logarithms, of shape (..., classes), and the labels, of shape (...); and the weights of `Loss`.

    Errors: those of `CrossEntropyLoss`; ArgumentError for logarithms above 0, which are none of a probability.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.NLLLoss()(tg.Value(np.log([[0.5, 0.5], [0.25, 0.75]])), [0, 1])  # (ln 2 + ln 4/3)/2
    Value(0.490415)

    Source: R. A. Fisher, On the mathematical foundations of theoretical statistics, 1922,
    https://doi.org/10.1098/rsta.1922.0009.
    Convention: as for `CrossEntropyLoss`.
    """

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Any:
        log_p = float_operand("NLLLoss", "prediction", prediction)
        labels, kept, counts = operand("NLLLoss", "labels", target), None, None
        if labels.size == 0:
            raise ShapeError(f"NLLLoss: there are no data, prediction has shape {log_p.shape}")
        if self.ignore_index is not None:
            labels, kept = self.split(labels)
        labels = class_labels("NLLLoss", "prediction", log_p, numbers(labels))
        check_log_probabilities("NLLLoss", "prediction", log_p)
        losses = -log_p[own_class(labels)]
        if self.class_weights is not None:
            counts = looked_up(self.weights_of(log_p), labels)
            losses = losses * counts
        if kept is not None:
            losses, counts = _only_where(kept, losses, counts)
        return self.reduced(losses, weight, counts)


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence of the model's probabilities q from the true ones p: what is lost by
    taking q for p.

        J = 1/N Σ p (ln p - ln q),   ∂J/∂(ln q) = -p/N

    with N numbers; but the divergence of n points, Σ_i D(p_i‖q_i)/n, is that of reduction="batchmean".

    Args:
        log_target: whether ln p is given instead of p.
        reduction: as in `Loss`, or "batchmean", the sum divided by the number n of points, or by their weights.

    It takes ln q, such as the output of a `LogSoftmax`, and p, or ln p, both of one shape, with a point per row; and
    the weights of `Loss`. Where p = 0, p ln p = 0.

    Errors: those of `Loss`; ArgumentError for what is no probability, or no logarithm of one.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.KLDivLoss(reduction="batchmean")(tg.Value(np.log([[0.5, 0.5]])), [[1.0, 0.0]])  # ln 2
    Value(0.693147)

    Source: S. Kullback and R. A. Leibler, On information and sufficiency, Ann. Math. Statist. 22, 1951,
    https://doi.org/10.1214/aoms/1177729694.
    Convention: PyTorch's, with its order of arguments, in which the "mean" is not that per point.
    """

    reductions: ClassVar[tuple[str, ...]] = (*Loss.reductions, "batchmean")

    log_target = Hyperparameter(YES_OR_NO, kinds="b")

    def __init__(self, log_target: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def each(self, prediction: Any, target: Any) -> Any:
        check_log_probabilities("KLDivLoss", "prediction", prediction)
        if self.log_target:
            check_log_probabilities("KLDivLoss", "target", target)
            return ops.exp(target) * (target - prediction)
        check_probabilities("KLDivLoss", "target", target)
        return target * (ops.log(target + (target == 0)) - prediction)  # 0 ln 0 becomes 0 ln 1

    def divisor(self, shape: tuple[int, ...]) -> int:
        return shape[0] if shape and self._reduction == "batchmean" else super().divisor(shape)
