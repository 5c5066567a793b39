"""Optimizers: how the parameters follow their gradients. Update rules in plain NumPy; they know no model."""

from tinygrad_edu.optim.adam import Adam
from tinygrad_edu.optim.optimizer import Hyperparameter, Optimizer
from tinygrad_edu.optim.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer", "Hyperparameter"]
