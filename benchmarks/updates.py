"""The update rules as a lecture writes them, for the engines that find gradients but bring no optimizer."""

from collections.abc import Sequence

import numpy as np

from benchmarks.workloads import Workload

# Adam's customary constants, PyTorch's defaults
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class GradientDescent:
    """theta := theta - alpha dJ/dtheta."""

    def __init__(self, parameters: Sequence[np.ndarray], learning_rate: float) -> None:
        self.parameters, self.learning_rate = parameters, learning_rate

    def step(self, gradients: Sequence[np.ndarray]) -> None:
        """Update every parameter, in place."""
        for theta, g in zip(self.parameters, gradients, strict=True):
            theta -= self.learning_rate * g


class Adam:
    """theta := theta - alpha m_hat / (sqrt(v_hat) + epsilon), with the running means m of g and v of g^2."""

    def __init__(self, parameters: Sequence[np.ndarray], learning_rate: float) -> None:
        self.parameters, self.learning_rate = parameters, learning_rate
        self.m = [np.zeros_like(theta) for theta in parameters]
        self.v = [np.zeros_like(theta) for theta in parameters]
        self.t = 0

    def step(self, gradients: Sequence[np.ndarray]) -> None:
        """Update every parameter, in place."""
        self.t += 1
        for i, (theta, g) in enumerate(zip(self.parameters, gradients, strict=True)):
            self.m[i] = BETA1 * self.m[i] + (1 - BETA1) * g
            self.v[i] = BETA2 * self.v[i] + (1 - BETA2) * g**2
            m_hat = self.m[i] / (1 - BETA1**self.t)
            v_hat = self.v[i] / (1 - BETA2**self.t)
            theta -= self.learning_rate * m_hat / (np.sqrt(v_hat) + EPSILON)


def make_update(workload: Workload, parameters: Sequence[np.ndarray]) -> Adam | GradientDescent:
    """The optimizer of the workload, for these parameters."""
    rule: type[Adam | GradientDescent] = Adam if workload.optimizer == "adam" else GradientDescent
    return rule(parameters, workload.learning_rate)
