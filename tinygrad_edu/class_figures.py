"""Figures of what a classifier takes things for: images with their predictions, and the counts of its mistakes."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.checks import whole_number
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.figures import BLUE, INK, PALE, VERMILLION, figure_of_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def digit_grid(images: Any, predictions: Any = None, labels: Any = None, columns: int = 8) -> "Figure":
    """Images of digits, each with what a model takes it for; the wrong ones have a frame, a ✗ and the answer.

    Args:
        images: one per row, (n, 64): 8 x 8 pixels, the largest number is the darkest. Other squares will do.
        predictions: what the model takes them for, (n,); if not given, only the labels are shown.
        labels: what they are, (n,); if not given, nothing is called right or wrong.
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
    images, side = _images(images)
    named = {name: _one_per_image(name, numbers, len(images))
             for name, numbers in (("predictions", predictions), ("labels", labels)) if numbers is not None}
    columns = min(whole_number("digit_grid: columns", columns, low=1), len(images))
    rows = math.ceil(len(images) / columns)
    figure = figure_of_size("digit_grid", width=max(1.0 * columns, 3.0), height=1.25 * rows + 0.5 * (len(named) == 2))
    if len(named) == 2:
        right = named["predictions"] == named["labels"]
        figure.suptitle(f"{np.count_nonzero(right)} of {len(right)} right", color=INK)
    for i, image in enumerate(images):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.imshow(image.reshape(side, side), cmap="Greys", vmin=images.min(), vmax=images.max())
        axes.set(xticks=[], yticks=[])
        wrong = len(named) == 2 and not right[i]
        shown = [str(numbers[i]) for numbers in named.values()]
        # a sign besides the colour, in a font that has it
        axes.set_title(f"✗ {shown[0]}, is {shown[1]}" if wrong else "".join(shown[:1]), family="DejaVu Sans",
                       fontsize=10, color=VERMILLION if wrong else INK, fontweight="bold" if wrong else None)
        axes.spines[:].set(color=VERMILLION if wrong else PALE, linewidth=2.5 if wrong else 0.6)
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


def _images(images: Any) -> tuple[np.ndarray, int]:
    """The images as an array, and the side of one in pixels."""
    images = np.asarray(images)
    n, pixels = images.shape if images.ndim == 2 else (0, 0)
    side = math.isqrt(pixels)
    if n == 0 or pixels == 0 or side * side != pixels:
        raise ShapeError("digit_grid: images must be one per row, shape (n, 64) or another square, "
                         f"got {images.shape}")
    return images, side


def _one_per_image(name: str, numbers: Any, n: int) -> np.ndarray:
    array = np.asarray(numbers)
    if array.shape != (n,):
        raise ShapeError(f"digit_grid: {n} images need {name} of shape ({n},), got {array.shape}")
    return array


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
