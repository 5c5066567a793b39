"""The benchmarks: wrong engines are refused; ratios, goals, one kernel for all; what is printed and drawn."""

import json
import os
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks import environment
from benchmarks.engines import COMPILED, SCALAR_ENGINES, TENSOR_ENGINES
from benchmarks.engines.hand_derived import make_step as hand_derived
from benchmarks.engines.tinygrad_edu_compiled import make_step as compiled
from benchmarks.engines.tinygrad_edu_eager import make_step as eager
from benchmarks.goals import GOALS, judge
from benchmarks.runner import TOLERANCE, Effort, EngineFailure, Measurement, check, time_rounds
from benchmarks.table import print_summary, print_table, print_verdicts
from benchmarks.worker import time_steps
from benchmarks.workloads import WORKLOADS
from tinygrad_edu import blas
from tinygrad_edu.blas import Timing

LOSSES = [2.0, 1.0]
MEASURED = {"hand-derived": Measurement([2e-3, 4e-3, 4e-3], LOSSES), COMPILED: Measurement([1e-3, 1e-3, 2e-3], LOSSES),
            "torch": Measurement([8e-3, 8e-3, 8e-3], LOSSES)}


class FakeWorker:
    """A worker whose steps have these losses and take so long; it notes for how long it was asked to run."""

    def __init__(self, engine, losses, seconds=1.0, dies_in=None):
        self.engine, self.losses, self.seconds, self.dies_in = engine, losses, seconds, dies_in
        self.asked = []

    def answer(self):
        if self.losses is None:
            raise EngineFailure("it has no wheels")

    def run_round(self, seconds, fewest):
        self.asked.append((seconds, fewest))
        if len(self.asked) == self.dies_in:
            raise EngineFailure("the process ended")
        return {"losses": self.losses, "seconds": self.seconds}


# ----- first right, then fast -----

def test_engines_that_compute_another_loss_are_refused():
    workers = {name: FakeWorker(name, losses) for name, losses in [
        ("hand-derived", LOSSES), ("torch", [2.0, 1.0 + 2e-11]), (COMPILED, [2.0, 1.0 + 2e-12]),
        ("autograd", [2.0, float("nan")]), ("mygrad", None), ("matrix-products", [float("nan")] * 2)]}
    failures = {}
    assert TOLERANCE["float64"] == 1e-11
    losses = check(WORKLOADS["tiny"], workers, failures)
    assert set(losses) == {"hand-derived", COMPILED, "matrix-products"}  # the last one is a bound, and computes none
    assert set(failures) == {"torch", "autograd", "mygrad"}
    assert failures["autograd"] == "wrong, the loss of step 2 is nan, for hand-derived it is 1"
    assert failures["mygrad"] == "failed, it has no wheels"


@pytest.mark.parametrize("name", ["workshop", "tiny", "digits", "regression"])
@pytest.mark.parametrize("make_step", [eager, compiled])
def test_our_engines_compute_what_the_hand_derived_step_does(make_step, name):
    workload = WORKLOADS[name]
    step, expected = make_step(workload), hand_derived(workload)
    for _ in range(10):
        assert step() == pytest.approx(expected(), rel=TOLERANCE[workload.dtype])


# ----- rounds and ratios -----

