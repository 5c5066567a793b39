"""Which layer made which node."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.drawing.calls import innermost_calls
from tinygrad_edu.engine.graph import ancestors


def told(y):
    """Each computed node, oldest first: its op and the calls that made it, from the outermost."""
    nodes = ancestors([y])[0][::-1]
    calls = innermost_calls(nodes)
    lineages = [calls[node].lineage if node in calls else () for node in nodes]
    return [(node.op.name, *(f"{call.path}: {call.kind}" for call in lineage))
            for node, lineage in zip(nodes, lineages, strict=True)]


def test_nodes_belong_to_the_innermost_call():
    model = nn.Sequential(nn.Residual(nn.MLP([2, 3, 2])), nn.Linear(2, 1))
    made = told(nn.MSELoss()(2 * model(np.ones((4, 2))), np.ones((4, 1))))
    mlp = (": Sequential", "layers.0: Residual", "layers.0.module: MLP")
    assert made == [
        ("linear", *mlp, "layers.0.module.layers.0: Linear"),
        ("tanh", *mlp, "layers.0.module.layers.1: Tanh"),
        ("linear", *mlp, "layers.0.module.layers.2: Linear"),
        ("add", *mlp[:2]),
        ("linear", mlp[0], "layers.1: Linear"),
        ("multiply",),
        ("subtract", ": MSELoss"),
        ("sum_of_squares", ": MSELoss"),
    ]


def test_two_calls_of_a_shared_module_are_two():
    layer = nn.Linear(2, 2)
    y = layer(tg.tanh(layer(tg.Value([1.0, 2.0]))))
    first, between, last = ancestors([y])[0][::-1]
    calls = innermost_calls([y, between, first])
    assert calls[first].module is calls[last].module is layer
    assert calls[first] is not calls[last] and between not in calls


def test_a_module_may_return_several_and_what_is_not_its_newest():
    class Split(nn.Module):
        def forward(self, x):
            return tg.exp(x), tg.sin(x)

    class First(nn.Module):
        def __init__(self):
            self.split = Split()

        def forward(self, x):
            a, self.b = self.split(x)
            return a

    model = First()
    a = model(tg.Value(1.0))
    y = a * model.b
    assert told(y) == [("exp", ": First", "split: Split"), ("sin", ": First", "split: Split"), ("multiply",)]


def test_what_no_module_made_has_no_call():
    assert innermost_calls(ancestors([tg.tanh(tg.Value(1.0) * 2)])[0]) == {}
