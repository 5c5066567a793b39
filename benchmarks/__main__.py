"""`python -m benchmarks`: the table of training steps, side by side; see README.md for how it measures."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.engines import SCALAR_ENGINES, TENSOR_ENGINES, engines_for
from benchmarks.environment import choose_kernel, describe_environment
from benchmarks.goals import Verdict, judge
from benchmarks.runner import Effort, Measurement, measure
from benchmarks.table import compared_with, print_summary, print_table, print_verdicts
from benchmarks.workloads import WORKLOADS

QUICK = Effort(rounds=2, seconds=0.05)
THOROUGH = Effort(rounds=15, seconds=0.25)
PICTURES = (".png", ".svg", ".pdf")


def main() -> int:
    """Measure what was asked for; the exit code is 1 if an engine failed or computed something wrong."""
    options = parse_arguments()
    environment = describe_environment() | {"kernel": choose_kernel()}
    for label, text in environment.items():
        print(f"{label + ':':11}{text}")

    results: dict[str, Any] = {}
    verdicts: list[Verdict] = []
    all_good = True
    for workload in (WORKLOADS[name] for name in options.workloads):
        known = engines_for(workload)
        chosen = [name for name in known if name in options.engines]
        if not chosen:
            continue
        reference = next(iter(known))  # always measured: without it there is nothing to compare with
        engines = chosen if reference in chosen else [reference, *chosen]
        print(f"\n{workload}", flush=True)
        measurements, failures = measure(workload, engines, QUICK if options.quick else THOROUGH)
        print_table(engines, measurements, failures)
        own = judge(workload.name, measurements)
        print_verdicts(own)
        verdicts += own
        results[workload.name] = as_data(measurements)
        all_good &= all(reason.startswith("skipped") for reason in failures.values())
    if verdicts:
        print_summary(verdicts)

    content = {"environment": environment, "results": results,
               "goals": [asdict(verdict) | {"met": verdict.met} for verdict in verdicts]}
    if options.json:
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if options.chart and any(results.values()):
        from benchmarks.chart import draw_chart

        draw_chart(content).savefig(options.chart, dpi=160)
    return 0 if all_good else 1


def as_data(measurements: Mapping[str, Measurement]) -> dict[str, dict[str, Any]]:
    """What was measured on a workload, for the file: also the ratios, so that no reader has to compute them."""
    others = {name: measurements[name] for name in compared_with(measurements)}
    return {name: {"seconds": m.seconds, "ratios": {other: m.ratio_to(its) for other, its in others.items()},
                   "spreads": {other: m.spread_to(its) for other, its in others.items()}, **asdict(m)}
            for name, m in measurements.items()}


def parse_arguments() -> argparse.Namespace:
    """The command line, with names checked against the tables."""
    known = {"workloads": list(WORKLOADS), "engines": list(dict.fromkeys([*TENSOR_ENGINES, *SCALAR_ENGINES]))}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds: a rough look")
    for option, names in known.items():
        parser.add_argument(f"--{option}", type=lambda text: text.split(","), default=names, metavar="A,B",
                            help=f"only these, separated by commas, of: {', '.join(names)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything measured to a file")
    parser.add_argument("--chart", type=Path, metavar="FILE", help=f"also draw bars to a file: {', '.join(PICTURES)}")
    options = parser.parse_args()
    for option, names in known.items():
        for name in getattr(options, option):
            if name not in names:
                parser.error(f"--{option}: unknown name {name!r}; choose from {', '.join(names)}")
    for file in filter(None, (options.json, options.chart)):  # now, and not after ten minutes of work
        if not file.absolute().parent.is_dir():
            parser.error(f"{file}: there is no such folder")
    if options.chart and options.chart.suffix not in PICTURES:
        parser.error(f"--chart: {options.chart} must end with {', '.join(PICTURES)}")
    if options.chart and not find_spec("matplotlib"):
        parser.error('--chart needs matplotlib: python -m pip install "tinygrad_edu[bench]"')
    return options


if __name__ == "__main__":
    sys.exit(main())
