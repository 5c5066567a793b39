"""What can be wrong inside a network, seen on one batch: each verdict with its number, its place and what to try."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, prod

import numpy as np

from tinygrad_edu.training.activity import Layer
from tinygrad_edu.training.metrics import rms

MANY_DEAD = 0.4
"""A share of dead units that chance does not give: He's weights leave a few per cent in a layer of ReLUs."""

NOTHING = 1e-4
"""An answer of a radial unit that is next to nothing: its centre is more than four widths away."""

MANY_SATURATED = 0.6
"""Of units with a slope of next to nothing. Training that works may saturate a third of a layer, or a half."""

VANISHED = 1e-3
"""The gradient that reaches the first layer as a share of the last one's: it learns a thousand times more slowly."""

EXPLODED = 1e3
"""And the other way round: one learning rate cannot suit them both."""

ALIKE = 1e-2
"""How far, in units of the largest, weights that began equal are apart after training: rounding makes them differ."""


@dataclass(frozen=True)
class Verdict:
    """Something that is wrong.

    Attributes:
        name: what, in few words, such as "dead ReLU".
        place: where: the path of a module, or of several, as in "layers.1, layers.3"; or "data", "model", "loss",
            "history".
        number: the figure that it was seen by, of several places the largest.
        says: a sentence with that figure.
        cure: what to try.
    """

    name: str
    place: str
    number: float
    says: str
    cure: str

    def __str__(self) -> str:
        return f"{self.name} ({self.place}): {self.says}\n  Try: {self.cure}"


def inside(layers: Sequence[Layer]) -> list[Verdict]:
    """All that is wrong inside a network, from what was observed on one batch."""
    checks = (not_finite, symmetric_units, without_slope, dead_units, dead_radial_units, saturated_units, exploding,
              vanishing)
    return [verdict for check in checks for verdict in check(layers)]


def not_finite(layers: Sequence[Layer]) -> Iterator[Verdict]:
    """The first layer that puts out NaN or an infinity."""
    for layer in layers:
        bad = float(np.mean(~np.isfinite(layer.output)))
        if bad:
            weight = layer.weight
            own = weight is not None and not np.isfinite(weight.data).all()
            yield Verdict("not finite", layer.path, bad, f"{bad:.0%} of its outputs are NaN or infinite"
                          + (", as its weights are" if own else ""),
                          "a smaller learning rate, scaled features, gradients clipped by their norm; start from new "
                          "weights" if own else "scaled features; tg.detect_anomaly() finds the operation")
            return


def without_slope(layers: Sequence[Layer]) -> Iterator[Verdict]:
    """A binary step: its slope is 0 everywhere, so that all before it stays as it was at the start."""
    yield from _in_layers("no slope", {layer.path: layer.slope for layer in layers
                                       if layer.kind == "BinaryStep" and layer.slope == 0},
                          "its slope is 0 everywhere: no gradient reaches the layers before it, and they learn nothing",
                          "a sigmoid or tanh, soft steps with a slope; BinaryStep(straight_through=True); for a single "
                          "unit nn.Perceptron, which needs no gradient")


def dead_units(layers: Sequence[Layer]) -> Iterator[Verdict]:
    """Units after a ReLU that are 0 for every sample: no gradient reaches their weights any more."""
    yield from _in_layers("dead ReLU", {layer.path: layer.dead for layer in layers
                                        if layer.kind == "ReLU" and layer.dead > MANY_DEAD},
                          "{shares} of its units put out 0 for every sample, and learn nothing",
                          "a smaller learning rate, He's initialisation with biases of 0, scaled features; LeakyReLU "
                          "or ELU, whose slope is nowhere 0")


def dead_radial_units(layers: Sequence[Layer]) -> Iterator[Verdict]:
    """Gaussian radial units with no sample in their reach: neither answer nor gradient."""
    silent = {layer.path: float(np.mean((layer.output < NOTHING).reshape(-1, layer.output.shape[-1]).all(axis=0)))
              for layer in layers if layer.kind == "RBF" and getattr(layer.module, "kind", "") == "gaussian"}
    yield from _in_layers("dead RBF", {path: share for path, share in silent.items() if share > MANY_DEAD},
                          "{shares} of its units are more than four widths away from every sample, where they answer "
                          "nothing and learn nothing",
                          "RBF(...).init_from_data(X), which puts the centres among the data; larger widths, scaled "
                          "features")


