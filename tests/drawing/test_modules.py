"""The view of layers: every call of a module once, and what flows between them."""

import re
import shutil
from importlib.util import find_spec

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import shown, tooltips
from tinygrad_edu import nn
from tinygrad_edu.drawing.modules import take_modules
from tinygrad_edu.drawing.render import render
from tinygrad_edu.errors import OptionError

without_renderer = pytest.mark.skipif(shutil.which("dot") is None and find_spec("pygraphviz") is None,
                                      reason="no Graphviz")


def residual():
    """A loss of a network with a skip connection, and the network."""
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Residual(nn.MLP([4, 8, 4], rng=0)), nn.Linear(4, 3, rng=0))
    return model, nn.CrossEntropyLoss()(model(np.ones((5, 2))), np.array([0, 1, 2, 0, 1]))


def flows(view):
    return [(view.layers[flow.source].name, view.layers[flow.target].name, flow.skips) for flow in view.flows]


def test_every_layer_once_with_what_flows_between_them():
    _, J = residual()
    view = take_modules(J, 200)
    inside = "layers.1.module.layers"
    first, last = "layers.0 Linear(2 → 4)", "layers.2 Linear(4 → 3)"
    into, tanh, out = f"{inside}.0 Linear(4 → 8)", f"{inside}.1 Tanh", f"{inside}.2 Linear(8 → 4)"
    assert [layer.name for layer in view.layers] == [
        "input", first, into, tanh, out, "+", last, "target", "CrossEntropyLoss"]
    assert flows(view) == [
        ("input", first, False), (first, into, False), (into, tanh, False), (tanh, out, False),
        (first, "+", True), (out, "+", False), ("+", last, False),
        (last, "CrossEntropyLoss", False), ("target", "CrossEntropyLoss", False)]


def test_layers_tell_shapes_parameters_and_norms():
    model, J = residual()
    before = take_modules(J, 200).layers[2]
    assert (before.shapes, before.learns, before.gradient) == ("(5, 4) → (5, 8)", "40 parameters", "")
    J.backward()
    view = take_modules(J, 200)
    layer = model.layers[1].module.layers[0]
    weights = np.concatenate([layer.weight.data.ravel(), layer.bias.data])
    gradients = np.concatenate([layer.weight.grad.ravel(), layer.bias.grad])
    assert view.layers[2].norm == f"{np.linalg.norm(weights):.3g}"
    assert view.layers[2].gradient == f"{np.linalg.norm(gradients):.3g}"
    assert view.parameters == sum(p.size for p in model.parameters())
    assert sum(layer.parameters for layer in view.layers) == view.parameters
    assert view.layers[-1].is_result and sum(layer.is_result for layer in view.layers) == 1


def test_modules_in_modules_are_frames():
    _, J = residual()
    view = take_modules(J, 200)
    assert [(c.title, c.within) for c in view.containers] == [
        ("Sequential", None), ("layers.1 Residual", 0), ("layers.1.module MLP", 1)]
    assert [layer.container for layer in view.layers] == [None, 0, 2, 2, 2, 1, 0, None, None]


@pytest.mark.parametrize("depth, names", [
    (0, ["input", "Sequential", "target", "CrossEntropyLoss"]),
    (1, ["input", "layers.0 Linear(2 → 4)", "layers.1 Residual", "layers.2 Linear(4 → 3)", "target",
         "CrossEntropyLoss"]),
    (2, ["input", "layers.0 Linear(2 → 4)", "layers.1.module MLP", "+", "layers.2 Linear(4 → 3)", "target",
         "CrossEntropyLoss"]),
])
def test_modules_are_opened_to_a_depth(depth, names):
    _, J = residual()
    view = take_modules(J, 200, depth)
    assert [layer.name for layer in view.layers] == names
    assert view.parameters == take_modules(J, 200).parameters
    assert take_modules(J, len(names)) == view  # and as deep as there is room


def test_of_what_is_still_too_large_the_nearest_boxes_are_drawn():
    layers = [layer for _ in range(50) for layer in (nn.Linear(2, 2), nn.Tanh())]
    y = np.ones((1, 2))
    for layer in layers:
        y = layer(y)
    view = take_modules(y, 10)
    assert len(view.layers) == 10 and len(view.flows) == 9
    assert view.notice == "101 boxes, of which the 10 nearest the result are drawn"
    assert view.parameters == 300  # of all


def test_a_shared_layer_is_drawn_at_every_use_and_counted_once():
    layer = nn.Linear(4, 4)
    model = nn.Sequential(layer, nn.Tanh(), layer)
    view = take_modules(model(np.ones((2, 4))), 200)
    assert [(x.kind, x.shared) for x in view.layers[1:]] == [
        ("Linear", "use 1 of 2"), ("Tanh", ""), ("Linear", "use 2 of 2")]
    assert view.parameters == 20
    source = tg.draw(model(np.ones((2, 4))), view="modules").source
    assert re.findall(r"(n\d+ -> n\d+) \[.*style=dotted", source) == ["n2 -> n4"]


