"""`python -m tinygrad_edu doctor`: what is installed here, and what would make it faster."""

import os
import platform
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from tinygrad_edu import blas
from tinygrad_edu.drawing.render import renderers


def run() -> None:
    """Print what is here, line by line, then the times of a matrix product, and last the advice."""
    for label, text in describe():
        print(f"{label:11}{text}", flush=True)
    timings = blas.time_kernels()
    if timings:
        print(f"\na product of two {blas.SIZE} x {blas.SIZE} matrices, float32")
    for timing in timings:
        speed = 2 * blas.SIZE**3 / timing.seconds * 1e-9
        in_use = "   in use" if timing is timings[0] else ""
        print(f"  {timing.kernel or blas.built_with():20}{timing.seconds * 1e3:8.1f} ms{speed:8.0f} GFLOP/s{in_use}")
    print(f"\n{blas.advice(timings)}")


def describe() -> Iterator[tuple[str, str]]:
    """The lines of the report that need no measurement, as labels and text."""
    yield "Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    for label, distribution in [("NumPy", "numpy"), ("SciPy", "scipy")]:
        yield label, installed_version(distribution) or f"missing: python -m pip install {distribution}"
    yield "CPU", f"{processor_name()}, {available_cores()} of {os.cpu_count() or 1} cores"
    yield "BLAS", blas.built_with()
    yield "threads", f"{blas_threads()}; {thread_settings() or 'no limit is set'}"
    found = [name for name, _ in renderers("svg")]
    yield "pictures", f"drawn by {' or '.join(found)}" if found else (
        'none, graphs are text and .dot only: python -m pip install "tinygrad_edu[draw]"')
    yield "optional", optional_libraries()


# ----- the machine -----

def processor_name() -> str:
    """The name on the box where the system tells it, else the architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def available_cores() -> int:
    """The cores this process may use, which in a container may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def blas_threads() -> str:
    """How many threads a matrix product uses, or why that is not known."""
    if not installed_version("threadpoolctl"):
        return 'number unknown: python -m pip install "tinygrad_edu[doctor]"'
    number = blas.threads()
    return f"{number} in a matrix product" if number else "number unknown for this BLAS"


def thread_settings() -> str:
    """The variables that limit the thread pools, such as OMP_NUM_THREADS, if any is set."""
    return ", ".join(f"{name}={value}" for name, value in sorted(os.environ.items())
                     if name.endswith("_NUM_THREADS"))


# ----- what is installed -----

def installed_version(distribution: str) -> str | None:
    """The version of a package that pip knows; None for one that it does not."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def optional_libraries() -> str:
    """Which of the libraries of the extra `all` are missing, and the command that installs them."""
    try:
        requirements = metadata.requires("tinygrad_edu") or []
    except metadata.PackageNotFoundError:
        return 'unknown, as tinygrad_edu itself is not installed: python -m pip install ".[all]" in its folder'
    missing = {extra: [name for name in distributions if not installed_version(name)]
               for extra, distributions in extras(requirements).items()}
    missing = {extra: names for extra, names in missing.items() if names}
    if not missing:
        return "nothing is missing"
    names = ", ".join(name for names in missing.values() for name in names)
    return f'missing: {names}; python -m pip install "tinygrad_edu[{",".join(missing)}]"'


def extras(requirements: list[str]) -> dict[str, list[str]]:
    """The extras that `all` consists of, each with what it brings.

    >>> extras(['numpy>=2', 'safetensors>=0.4; extra == "files"', 'tinygrad_edu[files]; extra == "all"'])
    {'files': ['safetensors']}
    """
    found: dict[str, list[str]] = {}
    parts: set[str] = set()
    for requirement in requirements:
        optional = re.fullmatch(r"""([\w.-]+)(?:\[([^\]]*)\])?[^;]*;\s*extra == ['"]([\w-]+)['"]""", requirement)
        if optional:
            name, of_ours, extra = optional.groups()
            if name == "tinygrad_edu" and extra == "all":
                parts.update(of_ours.split(","))
            else:
                found.setdefault(extra, []).append(name)
    return {extra: names for extra, names in found.items() if extra in parts}
