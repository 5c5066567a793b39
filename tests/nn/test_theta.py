"""The lecture's matrices of a network, and of its gradient."""

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, BackwardError, OptionError


def test_theta_is_the_matrix_of_the_lecture_with_the_bias_as_column_0():
    model = nn.Sequential(nn.Flatten(), nn.MLP([3, 4, 2], rng=0), nn.Tanh())
    model[1][0].bias.data, model[1][2].bias.data = np.arange(4.0), [5.0, 6.0]
    x = np.array([[1.0, -2.0, 0.5], [0.0, 0.3, 4.0]])
    a = np.column_stack([np.ones(2), x])  # by hand: forward propagation with the pseudo-variable x_0 = 1
    hidden = np.column_stack([np.ones(2), np.tanh(a @ model.theta(1).T)])
    np.testing.assert_allclose(np.tanh(hidden @ model.theta(2).T), model(x).data, rtol=1e-14)
    np.testing.assert_array_equal(model.theta(1)[:, 0], np.arange(4.0))
    np.testing.assert_array_equal(model.theta(2)[:, 1:], model[1][2].weight.data)


@pytest.mark.parametrize("bias", [True, False])
def test_theta_gradient_is_that_of_the_delta_rule(bias):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    model = nn.Sequential(nn.Linear(3, 2, bias=bias, rng=0))
    with pytest.raises(BackwardError, match=r"theta_gradient: linear layer 1 has no gradient yet; call J\.backward"):
        model.theta_gradient(1)
    nn.LeastSquaresLoss()(model(x), y).backward()
    with_1 = np.column_stack([np.ones(6), x])
    by_hand = (with_1 @ model.theta(1).T - y).T @ with_1 / 6  # dJ/dθ_ji = 1/n Σ (h_j - y_j) x_i
    if not bias:
        by_hand[:, 0] = 0
    np.testing.assert_allclose(model.theta_gradient(1), by_hand, rtol=1e-13)


def test_theta_is_a_copy_of_the_same_dtype():
    layer = nn.Linear(3, 2, dtype=np.float32)
    theta = layer.theta(1)
    assert theta.dtype == np.float32
    theta[:] = 7
    assert not (layer.theta(1) == 7).any()


def test_theta_without_a_bias_has_zeros_in_column_0():
    layer = nn.Linear(3, 2, bias=False, dtype=np.float32)
    np.testing.assert_array_equal(layer.theta(1), np.column_stack([[0, 0], layer.weight.data]))
    assert layer.theta(1).dtype == np.float32


def test_theta_says_which_layers_there_are():
    model = nn.MLP([2, 3, 1])
    for layer in 0, 3, -1:
        with pytest.raises(ArgumentError, match=rf"MLP\.theta: there is no linear layer {layer}; .* from 1 to 2"):
            model.theta(layer)
    with pytest.raises(ArgumentError, match=r"Tanh\.theta: there is no linear layer 1; there is none in this module"):
        nn.Tanh().theta(1)
    for layer in 1.0, True, "1", None:
        with pytest.raises(OptionError, match=r"MLP\.theta: l must be a whole number"):
            model.theta(layer)
