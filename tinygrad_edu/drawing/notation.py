r"""The notation of an op, `\frac{{a}}{{b}}`, read as mathematics: where its inputs stand, and where they need brackets.

The brackets follow from the notation alone, so that a user's own primitive gets them, too: what stands beside a place
in it, as `\cdot` or `^`, says how tightly a formula must hold together to go there without brackets.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

ANY, SUM, OPEN, PRODUCT, ADJACENT, POWER, ATOM = range(7)
r"""How tightly a formula holds together: `a, b`; `a + b` and `-a`; `\sum a`, which takes all factors that follow;
`a \cdot b`; `a b`; `a^b`, as well as fractions and `\tanh(a)`, which need brackets before an exponent; `a`."""

SIGNS = frozenset({"+", "-", r"\pm", r"\mp"})
BETWEEN = frozenset({r"\cdot", r"\times", r"\bmod", "/", r"\star", "*", r"\circ", r"\odot", r"\otimes"})
BIG = frozenset({r"\sum", r"\prod", r"\int"})
BREAKS = frozenset({",", ";", ":", "=", "<", ">", "&", r"\\", r"\leftarrow", r"\to", r"\le", r"\ge", r"\leq", r"\geq",
                    r"\mid", r"\in"})
SPACES = frozenset({r"\,", r"\;", r"\:", r"\!", r"\ ", r"\quad", "~"})
WORDS = frozenset({r"\mathrm", r"\mathbf", r"\mathit", r"\mathsf", r"\operatorname", r"\text"})
ARGUMENTS = {r"\frac": 2, r"\dfrac": 2, r"\binom": 2, r"\sqrt": 1} | dict.fromkeys(
    (r"\hat", r"\bar", r"\tilde", r"\vec", r"\dot", r"\overline"), 1)
FUNCTIONS = frozenset(rf"\{name}" for name in (
    "ln log exp sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth max min det arg deg dim gcd inf sup "
    "lim ker Pr sigma Phi varphi Theta").split())
r"""What takes the formula behind it as its argument; \sigma and the like only if that is in brackets."""
CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", r"\|": r"\|", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil",
           r"\langle": r"\rangle", r"\{": r"\}", r"\lvert": r"\rvert", r"\lVert": r"\rVert"}
TOKEN = re.compile(r"\\(?:left|right)(?![a-zA-Z])\s*(?:\\[a-zA-Z]+|\\?\S)|\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S")


@dataclass(slots=True)
class Place:
    """A place for an input or an option in a notation, and what a formula must be to stand there without brackets."""

    name: str
    needs: int = ANY  # how tightly it must hold together, at least
    before: str = ""  # the sign or the factor's sign before it: of `a - (b - c)` the second
    ends: bool = True  # no factor follows: what is OPEN may stand there


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a notation; the spaces before it belong to it."""

    text: str
    spaces: str
    place: Place | None = None


@dataclass(slots=True)
class Notation:
    """A notation that has been read."""

    tokens: list[Token]
    binds: int = ANY
    last: Place | None = None  # what it ends with, if that is a place without brackets around it
    pairs: dict[int, int] = field(default_factory=dict)  # the round brackets, by their numbers among the tokens


@lru_cache(maxsize=1000)
def read(notation: str, names: frozenset[str]) -> Notation:
    """The notation, in which the given names in braces are places. What is no mathematics gets all its brackets."""
    tokens = []
    places = "|".join(re.escape(f"{{{name}}}") for name in sorted(names, key=len, reverse=True))
    for match in re.finditer(rf"(\s*)({places + '|' if places else ''}{TOKEN.pattern})", notation):
        spaces, text = match.groups()
        is_place = text[0] == "{" and text[1:-1] in names
        tokens.append(Token(text, spaces, Place(text[1:-1]) if is_place else None))
    result = Notation(tokens)
    try:
        _Reader(result).read()
    except _UnreadableError:
        for token in tokens:
            if token.place:
                token.place.needs = ATOM
        result.binds, result.last = SUM, None
        result.pairs.clear()
    return result


class _UnreadableError(Exception):
    """Brackets that do not match, an exponent that is not there."""


@dataclass(slots=True)
class _Part:
    """A part that has been read: how tightly it holds together, the place that it is or that it ends with."""

    binds: int
    place: Place | None = None
    last: Place | None = None


