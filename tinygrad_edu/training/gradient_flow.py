"""`GradientFlow`: how large activations and gradients are in every layer while a network learns, and a verdict."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, StateError
from tinygrad_edu.figures import lines
from tinygrad_edu.nn.module import Module
from tinygrad_edu.training.activity import Layer, observe
from tinygrad_edu.training.callbacks import Callback
from tinygrad_edu.training.metrics import rms
from tinygrad_edu.training.verdicts import Verdict, inside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SAMPLES = 256
"""How many of the first samples are looked at: enough for a share, few enough to cost little."""


class GradientFlow(Callback):
    """Watch the layers during `training.fit`: after every epoch, one batch forward and backward is looked at.

    By the chain rule, the gradient that reaches a layer is a product with one factor per layer behind it. Where these
    factors are small, as a sigmoid's slope is, at most 0.25, it vanishes; where they are large, it explodes.

    Attributes:
        epochs: when it was looked, from 0, before training.
        statistics: what was seen then, for each look a dict by path of the layer. Of one with weights W: "gradient",
            the root mean square of dJ/dW, and "update", that of the change of W since the last look as a share of
            W's own. Of an activation function: "mean" and "deviation" of its outputs, its mean "slope" |dy/dx|, and
            the shares "zeros", "dead" and "saturated".

    >>> import numpy as np, tinygrad_edu as tg
    >>> from tinygrad_edu.training import GradientFlow, fit
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> model = tg.nn.MLP([1, 8, 8, 8, 8, 8, 8, 8, 1], activation="sigmoid", rng=0)
    >>> flow = GradientFlow()
    >>> history = fit(model, tg.nn.MSELoss(), tg.optim.SGD(model.parameters(), lr=0.1), X, X**2, epochs=2, rng=0,
    ...               callbacks=[flow])
    >>> [verdict.name for verdict in flow.verdicts()]
    ['vanishing gradient']

    Source: S. Hochreiter, Untersuchungen zu dynamischen neuronalen Netzen, diploma thesis, TU München 1991; X. Glorot
    and Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.
    """

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.statistics: list[dict[str, dict[str, float]]] = []
        self._last: list[Layer] = []
        self._weights: dict[str, np.ndarray] = {}

    def on_start(self, run: Any) -> None:
        """Look at what the network does before it has learned anything."""
        self.look(run.model, run.loss, run.X, run.y, run.epoch)

    def on_epoch(self, run: Any) -> None:
        """Look at what it does after an epoch."""
        self.look(run.model, run.loss, run.X, run.y, run.epoch)

    def look(self, model: Module, loss: Callable[[Any, Any], Any], X: Any, y: Any, epoch: int) -> None:
        """Run the first samples forward and backward, and note what every layer does; for a loop of one's own."""
        self._last, _ = observe(model, loss, X[:SAMPLES], y[:SAMPLES])
        before = self._weights
        self._weights = {layer.path: np.array(layer.weight.data) for layer in self._last if layer.weight is not None}
        self.epochs.append(epoch)
        self.statistics.append({layer.path: _statistics(layer, before.get(layer.path)) for layer in self._last
                                if layer.weight is not None or layer.slopes is not None})

    def verdicts(self) -> list[Verdict]:
        """What was wrong after the last epoch; empty if nothing was.

        Errors: StateError before training.
        """
        if not self._last:
            raise self._unseen()
        return inside(self._last)

    def over_epochs(self, quantity: str) -> dict[str, list[float]]:
        """One of the statistics as it changed, by the path of the layer, such as `over_epochs("gradient")`.

        Errors: StateError before training; ArgumentError for a quantity that no layer has.
        """
        if not self.statistics:
            raise self._unseen()
        first = self.statistics[0]
        if not any(quantity in of_layer for of_layer in first.values()):
            known = dict.fromkeys(name for of_layer in first.values() for name in of_layer)
            raise ArgumentError(f"GradientFlow: there is no {quantity!r}; there are {', '.join(known)}")
        return {path: [look.get(path, {}).get(quantity, np.nan) for look in self.statistics]
                for path, of_layer in first.items() if quantity in of_layer}

    def plot(self) -> "Figure":
        """The gradient of every layer over the epochs, on a logarithmic axis, from the first layer to the last.

        Errors: StateError before training, MissingDependencyError without matplotlib.
        """
        gradients = self.over_epochs("gradient")
        return lines(gradients, self.epochs, x_label="epoch", y_label="gradient of the weights, root mean square",
                     function="GradientFlow.plot")

    def _unseen(self) -> StateError:
        return StateError("GradientFlow has seen no training yet; pass it as fit(..., callbacks=[flow]) first")

    def __repr__(self) -> str:
        if not self._last:
            return "<GradientFlow, nothing seen yet>"
        found = ", ".join(verdict.name for verdict in self.verdicts()) or "all is well"
        return f"<GradientFlow of {len(self.epochs)} looks: {found}>"


def _statistics(layer: Layer, weights_before: np.ndarray | None) -> dict[str, float]:
    weight = layer.weight
    if weight is not None:
        change = np.nan if weights_before is None else rms(weight.data - weights_before) / (rms(weights_before) or 1.0)
        return {"gradient": layer.weight_gradient, "update": change}
    with np.errstate(all="ignore"):
        return {"mean": float(np.mean(layer.output)), "deviation": float(np.std(layer.output)), "slope": layer.slope,
                "zeros": layer.zeros, "dead": layer.dead, "saturated": layer.saturated}
