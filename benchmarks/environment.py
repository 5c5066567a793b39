"""On what the numbers were measured: versions, processor, threads."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.engines import SCALAR_ENGINES, TENSOR_ENGINES
from benchmarks.runner import is_installed


def describe_environment() -> dict[str, str]:
    """What a reader of the table needs to know about the machine, as labels and text."""
    engines = [*TENSOR_ENGINES.values(), *SCALAR_ENGINES.values()]
    distributions = dict.fromkeys(engine.distribution for engine in engines)  # each once, in order
    installed = [name for name in distributions if is_installed(name)]
    return {
        "python": f"{platform.python_version()}, {platform.system()}",
        "versions": ", ".join(f"{name} {version(name)}" for name in installed),
        "processor": f"{processor_name()}, {available_cores()} cores",
        "threads": thread_settings() or "not set: each engine takes its default, usually all cores",
    }


def processor_name() -> str:
    """The name on the box where the system tells it, else the architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def available_cores() -> int:
    """The cores this process may use, which in a container may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_settings() -> str:
    """The variables that limit the thread pools, such as OMP_NUM_THREADS, if any is set."""
    return ", ".join(f"{name}={value}" for name, value in sorted(os.environ.items())
                     if name.endswith("_NUM_THREADS"))
