"""`History`: what a training was like, epoch by epoch."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.errors import StateError, UnknownNameError
from tinygrad_edu.files import write_all_or_nothing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST_TABLE = 12
"""How many epochs are printed at most: evenly spread, the first and the last among them."""


class History(Mapping[str, list[float]]):
    """One list per quantity, with one number per epoch; `print(history)` shows them as a table.

        loss             the mean of the loss over the batches of the epoch, each before its update and as in training
                         (with dropout, say); in full batches, J before the epoch's update
        penalty          likewise, if there is one; J is the sum of both
        accuracy, ...    each metric, of these same predictions
        validation_loss, validation_accuracy, ...
                         the same on the validation set, after the epoch's updates and as in evaluation
        learning_rate    in the last step of the epoch
        seconds          that the epoch took

    Attributes:
        stop_reason: why the training ended, in words; None while it runs.

    Errors: UnknownNameError, a KeyError, for a name that is not there.

    >>> from tinygrad_edu.training import History
    >>> history = History.from_dict({"loss": [2.0, 1.0, 0.5], "validation_loss": [2.1, 1.2, 0.9]})
    >>> history
    <History of 3 epochs: loss 0.5, validation_loss 0.9>
    >>> history["loss"][-1], history.epochs, round(history.generalization_gap, 3)
    (0.5, 3, 0.4)
    >>> print(history)
    epoch  loss  validation_loss
        1     2              2.1
        2     1              1.2
        3   0.5              0.9
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._columns: dict[str, list[float]] = {name: [] for name in names}
        self.stop_reason: str | None = None

    # ----- as a dict of lists -----

    def __getitem__(self, name: str) -> list[float]:
        try:
            return self._columns[name]
        except KeyError:
            raise UnknownNameError(f"History: there is no {name!r}; there are {', '.join(self._columns)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    @property
    def epochs(self) -> int:
        """How many epochs are in it."""
        return min(map(len, self._columns.values()), default=0)

    @property
    def generalization_gap(self) -> float:
        """validation_loss - loss in the last epoch: where it grows, the model learns its training set by heart.

        Errors: StateError without a validation set, or before the first epoch.
        """
        if "validation_loss" not in self or not self.epochs:
            raise StateError("History.generalization_gap: no epoch has a validation_loss; train with "
                             "fit(..., validation=0.2)")
        return self["validation_loss"][-1] - self["loss"][-1]

    # ----- how it grows -----

    def append(self, row: Mapping[str, float]) -> None:
        """Add an epoch: a number for each of the names."""
        for name, column in self._columns.items():
            column.append(row[name])

    def keep_whole_epochs(self) -> None:
        """Forget an epoch that was only half added, as when Ctrl-C came in between."""
        epochs = self.epochs
        for column in self._columns.values():
            del column[epochs:]

    # ----- to and from elsewhere -----

    def to_dict(self) -> dict[str, Any]:
        """New lists by name, and the "stop_reason": all that `from_dict` needs, and `json.dump` can write it."""
        return {**{name: list(column) for name, column in self._columns.items()}, "stop_reason": self.stop_reason}

    @classmethod
    def from_dict(cls, lists: Mapping[str, Any]) -> "History":
        """The history that `to_dict` gave, or any lists of equally many numbers by name.

        Errors: StateError for what are no such lists.
        """
        if not isinstance(lists, Mapping):
            raise StateError(f"History.from_dict: expected a dict of lists by name, got {type(lists).__name__}")
        columns = {}
        for name, numbers in lists.items():
            if name == "stop_reason":
                continue
            try:
                column = np.asarray(numbers, np.float64)
            except (TypeError, ValueError):
                column = np.asarray(0.0)
            if not isinstance(name, str) or column.ndim != 1:
                raise StateError(f"History.from_dict: {name!r} must be a list with one number per epoch")
            columns[name] = column.tolist()
        if len({len(column) for column in columns.values()}) > 1:
            lengths = ", ".join(f"{name}: {len(column)}" for name, column in columns.items())
            raise StateError(f"History.from_dict: all lists must have one number for every epoch, got {lengths}")
        history = cls(list(columns))
        history._columns, history.stop_reason = columns, lists.get("stop_reason")
        return history

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write it as a table: a line of names, then a line per epoch, every number to its last bit.

        Errors: OSError if the file cannot be written; the one that was there before is kept then.
        """
        rows = zip(*self._columns.values(), strict=True)
        lines = [",".join(["epoch", *self._columns]),
                 *(",".join([str(epoch), *map(repr, row)]) for epoch, row in enumerate(rows, start=1))]
        write_all_or_nothing(Path(path), ("\n".join(lines) + "\n").encode())

    def plot(self) -> "Figure":
        """The losses over the epochs; the gap between the lines is overfitting. See `plots.loss_curve`.

        Errors: ArgumentError if no loss is finite, MissingDependencyError without matplotlib.
        """
        from tinygrad_edu.figures import loss_curve

        return loss_curve({name: self[name] for name in ("loss", "validation_loss") if name in self})

    # ----- how it is shown -----

    def __repr__(self) -> str:
        epochs = f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"
        last = ", ".join(f"{name} {column[-1]:.4g}" for name, column in self._columns.items()
                         if column and name not in ("learning_rate", "seconds"))
        return f"<History of {epochs}{': ' if last else ''}{last}>"

    def __str__(self) -> str:
        epochs = self.epochs
        shown = np.unique(np.linspace(0, epochs - 1, min(epochs, LONGEST_TABLE)).round().astype(int))
        table = [["epoch", *(str(i + 1) for i in shown)],
                 *([name, *(f"{column[i]:.4g}" for i in shown)] for name, column in self._columns.items())]
        widths = [max(map(len, column)) for column in table]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
                 for row in zip(*table, strict=True)]
        return "\n".join([*lines, *([self.stop_reason] if self.stop_reason else [])])
