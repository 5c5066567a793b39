"""This project, compiled: the very step that runs eagerly, as a NumPy program."""

from collections.abc import Callable

import tinygrad_edu
from benchmarks.engines.tinygrad_edu_eager import training_step
from benchmarks.workloads import Workload, make_problem


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    step = tinygrad_edu.compile(training_step(workload, problem.parameters))
    return lambda: step(problem.x, problem.target).item()
