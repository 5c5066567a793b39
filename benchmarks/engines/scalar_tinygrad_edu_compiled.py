"""micrograd's demo with this project's `Value`, the step compiled to a program of plain Python numbers."""

from collections.abc import Callable

import tinygrad_edu
from benchmarks.scalar import make_moons_step
from benchmarks.workloads import ScalarWorkload


def make_step(workload: ScalarWorkload) -> Callable[[], float]:
    return tinygrad_edu.compile(make_moons_step(workload, tinygrad_edu.Value, no_gradient=None))