def saturated_units(layers: Sequence[Layer]) -> Iterator[Verdict]:
    """Units of a function that is flat on both sides, far out on it."""
    slopes = [layer.slope for layer in layers if isfinite(layer.slope)]
    product = " · ".join(f"{slope:.2g}" for slope in slopes)
    yield from _in_layers("saturated", {layer.path: layer.saturated for layer in layers
                                        if layer.kind in ("Sigmoid", "Tanh") and layer.saturated > MANY_SATURATED},
                          "{shares} of its outputs lie where the slope is below 0.05; the mean slopes of all "
                          f"activations are {product} = {prod(slopes):.2g}, by which gradients shrink",
                          "scaled features, Xavier's initialisation (smaller weights), a smaller learning rate if "
                          "training made them large; batch normalisation, or a ReLU")


def vanishing(layers: Sequence[Layer]) -> Iterator[Verdict]:
    """A gradient that is lost on its way to the first layer."""
    first, last, ratio = _ends(layers)
    if 0 < ratio < VANISHED:
        slopes = [layer.slope for layer in layers if isfinite(layer.slope)]
        sigmoids = any(layer.kind == "Sigmoid" for layer in layers)
        yield Verdict("vanishing gradient", first, ratio,
                      f"its gradient is {ratio:.1g} of that of {last}; the product of the mean slopes of the "
                      f"{len(slopes)} activations between them is {prod(slopes):.1g}",
                      ("ReLU or tanh instead of the sigmoid, whose slope is at most 0.25; " if sigmoids else "")
                      + "nn.Residual connections, batch normalisation, fewer layers, He's or Xavier's initialisation")


def exploding(layers: Sequence[Layer]) -> Iterator[Verdict]:
    """A gradient that grows on its way to the first layer."""
    first, last, ratio = _ends(layers)
    if ratio > EXPLODED:
        yield Verdict("exploding gradient", first, ratio, f"its gradient is {ratio:.1g} times that of {last}",
                      "smaller initial weights (Xavier's, He's), batch normalisation, optim.clip_grad_norm")


def symmetric_units(layers: Sequence[Layer]) -> Iterator[Verdict]:
    """Hidden units with equal weights on both sides, as after an initialisation with zeros: they stay equal."""
    found, zero = {}, False
    for layer, following in pairwise([layer for layer in layers if layer.weight is not None]):
        weight, onwards = layer.weight, following.weight
        if weight is None or onwards is None or weight.ndim != 2 or onwards.ndim != 2 or len(weight.data) < 2:
            continue
        bias = getattr(layer.module, "bias", None)
        if _all_alike(weight.data) and (bias is None or _all_alike(bias.data)) and _all_alike(onwards.data.T):
            found[layer.path] = float(len(weight.data))
            zero = zero or not weight.data.any()
    yield from _in_layers("symmetric units", found,
                          f"its units have {'zero' if zero else 'equal'} weights, as after an initialisation with "
                          f"{'zeros' if zero else 'one number for all'}: all compute the same and get the same "
                          "gradient, so that together they are one unit",
                          "random initial weights: nn.init.xavier_uniform, or he_uniform before a ReLU; only biases "
                          "may start at 0")


def _in_layers(name: str, found: Mapping[str, float], says: str, cure: str) -> Iterator[Verdict]:
    """One verdict on all these layers, by their paths with a number for each; none without any."""
    if found:
        shares = ", ".join(f"{number:.0%}" for number in found.values())
        says = says.replace("{shares}", shares)
        if len(found) > 1:
            says = "in each, " + says if shares not in says else says.replace(" its ", " their ", 1)
        yield Verdict(name, ", ".join(found), max(found.values()), says, cure)


def _ends(layers: Sequence[Layer]) -> tuple[str, str, float]:
    """The first and the last layer with weights, and the ratio of the gradients that reach their outputs."""
    sizes = [(layer.path, rms(layer.output_gradient)) for layer in layers
             if layer.weight is not None and layer.output_gradient is not None]
    if len(sizes) < 2 or not sizes[-1][1]:
        return "", "", np.nan
    return sizes[0][0], sizes[-1][0], sizes[0][1] / sizes[-1][1]


def _all_alike(rows: np.ndarray) -> bool:
    return bool(np.abs(rows - rows[:1]).max() <= ALIKE * np.abs(rows).max())
