"""Schedules: closed forms, PyTorch's schedulers, continuity, chains, states and bad input."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.errors import ArgumentError, MissingMethodError, OptionError, StateError
from tinygrad_edu.optim.schedules import (
    Cosine,
    CosineRestarts,
    Exponential,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    Warmup,
)

rates, counts, parts = st.floats(0, 10), st.integers(1, 1000), st.floats(0, 1)


# ----- PyTorch's -----

def pytorchs(make, steps, **options):
    """The learning rates of a PyTorch scheduler that starts from 0.3."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = getattr(torch.optim.lr_scheduler, make)(optimizer, **options)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize("schedule, steps, name, options", [
    (StepDecay(0.3, step_size=7, gamma=0.4), 50, "StepLR", {"step_size": 7, "gamma": 0.4}),
    (StepDecay(0.3, step_size=3), 12, "StepLR", {"step_size": 3}),
    (Exponential(0.3, gamma=0.97), 100, "ExponentialLR", {"gamma": 0.97}),
    (Warmup(0.3, steps=11, start_factor=0.25), 30, "LinearLR", {"start_factor": 0.25, "total_iters": 11}),
    (Cosine(0.3, steps=40, low=0.02), 41, "CosineAnnealingLR", {"T_max": 40, "eta_min": 0.02}),
    (CosineRestarts(0.3, period=5, low=0.01), 40, "CosineAnnealingWarmRestarts", {"T_0": 5, "eta_min": 0.01}),
    (CosineRestarts(0.3, period=3, growth=2), 100, "CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2}),
    (OneCycle(0.3, steps=60), 60, "OneCycleLR", {"max_lr": 0.3, "total_steps": 60, "cycle_momentum": False}),
    (OneCycle(0.3, steps=35, pct_start=0.5, div_factor=5, final_div_factor=100), 35, "OneCycleLR",
     {"max_lr": 0.3, "total_steps": 35, "pct_start": 0.5, "div_factor": 5, "final_div_factor": 100,
      "cycle_momentum": False}),
], ids=lambda x: repr(x) if isinstance(x, Schedule) else "")
def test_rates_are_those_of_pytorchs_schedulers(schedule, steps, name, options):
    np.testing.assert_allclose([schedule(t) for t in range(steps)], pytorchs(name, steps, **options), rtol=1e-11,
                               atol=1e-16)


@pytest.mark.parametrize("options", [{}, {"factor": 0.5, "patience": 0}, {"patience": 3, "threshold": 0.05}])
def test_plateaus_reduce_the_rate_when_pytorch_does(options):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, eps=0, **options)
    plateau = ReduceOnPlateau(0.3, **options)
    losses = 1 + np.maximum(0, 3 - 0.1 * np.arange(60)) + np.random.default_rng(0).normal(scale=0.2, size=60)
    reductions = 0
    for loss in losses:
        before = plateau(0)
        scheduler.step(loss)
        plateau.observe(loss)
        reductions += plateau(0) < before
        assert plateau(0) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-14)
    assert reductions >= 1


# ----- closed forms -----

@settings(max_examples=30, deadline=None)
@given(rates, parts, counts)
def test_starts_middles_and_ends(lr, share, steps):
    low = share * lr
    assert Warmup(lr, steps, share)(0) == pytest.approx(share * lr)
    assert Warmup(lr, steps)(steps) == Warmup(lr, steps)(3 * steps) == lr
    assert Warmup(lr, steps)(steps / 2) == pytest.approx(lr / 2)
    assert Cosine(lr, steps, low)(0) == lr
    assert Cosine(lr, steps, low)(steps / 2) == pytest.approx((lr + low) / 2)
    assert Cosine(lr, steps, low)(steps) == Cosine(lr, steps, low)(3 * steps) == low
    assert CosineRestarts(lr, steps, low=low)(7 * steps) == lr
    assert CosineRestarts(lr, steps, growth=3)(steps + 3 * steps) == lr
    assert CosineRestarts(lr, steps, growth=3)(steps + 1.5 * steps) == pytest.approx(lr / 2)
    assert StepDecay(lr, steps, share)(2 * steps) == pytest.approx(lr * share**2)
    assert Exponential(lr, share)(3) == pytest.approx(lr * share**3)
    assert OneCycle(lr, 10 * steps, 0.3)(3 * steps - 1) == pytest.approx(lr)
    assert OneCycle(lr, steps)(steps + 5) == pytest.approx(lr / 25 / 1e4)


