"""What changed between two steps: old and new numbers in the boxes of one graph, or the first difference."""

import re
import shutil
from importlib.util import find_spec

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import shown
from tinygrad_edu import nn, optim
from tinygrad_edu.drawing.labels import sample
from tinygrad_edu.drawing.render import render
from tinygrad_edu.errors import ArgumentError, OptionError

without_renderer = pytest.mark.skipif(shutil.which("dot") is None and find_spec("pygraphviz") is None,
                                      reason="no Graphviz")


def two_steps():
    """The drawings of J = (w x - 1)² at w = 3 and, after a step of gradient descent with α = 0.1, at w = 1."""
    x, w = tg.Value(2.0, name="x"), nn.Parameter(3.0, name="w")
    optimizer = optim.SGD([w], lr=0.1)
    drawings = []
    for _ in range(2):
        w.grad = x.grad = None
        J = tg.square(w * x - 1)
        J.name = "J"
        J.backward()
        drawings.append(tg.draw(J))
        optimizer.step()  # dJ/dw = 2 (w x - 1) x = 20
    return drawings


def test_boxes_tell_old_and_new_values_and_gradients_and_their_change():
    assert str(tg.draw.diff(*two_steps())) == """\
x² (Δ −24)  J = 25→1, grad +1
└─ − (Δ −4; grad Δ −8)  v₂ = 5→1, grad +10→+2        ∂J/∂v₂ = 2v₂ = 10→2
   ├─ × (Δ −4; grad Δ −8)  v₁ = 6→2, grad +10→+2     ∂v₂/∂v₁ = 1
   │  ├─ (Δ −2; grad Δ −16)  w = 3→1, grad +20→+4    ∂v₁/∂w = x = 2
   │  └─ (grad Δ −28)  x = 2, grad +30→+2            ∂v₁/∂x = w = 3→1
   └─ 1"""


def test_the_change_is_the_heat():
    picture = tg.draw.diff(*two_steps()).view.picture
    assert [(box.name, box.magnitude) for box in picture.boxes] == [
        ("x", 0), ("w", 2), ("v₁", 4), ("", 0), ("v₂", 4), ("J", 24)]
    assert [box.heat for box in picture.boxes] == [None, 0, 1, None, 1, 5]
    assert picture.heat[0] == pytest.approx(2) and picture.heat[-1] == pytest.approx(24)
    assert "|Δ| from" in tg.draw.diff(*two_steps()).source


def test_of_arrays_the_change_is_the_root_mean_square():
    w = nn.Parameter([1.0, 2.0, 2.0], name="w")
    before = tg.draw(tg.sum(w))
    w.data = [1.0, 2.0, 5.0]
    box = tg.draw.diff(before, tg.sum(w)).view.picture.boxes[0]
    assert box.magnitude == pytest.approx(3 / np.sqrt(3))
    assert box.value.numbers == ("1", "1.67→2.67", "2→5") and box.options == "Δ 1.73"


def test_a_picture_is_not_changed_by_what_happens_in_place():
    w = nn.Parameter([1.0, 2.0], name="w")
    before = tg.draw(tg.sum(w))
    w.data[:] = 7  # as optimizers do
    assert tg.draw.diff(before, tg.draw(tg.sum(w))).view.picture.boxes[0].value.numbers[0] == "1→7"


def test_before_backward_there_is_no_gradient_to_compare():
    w = tg.Value(2.0, name="w")
    y = tg.exp(w)
    before = tg.draw(y)
    y.backward()
    assert str(tg.draw.diff(before, y)).startswith("exp  v₁ = 7.389, grad –→+1\n")
    assert str(tg.draw.diff(before, before)).startswith("exp  v₁ = 7.389, grad –\n")


def test_frames_and_all_arrows_stay():
    model = nn.MLP([2, 3, 1], rng=0)
    X = np.ones((4, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    J = nn.MSELoss()(model(X), np.zeros((4, 1)))
    J.backward()
    before = tg.draw(J)
    optimizer.step()
    after = tg.draw(nn.MSELoss()(model(X), np.zeros((4, 1))))
    diff, new = tg.draw.diff(before, after).view.picture, after.view.picture
    assert diff.frames == new.frames
    assert [(a.source, a.target) for a in diff.arrows] == [(a.source, a.target) for a in new.arrows]


def test_what_is_not_the_same_graph_is_an_error_with_the_first_difference():
    w, b = nn.Parameter(3.0, name="w"), nn.Parameter(1.0, name="b")
    of = {name: tg.draw(y) for name, y in {
        "tanh": tg.tanh(w * 2), "sin": tg.sin(w * 2), "long": tg.exp(tg.tanh(w * 2)), "b": tg.tanh(b * 2),
        "a-b": w - b, "b-a": b - w, "square": w * w,
        "rows": tg.sum(tg.Value(np.ones((5, 2)))), "columns": tg.sum(tg.Value(np.ones((2, 5))))}.items()}
    for before, after, message in [
        ("tanh", "sin", "box 4 is op tanh before and op sin after"),
        ("tanh", "long", "4 boxes before, but 5 after"),
        ("tanh", "b", "box 1 is parameter w before and parameter b after"),
        ("a-b", "b-a", "an arrow leads from w to v₁ before and from b to v₁ after"),
        ("rows", "columns", "box 1 is data (5, 2) float64 before and data (2, 5) float64 after"),
    ]:
        with pytest.raises(ArgumentError, match=f"^draw.diff: {re.escape(message)}; draw.diff compares two steps of"):
            tg.draw.diff(of[before], of[after])


def test_a_value_whose_data_changed_is_an_error_with_the_cure():
    w = nn.Parameter(3.0, name="w")
    before = tg.exp(w)
    w.data = 2.0
    with pytest.raises(OptionError, match=r"data that before was computed from have changed since; draw it before the "
                                          r"step, as in before = tg\.draw\(loss\)$"):
        tg.draw.diff(before, tg.exp(w))


def test_only_pictures_of_ops_can_be_compared():
    y = nn.Linear(2, 1)(np.ones((1, 2)))
    with pytest.raises(OptionError, match=r'before must be a drawing of view="ops" or a Value, got network'):
        tg.draw.diff(tg.draw(y, view="neurons"), y)
    with pytest.raises(OptionError, match=r"after must be a drawing .* got float$"):
        tg.draw.diff(y, 1.0)


def test_title_and_description():
    view = tg.draw.diff(*two_steps()).view
    assert view.title == "what changed in the computation graph of J"
    assert view.description == ("The result is J = 25→1, grad +1. 4 of 6 boxes changed. The largest change is that of "
                                "J, 24.")


def test_of_many_numbers_a_sample_is_kept():
    assert sample(None) is None and sample(2.0).tolist() == [2.0] and sample(np.ones((2, 0))).size == 0
    x = np.arange(250_001.0)
    assert np.array_equal(sample(x), x[::3])
    kept = sample(x[:9])
    x[:] = 0
    assert kept[-1] == 8


@without_renderer
def test_svg_has_every_box_and_every_arrow_once():
    nodes, arrows = shown(render(tg.draw.diff(*two_steps()).source, "svg"))
    assert nodes["n2"] == ["w", "Δ −2; grad Δ −16", "value", "  3→1", "grad", "  +20→+4"]
    assert set(nodes) == {f"n{i}" for i in range(1, 7)} and len(arrows) == 5 and set(arrows.values()) == {1}
