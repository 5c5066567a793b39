"""`python -m benchmarks.iterating`: to iterate or to invert? The cost of gradient descent beside that of a closed form.

Least squares with n points and p standardised features. A closed form costs about n p², an iteration 4 n p; so the more
features there are, the more iterations one gets for a solution. How many are needed depends on how alike the features
are, not on their number.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.environment import describe_environment
from tinygrad_edu import data, nn, optim
from tinygrad_edu.linear_models import LinearRegression

SHAPES = ((1_000, 5), (1_000, 50), (2_000, 500))
GOAL = 1e-3  # of the length of θ: how close descent is to come to the minimum
MOST_ITERATIONS = 10_000


def main() -> None:
    """Print a line for each number of points and features."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.iterating", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of which the median is shown")
    repeats = parser.parse_args().repeats
    for label, text in describe_environment().items():
        print(f"{label + ':':11}{text}")
    print("\n      n      p    by QR     normal equation    descent    iterations")
    for n, p in SHAPES:
        X, y = problem(n, p)
        seconds, models = {}, {}
        for solver in ("qr", "normal"):
            seconds[solver], models[solver] = timed(lambda: LinearRegression(solver).fit(X, y), repeats)  # noqa: B023
        seconds["descent"], iterations = timed(lambda: descend(X, y, models["qr"].theta_), repeats)  # noqa: B023
        by_qr, normal, descent = (f"{1e3 * seconds[way]:8.1f} ms" for way in ("qr", "normal", "descent"))
        print(f"{n:7}{p:7}{by_qr}{normal:>17}{descent:>13}{iterations:10}")


def problem(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardised features, all a little alike, and targets with noise."""
    rng = np.random.default_rng(0)
    X = data.StandardScaler().fit_transform(rng.normal(size=(n, p)) + 0.3 * rng.normal(size=(n, 1)))
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def descend(X: np.ndarray, y: np.ndarray, minimum: np.ndarray) -> int:
    """Gradient descent at the largest useful learning rate; returns after how many iterations it has arrived."""
    model, loss = nn.Linear(X.shape[1], 1, init=nn.init.zeros), nn.LeastSquaresLoss()
    optimizer = optim.SGD(model.parameters(), lr=1 / steepest(X))
    target = y.reshape(-1, 1)
    for iteration in range(1, MOST_ITERATIONS + 1):
        optimizer.zero_grad()
        loss(model(X), target).backward()
        optimizer.step()
        if np.linalg.norm(model.theta(1)[0] - minimum) < GOAL * np.linalg.norm(minimum):
            return iteration
    return MOST_ITERATIONS


def steepest(X: np.ndarray) -> float:
    """The largest eigenvalue of XᵀX/n, which limits the learning rate, by a few multiplications with it."""
    v = np.random.default_rng(0).normal(size=X.shape[1])
    for _ in range(20):
        v = X.T @ (X @ (v / np.linalg.norm(v))) / len(X)
    return max(1.0, 1.05 * float(np.linalg.norm(v)))  # 1 is that of the bias; and what is missing after 20


def timed(function: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The median of the seconds that it takes, and what it returns."""
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        result = function()
        seconds.append(perf_counter() - start)
    return median(seconds), result


if __name__ == "__main__":
    main()
