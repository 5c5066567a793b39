"""Figures of curves, drawn with matplotlib, and what all figures share; neither a display nor pyplot is needed."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.checks import whole_number
from tinygrad_edu.errors import ArgumentError, MissingDependencyError, OptionError, ShapeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# M. Okabe and K. Ito, Color Universal Design (2008): colours that everybody can tell apart
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
INK, PALE = "#333333", "#DDDDDD"

LINE_STYLES = ((BLUE, "-"), (VERMILLION, "--"), (GREEN, "-."), (PURPLE, ":"))
"""Lines differ by colour and by dashes, so that they can be told apart in grey print, too. More of them than these
are shades from dark to light, in their order."""

WIDEST_LABEL = 36
"""Characters of a label of which two fit into the width of a figure."""


def loss_curve(history: Mapping[str, Sequence[float]]) -> "Figure":
    """The loss of every epoch, one line per entry of the history; the gap between the lines is overfitting.

    The axis is logarithmic, so that equal factors look equal, unless a loss is 0 or negative.

    Args:
        history: the losses after each epoch by name, such as `{"train": [...], "test": [...]}`. Where a loss is NaN
            or infinite the line has a gap. Of what `training.fit` returns, the entries called loss are drawn.

    Returns: a `matplotlib.figure.Figure`; `figure.savefig("loss.svg")` writes it to a file.

    Errors: OptionError if the history is no dict, ShapeError if an entry is no list of numbers, ArgumentError
    if there is no entry or one without any finite loss, MissingDependencyError without matplotlib.

    >>> from tinygrad_edu.plots import loss_curve
    >>> figure = loss_curve({"train": [2.3, 0.4, 0.1], "test": [2.2, 0.5, 0.3]})
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['train, 0.1 at the end', 'test, 0.3 at the end']
    """
    if isinstance(history, Mapping) and "loss" in history:
        history = {name: losses for name, losses in history.items() if name.endswith("loss")}
    curves = _curves("loss_curve", history)
    longest = max(map(len, curves.values()))
    return lines(curves, np.arange(1, longest + 1), x_label="epoch", y_label="loss", function="loss_curve")


def lines(curves: Mapping[str, Any], x: Any, *, x_label: str, y_label: str,
          function: str = "lines") -> "Figure":
    """Curves over a common x, one line per entry, each with its last number in the legend.

    The axis is logarithmic, so that equal factors look equal, unless a number is 0 or negative.

    Args:
        curves: lists or arrays of numbers by name. NaN and infinities leave gaps, a shorter curve ends early.
        x: where they belong, as many as the longest curve has.
        x_label, y_label: what the axes are called, with their units.
        function: who draws, for messages.

    Returns: a `matplotlib.figure.Figure`.

    Errors: as `loss_curve`.

    >>> from tinygrad_edu.plots import lines
    >>> figure = lines({"sin": [0.0, 0.8], "cos": [1.0, 0.5]}, [0.0, 1.0], x_label="t in s", y_label="voltage in V")
    >>> figure.axes[0].get_xlabel()
    't in s'
    """
    found = _curves(function, curves)
    x = np.asarray(x)
    many = len(found) > len(LINE_STYLES)
    figure = figure_of_size(function, width=8.0 if many else 6.4, height=4.0)
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator  # as figure_of_size found, it is there

    axes = figure.add_subplot()
    for (name, numbers), (colour, dashes) in zip(found.items(), _styles(len(found)), strict=True):
        # a single number makes no line
        axes.plot(x[:len(numbers)], numbers, dashes, color=colour, linewidth=1.8, label=f"{name}, {numbers[-1]:.3g} at "
                  "the end", marker="o" if len(numbers) == 1 else "")
    shown = np.concatenate([numbers[np.isfinite(numbers)] for numbers in found.values()])
    if shown.min() > 0:
        axes.set_yscale("log")
        spread = shown.max() / shown.min()
        if spread < 100:  # hardly two powers of ten to label
            axes.yaxis.set_major_locator(MaxNLocator(6) if spread < 10 else LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_locator(NullLocator())
    axes.locator_params(axis="x", integer=x.dtype.kind in "iu")
    axes.set_xlabel(x_label, color=INK)
    axes.set_ylabel(y_label, color=INK)
    axes.grid(color=PALE, linewidth=0.6)
    axes.tick_params(which="both", color=PALE, labelcolor=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)
    longest = max(len(str(line.get_label())) for line in axes.lines)
    # beside the axes or above them, where no line is
    axes.legend(frameon=False, labelcolor=INK, loc="upper left" if many else "lower left",
                bbox_to_anchor=(1, 1) if many else (0, 1), ncols=1 if many or longest > WIDEST_LABEL else 2)
    return figure


def learning_rate_curve(schedules: Callable[[float], float] | Mapping[str, Callable[[float], float]],
                        steps: int) -> "Figure":
    """The learning rates of the first steps: of one schedule, or of several by name.

    Args:
        schedules: one of `optim.schedules`, or any function of the step; or a dict of them.
        steps: how many steps, 1 or more.

    Returns: a `matplotlib.figure.Figure`.

    Errors: OptionError for what is no function, ArgumentError for none, both for other steps; as `loss_curve`.

    >>> from tinygrad_edu.optim.schedules import Cosine, Warmup
    >>> from tinygrad_edu.plots import learning_rate_curve
    >>> figure = learning_rate_curve(Warmup(0.1, steps=50).then(Cosine(0.1, steps=150, low=0.01)), steps=200)
    >>> figure.axes[0].get_ylabel()
    'learning rate'
    """
    named = schedules if isinstance(schedules, Mapping) else {
        getattr(schedules, "__name__", type(schedules).__name__): schedules}
    if not named:
        raise ArgumentError("learning_rate_curve: there is no schedule to draw")
    for name, schedule in named.items():
        if not callable(schedule):
            raise OptionError(f"learning_rate_curve: {name!r} is a {type(schedule).__name__}; pass a schedule, or any "
                              "function of the step")
    numbers = np.arange(whole_number("learning_rate_curve: steps", steps, low=1))
    return lines({name: [schedule(step) for step in numbers.tolist()] for name, schedule in named.items()}, numbers,
                 x_label="step", y_label="learning rate", function="learning_rate_curve")


def _styles(count: int) -> list[tuple[Any, str]]:
    """A colour and dashes for each of so many lines."""
    if count <= len(LINE_STYLES):
        return list(LINE_STYLES[:count])
    from matplotlib import colormaps

    return [(colour, "-") for colour in colormaps["viridis"](np.linspace(0, 0.9, count))]


def figure_of_size(function: str, width: float, height: float) -> "Figure":
    """An empty figure, inches wide and high; MissingDependencyError, which names the function, without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependencyError(f"{function}: figures need matplotlib: "
                                     'pip install "tinygrad_edu[plot]"') from None

    class ShownFigure(Figure):
        """A figure that a notebook shows, too, where pyplot, which otherwise sees to that, is not imported."""

        def _repr_png_(self) -> bytes:
            png = BytesIO()
            self.savefig(png, format="png")
            return png.getvalue()

    return ShownFigure(figsize=(width, height), dpi=120, layout="constrained")


def _curves(function: str, history: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The numbers as arrays, one at least, each with something to draw."""
    if not isinstance(history, Mapping):
        raise OptionError(f"{function}: expected a dict of losses by name such as {{'train': [...]}}, "
                          f"got {type(history).__name__}")
    if not history:
        raise ArgumentError(f"{function}: the history is empty; train for one epoch at least")
    curves = {}
    for name, losses in history.items():
        try:
            curve = np.asarray(losses, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ShapeError(f"{function}: {name!r} is no list of numbers ({error})") from None
        if curve.ndim != 1:
            raise ShapeError(f"{function}: {name!r} needs one loss per epoch, shape (epochs,), "
                             f"got {curve.shape}")
        if not np.isfinite(curve).any():
            raise ArgumentError(f"{function}: none of the {len(curve)} losses of {name!r} is finite, so "
                                "there is nothing to draw; if training diverged, try a smaller learning rate")
        curves[name] = curve
    return curves
