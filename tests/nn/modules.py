"""Modules for the tests of what all modules can."""

import numpy as np

from tinygrad_edu import nn


class Affine(nn.Module):
    def __init__(self, size=3):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return self.scale * x + self.shift


class Everything(nn.Module):
    """Parameters and modules in all the ways a module may hold them, among things that are neither."""

    def __init__(self):
        self.gain = nn.Parameter(2.0)
        self.name = "not a parameter"
        self.constant = np.array([1.0, 2.0])
        self.layers = [nn.Linear(3, 2), nn.Tanh(), [nn.Linear(2, 2, bias=False)]]
        self.pair = (nn.Parameter([1.0, 2.0]), None, Affine(1))
        self.heads = {"left": nn.Linear(2, 1), 7: nn.Parameter([[3.0]])}

    def forward(self, x):
        return x
