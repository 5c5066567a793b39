"""The formulas derived by hand: against central differences, PyTorch and numbers worked out on paper."""

from itertools import pairwise

import numpy as np
import pytest

from tinygrad_edu.check.hand_derived import ACTIVATIONS, LOSSES, mlp_loss_and_gradients, sigmoid
from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError

LAYERS = {"no hidden layer": [3, 2], "one hidden layer": [4, 5, 3], "deep": [2, 6, 4, 5, 3]}


def network(widths, loss, n=7, dtype=np.float64, seed=0):
    """Random parameters, samples and targets for layers of these widths."""
    rng = np.random.default_rng(seed)
    parameters = [rng.normal(size=shape).astype(dtype)
                  for fan_in, fan_out in pairwise(widths)
                  for shape in [(fan_out, fan_in), (fan_out,)]]
    x = rng.normal(size=(n, widths[0])).astype(dtype)
    if loss == "cross_entropy":
        return parameters, x, rng.integers(widths[-1], size=n)
    return parameters, x, rng.normal(size=(n, widths[-1])).astype(dtype)


def central_differences(f, array, h=1e-6):
    """df/darray, one entry at a time: (f(+h) - f(-h)) / 2h."""
    derivative = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + h
        above = f()
        array[index] = kept - h
        below = f()
        array[index] = kept
        derivative[index] = (above - below) / (2 * h)
    return derivative


every_network = pytest.mark.parametrize("widths", LAYERS.values(), ids=LAYERS)
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
every_loss = pytest.mark.parametrize("loss", LOSSES)


@every_network
@every_activation
@every_loss
def test_gradients_are_the_slopes_of_the_loss(widths, activation, loss):
    parameters, x, target = network(widths, loss)
    _, gradients = mlp_loss_and_gradients(parameters, x, target, activation, loss)
    assert len(gradients) == len(parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        slopes = central_differences(
            lambda: mlp_loss_and_gradients(parameters, x, target, activation, loss)[0], parameter)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8)


@every_network
@every_activation
@every_loss
@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-4), (np.float64, 1e-12)])
def test_same_numbers_as_pytorch(widths, activation, loss, dtype, tolerance):
    torch = pytest.importorskip("torch")
    parameters, x, target = network(widths, loss, dtype=dtype)
    value, gradients = mlp_loss_and_gradients(parameters, x, target, activation, loss)

    leaves = [torch.tensor(p, requires_grad=True) for p in parameters]
    h, y = torch.tensor(x), torch.tensor(target)
    for W, b in zip(leaves[:-2:2], leaves[1:-2:2], strict=True):
        z = torch.nn.functional.linear(h, W, b)
        h = z if activation == "identity" else getattr(torch, activation)(z)
    h = torch.nn.functional.linear(h, *leaves[-2:])
    expected = {"mse": lambda: torch.nn.functional.mse_loss(h, y),
                "least_squares": lambda: ((h - y) ** 2).sum() / (2 * len(h)),
                "cross_entropy": lambda: torch.nn.functional.cross_entropy(h, y)}[loss]()
    expected.backward()

    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=tolerance)
    for gradient, leaf in zip(gradients, leaves, strict=True):
        np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=tolerance, atol=tolerance)


@every_activation
@every_loss
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtype_is_kept(activation, loss, dtype):
    parameters, x, target = network([3, 4, 2], loss, dtype=dtype)
    value, gradients = mlp_loss_and_gradients(parameters, x.astype(np.float64), target, activation, loss)
    assert {value.dtype, *(g.dtype for g in gradients)} == {np.dtype(dtype)}
    assert [g.shape for g in gradients] == [p.shape for p in parameters]


