"""`diagnose`: why a training fails, in words, with the number that shows it, the place, and what to try."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.checks import as_rows, check_real, not_finite
from tinygrad_edu.errors import OptionError, ShapeError
from tinygrad_edu.nn.losses import CrossEntropyLoss, MSELoss
from tinygrad_edu.nn.module import Module
from tinygrad_edu.training import curves, suitability
from tinygrad_edu.training.activity import observe
from tinygrad_edu.training.verdicts import Verdict, inside

FROM_CAUSE_TO_CONSEQUENCE = (
    "not finite data", "linear model", "unscaled features", "unscaled targets", "unbalanced classes", "loss and output",
    "range of the output", "symmetric units", "no slope", "learning rate too large", "not finite", "dead RBF",
    "dead ReLU", "saturated", "exploding gradient", "vanishing gradient", "learning rate too small", "constant loss",
    "overfitting")
"""All that can be wrong, in the order in which it is to be mended: what comes later may go with what came before."""

SAMPLES = 500
"""How many samples are looked at, spread evenly over the data."""


class Diagnosis(Sequence[Verdict]):
    """The verdicts, causes before consequences; empty, and so false, if nothing is wrong. `print` shows all of it."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        order = FROM_CAUSE_TO_CONSEQUENCE
        self._verdicts = tuple(sorted(verdicts, key=lambda verdict: order.index(verdict.name)))

    @property
    def names(self) -> list[str]:
        """What is wrong, in few words each."""
        return [verdict.name for verdict in self._verdicts]

    def __getitem__(self, i: Any) -> Any:
        return self._verdicts[i]

    def __len__(self) -> int:
        return len(self._verdicts)

    def __repr__(self) -> str:
        return "\n".join(map(str, self._verdicts)) or "Nothing found that would keep this model from learning."


def diagnose(model: Module, history: Any = None, data: tuple[Any, Any] | None = None, loss: Any = None) -> Diagnosis:
    """Say in words why a training fails, and what to try.

    Args:
        model: the network, before, while or after it is trained. Nothing of it is changed.
        history: what `training.fit` returned, or a dict of lists per epoch such as {"loss": [...],
            "validation_loss": [...]}; without it nothing is said about how the loss went.
        data: (X, y) that it is trained on, X (n, ...) with one target or label per row; without them nothing is said
            about what happens inside.
        loss: the loss function that it is trained with; if not given, the cross-entropy for labels, whole numbers in
            one dimension, and else the mean squared error.

    Returns: a list of verdicts, causes before consequences, each with a name, a place, a number and a cure; empty if
    all seems well.

    Errors: OptionError for what is no module or no pair of arrays, ShapeError for arrays of different lengths,
    DtypeError for data that are no real numbers.

    >>> import numpy as np, tinygrad_edu as tg
    >>> x = np.linspace(0, 100, 300).reshape(-1, 1)
    >>> y = 3 * np.sin(0.01 * x) * np.cos(0.1 * x)
    >>> model = tg.nn.MLP([1, 5, 5, 1], activation="identity", rng=0)
    >>> tg.training.diagnose(model, data=(x, y), loss=tg.nn.MSELoss()).names
    ['linear model', 'unscaled features']
    """
    if not isinstance(model, Module):
        raise OptionError(f"diagnose: model is a {type(model).__name__}, but must be a module")
    if loss is not None and not callable(loss):
        raise OptionError(f"diagnose: loss must be a function, got {loss!r}")
    found = curves.verdicts(_losses(history))
    if data is None:
        return Diagnosis(found)
    X, y = _pair(data)
    bad = {name: words for name, array in (("X", X), ("y", y)) if (words := not_finite(array))}
    if bad:
        usable = np.isfinite(X.reshape(len(X), -1)).all(axis=1) & np.isfinite(y.reshape(len(y), -1)).all(axis=1)
        # what such data did to the losses is their consequence, and says nothing of the learning rate
        found = [Verdict("not finite data", "data", float(np.mean(~usable)),
                         " and ".join(f"{name} has {words}" for name, words in bad.items()),
                         "remove these rows, or fill the gaps, with the mean of the column, say; then train anew")]
        X, y = X[usable], y[usable]
        if not len(X):
            return Diagnosis(found)
    X, y = _samples(X, y)
    if loss is None:
        loss = CrossEntropyLoss() if y.ndim == 1 and y.dtype.kind in "iub" else MSELoss()
    with np.errstate(all="ignore"):  # numbers that overflow become a verdict, and NumPy need not warn of them, too
        layers, output = observe(model, loss, X, y)
        last = layers[-1].kind if layers else type(model).__name__
        case = suitability.Case(model, X, y, loss, output, last)
        return Diagnosis([*suitability.verdicts(case), *inside(layers), *found])


def _losses(history: Any) -> Mapping[str, Any]:
    """The history as lists of numbers by name."""
    if history is None:
        return {}
    if not isinstance(history, Mapping):
        raise OptionError(f"diagnose: history must be what fit returned or a dict of lists, got a "
                          f"{type(history).__name__}; pass data by its name, data=(X, y)")
    try:
        return {name: np.asarray(history[name], np.float64) for name in ("loss", "validation_loss") if name in history}
    except (TypeError, ValueError):
        raise OptionError("diagnose: the losses of the history must be lists of numbers") from None


def _pair(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """X and y as arrays, once it is known that they are a pair of numbers."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise OptionError("diagnose: data must be a pair of arrays, data=(X, y)")
    X, y = (as_rows(f"diagnose: {name}", part) for name, part in zip("Xy", data, strict=True))
    check_real("diagnose: X", X)
    check_real("diagnose: y", y, "turn classes into 0, 1, ..., for example by np.unique(y, return_inverse=True)[1]")
    if len(X) != len(y):
        raise ShapeError(f"diagnose: X {X.shape} and y {y.shape} must have equally many rows")
    return X, y


def _samples(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Some rows of X and y."""
    rows = np.unique(np.linspace(0, len(X) - 1, SAMPLES).astype(int))
    return X[rows], y[rows]
