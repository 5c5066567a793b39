"""Optimizers and bad input: an error that says what is wrong and how to cure it, and nothing is changed."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.optim.parameters import values
from tinygrad_edu.errors import ArgumentError, BackwardError, DtypeError, OptionError, ShapeError, StateError
from tinygrad_edu.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop


def give_gradients(params):
    for p in params:
        p.grad = np.full(p.shape, 0.5)


def text(x):
    """What stands for a parameter of a test in its name: its message, of all that it is given."""
    return x if isinstance(x, str) else ""


def bad_states():
    good = Adam(values([1, 2], [3])).state_dict()
    yield None, "expected a dict of arrays by name, got NoneType"
    yield {k: v for k, v in good.items() if k != "m.1"}, r"missing are \['m\.1'\]"
    yield good | {"m.2": np.zeros(1)}, r"unknown are \['m\.2'\]"
    yield good | {"m.0": np.zeros(3)}, r"'m\.0' has shape \(3,\)"
    yield good | {"v.1": np.array(["x"])}, r"'v\.1' has shape \(1,\) and dtype <U1"
    yield good | {"v.0": [[1.0], [1.0, 2.0]]}, r"'v\.0' has shape"
    yield good | {"v.0": tg.Value([1.0, 2.0])}, r"'v\.0' has shape"
    yield good | {"v.0": [0.1, np.nan]}, r"'v\.0' has NaN"
    yield good | {"m.1": [np.nan]}, r"'m\.1' has NaN"
    yield good | {"v.0": [0.1, -0.2]}, r"'v\.0' is of squares, but has -0\.2"
    yield good | {"t": np.array([1.0, 2.0])}, "'t' has .* dtype float64"
    yield good | {"t": np.array([1, -2])}, "'t' counts steps, but has -2"
    yield good | {"lr": -1.0}, "lr must be a number of 0 or more, got -1"
    yield good | {"betas": np.array([0.9])}, "betas must be two numbers"
    yield SGD(values([1, 2], [3])).state_dict(), r"missing are \['amsgrad', 'betas', 'eps'"


@pytest.mark.parametrize("state, message", list(bad_states()), ids=text)
def test_a_state_that_does_not_fit_changes_nothing(state, message):
    params = values([1, 2], [3])
    optimizer = Adam(params, lr=0.1)
    give_gradients(params)
    optimizer.step()
    before, data = optimizer.state_dict(), [p.data.copy() for p in params]
    with pytest.raises(StateError, match=rf"Adam\.load_state_dict.*{message}"):
        optimizer.load_state_dict(state)
    for name, array in optimizer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    for p, array in zip(params, data, strict=True):
        np.testing.assert_array_equal(p.data, array)


def test_a_state_whose_settings_contradict_each_other_changes_nothing():
    optimizer = SGD(values([1]), lr=0.1, momentum=0.9)
    before = optimizer.state_dict()
    with pytest.raises(StateError, match=r"nesterov=True needs momentum above 0 .*; load a state saved from"):
        optimizer.load_state_dict(before | {"nesterov": True, "momentum": 0.0})
    assert optimizer.state_dict() == before


def bad_parameters():
    w, = values([1, 2])
    yield w, OptionError, "is one parameter, .* put it into a list"
    yield None, OptionError, "params is of type NoneType"
    yield [np.ones(2)], OptionError, r"params\[0\] is array.* of type ndarray, which is no parameter"
    yield [w, 1.0], OptionError, r"params\[1\] is 1.0 of type float"
    yield {"w": w}, OptionError, r"params\[0\] is 'w' of type str"
    yield tg.nn.Linear(2, 1), OptionError, r"params is of type Linear.*pass model\.parameters\(\)"
    yield tg.nn.MLP([2, 1]), OptionError, r"which is no parameter; pass model\.parameters\(\)"
    yield [], ArgumentError, "there are no parameters to optimize in params"
    yield iter([]), ArgumentError, "a generator is empty after its first use"
    yield [w, tg.Value(1.0), w], ArgumentError, r"params\[2\] is the same as params\[0\]"
    yield [w, w * 2], ArgumentError, r"params\[1\] was computed, by multiply"


@pytest.mark.parametrize("params, error, message", list(bad_parameters()), ids=text)
def test_parameters_that_are_none_are_refused_and_stay_as_they_were(params, error, message):
    listed = [p for p in params if isinstance(p, tg.Value)] if isinstance(params, list) else []
    before = [p.data for p in listed]
    with pytest.raises(error, match=rf"Adam: .*{message}"):
        Adam(params)
    assert all(p.data is data for p, data in zip(listed, before, strict=True))


def test_data_must_be_floating_numbers():
    class Whole:  # no Value has such data
        data, grad, mark_changed = np.array([1, 2]), None, None

    with pytest.raises(DtypeError, match=r"SGD: params\[0\] has dtype int64, in which no"):
        SGD([Whole()])


NAMES = {"lr": "lr must be a number of 0 or more", "eps": "eps must be a number of 0 or more",
         "betas": "betas must be two numbers, each 0 or more and below 1", "momentum": "momentum must be",
         "weight_decay": "weight_decay must be", "dampening": "dampening must be a number",
         "nesterov": "nesterov must be True or False", "amsgrad": "amsgrad must be True or False",
         "centered": "centered must be True or False", "alpha": "alpha must be a number of 0 or more and below 1",
         "lr_decay": "lr_decay must be", "initial_accumulator_value": "initial_accumulator_value must be"}


@pytest.mark.parametrize("optimizer, name, value, error", [
    *[(optimizer, "lr", value, error) for optimizer in (SGD, Adagrad, RMSprop, Adam, AdamW) for value, error in [
        (-0.1, ArgumentError), (np.nan, ArgumentError), (np.inf, ArgumentError), ("0.1", OptionError),
        (None, OptionError), ([0.1], OptionError), (1j, OptionError), (True, OptionError),
        ([[1], [1, 2]], OptionError), (tg.Value(0.1), OptionError)]],
    (Adam, "betas", 0.9, OptionError), (Adam, "betas", (0.9, 1.0), ArgumentError),
    (Adam, "betas", (-0.1, 0.9), ArgumentError), (Adam, "betas", (0.9, np.nan), ArgumentError),
    (Adam, "betas", (0.9, 0.99, 0.999), OptionError), (Adam, "betas", (0.9, None), OptionError),
    (Adam, "eps", -1e-8, ArgumentError), (Adam, "eps", np.nan, ArgumentError),
    (Adam, "weight_decay", -1, ArgumentError),
    (SGD, "momentum", -0.9, ArgumentError), (SGD, "momentum", np.inf, ArgumentError),
    (SGD, "dampening", np.nan, ArgumentError), (SGD, "dampening", -np.inf, ArgumentError),
    (SGD, "dampening", "0", OptionError),
    (SGD, "weight_decay", np.nan, ArgumentError), (SGD, "nesterov", 1, OptionError),
    (SGD, "nesterov", None, OptionError), (Adam, "amsgrad", 1, OptionError),
    (AdamW, "weight_decay", -0.1, ArgumentError), (AdamW, "betas", (0.9, 1.0), ArgumentError),
    (Adagrad, "lr_decay", -1, ArgumentError), (Adagrad, "initial_accumulator_value", -1, ArgumentError),
    (Adagrad, "eps", np.nan, ArgumentError), (Adagrad, "weight_decay", "1", OptionError),
    (RMSprop, "alpha", 1.0, ArgumentError), (RMSprop, "alpha", np.nan, ArgumentError),
    (RMSprop, "momentum", -1, ArgumentError), (RMSprop, "eps", -1, ArgumentError),
    (RMSprop, "weight_decay", -1, ArgumentError), (RMSprop, "centered", 0, OptionError),
], ids=lambda x: getattr(x, "__name__", repr(x)))
def test_hyperparameters_are_checked_at_the_start_and_when_assigned(optimizer, name, value, error):
    p, = values([1, 2])
    data = p.data
    with pytest.raises(error, match=f"{optimizer.__name__}: {NAMES[name]}"):
        optimizer([p], **{name: value})
    assert p.data is data
    stepper = optimizer([p])
    before = getattr(stepper, name)
    with pytest.raises(error, match=f"{optimizer.__name__}: {NAMES[name]}"):
        setattr(stepper, name, value)
    assert getattr(stepper, name) == before


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}], ids=repr)
def test_nesterov_needs_momentum_and_no_dampening(options):
    with pytest.raises(ArgumentError, match="SGD: nesterov=True needs momentum above 0 and dampening=0"):
        SGD(values([1]), nesterov=True, **options)


def test_nor_may_momentum_be_taken_from_nesterov_later():
    whole = SGD([{"params": values([1]), "nesterov": True}, {"params": values([2])}], momentum=0.9)
    first = whole.groups[0]
    for owner, name, value in (whole, "momentum", 0), (first, "dampening", 0.1), (first, "momentum", 0):
        before = dict(vars(owner))
        with pytest.raises(ArgumentError, match="SGD: nesterov=True needs momentum above 0 and dampening=0"):
            setattr(owner, name, value)
        assert vars(owner) == before
    first.nesterov = False
    whole.momentum = 0


@pytest.mark.parametrize("make", [SGD, Adam, lambda params: SGD([{"params": params}]).groups[0]])
def test_a_step_without_any_gradient_is_a_mistake(make):
    params = values([1, 2], [3])
    optimizer = make(params)
    before = [p.data.copy() for p in params]
    for _ in range(2):
        with pytest.raises(BackwardError, match=r"step: none of the 2 parameters has a gradient; call loss\.backward"):
            optimizer.step()
        optimizer.zero_grad()
    for p, data in zip(params, before, strict=True):
        np.testing.assert_array_equal(p.data, data)
    params[1].grad = np.ones(1)  # some without are normal
    optimizer.step()
    np.testing.assert_array_equal(params[0].data, before[0])


@pytest.mark.parametrize("optimizer", [SGD, Adagrad, RMSprop, Adam, AdamW])
@pytest.mark.parametrize("g, error, message", [
    (np.ones(3), ShapeError, r"the \.grad of params\[1\] \('w'\) has shape \(3,\), but .* had shape \(2,\)"),
    (1.0, ShapeError, r"has shape \(\)"),
    (np.ones(2) * 1j, DtypeError, r"expected real numbers, got dtype complex128; assign an array"),
    (["a", "b"], DtypeError, "got dtype <U1; .* not a list of others"),
    ([[1.0], [1.0, 2.0]], DtypeError, "got dtype object; .* not a list"),
    (tg.Value([1.0, 2.0]), DtypeError, "got dtype object; .* not a Value"),
], ids=["long", "number", "complex", "strings", "ragged", "Value"])
def test_a_gradient_that_does_not_fit_leaves_all_parameters_as_they_were(optimizer, g, error, message):
    params = [*values([5]), tg.Value([1.0, 2.0], name="w"), tg.Value(3.0)]
    stepper = optimizer(params, lr=0.1)
    give_gradients(params)
    stepper.step()
    J = sum((p * p).sum() for p in params)
    params[1].grad = g
    before, state = [np.array(p.data) for p in params], stepper.state_dict()
    with pytest.raises(error, match=rf"\w+\.step: .*{message}"):
        stepper.step()
    for p, data in zip(params, before, strict=True):
        np.testing.assert_array_equal(p.data, data)
    for name, array in stepper.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    stepper.zero_grad()
    J.backward()  # so no graph was made stale


def test_an_optimizer_without_update_or_with_an_unknown_hyperparameter_says_so():
    with pytest.raises(OptionError, match="Optimizer: there is no hyperparameter 'mu'; state it in the class"):
        Optimizer(values([1]), lr=1.0, mu=0.9)
    p, = values([1])
    p.grad = np.ones(1)
    with pytest.raises(NotImplementedError, match="Optimizer has no update rule; define its method `update`"):
        Optimizer([p], lr=1.0).step()
