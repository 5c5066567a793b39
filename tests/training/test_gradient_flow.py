"""`GradientFlow`: its numbers against those computed by hand, its verdicts, and that it only looks."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim, training
from tinygrad_edu.errors import ArgumentError, StateError
from tinygrad_edu.training.activity import observe

X = np.random.default_rng(0).normal(size=(60, 3))
Y = np.sin(X.sum(axis=1, keepdims=True))


def trained(model, epochs=3, lr=0.1, callbacks=(), optimizer=optim.SGD):
    step = optimizer(model.parameters(), lr=lr)
    return training.fit(model, nn.MSELoss(), step, X, Y, epochs=epochs, callbacks=callbacks, rng=0, progress=False)


def test_what_is_observed_is_what_the_formulas_give():
    model = nn.MLP([3, 4, 1], activation="sigmoid", rng=0)
    (first, sigmoid, last), output = observe(model, nn.MSELoss(), X, Y)
    W1, b1, W2, b2 = (p.data for p in model.parameters())
    a = 1 / (1 + np.exp(-(X @ W1.T + b1)))
    h = a @ W2.T + b2
    delta = 2 / len(X) * (h - Y)
    np.testing.assert_allclose(output, h, rtol=1e-12)
    np.testing.assert_allclose(sigmoid.output, a, rtol=1e-12)
    np.testing.assert_allclose(sigmoid.slopes, a * (1 - a), rtol=1e-12)
    np.testing.assert_allclose(sigmoid.output_gradient, delta @ W2, rtol=1e-12)
    np.testing.assert_allclose(last.gradients["weight"], delta.T @ a, rtol=1e-12)
    gradient = ((delta @ W2) * a * (1 - a)).T @ X
    assert first.weight_gradient == pytest.approx(np.sqrt(np.mean(gradient**2)), rel=1e-12)
    assert [layer.path for layer in (first, sigmoid, last)] == ["layers.0", "layers.1", "layers.2"]
    assert (first.slopes, last.slopes) == (None, None)


def test_shares_of_zeros_and_of_dead_and_saturated_units():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Tanh())
    model[0].bias.data = np.array([-50.0, 50.0, 0.0, 0.0])
    (_, relu, tanh), _ = observe(model, nn.MSELoss(), X, np.zeros((60, 4)))
    z = X @ model[0].weight.data.T + model[0].bias.data
    assert relu.dead == 0.25
    assert relu.zeros == np.mean(z <= 0)
    assert relu.slope == np.mean(z > 0)
    assert tanh.saturated == np.mean(1 - np.tanh(np.maximum(z, 0)) ** 2 < 0.05)


def test_numbers_over_the_epochs():
    flow = training.GradientFlow()
    model = nn.MLP([3, 4, 1], activation="tanh", rng=0)
    start = model[0].weight.data.copy()
    trained(model, epochs=1, callbacks=[flow])
    assert flow.epochs == [0, 1]
    assert list(flow.over_epochs("gradient")) == ["layers.0", "layers.2"]
    assert list(flow.over_epochs("slope")) == ["layers.1"]
    before, after = flow.over_epochs("update")["layers.0"]
    assert np.isnan(before)
    change = model[0].weight.data - start
    assert after == pytest.approx(np.sqrt(np.mean(change**2) / np.mean(start**2)), rel=1e-12)


def test_it_only_looks():
    plain, watched = (nn.MLP([3, 8, 1], activation="relu", dropout=0.3, rng=0) for _ in range(2))
    without = trained(plain, epochs=4)
    with_it = trained(watched, epochs=4, callbacks=[training.GradientFlow()])
    assert without["loss"][0] == pytest.approx(with_it["loss"][0], rel=0.5)  # dropout draws from one generator
    plain, watched = (nn.MLP([3, 8, 1], activation="relu", rng=0) for _ in range(2))
    assert trained(plain)["loss"] == trained(watched, callbacks=[training.GradientFlow()])["loss"]
    for a, b in zip(plain.parameters(), watched.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def verdicts(model, **options):
    flow = training.GradientFlow()
    trained(model, callbacks=[flow], **options)
    return {verdict.name: verdict for verdict in flow.verdicts()}


@pytest.mark.parametrize("seed", range(3))
def test_verdicts(seed):
    found = verdicts(nn.MLP([3, *[16] * 8, 1], activation="sigmoid", rng=seed), lr=0.01)
    # eight factors of at most a quarter: the product of the slopes alone is below 4^-8
    assert found["vanishing gradient"].number < 1e-3
    assert verdicts(nn.MLP([3, 16, 16, 1], activation="tanh", rng=seed)) == {}
    assert "exploding gradient" in verdicts(scaled(nn.MLP([3, *[32] * 10, 1], activation="relu", rng=seed), 5), lr=0.0)


def scaled(model, factor):
    for p in model.parameters():
        p.data = p.data * factor
    return model


def test_before_training_there_is_nothing_to_say():
    flow = training.GradientFlow()
    for ask in (flow.verdicts, flow.plot, lambda: flow.over_epochs("gradient")):
        with pytest.raises(StateError, match="seen no training yet"):
            ask()
    assert repr(flow) == "<GradientFlow, nothing seen yet>"


def test_an_unknown_quantity_names_the_known():
    flow = training.GradientFlow()
    trained(nn.MLP([3, 4, 1], rng=0), callbacks=[flow])
    with pytest.raises(ArgumentError, match="'size'; there are gradient, update, mean, deviation, slope"):
        flow.over_epochs("size")
    assert repr(flow) == "<GradientFlow of 4 looks: all is well>"


def test_the_plot_has_a_line_for_each_layer_with_weights():
    pytest.importorskip("matplotlib")
    flow = training.GradientFlow()
    trained(nn.MLP([3, 4, 1], rng=0), callbacks=[flow])
    axes, = flow.plot().axes
    assert [line.get_ydata().tolist() for line in axes.lines] == list(flow.over_epochs("gradient").values())
    assert [line.get_xdata().tolist() for line in axes.lines] == [[0, 1, 2, 3]] * 2
