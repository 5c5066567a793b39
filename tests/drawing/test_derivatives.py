"""The local derivative on an arrow: the formula is that of the op's docstring, the number that of its rule."""

import math

import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import picture_of
from tinygrad_edu.drawing.derivatives import LocalRule, local_rule


@pytest.mark.parametrize("op, slot, rule", [
    ("multiply", 0, ("y", "b")), ("multiply", 1, ("y", "a")), ("add", 0, ("y", "1")), ("add", 1, ("y", "1")),
    ("divide", 1, ("y", "−a/b²")), ("power", 0, ("y", "b·a^(b−1)")), ("relu", 0, ("y", "1 for x > 0, else 0")),
    ("sqrt", 0, ("y", "1/(2√x)")), ("sin", 0, ("y", "cos x")), ("selu", 0, ("y", "λ for x > 0, else λ·α·e^x")),
    ("softmax", 0, ("y", "y_i·(δ_ij − y_j)")), ("linear", 0, ("J", "g W")), ("linear", 1, ("J", "gᵀ x")),
    ("linear", 2, ("J", "Σ g")),
    ("matmul", 0, ("J", "g bᵀ")), ("inv", 0, ("J", "−yᵀ g yᵀ")), ("sort", 0, None), ("einsum", 0, None),
    ("binary_cross_entropy", 0, ("y", "(p − target)/(p·(1 − p))")),
])
def test_the_rule_of_a_docstring(op, slot, rule):
    assert local_rule(tg.OPS[op], slot) == (rule and LocalRule(*rule))


def test_every_builtin_op_can_be_asked():
    told = [local_rule(op, slot) for op in tg.OPS.values() for slot in range(max(op.arity, 1))]
    assert len([rule for rule in told if rule]) > 80
    assert all("\n" not in rule.formula and rule.formula for rule in told if rule)


x, w, c = tg.Value(2.0, name="x"), tg.Value(-3.0, name="w"), 4.0


@pytest.mark.parametrize("value, labels", [
    (x * w, ["∂v₁/∂x = w = −3", "∂v₁/∂w = x = 2"]),
    (x / w, ["∂v₁/∂x = 1/w = −0.3333", "∂v₁/∂w = −x/w² = −0.2222"]),
    (x * c, ["∂v₁/∂x = 4", ""]),
    (c / x, ["", "∂v₁/∂x = −4/x² = −1"]),
    (x ** 3, ["∂v₁/∂x = 3·x^(3−1) = 12", ""]),
    (tg.exp(x), ["∂v₁/∂x = v₁ = 7.389"]),
    (tg.leaky_relu(w, slope=0.1), ["∂v₁/∂w = 1 for w > 0, else 0.1 = 0.1"]),
    (tg.maximum(x, w), ["∂v₁/∂x = 1", "∂v₁/∂w = 0"]),
])
def test_the_formula_is_written_with_the_names_of_the_picture(value, labels):
    """The numbers are those of a derivative by hand."""
    assert [arrow.label for arrow in picture_of(value).arrows] == labels


def test_a_name_that_is_no_single_word_stands_in_brackets():
    a, b = tg.Value(2.0, name="a - b"), tg.Value(5.0, name="b")
    assert picture_of(a * b).arrows[1].label == "∂v₁/∂b = (a - b) = 2"


def test_in_place_of_a_long_name_stands_that_of_the_input():
    a, b = tg.Value(2.0, name="the_first_factor"), tg.Value(5.0, name="b")
    first, second = picture_of(a * b).arrows
    assert (first.label, second.label) == ("∂v₁/∂a = b = 5", "∂v₁/∂b = a = 2")


def test_a_users_docstring_is_read_in_the_same_way():
    @tg.primitive("f({x})", "f", x=lambda g, y, x: g * (y + math.exp(x)))
    def f(x):
        """y = x e^x,   dy/dx = y + e^x"""
        return x * math.exp(x)

    assert picture_of(f(tg.Value(0.0, name="x"))).arrows[0].label == "∂v₁/∂x = v₁ + e^x = 1"


def test_an_op_without_a_docstring_has_only_the_number():
    @tg.primitive("f({x})", "f", x=lambda g, y, x: g * 3)
    def f(x):
        return x * 3

    assert picture_of(f(tg.Value(1.0, name="x"))).arrows[0].label == "∂v₁/∂x = 3"
