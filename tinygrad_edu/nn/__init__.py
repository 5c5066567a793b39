"""Layers, activation functions, losses and how they are put together."""

from tinygrad_edu.nn import init
from tinygrad_edu.nn.activations import Identity, ReLU, Sigmoid, Tanh
from tinygrad_edu.nn.containers import MLP, Sequential
from tinygrad_edu.nn.layers import Linear
from tinygrad_edu.nn.losses import CrossEntropyLoss, LeastSquaresLoss, MSELoss
from tinygrad_edu.nn.module import Module, Parameter

__all__ = ["Module", "Parameter", "Linear", "Sequential", "MLP", "Identity", "ReLU", "Tanh", "Sigmoid",
           "MSELoss", "LeastSquaresLoss", "CrossEntropyLoss", "init"]
