"""PyTorch, running eagerly, with its own layers, losses and optimizers."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn

from benchmarks.workloads import Workload, make_problem

ACTIVATIONS: dict[str, Callable] = {"tanh": nn.Tanh, "relu": nn.ReLU, "identity": nn.Identity}
LOSSES: dict[str, Callable] = {
    "mse": nn.MSELoss(),
    "cross_entropy": nn.CrossEntropyLoss(),
    "least_squares": lambda h, y: ((h - y) ** 2).sum() / (2 * len(h)),
}
OPTIMIZERS = {"adam": torch.optim.Adam, "gradient descent": torch.optim.SGD}


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    x, target = torch.from_numpy(problem.x), torch.from_numpy(problem.target)
    model = nn.Sequential()
    for fan_in, fan_out in pairwise(workload.layers):
        model.extend([nn.Linear(fan_in, fan_out, dtype=x.dtype), ACTIVATIONS[workload.activation]()])
    del model[-1]  # the last layer is linear
    with torch.no_grad():
        for parameter, initial in zip(model.parameters(), problem.parameters, strict=True):
            parameter.copy_(torch.from_numpy(initial))
    loss_function = LOSSES[workload.loss]
    optimizer = OPTIMIZERS[workload.optimizer](model.parameters(), lr=workload.learning_rate)

    def step() -> float:
        optimizer.zero_grad()
        loss = loss_function(model(x), target)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
