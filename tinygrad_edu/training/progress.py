"""A progress bar over the epochs, with the latest losses behind it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tinygrad_edu.training.history import History


@contextmanager
def progress_bar(epochs: int, done: int, progress: bool | None) -> Iterator[Callable[[History], None]]:
    """While it is open: a function that moves the bar to where the history is.

    Args:
        epochs, done: how many epochs there are in all, and how many of them at first.
        progress: whether there is a bar; None for only in a terminal.
    """
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield lambda history: None
        return
    from tqdm import tqdm  # only by those who see it: it takes longer to import than all of training

    with tqdm(total=epochs, initial=done, unit="epoch") as bar:
        def show(history: History) -> None:
            losses = {name: history[name][-1] for name in ("loss", "validation_loss") if name in history}
            bar.set_postfix_str(", ".join(f"{name} {loss:.4g}" for name, loss in losses.items()), refresh=False)
            bar.update()

        yield show
