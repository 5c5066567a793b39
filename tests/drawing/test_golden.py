"""Pictures as they have been looked at and found good, in DOT: the same text in every version of Graphviz.

`python -m tests.drawing.test_golden` writes them anew; look at them again before you commit them.
"""

from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import neuron

GOLDEN = Path(__file__).parent / "golden"


def network():
    """A small network with fixed numbers, and its loss after `backward`."""
    model = tg.nn.MLP([2, 3, 1], activation="tanh")
    for p in model.parameters():
        p.data = (0.3 * np.arange(p.size) - 0.5).reshape(p.shape)  # no mean is 0 but for rounding
    X = tg.Value(np.array([[1.0, 2.0], [-1.0, 0.5]]), name="X")
    J = tg.nn.MSELoss()(model(X), np.array([[1.0], [0.0]]))
    J.name = "J"
    J.backward()
    return J


def trained_neuron():
    o = neuron()
    o.backward()
    return o


def first_weight(o):
    return o.inputs[0].inputs[0].inputs[0].inputs[0]


PICTURES = {
    "neuron-before-backward": lambda: tg.draw(neuron()),
    "neuron": lambda: tg.draw(trained_neuron()),
    "neuron-folded": lambda: tg.draw(trained_neuron(), fold=True),
    "neuron-heat-dark": lambda: tg.draw(trained_neuron(), heat=True, theme="dark"),
    "neuron-paths": lambda: tg.draw(o := trained_neuron(), highlight=first_weight(o)),
    "network": lambda: tg.draw(network()),
    "network-layers": lambda: tg.draw(network(), depth=1),
    "network-print": lambda: tg.draw(network(), depth=0, theme="print"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_it_was(name):
    assert PICTURES[name]().source == (GOLDEN / f"{name}.dot").read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, make in PICTURES.items():
        (GOLDEN / f"{name}.dot").write_text(make().source, encoding="utf-8")
