"""Losses: one number J that says how far a prediction h is from what was observed, y.

They take Values, arrays, numbers and lists. J is a Value if one of the two is, else a plain number.
"""

from tinygrad_edu.nn.losses.base import Loss
from tinygrad_edu.nn.losses.binary import BCELoss, BCEWithLogitsLoss, HingeLoss
from tinygrad_edu.nn.losses.classes import CrossEntropyLoss, KLDivLoss, NLLLoss
from tinygrad_edu.nn.losses.regression import GaussianNLLLoss, HuberLoss, L1Loss, LeastSquaresLoss, MSELoss

__all__ = ["Loss", "MSELoss", "LeastSquaresLoss", "L1Loss", "HuberLoss", "GaussianNLLLoss",
           "CrossEntropyLoss", "NLLLoss", "KLDivLoss", "BCELoss", "BCEWithLogitsLoss", "HingeLoss"]
