"""Backpropagation as a lecture derives it, formula by formula, to hold the graph's gradients against.

Plain NumPy and no graph in sight: what `Value.backward` finds by walking a graph is written out here for the
one family of models whose gradient everybody derives by hand, the fully connected network.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), written with exp(-|z|), which never overflows."""
    e = np.exp(-abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


# Each activation a(z), and delta * a'(z), how it passes the error on; a' is written with a itself.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "identity": (lambda z: z, lambda delta, a: delta),
    "relu": (lambda z: np.maximum(z, 0), lambda delta, a: delta * (a > 0)),
    "tanh": (np.tanh, lambda delta, a: delta * (1 - a * a)),
    "sigmoid": (sigmoid, lambda delta, a: delta * (a * (1 - a))),
}


def mlp_loss_and_gradients(parameters: Sequence[np.ndarray], x: Any, target: Any, activation: str = "relu",
                           loss: str = "mse") -> tuple[np.floating, list[np.ndarray]]:
    """The loss of a fully connected network and its derivative with respect to every weight and bias.

    Forward propagation, with a^(0) = x and a linear last layer, a^(L) = z^(L) = h:

        z^(l) = a^(l-1) W^(l)^T + b^(l),    a^(l) = activation(z^(l))

    Backpropagation, from the last layer down (* is element by element):

        delta^(L) = dJ/dh
        delta^(l) = (delta^(l+1) W^(l+1)) * activation'(z^(l))
        dJ/dW^(l) = delta^(l)^T a^(l-1),    dJ/db^(l) = sum over the samples of delta^(l)

    The lecture's theta^(l) is [b | W], the bias in column 0. It writes dJ/dtheta^(1) without the factor
    (yhat - y); the chain rule has it, in delta^(L), and so has this function.

    Arguments:
        parameters: [W1, b1, W2, b2, ...], all of one floating dtype, which the results keep; W is (out, in),
            b is (out,).
        x: the samples, (n, in) with n of 1 or more.
        target: (n, out) for "mse" and "least_squares"; whole-number labels (n,) for "cross_entropy".
        activation: "identity", "relu", "tanh" or "sigmoid", of every layer but the last.
        loss: "mse", the mean of (h - y)^2 over all entries; "least_squares", the lecture's J = 1/(2n) times
            their sum; "cross_entropy", the mean over the samples of -log softmax(h) at the label.

    Errors: ArgumentError for an unknown name, an odd number of parameters or a label out of range, ShapeError
    for shapes that do not fit together, DtypeError for data that are not real numbers.

    >>> W, b = np.array([[2.0]]), np.array([1.0])
    >>> mlp_loss_and_gradients([W, b], x=[[3.0]], target=[[5.0]])  # h = 7, so dJ/dW = 2 (7 - 5) 3
    (np.float64(4.0), [array([[12.]]), array([4.])])

    Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams (1986), https://doi.org/10.1038/323533a0.
    Conventions: PyTorch's; relu'(0) = 0.
    """
    parameters, x, target = _checked(parameters, x, target, activation, loss)
    layers = forward_propagation(parameters, x, activation)
    value, delta = LOSSES[loss](layers[-1], target)
    return value, backpropagation(parameters, layers, delta, activation)


def forward_propagation(parameters: Sequence[np.ndarray], x: np.ndarray, activation: str) -> list[np.ndarray]:
    """[a^(0), ..., a^(L)]: what every layer puts out, from the samples to the hypothesis. Checks nothing."""
    function, _ = ACTIVATIONS[activation]
    *hidden, last = zip(parameters[::2], parameters[1::2], strict=True)
    layers = [x]
    for W, b in hidden:
        layers.append(function(layers[-1] @ W.T + b))
    W, b = last
    layers.append(layers[-1] @ W.T + b)
    return layers


def backpropagation(parameters: Sequence[np.ndarray], layers: Sequence[np.ndarray], delta: np.ndarray,
                    activation: str) -> list[np.ndarray]:
    """[dJ/dW1, dJ/db1, ...] from the layers of the forward propagation and delta = dJ/dh. Checks nothing."""
    _, times_derivative = ACTIVATIONS[activation]
    gradients = [delta.T @ layers[-2], delta.sum(axis=0)]
    for l in range(len(layers) - 2, 0, -1):  # noqa: E741, the lecture's name for a layer
        delta = times_derivative(delta @ parameters[2 * l], layers[l])
        gradients[:0] = [delta.T @ layers[l - 1], delta.sum(axis=0)]
    return gradients


