"""Formulas in LaTeX: golden ones, and random ones that are read again by the usual rules of reading."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.drawing.graphs import loss_of_arrays, neuron
from tests.drawing.reading import number_of
from tinygrad_edu.drawing.formula import Formula, fill, symbol
from tinygrad_edu.drawing.latex import grad_latex, latex
from tinygrad_edu.drawing.notation import ADJACENT, OPEN, POWER, SUM
from tinygrad_edu.drawing.symbols import name, number
from tinygrad_edu.engine.primitive import OPS
from tinygrad_edu.errors import BackwardError, MutationError, OptionError


def values(text):
    return [tg.Value(1.5 + 0.25 * i, name=name) for i, name in enumerate(text.split())]


a, b, c = values("a b c")

FORMULAS = [
    (a + (b + c), "a + b + c"),
    (a - (b + c), "a - (b + c)"),
    (a - (b - c), "a - (b - c)"),
    (a - b - c, "a - b - c"),
    (a + (-b), "a + (-b)"),
    (-a + b, "-a + b"),
    (-(a + b), "-(a + b)"),
    (-tg.negative(a), "-(-a)"),
    (-a * b, r"(-a) \cdot b"),
    (-(a * b), r"-a \cdot b"),
    ((a + b) * c, r"(a + b) \cdot c"),
    (a * (b * c), r"a \cdot b \cdot c"),
    (a * b + c, r"a \cdot b + c"),
    (a * b / c, r"\frac{a \cdot b}{c}"),
    (a / (b / c), r"\frac{a}{\frac{b}{c}}"),
    ((a / b) ** 2, r"\left(\frac{a}{b}\right)^2"),
    ((a / b) * c, r"\frac{a}{b} \cdot c"),
    ((a * b) % c, r"(a \cdot b) \bmod c"),
    ((a * b) // c, r"\lfloor (a \cdot b) / c \rfloor"),
    ((-a) ** 2, "(-a)^2"),
    (-(a ** 2), "-a^2"),
    ((a ** b) ** c, "(a^{b})^{c}"),
    (a ** (b + c), "a^{b + c}"),
    (a ** -1.0, "a^{-1}"),
    (tg.exp(-a) ** 2, "(e^{-a})^2"),
    (tg.tanh(a * b) ** 2, r"(\tanh(a \cdot b))^2"),
    (tg.tanh(a / b), r"\tanh\left(\frac{a}{b}\right)"),
    (tg.sqrt(a + b) ** 2, r"\sqrt{a + b}^2"),
    (abs(a - b) * c, r"\left|a - b\right| \cdot c"),
    (2 * a - 3, r"2 \cdot a - 3"),
    (a * -3, r"a \cdot (-3)"),
    (1e-5 * a, r"10^{-5} \cdot a"),
    ((2.5e-7 * a) * b, r"2.5 \cdot 10^{-7} \cdot a \cdot b"),
    (tg.log1p(-a / 4), r"\ln\left(1 + \frac{-a}{4}\right)"),
    (tg.relu(a), r"\max(0, a)"),
    (tg.clip(a, None, 2.0), r"\mathrm{clip}(a, \mathrm{None}, 2)"),
]


@pytest.mark.parametrize(("value", "formula"), FORMULAS, ids=[formula for _, formula in FORMULAS])
def test_brackets_are_where_they_are_needed_and_nowhere_else(value, formula):
    assert latex(value) == formula


A, B, v = tg.Value(np.eye(2), name="A"), tg.Value(np.ones((2, 2)), name="B"), tg.Value([1.0, 2.0], name="v")


@pytest.mark.parametrize(("value", "formula"), [
    (A @ B @ v, "A B v"),
    (A @ (B @ v), "A B v"),
    (A @ (B + A), "A (B + A)"),
    ((A * B) @ v, r"(A \cdot B) v"),
    ((A @ B) * A, r"A B \cdot A"),
    ((A @ B).T, r"(A B)^\top"),
    ((A + B).sum(), r"\sum (A + B)"),
    ((A * B).sum() * v, r"\left(\sum A \cdot B\right) \cdot v"),
    (v * A.sum(), r"v \cdot \sum A"),
    (v * A.sum() * v, r"\left(v \cdot \sum A\right) \cdot v"),
    (A.sum() + v, r"\sum A + v"),
    (A.sum(axis=0), r"\sum_{\mathrm{axis}=0} A"),
    (A.mean(axis=0, keepdims=True), r"\langle A \rangle_{\mathrm{axis}=0}"),
    (A.reshape(4), r"\mathrm{reshape}(A;\ \mathrm{shape}=4)"),
    (A[0, 1:], "A[0, 1:]"),
    ((A + B)[..., ::-1], r"(A + B)[\ldots, ::-1]"),
    (np.concatenate([v, v + 1]), r"\mathrm{concatenate}(v, v + 1)"),
    (np.einsum("ij,j->i", A, v), r"\sum_{\mathrm{ij,j->i}} (A, v)"),
    (tg.linear(v, A, None), r"v A^\top"),
    (tg.linear(v, A, v), r"v A^\top + v"),
    (A @ np.array([3.0, 4.0]), r"A \begin{pmatrix} 3 & 4 \end{pmatrix}"),
    (np.linalg.inv(A + B + A), "(A + B + A)^{-1}"),
    (tg.log_softmax(v) * v, r"(\ln \mathrm{softmax}(v)) \cdot v"),
    (tg.astype(v, dtype=np.dtype("float32")), r"\mathrm{astype}(v;\ \mathrm{dtype}=\mathrm{float32})"),
])
def test_arrays(value, formula):
    assert latex(value) == formula


@pytest.mark.parametrize(("text", "expected"), [
    ("x", "x"), ("w1", "w_{1}"), ("w_12", "w_{12}"), ("w₁₂", "w_{12}"), ("theta", r"\theta"), ("θ", r"\theta"),
    ("alpha_1", r"\alpha_{1}"), ("λ", r"\lambda"), ("ŷ", r"\hat{y}"), ("y_hat", r"\hat{y}"), ("x̄", r"\bar{x}"),
    ("x_max", r"x_{\mathrm{max}}"), ("x_i,j", "x_{i,j}"), ("a⁽²⁾₁", "a^{(2)}_{1}"), ("a^(2)", "a^{(2)}"), ("y'", "y'"),
    ("loss", r"\mathrm{loss}"), ("layers.0.weight", r"\mathrm{layers.0.weight}"), ("l1_ratio", r"\mathrm{l1\_ratio}"),
    ("50 %", r"\mathrm{50\ \%}"), (r"\input{x}", r"\mathrm{\backslash input\{x\}}"),
    ("$&#^~", r"\mathrm{\$\&\#\wedge \sim }"),
    ("é", r"\mathrm{é}"), ("x_", r"\mathrm{x\_}"),
])
def test_names_are_symbols_or_escaped_words(text, expected):
    assert name(text) == expected


def test_numbers():
    texts = [number(x) for x in (0.5, -3.0, 1e-5, -1e20, 2.5e-7, math.inf, -math.inf, math.nan, True, -0.0)]
    assert texts == ["0.5", "-3", "10^{-5}", "-10^{20}", r"2.5 \cdot 10^{-7}", r"\infty", r"-\infty", r"\mathrm{NaN}",
                     "1", "0"]


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
@pytest.mark.parametrize("argument", [symbol("x"), symbol("-3"), Formula("p + q", SUM), Formula(r"\sum s", OPEN),
                                      Formula(r"\frac{p}{q}", POWER), Formula("p q", ADJACENT)])
def test_every_notation_takes_every_formula(op, argument):
    options = {name: None if default is op.defaults.get("index") else default for name, default in op.defaults.items()}
    formula = fill(op, [argument] * (2 if op.variadic else op.arity), options)
    assert argument.text in formula.text
    assert formula.text.count("(") == formula.text.count(")") and formula.text.count("{") == formula.text.count("}")
    assert formula.text.count(r"\left(") == formula.text.count(r"\right)")
    assert f"+ {argument.text}^" not in formula.text or argument.text == "x"


@pytest.mark.parametrize(("notation", "formula"), [
    (r"{x} e^{{x}}", r"(a + b) e^{a + b}"),
    (r"\frac{{x}}{1 + |{x}|}", r"\frac{a + b}{1 + |a + b|}"),
    (r"\mathrm{sinc} {x}", r"\mathrm{sinc} (a + b)"),
    (r"\sin{x}", r"\sin(a + b)"),
    (r"\left( {x} \right)^2", r"\left( a + b \right)^2"),
    (r"x({x}", r"x((a + b)"),  # what is no mathematics gets all brackets there are
    ("[{x})", "[(a + b))"),
    ("^{x}", "^(a + b)"),
    ("no place", "no place"),
])
def test_brackets_of_a_users_own_notation(notation, formula):
    op = tg.primitive(notation, x=lambda g, y, x: g)(lambda x: x)
    assert latex(op(a + b)) == formula


def test_named_and_shared_values_have_lines_of_their_own():
    x = tg.Value(2.0, name="x")
    h = tg.tanh(x)
    h.name = "h"
    shared = h + 1
    assert latex(shared * shared) == "\n".join([
        r"\begin{aligned}",
        r"v_{2} &= v_{1} \cdot v_{1} \\",
        r"v_{1} &= h + 1 \\",
        r"h &= \tanh(x)",
        r"\end{aligned}"])


def test_of_a_leaf_it_is_the_name():
    assert latex(tg.Value(2.0, name="w_1")) == "w_{1}"
    assert latex(tg.Value(2.0)) == "v_{1}"


def test_large_constant_arrays_are_called_C():
    assert latex(loss_of_arrays()) == "\n".join([
        r"\begin{aligned}",
        r"J &= \langle (\tanh(C_{1} \, \mathrm{layer.W} + \mathrm{layer.b}) - C_{2})^2 \rangle \\",
        r"C_{1} &\in \mathbb{R}^{5 \times 2} \\",
        r"C_{2} &\in \mathbb{R}^{5 \times 4}",
        r"\end{aligned}"])
    clash = tg.Value(np.ones((4, 4)), name="C_1")
    assert r"C_{1} C_{2}" in latex(clash @ np.arange(16.0).reshape(4, 4))


def test_a_large_graph_is_abbreviated_and_says_so():
    x = tg.Value(2.0, name="x")
    y = x
    for _ in range(20_000):
        y = y * 0.5 + x
    lines = latex(y).splitlines()
    assert len(lines) == 2 + 12 + 1
    assert lines[-2] == r"&\;\vdots \quad \text{(the nearest to the result of 40000 ops)}"
    assert max(map(len, lines)) < 400
    assert lines[1].startswith(r"v_{40000} &= ")
    assert len(grad_latex(y, x).splitlines()) < 20


# ----- read again -----

UNARY = [lambda x: -x, tg.square, lambda x: tg.sqrt(2 + tg.sin(x)), lambda x: tg.exp(x / 8), tg.tanh, tg.sin, tg.cos,
         lambda x: tg.log(2 + tg.cos(x)), lambda x: x ** 3, lambda x: 2 * x, lambda x: x - 1, lambda x: -2.5 * x,
         lambda x: 1 / (2 + tg.sin(x)), lambda x: tg.sinh(tg.sin(x)), abs]
BINARY = [lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / (3 + tg.cos(y)),
          lambda x, y: (1 + tg.square(x)) ** tg.tanh(y)]


def grown(steps):
    """A Value grown from three leaves: each step applies a function to some of what is there."""
    nodes = values("x y_1 theta")
    leaves = nodes[:3]
    with np.errstate(all="ignore"):  # large numbers are passed over by the tests
        for kind, i, j in steps:
            p, q = nodes[-1 - i % len(nodes)], nodes[-1 - j % len(nodes)]
            nodes.append(BINARY[kind - len(UNARY)](p, q) if kind >= len(UNARY) else UNARY[kind](p))
    return nodes[-1], leaves


def known(leaves):
    return {name(leaf.name): leaf.item() for leaf in leaves}


STEPS = st.lists(st.tuples(st.integers(0, len(UNARY) + len(BINARY) - 1), st.integers(0, 4), st.integers(0, 4)),
                 min_size=1, max_size=10)


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_the_formula_has_the_value(steps):
    value, leaves = grown(steps)
    if value.op is not None and abs(value.item()) < 1e6:
        assert number_of(latex(value), known(leaves)) == pytest.approx(value.item(), rel=1e-4, abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_the_formula_of_a_derivative_has_its_value(steps):
    value, leaves = grown(steps)
    if value.op is None or not abs(value.item()) < 1e6:
        return
    with np.errstate(all="ignore"):
        value.backward()
    for leaf in leaves:
        if leaf.grad is None or not abs(leaf.grad) < 1e6:
            continue
        _, _, rest = grad_latex(value, leaf).partition(" &=" if "&=" in grad_latex(value, leaf) else " = ")
        text = rest.partition("&=")[2] if r"\partial" in rest else rest  # without the paths
        if r"\vdots" not in text:
            assert number_of(text, known(leaves)) == pytest.approx(leaf.grad, rel=1e-4, abs=1e-4)


# ----- derivatives -----

def test_the_paths_of_a_derivative_are_written_out():
    x, w = values("x w")
    p = x * w
    p.name = "p"
    y = p + w
    y.name = "y"
    assert grad_latex(y, w).splitlines()[1] == (
        r"\frac{\partial y}{\partial w} &= \frac{\partial y}{\partial w} + \frac{\partial y}{\partial p} "
        r"\frac{\partial p}{\partial w} \\")


def test_an_argument_that_comes_twice_is_told_apart():
    x, = values("x")
    y = x * x
    y.name = "y"
    assert r"\left.\frac{\partial y}{\partial x}\right|_{a} + \left.\frac{\partial y}{\partial x}\right|_{b}" in (
        grad_latex(y, x))


@pytest.mark.parametrize(("function", "derivative"), [
    (tg.exp, "e^{x}"), (tg.log, r"\frac{1}{x}"), (tg.square, r"2 \cdot x"), (lambda x: x + 1, "1"),
    (tg.sin, r"\cos(x)"), (lambda x: x ** 3, r"3 \cdot x^{2}"), (lambda x: -x, "-1"), (tg.relu, "1"),
    (tg.sqrt, r"\frac{1}{2 \cdot \sqrt{x}}"),
])
def test_derivatives_of_single_ops_are_their_rules_without_ones_and_zeros(function, derivative):
    x, = values("x")
    assert grad_latex(function(x), x) == rf"\frac{{\partial v_{{1}}}}{{\partial x}} = {derivative}"


def test_a_derivative_by_arrays_uses_the_rules_of_matrices():
    J = loss_of_arrays()
    W = next(x for x in _leaves(J) if x.name == "layer.W")
    lines = grad_latex(J, W).splitlines()
    assert lines[2] == r"&= C_{1}^\top (0.05 \cdot 2 \cdot (v_{3} - C_{2}) \cdot (1 - v_{3} \cdot v_{3})) \\"


def test_a_derivative_leaves_gradients_alone():
    o = neuron()
    grad_latex(o, _leaves(o)[0])
    assert o.grad is None and all(x.grad is None for x in _leaves(o))


def test_where_no_gradient_flows_it_is_0():
    condition = tg.Value(1.0, name="t")
    y = tg.where(condition, tg.Value(2.0), 3.0)
    assert grad_latex(y, condition) == r"\frac{\partial v_{2}}{\partial t} = 0"


def test_by_itself_it_is_1():
    x, = values("x")
    y = x * 2
    y.name = "y"
    assert grad_latex(y, y) == r"\frac{\partial y}{\partial y} = 1"


def test_errors_say_what_to_do():
    x, w = values("x w")
    y = x * 2
    with pytest.raises(BackwardError, match=r"was not computed from 'w' \(\)"):
        grad_latex(y, w)
    with pytest.raises(OptionError, match="wrt must be a Value, not str"):
        grad_latex(y, "x")
    with pytest.raises(BackwardError, match="only a single number"):
        grad_latex(tg.Value([1.0, 2.0]) * x, x)
    with tg.no_grad():
        z = x * 2
    with pytest.raises(BackwardError, match="under no_grad"):
        grad_latex(z, x)
    x.data = 5.0
    with pytest.raises(MutationError):
        grad_latex(x * 2 + y, x)


def _leaves(value):
    from tinygrad_edu.engine.graph import ancestors

    return ancestors([value])[1]
