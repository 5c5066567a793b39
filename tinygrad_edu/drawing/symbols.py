"""Names, numbers and options as LaTeX in mathematics mode."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np

GREEK = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi
psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega""".split()
LETTERS = {unicodedata.lookup(f"GREEK {'CAPITAL' if name[0].isupper() else 'SMALL'} LETTER "
                              f"{'LAMDA' if name.lower() == 'lambda' else name.upper()}"): name for name in GREEK}
ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot", "\u0308": "ddot", "\u20d7": "vec"}
"""What Unicode puts behind a letter, `ŷ`, and how LaTeX writes it; in a name also spelt out, `y_hat`."""

SMALL = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾ᵀ", "0123456789+-aehijklmnoprstuvx0123456789()T")
LOW, HIGH = "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾ᵀ"
NAME = re.compile(rf"""(?P<stem>[^\W\d_{LOW}{HIGH}]+)             # letters, perhaps with an accent
                       (?:_(?P<accent>hat|tilde|bar|dot|ddot|vec))?
                       (?P<high>[{HIGH}]+|\^\([^\W_]+\)|\^[^\W_]+)?
                       (?P<low>[{LOW}]+|_?\d+|_[^\W_]+(?:,[^\W_]+)*)?
                       (?P<prime>['′]*)""", re.VERBOSE)
ESCAPED = {"\\": r"\backslash ", "~": r"\sim ", "^": r"\wedge ", " ": r"\ ", "'": r"{'}", "−": "-"} | {
    c: "\\" + c for c in "&%$#_{}"}

LARGEST_MATRIX = 9
"""Elements of an array that a formula writes out."""


def name(text: str) -> str:
    r"""A name as LaTeX: `w₁` and `w1` as w_{1}, `theta` and `θ` as \theta, `y_hat` as \hat{y}; others as upright words.

    >>> [name(text) for text in ("w_12", "alpha", "layers.0.weight", "50%")]
    ['w_{12}', '\\alpha', '\\mathrm{layers.0.weight}', '\\mathrm{50\\%}']
    """
    parts = NAME.fullmatch("".join(_composed(text)))
    if parts is None or (letter := _letter(parts["stem"])) is None:
        return rf"\mathrm{{{escaped(text)}}}"
    if parts["accent"]:
        letter = rf"\{parts['accent']}{{{letter}}}"
    if parts["high"]:
        letter += f"^{{{parts['high'].translate(SMALL).removeprefix('^')}}}"
    if parts["low"]:
        low = parts["low"].translate(SMALL).removeprefix("_")
        index = ",".join(part if part.isdigit() or len(part) == 1 or not part.isalpha() else _letter(part) or
                         rf"\mathrm{{{part}}}" for part in low.split(","))
        letter += f"_{{{index}}}"
    return letter + "'" * len(parts["prime"])


def _composed(text: str) -> Iterable[str]:
    """The characters of a name, an accent as `_hat` behind its letter."""
    for character in unicodedata.normalize("NFD", text):
        yield f"_{ACCENTS[character]}" if character in ACCENTS else character


def _letter(word: str) -> str | None:
    """One letter, Latin or Greek, also spelt out; None for any other word, which is not one symbol."""
    if word in GREEK:
        return f"\\{word}"
    if word in LETTERS:
        return f"\\{LETTERS[word]}"
    return word if len(word) == 1 else None


def escaped(text: str) -> str:
    r"""Any text within \mathrm: what means something to LaTeX is written as itself."""
    return "".join(ESCAPED.get(c, c) for c in text)


def number(x: Any, digits: int = 6) -> str:
    """A number as LaTeX: `0.5`, `-3`, `2.5 \\cdot 10^{-5}`."""
    if isinstance(x, bool | np.bool):
        return str(int(x))
    text = f"{float(x) + 0.0:.{digits}g}"
    if "n" in text:  # nan, inf, -inf
        return text.replace("nan", r"\mathrm{NaN}").replace("inf", r"\infty")
    mantissa, e, exponent = text.partition("e")
    if not e:
        return text
    power = f"10^{{{int(exponent)}}}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \cdot {power}")


def array(x: np.ndarray) -> str | None:
    """A small vector or matrix as LaTeX; None if it is too large, or has more axes."""
    if not 0 < x.size <= LARGEST_MATRIX or x.ndim > 2 or x.dtype.kind not in "fiub":
        return None
    rows = r" \\ ".join(" & ".join(number(element, 4) for element in row) for row in np.atleast_2d(x))
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def option(x: Any) -> str:
    r"""An option of an op: an index, an axis, a shape, a mode; what has no short form is `\cdot`."""
    if x is None:
        return r"\mathrm{None}"
    if x is Ellipsis:
        return r"\ldots"
    if isinstance(x, slice):
        ends = ":".join("" if end is None else option(end) for end in (x.start, x.stop))
        return ends if x.step is None else f"{ends}:{option(x.step)}"
    if isinstance(x, tuple | list) and len(x) <= LARGEST_MATRIX:
        return ", ".join(map(option, x))
    if isinstance(x, np.ndarray | np.generic) and np.ndim(x) == 0:
        x = x.item()
    if isinstance(x, bool | int | float):
        return rf"\mathrm{{{x}}}" if isinstance(x, bool) else number(x)
    if isinstance(x, str | np.dtype):
        return rf"\mathrm{{{escaped(str(x))}}}"
    return r"\cdot"
