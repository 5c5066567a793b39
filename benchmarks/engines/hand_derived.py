"""The step a lecture would write: formulas derived by hand, and the update in a loop over the parameters."""

from collections.abc import Callable

from benchmarks.updates import make_update
from benchmarks.workloads import Workload, make_problem
from tinygrad_edu.check.hand_derived import LOSSES, backpropagation, forward_propagation


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    parameters, activation = problem.parameters, workload.activation
    loss_and_delta = LOSSES[workload.loss]
    update = make_update(workload, parameters)

    def step() -> float:
        layers = forward_propagation(parameters, problem.x, activation)
        loss, delta = loss_and_delta(layers[-1], problem.target)
        update.step(backpropagation(parameters, layers, delta, activation))
        return float(loss)

    return step
