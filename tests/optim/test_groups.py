"""Parameter groups: each an optimizer of its own, which follows the whole in what it does not set itself."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.optim.parameters import give_gradients, take_step, values
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError, StateError
from tinygrad_edu.interop import load, save
from tinygrad_edu.optim import SGD, Adagrad, Adam, AdamW, RMSprop
from tinygrad_edu.optim.schedules import Cosine, Exponential, Warmup


def test_a_group_follows_the_optimizer_until_it_has_a_value_of_its_own():
    w, b, c = values([1, 2], [3], [4])
    optimizer = SGD([{"params": [w, b], "lr": 0.5}, {"params": [c]}], lr=0.1)
    first, second = optimizer.groups
    assert (first.lr, second.lr, optimizer.lr, first.momentum) == (0.5, 0.1, 0.1, 0)
    optimizer.lr, optimizer.momentum = 0.01, 0.9
    assert (second.lr, first.momentum, second.momentum) == (0.01, 0.9, 0.9)
    assert first.lr == pytest.approx(0.05, rel=1e-15)  # in proportion
    second.lr = 0.3
    assert second.lr == 0.3
    optimizer.lr = 0.02
    assert [first.lr, second.lr] == pytest.approx([0.1, 0.6], rel=1e-15)
    optimizer.lr = 0
    first.lr = 0.7  # in proportion to 0, which is none
    optimizer.lr = 0.01
    assert [first.lr, second.lr] == pytest.approx([0.7, 0.3], rel=1e-15)


@pytest.mark.parametrize("schedule, name, options", [
    (Exponential(0.3, gamma=0.8), "ExponentialLR", {"gamma": 0.8}),
    (Cosine(0.3, steps=10), "CosineAnnealingLR", {"T_max": 10}),
    (Warmup(0.3, steps=5), "LambdaLR", {"lr_lambda": lambda step: min(step / 5, 1)})], ids=["e", "c", "w"])
def test_groups_follow_a_schedule_as_pytorchs_do(schedule, name, options):
    torch = pytest.importorskip("torch")
    optimizer = SGD([{"params": values([1]), "lr": 0.5}, {"params": values([1])}], lr=0.3)
    theirs = torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.3)])
    scheduler = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    for step in range(10):
        optimizer.lr = schedule(step)
        assert [group.lr for group in optimizer.groups] == pytest.approx(
            [group["lr"] for group in theirs.param_groups], rel=1e-12, abs=1e-16)
        theirs.step()
        scheduler.step()


def test_groups_know_their_parameters_and_without_groups_there_is_one():
    w, b, c = params = [tg.Value(1.0), *values([3]), tg.Value(np.ones(2, np.float32))]
    optimizer = SGD([{"params": (p for p in [w, b])}, {"params": [c]}])
    assert optimizer.params == params
    assert [group.params for group in optimizer.groups] == [[w, b], [c]]
    assert repr(optimizer).endswith("of 4 numbers in 3 parameters, in 2 groups>")
    alone = SGD(params)
    assert alone.groups == [alone] and alone.params == params


@pytest.mark.parametrize("optimizer, own", [
    (SGD, {"lr": 0.3, "momentum": 0.9}), (Adagrad, {"eps": 0.1}), (RMSprop, {"centered": True, "momentum": 0.5}),
    (Adam, {"amsgrad": True, "betas": (0.5, 0.9)}), (AdamW, {"weight_decay": 0.4, "lr": 0.3})])
def test_groups_step_as_optimizers_of_their_own_would(optimizer, own):
    starts = [np.array([1.0, 2.0]), np.array([3.0], np.float32), 4.0, np.ones((2, 2))]
    together, apart = [[tg.Value(np.copy(s) if np.ndim(s) else s) for s in starts] for _ in range(2)]
    whole = optimizer([{"params": together[:3]} | own, {"params": together[3:]}], lr=0.1)
    parts = [optimizer(apart[:3], **{"lr": 0.1} | own), optimizer(apart[3:], lr=0.1)]
    for step in range(6):
        for params, steppers in ((together, [whole]), (apart, parts)):
            give_gradients(params, step)
            params[step % 4].grad = None
            take_step(steppers)
    for p, q in zip(together, apart, strict=True):
        assert type(p.data) is type(q.data)
        np.testing.assert_array_equal(p.data, q.data)


def test_a_group_may_step_alone():
    w, b = params = values([1, 2], [3])
    optimizer = SGD([{"params": [w]}, {"params": [b]}], lr=1)
    give_gradients(params)
    optimizer.groups[1].step()
    np.testing.assert_array_equal(w.data, [1, 2])
    assert b.data[0] == 3 - b.grad[0]
    optimizer.groups[1].zero_grad()
    assert b.grad is None and w.grad is not None


@pytest.mark.parametrize("ending", [None, ".npz"])
@pytest.mark.parametrize("optimizer, own, later", [
    (SGD, {"momentum": 0.9}, {"nesterov": True}), (Adam, {"amsgrad": True}, {"betas": (0.5, 0.9)}),
    (RMSprop, {"centered": True}, {"momentum": 0.9})])
def test_a_saved_optimizer_with_groups_goes_on_bit_for_bit(optimizer, own, later, ending, tmp_path):
    def make(arrays):
        params = values(*arrays)
        return params, optimizer([{"params": params[:2]} | own, {"params": params[2:]}], lr=0.1)

    params, first = make([[1, 2], [3], [4, 5, 6]])
    for name, value in later.items():
        setattr(first.groups[0], name, value)
    for step in range(5):
        give_gradients(params, step)
        params[step % 3].grad = None
        first.step()
    state = first.state_dict()
    if ending:
        save(tmp_path / f"state{ending}", state)
        state = load(tmp_path / f"state{ending}")
    copies, second = make([p.data for p in params])
    second.groups[1].lr = 7.0  # which the state does not have
    second.load_state_dict(state)
    for step in range(5, 10):
        for group, stepper in ((params, first), (copies, second)):
            stepper.lr = 0.1 / (1 + step)
            give_gradients(group, step)
            stepper.step()
    for p, q in zip(params, copies, strict=True):
        assert p.data.tobytes() == q.data.tobytes()


def test_a_state_of_other_groups_changes_nothing():
    def make(size):
        params = values([1], [2], [3])
        return Adam([{"params": params[:size], "lr": 0.1}, {"params": params[size:]}])

    optimizer = make(1)
    before = optimizer.state_dict()
    assert [name for name in before if "groups" in name] == ["groups.0.lr", "groups.0.whole_lr", "groups"]
    for state, message in [
        (make(2).state_dict(), r"the groups have \[1, 2\] parameters, but \[2 1\] in the state"),
        (Adam(values([1], [2], [3])).state_dict(), r"missing are \['groups'\]"),
        (before | {"groups.2.lr": 0.1}, r"unknown are \['groups\.2\.lr'\]"),
        (before | {"groups.1.lr": -0.1}, "lr must be a number of 0 or more"),
        (before | {"groups.0.whole_lr": 0}, "whole_lr must be a number above 0"),
        (before | {"whole_lr": 0.1}, "only a group with its own lr has a whole_lr"),
        (before | {"groups.1.whole_lr": 0.1}, "only a group with its own lr has a whole_lr"),
        (before | {"groups": np.array([1.0, 2.0])}, "'groups' has .* dtype float64"),
    ]:
        with pytest.raises(StateError, match=rf"Adam\.load_state_dict: .*{message}"):
            optimizer.load_state_dict(state)
        after = optimizer.state_dict()
        assert after.keys() == before.keys()
        assert all((after[name] == before[name]).all() for name in before)
    assert optimizer.groups[0].lr == 0.1 and optimizer.groups[1].lr == 1e-3


w, b = values([1, 2], [3])


@pytest.mark.parametrize("params, error, message", [
    ([{"params": [w]}, b], OptionError, r"params\[1\] is Value.*but a group is a dict with 'params'"),
    ([{"lr": 0.1}], OptionError, r"params\[0\] is \{'lr': 0.1\}, but a group is a dict with 'params'"),
    ([{"params": w}], OptionError, r"params\[0\]\['params'\] is one parameter, .* put it into a list"),
    ([{"params": [w]}, {"params": []}], ArgumentError, r"no parameters to optimize in params\[1\]\['params'\]"),
    ([{"params": [w]}, {"params": [b, w]}], ArgumentError,
     r"params\[1\]\['params'\]\[1\] is the same as params\[0\]\['params'\]\[0\]"),
    ([{"params": [w]}, {"params": [b], "rate": 1}], OptionError,
     "a parameter group has no 'rate'; it may have its own lr, momentum, dampening, weight_decay, nesterov"),
    ([{"params": [w]}, {"params": [b], "lr": -1}], ArgumentError, "lr must be a number of 0 or more, got -1"),
    ([{"params": [w]}, {"params": [b], "lr": None}], OptionError, "lr must be"),
    ([{"params": [w]}, {"params": [b], "nesterov": True}], ArgumentError, "nesterov=True needs momentum"),
], ids=lambda x: x if isinstance(x, str) else "")
def test_bad_groups_are_refused_and_the_parameters_stay_as_they_were(params, error, message):
    before = w.data, b.data
    with pytest.raises(error, match=f"SGD: .*{message}"):
        SGD(params)
    assert w.data is before[0] and b.data is before[1]


def test_a_gradient_that_does_not_fit_leaves_the_other_groups_as_they_were():
    w, b = params = values([1, 2], [3])
    optimizer = SGD([{"params": [w]}, {"params": [b]}], lr=1)
    give_gradients(params)
    b.grad = np.ones(2)
    with pytest.raises(ShapeError, match=r"SGD\.step: the \.grad of params\[1\]\['params'\]\[0\] has shape \(2,\)"):
        optimizer.step()
    np.testing.assert_array_equal(w.data, [1, 2])


@pytest.mark.parametrize("optimizer, name", [(Adam, "amsgrad"), (AdamW, "amsgrad"), (RMSprop, "centered")])
def test_what_decides_which_running_sums_there_are_is_fixed(optimizer, name):
    whole = optimizer([{"params": values([1])}, {"params": values([2]), name: True}])
    for owner, value in [(whole, True), (whole.groups[0], True), (whole.groups[1], False)]:
        setattr(owner, name, not value)  # as it is already
        with pytest.raises(OptionError, match=f"{optimizer.__name__}: {name} is {not value} for good"):
            setattr(owner, name, value)
        assert getattr(owner, name) is not value
