"""This project, running eagerly: the step as its users write it."""

from collections.abc import Callable

import numpy as np

from benchmarks.workloads import Workload, make_problem
from tinygrad_edu import nn, optim


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    model = nn.MLP(list(workload.layers), activation=workload.activation, dtype=np.dtype(workload.dtype))
    for parameter, initial in zip(model.parameters(), problem.parameters, strict=True):
        parameter.data = initial
    loss_function = {"mse": nn.MSELoss, "cross_entropy": nn.CrossEntropyLoss,
                     "least_squares": nn.LeastSquaresLoss}[workload.loss]()
    optimizer = {"adam": optim.Adam, "gradient descent": optim.SGD}[workload.optimizer](
        model.parameters(), lr=workload.learning_rate)

    def step() -> float:
        optimizer.zero_grad()
        loss = loss_function(model(problem.x), problem.target)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
