"""Numbers, arrays and names as the short texts of a picture."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

NO_GRADIENT = "–"
"""What is shown before `backward`: a 0 would say that the gradient is known."""

LARGEST_SAMPLE = 100_000


def number(x: Any, digits: int = 4) -> str:
    """x in short: `0.7071`, `−3`, `1e−05`, `nan`; −0 is 0."""
    return f"{float(x) + 0.0:.{digits}g}".replace("-", "−")


def signed(x: Any, digits: int = 4) -> str:
    """`number`, a positive one with its sign."""
    return ("+" if x > 0 else "") + number(x, digits)


def factor(x: Any) -> str:
    """`number` as a factor of a product: a negative one in brackets."""
    return number(x) if x >= 0 else f"({number(x)})"


def subscript(n: int) -> str:
    """n as a small index: `₁₂`."""
    return str(n).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def plain(text: object, longest: int = 24) -> str:
    r"""Any text as one short line. What cannot be seen is written as in Python: `\n`, `\x00`."""
    text = str(text)
    if len(text) > longest:
        text = f"{text[:longest - 1]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short_name(name: str, longest: int = 24) -> str:
    """A name as a picture shows it. Of a long path, such as `encoder.layers.0.weight`, the end tells most."""
    if "." in name and len(name) > longest:
        name = f"…{name[1 - longest:]}"
    return plain(name, longest)


class Summary(NamedTuple):
    """What a picture tells of data: the number; of an array its shape and dtype, least, mean and largest."""

    numbers: tuple[str, ...]  # one; of an array three, or none if it has no elements
    array: str = ""
    norm: str = ""  # of an array: the root of the sum of its squares
    zeros: str = ""  # of an array: the share of its elements that are 0

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
    zeros = 1 - np.count_nonzero(array) / array.size
    return Summary(tuple(show(x, digits=3) for x in statistics), about, number(norm(array), 3), _percent(zeros))


def sample(data: Any) -> np.ndarray | None:
    """A copy of numbers in one row; of more than `LARGEST_SAMPLE` every n-th. None of None."""
    if data is None:
        return None
    flat = np.ravel(data)
    return flat[::-(-flat.size // LARGEST_SAMPLE) or 1].copy()


def norm(data: Any) -> float:
    """√(Σ x²), the length of all elements as one vector."""
    with np.errstate(all="ignore"):
        flat = np.asarray(data, np.float64).ravel()
        return float(np.sqrt(flat @ flat))


def _percent(share: float) -> str:
    """A share as `25 %`, but neither `0 %` nor `100 %` for one that is not quite."""
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def is_finite(data: Any) -> bool:
    """Whether there is neither a NaN nor an infinity in it."""
    return math.isfinite(data) if type(data) is float else bool(np.isfinite(data).all())
