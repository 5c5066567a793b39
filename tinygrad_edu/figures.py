"""Figures of training and of its results, drawn with matplotlib; neither a display nor pyplot is needed."""

import math
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, MissingDependencyError, OptionError, ShapeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# M. Okabe and K. Ito, Color Universal Design (2008): colours that everybody can tell apart
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
INK, PALE = "#333333", "#DDDDDD"

LINE_STYLES = ((BLUE, "-"), (VERMILLION, "--"), (GREEN, "-."), (PURPLE, ":"))
"""Lines differ by colour and by dashes, so that they can be told apart in grey print, too. More of them than these
are shades from dark to light, in their order."""


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
    axes = figure.add_subplot()
    for (name, numbers), (colour, dashes) in zip(found.items(), _styles(len(found)), strict=True):
        # a single number makes no line
        axes.plot(x[:len(numbers)], numbers, dashes, color=colour, linewidth=1.8, label=f"{name}, {numbers[-1]:.3g} at "
                  "the end", marker="o" if len(numbers) == 1 else "")
    if all((numbers[np.isfinite(numbers)] > 0).all() for numbers in found.values()):
        axes.set_yscale("log")
    axes.locator_params(axis="x", integer=x.dtype.kind in "iu")
    axes.set_xlabel(x_label, color=INK)
    axes.set_ylabel(y_label, color=INK)
    axes.grid(color=PALE, linewidth=0.6)
    axes.tick_params(which="both", color=PALE, labelcolor=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)
    axes.legend(frameon=False, labelcolor=INK, loc="upper left" if many else "best",
                bbox_to_anchor=(1, 1) if many else None)  # beside the axes
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
    numbers = np.arange(_count("learning_rate_curve", "steps", steps))
    return lines({name: [schedule(step) for step in numbers.tolist()] for name, schedule in named.items()}, numbers,
                 x_label="step", y_label="learning rate", function="learning_rate_curve")


def digit_grid(images: Any, predictions: Any, labels: Any, columns: int = 8) -> "Figure":
    """Images of digits, each with what a model takes it for; the wrong ones have a frame, a ✗ and the answer.

    Args:
        images: one per row, (n, 64): 8 x 8 pixels, the largest number is the darkest. Other squares will do.
        predictions: what the model takes them for, (n,).
        labels: what they are, (n,).
        columns: images per line.

    Returns: a `matplotlib.figure.Figure`; `figure.savefig("digits.svg")` writes it to a file.

    Errors: ShapeError if the shapes do not fit, OptionError if `columns` is no whole number, ArgumentError if
    it is below 1, MissingDependencyError without matplotlib.

    >>> from tinygrad_edu.data import load_digits
    >>> from tinygrad_edu.plots import digit_grid
    >>> X, y = load_digits()
    >>> figure = digit_grid(X[:3], predictions=[0, 1, 3], labels=y[:3])
    >>> [axes.get_title() for axes in figure.axes]
    ['0', '1', '✗ 3, is 2']
    """
    images, predictions, labels, side = _digits(images, predictions, labels)
    columns = min(_count("digit_grid", "columns", columns), len(images))
    rows = math.ceil(len(images) / columns)
    figure = figure_of_size("digit_grid", width=max(1.0 * columns, 3.0), height=1.25 * rows + 0.5)
    figure.suptitle(f"{np.count_nonzero(predictions == labels)} of {len(labels)} right", color=INK)
    for i, (image, prediction, label) in enumerate(zip(images, predictions, labels, strict=True)):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.imshow(image.reshape(side, side), cmap="Greys", vmin=images.min(), vmax=images.max())
        axes.set(xticks=[], yticks=[])
        right = prediction == label
        # a sign besides the colour, in a font that has it
        axes.set_title(f"{prediction}" if right else f"✗ {prediction}, is {label}", family="DejaVu Sans",
                       fontsize=10, color=INK if right else VERMILLION, fontweight=None if right else "bold")
        axes.spines[:].set(color=PALE if right else VERMILLION, linewidth=0.6 if right else 2.5)
    return figure


