"""The BLAS behind NumPy's matrix products: which one it is, and which of its kernels is the fastest on this CPU.

OpenBLAS has kernels for many CPUs and takes one when it is loaded. It may be a slow one, on a CPU that is younger than
the library. The variable OPENBLAS_CORETYPE, set before Python starts, takes another. Each kernel is tried in a process
of its own, since it stays for the life of a process, and ends it where the CPU lacks its instructions.
"""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

VARIABLE = "OPENBLAS_CORETYPE"

KERNELS = {
    "x86_64": {"Haswell": "avx2", "Zen": "avx2", "SkylakeX": "avx512vl", "Cooperlake": "avx512_bf16",
               "SapphireRapids": "amx_bf16"},
    "aarch64": {"ARMV8": "asimd", "NeoverseN1": "asimddp", "NeoverseV1": "sve", "NeoverseN2": "sve2"},
}
"""What makes sense on today's CPUs, and what a CPU must have for it, by the names of Linux."""

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""What Windows and macOS call these CPUs."""

SIZE = 768
ROUNDS, SECONDS = 3, 0.12
"""The kernels take turns, so many times, for so long: a slow moment of the machine should not choose among them."""

WORTH_IT = 1.15
"""A kernel that is less than so many times as fast is no advice: the times differ by that much by chance."""

LONGEST = 20.0
"""Seconds after which a process that tries a kernel is given up."""

TRIAL = """
import sys, time
import numpy as np
size, seconds = int(sys.argv[1]), float(sys.argv[2])
a = np.full((size, size), 0.5, np.float32)
product = a @ a
times, start = [], time.perf_counter()
while len(times) < 3 or time.perf_counter() - start < seconds:
    before = time.perf_counter()
    np.matmul(a, a, out=product)
    times.append(time.perf_counter() - before)
print(min(times))
"""


@dataclass(frozen=True)
class Timing:
    """How long a product of two SIZE x SIZE matrices took, float32."""

    kernel: str  # as OpenBLAS names it; "" where there is none to choose: another BLAS, or one built for one CPU
    setting: str | None  # the value of OPENBLAS_CORETYPE that takes it; None for the environment as it is
    seconds: float


# ----- which it is -----

def built_with() -> str:
    """The BLAS that NumPy was built with, by name and version."""
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def threads() -> int | None:
    """How many threads NumPy's BLAS uses; None where threadpoolctl is not installed, or does not know this BLAS."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    return next((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), None)


# ----- which kernel is the fastest -----

def time_kernel(setting: str | None, seconds: float = SECONDS) -> Timing | None:
    """The kernel that a process takes with this OPENBLAS_CORETYPE, and the shortest time of its products.

    None if the process does not end well, as with a kernel that the CPU cannot run.
    """
    environment = os.environ | {"OPENBLAS_VERBOSE": "2"} | ({VARIABLE: setting} if setting else {})
    try:
        trial = subprocess.run([sys.executable, "-P", "-c", TRIAL, str(SIZE), str(seconds)], env=environment,
                               capture_output=True, text=True, errors="replace", timeout=LONGEST)
        kernel = re.search(r"^Core: (\w+)", trial.stderr, re.MULTILINE)
        return Timing(kernel[1] if kernel else "", setting, float(trial.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):  # the last one: it printed no time
        return None


def time_kernels(time_one: Callable[[str | None], Timing | None] = time_kernel) -> list[Timing]:
    """The kernel in use, and after it all others that start, each with the shortest time of its turns.

    An empty list if not even the first can be timed. What OpenBLAS does not know under its name, or has as another name
    for a kernel that is in the list, is left out.
    """
    found: dict[str, Timing] = {}
    for setting in [None, *candidates()]:
        if setting in found:  # it is in use
            continue
        timing = time_one(setting)
        if setting is None and (timing is None or not timing.kernel):
            return [timing] if timing else []
        if timing and timing.kernel not in found and timing.kernel.lower() == (setting or timing.kernel).lower():
            found[timing.kernel] = timing
    for _ in range(ROUNDS - 1):
        for kernel, best in found.items():
            again = time_one(best.setting)
            if again and again.seconds < best.seconds:
                found[kernel] = again
    return list(found.values())


def candidates() -> list[str]:
    """The kernels worth a try: of those for this kind of CPU the ones it has the instructions for, if Linux tells."""
    machine = platform.machine().lower()
    flags = cpu_flags()
    return [name for name, needed in KERNELS.get(MACHINES.get(machine, machine), {}).items()
            if not flags or needed in flags]


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    """What Linux says that the CPU can do; empty on other systems."""
    if not cpuinfo.exists():
        return set()
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((set(line.split(":", 1)[1].split()) for line in lines
                 if line.lower().startswith(("flags", "features"))), set())


def faster(timings: list[Timing]) -> Timing | None:
    """The fastest kernel, if it is worth changing to it from the first one, which is in use."""
    if not timings:
        return None
    best = min(timings, key=lambda timing: timing.seconds)
    return best if best.seconds * WORTH_IT <= timings[0].seconds else None


def advice(timings: list[Timing]) -> str:
    """In one line what to set so that matrix products are faster, or that nothing needs to be."""
    if not timings:
        return "No advice: the matrix product could not be timed in a process of its own."
    used, best = timings[0], faster(timings)
    if not used.kernel:
        return f"Nothing to set: {built_with()} has no kernels to choose from, as an OpenBLAS for many CPUs has."
    if best:
        return (f"To be faster, set {VARIABLE}={best.setting} in the environment before Python starts: matrix products "
                f"are then {used.seconds / best.seconds:.1f} times as fast as with {used.kernel}.")
    others = " and ".join(timing.kernel for timing in timings[1:])
    if others:
        return f"Fine as it is: {others} would not be clearly faster than {used.kernel}, which is in use."
    return f"Fine as it is: {used.kernel} is the only kernel that makes sense on this CPU."
