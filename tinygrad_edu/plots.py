"""Figures of training and of its results, drawn with matplotlib; neither a display nor pyplot is needed."""

from tinygrad_edu.class_figures import confusion_matrix, digit_grid
from tinygrad_edu.figures import (
    BLUE,
    GREEN,
    INK,
    PALE,
    PURPLE,
    VERMILLION,
    learning_rate_curve,
    lines,
    loss_curve,
)
from tinygrad_edu.landscape import loss_landscape

__all__ = ["lines", "loss_curve", "learning_rate_curve", "loss_landscape", "digit_grid", "confusion_matrix",
           "BLUE", "VERMILLION", "GREEN", "PURPLE", "INK", "PALE"]
