"""`python -m benchmarks.convolution`: one convolution and its gradients, beside PyTorch's; see README.md for how.

Each engine has a process of its own, which sleeps in a read while it is not its turn.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.environment import describe_environment
from benchmarks.runner import PAUSE, Effort, half_quartile_distance, is_installed
from benchmarks.worker import WARM_UP, settle_the_allocator, time_steps

QUICK = Effort(rounds=3, seconds=0.05)
THOROUGH = Effort(rounds=15, seconds=0.25)
TOLERANCE = 1e-4  # of the lengths of results, relative: float32, and sums of up to 32768 products

IMAGES, FILTERS, KERNEL, PADDING = (32, 3, 32, 32), 16, 3, 1
CASES = {"images are data": False, "images have a gradient": True}  # as in the first layer of a network, and in others

Step = Callable[[], list[np.ndarray]]
"""Forward and backward: y, and the gradients by the filters, by the bias, and by the images if they have one."""


# ----- the engines -----

def numbers() -> list[np.ndarray]:
    """The images, the filters, the bias and dJ/dy, the same for every engine."""
    rng = np.random.default_rng(0)
    shapes = [IMAGES, (FILTERS, IMAGES[1], KERNEL, KERNEL), (FILTERS,), (IMAGES[0], FILTERS, *IMAGES[2:])]
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def own_step(by_images: bool) -> Step:
    from tinygrad_edu import Value, nn

    images, filters, bias, g = numbers()
    layer = nn.Conv2d(IMAGES[1], FILTERS, KERNEL, padding=PADDING, dtype=np.float32)
    layer.weight.data, layer.bias.data = filters, bias
    x: Any = Value(images) if by_images else images

    def step() -> list[np.ndarray]:
        layer.zero_grad()
        if by_images:
            x.grad = None
        y = layer(x)
        y.backward(g)
        return [y.data, layer.weight.grad, layer.bias.grad, *([x.grad] if by_images else [])]

    return step


def torch_step(by_images: bool) -> Step:
    import torch

    images, filters, bias, g = map(torch.from_numpy, numbers())
    layer = torch.nn.Conv2d(IMAGES[1], FILTERS, KERNEL, padding=PADDING)
    layer.load_state_dict({"weight": filters, "bias": bias})
    x = images.requires_grad_(by_images)

    def step() -> list[np.ndarray]:
        layer.zero_grad()
        x.grad = None
        y = layer(x)
        y.backward(g)
        results = [y.detach(), layer.weight.grad, layer.bias.grad, *([x.grad] if by_images else [])]
        return [result.numpy() for result in results]

    return step


ENGINES = {"torch": torch_step, "tinygrad_edu": own_step}


# ----- the process of an engine -----

def work(engine: str) -> None:
    """Answer every line, a number of seconds, with the time of a step in each case; 0 with the lengths of results."""
    settle_the_allocator()
    steps = [ENGINES[engine](by_images) for by_images in CASES.values()]
    for line in sys.stdin:
        if seconds := float(line):
            for step in steps:
                time_steps(step, WARM_UP / len(steps))
            answer: list = [time_steps(step, seconds) for step in steps]
        else:
            answer = [[float(np.linalg.norm(result)) for result in step()] for step in steps]
        print(json.dumps(answer), flush=True)


def ask(process: subprocess.Popen, seconds: float) -> list:
    """The answer of an engine's process."""
    assert process.stdin is not None and process.stdout is not None
    print(seconds, file=process.stdin, flush=True)
    return json.loads(process.stdout.readline())


# ----- the comparison -----

def main() -> int:
    """Print the times; the exit code is 1 if the engines computed different things."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.convolution", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds: a rough look")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)  # for the processes that this one starts
    options = parser.parse_args()
    if options.engine:
        work(options.engine)
        return 0
    if not is_installed("torch"):
        print("skipped, torch is not installed")
        return 0
    for label, text in describe_environment().items():
        print(f"{label + ':':11}{text}")
    print(f"\n{FILTERS} filters of {KERNEL} x {KERNEL}, padding {PADDING}, on {' x '.join(map(str, IMAGES))}, float32")

    processes = {name: subprocess.Popen([sys.executable, "-m", "benchmarks.convolution", "--engine", name],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        cwd=Path(__file__).parents[1]) for name in ENGINES}
    try:
        lengths = [ask(process, 0) for process in processes.values()]
        if not all(np.allclose(ours, theirs, rtol=TOLERANCE) for ours, theirs in zip(*lengths, strict=True)):
            print(f"  wrong: results and gradients have the lengths {lengths[1]}, for torch {lengths[0]}")
            return 1
        print_times(time_rounds(processes, QUICK if options.quick else THOROUGH))
        return 0
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()


def time_rounds(processes: dict[str, subprocess.Popen], effort: Effort) -> dict[str, list[list[float]]]:
    """For each engine, in each round, the seconds of a step in each case; the engines take turns."""
    seconds: dict[str, list[list[float]]] = {name: [] for name in processes}
    for number in range(effort.rounds):
        for name in list(processes)[::-1 if number % 2 else 1]:
            time.sleep(PAUSE)
            seconds[name].append(ask(processes[name], effort.seconds))
    return seconds


def print_times(seconds: dict[str, list[list[float]]]) -> None:
    """A line for each engine in each case: the median, and the ratio to PyTorch's with its spread."""
    for case, name_of_case in enumerate(CASES):
        print(f"\n{name_of_case}")
        for name, rounds in seconds.items():
            own = [times[case] for times in rounds]
            ratios = [a / times[case] for a, times in zip(own, seconds["torch"], strict=True)]
            print(f"  {name:22}{median(own) * 1e6:12,.1f} us{median(ratios):10.3f} x  "
                  f"± {half_quartile_distance(ratios):.3f}")


if __name__ == "__main__":
    sys.exit(main())
