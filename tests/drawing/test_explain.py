"""The derivation of a gradient as a table: its numbers against `backward`, its text against golden tables."""

from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings

import tinygrad_edu as tg
from tests.drawing.graphs import loss_of_arrays, neuron
from tests.drawing.test_latex import STEPS, grown
from tinygrad_edu.drawing.one_line import one_line
from tinygrad_edu.engine.graph import ancestors
from tinygrad_edu.errors import BackwardError, MutationError, OptionError


def leaves(value):
    return {x.name: x for x in ancestors([value])[1]}


NEURON = """\
∂o/∂w₁ by the chain rule, from o back to w₁

   computed      local derivative       arrives       gain           sum so far
1  o = tanh(v₄)  ∂o/∂v₄ = 1 − o² = 0.5  ∂o/∂o = 1     1 × 0.5 = 0.5  ∂o/∂v₄ = 0.5
2  v₄ = v₃ + b   ∂v₄/∂v₃ = 1            ∂o/∂v₄ = 0.5  0.5 × 1 = 0.5  ∂o/∂v₃ = 0.5
3  v₃ = v₁ + v₂  ∂v₃/∂v₁ = 1            ∂o/∂v₃ = 0.5  0.5 × 1 = 0.5  ∂o/∂v₁ = 0.5
4  v₁ = w₁ · x₁  ∂v₁/∂w₁ = x₁ = 2       ∂o/∂v₁ = 0.5  0.5 × 2 = 1    ∂o/∂w₁ = 1

∂o/∂w₁ = 1"""


def test_the_neuron():
    o = neuron()
    assert str(tg.explain(o, wrt=leaves(o)["w1"])) == NEURON


def test_paths_add_up_where_a_value_is_used_several_times():
    x = tg.Value(3.0, name="x")
    y = x * x + x
    explanation = tg.explain(y, wrt=x)
    assert [(row.derivative, row.gain, row.before, row.total) for row in explanation.rows if row.x == "x"] == [
        (1.0, 1.0, None, 1.0), (3.0, 3.0, 1.0, 4.0), (3.0, 3.0, 4.0, 7.0)]
    assert "∂v₁/∂x as b = x = 3" in str(explanation) and "∂v₂/∂x = 4 + 3 = 7" in str(explanation)
    assert explanation.gradient == 7.0


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_the_sums_are_exactly_the_gradients(steps):
    value, inputs = grown(steps)
    with np.errstate(all="ignore"):
        value.backward()
    for leaf in inputs:
        if leaf.grad is None or value is leaf:
            continue
        explanation = tg.explain(value, wrt=leaf)
        assert explanation.gradient == leaf.grad or (np.isnan(explanation.gradient) and np.isnan(leaf.grad))
        for row in explanation.rows:
            total = row.gain if row.before is None else row.before + row.gain
            assert row.total == total or np.isnan(total)
            assert row.gain == pytest.approx(row.arrives * row.derivative, nan_ok=True)


def test_gradients_of_arrays_are_exact_and_told_by_their_norms():
    J = loss_of_arrays()
    J.backward()
    for leaf in leaves(J).values():
        assert np.array_equal(tg.explain(J, wrt=leaf).gradient, leaf.grad)
    text = str(tg.explain(J, wrt=leaves(J)["layer.W"]))
    norm = np.linalg.norm(leaves(J)["layer.W"].grad)
    assert f"∂J/∂layer.W = ‖{norm:.4g}‖ (2, 4)\n(g is what arrives; of arrays the norm and the shape" in text
    assert "6  v₁ = C₂ layer.W    ∂J/∂layer.W = C₂ᵀ g" in text
    assert "4  v₃ = tanh(v₂)      ∂v₃/∂v₂ = 1 − v₃²" in text


def test_an_intermediate_value_and_the_result_itself():
    o = neuron()
    inner = o.inputs[0]
    assert tg.explain(o, wrt=inner).gradient == 1 - o.item() ** 2
    assert len(tg.explain(o, wrt=inner).rows) == 1
    assert tg.explain(o, wrt=o).gradient == 1.0 and str(tg.explain(o, wrt=o)).endswith("∂o/∂o = 1")


def test_no_gradient_is_touched():
    o = neuron()
    tg.explain(o, wrt=leaves(o)["b"])
    assert all(x.grad is None for x in (o, *leaves(o).values()))


def test_where_no_gradient_flows_it_says_so():
    condition = tg.Value(1.0, name="t")
    explanation = tg.explain(tg.where(condition, tg.Value(2.0), 3.0), wrt=condition)
    assert explanation.gradient is None
    assert str(explanation).endswith("∂v₂/∂t is not there: an op on the way passes no gradient on")
    assert explanation.latex().count("&") == 10


def test_a_deep_graph_is_abbreviated_and_says_so():
    x = tg.Value(2.0, name="x")
    y = x
    for _ in range(5_000):
        y = tg.tanh(y)
    explanation = tg.explain(y, wrt=x)
    assert [row.number for row in explanation.rows] == [*range(1, 21), *range(4_981, 5_001)]
    assert str(explanation).endswith("(4960 of 5000 steps are not shown)")
    y.backward()
    assert explanation.gradient == explanation.rows[-1].total == x.grad
    assert r"\vdots" in explanation.latex() and "⋮" in explanation._repr_html_() and "⋮" in str(explanation)


