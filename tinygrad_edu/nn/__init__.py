"""Layers, activation functions, losses, penalties and how they are put together."""

from tinygrad_edu.nn import functional, init
from tinygrad_edu.nn.activations import (
    ELU,
    GELU,
    SELU,
    BinaryStep,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softplus,
    Tanh,
)
from tinygrad_edu.nn.containers import MLP, Residual, Sequential
from tinygrad_edu.nn.convolution import AvgPool2d, Conv2d, MaxPool2d
from tinygrad_edu.nn.dropout import AlphaDropout, Dropout
from tinygrad_edu.nn.layers import Flatten, Lambda, Linear
from tinygrad_edu.nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    GaussianNLLLoss,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    LeastSquaresLoss,
    Loss,
    MSELoss,
    NLLLoss,
)
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.normalization import BatchNorm1d, LayerNorm
from tinygrad_edu.nn.parameter import Buffer, Parameter
from tinygrad_edu.nn.penalties import ElasticNetPenalty, L1Penalty, L2Penalty, Penalty
from tinygrad_edu.nn.perceptron import Perceptron
from tinygrad_edu.nn.rbf import RBF
from tinygrad_edu.nn.softmax import LogSoftmax, Softmax

__all__ = ["Module", "Parameter", "Buffer", "Linear", "Perceptron", "Flatten", "Lambda", "Conv2d", "MaxPool2d",
           "AvgPool2d", "Dropout", "AlphaDropout", "BatchNorm1d", "LayerNorm", "Sequential", "Residual", "MLP", "RBF",
           "Identity", "BinaryStep", "Sigmoid", "Tanh", "ReLU", "GELU", "Softplus", "ELU", "SELU", "LeakyReLU",
           "Softmax", "LogSoftmax",
           "Loss", "MSELoss", "LeastSquaresLoss", "L1Loss", "HuberLoss", "GaussianNLLLoss",
           "CrossEntropyLoss", "NLLLoss", "KLDivLoss", "BCELoss", "BCEWithLogitsLoss", "HingeLoss",
           "Penalty", "L1Penalty", "L2Penalty", "ElasticNetPenalty",
           "init", "functional"]
