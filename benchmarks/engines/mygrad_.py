"""MyGrad: its layers' functions and gradients, and the update rules in plain NumPy, since it has none."""

from collections.abc import Callable
from typing import Any

import mygrad as mg
from mygrad.nnet.activations import relu
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.updates import make_update
from benchmarks.workloads import Workload, make_problem

mg.turn_memory_guarding_off()  # its manual's advice for speed

ACTIVATIONS = {"tanh": mg.tanh, "relu": relu, "identity": lambda z: z}
LOSSES = {
    "mse": lambda h, y: mg.mean((h - y) ** 2),
    "cross_entropy": softmax_crossentropy,
    "least_squares": lambda h, y: mg.sum((h - y) ** 2) / (2 * len(y)),
}


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    parameters: list[Any] = [mg.tensor(p) for p in problem.parameters]
    activation, loss_function = ACTIVATIONS[workload.activation], LOSSES[workload.loss]
    update = make_update(workload, [p.data for p in parameters])

    def step() -> float:
        h = problem.x
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            h = activation(mg.matmul(h, W.T) + b)
        W, b = parameters[-2:]
        loss = loss_function(mg.matmul(h, W.T) + b, problem.target)
        loss.backward()  # a gradient of the pass before is dropped when its tensor is used again
        update.step([p.grad for p in parameters])
        return loss.item()

    return step
