"""The optimizers go PyTorch's way: the same trajectories over a thousand steps, whatever the settings."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.optim import SGD, Adagrad, Adam, AdamW, RMSprop

torch = pytest.importorskip("torch")

OPTIMIZERS = {SGD: torch.optim.SGD, Adagrad: torch.optim.Adagrad, RMSprop: torch.optim.RMSprop,
              Adam: torch.optim.Adam, AdamW: torch.optim.AdamW}

SETTINGS = [
    (SGD, {}),
    (SGD, {"momentum": 0.9}),
    (SGD, {"momentum": 0.5, "dampening": 0.3}),
    (SGD, {"momentum": 0.9, "nesterov": True}),
    (SGD, {"weight_decay": 0.1}),
    (SGD, {"momentum": 0.8, "weight_decay": 0.01, "nesterov": True}),
    (Adagrad, {}),
    (Adagrad, {"lr_decay": 0.01, "initial_accumulator_value": 0.5}),
    (Adagrad, {"weight_decay": 0.1, "eps": 1e-2}),
    (RMSprop, {}),
    (RMSprop, {"alpha": 0.9, "weight_decay": 0.1, "eps": 1e-2}),
    (RMSprop, {"momentum": 0.9}),
    (RMSprop, {"centered": True, "eps": 1e-2}),
    (RMSprop, {"centered": True, "momentum": 0.5, "weight_decay": 0.1, "eps": 1e-2}),
    (Adam, {}),
    (Adam, {"betas": (0.5, 0.999)}),  # with a shorter memory in v, chaos sets in at the minimum
    (Adam, {"betas": (0.0, 0.0)}),
    (Adam, {"eps": 1e-2}),
    (Adam, {"weight_decay": 0.1}),
    (Adam, {"amsgrad": True}),
    (Adam, {"amsgrad": True, "weight_decay": 0.1}),
    (AdamW, {}),
    (AdamW, {"weight_decay": 0.5}),
    (AdamW, {"weight_decay": 0.1, "amsgrad": True, "eps": 1e-2}),
]

ROSENBROCK_RATES = {SGD: 2e-4, Adagrad: 0.05, RMSprop: 1e-3, Adam: 0.01, AdamW: 0.01}
LEAST_SQUARES_RATES = {SGD: 0.02, Adagrad: 0.1, RMSprop: 1e-3, Adam: 0.02, AdamW: 0.02}
"""With these, neither chaos sets in nor do 1000 steps lead nowhere."""

settings = pytest.mark.parametrize("optimizer, options", SETTINGS,
                                   ids=lambda x: str(x) if isinstance(x, dict) else x.__name__)
precisions = pytest.mark.parametrize("dtype, steps, tolerance", [(np.float64, 1000, 1e-12), (np.float32, 100, 1e-5)])


def relative_difference(ours, theirs):
    assert ours.dtype == theirs.dtype
    return np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs))


def trajectories(gradients, starts, optimizer, options, steps=1000, rate=None, own=None):
    """Where so many steps along gradients(*arrays), derived by hand, lead: (steps, size), ours and PyTorch's.

    rate: the learning rate of each step and parameter group.
    own: the options of the first parameter if it is a group by itself, and the others are another.
    """
    ours, theirs = [tg.Value(s.copy()) for s in starts], [torch.tensor(s) for s in starts]
    steppers = [make(params if own is None else [{"params": params[:1]} | own, {"params": params[1:]}], **options)
                for make, params in [(optimizer, ours), (OPTIMIZERS[optimizer], theirs)]]
    ways = [], []
    for step in range(steps):
        if rate is not None:
            for i, (group, reference) in enumerate(zip(steppers[0].groups, steppers[1].param_groups, strict=True)):
                group.lr = reference["lr"] = rate(step, i)
        for params, stepper, way in zip((ours, theirs), steppers, ways, strict=True):
            arrays = [np.asarray(p.data) for p in params]
            for p, g in zip(params, gradients(*arrays), strict=True):
                p.grad = g if params is ours else torch.from_numpy(g)
            stepper.step()
            way.append(np.concatenate([np.ravel(p.data) for p in params]))
    return np.array(ways[0]), np.array(ways[1])


def rosenbrock(x, y):
    """The gradient of (1 - x)² + 100 (y - x²)²."""
    return np.asarray(2 * (x - 1) - 400 * x * (y - x * x)), np.asarray(200 * (y - x * x))


@settings
@precisions
def test_the_way_down_rosenbrocks_valley(optimizer, options, dtype, steps, tolerance):
    ours, theirs = trajectories(rosenbrock, np.array([[-1.2], [1.0]], dtype), optimizer,
                                {"lr": ROSENBROCK_RATES[optimizer]} | options, steps)
    assert relative_difference(ours, theirs) < tolerance
    assert np.abs(ours[-1] - ours[0]).max() > 0.05  # it did go somewhere


@settings
@precisions
def test_the_way_to_a_least_squares_fit(optimizer, options, dtype, steps, tolerance):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 4)).astype(dtype)
    y = (X @ [1, -2, 0.5, 3] + 0.7 + 0.1 * rng.normal(size=20)).astype(dtype)

    def gradients(w, b):  # of the mean of (X w + b - y)²
        delta = 2 / len(y) * (X @ w + b - y)
        return X.T @ delta, delta.sum(keepdims=True)

    starts = [rng.normal(size=4).astype(dtype), np.zeros(1, dtype)]
    ours, theirs = trajectories(gradients, starts, optimizer, {"lr": LEAST_SQUARES_RATES[optimizer]} | options, steps)
    assert relative_difference(ours, theirs) < tolerance


@settings
def test_many_parameters_of_many_shapes_and_dtypes_some_without_gradient(optimizer, options):
    rng = np.random.default_rng(1)
    shapes = [(3, 2), (), (4,), (2, 1, 3), (1,), (0, 2), (5,)]
    dtypes = [np.float64, np.float32, np.float32, np.float64, np.float64, np.float32, np.float32]
    starts = [rng.normal(size=shape).astype(dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
    ours = [tg.Value(np.array(s)) for s in starts]
    theirs = [torch.tensor(s, requires_grad=True) for s in starts]
    our_optimizer = optimizer(ours, **{"lr": 0.05} | options)
    their_optimizer = OPTIMIZERS[optimizer](theirs, **{"lr": 0.05} | options)
    for step in range(30):
        our_optimizer.lr = 0.05 / (1 + step)
        their_optimizer.param_groups[0]["lr"] = 0.05 / (1 + step)
        for p, q in zip(ours, theirs, strict=True):
            p.grad = q.grad = None
            if rng.random() < 0.7:
                g = np.asarray(rng.normal(size=p.shape), p.data.dtype)
                p.grad, q.grad = g, torch.tensor(g)
        our_optimizer.step()
        their_optimizer.step()
        for p, q in zip(ours, theirs, strict=True):
            expected = q.detach().numpy()
            assert p.data.dtype == expected.dtype
            epsilon = np.finfo(p.data.dtype).eps
            np.testing.assert_allclose(p.data, expected, rtol=100 * epsilon, atol=10 * epsilon)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_python_numbers_go_the_same_way(optimizer):
    ours, theirs = tg.Value(-1.2), torch.tensor(-1.2, dtype=torch.float64, requires_grad=True)
    steppers = optimizer([ours], lr=0.01), OPTIMIZERS[optimizer]([theirs], lr=0.01)
    for _ in range(100):
        for x, stepper in zip((ours, theirs), steppers, strict=True):
            stepper.zero_grad()
            ((x * x - 2) ** 2).backward()
            stepper.step()
    assert type(ours.data) is float
    assert ours.data == pytest.approx(theirs.item(), rel=1e-13)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_nan_and_infinity_go_into_the_parameter(optimizer):
    start, g = np.ones(4), np.array([np.nan, np.inf, 1e300, 1.0])
    ours, theirs = tg.Value(start.copy()), torch.tensor(start, requires_grad=True)
    for x, stepper in [(ours, optimizer([ours], lr=0.1)), (theirs, OPTIMIZERS[optimizer]([theirs], lr=0.1))]:
        x.grad = g.copy() if x is ours else torch.tensor(g)
        stepper.step()
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-13, atol=1e-15)


GROUPS = [  # the options of the first of two groups, and those of the whole
    (SGD, {"momentum": 0.0}, {"lr": 2e-4, "momentum": 0.9}),
    (SGD, {"nesterov": True, "weight_decay": 0.1}, {"lr": 2e-4, "momentum": 0.9}),
    (Adagrad, {"lr_decay": 0.01, "weight_decay": 0.1}, {"lr": 0.05}),
    (RMSprop, {"centered": True, "eps": 1e-2}, {"lr": 1e-3, "momentum": 0.5}),
    (Adam, {"amsgrad": True, "eps": 1e-2}, {"lr": 0.01}),
    (AdamW, {"weight_decay": 0.0, "betas": (0.5, 0.99)}, {"lr": 0.01, "weight_decay": 0.5}),
]


@pytest.mark.parametrize("optimizer, own, options", GROUPS,
                         ids=lambda x: str(x) if isinstance(x, dict) else x.__name__)
def test_groups_with_learning_rates_that_change(optimizer, own, options):
    def rate(step, group):
        return options["lr"] * (1 / (1 + 1e-3 * step) if group == 0 else 0.5 + 0.5 * np.cos(step / 50) ** 2)

    ours, theirs = trajectories(rosenbrock, np.array([[-1.2], [1.0]]), optimizer, options, rate=rate, own=own)
    assert relative_difference(ours, theirs) < 1e-12
    assert np.abs(ours[-1] - ours[0]).max() > 0.1
