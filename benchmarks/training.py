"""`python -m benchmarks.training`: what `training.fit` adds to a bare loop, and the digits beside scikit-learn."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy as np

from benchmarks.environment import describe_environment
from benchmarks.runner import PAUSE, is_installed
from tinygrad_edu import data, nn, no_grad, optim, training

GOAL = 0.97  # of the test digits read correctly
BATCH, HIDDEN, MOST_EPOCHS = 32, 128, 100


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--repeats", type=int, default=9, help="rounds, of which the median is shown")
    parser.add_argument("--engine", choices=DIGITS, help="only this engine's digits, once: its seconds and epochs")
    parser.add_argument("--seed", type=int, default=0, help="of the initial weights, for --engine")
    options = parser.parse_args()
    if options.engine:
        print(*DIGITS[options.engine](options.seed))
        return
    for label, text in describe_environment().items():
        print(f"{label + ':':11}{text}")
    print("\na training by training.fit and by a bare loop of the same steps")
    for name, (layers, samples, batch_size, epochs) in NETWORKS.items():
        seconds = [overhead(layers, samples, batch_size, epochs) for _ in range(options.repeats)]
        bare, ratio = median(s for s, _ in seconds), median(fit / bare for bare, fit in seconds)
        print(f"  {name:34}{bare * 1e3:9.1f} ms{ratio:8.3f} x")
    print(f"\n64-{HIDDEN}-10 ReLU on the digits, Adam, batches of {BATCH}: until {GOAL:.0%} of the test set are right,"
          "\none seed for each round")
    if not is_installed("scikit-learn"):
        print("  skipped, scikit-learn is not installed")
        return
    rounds = [{engine: in_a_process(engine, seed) for engine in DIGITS} for seed in range(options.repeats)]
    reference = next(iter(DIGITS))
    for engine in DIGITS:
        seconds, epochs = (median(r[engine][i] for r in rounds) for i in (0, 1))
        ratio = median(r[engine][0] / r[reference][0] for r in rounds)
        print(f"  {engine:34}{seconds * 1e3:9.1f} ms{ratio:8.3f} x   {epochs:.0f} epochs")


# ----- what fit adds -----

NETWORKS = {
    "2-16-16-1, 100 samples": ([2, 16, 16, 1], 100, None, 1000),
    "2-16-16-1, 1000 samples by 50": ([2, 16, 16, 1], 1000, 50, 50),
    "64-128-10, 1280 samples by 128": ([64, 128, 10], 1280, 128, 40),
}


def overhead(layers: list[int], samples: int, batch_size: int | None, epochs: int) -> tuple[float, float]:
    """Seconds of the bare loop and of `fit`, for the same training."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(samples, layers[0])), rng.normal(size=(samples, layers[-1]))

    def bare(model: nn.Module, loss: nn.MSELoss, optimizer: optim.Optimizer) -> None:
        for _ in range(epochs):
            total = 0.0
            for x_batch, y_batch in data.batches(X, y, batch_size=batch_size or samples, rng=rng):
                optimizer.zero_grad()
                J = loss(model(x_batch), y_batch)
                J.backward()
                optimizer.step()
                total += J.item() * len(x_batch)

    def by_fit(model: nn.Module, loss: nn.MSELoss, optimizer: optim.Optimizer) -> None:
        training.fit(model, loss, optimizer, X, y, epochs=epochs, batch_size=batch_size, rng=rng, progress=False)

    def timed(train: Callable[..., None]) -> float:
        model = nn.MLP(layers, rng=0)
        optimizer = optim.Adam(model.parameters())
        start = perf_counter()
        train(model, nn.MSELoss(), optimizer)
        return perf_counter() - start

    return timed(bare), timed(by_fit)


# ----- the digits -----

def digits() -> tuple[np.ndarray, ...]:
    """X_train, X_test, y_train, y_test, scaled as both engines get them."""
    X, y = data.load_digits()
    X_train, X_test, y_train, y_test = data.train_test_split(X, y, test_size=0.2, rng=0, stratify=y)
    scaler = data.StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test), y_train, y_test


def digits_by_scikit_learn(seed: int) -> tuple[float, int]:
    """Seconds and epochs of MLPClassifier, an epoch at a time, to the goal."""
    from sklearn.neural_network import MLPClassifier

    X_train, X_test, y_train, y_test = digits()
    start = perf_counter()
    model = MLPClassifier((HIDDEN,), activation="relu", solver="adam", alpha=0.0, batch_size=BATCH, random_state=seed)
    epochs, score = 0, 0.0
    while score < GOAL and epochs < MOST_EPOCHS:
        model.partial_fit(X_train, y_train, classes=np.arange(10))  # one pass over the data
        score = model.score(X_test, y_test)
        epochs += 1
    return perf_counter() - start, epochs


def digits_by_tinygrad_edu(seed: int) -> tuple[float, int]:
    """Seconds and epochs of the same network here, with the same kind of initial weights."""
    X_train, X_test, y_train, y_test = digits()

    class UntilGoal(training.Callback):
        def on_epoch(self, run: Any) -> None:
            with no_grad():
                if training.accuracy(run.model(X_test), y_test) >= GOAL:
                    run.stop("the goal is reached")

    start = perf_counter()
    model = nn.MLP([64, HIDDEN, 10], activation="relu", init=nn.init.xavier_uniform, rng=seed)
    history = training.fit(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()), X_train, y_train,
                           epochs=MOST_EPOCHS, batch_size=BATCH, callbacks=[UntilGoal()], rng=seed, progress=False)
    return perf_counter() - start, history.epochs


DIGITS: dict[str, Callable[[int], tuple[float, int]]] = {
    "scikit-learn": digits_by_scikit_learn, "tinygrad_edu": digits_by_tinygrad_edu}


def in_a_process(engine: str, seed: int) -> tuple[float, int]:
    """What an engine needs in a process of its own, once the threads of the last one are at rest."""
    sleep(PAUSE)
    ended = subprocess.run([sys.executable, "-m", "benchmarks.training", "--engine", engine, "--seed", str(seed)],
                           check=True, capture_output=True, text=True)
    seconds, epochs = ended.stdout.split()
    return float(seconds), int(epochs)


if __name__ == "__main__":
    main()
