"""Rows for the step, the rectifier and its relatives; references by their definitions."""

from statistics import NormalDist

import numpy as np

from tests.engine.cases.case import Case

ONE = ((2, 3),)

phi = np.vectorize(NormalDist().cdf, otypes=[float])


def bent(right, left):
    """One function for x > 0, another elsewhere."""
    return lambda x, **options: np.where(x > 0, right(x), left(x, **options))


def softplus(x, beta=1.0, threshold=np.inf):
    return np.where(beta * x > threshold, x, np.log(1 + np.exp(beta * x)) / beta)


def gelu(x, approximate=False):
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2 if approximate else x * phi(x)


CASES = [
    Case("binary_step", ONE, lambda x: (1 + np.sign(x)) / 2),
    Case("relu", ONE, lambda x: (x + abs(x)) / 2),
    Case("leaky_relu", ONE, bent(lambda x: x, lambda x: x / 100)),
    Case("leaky_relu", ONE, bent(lambda x: x, lambda x, slope: slope * x), options={"slope": 0.3}),
    Case("elu", ONE, bent(lambda x: x, lambda x: np.exp(x) - 1)),
    Case("elu", ONE, bent(lambda x: x, lambda x, alpha: alpha * (np.exp(x) - 1)), options={"alpha": 0.3}),
    Case("selu", ONE, bent(lambda x: 1.0507009873554805 * x,
                           lambda x: 1.0507009873554805 * 1.6732632423543772 * (np.exp(x) - 1))),
    Case("softplus", ONE, softplus, holomorphic=False),
    Case("softplus", ONE, softplus, options={"beta": 3.0}, holomorphic=False),
    Case("softplus", ONE, softplus, options={"beta": 2.0, "threshold": 1.0}, holomorphic=False),
    Case("gelu", ONE, gelu),
    Case("gelu", ONE, gelu, options={"approximate": True}),
]
