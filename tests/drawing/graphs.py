"""Graphs to draw, and what can be read from a picture in SVG."""

import math
from xml.etree import ElementTree

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.drawing.snapshot import take_picture
from tinygrad_edu.drawing.trace import trace
from tinygrad_edu.nn import Parameter

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"


def neuron():
    """o = tanh(w1·x1 + w2·x2 + b), as in A. Karpathy's micrograd: with this b, o is 1/√2 and do/db is 1/2."""
    x1, x2 = tg.Value(2.0, name="x1"), tg.Value(0.0, name="x2")
    w1, w2 = Parameter(-3.0, name="w1"), Parameter(1.0, name="w2")
    b = Parameter(6 + math.atanh(math.sqrt(0.5)), name="b")
    o = tg.tanh(w1 * x1 + w2 * x2 + b)
    o.name = "o"
    return o


def recurrent(steps):
    """y = tanh(w·y), so many times: every step uses the same weight."""
    y, w = tg.Value(0.5, name="x"), Parameter(0.7, name="w")
    for _ in range(steps):
        y = tg.tanh(w * y)
    return y


def loss_of_arrays():
    """J = mean (tanh(X W + b) - y)², with arrays as parameters and constants."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 2)), rng.normal(size=(5, 4))
    W, b = Parameter(rng.normal(size=(2, 4)), name="layer.W"), Parameter(np.zeros(4), name="layer.b")
    J = tg.mean(tg.square(tg.tanh(X @ W + b) - y))
    J.name = "J"
    return J


def picture_of(value, max_nodes=200, **options):
    """The picture that `draw` shows, as plain data."""
    return take_picture(trace(value), max_nodes, **options)


def shown(svg):
    """The texts of each node of an SVG by its title, and the number of arrows between each two of them."""
    nodes, arrows = {}, {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        title = group.findtext(f"{SVG}title")
        if group.get("class") == "node":
            assert title not in nodes
            # of several spaces Graphviz makes some that do not break
            texts = ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
            nodes[title] = [text.replace("\xa0", " ") for text in texts]
        elif group.get("class") == "edge":
            arrows[title] = arrows.get(title, 0) + 1
    return nodes, arrows


def tooltips(svg):
    """What an SVG says of each of its parts when the mouse is on it."""
    links = ElementTree.fromstring(svg).iter(f"{SVG}a")
    return [link.get(f"{XLINK}title").replace("\xa0", " ") for link in links]
