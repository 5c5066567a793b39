"""`python -m benchmarks.micro`: what one operation costs, what a node costs in `backward`, and the import."""

import argparse
import subprocess
import sys
import timeit
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks.environment import describe_environment


@dataclass(frozen=True)
class Effort:
    """How often to measure: repeats of everything small, and of the few things that take seconds."""

    repeats: int
    slow_repeats: int


QUICK = Effort(repeats=5, slow_repeats=1)
THOROUGH = Effort(repeats=25, slow_repeats=5)

LOOPS = 10_000  # of an operation in one repeat, which is then some 10 ms long
CHAIN_LENGTHS = (1_000, 1_000_000)


def main() -> None:
    """Print everything, each with what it is compared with."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats: a rough look")
    effort = QUICK if parser.parse_args().quick else THOROUGH
    for label, text in describe_environment().items():
        print(f"{label + ':':11}{text}")

    print("\none operation on arrays of 10 numbers")
    for statement, (numpy_seconds, own_seconds) in operation_times(effort.repeats).items():
        print(f"  {statement:22}{own_seconds * 1e6:9.2f} us, NumPy alone {numpy_seconds * 1e6:.2f} us, "
              f"overhead {(own_seconds - numpy_seconds) * 1e6:.2f} us")

    print("\nbackward through a chain of products of numbers")
    for length in CHAIN_LENGTHS:
        seconds = backward_seconds_per_node(length, effort.repeats if length < 1e5 else effort.slow_repeats)
        print(f"  {length:<22,}{seconds * 1e6:9.2f} us for each node")

    print("\nimport, in a new process")
    numpy_seconds, own_seconds = import_seconds(["numpy", "tinygrad_edu"], effort.repeats)
    print(f"  {'numpy':22}{numpy_seconds * 1e3:9.1f} ms")
    print(f"  {'tinygrad_edu':22}{own_seconds * 1e3:9.1f} ms, {own_seconds / numpy_seconds:.2f} x")


def operation_times(repeats: int) -> dict[str, tuple[float, float]]:
    """Seconds for one operation on arrays and on Values, by statement; the two are measured in turns."""
    from tinygrad_edu import Value

    arrays = {"a": np.linspace(0.1, 1, 10), "b": np.linspace(1, 2, 10), "np": np}
    values = arrays | {name: Value(arrays[name]) for name in "ab"}
    times = {}
    for statement in ["a + b", "np.tanh(a)"]:
        timers = [timeit.Timer(statement, globals=names) for names in (arrays, values)]
        rounds = [[timer.timeit(LOOPS) / LOOPS for timer in timers] for _ in range(repeats)]
        numpy_seconds, own_seconds = (median(column) for column in zip(*rounds, strict=True))
        times[statement] = numpy_seconds, own_seconds
    method = timeit.Timer("a.tanh()", globals=values)  # without the way through NumPy's protocol
    times["a.tanh()"] = times["np.tanh(a)"][0], median(method.repeat(repeats, LOOPS)) / LOOPS
    return times


def backward_seconds_per_node(length: int, repeats: int) -> float:
    """Seconds of one backward pass through x * c * c * ..., divided by the number of products."""
    from tinygrad_edu import Value

    seconds = []
    for _ in range(repeats):
        y = Value(1.0)
        for _ in range(length):
            y = y * 0.999999  # near 1: a number that vanishes would be slow for reasons of its own
        start = perf_counter()
        y.backward()
        seconds.append((perf_counter() - start) / length)
    return median(seconds)


def import_seconds(modules: Sequence[str], repeats: int) -> list[float]:
    """Seconds to import each of the modules in a process of its own, without the start of Python itself."""
    code = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
    rounds = []
    for _ in range(1 + repeats):
        runs = [subprocess.run([sys.executable, "-c", code.format(module)], check=True, capture_output=True,
                               text=True) for module in modules]
        rounds.append([float(run.stdout) for run in runs])
    return [median(column) for column in zip(*rounds[1:], strict=True)]  # the first filled the caches


if __name__ == "__main__":
    main()