def test_all_rounds_together_have_the_fewest_steps(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    workers = {"a": FakeWorker("a", LOSSES, 3.0), "b": FakeWorker("b", LOSSES, 4.0),
               "c": FakeWorker("c", LOSSES, 5.0, dies_in=2)}
    failures = {}
    effort = Effort(rounds=4, seconds=0.25, fewest_steps=30)
    measured = time_rounds(dict.fromkeys("abc", LOSSES), workers, effort, failures)
    assert workers["a"].asked == workers["b"].asked == [(0.25, 8)] * 4
    assert measured == {"a": Measurement([3.0] * 4, LOSSES), "b": Measurement([4.0] * 4, LOSSES)}
    assert failures == {"c": "failed, the process ended"} and len(workers["c"].asked) == 2


def test_steps_are_timed_until_there_are_enough():
    steps = []
    assert time_steps(lambda: steps.append(1), seconds=0, fewest=7) > 0
    assert len(steps) == 7


def test_ratios_are_those_within_the_rounds():
    own, other = MEASURED[COMPILED], MEASURED["hand-derived"]
    assert own.seconds == 1e-3
    assert own.ratio_to(other) == 0.5  # of 0.5, 0.25 and 0.5
    assert own.spread_to(other) == 0.0625  # half the way from 0.375 to 0.5, the quartiles


# ----- the goals -----

def test_goals_are_of_workloads_and_engines_that_there_are():
    for workload, goals in GOALS.items():
        assert goals.keys() <= (TENSOR_ENGINES if workload in WORKLOADS and "scalar" not in workload else
                                SCALAR_ENGINES).keys()
    assert COMPILED in TENSOR_ENGINES and COMPILED in SCALAR_ENGINES


def test_goals_are_judged_by_the_ratios(capsys):
    verdicts = judge("workshop", MEASURED)  # at most 0.4 of hand-derived, 0.25 of torch; jax.jit was not measured
    assert [(v.other, v.ratio, v.met) for v in verdicts] == [("hand-derived", 0.5, False), ("torch", 0.125, True)]
    assert judge("workshop", {"torch": MEASURED["torch"]}) == judge("unknown", MEASURED) == []
    print_verdicts(verdicts)
    print_summary(verdicts)
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [
        "goal 0.5 of hand-derived, not met: at most 0.4", "goal 0.125 of torch, met: at most 0.25", "",
        "1 of 2 goals are met", "workshop 0.5 of hand-derived, not met: at most 0.4"]


# ----- one kernel for all -----

@pytest.mark.parametrize("before, timings, after, said", [
    ("Zen", [], "Zen", "OPENBLAS_CORETYPE=Zen for every engine, as it was set"),
    (None, [Timing("Haswell", None, 0.02), Timing("SkylakeX", "SkylakeX", 0.01)], "SkylakeX",
     "OPENBLAS_CORETYPE=SkylakeX for every engine, 2.0 times as fast as Haswell, which OpenBLAS takes by itself"),
    (None, [Timing("Haswell", None, 0.01)], None, "Haswell for every engine, as none that can be set is faster"),
    (None, [], None, "the one of this BLAS for every engine, as none that can be set is faster"),
])
def test_the_kernel_is_chosen_once_and_inherited(monkeypatch, before, timings, after, said):
    monkeypatch.setenv(blas.VARIABLE, before or "")
    if before is None:
        monkeypatch.delenv(blas.VARIABLE)
    monkeypatch.setattr(blas, "time_kernels", lambda: timings)
    assert environment.choose_kernel() == said
    assert os.environ.get(blas.VARIABLE) == after


# ----- what is shown -----

def test_the_table_has_a_column_for_each_comparison(capsys):
    print_table([*MEASURED, "jax.jit"], MEASURED, {"jax.jit": "skipped, jax is not installed"})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == "a step takes / hand-derived / torch".split()
    assert lines[2].split() == "tinygrad_edu compiled 1,000.0 us 0.500 ± 0.062 0.125".split()
    assert lines[4].split() == "jax.jit skipped, jax is not installed".split()


def test_without_the_reference_the_first_that_was_measured_is_compared_with(capsys):
    own = {COMPILED: MEASURED[COMPILED]}
    print_table(["micrograd", COMPILED], own, {"micrograd": "skipped, micrograd is not installed"})
    assert "/ tinygrad_edu compiled" in capsys.readouterr().out
    assert command.as_data(own)[COMPILED]["ratios"] == {COMPILED: 1.0}


def test_the_chart_has_a_bar_for_each_engine():
    pytest.importorskip("matplotlib")
    from benchmarks.chart import draw_chart

    content = {"environment": {"kernel": "Haswell for every engine"},
               "results": {"workshop": command.as_data(MEASURED), "tiny": command.as_data(MEASURED), "deep": {}}}
    figure = draw_chart(json.loads(json.dumps(content)))
    assert [panel.get_title(loc="left") for panel in figure.axes] == [
        "workshop, hand-derived takes 4 ms", "tiny, hand-derived takes 4 ms"]
    ends = [bar.get_x() + bar.get_width() for bar in figure.axes[0].patches]
    assert ends == pytest.approx([1, 0.5, 2])  # torch: the median of 4, 2 and 2
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "0.5", "2"]
    figure.canvas.draw()


@pytest.mark.parametrize("arguments, said", [
    (["--engines", "torch,brain"], "--engines: unknown name 'brain'"),
    (["--json", "no/such/folder/results.json"], "there is no such folder"),
    (["--chart", "chart.txt"], "--chart: chart.txt must end with .png, .svg, .pdf"),
])
def test_bad_arguments_are_refused_before_anything_is_measured(monkeypatch, capsys, arguments, said):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit, match="2"):
        command.parse_arguments()
    assert said in capsys.readouterr().err


def test_a_chart_without_matplotlib_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--chart", "chart.svg"])
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="2"):
        command.parse_arguments()
    assert 'pip install "tinygrad_edu[bench]"' in capsys.readouterr().err
