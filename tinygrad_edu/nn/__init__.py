"""Layers, activation functions, losses and how they are put together."""

from tinygrad_edu.nn import functional, init
from tinygrad_edu.nn.activations import (
    ELU,
    GELU,
    SELU,
    BinaryStep,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
)
from tinygrad_edu.nn.containers import MLP, Residual, Sequential
from tinygrad_edu.nn.dropout import AlphaDropout, Dropout
from tinygrad_edu.nn.layers import Flatten, Lambda, Linear
from tinygrad_edu.nn.losses import CrossEntropyLoss, LeastSquaresLoss, MSELoss
from tinygrad_edu.nn.module import Buffer, Module, Parameter
from tinygrad_edu.nn.normalization import BatchNorm1d, LayerNorm
from tinygrad_edu.nn.perceptron import Perceptron
from tinygrad_edu.nn.rbf import RBF

__all__ = ["Module", "Parameter", "Buffer", "Linear", "Perceptron", "Flatten", "Lambda", "Dropout", "AlphaDropout",
           "BatchNorm1d", "LayerNorm", "Sequential", "Residual", "MLP", "RBF",
           "Identity", "BinaryStep", "Sigmoid", "Tanh", "ReLU", "GELU", "Softplus", "ELU", "SELU", "LeakyReLU",
           "Softmax", "LogSoftmax",
           "MSELoss", "LeastSquaresLoss", "CrossEntropyLoss", "init", "functional"]
