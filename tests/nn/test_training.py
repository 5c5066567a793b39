"""A small network learns what no linear model can, and the same seed takes it the same way."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.interop import load, save

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([[0.0], [1.0], [1.0], [0.0]])


def train(model, optimizer, loss_function, target, steps=500):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_function(model(CORNERS), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("seed", range(3))
def test_a_multilayer_perceptron_learns_xor(seed):
    model = nn.MLP([2, 8, 1], activation="tanh", rng=seed)
    losses = train(model, optim.Adam(model.parameters(), lr=0.05), nn.MSELoss(), XOR)
    assert losses[-1] < 1e-3
    np.testing.assert_allclose(model(CORNERS).data, XOR, atol=0.1)


def test_a_classifier_learns_xor():
    model = nn.MLP([2, 16, 2], activation="relu", rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    losses = train(model, optimizer, nn.CrossEntropyLoss(), XOR[:, 0].astype(int))
    assert losses[-1] < 1e-3
    np.testing.assert_array_equal(model(CORNERS).argmax(axis=1), XOR[:, 0])


def test_a_linear_model_cannot_and_finds_the_mean():
    # by symmetry its best answer is 1/2 at each corner, so J = 1/(2·4) Σ (1/2)² = 1/8
    model = nn.MLP([2, 8, 1], activation="identity", rng=0)
    losses = train(model, optim.SGD(model.parameters(), lr=0.3), nn.LeastSquaresLoss(), XOR)
    assert losses[-1] == pytest.approx(1 / 8, rel=1e-6)
    np.testing.assert_allclose(model(CORNERS).data, 0.5, atol=1e-3)


@pytest.mark.parametrize("make", [
    lambda params: optim.Adam(params, lr=0.05), lambda params: optim.SGD(params, lr=0.2, momentum=0.9)],
    ids=["Adam", "SGD"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_seed_gives_the_same_bits_in_every_run(make, dtype):
    def run(seed):
        model = nn.MLP([2, 8, 1], dtype=dtype, rng=seed)
        losses = train(model, make(model.parameters()), nn.MSELoss(), XOR.astype(dtype), steps=50)
        return losses, [p.data.tobytes() for p in model.parameters()]

    assert run(seed=1) == run(seed=1)
    assert run(seed=1) != run(seed=2)


def test_training_leaves_parameters_and_gradients_in_their_dtype():
    model = nn.MLP([2, 4, 1], dtype=np.float32, rng=0)
    train(model, optim.Adam(model.parameters()), nn.MSELoss(), XOR.astype(np.float32), steps=3)
    assert {p.data.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_training_goes_on_from_a_saved_model_and_optimizer_bit_for_bit(tmp_path):
    def new():
        model = nn.MLP([2, 4, 1], rng=0)
        return model, optim.Adam(model.parameters(), lr=0.05)

    model, optimizer = new()
    train(model, optimizer, nn.MSELoss(), XOR, steps=10)
    save(tmp_path / "model.npz", model.state_dict())
    save(tmp_path / "optimizer.npz", optimizer.state_dict())
    straight = train(model, optimizer, nn.MSELoss(), XOR, steps=10)

    model, optimizer = new()
    optimizer.lr = 1.0
    model.load_state_dict(load(tmp_path / "model.npz"))
    optimizer.load_state_dict(load(tmp_path / "optimizer.npz"))
    assert train(model, optimizer, nn.MSELoss(), XOR, steps=10) == straight
