"""Who is measured: one module for each engine, with `make_step(workload)`, which returns `step()`.

`step()` makes one forward pass, one backward pass and one update and returns the loss, a Python float. Each
call of `make_step` starts anew from the workload's initial parameters.
"""

from dataclasses import dataclass

from benchmarks.workloads import ScalarWorkload, Workload


@dataclass(frozen=True)
class Engine:
    """Where an engine's step is written, and what must be installed for it."""

    module: str
    distribution: str
    computes_loss: bool = True  # False for what is no engine but a bound, and has nothing to check


COMPILED = "tinygrad_edu compiled"
"""The engine that the goals are for."""

# In the order of the report; the first of each table is the one the others are compared with.
TENSOR_ENGINES = {
    "hand-derived": Engine("hand_derived", "numpy"),
    "tinygrad_edu": Engine("tinygrad_edu_eager", "numpy"),
    COMPILED: Engine("tinygrad_edu_compiled", "numpy"),
    "hand-derived-tuned": Engine("hand_derived_tuned", "numpy"),
    "matrix-products": Engine("matrix_products", "numpy", computes_loss=False),
    "torch": Engine("torch_eager", "torch"),
    "jax.jit": Engine("jax_jit", "jax"),
    "autograd": Engine("autograd_", "autograd"),
    "mygrad": Engine("mygrad_", "mygrad"),
}
SCALAR_ENGINES = {
    "micrograd": Engine("scalar_micrograd", "micrograd"),
    "tinygrad_edu": Engine("scalar_tinygrad_edu", "numpy"),
    COMPILED: Engine("scalar_tinygrad_edu_compiled", "numpy"),
}


def engines_for(workload: Workload | ScalarWorkload) -> dict[str, Engine]:
    """The engines, by name, that can run this workload."""
    return SCALAR_ENGINES if isinstance(workload, ScalarWorkload) else TENSOR_ENGINES
