"""`python -m benchmarks`: the table of training steps, side by side; see README.md for how it measures."""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from benchmarks.engines import SCALAR_ENGINES, TENSOR_ENGINES, engines_for
from benchmarks.environment import describe_environment
from benchmarks.runner import Effort, Measurement, measure
from benchmarks.workloads import WORKLOADS

QUICK = Effort(rounds=2, seconds=0.05)
THOROUGH = Effort(rounds=15, seconds=0.25)


def main() -> int:
    """Measure what was asked for; the exit code is 1 if an engine failed or computed something wrong."""
    options = parse_arguments()
    environment = describe_environment()
    for label, text in environment.items():
        print(f"{label + ':':11}{text}")

    results, all_good = {}, True
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
        results[workload.name] = {name: asdict(m) for name, m in measurements.items()}
        all_good &= all(reason.startswith("skipped") for reason in failures.values())

    if options.json:
        content = {"environment": environment, "results": results}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0 if all_good else 1


def parse_arguments() -> argparse.Namespace:
    """The command line, with names checked against the tables."""
    known = {"workloads": list(WORKLOADS), "engines": list(dict.fromkeys([*TENSOR_ENGINES, *SCALAR_ENGINES]))}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds: a rough look")
    for option, names in known.items():
        parser.add_argument(f"--{option}", type=lambda text: text.split(","), default=names, metavar="A,B",
                            help=f"only these, separated by commas, of: {', '.join(names)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything measured to a file")
    options = parser.parse_args()
    for option, names in known.items():
        for name in getattr(options, option):
            if name not in names:
                parser.error(f"--{option}: unknown name {name!r}; choose from {', '.join(names)}")
    return options


def print_table(engines: Iterable[str], measurements: dict[str, Measurement],
                failures: dict[str, str]) -> None:
    """One line for each engine: time of a step, and its ratio to the first one's with its spread."""
    for name in engines:
        if name in measurements:
            m = measurements[name]
            print(f"  {name:22}{m.seconds * 1e6:12,.1f} us{m.ratio:10.3f} x  ± {m.spread:.3f}")
        else:
            print(f"  {name:22}{failures[name]}")


if __name__ == "__main__":
    sys.exit(main())
