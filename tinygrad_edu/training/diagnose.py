"""`diagnose`: why a training fails, in words, with the number that shows it, the place, and what to try."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.errors import OptionError, ShapeError
from tinygrad_edu.nn.losses import CrossEntropyLoss, MSELoss
from tinygrad_edu.nn.module import Module
from tinygrad_edu.training import curves, suitability
from tinygrad_edu.training.activity import observe
from tinygrad_edu.training.verdicts import Verdict, inside

SAMPLES = 500
"""How many samples are looked at, spread evenly over the data."""


class Diagnosis(Sequence[Verdict]):
    """The verdicts, the most basic ones first; empty, and so false, if nothing is wrong. `print` shows all of it."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        self._verdicts = tuple(verdicts)

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

    Returns: a list of verdicts, each with a name, a place, a number and a cure; empty if all seems well.

    Errors: OptionError for what is no module or no pair of arrays, ShapeError for arrays of different lengths.

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
    X, y = _samples(data)
    if loss is None:
        loss = CrossEntropyLoss() if y.ndim == 1 and y.dtype.kind in "iub" else MSELoss()
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


def _samples(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Some rows of X and y, once it is known that they are a pair."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise OptionError("diagnose: data must be a pair of arrays, data=(X, y)")
    X, y = (np.asarray(part) for part in data)
    if not X.ndim or not y.ndim or len(X) != len(y) or not len(X):
        raise ShapeError(f"diagnose: X {X.shape} and y {y.shape} must have equally many rows, and one at least")
    rows = np.unique(np.linspace(0, len(X) - 1, SAMPLES).astype(int))
    return X[rows], y[rows]
