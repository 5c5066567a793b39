"""HIPS autograd: its gradients, and the update rules in plain NumPy, as its optimizers own the whole loop."""

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as np
from autograd.scipy.special import logsumexp

from benchmarks.updates import make_update
from benchmarks.workloads import Workload, make_problem

ACTIVATIONS = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "identity": lambda z: z}


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    x, target, parameters = problem.x, problem.target, problem.parameters
    activation = ACTIVATIONS[workload.activation]
    update = make_update(workload, parameters)
    if workload.loss == "cross_entropy":  # one-hot, as in autograd's own examples: indexing is slow there
        target = np.eye(workload.layers[-1], dtype=workload.dtype)[target]

    def loss_of(parameters: list) -> Any:
        h = x
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            h = activation(np.dot(h, W.T) + b)
        W, b = parameters[-2:]
        h = np.dot(h, W.T) + b
        if workload.loss == "cross_entropy":
            return -np.sum((h - logsumexp(h, axis=1, keepdims=True)) * target) / len(target)
        if workload.loss == "mse":
            return np.mean((h - target) ** 2)
        return np.sum((h - target) ** 2) / (2 * len(target))

    value_and_gradient = autograd.value_and_grad(loss_of)

    def step() -> float:
        loss, gradients = value_and_gradient(parameters)
        update.step(gradients)
        return float(loss)

    return step