def test_names_of_variables():
    a, b = tg.Value(2.0), tg.Value(3.0)
    total = a * b
    assert str(tg.explain(total, wrt=a, names={"a": a, "b": b, "total": total})).endswith("∂total/∂a = 3")


def test_a_users_primitive_without_words_is_explained_by_its_rule():
    @tg.primitive(r"{x}^3", x=lambda g, y, x: g * 3 * x ** 2)
    def cube(x):
        return x ** 3

    x = tg.Value(2.0, name="x")
    row, = tg.explain(cube(x), wrt=x).rows
    assert (row.formula, row.rule, row.derivative) == ("x^3", r"3 \cdot x^2", 12.0)
    assert "∂v₁/∂x = 3 · x² = 12" in str(tg.explain(cube(x), wrt=x))


def test_a_users_rule_that_cannot_run_on_values_leaves_the_number():
    @tg.primitive(r"f({x})", x=lambda g, y, x: float(np.float64(g) * float(x)))
    def half_square(x):
        return x * x / 2

    x = tg.Value(3.0, name="x")
    row, = tg.explain(half_square(x), wrt=x).rows
    assert (row.derivative, row.gain) == (3.0, 3.0)


def test_every_kind_of_op_is_explained():
    """Ops on arrays, of many inputs, with options, of one number in an array, of float32; with infinities."""
    v = tg.Value([[1.0, 2.0]], name="v")
    single = tg.Value(np.float32(2.0), name="s")
    zero = tg.Value(0.0, name="z")
    with np.errstate(divide="ignore"):
        infinite = tg.log(zero)
    for J, x in ((np.einsum("ij,ij->", v, v), v), (v @ np.ones((2, 1)), v), (single * single, single),
                 (np.concatenate([v, v * 2]).sum(axis=0)[0], v), (infinite, zero), (np.linalg.norm(v), v)):
        with np.errstate(divide="ignore"):
            J.backward()
        explanation = tg.explain(J, wrt=x)
        assert np.array_equal(explanation.gradient, x.grad)
        assert str(explanation) and explanation.latex() and explanation._repr_html_() and J.grad_latex(x)
        x.grad = None


class _Text(HTMLParser):
    """The tags and the text of some HTML; balanced or an error."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags = [], "", []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_html_is_a_table_in_which_names_are_text():
    x = tg.Value(2.0, name="<script>alert('&')</script>")
    y = x * 3
    page = _Text()
    page.feed(tg.explain(y, wrt=x)._repr_html_())
    assert "script" not in page.tags and page.open == []
    assert page.tags.count("tr") == 3 and page.tags.count("th") == 6
    assert "<script>alert('&')<" in page.text


def test_latex_is_an_array_with_brackets_where_they_are_needed():
    x = tg.Value(2.0, name="x")
    y = -x * x
    y.name = "y"
    lines = tg.explain(y, wrt=x).latex().splitlines()
    assert lines[0] == r"\begin{array}{rlllll}" and lines[-1] == r"\end{array}"
    assert lines[-3].split(" & ") == [
        "3", "v_{1} = -x", r"\frac{\partial v_{1}}{\partial x} = -1", r"\frac{\partial y}{\partial v_{1}} = 2",
        r"2 \cdot (-1) = -2", r"\frac{\partial y}{\partial x} = -2 + (-2) = -4 \\[0.7ex]"]
    assert all(line.count("&") == 5 for line in lines[1:-1])


def test_errors_name_the_cure():
    x, w = tg.Value(2.0, name="x"), tg.Value(3.0, name="w")
    y = x * 2
    with pytest.raises(BackwardError, match=r"^explain: a Value of shape \(\) was not computed from 'w' \(\)$"):
        tg.explain(y, wrt=w)
    with pytest.raises(OptionError, match=r"^explain: wrt must be a Value, not float$"):
        tg.explain(y, wrt=2.0)
    with pytest.raises(OptionError, match=r"^explain: the result must be a Value, not int$"):
        tg.explain(3, wrt=w)
    with pytest.raises(BackwardError, match="take the sum or the mean"):
        tg.explain(tg.Value([1.0, 2.0]) * x, wrt=x)
    with pytest.raises(OptionError, match="explain: names must be a dict of Values by name"):
        tg.explain(y, wrt=x, names=3)
    x.data = 5.0
    with pytest.raises(MutationError):
        tg.explain(y, wrt=x)


@pytest.mark.parametrize(("latex", "text"), [
    (r"\frac{a + 1}{\sqrt{x_{12}}}", "(a + 1)/√x₁₂"), (r"\frac{\frac{a}{b}}{c}", "(a/b)/c"), ("a^{-1}", "a⁻¹"),
    (r"\frac{\partial J}{\partial w_{1}}", "∂J/∂w₁"), (r"\sqrt[3]{x}", "∛x"),
    (r"\left|x\right| - e^{a + b}", "|x| − e^(a + b)"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "[1 2; 3 4]"), (r"\hat{y}", "ŷ"), (r"W^\top", "Wᵀ"),
    (r"\mathrm{50\ \%}", "50 %"), (r"2.5 \cdot 10^{-7}", "2.5 · 10⁻⁷"), (r"\sqrt{", "√"), ("}", "}"),
])
def test_formulas_in_one_line(latex, text):
    assert one_line(latex) == text
