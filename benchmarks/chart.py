"""The measurements as a bar chart: for each workload, how many times as long as the first engine each one takes.

`python -m benchmarks.chart results.json chart.svg` draws what `python -m benchmarks --json results.json` measured.
"""

import json
import sys
from math import ceil
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from benchmarks.engines import COMPILED
from tinygrad_edu.figures import BLUE, GREEN, INK

COLOURS = {"tinygrad_edu": BLUE, COMPILED: GREEN}
OTHERS = "#B0B0B0"
COLUMNS, WIDTH, ROW = 3, 4.2, 0.24
"""Panels side by side, the inches of each, and the inches of a bar in it."""


def draw_chart(content: dict[str, Any]) -> Figure:
    """A panel for each workload; bars to the left of 1 are faster than the reference, bars to the right are slower."""
    results = {name: engines for name, engines in content["results"].items() if engines}
    columns = min(COLUMNS, len(results))
    rows = ceil(len(results) / columns)
    most = max(map(len, results.values()))
    figure = Figure(figsize=(WIDTH * columns, (most * ROW + 0.75) * rows + 0.9), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (name, engines) in zip(panels, results.items(), strict=False):
        draw_panel(panel, name, engines)
        panel.set_xlim(limits([other for other in results.values() if reference_of(other) == reference_of(engines)]))
        panel.set_ylim(most - 0.5, -0.5)  # the first on top, and bars as wide as in the other panels
    for panel in panels[len(results):]:
        panel.remove()
    figure.suptitle("Time of a training step, as a multiple of the first engine's (logarithmic; left is faster)",
                    fontsize=11)
    environment = content["environment"]
    figure.supxlabel("\n".join(environment[label] for label in ("processor", "BLAS", "kernel") if label in environment),
                     fontsize=8, color=INK)
    return figure


def reference_of(engines: dict[str, Any]) -> str:
    """The engine that has 1."""
    return next(iter(engines))


def ratios_of(engines: dict[str, Any]) -> list[float]:
    """The times as multiples of the reference's."""
    return [engine["ratios"][reference_of(engines)] for engine in engines.values()]


def limits(results: list[dict[str, Any]]) -> tuple[float, float]:
    """The ends of the axis, the same for all workloads with one reference, so that their bars can be compared."""
    ratios = [1.0, *(ratio for engines in results for ratio in ratios_of(engines))]
    room = (max(ratios) / min(ratios)) ** 0.25 * 1.1  # on both sides, for the numbers at the ends of the bars
    return min(ratios) / room, max(ratios) * room


def draw_panel(panel: Axes, workload: str, engines: dict[str, Any]) -> None:
    """The engines of one workload on a logarithmic axis, with 1 at the foot of the bars."""
    names, ratios = list(engines), ratios_of(engines)
    positions = range(len(names))
    panel.barh(positions, [ratio - 1 for ratio in ratios], left=1, height=0.72,
               color=[COLOURS.get(name, OTHERS) for name in names])
    panel.set_xscale("log")
    panel.vlines(1, -0.5, len(names) - 0.5, color=INK, linewidth=0.8)
    for y, ratio in zip(positions, ratios, strict=True):
        slower = ratio >= 1
        panel.annotate(f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}", (ratio, y), xytext=(3 if slower else -3, 0),
                       textcoords="offset points", va="center", ha="left" if slower else "right", fontsize=8,
                       fontweight="bold" if names[y] == COMPILED else "normal", color=INK)
    panel.set_yticks(positions, names, fontsize=8)
    panel.tick_params(axis="y", length=0)
    panel.xaxis.set_major_locator(NullLocator())
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.spines[["top", "right", "bottom", "left"]].set_visible(False)
    milliseconds = engines[names[0]]["seconds"] * 1e3
    panel.set_title(f"{workload}, {names[0]} takes {milliseconds:.3g} ms", fontsize=9, loc="left")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("python -m benchmarks.chart: two files are needed, results.json to read and chart.svg to write")
    draw_chart(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).savefig(sys.argv[2], dpi=160)
