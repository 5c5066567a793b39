"""Numbers, arrays and names as the short texts of a picture."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

NO_GRADIENT = "–"
"""What is shown before `backward`: a 0 would say that the gradient is known."""


def number(x: Any, digits: int = 4) -> str:
    """x in short: `0.7071`, `−3`, `1e−05`, `nan`; −0 is 0."""
    return f"{float(x) + 0.0:.{digits}g}".replace("-", "−")


def signed(x: Any, digits: int = 4) -> str:
    """`number`, a positive one with its sign."""
    return ("+" if x > 0 else "") + number(x, digits)


def subscript(n: int) -> str:
    """n as a small index: `₁₂`."""
    return str(n).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def plain(text: object, longest: int = 24) -> str:
    r"""Any text as one short line. What cannot be seen is written as in Python: `\n`, `\x00`."""
    text = str(text)
    if len(text) > longest:
        text = f"{text[:longest - 1]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Summary(NamedTuple):
    """What a picture tells of data: the number; of an array its shape and dtype, least, mean and largest."""

    numbers: tuple[str, ...]  # one; of an array three, or none if it has no elements
    array: str = ""

    def __str__(self) -> str:
        if len(self.numbers) != 3:
            return self.array or self.numbers[0]
        least, mean, largest = self.numbers
        return f"{self.array} from {least} to {largest}, mean {mean}".lstrip()


def summary(data: Any, show: Callable[..., str] = number) -> Summary:
    """The summary of a number or an array, each of its numbers shown by `show`."""
    if np.ndim(data) == 0:
        return Summary((show(data),))
    array = np.asarray(data)
    about = f"{array.shape} {array.dtype}"
    if array.size == 0:
        return Summary((), about)
    with np.errstate(all="ignore"):  # an infinity in the data is nothing to warn of here
        statistics = array.min(), array.mean(dtype=np.float64), array.max()
    return Summary(tuple(show(x, digits=3) for x in statistics), about)
