"""tinygrad_edu: automatic differentiation on NumPy, made to be read. Public names in reading order."""

from tinygrad_edu.engine.modes import detect_anomaly, enable_grad, no_grad
from tinygrad_edu.engine.ops import *
from tinygrad_edu.engine.primitive import OPS, Op, primitive
from tinygrad_edu.engine.value import Value
from tinygrad_edu.engine.transforms import grad, value_and_grad, jacobian, hessian, vjp, jvp, hvp
from tinygrad_edu.drawing import draw
from tinygrad_edu.random import manual_seed
from tinygrad_edu import check, data, nn, optim  # noqa: E402  (last: they are built on the names above)
