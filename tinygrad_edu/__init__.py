"""tinygrad_edu: automatic differentiation on NumPy, made to be read. Public names in reading order."""

# the engine: Values, the ops that make new ones, and the derivatives of functions
from tinygrad_edu.engine.value import Value
from tinygrad_edu.engine.ops import *
from tinygrad_edu.engine.primitive import OPS, Op, primitive
from tinygrad_edu.engine.transforms import grad, value_and_grad, jacobian, hessian, vjp, jvp, hvp
from tinygrad_edu.engine.modes import detect_anomaly, enable_grad, no_grad

# around it: pictures, and one seed for all that is random
from tinygrad_edu.drawing import draw
from tinygrad_edu.random import manual_seed

# what is built on it, and what is not
from tinygrad_edu import check, data, interop, nn, optim

from tinygrad_edu.engine.memory import keep_freed_memory as _keep_freed_memory

_keep_freed_memory()
