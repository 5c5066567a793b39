"""micrograd itself, on the demo it comes with."""

from collections.abc import Callable

from micrograd.engine import Value

from benchmarks.scalar import make_moons_step
from benchmarks.workloads import ScalarWorkload


def make_step(workload: ScalarWorkload) -> Callable[[], float]:
    return make_moons_step(workload, Value, no_gradient=0)
