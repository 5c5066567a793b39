"""micrograd's demo with this project's `Value` in the place of its own."""

from collections.abc import Callable

from benchmarks.scalar import make_moons_step
from benchmarks.workloads import ScalarWorkload
from tinygrad_edu import Value


def make_step(workload: ScalarWorkload) -> Callable[[], float]:
    return make_moons_step(workload, Value, no_gradient=None)
