"""SGD and Adam go PyTorch's way: the same trajectories over a thousand steps, whatever the settings."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.optim import SGD, Adam

torch = pytest.importorskip("torch")

OPTIMIZERS = {SGD: torch.optim.SGD, Adam: torch.optim.Adam}

SETTINGS = [
    (SGD, {}),
    (SGD, {"momentum": 0.9}),
    (SGD, {"momentum": 0.5, "dampening": 0.3}),
    (SGD, {"momentum": 0.9, "nesterov": True}),
    (SGD, {"weight_decay": 0.1}),
    (SGD, {"momentum": 0.8, "weight_decay": 0.01, "nesterov": True}),
    (Adam, {}),
    (Adam, {"betas": (0.5, 0.9), "lr": 1e-3}),  # with longer steps, chaos sets in at the minimum
    (Adam, {"betas": (0.0, 0.0)}),
    (Adam, {"eps": 1e-2}),
    (Adam, {"weight_decay": 0.1}),
]

settings = pytest.mark.parametrize("optimizer, options", SETTINGS, ids=lambda x: getattr(x, "__name__", str(x)))
precisions = pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 2e-4)])


def relative_difference(ours, theirs):
    assert ours.dtype == theirs.dtype
    return np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs))


def trajectories(make_loss, starts, optimizer, options, steps=1000):
    """Where 1000 steps lead, after every tenth: arrays of (steps/10, size) for us and for PyTorch."""
    ours, theirs = [tg.Value(s.copy()) for s in starts], [torch.tensor(s, requires_grad=True) for s in starts]
    our_optimizer, their_optimizer = optimizer(ours, **options), OPTIMIZERS[optimizer](theirs, **options)
    our_way, their_way = [], []
    for step in range(steps):
        for parameters, stepper, way in [(ours, our_optimizer, our_way), (theirs, their_optimizer, their_way)]:
            stepper.zero_grad()
            make_loss(*parameters).backward()
            stepper.step()
            if step % 10 == 0:
                way.append(np.concatenate([np.ravel(p.detach().numpy()) for p in parameters]))
    return np.array(our_way), np.array(their_way)


@settings
@precisions
def test_the_way_down_rosenbrocks_valley(optimizer, options, dtype, tolerance):
    def rosenbrock(x, y):
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2

    starts = [np.array(-1.2, dtype), np.array(1.0, dtype)]
    lr = 2e-4 if optimizer is SGD else 0.01
    ours, theirs = trajectories(rosenbrock, starts, optimizer, {"lr": lr} | options)
    assert relative_difference(ours, theirs) < tolerance
    assert np.abs(ours[-1] - ours[0]).max() > 0.1  # it did go somewhere


@settings
@precisions
def test_the_way_to_a_least_squares_fit(optimizer, options, dtype, tolerance):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 4)).astype(dtype)
    y = (X @ [1, -2, 0.5, 3] + 0.7 + 0.1 * rng.normal(size=20)).astype(dtype)

    def loss(w, b):
        x, target = (X, y) if isinstance(w, tg.Value) else (torch.tensor(X), torch.tensor(y))
        return ((x @ w + b - target) ** 2).mean()

    starts = [rng.normal(size=4).astype(dtype), np.zeros(1, dtype)]
    ours, theirs = trajectories(loss, starts, optimizer, {"lr": 0.02} | options)
    assert relative_difference(ours, theirs) < tolerance


@settings
def test_many_parameters_of_many_shapes_and_dtypes_some_without_gradient(optimizer, options):
    rng = np.random.default_rng(1)
    shapes = [(3, 2), (), (4,), (2, 1, 3), (1,), (0, 2), (5,)]
    dtypes = [np.float64, np.float32, np.float32, np.float64, np.float64, np.float32, np.float32]
    starts = [rng.normal(size=shape).astype(dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
    ours, theirs = [tg.Value(np.array(s)) for s in starts], [torch.tensor(s, requires_grad=True) for s in starts]
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
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-13 if p.data.dtype == np.float64 else 1e-4,
                                       atol=1e-7 if p.data.dtype == np.float32 else 0)


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
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-13)
