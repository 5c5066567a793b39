"""Pictures that fit on a page."""

import math
import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import loss_of_arrays, neuron, picture_of, recurrent
from tests.drawing.test_render import renderer  # noqa: F401  (a fixture)
from tinygrad_edu.drawing import layout
from tinygrad_edu.errors import ArgumentError

PIXELS_PER_POINT = 96 / 72


def width(drawing):
    return int(re.search(r'<svg width="(\d+)pt"', drawing.svg)[1]) * PIXELS_PER_POINT


def chain():
    y = tg.Value(0.5)
    for _ in range(60):
        y = tg.tanh(y)
    return y


def network():
    y = tg.nn.MLP([3, 8, 8, 2])(np.ones((4, 3)))
    return tg.nn.MSELoss()(y, np.zeros((4, 2)))


def fan():
    return tg.stack([tg.Value(float(i)) for i in range(60)])


@pytest.mark.parametrize("make", [neuron, loss_of_arrays, chain, network, fan])
def test_every_picture_is_narrower_than_1200_pixels(make, renderer):  # noqa: F811
    y = make()
    y.backward(np.ones(y.shape))
    assert width(tg.draw(y)) <= 1200


def test_a_leaf_stands_just_before_its_first_use():
    picture = picture_of(recurrent(3))
    ranks = dict(zip((box.name for box in picture.boxes), layout._ranks(picture), strict=True))
    assert (ranks["w"], ranks["x"], ranks["v₁"], ranks["v₅"]) == (0, 0, 1, 5)


def test_arrows_are_straight_where_curved_ones_would_take_too_long():
    short, long = chain(), recurrent(40)  # 60 arrows of one row each; up to 80 rows
    assert layout.is_curved(picture_of(short)) and "splines" not in tg.draw(short).source
    assert not layout.is_curved(picture_of(long)) and layout.is_drawable(picture_of(long))
    assert "splines=line" in tg.draw(long, fold=False).source
    assert not layout.is_drawable(picture_of(recurrent(150), 400))


def test_the_direction_is_chosen_by_the_shape_of_the_graph():
    direction = {make.__name__: tg.draw(make()).view.picture.direction for make in (neuron, chain, fan)}
    assert direction == {"neuron": "right", "chain": "down", "fan": "right"}


def test_a_direction_that_is_asked_for():
    o = neuron()
    assert 'rankdir=TB' in tg.draw(o, direction="down").source
    wide = tg.draw(chain(), direction="right")
    assert 'rankdir=LR' in wide.source and width(wide) > 5000
    with pytest.raises(ArgumentError, match=r"^draw: direction must be one of 'auto', 'right', 'down', got 'up'$"):
        tg.draw(o, direction="up")


def test_what_the_estimate_of_a_width_is_worth():
    """It chooses the direction; so it should not be far from what Graphviz makes of it."""
    for make in (neuron, loss_of_arrays, chain):
        drawing = tg.draw(make(), direction="right")
        estimate = layout.width_to_the_right(drawing.view.picture)
        assert math.isclose(estimate, width(drawing), rel_tol=0.25), make