@every_loss
def test_arguments_stay_as_they_are(loss):
    parameters, x, target = network([3, 4, 2], loss)
    kept = [array.copy() for array in [*parameters, x, target]]
    _, gradients = mlp_loss_and_gradients(parameters, x, target, "identity", loss)
    for gradient in gradients:
        gradient[...] = np.nan  # the caller's own: writing to it reaches no argument
    for array, before in zip([*parameters, x, target], kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_linear_regression_on_paper():
    # h = 2 x - 1 at x = 1, 2 is 1, 3; against y = 0, 5 the residuals are 1, -2
    W, b = np.array([[2.0]]), np.array([-1.0])
    x, y = [[1], [2]], [[0], [5]]
    loss, (dW, db) = mlp_loss_and_gradients([W, b], x, y, loss="least_squares")
    assert (loss, dW.tolist(), db.tolist()) == (5 / 4, [[-3 / 2]], [-1 / 2])
    loss, (dW, db) = mlp_loss_and_gradients([W, b], x, y, loss="mse")
    assert (loss, dW.tolist(), db.tolist()) == (5 / 2, [[-3]], [-1])


def test_relu_passes_nothing_at_zero():
    W1, b1, W2, b2 = np.zeros((1, 1)), np.zeros(1), np.ones((1, 1)), np.zeros(1)
    _, gradients = mlp_loss_and_gradients([W1, b1, W2, b2], [[1.0]], [[1.0]], "relu")
    assert [g.item() for g in gradients] == [0, 0, 0, -2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_at_large_logits(dtype):
    W, b = np.array([[1e4], [-1e4]], dtype=dtype), np.zeros(2, dtype=dtype)
    loss, (dW, db) = mlp_loss_and_gradients([W, b], [[1.0], [1.0]], [0, 1], loss="cross_entropy")
    assert loss == 1e4  # the mean of 0 and of the difference of the logits, 2e4
    assert (dW.ravel().tolist(), db.tolist()) == ([0.5, -0.5], [0.5, -0.5])


def test_sigmoid_at_its_ends():
    special = pytest.importorskip("scipy.special")
    z = np.array([-1e4, -700.0, -30.0, -1e-9, 0.0, 2.0, 40.0, 1e4])
    np.testing.assert_allclose(sigmoid(z), special.expit(z), rtol=1e-14)


W, B, X, Y = np.ones((2, 3)), np.ones(2), np.ones((4, 3)), np.ones((4, 2))
BAD_INPUT = {
    "unknown activation": (ArgumentError, "relu", dict(activation="swish")),
    "unknown loss": (ArgumentError, "cross_entropy", dict(loss="mae")),
    "no parameters": (ArgumentError, "W1, b1", dict(parameters=[])),
    "a bias is missing": (ArgumentError, "got 3", dict(parameters=[W, B, W])),
    "two dtypes": (DtypeError, "float32", dict(parameters=[W, B.astype(np.float32)])),
    "whole-number weights": (DtypeError, "int64", dict(parameters=[W.astype(np.int64), B.astype(np.int64)])),
    "text": (DtypeError, "x to hold real numbers", dict(x=[["a", "b", "c"]])),
    "a flat x": (ShapeError, r"\(n, in\)", dict(x=np.ones(3))),
    "no samples": (ShapeError, "1 or more", dict(x=np.ones((0, 3)), target=np.ones((0, 2)))),
    "transposed weights": (ShapeError, r"W1 of shape \(out, 3\)", dict(parameters=[W.T, np.ones(3)])),
    "bias of another layer": (ShapeError, r"b1 of shape \(2,\)", dict(parameters=[W, np.ones(3)])),
    "a flat target": (ShapeError, r"\(4, 2\)", dict(target=np.ones(4))),
    "labels that are no whole numbers": (DtypeError, "labels", dict(target=np.ones(4), loss="cross_entropy")),
    "one-hot labels": (ShapeError, r"\(4,\)", dict(target=np.ones((4, 2), int), loss="cross_entropy")),
    "label too large": (ArgumentError, "0 to 1", dict(target=[0, 1, 2, 0], loss="cross_entropy")),
    "label below 0": (ArgumentError, "0 to 1", dict(target=[0, 1, -1, 0], loss="cross_entropy")),
}


@pytest.mark.parametrize("error, message, change", BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_named(error, message, change):
    with pytest.raises(error, match=message):
        mlp_loss_and_gradients(**{"parameters": [W, B], "x": X, "target": Y} | change)
