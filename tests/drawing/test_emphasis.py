"""What is made to stand out: large gradients, the paths from one Value to another, the first NaN."""

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import loss_of_arrays, neuron, picture_of
from tinygrad_edu.drawing.emphasis import LEVELS
from tinygrad_edu.drawing.themes import THEMES
from tinygrad_edu.errors import ArgumentError, OptionError

# ----- heat -----


def test_heat_is_in_equal_steps_of_the_logarithm():
    x = tg.Value(1.0, name="g6")
    y = x
    for k in range(6):
        y = y * 10.0
        y.name = f"g{5 - k}"
    y.backward()  # the gradient of gk is 10^k
    picture = picture_of(y, heat=True)
    assert picture.heat == pytest.approx([10.0 ** k for k in range(7)])
    assert {box.name: box.heat for box in picture.boxes if box.name} == {
        "g0": 0, "g1": 1, "g2": 2, "g3": 3, "g4": 4, "g5": 5, "g6": 5}


def test_gradients_that_are_nearly_the_same_look_so():
    a, b = tg.Value(1.0, name="a"), tg.Value(1.1, name="b")
    y = a * b
    y.backward()
    picture = picture_of(y, heat=True)
    assert {box.heat for box in picture.boxes} == {LEVELS - 1}
    assert picture.heat[-1] / picture.heat[0] == pytest.approx(10)


def test_of_arrays_the_root_mean_square_counts():
    w = tg.Value([3.0, 4.0], name="w")
    tg.sum(w * w).backward()
    box, = (box for box in picture_of(w).boxes)
    assert box.magnitude == pytest.approx(math.sqrt((6 ** 2 + 8 ** 2) / 2))


def test_without_a_gradient_or_with_none_but_zero_there_is_no_heat():
    assert picture_of(neuron(), heat=True).heat == ()
    o = neuron()
    o.backward()
    drawn = {box.name: box.heat for box in picture_of(o, heat=True).boxes}
    assert drawn["w2"] is None and drawn["x1"] == LEVELS - 1
    nan = tg.Value(0.0, name="nan")
    with np.errstate(divide="ignore"):
        tg.sqrt(nan).backward()
    assert picture_of(nan, heat=True).boxes[0].heat is None  # infinite


def test_heat_colours_boxes_and_has_a_legend():
    o = neuron()
    o.backward()
    for theme in THEMES.values():
        source = tg.draw(o, heat=True, theme=theme).source
        assert "|gradient| from" in source and "to 1.5" in source
        assert f'fillcolor="{theme.heat[-1]}"' in source
    assert "|gradient|" not in tg.draw(o).source


# ----- paths -----

def test_all_paths_with_their_products():
    x = tg.Value(3.0, name="x")
    u = tg.exp(x)
    y = x * x + u * x
    u.name, y.name = "u", "y"
    picture = picture_of(y, highlight=(x, y))
    e = math.exp(3)
    assert picture.paths == (
        f"∂y/∂x = {6 + 4 * e:.4g}, the sum over 4 paths",  # d/dx (x² + x eˣ) = 2x + (1 + x) eˣ
        f"x → u → v₂ → y:  {e:.4g} · 3 · 1 = {3 * e:.4g}",
        "x → v₁ → y:  3 · 1 = 3",
        "x → v₁ → y:  3 · 1 = 3",
        f"x → v₂ → y:  {e:.4g} · 1 = {e:.4g}")
    assert all(box.on_path for box in picture.boxes) and all(arrow.on_path for arrow in picture.arrows)


def test_only_what_lies_on_a_path_is_marked():
    o = neuron()
    w1 = o.inputs[0].inputs[0].inputs[0].inputs[0]
    drawing = tg.draw(o, highlight=w1)
    picture = drawing.view.picture
    assert [box.name for box in picture.boxes if box.on_path] == ["w1", "v₁", "v₃", "v₄", "o"]
    assert [(a.source, a.target) for a in picture.arrows if a.on_path] == [(2, 5), (5, 7), (7, 8), (8, 9)]
    assert picture.paths[0] == "∂o/∂w1 = 1, by one path"  # 2 · 1 · 1 · 0.5
    assert str(drawing).endswith("∂o/∂w1 = 1, by one path\nw1 → v₁ → v₃ → v₄ → o:  2 · 1 · 1 · 0.5 = 1")
    assert drawing.source.count(THEMES["light"].highlight) == 1 + 4 + 4  # caption, boxes but the result, arrows


