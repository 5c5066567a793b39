"""The BLAS: what is advised for given times of its kernels, which kernels are tried, and what a trial's end tells."""

import platform
import sys

import pytest

from tinygrad_edu import blas
from tinygrad_edu.blas import Timing

HASWELL, SKYLAKE = Timing("Haswell", None, 0.017), Timing("SkylakeX", "SkylakeX", 0.010)


def test_threads_are_unknown_without_threadpoolctl(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)  # makes its import an ImportError
    assert blas.threads() is None


# ----- the advice -----

@pytest.mark.parametrize("timings, expected", [
    ([HASWELL, SKYLAKE], "To be faster, set OPENBLAS_CORETYPE=SkylakeX in the environment before Python starts: "
                         "matrix products are then 1.7 times as fast as with Haswell."),
    # 1.1 times as fast is less than what counts, 1.15
    ([Timing("Haswell", None, 0.011), SKYLAKE],
     "Fine as it is: SkylakeX would not be clearly faster than Haswell, which is in use."),
    ([Timing("SkylakeX", None, 0.010), Timing("Haswell", "Haswell", 0.017)],
     "Fine as it is: Haswell would not be clearly faster than SkylakeX, which is in use."),
    ([HASWELL], "Fine as it is: Haswell is the only kernel that makes sense on this CPU."),
    ([], "No advice: the matrix product could not be timed in a process of its own."),
])
def test_the_advice_in_a_line(timings, expected):
    assert blas.advice(timings) == expected


def test_another_blas_has_nothing_to_set(monkeypatch):
    monkeypatch.setattr(blas, "built_with", lambda: "accelerate 14")
    assert blas.advice([Timing("", None, 0.005)]).startswith(
        "Nothing to set: accelerate 14 has no kernels to choose from")


# ----- the kernels -----

def kernel_table(times):
    """A `time_one` for kernels that take these seconds, one after the other; the setting None takes Haswell."""
    remaining = {kernel: iter(seconds) for kernel, seconds in times.items()}

    def time_one(setting):
        kernel = setting or "Haswell"
        return Timing(kernel, setting, next(remaining[kernel])) if kernel in remaining else None

    return time_one


def test_kernels_take_turns_and_the_best_turn_counts(monkeypatch):
    monkeypatch.setattr(blas, "candidates", lambda: ["Haswell", "Zen", "SkylakeX"])
    # Haswell is in use, and is not timed twice under its name; Zen does not start
    time_one = kernel_table({"Haswell": [0.3, 0.2, 0.4], "SkylakeX": [0.5, 0.1, 0.7]})
    assert blas.time_kernels(time_one) == [Timing("Haswell", None, 0.2), Timing("SkylakeX", "SkylakeX", 0.1)]


def test_a_setting_that_openblas_does_not_know_is_left_out(monkeypatch):
    monkeypatch.setattr(blas, "candidates", lambda: ["SapphireRapids"])
    # it says so and takes the kernel it would have taken anyway, as does a Zen that is another name for Haswell
    assert blas.time_kernels(lambda setting: Timing("Haswell", setting, 0.01)) == [Timing("Haswell", None, 0.01)]


@pytest.mark.parametrize("first", [None, Timing("", None, 0.01)])
def test_without_openblas_or_a_process_nothing_else_is_tried(first):
    tried = []
    assert blas.time_kernels(lambda setting: tried.append(setting) or first) == ([first] if first else [])
    assert tried == [None]


def test_the_kernels_worth_a_try_are_those_the_cpu_has_the_instructions_for(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "AMD64")
    monkeypatch.setattr(blas, "cpu_flags", lambda: {"avx2", "avx512vl"})
    assert blas.candidates() == ["Haswell", "Zen", "SkylakeX"]
    monkeypatch.setattr(blas, "cpu_flags", set)  # not on Linux: those that do not start will not count
    assert blas.candidates() == ["Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"]
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert blas.candidates() == []


def test_flags_are_read_as_x86_and_arm_write_them(tmp_path):
    file = tmp_path / "cpuinfo"
    for line in ["flags\t\t: fpu avx2", "Features\t: fpu avx2"]:
        file.write_text(f"processor\t: 0\n{line}\nbogomips : 1\n")
        assert blas.cpu_flags(file) == {"fpu", "avx2"}
    assert blas.cpu_flags(tmp_path / "missing") == set()


def test_a_process_that_dies_or_hangs_is_no_timing(monkeypatch):
    monkeypatch.setattr(blas, "TRIAL", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert blas.time_kernel(None) is None
    monkeypatch.setattr(blas, "TRIAL", "import time; time.sleep(60)")
    monkeypatch.setattr(blas, "LONGEST", 0.1)
    assert blas.time_kernel(None) is None


def test_a_process_times_the_kernel_it_was_told_to_take(monkeypatch):
    code = "import os, sys; print('Core:', os.environ['OPENBLAS_CORETYPE'], file=sys.stderr); print(0.5)"
    monkeypatch.setattr(blas, "TRIAL", code)
    assert blas.time_kernel("Nehalem") == Timing("Nehalem", "Nehalem", 0.5)


def test_a_product_is_timed_for_real(monkeypatch):
    monkeypatch.setattr(blas, "SIZE", 8)
    timing = blas.time_kernel(None, seconds=0)
    assert timing is not None and 0 < timing.seconds < 1
