"""What goes on in a network on one batch: what every layer puts out, and the gradient that reaches it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import TinygradError
from tinygrad_edu.nn.activations import ACTIVATIONS
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.training.metrics import rms

FLAT = 0.05
"""Slopes below this are next to nothing: a sigmoid's is at most 0.25, a tanh's at most 1."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One innermost module on one batch.

    Attributes:
        path: where it is in the model, such as `layers.0`.
        module: the module itself.
        output: what it put out, (n, ...).
        output_gradient: dJ/doutput, of the same shape; None if no gradient arrived.
        slopes: for an activation function dy/dx at every unit, of the same shape; else None.
        gradients: dJ/dθ of each of its own parameters, by name; without those that got none.
    """

    path: str
    module: Module
    output: np.ndarray
    output_gradient: np.ndarray | None
    slopes: np.ndarray | None
    gradients: dict[str, np.ndarray]

    @property
    def kind(self) -> str:
        """The name of the module's class."""
        return type(self.module).__name__

    @property
    def weight(self) -> Parameter | None:
        """Its matrix of weights, if it has one."""
        weight = getattr(self.module, "weight", None)
        return weight if isinstance(weight, Parameter) and weight.ndim > 1 else None

    @property
    def weight_gradient(self) -> float:
        """The root mean square of dJ/dW; NaN without one."""
        return rms(self.gradients["weight"]) if self.weight is not None and "weight" in self.gradients else np.nan

    @property
    def zeros(self) -> float:
        """The share of its outputs that are 0."""
        return float(np.mean(self.output == 0))

    @property
    def dead(self) -> float:
        """The share of its units that put out 0 for every sample."""
        return float(np.mean((self.output == 0).all(axis=0)))

    @property
    def slope(self) -> float:
        """The mean |dy/dx|; NaN if it is no activation function."""
        return np.nan if self.slopes is None else float(np.mean(np.abs(self.slopes)))

    @property
    def saturated(self) -> float:
        """The share of its outputs where |dy/dx| is next to nothing, below `FLAT`; NaN if it is no activation."""
        return np.nan if self.slopes is None else float(np.mean(np.abs(self.slopes) < FLAT))


def observe(model: Module, loss: Callable[[Any, Any], Any], X: Any, y: Any) -> tuple[list[Layer], np.ndarray]:
    """Run a batch forward and backward, as in evaluation: every innermost module in order, and the output.

    Where the loss cannot take the output and the targets, there are no gradients. Nothing of the model is changed: its
    gradients, its mode and its statistics are afterwards what they were.
    """
    outputs: list[tuple[str, Module, Any, bool]] = []
    parameters = model.parameters()
    before = [p.grad for p in parameters]
    try:
        for p in parameters:
            p.grad = None
        with evaluating(model), enable_grad():
            with _watching(model, outputs):
                h = model(X)
            try:
                J = loss(h, y)
                if isinstance(J, Value):
                    J.backward(None if J.size == 1 else np.ones(J.shape))
            except TinygradError:
                pass  # a wrong loss is one of the things to be found
        return [_layer(*each) for each in outputs], h.numpy() if isinstance(h, Value) else np.asarray(h)
    finally:
        for p, g in zip(parameters, before, strict=True):
            p.grad = g


def _layer(path: str, module: Module, output: Any, passed_through: bool) -> Layer:
    own = {name: value.grad for name, value in vars(module).items()
           if isinstance(value, Parameter) and value.grad is not None}
    if not isinstance(output, Value):
        return Layer(path, module, np.asarray(output), None, None, own)
    gradient = None if output.grad is None else np.asarray(output.grad)
    return Layer(path, module, output.numpy(), gradient, None if passed_through else _slopes(module, output), own)


def _slopes(module: Module, output: Value) -> np.ndarray | None:
    """dy/dx at every unit, by the rule of the op that made y, if the module is an activation function."""
    op = output.op
    if not isinstance(module, tuple(ACTIVATIONS.values())) or op is None:
        return None
    x, *others = output.inputs
    if others or not isinstance(x, Value) or x.shape != output.shape:
        return None
    with np.errstate(all="ignore"):
        slopes = op.share(0, np.ones(output.shape, output.dtype), output.data, [x.data], output.options)
    return np.broadcast_to(np.asarray(slopes, np.float64), output.shape)


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """The model in evaluation; afterwards every module is in the mode in which it was."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def _watching(model: Module, outputs: list[tuple[str, Module, Any, bool]]) -> Iterator[None]:
    """Whenever an innermost module is called, (path, module, output, whether that is its input) is noted."""
    innermost = [(path, module) for path, module in model.named_modules() if len(list(module.named_modules())) == 1]
    own = [vars(module).get("forward") for _, module in innermost]

    def noting(path: str, module: Module) -> Callable[..., Any]:
        forward = module.forward

        def noted(*inputs: Any, **options: Any) -> Any:
            output = forward(*inputs, **options)
            outputs.append((path, module, output, any(output is x for x in inputs)))
            return output

        return noted

    try:
        for path, module in innermost:
            vars(module)["forward"] = noting(path, module)  # found before the method of the class
        yield
    finally:
        for (_, module), forward in zip(innermost, own, strict=True):
            vars(module).pop("forward", None)
            if forward is not None:
                vars(module)["forward"] = forward
