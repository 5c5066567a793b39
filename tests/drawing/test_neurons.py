"""The view of units and weights: every one once, with the numbers of the network, and nothing else."""

import re
import shutil
from importlib.util import find_spec

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import shown, tooltips
from tinygrad_edu import nn
from tinygrad_edu.drawing.neurons_view import take_neurons
from tinygrad_edu.drawing.render import render
from tinygrad_edu.errors import ArgumentError, OptionError

NODE = re.compile(r"^\t(n\d+) \[(.*)\]$", re.MULTILINE)
EDGE = re.compile(r"^\t(n\d+) -> (n\d+) \[(.*)\]$", re.MULTILINE)

without_renderer = pytest.mark.skipif(shutil.which("dot") is None and find_spec("pygraphviz") is None,
                                      reason="no Graphviz")


def attribute(text, key):
    return re.search(rf'\b{key}="?([^" \]]+)', text)[1]


def lecture():
    """A loss of the network 1-5-5-1 at one point, with its gradients; its biases are not 0."""
    model = nn.MLP([1, 5, 5, 1], rng=0)
    for layer in model.layers[::2]:
        layer.bias.data = np.linspace(-0.5, 0.7, layer.bias.size)
    J = nn.MSELoss()(model(np.array([[0.5]])), np.array([[1.0]]))
    J.backward()
    return model, J


def test_every_weight_is_there_once_with_its_place_in_theta_its_number_and_its_gradient():
    model, J = lecture()
    view = take_neurons(J)
    digits = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", "01234567890123456789")
    found = {}
    for weight in view.weights:
        j, i, nth = (int(n) for n in re.fullmatch(r"θ(\d)(\d)⁽(\d)⁾", weight.name.translate(digits)).groups())
        assert (nth, j, i) not in found
        found[nth, j, i] = weight.value
        gradient = model.theta_gradient(nth)[j - 1, i]
        assert f", gradient {tg.drawing.labels.signed(gradient)}; from " in weight.about
        source, target = view.units[weight.source], view.units[weight.target]
        assert source.name == ("+1" if i == 0 else view_name(nth, i)) and target.name == view_name(nth + 1, j)
    thetas = {nth: model.theta(nth) for nth in (1, 2, 3)}
    assert found == {(nth, j + 1, i): theta[j, i] for nth, theta in thetas.items() for j, i in np.ndindex(theta.shape)}


def view_name(nth, i):
    low, high = "₀₁₂₃₄₅₆₇₈₉", "⁰¹²³⁴⁵⁶⁷⁸⁹"
    return f"x{low[i]}" if nth == 1 else f"a{low[i]}⁽{high[nth]}⁾"


def test_the_units_of_one_point_have_their_values_and_gradients():
    model, J = lecture()
    view = take_neurons(J)
    assert [column.title for column in view.columns] == ["input", "layer 2", "layer 3", "output"]
    assert [column.activation for column in view.columns] == ["", "tanh", "tanh", ""]
    a2 = np.tanh(model.theta(1) @ [1, 0.5])
    a3 = np.tanh(model.theta(2) @ [1, *a2])
    values = [unit.value for unit in view.units if unit.role != "bias"]
    assert values == [f"{x:.3g}".replace("-", "−") for x in [0.5, *a2, *a3, *(model.theta(3) @ [1, *a3])]]
    output = view.units[-1]
    gradient = 2 * ((model.theta(3) @ [1, *a3])[0] - 1)  # of (a - 1)²
    assert output.about.endswith(f"gradient {gradient:.4g}".replace("-", "−"))


def test_of_several_points_the_units_have_no_value_but_the_range():
    model = nn.MLP([2, 3, 1], "relu", rng=0)
    x = np.array([[1.0, -4.0], [3.0, 8.0]])
    view = take_neurons(model(x))
    assert {unit.value for unit in view.units} == {""}
    assert view.units[1].about == "x₁ of 2 points: from 1 to 3, mean 2"


def test_what_is_drawn(tmp_path):
    _, J = lecture()
    source = tg.draw(J, view="neurons").source
    nodes, edges = dict(NODE.findall(source)), EDGE.findall(source)
    assert list(nodes) == [f"n{i + 1}" for i in range(15)]  # 1 + 5 + 5 + 1 units and 3 of bias
    assert [attribute(line, "id") for *_, line in edges] == [f"e{k + 1}" for k in range(46)]
    assert len({(a, b) for a, b, _ in edges}) == 46
    x = [float(attribute(line, "pos").split(",")[0]) for line in nodes.values()]
    assert sorted(set(x)) == sorted(x[i] for i in (0, 2, 8, 14))  # four columns
    assert len({attribute(line, "pos") for line in nodes.values()}) == 15


