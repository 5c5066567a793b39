"""Optimizers: how the parameters follow their gradients. Update rules in plain NumPy; they know no model."""

from tinygrad_edu.optim import schedules
from tinygrad_edu.optim.adagrad import Adagrad
from tinygrad_edu.optim.adam import Adam, AdamW
from tinygrad_edu.optim.clipping import clip_grad_norm, clip_grad_value
from tinygrad_edu.optim.optimizer import Hyperparameter, Optimizer
from tinygrad_edu.optim.rmsprop import RMSprop
from tinygrad_edu.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "clip_grad_norm", "clip_grad_value", "schedules",
           "Optimizer", "Hyperparameter"]
