"""The matrix products of a step and nothing else: the time below which no step on this BLAS can come."""

from collections.abc import Callable

import numpy as np

from benchmarks.workloads import Workload, make_problem


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    weights = problem.parameters[::2]
    gradients = [np.empty_like(W) for W in weights]
    layers = [problem.x, *(np.empty((workload.samples, len(W)), workload.dtype) for W in weights)]
    # random numbers stay in the deltas: what is multiplied does not matter, but zeros could
    rng = np.random.default_rng(0)
    deltas = [rng.standard_normal(a.shape).astype(workload.dtype) for a in layers]

    def step() -> float:
        for i, W in enumerate(weights):
            np.matmul(layers[i], W.T, out=layers[i + 1])
        for i in range(len(weights) - 1, -1, -1):
            np.matmul(deltas[i + 1].T, layers[i], out=gradients[i])
            if i > 0:
                np.matmul(deltas[i + 1], weights[i], out=deltas[i])
        return float("nan")  # there is no loss

    return step
