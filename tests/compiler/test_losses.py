"""Every loss and penalty, compiled, in all forms: reductions, sample weights, class weights, what is left out."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import Training, assert_same_training
from tinygrad_edu import nn, optim

RNG = np.random.default_rng(2)
X = RNG.normal(size=(12, 6))
Y = RNG.normal(size=(12, 3))
LABELS = RNG.integers(3, size=12)
PROBABILITIES = np.abs(Y) / np.abs(Y).sum(axis=1, keepdims=True)
ZERO_OR_ONE = (Y > 0).astype(float)
LOSSES = {
    "LeastSquaresLoss": (Y,), "MSELoss": (Y,), "L1Loss": (Y,), "HuberLoss": (Y,),
    "GaussianNLLLoss": (Y, np.abs(Y) + 0.1), "HingeLoss": (np.where(Y > 0, 1.0, -1.0),),
    "BCEWithLogitsLoss": (ZERO_OR_ONE,), "BCELoss": (ZERO_OR_ONE,), "NLLLoss": (LABELS,),
    "KLDivLoss": (PROBABILITIES,), "CrossEntropyLoss": (LABELS,),
}
FIRST = {"BCELoss": tg.sigmoid, "NLLLoss": tg.log_softmax, "KLDivLoss": tg.log_softmax}
OPTIONS = [(name, {}, target) for name, target in LOSSES.items()]
OPTIONS += [("CrossEntropyLoss", options, target) for target in ((LABELS,), (PROBABILITIES,)) for options in (
    {"label_smoothing": 0.1}, {"class_weights": [1.0, 2.0, 3.0]}, {})]
OPTIONS += [("CrossEntropyLoss", {"ignore_index": 1}, (LABELS,)), ("HuberLoss", {"delta": 0.3}, (Y,))]
PENALTIES = {"L1Penalty": (0.1,), "L2Penalty": (0.1,), "ElasticNetPenalty": (0.1, 0.3)}


def test_every_loss_and_penalty_is_here():
    classes = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    assert {name for name in classes if issubclass(getattr(nn, name), nn.Loss)} - {"Loss"} == set(LOSSES)
    assert {name for name in classes if issubclass(getattr(nn, name), nn.Penalty)} - {"Penalty"} == set(PENALTIES)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("name", "options", "targets"), OPTIONS, ids=lambda x: x if isinstance(x, str) else (
    " ".join(x) or " " if isinstance(x, dict) else str(np.asarray(x[0]).dtype)))
def test_a_loss(name, options, targets, reduction, weighted):
    def build():
        model = nn.Linear(6, 3)
        optimizer = optim.SGD(model.parameters(), lr=0.01)
        loss = getattr(nn, name)(reduction=reduction, **options)

        def step(x, weight, *targets):
            optimizer.zero_grad()
            h = FIRST.get(name, lambda h: h)(model(x))
            J = loss(h, *targets, weight=weight) if weighted else loss(h, *targets)
            J.backward()
            optimizer.step()
            return J

        return Training(step, model, [optimizer])

    other = tuple(target[::-1].copy() for target in targets)
    assert_same_training(build, (X, np.linspace(0.5, 2, 12), *targets), (X[::-1] * 0.3, np.ones(12), *other),
                         steps=8, eager=(2, 3))


def test_losses_of_each_sample():
    def build():
        model = nn.Linear(6, 3)
        loss = nn.CrossEntropyLoss(reduction="none")

        def step(x, labels):
            model.zero_grad()
            J = loss(model(x), labels)
            J.backward(np.linspace(-1, 1, 12))
            return J

        return Training(step, model)

    assert_same_training(build, (X, LABELS), (X + 1, (LABELS + 1) % 3), steps=4)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("whole_step", [True, False], ids=["beside a loss", "alone"])
def test_a_penalty(name, whole_step):
    """It has no data in it: recorded and not frozen, its gradient follows the parameters."""
    def build():
        model = nn.MLP([6, 5, 3])
        optimizer = optim.Adam(model.parameters(), lr=0.02)
        loss, penalty = nn.MSELoss(), getattr(nn, name)(*PENALTIES[name])

        def step(x, y):
            optimizer.zero_grad()
            J = loss(model(x), y) + penalty(model) if whole_step else penalty(model)
            J.backward()
            optimizer.step()
            return J

        return Training(step, model, [optimizer])

    # Adam makes steps of full length of gradients that are rounding errors alone
    assert_same_training(build, (X, Y), eager=(5,), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("which", ["norm", "infinite norm", "value", "both"])
def test_gradient_clipping(which):
    def build():
        model = nn.MLP([6, 5, 3])
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss = nn.MSELoss()

        def step(x, y):
            optimizer.zero_grad()
            J = loss(model(x), y)
            J.backward()
            norm = None
            if which in ("norm", "both"):
                norm = optim.clip_grad_norm(model.parameters(), 0.5)
            if which == "infinite norm":
                norm = optim.clip_grad_norm(model.parameters(), 0.1, np.inf)
            if which in ("value", "both"):
                optim.clip_grad_value(model.parameters(), 0.05)
            optimizer.step()
            return (J, norm) if norm is not None else J

        return Training(step, model, [optimizer])

    # some batches are clipped and some are not
    assert_same_training(build, (X, Y), (X * 0.01, Y * 0.01), (X * 3, Y), eager=(1, 7))
