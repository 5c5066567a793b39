"""The loss as a landscape: J over a plane in the space of all parameters, around the point that training reached."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.checks import real_number, whole_number
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError, ShapeError
from tinygrad_edu.figures import INK, figure_of_size
from tinygrad_edu.nn.module import Module
from tinygrad_edu.random import RandomSource, default_generator
from tinygrad_edu.training.activity import evaluating

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def heights(model: Module, loss: Callable[[Any, Any], Any], X: Any, y: Any, *, span: float = 1.0, points: int = 25,
            rng: RandomSource = None) -> tuple[np.ndarray, np.ndarray]:
    """J(θ + a δ + b η) on a grid of a and b, for two random directions δ and η.

    Each row of weights, the filter of one unit, has in δ and η the length that it has in θ: so what is steep in one
    network can be compared with another, whose weights are of another size. Parameters of one axis, such as biases and
    the scales of norms, stay. Nothing of the model is changed.

    Args: those of `plots.loss_landscape`.

    Returns: a, which are also the values of b, (points,), and J, (points, points), with a along axis 1.

    Errors: those of `plots.loss_landscape`.
    """
    if not isinstance(model, Module):
        raise OptionError(f"loss_landscape: model must be a Module, got one of type {type(model).__name__}")
    span = real_number("loss_landscape: span", span, low=0.0)
    points = whole_number("loss_landscape: points", points, low=2)
    generator = default_generator(rng)
    parameters = [p for p in model.parameters() if p.ndim > 1]
    if not parameters:
        raise OptionError("loss_landscape: the model has no matrix of weights to vary")
    start = [p.data for p in parameters]
    first, second = ([_direction(theta, generator) for theta in start] for _ in range(2))
    steps = np.linspace(-span, span, points)
    J = np.empty((points, points))
    try:
        with evaluating(model), no_grad(), np.errstate(all="ignore"):
            for i, b in enumerate(steps):
                for j, a in enumerate(steps):
                    for p, theta, d, e in zip(parameters, start, first, second, strict=True):
                        p._numbers = theta + a * d + b * e  # not by the setter: afterwards all is as it was
                    height = loss(model(X), y)
                    if np.size(height) != 1:
                        raise ShapeError(f"loss_landscape: the loss has shape {np.shape(height)}, but a height is a "
                                         'single number; use reduction="mean"')
                    J[i, j] = height.item() if isinstance(height, Value) else float(height)
    finally:
        for p, theta in zip(parameters, start, strict=True):
            p._numbers = theta
    return steps, J


def loss_landscape(model: Module, loss: Callable[[Any, Any], Any], X: Any, y: Any, *, span: float = 1.0,
                   points: int = 25, rng: RandomSource = None) -> "Figure":
    """Draw J around the parameters θ of a model, over a plane spanned by two random directions: its lines of height.

        J(a, b) = loss(model(X; θ + a δ + b η), y)

    The directions are normalised filter by filter; see `landscape.heights`. A deep network without skip connections
    shows a highly non-convex landscape, the same one with `nn.Residual` a smooth bowl.

    Args:
        model: a network, trained or not. Nothing of it is changed.
        loss: a loss of `nn`, or another function of (prediction, target) that gives one number.
        X, y: the data that J is computed with, n rows each.
        span: how far a and b go to either side, in units of the weights; 1 replaces each filter by one of its length.
        points: how many values of a and of b, 2 or more; J is computed points² times.
        rng: a seed or a `numpy.random.Generator` for the directions.

    Returns: a `matplotlib.figure.Figure`.

    Errors: OptionError for what is no module or has no weights, ArgumentError for a negative span or less than two
    points, ShapeError for a loss that is no single number, MissingDependencyError without matplotlib.

    >>> import numpy as np, tinygrad_edu as tg
    >>> X, y = tg.data.make_moons(50, rng=0)
    >>> figure = tg.plots.loss_landscape(tg.nn.MLP([2, 8, 2], rng=0), tg.nn.CrossEntropyLoss(), X, y, points=5, rng=0)
    >>> figure.axes[0].get_title()
    'J between 0.455 and 0.966, 0.876 in the middle'

    Source: H. Li et al., Visualizing the Loss Landscape of Neural Nets, NeurIPS 2018, https://arxiv.org/abs/1712.09913.
    """
    steps, J = heights(model, loss, X, y, span=span, points=points, rng=rng)
    figure = figure_of_size("loss_landscape", width=5.4, height=4.6)
    axes = figure.add_subplot()
    finite = np.where(np.isfinite(J), J, np.nan)
    positive = np.nanmin(finite) > 0 and np.nanmax(finite) > 10 * np.nanmin(finite)
    shown = np.log10(finite) if positive else finite
    filled = axes.contourf(steps, steps, shown, levels=20, cmap="cividis")
    axes.contour(steps, steps, shown, levels=20, colors=INK, linewidths=0.3)
    figure.colorbar(filled, label="log₁₀ J" if positive else "J")
    axes.plot(0, 0, "+", color="white", markersize=12, markeredgewidth=2)
    axes.locator_params(nbins=5)
    axes.set_xlabel("a, along δ", color=INK)
    axes.set_ylabel("b, along η", color=INK)
    middle = f", {J[points // 2, points // 2]:.3g} in the middle" if points % 2 else ""
    axes.set_title(f"J between {np.nanmin(finite):.3g} and {np.nanmax(finite):.3g}{middle}", color=INK, fontsize=10)
    return figure


def _direction(theta: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A random direction, each row of it as long as that row of theta."""
    d = generator.standard_normal(theta.shape).astype(theta.dtype)
    axes = tuple(range(1, theta.ndim))
    lengths = [np.sqrt(np.sum(x * x, axis=axes, keepdims=True)) for x in (theta, d)]
    return d * (lengths[0] / lengths[1])
