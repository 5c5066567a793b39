"""The picture in DOT: complete, always the same, and safe whatever the names are."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import loss_of_arrays, neuron

NODE = re.compile(r"^\t(n\d+) \[(.*)\]$", re.MULTILINE)
EDGE = re.compile(r"^\t(n\d+) -> (n\d+)\b", re.MULTILINE)


def nodes(source):
    return dict(NODE.findall(source))


def text(label):
    table = re.search("label=<(<table.*</table>)>", label)[1]
    return " ".join(re.sub("<[^>]*>", " ", table).split())


def attribute(label, key):
    """The value of an attribute that a node has, or None."""
    found = re.search(rf'\b{key}="?([^" ]+)', label)
    return found and found[1]


def test_every_box_and_every_arrow_once():
    source = tg.draw(neuron()).source
    assert list(nodes(source)) == [f"n{i}" for i in range(1, 11)]
    assert EDGE.findall(source) == [("n3", "n6"), ("n1", "n6"), ("n4", "n7"), ("n2", "n7"), ("n6", "n8"),
                                    ("n7", "n8"), ("n8", "n9"), ("n5", "n9"), ("n9", "n10")]
    x = tg.Value(3.0)
    assert EDGE.findall(tg.draw(x * x).source) == [("n1", "n2")] * 2


def test_what_stands_in_a_box():
    o = neuron()
    before = nodes(tg.draw(o).source)
    assert text(before["n1"]) == "x1 value 2 grad –"
    o.backward()
    after = nodes(tg.draw(o).source)
    assert text(after["n1"]) == "x1 value 2 grad −1.5"
    assert text(after["n6"]) == "× v₁ −6 grad +0.5"
    J = loss_of_arrays()
    J.backward()
    drawn = nodes(tg.draw(J).source)
    b, X, tanh = text(drawn["n2"]), text(drawn["n3"]), text(drawn["n6"])
    assert re.fullmatch(r"layer\.b \(4,\) float64 value grad( (min|mean|max|norm) 0 \S+){4} zeros 100 % 0 %", b)
    assert re.fullmatch(r"tanh v₃ \(5, 4\) float64 value grad( (min|mean|max|norm) \S+ \S+){4}", tanh)
    assert re.fullmatch(r"\(5, 2\) float64 min \S+ mean \S+ max \S+ norm \S+", X)


def test_roles_differ_by_shape_and_by_colour():
    drawn = nodes(tg.draw(neuron() * 2).source)
    roles = [drawn[n] for n in ("n1", "n3", "n6", "n11", "n12")]
    shapes = [[attribute(role, key) for key in ("shape", "style", "peripheries")] for role in roles]
    assert shapes == [["box", "filled", None], ["box", "filled,rounded", None], ["circle", "filled", None],
                      ["box", "dashed", None], ["circle", "filled", "2"]]
    assert len({attribute(role, "fillcolor") for role in roles}) == 5


def test_the_same_graph_gives_the_same_bytes_in_every_process():
    code = ("from tests.drawing.graphs import neuron; import sys, tinygrad_edu as tg; o = neuron(); "
            "o.backward(); sys.stdout.buffer.write(tg.draw(o * o).source.encode())")
    sources = set()
    for seed in ("0", "1"):
        run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True,
                             cwd=Path(__file__).parents[2], env=os.environ | {"PYTHONHASHSEED": seed})
        sources.add(run.stdout.decode())
    o = neuron()
    o.backward()
    assert sources == {tg.draw(o * o).source}


def test_the_text_grows_with_the_number_of_nodes_only():
    def length(count):
        y = tg.Value(0.5)
        for _ in range(count - 1):
            y = tg.tanh(y)
        return len(tg.draw(y, fold=False, max_nodes=count).source)

    assert length(240) / length(120) == pytest.approx(2, rel=0.1)
