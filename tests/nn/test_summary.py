"""model.summary(input_shape): its table, its numbers, and that it leaves no trace."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.random import default_generator

# ----- what it says -----

def test_each_layer_has_a_row_with_shapes_and_the_parameters_of_its_own():
    model = nn.Sequential(nn.Flatten(), nn.MLP([64, 100, 10], "relu", batch_norm=True), nn.Residual(nn.Linear(10, 10)))
    summary = model.summary((5, 8, 8))
    rows = [(row.layer, row.path, row.inputs, row.outputs, row.parameters) for row in summary.rows]
    assert rows == [
        ("Sequential", "", ((5, 8, 8),), ((5, 10),), 0),
        ("Flatten", "layers.0", ((5, 8, 8),), ((5, 64),), 0),
        ("MLP", "layers.1", ((5, 64),), ((5, 10),), 0),
        ("Linear", "layers.1.layers.0", ((5, 64),), ((5, 100),), 64 * 100),
        ("BatchNorm1d", "layers.1.layers.1", ((5, 100),), ((5, 100),), 2 * 100),
        ("ReLU", "layers.1.layers.2", ((5, 100),), ((5, 100),), 0),
        ("Linear", "layers.1.layers.3", ((5, 100),), ((5, 10),), 100 * 10 + 10),
        ("Residual", "layers.2", ((5, 10),), ((5, 10),), 0),
        ("Linear", "layers.2.module", ((5, 10),), ((5, 10),), 10 * 10 + 10)]
    assert summary.parameters == sum(p.size for p in model.parameters())


def test_printed_it_is_a_table():
    assert str(nn.Sequential(nn.Linear(64, 100), nn.Tanh()).summary((5, 64))) == """\
layer       path      input     output    parameters
Sequential            (5, 64)   (5, 100)
Linear      layers.0  (5, 64)   (5, 100)       6,500
Tanh        layers.1  (5, 100)  (5, 100)
all                                            6,500"""


def test_a_shared_layer_has_a_row_for_each_use_and_counts_once():
    shared = nn.Linear(2, 2)
    summary = nn.Sequential(shared, nn.Tanh(), shared).summary((1, 2))
    assert [(row.path, row.parameters) for row in summary.rows] == [
        ("", 0), ("layers.0", 6), ("layers.1", 0), ("layers.0", 0)]
    assert summary.parameters == 6


def test_a_layer_that_is_not_used_counts_too():
    model = nn.Sequential(nn.Tanh())
    model.spare = nn.Linear(2, 3)
    summary = model.summary((4, 2))
    assert summary.rows[-1].inputs == summary.rows[-1].outputs == () and summary.parameters == 9
    assert str(summary).splitlines()[-2].split() == ["Linear", "spare", "-", "-", "9"]


def test_a_module_of_ones_own_with_several_inputs_and_outputs():
    class Both(nn.Module):
        def __init__(self):
            self.factor = nn.Parameter(2.0)
            self.inner = nn.Residual(nn.Tanh())

        def forward(self, x, offset=None):
            return (self.factor * x if offset is None else x + offset), self.inner(x=x)

    summary = Both().summary(3)
    assert [(row.layer, row.inputs, row.outputs, row.parameters) for row in summary.rows] == [
        ("Both", ((3,),), ((3,), (3,)), 1), ("Residual", ((3,),), ((3,),), 0), ("Tanh", ((3,),), ((3,),), 0)]


# ----- that it leaves no trace -----

class Nosy(nn.Module):
    """Notes what it saw, and draws even in evaluation."""

    def __init__(self):
        self.last, self.calls = None, 0

    def forward(self, x):
        self.last, self.calls = x, self.calls + 1
        return x + default_generator().normal(size=x.shape)


def test_nothing_is_changed():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.BatchNorm1d(4), nn.Dropout(0.5), Nosy(), nn.Linear(4, 1, rng=1))
    model[1].eval()
    model(np.random.default_rng(0).normal(size=(5, 3))).sum().backward()
    modes = [module.training for _, module in model.named_modules()]
    attributes = [dict(vars(module)) for _, module in model.named_modules()]
    state, gradients = model.state_dict(), [p.grad for p in model.parameters()]
    random = default_generator().bit_generator.state
    model.summary((7, 3))
    assert default_generator().bit_generator.state == random
    assert [module.training for _, module in model.named_modules()] == modes
    assert [dict(vars(module)) for _, module in model.named_modules()] == attributes
    for path, array in model.state_dict().items():
        assert array.tobytes() == state[path].tobytes()
    assert all(p.grad is g for p, g in zip(model.parameters(), gradients, strict=True))
    assert model[3].calls == 1


def test_nothing_is_changed_if_the_shape_does_not_fit():
    model = nn.MLP([3, 4, 1], batch_norm=True)
    attributes = [dict(vars(module)) for _, module in model.named_modules()]
    with pytest.raises(ShapeError, match=r"Linear\(3, 4\): x has shape \(7, 2\)"):
        model.summary((7, 2))
    assert [dict(vars(module)) for _, module in model.named_modules()] == attributes
    assert model.training and model(np.eye(3)).shape == (3, 1)


def test_the_zeros_have_the_dtype_of_the_parameters():
    seen = []
    nn.Sequential(nn.Linear(3, 1, dtype=np.float32), nn.Lambda(lambda y: seen.append(y) or y)).summary((1, 3))
    assert seen[0].dtype == np.float32 and isinstance(seen[0], tg.Value)


# ----- bad input -----

@pytest.mark.parametrize("shape, error", [((), ArgumentError), ((0, 3), ArgumentError), ((2, -1), ArgumentError),
                                          ((2.0, 3), OptionError), ("23", OptionError), (None, OptionError)], ids=repr)
def test_what_is_no_shape_is_refused(shape, error):
    with pytest.raises(error, match=r"MLP\.summary: input_shape"):
        nn.MLP([3, 1]).summary(shape)
