"""Folding: sums and chains as one box, which is right in its numbers, and what happens to graphs that are too large."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.drawing.graphs import neuron, picture_of
from tinygrad_edu.errors import OptionError


def symbols(picture):
    return [box.symbol for box in picture.boxes if box.symbol]


def test_a_neuron_is_a_sum_and_its_activation():
    o = neuron()
    o.backward()
    picture = picture_of(o, fold=True)
    assert [box.name for box in picture.boxes] == ["x1", "x2", "w1", "w2", "b", "v₁", "o"]
    folded = picture.boxes[5]
    assert (folded.role, folded.symbol, folded.nodes) == ("folded", "w1·x1 + w2·x2 + b", 4)
    assert (folded.value.numbers, folded.gradient.numbers) == (("0.8814",), ("+0.5",))
    # on paper: ∂/∂w = x, ∂/∂x = w, ∂/∂b = 1
    assert [arrow.label for arrow in picture.arrows] == [
        "∂v₁/∂w1 = x1 = 2", "∂v₁/∂x1 = w1 = −3", "∂v₁/∂w2 = x2 = 0", "∂v₁/∂x2 = w2 = 1", "∂v₁/∂b = 1",
        "∂o/∂v₁ = 1 − o² = 0.5"]
    assert [arrow.contribution for arrow in picture.arrows] == pytest.approx([1, -1.5, 0, 0.5, 0.5, 0.5])
    assert picture.notice == "6 of 10 nodes, 4 more in 1 box"


def test_folding_is_only_done_if_asked_for_or_needed():
    o = neuron()
    assert len(picture_of(o).boxes) == len(picture_of(o, fold=False).boxes) == 10
    assert len(picture_of(o, max_nodes=9).boxes) == 7
    cut = picture_of(o, max_nodes=9, fold=False)
    assert len(cut.boxes) == 9 and cut.notice == "9 of 10 nodes, those nearest the result"


def test_signs_and_constants_of_a_sum():
    a, b = tg.Value(1.0, name="a"), tg.Value(2.0, name="b")
    picture = picture_of(a - (b - 3.0) + 4.0 * a, fold=True)
    assert symbols(picture) == ["a − b + 3 + 4·a"]
    assert {box.role for box in picture.boxes} == {"data", "folded"}  # the numbers are in the formula
    assert [(arrow.label, arrow.derivative) for arrow in picture.arrows] == [
        ("∂v₁/∂b = −1", -1.0), ("∂v₁/∂a = 1", 1.0), ("∂v₁/∂a = 4", 4.0)]


def test_a_long_sum_tells_its_ends():
    terms = [tg.Value(float(i), name=f"t{i}") for i in range(1000)]
    picture = picture_of(sum(terms[1:], terms[0]), max_nodes=2000, fold=True)
    assert symbols(picture) == ["t0 + t1 + t2 + … + t999"]
    assert len(picture.arrows) == 1000


def test_a_chain_is_one_box_with_the_product_of_its_derivatives():
    x = tg.Value(0.3, name="x")
    y = tg.tanh(tg.sin(tg.exp(x)))
    picture = picture_of(y, fold=True)
    assert symbols(picture) == ["exp → sin → tanh"]
    e = np.exp(0.3)
    by_hand = (1 - np.tanh(np.sin(e)) ** 2) * np.cos(e) * e
    assert picture.arrows[0].derivative == pytest.approx(by_hand, rel=1e-12)


def test_what_has_a_name_or_two_users_stays_visible():
    x = tg.Value(0.3, name="x")
    h = tg.exp(x)
    h.name = "h"
    assert symbols(picture_of(tg.sin(h), fold=True)) == ["exp", "sin"]
    u = tg.exp(x)
    assert symbols(picture_of(u + tg.sin(u), fold=True)) == ["exp", "sin", "+"]


def test_arrays_are_added_in_one_box_but_their_products_stay():
    a, b = tg.Value(np.ones(3), name="a"), tg.Value(np.ones(3), name="b")
    assert symbols(picture_of(a * b + a + b, fold=True)) == ["×", "v₁ + a + b"]


steps = st.lists(st.tuples(st.sampled_from("+-*t"), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=15)


@settings(max_examples=100, deadline=None)
@given(steps=steps)
def test_folded_contributions_are_those_of_the_whole_graph(steps):
    leaves = [tg.Value(x, name=f"u{i}") for i, x in enumerate((0.5, -1.5, 2.0))]
    values = list(leaves)
    for sign, i, j in steps:
        a, b = values[i % len(values)], values[j % len(values)]
        values.append({"+": a + b, "-": a - 2 * b, "*": a * b, "t": tg.tanh(a)}[sign])
    result = values[-1]
    result.backward()
    picture, whole = picture_of(result, fold=True), picture_of(result, fold=False)
    assert sum(box.nodes for box in picture.boxes) == len(whole.boxes)
    for arrow in picture.arrows:
        if arrow.contribution is not None and arrow.derivative is not None:
            of = picture.boxes[arrow.target]
            assert arrow.contribution == pytest.approx(arrow.derivative * float(_gradient(of)), rel=2e-3, abs=1e-3)
    for leaf in leaves:
        if leaf.grad is not None and leaf is not result:
            # the same numbers, to the last bit; that they add up to .grad exactly, in the order in which `backward`
            # adds them, is tested of the whole graph: a folded box has its arrows side by side, in another order
            assert sorted(_gains(picture, leaf)) == sorted(_gains(whole, leaf))
            assert sum(reversed(_gains(whole, leaf))) == leaf.grad


def _gains(picture, leaf):
    """What the gradient of a leaf gains by each arrow that leads from it."""
    return [arrow.contribution for arrow in picture.arrows
            if picture.boxes[arrow.source].name == leaf.name and arrow.contribution is not None]


def _gradient(box):
    return box.magnitude * (-1 if box.gradient.numbers[0].startswith("−") else 1)


def test_deep_chains_and_long_sums_fold_into_a_few_boxes():
    x = y = tg.Value(0.5, name="x")
    for _ in range(100_000):
        y = tg.tanh(y)
    picture = picture_of(y)
    assert [box.symbol for box in picture.boxes] == ["", "tanh (×100000)"]
    assert picture.notice == "1 of 100001 nodes, 100000 more in 1 box"
    z = x
    for _ in range(50_000):
        z = z + 1.0
    assert [box.nodes for box in picture_of(z).boxes] == [1, 100_000]


def test_what_is_too_large_even_folded_is_drawn_next_to_the_result():
    x = tg.Value(1.0)
    for _ in range(10_000):
        x = x + x * 0.5
    picture = picture_of(x)
    assert len(picture.boxes) == 200
    assert re.fullmatch(r"\d+ of 30001 nodes, \d+ more in \d+ boxes; those nearest the result", picture.notice)


def test_without_constants():
    x = tg.Value(3.0, name="x")
    y = (2 * x + 1) * np.array([1.0, 2.0])
    assert [box.role for box in tg.draw(y, constants=False).view.picture.boxes] == ["data", "op", "op", "op"]
    assert not [box for box in tg.draw(y, constants=False).view.picture.boxes if box.inputs_left_out]


@pytest.mark.parametrize("option", ["fold", "constants", "heat"])
def test_what_is_neither_true_nor_false(option):
    with pytest.raises(OptionError, match=f"^draw: {option} must be True or False, got 'yes' of type str"):
        tg.draw(neuron(), **{option: "yes"})
