"""A process that runs one engine on one workload, and sleeps whenever it is not asked to.

It reads one line at a time: for how many seconds to time steps, and how many to time at least, or "0 0" for nothing
but the first losses. It answers with one line of JSON and waits for the next, blocked in a read and without using the
processor. It ends with its input.
"""

import importlib
import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.engines import engines_for
from benchmarks.workloads import WORKLOADS

CHECKED_STEPS = 10  # the first of a round; their losses tell a wrong engine
WARM_UP = 0.1  # seconds of steps before the timed ones: that long some thread pools are slow after a sleep
FEWEST_STEPS = 3  # timed in a round, however long they take


def main(engine_name: str, workload_name: str) -> None:
    """Say that the engine is imported, then answer every line with a round."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints must not reach the runner
    workload = WORKLOADS[workload_name]
    settle_the_allocator()

    def answer(**content: Any) -> None:
        print(json.dumps(content), file=answers, flush=True)

    try:
        engine = importlib.import_module(f"benchmarks.engines.{engines_for(workload)[engine_name].module}")
        answer(ready=True)
        for line in sys.stdin:
            seconds, fewest = line.split()
            answer(**run_round(lambda: engine.make_step(workload), float(seconds), int(fewest)))
    except Exception as error:
        answer(error=f"{type(error).__name__}: {error}")
        raise


def settle_the_allocator() -> None:
    """Free one large array, as a program that has loaded its data has done.

    Until then the C library returns every large block to the system at once and asks for it anew: a step with
    arrays of 100 kB and more may take twice its time, and whether it does is left to chance.
    """
    np.empty(24_000_000, np.uint8)


def run_round(make_step: Callable[[], Callable[[], float]], seconds: float, fewest: int) -> dict[str, Any]:
    """Train anew: the losses of the first steps, then the time of a step over the given number of seconds.

    The time is the mean of the round, not its median, so that a garbage collection every few steps counts for
    what it costs; the medians that quiet the noise of the machine are taken over the rounds.
    """
    step = make_step()
    losses = [step() for _ in range(CHECKED_STEPS)]
    if not fewest:
        return {"losses": losses}
    time_steps(step, WARM_UP)
    return {"losses": losses, "seconds": time_steps(step, seconds, fewest)}


def time_steps(step: Callable[[], float], seconds: float, fewest: int = FEWEST_STEPS) -> float:
    """The mean time of a step over the given number of seconds, and over no fewer steps than the given number."""
    steps = 0
    start = now = perf_counter()
    while now - start < seconds or steps < fewest:
        step()
        steps += 1
        now = perf_counter()
    return (now - start) / steps


if __name__ == "__main__":
    main(*sys.argv[1:])
