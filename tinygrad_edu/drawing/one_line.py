r"""A formula in LaTeX as one line of Unicode: `\frac{a}{b_{1}} \cdot x^2` as `a/b₁ · x²`, for text and tooltips."""

import re
from unicodedata import normalize

from tinygrad_edu.drawing.symbols import LETTERS

SIGNS = {r"\cdot": "·", r"\times": "×", r"\sum": "Σ", r"\prod": "Π", r"\partial": "∂", r"\infty": "∞", r"\top": "ᵀ",
         r"\langle": "⟨", r"\rangle": "⟩", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈", r"\rceil": "⌉",
         r"\leftarrow": "←", r"\star": "⋆", r"\bmod": "mod", r"\ldots": "…", r"\cdots": "⋯", r"\|": "‖", r"\\": ";",
         r"\ ": " ", r"\;": " ", r"\,": " ", r"\backslash": "\\", r"\sim": "~", r"\wedge": "^", r"\varphi": "φ",
         "-": "−", "&": " ", r"\in": "∈"} | {rf"\{name}": letter for letter, name in LETTERS.items()} | {
             rf"\{c}": c for c in "&%$#_{}"}
ACCENTS = {r"\hat": "\u0302", r"\tilde": "\u0303", r"\bar": "\u0304", r"\dot": "\u0307", r"\ddot": "\u0308",
           r"\vec": "\u20d7"}
LOW = str.maketrans("0123456789+−aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
HIGH = str.maketrans("0123456789+−()inTᵀ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁱⁿᵀᵀ")
MATRIX = re.compile(r"\[ ([^\[\]]*) \]")
TOKEN = re.compile(r"\s+|\\[a-zA-Z]+|\\.|.", re.DOTALL)


def one_line(latex: str) -> str:
    r"""A formula in one line.

    >>> one_line(r"\left(\frac{a + 1}{\sqrt{x_{12}}}\right)^2 - \tanh(-\theta) \cdot e^{x}")
    '((a + 1)/√x₁₂)² − tanh(−θ) · e^x'
    """
    tokens = TOKEN.findall(latex)[::-1]
    text = re.sub(r"\s+", " ", "".join(_read(tokens, ""))).replace("∂ ", "∂").strip()
    return normalize("NFC", MATRIX.sub(lambda matrix: f"[{matrix[1].replace(' ;', ';')}]", text))


def _read(tokens: list[str], closing: str) -> list[str]:
    """The pieces up to a closing brace, each one operand or sign; the tokens are taken from the end of the list."""
    pieces: list[str] = []
    while tokens:
        token = tokens.pop()
        if token == closing:
            break
        if token in ("^", "_"):
            pieces.append(_script(token, _argument(tokens)))
        else:
            pieces.append(_piece(token, tokens))
    return pieces


def _argument(tokens: list[str]) -> str:
    """What follows a command or a script: a group in braces, or one token."""
    while tokens and tokens[-1].isspace():
        tokens.pop()
    if not tokens:
        return ""
    token = tokens.pop()
    return "".join(_read(tokens, "}")).strip() if token == "{" else _piece(token, tokens)


def _piece(token: str, tokens: list[str]) -> str:
    if token == "{":
        return "".join(_read(tokens, "}"))
    if token in (r"\left", r"\right"):
        return ""
    if token == r"\frac":
        return f"{_atom(_argument(tokens))}/{_atom(_argument(tokens))}"
    if token == r"\sqrt":
        sign = "√"
        if tokens and tokens[-1] == "[":
            tokens.pop()
            degree = "".join(_read(tokens, "]"))
            sign = {"3": "∛", "4": "∜"}.get(degree, f"{degree.translate(HIGH)}√")
        return sign + _atom(_argument(tokens))
    if token in (r"\mathrm", r"\mathbf", r"\mathit", r"\text", r"\operatorname"):
        return _argument(tokens)
    if token in (r"\begin", r"\end"):
        _argument(tokens)
        return "[" if token == r"\begin" else "]"
    if token in ACCENTS:
        return _argument(tokens) + ACCENTS[token]
    return SIGNS.get(token, token.removeprefix("\\"))


def _atom(text: str) -> str:
    """An operand of a fraction or a root, in brackets if it is more than one word."""
    whole = re.fullmatch(r"∂? ?[^\s·+−/]*|\([^()]*\)", text) is not None and "/" not in text
    return text if whole else f"({text})"


def _script(sign: str, text: str) -> str:
    """An exponent or an index, small if there are such letters."""
    small = text.translate(LOW if sign == "_" else HIGH)
    have = (LOW if sign == "_" else HIGH).values()
    if all(ord(c) in have for c in small):
        return small
    return sign + (text if re.fullmatch(r"[\w.⁰-₉]+", text) else f"({text})")
