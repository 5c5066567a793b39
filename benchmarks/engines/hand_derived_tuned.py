"""The hand-derived step as somebody in a hurry writes it: every array made once, everything done in place.

The formulas are those of the textbook step. What differs: parameters, gradients and the optimizer's running
means are one flat vector each, of which the matrices are views; each layer has one buffer for its output and
one for its error delta; the sum over the samples is a product with ones.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from benchmarks.updates import BETA1, BETA2, EPSILON
from benchmarks.workloads import Workload, make_problem


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    n, dtype = workload.samples, workload.dtype
    theta = np.concatenate([p.ravel() for p in problem.parameters])
    gradient = np.empty_like(theta)
    weights, biases = matrices(theta, workload.layers)
    weight_gradients, bias_gradients = matrices(gradient, workload.layers)
    layers = [problem.x, *(np.empty((n, width), dtype) for width in workload.layers[1:])]
    deltas = [np.empty_like(a) for a in layers]  # the first is never used
    ones = np.ones(n, dtype)
    activate, times_derivative = ACTIVATIONS[workload.activation](layers)
    loss_and_delta = LOSSES[workload.loss](layers[-1], problem.target, deltas[-1])
    update = UPDATES[workload.optimizer](theta, gradient, workload.learning_rate)
    last = len(weights) - 1

    def step() -> float:
        for i, (W, b) in enumerate(zip(weights, biases, strict=True)):
            z = np.matmul(layers[i], W.T, out=layers[i + 1])
            z += b
            if i < last:
                activate(z)
        loss = loss_and_delta()
        for i in range(last, -1, -1):
            delta = deltas[i + 1]
            np.matmul(delta.T, layers[i], out=weight_gradients[i])
            np.matmul(ones, delta, out=bias_gradients[i])
            if i > 0:
                times_derivative(np.matmul(delta, weights[i], out=deltas[i]), i)
        update()
        return float(loss)

    return step


def matrices(vector: np.ndarray, layers: tuple[int, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The weights (out, in) and the biases (out,) in a flat vector [W1, b1, W2, b2, ...], as views of it."""
    weights, biases, start = [], [], 0
    for fan_in, fan_out in pairwise(layers):
        middle = start + fan_out * fan_in
        weights.append(vector[start:middle].reshape(fan_out, fan_in))
        biases.append(vector[middle:middle + fan_out])
        start = middle + fan_out
    return weights, biases


def tanh(layers: list[np.ndarray]) -> tuple[Callable, Callable]:
    slopes = [np.empty_like(a) for a in layers]

    def times_derivative(delta: np.ndarray, i: int) -> None:
        slope = np.multiply(layers[i], layers[i], out=slopes[i])
        np.subtract(1, slope, out=slope)
        delta *= slope

    return lambda z: np.tanh(z, out=z), times_derivative


def relu(layers: list[np.ndarray]) -> tuple[Callable, Callable]:
    slopes = [np.empty(a.shape, bool) for a in layers]

    def times_derivative(delta: np.ndarray, i: int) -> None:
        delta *= np.greater(layers[i], 0, out=slopes[i])

    return lambda z: np.maximum(z, 0, out=z), times_derivative


def identity(layers: list[np.ndarray]) -> tuple[Callable, Callable]:
    return lambda z: z, lambda delta, i: delta


def squares(h: np.ndarray, y: np.ndarray, delta: np.ndarray, factor: float) -> Callable[[], float]:
    """factor * sum (h - y)^2, and its derivative written to delta."""

    def loss_and_delta() -> float:
        residual = np.subtract(h, y, out=delta).ravel()
        loss = factor * (residual @ residual)
        residual *= 2 * factor
        return loss

    return loss_and_delta


def cross_entropy(h: np.ndarray, labels: np.ndarray, delta: np.ndarray) -> Callable[[], float]:
    samples = np.arange(len(h))

    def loss_and_delta() -> float:
        np.subtract(h, h.max(axis=1, keepdims=True), out=h)
        total = np.exp(h, out=delta).sum(axis=1, keepdims=True)
        loss = (np.log(total).sum() - h[samples, labels].sum()) / len(h)
        np.divide(delta, len(h) * total, out=delta)
        delta[samples, labels] -= 1 / len(h)
        return loss

    return loss_and_delta


def gradient_descent(theta: np.ndarray, gradient: np.ndarray, learning_rate: float) -> Callable[[], None]:
    def update() -> None:
        np.multiply(gradient, learning_rate, out=gradient)
        np.subtract(theta, gradient, out=theta)

    return update


def adam(theta: np.ndarray, gradient: np.ndarray, learning_rate: float) -> Callable[[], None]:
    m, v, scratch, t = np.zeros_like(theta), np.zeros_like(theta), np.empty_like(theta), 0

    def update() -> None:
        nonlocal m, v, t
        t += 1
        m *= BETA1
        m += np.multiply(gradient, 1 - BETA1, out=scratch)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, 1 - BETA2, out=scratch)
        v *= BETA2
        v += scratch
        np.sqrt(v, out=scratch)
        np.multiply(scratch, (1 - BETA2**t) ** -0.5, out=scratch)
        np.add(scratch, EPSILON, out=scratch)
        np.divide(m, scratch, out=scratch)
        np.multiply(scratch, learning_rate / (1 - BETA1**t), out=scratch)
        np.subtract(theta, scratch, out=theta)

    return update


ACTIVATIONS = {"tanh": tanh, "relu": relu, "identity": identity}
LOSSES: dict[str, Callable] = {
    "mse": lambda h, y, delta: squares(h, y, delta, 1 / h.size),
    "least_squares": lambda h, y, delta: squares(h, y, delta, 1 / (2 * len(h))),
    "cross_entropy": cross_entropy,
}
UPDATES = {"adam": adam, "gradient descent": gradient_descent}
