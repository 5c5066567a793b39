"""The measurements as text: a table for each workload, and which goals are met."""

from collections.abc import Iterable, Mapping

from benchmarks.goals import Verdict
from benchmarks.runner import Measurement

PEERS = ("jax.jit", "torch")
"""Each time is shown as a multiple of theirs, too, besides the first engine's."""


def compared_with(measurements: Mapping[str, Measurement]) -> list[str]:
    """The engines whose times the others are multiples of: the first that was measured, and the peers."""
    first = list(measurements)[:1]
    return [*first, *(name for name in PEERS if name in measurements and name not in first)]


def print_table(engines: Iterable[str], measurements: Mapping[str, Measurement], failures: Mapping[str, str]) -> None:
    """One line for each engine: the time of a step, and what multiple of others' times it is.

    Behind ± is how sure the first of these multiples is.
    """
    others = compared_with(measurements)
    if others:
        first, *rest = (f"/ {name}" for name in others)
        print(f"  {'':22}{'a step takes':>15}{first:>20}{''.join(f'{name:>12}' for name in rest)}")
    for engine in engines:
        if engine not in measurements:
            print(f"  {engine:22}  {failures[engine]}")
            continue
        own = measurements[engine]
        line = f"  {engine:22}{own.seconds * 1e6:12,.1f} us"
        for name in others:
            line += f"{own.ratio_to(measurements[name]):12.3f}"
            if name == others[0]:
                line += f" ± {own.spread_to(measurements[name]):.3f}"
        print(line)


def print_verdicts(verdicts: Iterable[Verdict]) -> None:
    """The goals of one workload, one in a line."""
    for verdict in verdicts:
        print(f"  {'goal':22}{verdict}")


def print_summary(verdicts: list[Verdict]) -> None:
    """How many goals are met, and which are not."""
    missed = [verdict for verdict in verdicts if not verdict.met]
    print(f"\n{len(verdicts) - len(missed)} of {len(verdicts)} goals are met")
    for verdict in missed:
        print(f"  {verdict.workload:22}{verdict}")
