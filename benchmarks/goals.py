"""How fast the compiled step is to be: on each workload, the most of another engine's time that it may take."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.engines import COMPILED
from benchmarks.runner import Measurement

GOALS: dict[str, dict[str, float]] = {
    "workshop": {"hand-derived": 0.4, "jax.jit": 0.5, "torch": 0.25},
    "tiny": {"hand-derived": 0.6, "jax.jit": 0.55, "torch": 0.2},
    "digits": {"hand-derived": 0.6, "jax.jit": 0.65, "torch": 0.25},
    "mnist-like": {"hand-derived": 0.8, "jax.jit": 0.95, "torch": 0.6},
    "wide": {"hand-derived": 0.8, "matrix-products": 1.35, "jax.jit": 1.0, "torch": 0.5},
    "deep": {"hand-derived": 0.4, "jax.jit": 0.55, "torch": 0.15},
    "regression": {"hand-derived": 0.95, "jax.jit": 0.6, "torch": 0.4},
    "scalar moons": {"micrograd": 0.01},
}


@dataclass(frozen=True)
class Verdict:
    """A goal, and what was measured."""

    workload: str
    other: str  # the engine that the compiled step is compared with
    ratio: float
    goal: float

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio <= self.goal

    def __str__(self) -> str:
        return f"{self.ratio:.3g} of {self.other}, {'met' if self.met else 'not met'}: at most {self.goal:g}"


def judge(workload: str, measurements: Mapping[str, Measurement]) -> list[Verdict]:
    """The goals of a workload, beside what was measured; those of engines that were not measured are left out."""
    if COMPILED not in measurements:
        return []
    own = measurements[COMPILED]
    return [Verdict(workload, other, own.ratio_to(measurements[other]), goal)
            for other, goal in GOALS.get(workload, {}).items() if other in measurements]