@settings(max_examples=50, deadline=None)
@given(st.one_of(st.builds(Warmup, rates, counts, parts), st.builds(Cosine, rates, counts, rates),
                 st.builds(Exponential, rates, st.floats(0.01, 1)),
                 st.builds(OneCycle, rates, st.integers(10, 1000), st.floats(0.2, 0.8)),
                 st.builds(lambda lr, n, m: Warmup(lr, n).then(Cosine(lr, m)), rates, counts, counts)),
       st.floats(0, 2000))
def test_smooth_schedules_are_continuous(schedule, step):
    # no slope is steeper than that of the exponential at 0: 10 ln 100
    for distance in (1e-6, 1e-9):
        assert abs(schedule(step + distance) - schedule(step)) <= 50 * distance + 1e-12


@settings(max_examples=30, deadline=None)
@given(st.builds(Cosine, rates, counts), counts)
def test_what_decays_never_rises(cosine, steps):
    for schedule in (cosine, StepDecay(cosine.lr, steps), Exponential(cosine.lr, 0.9)):
        numbers = [schedule(step) for step in range(0, 1000, 37)]
        assert all(a >= b >= 0 for a, b in pairwise(numbers))


# ----- one after another -----

def test_chains_run_one_schedule_after_the_other():
    schedule = Warmup(0.1, steps=10).then(Cosine(0.1, steps=20)).then(lambda step: 7.0 + step)
    assert schedule(5) == pytest.approx(0.05)
    assert schedule(10) == 0.1
    assert schedule(20) == pytest.approx(0.05)
    assert (schedule(30), schedule(33)) == (7, 10)
    assert Warmup(0.1, steps=10).then(Cosine(0.1, steps=20)).steps == 30
    early = Exponential(1.0, gamma=0.5).then(Warmup(2.0, steps=4), after=2)
    assert [early(step) for step in range(5)] == [1, 0.5, 0, 0.5, 1]
    assert repr(early) == "Exponential(lr=1.0, gamma=0.5).then(Warmup(lr=2.0, steps=4, start_factor=0.0), after=2)"
    assert repr(Cosine(1, 3).then(StepDecay(1, 2))) == (
        "Cosine(lr=1, steps=3, low=0.0).then(StepDecay(lr=1, step_size=2, gamma=0.1))")


def test_a_rate_is_a_python_float_that_an_optimizer_takes():
    w = tg.Value(np.ones(2, np.float32))
    optimizer = tg.optim.SGD([w])
    for schedule in (Cosine(np.float32(0.1), np.int64(5)), StepDecay(1, 3), Warmup(1, 2).then(np.sqrt)):
        for step in (0, np.int64(2), 3.5):
            optimizer.lr = schedule(step)
            assert type(schedule(step)) is float


# ----- looking at the loss -----

def test_a_plateau_within_a_chain_hears_of_the_loss_and_is_saved_with_it():
    def make():
        return Warmup(0.1, steps=2).then(ReduceOnPlateau(0.1, factor=0.5, patience=0))

    schedule = make()
    for loss in (3.0, 2.0, 2.0):
        schedule.observe(loss)
    assert schedule(5) == 0.05
    state = schedule.state_dict()
    assert {name: array.item() for name, array in state.items()} == {
        "second.lr": 0.05, "second.best": 2.0, "second.waited": 0}
    other = make()
    other.load_state_dict(state)
    for one in (schedule, other):
        one.observe(2.5)
    assert schedule(5) == other(5) == 0.025


def test_plateaus_at_negative_losses_at_nan_and_at_the_lowest_rate():
    plateau = ReduceOnPlateau(0.1, factor=0.1, patience=0, threshold=0.1, low=0.005)
    plateau.observe(-1.0)
    plateau.observe(-1.05)  # not a tenth below
    assert plateau(0) == pytest.approx(0.01)
    plateau.observe(-1.2)
    assert plateau(0) == pytest.approx(0.01) and plateau.best == -1.2
    plateau.observe(np.nan)
    plateau.observe(np.inf)
    assert plateau(0) == 0.005 and plateau.best == -1.2


# ----- bad input -----

