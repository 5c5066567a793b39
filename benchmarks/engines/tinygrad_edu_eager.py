"""This project, running eagerly: the step as its users write it."""

from collections.abc import Callable

import numpy as np

from benchmarks.workloads import Workload, make_problem
from tinygrad_edu import Value, nn, optim


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    step = training_step(workload, problem.parameters)
    return lambda: step(problem.x, problem.target).item()


def training_step(workload: Workload, parameters: list[np.ndarray]) -> Callable[[np.ndarray, np.ndarray], Value]:
    """One step of training on a batch, which starts from these parameters and returns the loss."""
    model = nn.MLP(list(workload.layers), activation=workload.activation, dtype=np.dtype(workload.dtype))
    for parameter, initial in zip(model.parameters(), parameters, strict=True):
        parameter.data = initial
    loss_function = {"mse": nn.MSELoss, "cross_entropy": nn.CrossEntropyLoss,
                     "least_squares": nn.LeastSquaresLoss}[workload.loss]()
    optimizer = {"adam": optim.Adam, "gradient descent": optim.SGD}[workload.optimizer](
        model.parameters(), lr=workload.learning_rate)

    def step(x: np.ndarray, target: np.ndarray) -> Value:
        optimizer.zero_grad()
        loss = loss_function(model(x), target)
        loss.backward()
        optimizer.step()
        return loss

    return step
