"""What is measured: the networks of the benchmarks as data, and their numbers, the same for every engine."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Workload:
    """A fully connected network, its data and its optimizer; a step is forward, backward and update."""

    name: str
    layers: tuple[int, ...]
    activation: str  # of the hidden layers: "tanh", "relu" or "identity"
    loss: str  # "mse", "cross_entropy" or the lecture's "least_squares", J = 1/(2n) sum (h - y)^2
    optimizer: str  # "adam" or "gradient descent"
    learning_rate: float
    samples: int  # in the batch, which is the same in every step
    dtype: str

    def __str__(self) -> str:
        widths = "-".join(map(str, self.layers))
        if len(self.layers) > 8:
            widths = f"{self.layers[0]}, {len(self.layers) - 2} times {self.layers[1]}, {self.layers[-1]}"
        return (f"{self.name}: {widths} {self.activation}, {self.loss}, {self.optimizer}, "
                f"{self.samples} samples, {self.dtype}")


@dataclass(frozen=True)
class ScalarWorkload:
    """A network of single numbers, one node of the graph for each sum and each product."""

    name: str
    layers: tuple[int, ...]
    learning_rate: float
    samples: int
    imports: tuple[str, ...] = ()  # modules that are loaded besides, where they are installed
    dtype: str = "float64"

    def __str__(self) -> str:
        widths = "-".join(map(str, self.layers))
        beside = f", beside {' and '.join(self.imports)}" if self.imports else ""
        return f"{self.name}: {widths} relu, hinge loss, gradient descent, {self.samples} samples, scalars{beside}"


ADAM, GD = ("adam", 1e-3), ("gradient descent", 0.1)

ALL: list[Workload | ScalarWorkload] = [
    Workload("workshop", (1, 5, 5, 1), "tanh", "mse", *ADAM, 3000, "float32"),
    Workload("tiny", (2, 16, 16, 1), "tanh", "mse", *ADAM, 100, "float64"),
    Workload("digits", (64, 128, 10), "relu", "cross_entropy", *ADAM, 128, "float32"),
    Workload("mnist-like", (784, 128, 10), "relu", "cross_entropy", *ADAM, 128, "float32"),
    Workload("wide", (256, 512, 512, 10), "tanh", "mse", *ADAM, 256, "float32"),
    Workload("deep", (32,) * 21 + (1,), "tanh", "mse", *ADAM, 64, "float32"),
    Workload("regression", (10, 1), "identity", "least_squares", *GD, 10_000, "float64"),
    ScalarWorkload("scalar moons", (2, 16, 16, 1), 0.1, 20),
    ScalarWorkload("scalar notebook", (2, 16, 16, 1), 0.1, 20, ("matplotlib.pyplot", "sklearn.datasets")),
]
WORKLOADS = {workload.name: workload for workload in ALL}


@dataclass(frozen=True, eq=False)
class Problem:
    """The arrays a workload starts from; an engine may write to them, everyone gets their own."""

    parameters: list[np.ndarray]  # [W1, b1, W2, b2, ...], W of shape (out, in), b of shape (out,)
    x: np.ndarray  # (samples, in)
    target: np.ndarray  # (samples, out), or whole-number labels (samples,) for the cross-entropy


def make_problem(workload: Workload, seed: int = 0) -> Problem:
    """Random parameters, samples and targets."""
    rng = np.random.default_rng(seed)
    parameters = make_parameters(workload, rng)
    x = rng.standard_normal((workload.samples, workload.layers[0]))
    if workload.loss == "cross_entropy":
        target = rng.integers(workload.layers[-1], size=workload.samples)
    else:
        target = rng.standard_normal((workload.samples, workload.layers[-1])).astype(workload.dtype)
    return Problem(parameters, x.astype(workload.dtype), target)


def make_moons_problem(workload: ScalarWorkload, seed: int = 0) -> Problem:
    """Two interleaved half circles with labels -1 and 1, as micrograd's demo takes them from scikit-learn."""
    rng = np.random.default_rng(seed)
    parameters = make_parameters(workload, rng)
    angle = np.linspace(0, np.pi, workload.samples // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([upper, [1, 0.5] - upper])
    labels = np.repeat([-1, 1], len(upper))
    return Problem(parameters, points + rng.normal(scale=0.1, size=points.shape), labels)


def make_parameters(workload: Workload | ScalarWorkload, rng: np.random.Generator) -> list[np.ndarray]:
    """[W1, b1, W2, b2, ...] for the layers of a workload, from U(-c, c) with c = sqrt(3 / in), variance 1/in.

    That is wide enough for a signal to pass 20 layers of tanh. Narrower, the first layers would hardly get a
    gradient, and a loss that does not move cannot tell a right gradient from a wrong one.
    """
    parameters = []
    for fan_in, fan_out in pairwise(workload.layers):
        bound = np.sqrt(3 / fan_in)
        parameters += [rng.uniform(-bound, bound, (fan_out, fan_in)), rng.uniform(-bound, bound, fan_out)]
    return [p.astype(workload.dtype) for p in parameters]
