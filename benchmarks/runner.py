"""Measures the engines side by side: one process each, in turns, after a check that all compute the same."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from math import ceil
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.engines import engines_for
from benchmarks.workloads import ScalarWorkload, Workload

# How far two losses may be apart, relative to their size, over the checked steps: a thousand roundings or so.
TOLERANCE = {"float32": 1e-5, "float64": 1e-11}
PAUSE = 0.13  # seconds before a turn: OpenBLAS lets its threads spin for some 0.1 s after their last product


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, seconds per engine in each of them, and steps in all of them, however long."""

    rounds: int
    seconds: float
    fewest_steps: int = 30


@dataclass(frozen=True)
class Measurement:
    """What one engine took for a step of one workload."""

    rounds: list[float]  # seconds, the mean of each round
    losses: list[float]  # of the first steps, empty for a bound

    @property
    def seconds(self) -> float:
        """The median over the rounds."""
        return median(self.rounds)

    def ratio_to(self, other: "Measurement") -> float:
        """This time as a multiple of another engine's: the median of the ratios within the rounds."""
        return median(self.ratios_to(other))

    def spread_to(self, other: "Measurement") -> float:
        """How sure the ratio is: half the distance between the quartiles of the rounds."""
        return half_quartile_distance(self.ratios_to(other))

    def ratios_to(self, other: "Measurement") -> list[float]:
        """The ratio in each round."""
        return [own / its for own, its in zip(self.rounds, other.rounds, strict=True)]


class EngineFailure(Exception):
    """An engine that cannot be measured; the message says why."""


class Worker:
    """The process of one engine on one workload."""

    def __init__(self, engine: str, workload: Workload | ScalarWorkload) -> None:
        self.engine = engine
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", engine, workload.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])

    def answer(self) -> dict[str, Any]:
        """The next line of the worker, once it comes."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        content = json.loads(line) if line else {"error": "the process ended without an answer"}
        if "error" in content:
            raise EngineFailure(content["error"])
        return content

    def run_round(self, seconds: float, fewest: int) -> dict[str, Any]:
        """One turn: the losses of its first steps, and the mean time of those after them, if there are to be any."""
        assert self.process.stdin is not None
        try:
            print(seconds, fewest, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            raise EngineFailure("the process ended between two rounds") from None
        return self.answer()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def measure(workload: Workload | ScalarWorkload, engines: Iterable[str],
            effort: Effort) -> tuple[dict[str, Measurement], dict[str, str]]:
    """The measurements of these engines, by name, and for those that have none the reason why."""
    failures: dict[str, str] = {}
    workers: dict[str, Worker] = {}
    try:
        for name in engines:
            distribution = engines_for(workload)[name].distribution
            if is_installed(distribution):
                workers[name] = Worker(name, workload)
            else:
                failures[name] = f"skipped, {distribution} is not installed"
        first_losses = check(workload, workers, failures)
        return time_rounds(first_losses, workers, effort, failures), failures
    finally:
        for worker in workers.values():
            worker.close()


def check(workload: Workload | ScalarWorkload, workers: dict[str, Worker],
          failures: dict[str, str]) -> dict[str, list[float]]:
    """The losses of the first steps, by engine, of all engines that run and agree with the first one.

    The others get an entry in `failures`: the time of a wrong result would say nothing.
    """
    losses: dict[str, list[float]] = {}
    ready = []
    for name, worker in workers.items():  # they import at the same time, and only then run, one by one
        try:
            worker.answer()
            ready.append(worker)
        except EngineFailure as failure:
            failures[name] = f"failed, {failure}"
    for worker in ready:
        try:
            found = worker.run_round(0, fewest=0)["losses"]
        except EngineFailure as failure:
            failures[worker.engine] = f"failed, {failure}"
            continue
        if not engines_for(workload)[worker.engine].computes_loss:
            losses[worker.engine] = []
            continue
        reference = next((name for name, known in losses.items() if known), worker.engine)
        expected = losses.get(reference, found)
        wrong = [step for step, (a, b) in enumerate(zip(found, expected, strict=True), start=1)
                 if not abs(a - b) <= TOLERANCE[workload.dtype] * abs(b)]  # "not <=" finds NaN, too
        if wrong:
            step = wrong[0]
            failures[worker.engine] = (f"wrong, the loss of step {step} is {found[step - 1]:.9g}, "
                                       f"for {reference} it is {expected[step - 1]:.9g}")
        else:
            losses[worker.engine] = found
    return losses


def time_rounds(losses: dict[str, list[float]], workers: dict[str, Worker], effort: Effort,
                failures: dict[str, str]) -> dict[str, Measurement]:
    """The engines in turns, one at a time while all others sleep, so that a slow moment strikes all alike.

    One that fails in a round has no measurement, and gets an entry in `failures`.
    """
    names = list(losses)
    fewest = ceil(effort.fewest_steps / effort.rounds)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(effort.rounds):
        turn = number % len(names) if names else 0
        for name in names[turn:] + names[:turn]:  # so that nobody always comes after the same other
            if name in failures:
                continue
            time.sleep(PAUSE)
            try:
                seconds[name].append(workers[name].run_round(effort.seconds, fewest)["seconds"])
            except EngineFailure as failure:
                failures[name] = f"failed, {failure}"
    return {name: Measurement(seconds[name], losses[name]) for name in names if name not in failures}


def half_quartile_distance(numbers: list[float]) -> float:
    """Half the width of the middle half of the numbers."""
    lower, _, upper = quantiles(numbers, method="inclusive")
    return (upper - lower) / 2


def is_installed(distribution: str) -> bool:
    """Whether pip knows a package of this name."""
    try:
        return bool(version(distribution))
    except PackageNotFoundError:
        return False
