"""Is a gradient right? Hold it against differences and complex steps, or against the one derived by hand."""

from tinygrad_edu.check.gradcheck import gradcheck
from tinygrad_edu.check.hand_derived import mlp_loss_and_gradients

__all__ = ["gradcheck", "mlp_loss_and_gradients"]
