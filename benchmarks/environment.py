"""On what the numbers are measured: versions, processor, threads, and one BLAS kernel for all engines."""

import os
import platform
from importlib.metadata import version

from benchmarks.engines import SCALAR_ENGINES, TENSOR_ENGINES
from benchmarks.runner import is_installed
from tinygrad_edu import blas
from tinygrad_edu.doctor import available_cores, processor_name, thread_settings


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
        "BLAS": blas.built_with(),
    }


def choose_kernel() -> str:
    """Choose the OpenBLAS kernel for all engines, whose processes inherit the environment; say which, and why.

    It is the one that is set already, else the one that the doctor would advise.
    """
    if blas.VARIABLE in os.environ:
        return f"{blas.VARIABLE}={os.environ[blas.VARIABLE]} for every engine, as it was set"
    timings = blas.time_kernels()
    best = blas.faster(timings)
    if best and best.setting:
        os.environ[blas.VARIABLE] = best.setting
        return (f"{blas.VARIABLE}={best.setting} for every engine, {timings[0].seconds / best.seconds:.1f} times as "
                f"fast as {timings[0].kernel}, which OpenBLAS takes by itself")
    name = timings[0].kernel if timings and timings[0].kernel else "the one of this BLAS"
    return f"{name} for every engine, as none that can be set is faster"