def test_sign_is_shown_by_colour_and_by_line_and_size_by_width():
    W = tg.Value([[1.0, -0.5, 0.0, np.nan]], name="W")
    edges = [line for *_, line in EDGE.findall(tg.draw(tg.linear(np.ones(4), W), view="neurons").source)]
    looks = [[attribute(line, key) for key in ("style", "color")] for line in edges]
    assert [style for style, _ in looks] == ["solid", "dashed", "dotted", "dotted"]
    assert len({colour for _, colour in looks}) == 4
    width = [float(attribute(line, "penwidth")) for line in edges]
    assert width[0] == 4.5 and width[1] == pytest.approx((4.5 + 0.5) / 2) and width[2] == 0.5


def test_units_that_are_not_finite_are_marked():
    source = tg.draw(tg.linear(np.array([1.0, -np.inf]), tg.Value([[1.0, 2.0]])), view="neurons").source
    bad = tg.drawing.themes.Theme().bad
    assert [f'>> color="{bad}"' in line for _, line in NODE.findall(source)] == [False, True, True]


def test_large_layers_show_the_first_units_and_say_so():
    view = take_neurons(nn.MLP([11, 128, 10], rng=0)(np.ones(11)))
    assert [(column.size, column.left_out) for column in view.columns] == [(11, 3), (128, 120), (10, 0)]
    assert len(view.weights) == 9 * 8 + 9 * 10
    drawing = tg.draw(nn.MLP([11, 128, 10], rng=0)(np.ones(11)), view="neurons")
    assert "first 8 of 128" in drawing.source and "⋮ 120 more" in str(drawing)
    assert view.notice == "of layers with more than 10 units the first 8 are drawn"
    assert {weight.name for weight in view.weights} >= {"θ₈₈⁽¹⁾", "θ₁₀,₈⁽²⁾"}


def test_a_network_need_not_be_made_of_modules():
    W, b, v = tg.Value([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), tg.Value([7.0, 8.0]), tg.Value([0.5, -0.5])
    x = np.array([1.0, -1.0, 0.5])
    by_rows = take_neurons(np.tanh(x @ tg.Value(W.data.T) + b) @ v)
    by_columns = take_neurons(v @ np.tanh(W @ x + b))
    by_linear = take_neurons(tg.linear(np.tanh(tg.linear(x, W, b)), tg.Value(v.data[None])))
    assert by_rows == by_columns == by_linear
    assert [w.value for w in by_rows.weights] == [7, 1, 2, 3, 8, 4, 5, 6, 0.5, -0.5]


def test_points_may_be_columns():
    W = tg.Value([[1.0, 2.0], [3.0, 4.0]])
    x = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, -9.0]])
    assert take_neurons(W @ x).units[1].about == "x₂ of 3 points: from −9 to 0, mean −3"


def test_text_shows_the_formula_of_every_unit():
    W, b = tg.Value([[1.0, -2.0], [0.0, 0.25]]), tg.Value([-1.0, 0.5])
    assert str(tg.draw(tg.relu(tg.linear(np.array([3.0, 0.5]), W, b)), view="neurons")) == """\
input: 2 units
  x₁ = 3
  x₂ = 0.5
output: 2 units, relu
  a₁⁽²⁾ = relu(−1 + 1·x₁ − 2·x₂) = 1
  a₂⁽²⁾ = relu(0.5 + 0·x₁ + 0.25·x₂) = 0.625"""


def test_what_stands_between_layers_is_named():
    model = nn.MLP([2, 4, 1], "sigmoid", dropout=0.5, batch_norm=True, rng=0)
    columns = take_neurons(model(np.random.default_rng(0).normal(size=(6, 2)))).columns
    assert columns[1].activation == "BatchNorm1d, σ, Dropout"
    assert take_neurons(nn.Perceptron(2)(np.ones((1, 2)))).columns[1].activation == "step"
    y = tg.reshape(nn.Linear(2, 2)(np.ones((1, 2))), 2)
    assert take_neurons(tg.exp(y)).columns[1].activation == "exp"
    assert take_neurons(nn.BCEWithLogitsLoss()(y, np.ones(2))).columns[1].activation == ""


