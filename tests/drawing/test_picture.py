"""What a picture shows: every Value and constant once, every argument, numbers from the op's own rules."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.drawing.graphs import loss_of_arrays, neuron, picture_of
from tinygrad_edu.drawing.labels import NO_GRADIENT
from tinygrad_edu.errors import ArgumentError, OptionError


def boxes(value, max_nodes=200):
    return {box.name: box for box in picture_of(value, max_nodes).boxes}


def arguments(value):
    """The name of every box with those of its arguments, in order; a constant is called by its number."""
    picture = picture_of(value)
    names = [box.name or str(box.value) for box in picture.boxes]
    found = {name: [] for name in names}
    for arrow in picture.arrows:
        found[names[arrow.target]].append(names[arrow.source])
    return found


def test_every_value_once_and_in_the_order_of_computation():
    assert list(boxes(neuron())) == ["x1", "x2", "w1", "w2", "b", "v₁", "v₂", "v₃", "v₄", "o"]


def test_an_arrow_for_every_argument_in_the_order_of_the_formula():
    x = tg.Value(3.0, name="x")
    assert arguments(x * x) == {"x": [], "v₁": ["x", "x"]}
    assert arguments(neuron())["v₁"] == ["w1", "x1"]
    assert arguments(2 - x / 4) == {"x": [], "4": [], "v₁": ["x", "4"], "2": [], "v₂": ["2", "v₁"]}
    assert arguments(tg.stack([x, 5.0, x, 6.0]))["v₁"] == ["x", "5", "x", "6"]


def test_an_equal_constant_in_another_place_is_another_constant():
    x = tg.Value(3.0)
    two = np.array([2.0, 2.0])
    for value in (2 * x + 2, two * x + two):
        assert [box.role for box in picture_of(value).boxes].count("constant") == 2


def test_an_argument_that_was_not_given_is_none():
    x = tg.Value(3.0, name="x")
    assert arguments(tg.clip(x, None, 1.0)) == {"x": [], "1": [], "v₁": ["x", "1"]}


def test_roles():
    roles = {box.role for box in picture_of(loss_of_arrays()).boxes}
    assert roles == {"constant", "parameter", "op"}
    drawn = boxes(neuron())
    assert [drawn[name].role for name in ("x1", "w1", "v₁", "o")] == ["data", "parameter", "op", "op"]
    assert [drawn[name].symbol for name in ("x1", "v₁", "v₃", "o")] == ["", "×", "+", "tanh"]


def test_the_options_of_an_op_are_told_if_they_are_not_the_usual_ones():
    x = tg.Value(np.ones((2, 3)))
    assert boxes(tg.sum(x))["v₂"].options == ""
    assert boxes(tg.sum(x, axis=0))["v₂"].options == "axis=0"
    assert boxes(x[np.array([[0], [1]])])["v₂"].options == "index=array([[0], [1]])"


def test_the_gradient_is_unknown_before_backward_and_has_its_sign_after():
    o = neuron()
    assert all(box.gradient is None and str(box).endswith(f"grad {NO_GRADIENT}") for box in boxes(o).values())
    o.backward()
    gradients = {name: box.gradient.numbers for name, box in boxes(o).items()}
    assert gradients == {"x1": ("−1.5",), "x2": ("+0.5",), "w1": ("+1",), "w2": ("0",), "b": ("+0.5",),
                         "v₁": ("+0.5",), "v₂": ("+0.5",), "v₃": ("+0.5",), "v₄": ("+0.5",), "o": ("+1",)}


@pytest.mark.parametrize("number, text", [
    (1 / 3, "0.3333"), (-12345678.0, "−1.235e+07"), (1e-9, "1e−09"), (0.0, "0"), (-0.0, "0"), (100.0, "100"),
    (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "−inf"), (np.array(0.1, np.float32), "0.1"),
])
def test_numbers_are_short(number, text):
    assert str(boxes(tg.Value(number, name="x"))["x"].value) == text


@pytest.mark.parametrize("gradient, text", [
    (2.0, "+2"), (-2.0, "−2"), (0.0, "0"), (-0.0, "0"), (math.nan, "nan"), (math.inf, "+inf"),
])
def test_a_gradient_has_its_sign(gradient, text):
    x = tg.Value(1.0, name="x")
    x.backward(gradient)
    assert str(boxes(x)["x"].gradient) == text


def test_of_an_array_shape_dtype_least_mean_and_largest():
    x = tg.Value(np.array([[1, -2, 4], [0, 0, 0]], np.float32), name="x")
    tg.sum(x * np.array([1, 2, -3], np.float32)).backward()
    box = boxes(x)["x"]
    assert (box.value.array, box.value.numbers) == ("(2, 3) float32", ("−2", "0.5", "4"))
    assert box.gradient.numbers == ("−3", "0", "+2")
    assert str(box) == "x = (2, 3) float32 from −2 to 4, mean 0.5, grad from −3 to +2, mean 0"


def test_arrays_without_elements_and_with_infinities():
    assert str(boxes(tg.Value(np.zeros((0, 3)), name="x"))["x"]) == "x = (0, 3) float64, grad –"
    assert boxes(tg.Value([1, math.inf, -math.inf], name="x"))["x"].value.numbers == ("−inf", "nan", "inf")
    assert boxes(tg.Value([1, math.nan], name="x"))["x"].value.numbers == ("nan", "nan", "nan")


def test_local_derivatives_of_a_neuron():
    """Against those on paper: of a product the other factor, of a sum 1, of tanh 1 - tanh² = 1/2."""
    labels = [arrow.label for arrow in picture_of(neuron()).arrows]
    assert labels == ["∂v₁/∂w1 = x1 = 2", "∂v₁/∂x1 = w1 = −3", "∂v₂/∂w2 = x2 = 0", "∂v₂/∂x2 = w2 = 1",
                      "∂v₃/∂v₁ = 1", "∂v₃/∂v₂ = 1", "∂v₄/∂v₃ = 1", "∂v₄/∂b = 1", "∂o/∂v₄ = 1 − o² = 0.5"]


def test_what_an_arrow_adds_to_the_gradient_is_told_in_a_sentence():
    o = neuron()
    arrow = picture_of(o).arrows[1]
    assert (arrow.about, arrow.gain) == ("b of multiply: ∂v₁/∂x1 = w1 = −3", "")
    o.backward()
    arrows = picture_of(o).arrows
    assert arrows[1].about == "b of multiply: ∂v₁/∂x1 = w1 = −3; the gradient of x1 gains +0.5 × (−3) = −1.5"
    assert arrows[-1].about == "x of tanh: ∂o/∂v₄ = 1 − o² = 0.5; the gradient of v₄ gains +1 × 0.5 = +0.5"
    assert [arrow.gain for arrow in arrows[3:5]] == ["+0.5", "+0.5"]  # times 1 need not be said


places = st.integers(0, 99)
steps = st.lists(st.tuples(st.sampled_from("+-*/t"), places, places), min_size=1, max_size=12)
shapes = st.sampled_from([(), (3,), (2, 3), (2, 1)])


@settings(max_examples=150, deadline=None)
@given(steps=steps, shapes=st.lists(shapes, min_size=1, max_size=3), seed=st.integers(0, 999))
def test_the_contributions_of_the_arrows_add_up_to_the_gradient_exactly(steps, shapes, seed):
    """Of numbers and of arrays, also where these are broadcast; bit for bit, as they are added in the same order."""
    rng = np.random.default_rng(seed)
    values = [tg.Value(rng.uniform(0.5, 2, shape) * rng.choice([-1, 1])) for shape in shapes]
    for sign, i, j in steps:
        a, b = values[i % len(values)], values[j % len(values)]
        values.append({"+": a + b, "-": a - 2 * b, "*": a * b, "/": a / (b * b + 1), "t": tg.tanh(a)}[sign])
    result = tg.sum(values[-1])
    result.backward()
    for i, value in enumerate(values):
        value.name = f"u{i}"
    picture = picture_of(result)
    sums = {}
    for arrow in reversed(picture.arrows):
        if arrow.contribution is not None:
            name = picture.boxes[arrow.source].name
            sums[name] = sums[name] + arrow.contribution if name in sums else arrow.contribution
    reached = [value for value in values if value.grad is not None]
    assert reached
    for value in reached:
        np.testing.assert_array_equal(sums[value.name], value.grad)


def test_at_a_fan_out_the_box_tells_the_sum():
    x = tg.Value(3.0, name="x")
    y = x * x - 2 * x
    assert boxes(y)["x"].shares == ""
    y.backward()
    drawn = boxes(y)
    assert (drawn["x"].shares, drawn["x"].gradient.numbers) == ("+3 +3 −2", ("+4",))
    assert drawn["v₁"].shares == ""


def test_between_arrays_the_arrow_tells_the_rule_and_the_norm_of_what_arrives():
    J = loss_of_arrays()
    assert [arrow.gain for arrow in picture_of(J).arrows] == [""] * 9
    J.backward()
    picture = picture_of(J)
    # matmul 2, add 2, tanh 1, subtract 2, square 1, mean 1; of constants nothing is told
    assert [arrow.label for arrow in picture.arrows] == [
        "", "∂J/∂layer.W = aᵀ g", "∂v₂/∂v₁ = 1", "∂v₂/∂layer.b = 1", "∂v₃/∂v₂ = 1 − v₃²", "∂v₄/∂v₃ = 1", "",
        "∂v₅/∂v₄ = 2v₄", "∂J/∂v₅ = 1/n"]
    W = J.inputs[0].inputs[0].inputs[0].inputs[0].inputs[0].inputs[1]
    assert W.name == "layer.W"
    assert picture.arrows[1].gain == f"‖grad‖ {np.linalg.norm(W.grad):.3g}"
    assert all(arrow.derivative is None for arrow in picture.arrows)
    np.testing.assert_array_equal(picture.arrows[1].contribution, W.grad)


def test_a_constant_has_no_derivative():
    constant, x = picture_of(2 * tg.Value(3.0, name="x")).arrows
    assert (constant.label, x.label) == ("", "∂v₁/∂x = 2")


def test_where_data_were_changed_since_no_derivative_is_told():
    x, w = tg.Value(2.0, name="x"), tg.Value(3.0, name="w")
    y = tg.exp(x * w)
    w.data = 5.0
    into_product, _, into_exp = picture_of(y).arrows
    assert (into_product.label, into_product.derivative) == ("∂v₁/∂x = ?", None)
    assert "∂v₁/∂x is not known" in into_product.about and "'w' () was changed" in into_product.about
    assert into_exp.derivative == pytest.approx(math.exp(6))


def test_a_users_rule_that_fails_does_not_end_the_picture():
    @tg.primitive("f({x})", "f", x=lambda g, y, x: [][0])
    def f(x):
        return x + 1

    arrow, = picture_of(f(tg.Value(1.0, name="x"))).arrows
    assert (arrow.label, arrow.about) == ("∂v₁/∂x = ?", "∂v₁/∂x is not known: list index out of range")


def test_derivatives_outside_the_numbers_are_told_without_a_warning():
    x = tg.Value(0.0, name="x")
    arrow, = picture_of(tg.sqrt(x)).arrows
    assert arrow.label == "∂v₁/∂x = 1/(2√x) = inf"


def test_drawing_changes_nothing_and_backward_works_after_it():
    o = neuron()
    w1 = o.inputs[0].inputs[0].inputs[0].inputs[0]
    before = str(tg.draw(o))
    assert w1.name == "w1" and w1.grad is None and o.grad is None
    o.backward()
    assert w1.grad == pytest.approx(1)
    gradient = w1.grad
    drawing = tg.draw(o)
    text = str(drawing)
    assert w1.grad is gradient
    w1.grad = None
    o.backward()
    assert w1.grad == pytest.approx(1)
    w1.data = 100.0
    assert str(drawing) == text != before  # a picture is of the moment when it was taken


def test_names_that_are_taken_get_a_number():
    a, b, c = tg.Value(1.0, name="w"), tg.Value(2.0, name="w"), tg.Value(3.0, name="v₁")
    assert list(boxes(a * b * c)) == ["w", "w₂", "v₁", "v₁₂", "v₂"]


def test_of_a_large_graph_those_nearest_the_result_are_drawn():
    x = y = tg.Value(0.5, name="x")
    for _ in range(100_000):
        y = tg.tanh(y)
    picture = picture_of(y, 200, fold=False)
    assert len(picture.boxes) == 200 and len(picture.arrows) == 199
    assert picture.notice == "200 of 100001 nodes, those nearest the result"
    assert [box.inputs_left_out for box in picture.boxes] == [True] + 199 * [False]
    assert picture.boxes[-1].value.numbers == (f"{y.item():.4g}",)
    assert str(tg.draw(y, fold=False)).count("\n") == 201  # 200 boxes, what was left out, and the notice
    assert picture_of(tg.tanh(x), 2).notice == ""


def test_nearest_is_meant_by_the_number_of_arrows():
    a, b = tg.Value(1.0, name="a"), tg.Value(2.0, name="b")
    nearest = picture_of(tg.tanh(tg.tanh(a)) + b, 3, fold=False)
    assert {box.name for box in nearest.boxes} == {"b", "v₁", "v₂"}


def test_a_value_reached_by_many_paths_is_drawn_once():
    x = tg.Value(1.0)
    for _ in range(40):  # 2⁴⁰ paths
        x = x + x
    picture = picture_of(x)
    assert len(picture.boxes) == 41 and len(picture.arrows) == 80


@pytest.mark.parametrize("value, max_nodes, error, message", [
    (3.0, 200, OptionError, "expected a Value, got float"),
    (np.ones(2), 200, OptionError, "expected a Value, got ndarray"),
    (tg.Value(1.0), 2.5, OptionError, "max_nodes must be a whole number, got 2.5 of type float"),
    (tg.Value(1.0), None, OptionError, "max_nodes must be a whole number, got None of type NoneType"),
    (tg.Value(1.0), 0, ArgumentError, "max_nodes must be 1 or more, got 0"),
])
def test_bad_arguments(value, max_nodes, error, message):
    with pytest.raises(error, match=f"^draw: {message}$"):
        tg.draw(value, max_nodes=max_nodes)


def test_names_are_those_of_the_variables():
    a, b = tg.Value(2.0), tg.Value(3.0, name="its own")
    weights = [[tg.Value(1.0), tg.Value(4.0)], [tg.Value(5.0)]]
    total = a * b + weights[0][1] + weights[1][0]
    drawn = tg.draw(total, names=locals()).view.picture.boxes
    assert [box.name for box in drawn] == ["a", "b", "weights[0][1]", "weights[1][0]", "v₁", "v₂", "total"]
    drawn = tg.draw(total, names={"_": a, "x": a, "again": a, "other": "no Value"}).view.picture.boxes
    assert [box.name for box in drawn][:2] == ["x", "its own"]
    with pytest.raises(OptionError, match=r"^draw: names must be a dict of Values by name, such as locals\(\), got "):
        tg.draw(total, names=[a])


def test_of_a_long_path_the_end_is_shown():
    p = tg.Value(1.0, name="encoder.blocks.3.attention.projection.weight")
    assert picture_of(p).boxes[0].name == "…ntion.projection.weight"
    assert len(picture_of(p).boxes[0].name) == 24


def test_a_value_draws_itself():
    o = neuron()
    assert o.draw(fold=True, theme="dark").source == tg.draw(o, fold=True, theme="dark").source


def test_of_an_array_the_norm_and_the_share_of_zeros():
    def value(x):
        return picture_of(tg.Value(x, name="x")).boxes[0].value

    assert (value([3.0, 4.0]).norm, value([3.0, 4.0]).zeros) == ("5", "0 %")
    assert value([0.0, 4.0, 0.0, 3.0]).zeros == "50 %"
    many = np.ones(1000)
    many[0] = 0
    assert (value(many).zeros, value(1 - many).zeros) == ("<1 %", ">99 %")
