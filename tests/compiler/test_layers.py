"""Every layer and activation, compiled: outputs, gradients, parameters and statistics, also among eager steps."""

import numpy as np
import pytest

from tests.compiler.side_by_side import Training, assert_same_function, assert_same_training
from tinygrad_edu import nn, optim

IMAGES = (2, 8, 8)
LAYERS = {
    "linear": (lambda: nn.Linear(6, 4), 6),
    "linear without bias": (lambda: nn.Linear(6, 4, bias=False), 6),
    "mlp": (lambda: nn.MLP([6, 8, 3], activation="relu"), 6),
    "mlp with all": (lambda: nn.MLP([6, 8, 8, 3], activation="tanh", batch_norm=True, dropout=0.3), 6),
    "batch norm": (lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)), 6),
    "batch norm alone": (lambda: nn.BatchNorm1d(6), 6),
    "layer norm": (lambda: nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4)), 6),
    "residual": (lambda: nn.Residual(nn.Sequential(nn.Linear(6, 6), nn.Tanh())), 6),
    "rbf gaussian": (lambda: nn.RBF(6, 4), 6),
    "rbf multiquadric": (lambda: nn.RBF(6, 4, kind="multiquadric"), 6),
    "dropout": (lambda: nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.4)), 6),
    "alpha dropout": (lambda: nn.Sequential(nn.Linear(6, 4), nn.SELU(), nn.AlphaDropout(0.2)), 6),
    "lambda": (lambda: nn.Sequential(nn.Linear(6, 4), nn.Lambda(lambda v: v * np.cos(v))), 6),
    "nested": (lambda: nn.Sequential(nn.Sequential(nn.Linear(6, 4), nn.Tanh()), nn.Residual(nn.Linear(4, 4))), 6),
    "shared": (lambda: nn.Sequential(*[nn.Linear(6, 6)] * 2), 6),
    "convolution": (lambda: nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(
        4, 4, 3, groups=2, stride=2), nn.Flatten(), nn.Linear(4, 3)), IMAGES),
    "pooling": (lambda: nn.Sequential(nn.Conv2d(2, 4, 3, dilation=2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(
        16, 3)), IMAGES),
}
ACTIVATIONS = ("Identity", "BinaryStep", "Sigmoid", "Tanh", "ReLU", "GELU", "Softplus", "ELU", "SELU", "LeakyReLU",
               "Softmax", "LogSoftmax")
LAYERS |= {name: (lambda name=name: nn.Sequential(nn.Linear(6, 4), getattr(nn, name)(), nn.Linear(4, 2)), 6)
           for name in ACTIVATIONS}
each_layer = pytest.mark.parametrize("name", LAYERS)


def made(name, dtype=np.float64):
    """(the layer, a batch, numbers of the output's shape)."""
    make, features = LAYERS[name]
    layer = make()
    if dtype != np.float64:
        for p in layer.parameters():
            p.data = p.data.astype(dtype)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(7, *np.atleast_1d(features))).astype(dtype)
    return layer, x, rng.normal(size=layer(x).shape).astype(dtype)


def training(name, dtype=np.float64):
    def build():
        layer, _, _ = made(name, dtype)
        optimizer = optim.SGD(layer.parameters(), lr=0.05, momentum=0.5)  # whose first step is another one

        def step(x, t):
            optimizer.zero_grad()
            y = layer(x)
            J = ((y - t) ** 2).mean()
            J.backward()
            optimizer.step()
            return J, y

        return Training(step, layer, [optimizer])

    return build


def test_every_layer_is_here():
    used = {type(module).__name__ for make, _ in LAYERS.values() for _, module in make().named_modules()}
    layers = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)
              and issubclass(getattr(nn, name), nn.Module)}
    others = {name for name in layers if issubclass(getattr(nn, name), nn.Loss | nn.Penalty)}
    assert layers - others - {"Module", "Perceptron"} <= used  # the perceptron learns by a rule of its own


@each_layer
def test_training(name):
    _, x, t = made(name)
    assert_same_training(training(name), (x, t), (x[::-1] * 0.5, t + 0.1), eager=(3, 4, 9), traced=2)


@each_layer
def test_in_float32(name):
    _, x, t = made(name, np.float32)
    assert_same_training(training(name, np.float32), (x, t), steps=5, rtol=2e-4, atol=2e-5, traced=2)


@each_layer
def test_inference(name):
    layer, x, _ = made(name)
    assert_same_function(layer.eval(), (x,), (x + 0.1,), (-x,))