def test_from_one_value_to_another_within_the_graph():
    o = neuron()
    v3 = o.inputs[0].inputs[0]
    w1 = v3.inputs[0].inputs[0]
    assert picture_of(o, highlight=(w1, v3)).paths == ("∂v₃/∂w1 = 2, by one path", "w1 → v₁ → v₃:  2 · 1 = 2")
    assert tg.draw(o, highlight=[w1, v3]).view.picture.paths == picture_of(o, highlight=(w1, v3)).paths


def test_of_very_many_paths_the_first_are_told_and_the_sum_is_right():
    x = y = tg.Value(1.0, name="x")
    for _ in range(40):
        y = y + y
    lines = picture_of(y, highlight=(x, y)).paths
    assert lines[0] == f"∂v₄₀/∂x = {2.0 ** 40:.4g}, the sum over {2 ** 40} paths"
    assert len(lines) == 8 and lines[-1] == f"and {2 ** 40 - 6} more"
    assert lines[1].startswith("x → v₁ → v₂ → v₃ → v₄ → … → v₄₀:  1 · 1 · 1")


def test_between_arrays_paths_have_no_products():
    J = loss_of_arrays()
    W = J.inputs[0].inputs[0].inputs[0].inputs[0].inputs[0].inputs[1]
    assert picture_of(J, highlight=(W, J)).paths == ("∂J/∂layer.W, by one path",
                                                     "layer.W → v₁ → v₂ → v₃ → v₄ → v₅ → J")


def test_paths_that_cannot_be_shown():
    o, other = neuron(), tg.Value(1.0, name="other")
    w1 = o.inputs[0].inputs[0].inputs[0].inputs[0]
    with pytest.raises(ArgumentError, match=r"^draw: highlight: 'other' .* is not part of the graph that is drawn$"):
        tg.draw(o, highlight=other)
    with pytest.raises(ArgumentError, match="is not a box of its own in this picture; use fold=False"):
        tg.draw(o, highlight=o.inputs[0].inputs[0], fold=True)
    with pytest.raises(ArgumentError, match=r"^draw: highlight: no path leads from o to w1$"):
        tg.draw(o, highlight=(o, w1))
    with pytest.raises(ArgumentError, match=r"^draw: highlight: no path leads from o to o$"):
        tg.draw(o, highlight=o)
    with pytest.raises(OptionError, match=r"^draw: highlight must be a Value, or two, from and to; got str, Value$"):
        tg.draw(o, highlight="w1")


# ----- NaN -----

def bad(picture):
    return [(box.name, box.bad) for box in picture.boxes if box.bad]


def test_the_first_nan_is_marked_and_none_after_it():
    x = tg.Value(np.array([1.0, -1.0]), name="x")
    with np.errstate(invalid="ignore"):
        y = tg.sum(tg.exp(tg.sqrt(x)))
    assert bad(picture_of(y)) == [("v₁", "nan")]
    assert "first nan" in tg.draw(y).source and "← the first nan" in str(tg.draw(y))
    assert bad(picture_of(y, fold=True)) == [("v₁", "nan")]  # in the folded chain
    assert bad(picture_of(tg.tanh(tg.Value(1.0)))) == []


def test_an_infinity_in_the_data_is_the_first():
    x = tg.Value(math.inf, name="x")
    assert bad(picture_of(x - x)) == [("x", "inf")]
    assert picture_of(tg.Value(1.0) * math.nan).boxes[1].bad == "nan"  # the constant


def test_if_all_values_are_finite_the_first_gradient_is_marked_that_is_not():
    x = tg.Value(0.0, name="x")
    y = tg.sqrt(x * 1.0)
    with np.errstate(divide="ignore"):
        y.backward()
    assert bad(picture_of(y)) == [("v₁", "grad inf")]  # it comes before x on the way back