def test_the_picture_is_a_snapshot():
    model, J = lecture()
    drawing = tg.draw(J, view="neurons")
    before = take_neurons(J)
    model.layers[0].weight.data[:] = 99
    assert " = +99, " not in drawing.source and before != take_neurons(J)


def test_errors_say_what_to_do():
    with pytest.raises(ArgumentError, match=r'without any; view="modules" shows it as layers, view="ops" as ops$'):
        tg.draw(tg.tanh(tg.Value(1.0)) * 2, view="neurons")
    model = nn.Sequential(nn.Linear(2, 2), nn.Residual(nn.Sequential(nn.Linear(2, 2), nn.Tanh())), nn.Linear(2, 1))
    with pytest.raises(ArgumentError, match=r"weighted sum 3 \(layers\.2\) is computed of weighted sum 1 \(layers\.0\) "
                                            r"and of weighted sum 2 \(layers\.1\.module\.layers\.0\); view="):
        tg.draw(model(np.ones((1, 2))), view="neurons")
    pair = nn.Linear(2, 3)(np.ones(2)), nn.Linear(2, 3)(np.ones(2))
    with pytest.raises(ArgumentError, match=r"weighted sum 2 \(Linear\) has an input of its own; view="):
        tg.draw(pair[0] * pair[1], view="neurons")
    split = nn.Linear(3, 1)(tg.reshape(nn.Linear(2, 6)(np.ones(2)), (2, 3)))
    with pytest.raises(ArgumentError, match=r"gives 6 numbers for a point, but weighted sum 2 \(Linear\) takes 3"):
        tg.draw(split, view="neurons")
    with pytest.raises(OptionError, match="draw: expected a Value, got float"):
        tg.draw(1.0, view="neurons")
    with pytest.raises(ArgumentError, match="draw: view must be one of 'ops', 'modules', 'neurons'"):
        tg.draw(tg.Value(1.0), view="neuron")


@without_renderer
def test_svg_has_every_unit_and_every_weight_once_and_tells_them():
    _, J = lecture()
    svg = render(tg.draw(J, view="neurons").source, "svg")
    nodes, edges = shown(svg)
    assert [nodes[f"n{i}"][0] for i in (1, 2, 3, 15)] == ["+1", "x₁", "+1", "a₁⁽⁴⁾"]
    assert len(edges) == 46 and set(edges.values()) == {1}
    told = tooltips(svg)
    assert [sum(tip == weight.about for tip in told) for weight in take_neurons(J).weights[:40]] == [1] * 40


@pytest.mark.skipif(shutil.which("dot") is None or find_spec("pygraphviz") is None, reason="needs both renderers")
def test_both_renderers_put_the_units_at_the_same_places(monkeypatch, tmp_path):
    source = tg.draw(lecture()[1], view="neurons").source
    circle = re.compile(r'<ellipse [^>]*cx="([-.\d]+)" cy="([-.\d]+)"')

    def places():
        found = np.array([[float(x) for x in xy] for xy in circle.findall(render(source, "svg").decode())])
        return found - found[0]  # margins differ with the version

    by_dot = places()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert len(by_dot) == 16  # the output has two circles
    np.testing.assert_allclose(places(), by_dot, atol=0.1)


@without_renderer
def test_names_are_text():
    W = tg.Value([[1.0]], name="<b>&\"\\N]")
    model = nn.Linear(1, 1)
    model.weight = nn.Parameter([[1.0]])
    holder = nn.Sequential(model)
    holder.layers = {"<b>&\"\\N]": model}
    holder.forward = model.__call__
    nodes, _ = shown(render(tg.draw(holder(W), view="neurons").source, "svg"))
    assert nodes["theta1"][1] == "1 × 2, layers.<b>&\"\\N]"


def test_deep_and_wide_networks_are_drawn_too():
    y = np.ones((1, 300))
    for _ in range(60):
        y = tg.tanh(tg.linear(y, tg.Value(np.eye(300))))
    view = take_neurons(y)
    assert len(view.weights) == 60 * 64 and view.dot(tg.drawing.themes.THEMES["dark"]) == view.dot(
        tg.drawing.themes.THEMES["dark"])
