"""Layers as frames around what they computed, or as one box each."""

import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import picture_of
from tinygrad_edu.errors import ArgumentError, OptionError


def loss(sizes=(2, 3, 1)):
    tg.manual_seed(0)
    model = tg.nn.MLP(list(sizes), activation="tanh")
    J = tg.nn.MSELoss()(model(np.ones((5, sizes[0]))), np.zeros((5, sizes[-1])))
    J.name = "J"
    return J


def titles(picture):
    return [frame.title for frame in picture.frames]


def test_every_layer_is_a_frame_with_its_name_and_shapes():
    picture = picture_of(loss())
    assert [(f.title, f.shapes, f.within) for f in picture.frames] == [
        ("MLP", "(5, 2) → (5, 1)", None),
        ("layers.0 · Linear(2 → 3)", "(5, 2) → (5, 3)", 0),
        ("layers.1 · Tanh", "(5, 3) → (5, 3)", 0),
        ("layers.2 · Linear(3 → 1)", "(5, 3) → (5, 1)", 0),
        ("MSELoss", "(5, 1) → ()", None)]
    inside = {box.name: box.frame for box in picture.boxes if box.name}
    assert inside == {"layers.0.weight": 1, "layers.0.bias": 1, "v₁": 1, "v₂": 2, "layers.2.weight": 3,
                      "layers.2.bias": 3, "v₃": 3, "v₄": 4, "J": 4}
    assert [box.frame for box in picture.boxes if box.role == "constant"] == [None, 4]  # X, and what it is held against


def test_frames_are_in_the_dot_one_within_the_other():
    source = tg.draw(loss()).source
    clusters = re.findall(r"^\t+subgraph (cluster_\d+) \{", source, re.MULTILINE)
    assert clusters == [f"cluster_{i}" for i in range(1, 6)]
    body = source[source.index("subgraph cluster_1"):source.index("subgraph cluster_5")]
    assert body.count("{") == body.count("}")  # the layers are within the MLP, the loss is not


@pytest.mark.parametrize("depth, symbols", [
    (0, ["MLP", "MSELoss"]),
    (1, ["layers.0 · Linear(2 → 3)", "layers.1 · Tanh", "layers.2 · Linear(3 → 1)", "−", "Σ( )²"]),
    (2, ["linear", "tanh", "linear", "−", "Σ( )²"]),
    (None, ["linear", "tanh", "linear", "−", "Σ( )²"]),
])
def test_depth_is_how_many_levels_are_open(depth, symbols):
    picture = picture_of(loss(), depth=depth)
    assert [box.symbol for box in picture.boxes if box.symbol] == symbols
    assert sum(box.nodes for box in picture.boxes) == 11  # two arrays, four parameters, five ops


def test_a_layer_as_one_box_has_its_parameters_within_and_its_input_without():
    J = loss()
    J.backward()
    picture = picture_of(J, depth=0)
    assert [(box.role, box.nodes) for box in picture.boxes] == [("constant", 1), ("module", 7), ("module", 3)]
    model = picture.boxes[1]
    assert (model.symbol, model.options, model.value.array) == ("MLP", "(5, 2) → (5, 1)", "(5, 1) float64")
    assert [(a.source, a.target) for a in picture.arrows] == [(0, 1), (1, 2)]
    difference = J.inputs[0]
    np.testing.assert_array_equal(picture.arrows[1].contribution, difference.inputs[0].grad)


def test_a_data_value_stays_outside_and_a_shared_parameter_too():
    tg.manual_seed(0)
    linear = tg.nn.Linear(2, 2)
    X = tg.Value(np.ones((3, 2)), name="X")
    y = linear(tg.tanh(linear(X)))
    picture = picture_of(y, depth=0)
    assert {box.name: box.role for box in picture.boxes} == {
        "X": "data", "weight": "parameter", "bias": "parameter", "v₁": "module", "v₂": "op", "v₃": "module"}
    assert titles(picture) == []
    assert titles(picture_of(y)) == ["Linear(2 → 2)", "Linear(2 → 2)"]


def test_too_large_a_network_is_closed_from_the_inside():
    J = loss([2] + 40 * [3] + [1])
    picture = picture_of(J, max_nodes=100)
    assert len(picture.boxes) <= 100
    assert titles(picture)[0] == "MLP" and {box.role for box in picture.boxes} >= {"module"}
    assert sum(box.nodes for box in picture.boxes) == len(picture_of(J, 10_000).boxes)
    assert [box.symbol for box in picture_of(J, max_nodes=10).boxes if box.role == "module"] == ["MLP", "MSELoss"]


def test_a_module_of_somebody_else_without_a_description():
    class Odd(tg.nn.Module):
        def describe(self):
            raise RuntimeError("not today")

        def forward(self, x):
            return tg.exp(tg.exp(x))

    assert titles(picture_of(Odd()(tg.Value(1.0)))) == ["Odd"]


def test_a_title_is_text_whatever_is_in_it():
    class Odd(tg.nn.Module):
        def describe(self):
            return '"]}><b>&\\N\n'

        def forward(self, x):
            return tg.exp(x)

    source = tg.draw(Odd()(tg.Value(1.0))).source
    assert "<b>&" not in source.replace("<b>Odd", "")


@pytest.mark.parametrize("depth, error, message", [
    (-1, ArgumentError, "draw: depth must be 0 or more, got -1"),
    (1.5, OptionError, "draw: depth must be a whole number, got 1.5"),
])
def test_bad_depths(depth, error, message):
    with pytest.raises(error, match=f"^{message}"):
        tg.draw(loss(), depth=depth)
