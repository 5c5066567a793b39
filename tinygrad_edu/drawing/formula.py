r"""`Formula`: LaTeX that knows how tightly it holds together; `fill` puts some into the notation of an op."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinygrad_edu.drawing.notation import ADJACENT, ANY, ATOM, BETWEEN, OPEN, POWER, PRODUCT, SUM, Notation, Place, read
from tinygrad_edu.drawing.symbols import escaped, option
from tinygrad_edu.engine.primitive import Op

ASSOCIATIVE = frozenset({"add", "multiply", "matmul"})
"""The ops whose second argument needs no brackets if it was made by the same op: a + (b + c) is a + b + c."""

LARGE = re.compile(r"\\(?:sum|prod|max|min)(?![a-zA-Z(])")
COMMAND_AT_END = re.compile(r"\\[a-zA-Z]+$")
SILENT = frozenset({"keepdims", "optimize"})
"""Options that change nothing that a formula tells."""

TALL = (r"\frac", r"\sum", r"\prod", r"\sqrt", r"\begin", r"\int", r"\left")


@dataclass(frozen=True, slots=True)
class Formula:
    """LaTeX, how tightly it holds together, the name of the op that is outermost in it, and how many ops it has."""

    text: str
    binds: int = ATOM
    op: str = ""
    size: int = 0

    def bracketed(self) -> str:
        return rf"\left({self.text}\right)" if _tall(self.text) else f"({self.text})"


def symbol(text: str) -> Formula:
    """A name or a number: negative ones, powers of ten and names with a raised index need brackets at places."""
    if text.startswith("-"):
        return Formula(text, SUM)
    if r"\cdot" in text:
        return Formula(text, PRODUCT, "multiply")
    return Formula(text, POWER if "^" in text else ATOM)


def fill(op: Op, inputs: Sequence[Formula | None], options: Mapping[str, Any]) -> Formula:
    """The notation of an op with formulas for its inputs, in brackets where they need them; None for one not given.

    Options that it has no place for are written as an index if they are not the usual ones.
    """
    if op.variadic:
        given = {op.variadic: Formula(", ".join("" if x is None else x.text for x in inputs), ANY)}
    else:
        given = {name: x or Formula(r"\mathrm{None}") for name, x in zip(op.input_names, inputs, strict=True)}
    text = op.notation
    for name, x in zip(op.input_names, inputs, strict=False):
        if x is None:  # a layer without bias
            text = text.replace(f" + {{{name}}}", "")
    given |= {name: Formula(option(x), ANY) for name, x in options.items()}
    places = frozenset(name for name in given if f"{{{name}}}" in text)
    unusual = {name: x for name, x in options.items() if name not in places and name not in SILENT
               and repr(x) != repr(op.defaults.get(name))}
    if unusual:
        text = _with_index(text, ",\\ ".join(f"{_word(name)}={option(x)}" for name, x in unusual.items()))
    notation = read(text, places)
    binds = notation.binds
    pieces: list[str] = []
    for token in notation.tokens:
        piece = token.text
        if token.place:
            x = given[token.place.name]
            bare = _stands_bare(x, token.place, op)
            piece = x.text if bare else x.bracketed()
            if bare and token.place is notation.last and x.binds == OPEN:
                binds = min(binds, OPEN)
        adjacent = token.place and token.place.needs == ADJACENT and token.place.before
        spaces = r" \, " if adjacent and r"\mathrm" in pieces[-1] + piece else token.spaces  # words need a space
        pieces.append(spaces + piece)
    _let_brackets_grow(pieces, notation)
    return Formula(_joined(pieces), binds, op.name, 1 + sum(x.size for x in inputs if x))


def _stands_bare(x: Formula, place: Place, op: Op) -> bool:
    """Whether a formula needs no brackets at a place."""
    if place.needs == ANY or (x.binds == OPEN and place.ends and place.needs < ATOM):
        return True
    if x.binds < place.needs:
        return False
    if place.before in ("+", "-") and x.text.startswith("-"):
        return False
    if place.needs == ADJACENT and place.before and x.text[0].isdigit():
        return False  # 2 3 is not 23
    among_factors = place.needs == ADJACENT or place.before in BETWEEN or not place.ends
    if among_factors and x.binds == place.needs < POWER:  # factors among factors: whose come first?
        return x.op == op.name and (not place.before or op.name in ASSOCIATIVE)
    return True


def _with_index(notation: str, index: str) -> str:
    r"""A notation with an index: at the sign of a sum or the like, behind arguments in brackets, or at its end."""
    large = LARGE.search(notation)
    if large:
        return f"{notation[:large.end()]}_{{{index}}}{notation[large.end():]}"
    if notation.endswith(")"):
        return f"{notation[:-1]};\\ {index})"
    return f"{notation}_{{{index}}}"


def _word(name: str) -> str:
    return rf"\mathrm{{{escaped(name)}}}"


def _tall(text: str) -> bool:
    """Whether brackets around it must grow with it."""
    return any(command in text for command in TALL)


def _let_brackets_grow(pieces: list[str], notation: Notation) -> None:
    r"""Turn ( and ) into \left( and \right) where what stands between them is tall."""
    for opening, closing in notation.pairs.items():
        if _tall("".join(pieces[opening + 1:closing])):
            for i, side in (opening, r"\left"), (closing, r"\right"):
                bracket = notation.tokens[i].text
                pieces[i] = pieces[i].removesuffix(bracket) + side + bracket


def _joined(pieces: Sequence[str]) -> str:
    r"""The pieces as one text, `\ln` and `x` with a space between them."""
    text = ""
    for piece in pieces:
        text += f" {piece}" if COMMAND_AT_END.search(text) and piece[:1].isalpha() else piece
    return text