class _Reader:
    """Recursive descent, one method for each level: a sum of products of factors, read from left to right."""

    def __init__(self, notation: Notation) -> None:
        self.notation = notation
        self.tokens = notation.tokens
        self.at = 0

    def read(self) -> None:
        part = self.several(None)
        if self.at < len(self.tokens):
            raise _UnreadableError
        self.notation.binds = part.binds
        self.notation.last = part.place or part.last

    @property
    def next(self) -> str:
        """The word to be read next; empty at the end, and for a place, which no word is like."""
        while self.at < len(self.tokens) and self.tokens[self.at].text in SPACES:
            self.at += 1
        return "" if self.done or self.tokens[self.at].place else self.tokens[self.at].text

    @property
    def done(self) -> bool:
        return self.at >= len(self.tokens)

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1].text

    def several(self, closing: str | None) -> _Part:
        """Sums with commas and the like between them, up to a closing bracket, or to the end."""
        part, single = _Part(ATOM), True
        while self.next != closing and not (closing is None and self.done):
            if self.done:
                raise _UnreadableError
            if self.next in BREAKS:
                self.take()
                single = False
            else:
                part = self.sum(closing)
        return part if single else _Part(ANY)

    def sum(self, closing: str | None) -> _Part:
        sign = self.take() if self.next in SIGNS else ""
        part = self.product(closing)
        if sign:
            part = _within(part, PRODUCT, SUM, before=sign)
        while self.next in SIGNS:
            _within(part, SUM, SUM)
            sign = self.take()
            part = _within(self.product(closing), SUM if sign == "+" else PRODUCT, SUM, before=sign)
        return part

    def product(self, closing: str | None) -> _Part:
        part = self.factors(closing)
        while self.next in BETWEEN:
            _within(part, PRODUCT, PRODUCT, followed=True)
            sign = self.take()
            part = _within(self.factors(closing), PRODUCT, PRODUCT, before=sign)
        return part

    def factors(self, closing: str | None) -> _Part:
        part = self.factor(closing)
        while not self.done and self.next != closing and self.next not in SIGNS | BETWEEN | BREAKS and not (
                self.next.startswith(r"\right")):
            _within(part, ADJACENT, ADJACENT, followed=True)
            part = _within(self.factor(closing), ADJACENT, ADJACENT, before=" ")
        return part

    def factor(self, closing: str | None) -> _Part:
        if self.next in BIG:
            self.take()
            self.scripts(_Part(ATOM))
            return _within(self.product(closing), PRODUCT, OPEN, before=" ")
        if self.next in FUNCTIONS | WORDS:
            function = self.take()
            if function in WORDS:
                self.group()
            plain = function in (r"\sigma", r"\Phi", r"\varphi", r"\Theta")
            self.scripts(_Part(ATOM))
            if self.next in ("(", "[") or self.next.startswith(r"\left"):
                self.group()
                return self.scripts(_Part(POWER))
            if plain or self.done or self.next == closing or self.next in SIGNS | BETWEEN | BREAKS:
                return _Part(ATOM)  # a name: no argument follows
            return _within(self.factor(closing), POWER, OPEN, before=" ")
        return self.scripts(self.atom())

    def scripts(self, part: _Part) -> _Part:
        """The exponents and indices behind a part."""
        while self.next in ("^", "_") or (self.next == "[" and part.place):
            script = self.next
            if script != "[":
                self.take()
            self.atom()
            part = _within(part, ATOM, POWER if script == "^" or part.binds < ATOM else ATOM, followed=True)
            part = _Part(part.binds)
        return part

    def atom(self) -> _Part:
        if self.done:
            raise _UnreadableError
        token = self.tokens[self.at]
        if token.place:
            self.at += 1
            return _Part(ATOM, token.place)
        if self.next in CLOSING or self.next.startswith(r"\left"):
            self.group()
            return _Part(ATOM)
        command = self.take()
        if command in CLOSING.values() or command.startswith(r"\right") or command in ("^", "_"):
            raise _UnreadableError
        if command == r"\sqrt" and self.next == "[":
            self.group()
        for _ in range(ARGUMENTS.get(command, 0)):
            self.atom()
        return _Part(POWER if ARGUMENTS.get(command) == 2 else ATOM)

    def group(self) -> None:
        """What stands between two brackets: nothing around them says anything about it."""
        start, opening = self.at, self.take() if not self.done else ""
        if opening.startswith(r"\left") and opening[5:].strip() not in CLOSING:
            raise _UnreadableError
        if not opening.startswith(r"\left") and opening not in CLOSING:
            raise _UnreadableError
        closing = CLOSING.get(opening) or rf"\right{CLOSING[opening[5:].strip()]}"
        self.several(closing)
        self.take()
        if opening in "([":
            self.notation.pairs[start] = self.at - 1


def _within(part: _Part, needs: int, binds: int, before: str = "", followed: bool = False) -> _Part:
    """A part as an operand: what it needs if it is a place, and how the whole holds together."""
    if part.place:
        part.place.needs = max(part.place.needs, needs)
        part.place.before = before or part.place.before
    last = part.place or part.last
    if followed and last:
        last.ends = False
    return _Part(min(binds, part.binds), None, last)
