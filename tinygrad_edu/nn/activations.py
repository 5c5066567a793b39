"""Activation functions as modules."""

from typing import Any

from tinygrad_edu.engine import ops
from tinygrad_edu.nn.module import Module


class Identity(Module):
    """y = x"""

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Module):
    """y = max(0, x),   dy/dx = 1 for x > 0, else 0"""

    def forward(self, x: Any) -> Any:
        return ops.relu(x)


class Tanh(Module):
    """y = tanh x,   dy/dx = 1 - y²"""

    def forward(self, x: Any) -> Any:
        return ops.tanh(x)


class Sigmoid(Module):
    """y = 1/(1 + e^-x),   dy/dx = y·(1 - y)"""

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(x)


ACTIVATIONS: dict[str, type[Module]] = {"identity": Identity, "relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}
