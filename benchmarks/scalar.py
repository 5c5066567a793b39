"""micrograd's demo, a network of single numbers, written once for any class `Value` that works like its own.

From https://github.com/karpathy/micrograd, `nn.py` and `demo.ipynb` (Andrej Karpathy, MIT licence); what is
new is that the class of the numbers and the initial weights are passed in.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.workloads import ScalarWorkload, make_moons_problem

PENALTY = 1e-4  # alpha of the demo's L2 regularisation


class Neuron:
    def __init__(self, Value: type, weights: np.ndarray, bias: float, nonlinear: bool) -> None:
        self.w = [Value(w) for w in weights.tolist()]
        self.b = Value(float(bias))
        self.nonlinear = nonlinear

    def __call__(self, x: list) -> Any:
        activation = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return activation.relu() if self.nonlinear else activation

    def parameters(self) -> list:
        return [*self.w, self.b]


class Layer:
    def __init__(self, Value: type, weights: np.ndarray, biases: np.ndarray, nonlinear: bool) -> None:
        self.neurons = [Neuron(Value, w, b, nonlinear) for w, b in zip(weights, biases, strict=True)]

    def __call__(self, x: list) -> Any:
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list:
        return [p for neuron in self.neurons for p in neuron.parameters()]


class MLP:
    def __init__(self, Value: type, arrays: list[np.ndarray]) -> None:
        *hidden, last = zip(arrays[::2], arrays[1::2], strict=True)
        self.layers = [*(Layer(Value, W, b, True) for W, b in hidden), Layer(Value, *last, False)]

    def __call__(self, x: list) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list:
        return [p for layer in self.layers for p in layer.parameters()]


def make_moons_step(workload: ScalarWorkload, Value: type, no_gradient: Any) -> Callable[[], float]:
    """The demo's step with numbers of class `Value`, whose `.grad` is reset to `no_gradient`."""
    for module in workload.imports:
        if find_spec(module.partition(".")[0]):
            import_module(module)
    problem = make_moons_problem(workload)
    model = MLP(Value, problem.parameters)
    points, labels = problem.x.tolist(), problem.target.tolist()

    def step() -> float:
        inputs = [list(map(Value, row)) for row in points]
        scores = list(map(model, inputs))
        losses = [(1 + -y * score).relu() for y, score in zip(labels, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        parameters = model.parameters()
        loss = data_loss + PENALTY * sum(p * p for p in parameters)
        for p in parameters:
            p.grad = no_gradient
        loss.backward()
        for p in parameters:
            p.data -= workload.learning_rate * p.grad
        return loss.data

    return step