def test_two_modules_without_a_path_are_two():
    one, other, h = nn.Linear(2, 2), nn.Linear(2, 2), tg.Value(np.ones((1, 2)))
    for _ in range(3):
        h = one(h) + other(np.ones((1, 2)))
    layers = take_modules(h, 200).layers
    uses = [(place, layer.previous_use, layer.shared) for place, layer in enumerate(layers) if layer.kind == "Linear"]
    first, second = uses[0][0], uses[1][0]
    assert [use for _, _, use in uses] == [f"use {i} of 3" for i in (1, 1, 2, 2, 3, 3)]
    assert [previous for _, previous, _ in uses] == [None, None, first, second, uses[2][0], uses[3][0]]


def test_what_no_module_computed_is_drawn_too():
    model = nn.Linear(2, 1)
    W = tg.Value(np.ones((3, 2)), name="W")
    y = np.ones((3, 1))
    view = take_modules(((model(W) - y) ** 2).mean() + model.weight.sum(), 200)
    assert [(x.role, x.name, x.parameters) for x in view.layers] == [
        ("data", "W", 0), ("layer", "Linear(2 → 1)", 3), ("data", "constant", 0), ("op", "−, x², mean", 0),
        ("op", "Σ", 2), ("op", "+", 0)]
    assert view.parameters == 3
    assert [x.kind for x in take_modules(tg.Value(2.0, name="x"), 200).layers] == ["x"]


def test_one_array_that_is_used_twice_is_one_box():
    x = np.ones((3, 4))
    view = take_modules(nn.Residual(nn.Linear(4, 4))(x), 200)
    assert [layer.name for layer in view.layers] == ["input", "module Linear(4 → 4)", "+"]
    assert [(flow.source, flow.target, flow.skips) for flow in view.flows] == [
        (0, 1, False), (1, 2, False), (0, 2, True)]


def test_what_a_module_keeps_for_itself_is_no_input():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(1), nn.Dropout(0.5, rng=0))
    view = take_modules(model(np.random.default_rng(0).normal(size=(4, 1, 5, 5))), 200)
    assert [layer.kind for layer in view.layers] == ["input", "Conv2d", "MaxPool2d", "Dropout"]
    assert view.layers[0].shapes == ""  # windows of the image were made before the graph begins
    assert view.layers[1].shapes == "(4, 2, 3, 3)"


def test_text_is_a_table():
    _, J = residual()
    assert str(tg.draw(J, view="modules", depth=1)) == """\
1  input                     (5, 2)
   Sequential
2    layers.0 Linear(2 → 4)  (5, 2) → (5, 4)    12 parameters  ← 1
3    layers.1 Residual       (5, 4) → (5, 4)    76 parameters  ← 2
4    layers.2 Linear(4 → 3)  (5, 4) → (5, 3)    15 parameters  ← 3
5  target                    (5,)
6  CrossEntropyLoss          (5, 3), (5,) → ()                 ← 4, 5
103 parameters"""


def test_title_and_description():
    view = take_modules(residual()[1], 200)
    assert view.title == "network of 6 layers, 103 parameters"
    assert view.description == ("Layers, in the order of computation: 4 Linear, 1 Tanh, 1 CrossEntropyLoss. "
                                "103 parameters. 1 skip connection.")


@pytest.mark.parametrize("view, option", [
    ("modules", {"heat": True}), ("modules", {"fold": False}), ("modules", {"constants": False}),
    ("neurons", {"names": {}}), ("neurons", {"highlight": 1}), ("neurons", {"depth": 1}),
    ("neurons", {"direction": "down"})])
def test_options_of_other_views_are_refused(view, option):
    with pytest.raises(OptionError, match=f'^draw: {next(iter(option))} has no meaning for view="{view}"; leave'):
        tg.draw(tg.Value(1.0), view=view, **option)


def test_a_module_of_somebody_else_needs_no_describe():
    class Odd(nn.Module):
        describe = None

        def forward(self, x):
            return tg.exp(x)

    assert [layer.name for layer in take_modules(Odd()(tg.Value(1.0, name="x")), 9).layers] == ["x", "Odd"]


@without_renderer
def test_svg_has_every_box_and_every_arrow_once():
    _, J = residual()
    drawing = tg.draw(J, view="modules")
    nodes, edges = shown(render(drawing.source, "svg"))
    assert set(nodes) == {f"n{i + 1}" for i in range(9)}
    assert edges == {f"n{flow.source + 1}->n{flow.target + 1}": 1 for flow in drawing.view.flows}
    assert nodes["n2"][:4] == ["Linear", "layers.0  2 → 4", "(5, 2) → (5, 4)", "12 parameters"]
    assert nodes["n4"] == ["Tanh", "  layers.1.module.layers.1"]


@without_renderer
def test_names_are_text():
    odd = "<b>&\"\\N]"
    kind = type(odd, (nn.Module,), {"forward": lambda self, x: tg.exp(x), "describe": lambda self: odd})
    svg = render(tg.draw(nn.Sequential(kind())(tg.Value([1.0], name=odd)), view="modules").source, "svg")
    nodes, _ = shown(svg)
    assert nodes["n1"][0] == odd and nodes["n2"][0] == odd
    assert f"{odd}: (1,)" in tooltips(svg)


def test_a_large_graph_is_drawn_in_the_order_of_its_size():
    layer, y = nn.Tanh(), tg.Value(0.5)
    for _ in range(3000):
        y = tg.exp(layer(y))
    view = take_modules(y, 200)
    assert len(view.layers) == 200 and view.notice.startswith("6001 boxes")
