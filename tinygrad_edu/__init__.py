"""tinygrad_edu: automatic differentiation on NumPy, made to be read. Public names in reading order."""

from importlib import import_module
from typing import TYPE_CHECKING

# the engine: Values, the ops that make new ones, and the derivatives of functions
from tinygrad_edu.engine.value import Value
from tinygrad_edu.engine.ops import *
from tinygrad_edu.engine.ops import __all__ as _ops
from tinygrad_edu.engine.primitive import OPS, Op, primitive
from tinygrad_edu.engine.transforms import grad, value_and_grad, jacobian, hessian, vjp, jvp, hvp
from tinygrad_edu.engine.modes import detect_anomaly, enable_grad, no_grad

# around it: pictures, and one seed for all that is random
from tinygrad_edu.compiler import compile
from tinygrad_edu.drawing import draw
from tinygrad_edu.drawing.methods import explain
from tinygrad_edu.random import manual_seed

from tinygrad_edu.engine import memory as _memory

if TYPE_CHECKING:  # what is built on it, and what is not: imported when it is asked for, as no program needs all of it
    from tinygrad_edu import check, data, interop, linear_models, nn, optim, plots, training

__version__ = "0.1.0"

__all__ = [
    "Value", "grad", "value_and_grad", "jacobian", "hessian", "vjp", "jvp", "hvp",
    "no_grad", "enable_grad", "detect_anomaly", "primitive", "Op", "OPS",
    "compile", "draw", "explain", "manual_seed",
    "check", "data", "interop", "linear_models", "nn", "optim", "plots", "training", *_ops,
]

_memory.keep_freed_memory()
_memory.look_for_cycles_where_there_are_any()


def __getattr__(name: str) -> object:
    if name in __all__:  # and not there yet: one of the packages
        return import_module(f"tinygrad_edu.{name}")
    raise AttributeError(f"module 'tinygrad_edu' has no attribute {name!r}")
