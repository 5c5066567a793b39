"""Whether a set-up suits its problem: the data, the model, its output layer and its loss; a verdict where not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.value import Value
from tinygrad_edu.nn.module import Module
from tinygrad_edu.training.activity import evaluating
from tinygrad_edu.training.metrics import rms
from tinygrad_edu.training.verdicts import Verdict

LARGE = 20.0
"""A size of features with which the sums of a first layer with usual weights leave the useful part of an activation."""

SMALL = 0.01
"""And one with which they do not get there."""

UNBALANCED = 10.0
"""How many times as often as the rarest a class may come: from there on, to guess it gives 90 % and teaches nothing."""

NEIGHBOURS = 5
BETTER = 0.15
"""How much more of the variance than a linear fit the mean of the nearest neighbours explains, if it is not linear."""

RANGES = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0), "ReLU": (0.0, np.inf), "Softplus": (0.0, np.inf),
          "ELU": (-1.0, np.inf), "SELU": (-1.7581, np.inf), "GELU": (-0.17, np.inf), "Softmax": (0.0, 1.0),
          "LogSoftmax": (-np.inf, 0.0), "BinaryStep": (0.0, 1.0)}
"""What each activation function can put out."""

OF_LOGITS = {"CrossEntropyLoss": ("Softmax", "LogSoftmax", "Sigmoid"), "BCEWithLogitsLoss": ("Sigmoid", "Softmax"),
             "NLLLoss": ("Softmax", "Sigmoid"), "BCELoss": ("LogSoftmax",)}
"""Losses, and the output layers that they must not be given: what these do, the loss does itself or not at all."""

OF_NUMBERS = ("MSELoss", "LeastSquaresLoss", "L1Loss", "HuberLoss")


@dataclass(frozen=True, eq=False)
class Case:
    """A model, its data and its loss.

    Attributes:
        output: what the model puts out for X.
        last: the class name of its last innermost module.
    """

    model: Module
    X: np.ndarray
    y: np.ndarray
    loss: Any
    output: np.ndarray
    last: str

    @property
    def labels(self) -> bool:
        """Whether y are labels of classes: one whole number per sample, few different ones."""
        return (self.y.ndim == 1 and self.y.dtype.kind in "iub"
                and len(np.unique(self.y)) <= max(2, min(100, len(self.y) // 3)))


def few_whole_numbers(y: np.ndarray) -> bool:
    """Whether these look like labels: all of 0, 1, 2 and so on, of whatever dtype and shape, each several times."""
    different = np.unique(y)
    return bool(np.array_equal(different, np.arange(len(different))) and len(different) <= max(2, len(y) // 3))


def verdicts(case: Case) -> list[Verdict]:
    """All that does not suit."""
    return [verdict for check in (linear_model, unscaled_features, unbalanced_classes, loss_and_output, range_of_output)
            for verdict in check(case)]


def linear_model(case: Case) -> Iterator[Verdict]:
    """A model that is linear in its input, whatever it is made of, and a problem that is not."""
    if not _is_linear(case.model, case.X):
        return
    target = np.eye(int(case.y.max()) + 1)[case.y] if case.labels else case.y.reshape(len(case.y), -1)
    linear, local = _explained(case.X.reshape(len(case.X), -1).astype(float), target.astype(float))
    if local > linear + BETTER:
        yield Verdict("linear model", "model", linear,
                      f"it is linear in its input, as all its activations are; the best linear model explains "
                      f"{linear:.0%} of the variance, the mean of {NEIGHBOURS} neighbours {local:.0%}",
                      "a hidden layer with tanh or ReLU between the linear layers, which otherwise are one")


def unscaled_features(case: Case) -> Iterator[Verdict]:
    """Features, or targets of a regression, of a size that no initialisation is made for."""
    sizes = np.sqrt(np.mean(case.X.reshape(len(case.X), -1).astype(float) ** 2, axis=0))
    worst = int(np.argmax(sizes))
    if sizes[worst] > LARGE or sizes[worst] < SMALL:
        yield Verdict("unscaled features", "data", float(sizes[worst]),
                      f"feature {worst} has a root mean square of {sizes[worst]:.3g}; weights start as if it were 1",
                      "data.StandardScaler or MinMaxScaler, fitted to the training set")
    if not case.labels and type(case.loss).__name__ in OF_NUMBERS:
        size = rms(case.y)
        if size > LARGE or 0 < size < SMALL:
            yield Verdict("unscaled targets", "data", size,
                          f"y has a root mean square of {size:.3g}; the output of a new network is about 1",
                          "scale y, too, with data.StandardScaler, and predictions back with inverse_transform")


def unbalanced_classes(case: Case) -> Iterator[Verdict]:
    """A class that is so frequent that to guess it always is a comfortable minimum."""
    if not case.labels:
        return
    classes, counts = np.unique(case.y, return_counts=True)
    ratio = counts.max() / counts.min()
    if ratio > UNBALANCED:
        yield Verdict("unbalanced classes", "data", float(ratio),
                      f"class {classes[counts.argmax()]} comes {ratio:.0f} times as often as class "
                      f"{classes[counts.argmin()]}: always to say {classes[counts.argmax()]} is right in "
                      f"{counts.max() / counts.sum():.0%} of all cases",
                      "class weights in the loss, a stratified split, and a confusion matrix instead of the accuracy")


def loss_and_output(case: Case) -> Iterator[Verdict]:
    """A loss that does not go with the output layer or with the kind of target."""
    loss = type(case.loss).__name__
    if case.last in OF_LOGITS.get(loss, ()):
        yield Verdict("loss and output", "model", 1.0,
                      f"{loss} gets the output of {case.last}: its gradient is squeezed a second time",
                      "leave the model's last activation out; the loss takes logits" if loss != "NLLLoss"
                      else "LogSoftmax as the last layer, or CrossEntropyLoss without one")
    if loss == "CrossEntropyLoss" and case.labels:
        outputs, needed = case.output.shape[-1], int(case.y.max()) + 1
        if outputs < needed:
            yield Verdict("loss and output", "model", float(outputs),
                          f"it has {outputs} outputs for {needed} classes", f"{needed} outputs, one for each class")
    classes = len(np.unique(case.y))
    if loss in OF_NUMBERS and case.y.size == len(case.y) and classes > 2 and few_whole_numbers(case.y):
        yield Verdict("loss and output", "loss", float(classes),
                      f"{loss} on labels of {classes} classes: it takes class 2 for twice class 1",
                      "one output for each class and CrossEntropyLoss")
    if loss == "BCELoss" and (case.output.min() < 0 or case.output.max() > 1):
        yield Verdict("loss and output", "model", float(np.abs(case.output).max()),
                      "BCELoss needs probabilities, but there are outputs outside of 0 to 1",
                      "BCEWithLogitsLoss, which takes any number")


def range_of_output(case: Case) -> Iterator[Verdict]:
    """Targets of a regression that the last activation function cannot reach."""
    if type(case.loss).__name__ not in OF_NUMBERS or case.last not in RANGES or case.labels:
        return
    low, high = RANGES[case.last]
    outside = float(np.mean((case.y < low) | (case.y > high)))
    if outside > 0.01:
        yield Verdict("range of the output", "model", outside,
                      f"{outside:.0%} of the targets lie outside of {low:g} to {high:g}, the range of {case.last}",
                      "no activation after the last layer of a regression, or scaled targets")


# ----- what it takes to say so -----

def _is_linear(model: Module, X: np.ndarray) -> bool:
    """Whether f(a) + f(b) = f(a + b) + f(0): by trying it, so that it holds for any model."""
    if X.dtype.kind != "f":
        X = X.astype(np.float64)
    a, b = X[:50], X[:50][::-1]
    with evaluating(model), no_grad():
        together, apart, alone, zero = (_numbers(model(x)) for x in (a + b, a, b, np.zeros_like(a)))
    size = rms(together - zero)
    return bool(size and np.isfinite(size) and rms(apart + alone - together - zero) < 1e-4 * size)


def _numbers(output: Any) -> np.ndarray:
    return (output.numpy() if isinstance(output, Value) else np.asarray(output)).astype(np.float64)


def _explained(X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The share of y's variance that the best linear model explains, and that the nearest neighbours do."""
    X = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    y = y - y.mean(axis=0)
    total = np.sum(y**2)
    if not total or len(X) < 4 * NEIGHBOURS:
        return 1.0, 0.0
    design = np.column_stack([np.ones(len(X)), X])
    linear = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    distances = np.sum(X**2, axis=1)[:, None] - 2 * X @ X.T + np.sum(X**2, axis=1)
    np.fill_diagonal(distances, np.inf)  # no sample is its own neighbour
    nearest = np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    return (float(1 - np.sum((y - linear) ** 2) / total), float(1 - np.sum((y - y[nearest].mean(axis=1)) ** 2) / total))
