"""The doctor: what it says is here, and what it says of what is missing; tests/test_blas.py has its advice."""

import platform
from importlib import metadata

import numpy as np
import pytest

from tinygrad_edu import blas, cli, doctor
from tinygrad_edu.blas import Timing

HASWELL, SKYLAKE = Timing("Haswell", None, 0.017), Timing("SkylakeX", "SkylakeX", 0.010)


@pytest.fixture
def report(monkeypatch, capsys):
    """What the command prints for given timings; no process is started."""

    def report(timings):
        monkeypatch.setattr(blas, "time_kernels", lambda: timings)
        assert cli.main(["doctor"]) == 0
        return capsys.readouterr().out

    return report


# ----- the report -----

def test_the_report_names_versions_and_the_kernels_in_turn(report):
    text = report([HASWELL, SKYLAKE])
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    assert platform.python_version() in lines["Python"]
    assert np.__version__ in lines["NumPy"] and metadata.version("scipy") in lines["SciPy"]
    assert str(doctor.available_cores()) in lines["CPU"]
    assert "17.0 ms" in lines["Haswell"] and lines["Haswell"].endswith("in use")
    # 2 n^3 = 2 * 768^3 = 9.06e8 operations in 10 ms
    assert "91 GFLOP/s" in lines["SkylakeX"] and "in use" not in lines["SkylakeX"]
    assert text.splitlines()[-1] == blas.advice([HASWELL, SKYLAKE])


def test_the_report_without_anything_optional(report, monkeypatch):
    monkeypatch.setattr(doctor, "renderers", lambda format: iter(()))
    monkeypatch.setattr(doctor, "installed_version", lambda name: None if name != "numpy" else "2.0")
    monkeypatch.setattr(metadata, "requires", lambda name: [
        "numpy>=2.0", 'matplotlib>=3.8; extra == "plot"', 'pygraphviz>=2.0 ; extra == "draw"',
        'torch; extra == "bench"', 'tinygrad_edu[draw,plot]; extra == "all"'])
    lines = {line.split()[0]: line for line in report([]).splitlines() if line}
    assert "missing: python -m pip install scipy" in lines["SciPy"]
    assert 'pip install "tinygrad_edu[doctor]"' in lines["threads"]
    assert 'pip install "tinygrad_edu[draw]"' in lines["pictures"]
    assert lines["optional"].endswith(
        'missing: matplotlib, pygraphviz; python -m pip install "tinygrad_edu[plot,draw]"')
    assert lines["No"].startswith("No advice")


def test_a_copy_that_is_not_installed_knows_no_extras(monkeypatch):
    def not_found(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", not_found)
    assert "not installed" in doctor.optional_libraries()


def test_limits_of_threads_are_shown(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert "OMP_NUM_THREADS=3" in dict(doctor.describe())["threads"]


def test_another_blas_is_named_where_a_kernel_would_be(monkeypatch, report):
    monkeypatch.setattr(blas, "built_with", lambda: "accelerate 14")
    assert "  accelerate 14" in report([Timing("", None, 0.005)])
