"""The loss landscape: heights computed by hand, directions of the right length, and a model that stays as it is."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.landscape import heights

X = np.random.default_rng(0).normal(size=(20, 2))
Y = np.sin(X[:, :1])


def test_the_height_in_the_middle_is_the_loss():
    model = nn.MLP([2, 5, 1], rng=0)
    a, J = heights(model, nn.MSELoss(), X, Y, points=5, rng=0)
    np.testing.assert_allclose(a, [-1, -0.5, 0, 0.5, 1])
    assert J[2, 2] == nn.MSELoss()(model(X), Y).item()


def test_other_heights_are_those_of_the_shifted_weights():
    model = nn.MLP([2, 5, 1], rng=0)
    a, J = heights(model, nn.MSELoss(), X, Y, span=0.5, points=3, rng=1)
    generator, shifts = np.random.default_rng(1), []
    weights = [model[0].weight, model[2].weight]
    for _ in range(2):  # for each direction, one draw for each matrix of weights
        drawn = [generator.standard_normal(w.shape) for w in weights]
        shifts.append([d * np.linalg.norm(w.data, axis=1, keepdims=True) / np.linalg.norm(d, axis=1, keepdims=True)
                       for d, w in zip(drawn, weights, strict=True)])
    before = [w.data for w in weights]
    for w, theta, d, e in zip(weights, before, *shifts, strict=True):
        w.data = theta + a[0] * d + a[2] * e
    assert J[2, 0] == pytest.approx(nn.MSELoss()(model(X), Y).item(), rel=1e-12)


def test_nothing_of_the_model_is_changed():
    model = nn.MLP([2, 5, 1], batch_norm=True, dropout=0.5, rng=0)
    arrays, state = [p.data for p in model.parameters()], model.state_dict()
    J = nn.MSELoss()(model.train()(X), Y)
    state = model.state_dict()
    heights(model, nn.MSELoss(), X, Y, points=3, rng=0)
    with pytest.raises(ShapeError, match="a height is a single number"):
        heights(model, nn.MSELoss(reduction="none"), X, Y, points=3, rng=0)
    assert all(p.data is array for p, array in zip(model.parameters(), arrays, strict=True))
    assert model.training
    for name, numbers in model.state_dict().items():
        np.testing.assert_array_equal(numbers, state[name])
    J.backward()  # the graph of before is still good


@pytest.mark.parametrize("arguments, options, error, message", [
    (("model",), {}, OptionError, "model must be a Module"),
    ((nn.Tanh(),), {}, OptionError, "no matrix of weights"),
    ((nn.Linear(2, 1),), {"points": 1}, ArgumentError, "points"),
    ((nn.Linear(2, 1),), {"span": -1.0}, ArgumentError, "span"),
])
def test_what_has_no_landscape(arguments, options, error, message):
    with pytest.raises(error, match=message):
        heights(*arguments, nn.MSELoss(), X, Y, **options)


def test_the_picture_says_how_high_it_is(tmp_path):
    pytest.importorskip("matplotlib")
    figure = tg.plots.loss_landscape(nn.MLP([2, 5, 1], rng=0), nn.MSELoss(), X, Y, points=5, rng=0)
    _, J = heights(nn.MLP([2, 5, 1], rng=0), nn.MSELoss(), X, Y, points=5, rng=0)
    title = f"J between {J.min():.3g} and {J.max():.3g}, {J[2, 2]:.3g} in the middle"
    assert figure.axes[0].get_title() == title
    figure.savefig(tmp_path / "landscape.png")
