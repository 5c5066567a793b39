"""What the import does for memory: the garbage collector looks where there are cycles, and obeys its user."""

import subprocess
import sys

import pytest


def in_a_new_process(code):
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_the_collector_looks_less_often_at_graphs_and_as_often_as_ever_where_there_are_cycles():
    found = in_a_new_process("""
import gc
usual = gc.get_threshold()
import tinygrad_edu as tg
keep = [tg.Value(1.0) * 2.0 for _ in range(200_000)]
print(gc.get_threshold()[0] == 2**14, gc.get_threshold()[1:] == usual[1:])
for _ in range(2**15):
    cycle = []
    cycle.append(cycle)
print(gc.get_threshold() == usual)
""")
    assert found.split() == ["True"] * 3


@pytest.mark.parametrize("setting, kept", [("gc.set_threshold(500, 5, 5)", "(500, 5, 5)"),
                                           ("gc.set_threshold(0)", "(0, "), ("gc.disable()", "False")])
@pytest.mark.parametrize("before", [True, False])
def test_who_sets_the_collector_is_obeyed(setting, kept, before):
    lines = ["import gc", setting, "import tinygrad_edu as tg"] if before else [
        "import gc", "import tinygrad_edu as tg", setting]
    found = in_a_new_process("\n".join([*lines, "keep = [tg.Value(1.0) * 2.0 for _ in range(100_000)]",
                                        "print(gc.get_threshold(), gc.isenabled())"]))
    assert kept in found