def confusion_matrix(matrix: Any, class_names: Sequence[str] = ()) -> "Figure":
    """How often each class is taken for each class: the mistakes, off the diagonal, are the darker the more frequent.

    Args:
        matrix: whole numbers, (classes, classes), a row for each true class, as `training.confusion_matrix` counts
            them.
        class_names: of the rows and columns; if not given they are numbered from 0.

    Returns: a `matplotlib.figure.Figure`.

    Errors: ShapeError if the matrix is not square or the names are not as many as its rows, ArgumentError if a number
    is no count, MissingDependencyError without matplotlib.

    >>> from tinygrad_edu.plots import confusion_matrix
    >>> from tinygrad_edu.training import confusion_matrix as count
    >>> figure = confusion_matrix(count([0, 1, 1, 1], [0, 1, 0, 1]), ["cat", "dog"])
    >>> figure.axes[0].get_title(), [text.get_text() for text in figure.axes[0].texts]
    ('3 of 4 right', ['1', '1', '2'])
    """
    counts, names = _counts(matrix, class_names)
    classes = len(counts)
    mistakes = np.where(np.eye(classes, dtype=bool) | (counts == 0), np.nan, counts)  # NaN stays white
    most = np.nanmax(mistakes, initial=1)
    side = max(3.0, 0.4 * classes + 1.2)
    figure = figure_of_size("confusion_matrix", width=side, height=side)
    axes = figure.add_subplot()
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=2 * most)  # not up to the darkest, on which no number is read
    for i, j in np.argwhere(counts):
        right = i == j
        axes.text(j, i, f"{counts[i, j]}", ha="center", va="center", fontsize=10, color=BLUE if right else INK,
                  fontweight=None if right else "bold")
    axes.set_title(f"{np.trace(counts)} of {counts.sum()} right", color=INK)
    axes.set_xlabel("what it is taken for", color=INK)
    axes.set_ylabel("what it is", color=INK)
    turned = 90 if max(map(len, names)) > 3 else 0
    axes.set_xticks(np.arange(classes), names, rotation=turned)
    axes.set_yticks(np.arange(classes), names)
    axes.tick_params(color=PALE, labelcolor=INK)
    axes.spines[:].set_color(PALE)
    return figure


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


def _digits(images: Any, predictions: Any, labels: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """The three as arrays that fit together, and the side of an image in pixels."""
    images, predictions, labels = np.asarray(images), np.asarray(predictions), np.asarray(labels)
    n, pixels = images.shape if images.ndim == 2 else (0, 0)
    side = math.isqrt(pixels)
    if n == 0 or pixels == 0 or side * side != pixels:
        raise ShapeError("digit_grid: images must be one per row, shape (n, 64) or another square, "
                         f"got {images.shape}")
    if predictions.shape != (n,) or labels.shape != (n,):
        raise ShapeError(f"digit_grid: {n} images need predictions and labels of shape ({n},), "
                         f"got {predictions.shape} and {labels.shape}")
    return images, predictions, labels, side


def _counts(matrix: Any, class_names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The matrix as whole numbers, and a name for each of its rows."""
    numbers = np.asarray(matrix)
    if numbers.ndim != 2 or numbers.shape[0] != numbers.shape[1] or not numbers.size:
        raise ShapeError("confusion_matrix: the matrix must have a row and a column for each class, shape (classes, "
                         f"classes), got {numbers.shape}; training.confusion_matrix(prediction, target) counts them")
    if numbers.dtype.kind not in "iuf" or (numbers < 0).any() or (numbers != np.floor(numbers)).any():
        raise ArgumentError("confusion_matrix: the matrix must hold counts, whole numbers of 0 or more")
    names = [str(name) for name in class_names] or [str(i) for i in range(len(numbers))]
    if len(names) != len(numbers):
        raise ShapeError(f"confusion_matrix: {len(names)} class_names do not fit {len(numbers)} classes")
    return numbers.astype(np.int64), names


def _count(function: str, name: str, number: Any) -> int:
    try:
        number = index(number)
    except TypeError:
        raise OptionError(f"{function}: {name} must be a whole number, got {number!r}") from None
    if number < 1:
        raise ArgumentError(f"{function}: {name} must be 1 or more, got {number}")
    return number
