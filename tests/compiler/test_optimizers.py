"""Every optimizer, compiled: parameters, running sums and counts of steps, with settings that change between steps."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import Training, assert_same_training, batches, regression
from tinygrad_edu import nn, optim

OPTIMIZERS = [
    (optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (optim.SGD, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    (optim.Adam, {}), (optim.Adam, {"amsgrad": True}), (optim.Adam, {"weight_decay": 0.1, "betas": (0.8, 0.9)}),
    (optim.AdamW, {}), (optim.AdamW, {"weight_decay": 0.3, "amsgrad": True}),
    (optim.RMSprop, {}), (optim.RMSprop, {"centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    (optim.Adagrad, {}), (optim.Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.1}),
]
BATCHES = batches((10, 3), (10, 2))
each_optimizer = pytest.mark.parametrize(("optimizer", "options"), OPTIMIZERS, ids=lambda x: (
    x.__name__ if isinstance(x, type) else " ".join(x) or "plain"))


def test_every_optimizer_is_here():
    classes = {x for x in vars(optim).values() if isinstance(x, type) and issubclass(x, optim.Optimizer)}
    assert classes - {optim.Optimizer} == {x for x, _ in OPTIMIZERS}


@each_optimizer
@pytest.mark.parametrize("eager", [(), (1, 2, 7, 13), (0,)], ids=["compiled", "mixed", "the first one eager"])
def test_20_steps(optimizer, options, eager):
    # the first step of some optimizers is another one than those that follow
    assert_same_training(regression(optimizer=optimizer, **options), *BATCHES, eager=eager, traced=2, rtol=1e-8,
                         atol=1e-10)


@each_optimizer
def test_learning_rate_and_weight_decay_change_between_steps(optimizer, options):
    plain = regression(optimizer=optimizer, **options)

    def build():
        training = plain()
        [opt] = training.optimizers
        schedule = optim.schedules.Warmup(0.05, steps=5).then(optim.schedules.Cosine(0.05, steps=15))

        def before(i):
            opt.lr = schedule(i)
            opt.weight_decay = 0.1 if i > 10 else options.get("weight_decay", 0)

        training.before = before
        return training

    assert_same_training(build, *BATCHES, eager=(4,), traced=3, rtol=1e-8, atol=1e-10)


@each_optimizer
def test_groups_with_settings_of_their_own(optimizer, options):
    def build():
        model = nn.MLP([3, 5, 5, 2], activation="tanh")
        first, *others = model.parameters()
        opt = optimizer([{"params": [first], "lr": 0.2}, {"params": others[:2], "weight_decay": 0.3},
                         {"params": others[2:]}], **{"lr": 0.02, **options})
        loss = nn.MSELoss()

        def step(x, y):
            opt.zero_grad()
            J = loss(model(x), y)
            J.backward()
            opt.step()
            return J

        def before(i):
            opt.lr = 0.02 / (1 + i)

        return Training(step, model, [opt], before=before)

    assert_same_training(build, *BATCHES, eager=(2,), traced=3, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam])
def test_long_vectors_are_updated_in_pieces(optimizer):
    """A net with more than 2^14 parameters, in both dtypes."""
    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 2e-4)):
        def build(dtype=dtype):
            model = nn.MLP([60, 200, 100, 3], activation="tanh", dtype=np.dtype(dtype))
            opt = optimizer(model.parameters(), lr=1e-3)
            loss = nn.MSELoss()

            def step(x, y):
                opt.zero_grad()
                J = loss(model(x), y)
                J.backward()
                opt.step()
                return J

            return Training(step, model, [opt])

        assert_same_training(build, *batches((10, 60), (10, 3), dtype=dtype), steps=8, eager=(3,), rtol=tolerance,
                             atol=tolerance)


def test_single_numbers_are_parameters_too():
    def build():
        a, b = nn.Parameter(2.0), nn.Parameter(-1.0)
        w = tg.Value(np.ones(3))
        opt = optim.Adam([a, w, b], lr=0.1)

        def step(x, y):
            opt.zero_grad()
            J = ((a * (x * w).sum(axis=1) + b - y) ** 2).mean() + a * a
            J.backward()
            opt.step()
            return J

        return Training(step, values=[a, b, w], optimizers=[opt])

    assert_same_training(build, *batches((10, 3), (10,)), eager=(3,))


def test_two_optimizers_and_one_that_waits():
    """A parameter whose gradient is None keeps its count of steps; two optimizers share a step."""
    def build():
        one, two, unused = nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(3, 3)
        model = nn.Sequential(one, two)
        first = optim.Adam([*one.parameters(), *unused.parameters()], lr=0.05)
        second = optim.SGD(two.parameters(), lr=0.05, momentum=0.9)

        def step(x, y):
            first.zero_grad()
            second.zero_grad()
            J = ((model(x) - y) ** 2).mean()
            J.backward()
            second.step()
            first.step()
            return J

        return Training(step, model, [first, second], values=list(unused.parameters()))

    assert_same_training(build, *BATCHES, eager=(2,), traced=2)


def test_two_steps_in_one_function():
    """The second forward pass sees the parameters of the first update."""
    def build():
        model = nn.MLP([3, 4, 2], activation="tanh")
        opt = optim.Adam(model.parameters(), lr=0.05)

        def step(x, y):
            found = []
            for factor in (1.0, -0.5):
                opt.zero_grad()
                J = ((model(factor * x) - y) ** 2).mean()
                J.backward()
                opt.step()
                found.append(J)
            return found

        return Training(step, model, [opt])

    assert_same_training(build, *BATCHES, steps=8, eager=(2,))


def test_a_saved_state_is_loaded_between_steps():
    def run(compiled):
        tg.manual_seed(0)
        training = regression(optimizer=optim.Adam)()
        [opt] = training.optimizers
        step = tg.compile(training.step) if compiled else training.step
        step(*BATCHES[0])
        saved, parameters = copy.deepcopy(opt.state_dict()), copy.deepcopy(training.model.state_dict())
        first = step(*BATCHES[1]).item()
        step(*BATCHES[2])
        opt.load_state_dict(saved)
        training.model.load_state_dict(parameters)
        return first, step(*BATCHES[1]).item(), step(*BATCHES[2]).item()

    first, again, last = run(compiled=True)
    assert again == first
    assert run(compiled=False) == pytest.approx((first, again, last), rel=1e-12)


def test_parameters_assigned_between_steps():
    def run(compiled):
        tg.manual_seed(0)
        training = regression(optimizer=optim.Adam)()
        step = tg.compile(training.step) if compiled else training.step
        losses = []
        for i in range(6):
            losses.append(step(*BATCHES[0]).item())
            weight = training.model.parameters()[0]
            if i == 2:
                weight.data = np.full_like(weight.data, 0.3)
            if i == 3:
                weight.data[0] = 0.1
            if i == 4:
                weight.data = weight.data * 0.5
        return losses

    np.testing.assert_allclose(run(True), run(False), rtol=1e-9)