@pytest.mark.parametrize("make, error, message", [
    (lambda: StepDecay(-0.1, 3), ArgumentError, "StepDecay: lr must be a number of 0 or more, got -0.1"),
    (lambda: StepDecay(0.1, 0), ArgumentError, "StepDecay: step_size must be a whole number of 1 or more, got 0"),
    (lambda: StepDecay(0.1, 2.5), OptionError, "StepDecay: step_size must be a whole number"),
    (lambda: StepDecay(0.1, 3, 1.5), ArgumentError, "StepDecay: gamma must be a number from 0 to 1, got 1.5"),
    (lambda: Exponential(np.nan, 0.9), ArgumentError, "Exponential: lr must be"),
    (lambda: Exponential(0.1, -1), ArgumentError, "Exponential: gamma must be"),
    (lambda: Warmup(0.1, 3, 1.1), ArgumentError, "Warmup: start_factor must be a number from 0 to 1"),
    (lambda: Warmup("0.1", 3), OptionError, "Warmup: lr must be"),
    (lambda: Cosine(0.1, -3), ArgumentError, "Cosine: steps must be a whole number of 1 or more"),
    (lambda: Cosine(0.1, 3, np.inf), ArgumentError, "Cosine: low must be"),
    (lambda: CosineRestarts(0.1, 0), ArgumentError, "CosineRestarts: period must be"),
    (lambda: CosineRestarts(0.1, 3, 0.5), ArgumentError, "CosineRestarts: growth must be a number of 1 or more"),
    (lambda: OneCycle(0.1, 10, 1.0), ArgumentError, "OneCycle: pct_start must be a number from 0 to below 1"),
    (lambda: OneCycle(0.1, 10, div_factor=0), ArgumentError, "OneCycle: div_factor must be a number of 1 or more"),
    (lambda: ReduceOnPlateau(0.1, factor=2), ArgumentError, "ReduceOnPlateau: factor must be a number from 0 to 1"),
    (lambda: ReduceOnPlateau(0.1, patience=-1), ArgumentError, "ReduceOnPlateau: patience must be a whole number"),
    (lambda: Exponential(0.1, 0.9).then(Cosine(0.1, 3)), ArgumentError, r"never through; .*after=100\)"),
    (lambda: Warmup(0.1, 3).then(0.1), OptionError, "0.1 is no schedule; pass one, or any function of the step"),
    (lambda: Warmup(0.1, 3).then(Cosine(0.1, 3), after=-1), ArgumentError, "Chain: after must be a number of steps"),
    (lambda: Cosine(0.1, 3)(-1), ArgumentError, "Cosine: the step must be finite, counted from 0, got -1"),
    (lambda: Cosine(0.1, 3)(np.nan), ArgumentError, "the step must be finite, counted from 0, got nan"),
    (lambda: Cosine(0.1, 3)(np.inf), ArgumentError, "the step must be finite, counted from 0, got inf"),
    (lambda: Cosine(0.1, 3)(10**400), ArgumentError, "the step must be finite, counted from 0, got 1000"),
    (lambda: Warmup(0.1, 3).then(Cosine), OptionError, r"Cosine is a class; make one of it, as in Cosine\(0.1, ...\)"),
    (lambda: Cosine(0.1, 3)("1"), OptionError, "Cosine: the step must be a number, got '1' of type str"),
    (lambda: Cosine(0.1, 3)(True), OptionError, "Cosine: the step must be a number, got True"),
    (lambda: Schedule()(0), MissingMethodError, "Schedule has no rates; define its method `rate`"),
])
def test_bad_schedules_and_steps_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("change, message", [
    ({"lr": -1.0}, "lr must be"), ({"lr": np.zeros(2)}, "lr must be"), ({"best": "low"}, "could not convert"),
    ({"waited": np.nan}, "NaN"), ({"waited": np.inf}, "infinity"), ({"waited": None}, "int"), ({"x": 1}, "expected"),
])
def test_a_plateau_stays_as_it_was_on_bad_losses_and_states(change, message):
    plateau = ReduceOnPlateau(0.1)
    plateau.observe(2.0)
    before = vars(plateau).copy()
    for loss in (tg.Value(1.0), None, "1"):
        with pytest.raises(OptionError, match=r"the loss must be a number, got .*; pass loss\.item\(\)"):
            plateau.observe(loss)
    for owner in (plateau, plateau.then(ReduceOnPlateau(0.2), after=3)):
        state = owner.state_dict()
        prefix = "" if owner is plateau else "second."
        with pytest.raises(StateError, match=message):
            owner.load_state_dict({"first.lr": 0.7} | state | {prefix + key: value for key, value in change.items()}
                                  if prefix else state | change)
    assert vars(plateau) == before
