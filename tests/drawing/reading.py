"""A reader of formulas in LaTeX by the usual rules: what it computes shows where brackets are missing."""

import math
import re

import numpy as np

FUNCTIONS = {r"\tanh": np.tanh, r"\sin": np.sin, r"\cos": np.cos, r"\sinh": np.sinh, r"\cosh": np.cosh, r"\ln": np.log}

def number_of(text, names):
    """The number that a formula, or an `aligned` environment of definitions with it as the first, stands for."""
    known = dict(names)
    result = None
    for line in reversed(text.replace(r"\begin{aligned}", "").replace(r"\end{aligned}", "").split(r" \\" + "\n")):
        left, is_definition, right = line.strip().partition("&=")
        result = Reader(right if is_definition else line, known).all()
        known[left.strip()] = result
    return result


class Reader:
    """Sums of products of powers, from left to right; a minus sign takes the product behind it."""

    def __init__(self, text, names):
        self.names = names
        long_names = [re.escape(name) for name in sorted(names, key=len, reverse=True) if len(name) > 1]
        pattern = "|".join([*long_names, r"\\[a-zA-Z]+", r"\d+(?:\.\d+)?", r"\S"])
        self.words = re.findall(pattern, re.sub(r"\\(left|right)(?![a-z])", "", text))

    @property
    def next(self):
        return self.words[0] if self.words else ""

    def take(self, expected=None):
        assert expected in (None, self.next), (expected, self.words)
        return self.words.pop(0)

    def all(self):
        result = self.sum()
        assert not self.words, self.words
        return result

    def sum(self):
        sign = -1 if self.next == "-" and self.take() else 1
        result = sign * self.product()
        while self.next in ("+", "-"):
            result += self.product() if self.take() == "+" else -self.product()
        return result

    def product(self):
        result = self.power()
        while self.next == r"\cdot":
            self.take()
            result *= self.power()
        return result

    def power(self):
        base = self.atom()
        if self.next == "^":
            self.take()
            base = base ** (self.group() if self.next == "{" else float(self.take()))
        assert self.next != "^", "a power of a power without brackets"
        return base

    def group(self):
        closing = {"(": ")", "{": "}", "|": "|"}[self.take()]
        result = self.sum()
        self.take(closing)
        return result

    def atom(self):
        if self.next in ("(", "{"):
            return self.group()
        if self.next == "|":
            return abs(self.group())
        word = self.take()
        if word == r"\frac":
            return self.group() / self.group()
        if word == r"\sqrt":
            return math.sqrt(self.group())
        if word in FUNCTIONS:
            assert self.next == "(", "an argument without brackets"
            return FUNCTIONS[word](self.group())
        if word == r"\mathrm":
            assert self.words[:6] == [*"{sign}"], self.words
            del self.words[:6]
            return np.sign(self.group())
        if word in self.names:
            return self.names[word]
        return math.e if word == "e" else float(word)