def mse(h: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """J = mean (h - y)^2 and dJ/dh = 2 (h - y) / (number of entries)."""
    residual = h - y
    return np.mean(residual**2), 2 / residual.size * residual


def least_squares(h: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """J = 1/(2n) sum (h - y)^2 and dJ/dh = (h - y) / n, for n samples."""
    residual = h - y
    n = len(residual)
    return np.sum(residual**2) / (2 * n), residual / n


def cross_entropy(h: np.ndarray, labels: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """J = -1/n sum log softmax(h)[label] and dJ/dh = (softmax(h) - one_hot(label)) / n."""
    sample = np.arange(len(h))
    shifted = h - h.max(axis=1, keepdims=True)  # leaves softmax as it is, and no exponential overflows
    exponentials = np.exp(shifted)
    total = exponentials.sum(axis=1, keepdims=True)
    value = np.mean(np.log(total[:, 0]) - shifted[sample, labels])
    delta = exponentials / total
    delta[sample, labels] -= 1
    return value, delta / len(h)


LOSSES: dict[str, Callable] = {"mse": mse, "least_squares": least_squares, "cross_entropy": cross_entropy}


def _checked(parameters: Sequence[np.ndarray], x: Any, target: Any, activation: str,
             loss: str) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """The data as arrays of the parameters' dtype, once it is known that they fit together."""
    where = "mlp_loss_and_gradients"
    names: list[tuple[str, str, dict]] = [("activation", activation, ACTIVATIONS), ("loss", loss, LOSSES)]
    for kind, name, known in names:
        if name not in known:
            raise ArgumentError(f"{where}: unknown {kind} {name!r}; choose from {', '.join(known)}")
    parameters = [np.asarray(p) for p in parameters]
    if not parameters or len(parameters) % 2:
        raise ArgumentError(f"{where}: expected parameters [W1, b1, W2, b2, ...], got {len(parameters)}")
    dtype, *others = {p.dtype for p in parameters}
    if others or dtype.kind != "f":
        dtypes = ", ".join(sorted(map(str, [dtype, *others])))
        raise DtypeError(f"{where}: expected parameters of one floating dtype, got {dtypes}")

    x, target = np.asarray(x), np.asarray(target)
    wanted = "whole-number labels" if loss == "cross_entropy" else "real numbers"
    for name, array, numbers in [("x", x, "real numbers"), ("target", target, wanted)]:
        if array.dtype.kind not in ("fiub" if numbers == "real numbers" else "iu"):
            raise DtypeError(f"{where}: expected {name} to hold {numbers}, got dtype {array.dtype}")
    if x.ndim != 2 or len(x) == 0:
        raise ShapeError(f"{where}: expected x of shape (n, in) with n of 1 or more, got {x.shape}")
    width = x.shape[1]
    for i, (W, b) in enumerate(zip(parameters[::2], parameters[1::2], strict=True), start=1):
        if W.ndim != 2 or W.shape[1] != width:
            raise ShapeError(f"{where}: expected W{i} of shape (out, {width}), got {W.shape}")
        width = W.shape[0]
        if b.shape != (width,):
            raise ShapeError(f"{where}: expected b{i} of shape ({width},) to fit W{i}, got {b.shape}")

    shape = (len(x),) if loss == "cross_entropy" else (len(x), width)
    if target.shape != shape:
        raise ShapeError(f"{where}: expected a target of shape {shape}, got {target.shape}")
    if loss != "cross_entropy":
        return parameters, x.astype(dtype, copy=False), target.astype(dtype, copy=False)
    if target.min() < 0 or target.max() >= width:
        raise ArgumentError(f"{where}: expected labels from 0 to {width - 1}, "
                            f"got {target.min()} to {target.max()}")
    return parameters, x.astype(dtype, copy=False), target
