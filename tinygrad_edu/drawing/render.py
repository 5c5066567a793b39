"""From DOT to SVG, PNG and PDF by Graphviz: a `dot` on the PATH, else that inside the package pygraphviz."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from tinygrad_edu.errors import MissingDependencyError, RenderError

SHARP = "-Gdpi=192"
"""For PNG: twice the usual number of pixels."""

CURVED: tuple[str, ...] = ()
STRAIGHT = ("-Gsplines=line", "-Gnslimit=1", "-Gnslimit1=1")
LAYOUTS = ((CURVED, 2.0), (STRAIGHT, 4.0))
"""How to lay out, and for how many seconds to try. The number of nodes does not tell how long it takes: 100
with long arrows may take a minute if these are curved, and a tenth of a second if they are straight."""

PIXELS = 4.0
"""So many seconds more for PNG: what takes time there is not the layout."""

PYGRAPHVIZ = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot", args=" ".join(sys.argv[2:])))
"""


def render(dot: str, format: str) -> bytes:
    """The picture as the content of a file of the given format: "svg", "png" or "pdf".

    Errors: MissingDependencyError if there is no Graphviz, RenderError if it fails or takes too long.
    """
    options, more_time = ((SHARP,), PIXELS) if format == "png" else ((), 0.0)
    failures = []
    for renderer, command in renderers(format):
        for layout, seconds in LAYOUTS:
            try:
                run = subprocess.run([*command, *options, *layout], input=dot.encode(), capture_output=True,
                                     timeout=seconds + more_time)
            except subprocess.TimeoutExpired:
                failures.append(f"{renderer} took more than {seconds + more_time:g} seconds; try a smaller max_nodes")
                continue
            except OSError as error:
                failures.append(f"{renderer} did not start: {error}")
                break
            if run.returncode == 0 and run.stdout:
                return run.stdout
            said = run.stderr.decode(errors="replace").strip().splitlines()
            failures.append(f"{renderer} failed: {said[-1] if said else f'exit code {run.returncode}'}")
            break
        else:
            break  # another one would take as long
    if failures:
        raise RenderError(f"drawing as {format}: {'; '.join(failures)}")
    raise MissingDependencyError(
        f'drawing as {format} needs Graphviz: pip install "tinygrad_edu[draw]", or the system package '
        "graphviz, whose program dot must be on the PATH. print() and .save() as .dot work without it")


def renderers(format: str) -> Iterator[tuple[str, list[str]]]:
    """What there is to draw with, and the command that reads DOT from its input and writes the picture."""
    dot = shutil.which("dot")
    if dot:
        yield dot, [dot, f"-T{format}"]
    if find_spec("pygraphviz"):
        # in a process of its own, as C code in ours could not be stopped; -P: no module of the current folder
        yield "pygraphviz", [sys.executable, "-P", "-c", PYGRAPHVIZ, format]
