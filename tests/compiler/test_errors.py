"""What cannot be compiled is an error that names the line and the cure, and changes nothing."""

import inspect
import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import regression
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import OptionError, ShapeError, TraceError

W = tg.Value(np.array([1.0, 2.0]))


def branch(x):
    return x if x.sum() > 1 else -x  # here


def branch_on_a_value(x):
    J = (W * x).sum()
    if J > 1:  # here
        return J * 2
    return J


def loop(x):
    while (x < 1).all():  # here
        x = x * 2
    return x


def negation(x):
    return not x[0]  # here


def assertion(x):
    assert x[0] > 0  # here
    return x


def number(x):
    return float((W * x).sum())  # here


def whole_number(x):
    return np.arange(int(x[0]))  # here


def function_of_math(x):
    return math.sin(x[0])  # here


def data_dependent_shape(x):
    return x[x > 0]  # here


def places(x):
    return np.nonzero(x)[0]  # here


def unique(x):
    return np.unique(x)  # here


def written_into_an_array_from_outside(x):
    np.multiply(x, 2, out=OUT)  # here
    return OUT


def a_part_of_one_from_outside(x):
    OUT[:1] += x[:1]  # here
    return OUT * 1


def written_into_a_plain_array(x):
    y = np.zeros(2)
    y[:] = x  # here
    return y


def a_value_at_a_mask(x):
    return (W * x)[x > 0]  # here


def repeated(x):
    return np.repeat(x, x.astype(int))  # here


def text(x):
    return f"{x[0]:.3f}"  # here


def listed(x):
    return x.tolist()  # here


OUT = np.zeros(2)
IMPOSSIBLE = [branch, branch_on_a_value, loop, negation, assertion, number, whole_number, function_of_math,
              data_dependent_shape, places, unique, written_into_an_array_from_outside, a_part_of_one_from_outside,
              written_into_a_plain_array, a_value_at_a_mask, repeated, text, listed]


@pytest.mark.parametrize("function", IMPOSSIBLE, ids=lambda f: f.__name__)
def test_what_cannot_be_compiled(function):
    lines, start = inspect.getsourcelines(function)
    line = start + next(i for i, text in enumerate(lines) if "# here" in text)
    W.grad = None
    with pytest.raises(TraceError) as caught:
        tg.compile(function)(np.array([1.0, 3.0]))
    message = str(caught.value)
    assert f"line {line}" in message
    assert "test_errors.py" in message
    assert "np.where" in message or "instead" in message or "leave" in message
    np.testing.assert_array_equal(W.data, [1, 2])
    assert type(W.data) is np.ndarray
    assert W.grad is None


def test_afterwards_everything_is_as_it_was():
    """Parameters, gradients, the optimizer's sums and counts, statistics and the random generator."""
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    opt = optim.Adam(model.parameters(), lr=0.1)
    x = np.random.default_rng(0).normal(size=(8, 3))

    def step(x, fail=True):
        opt.zero_grad()
        J = (model(x) ** 2).mean()
        J.backward()
        opt.step()
        if fail:
            float(J)
        return J

    step(x, fail=False)
    gradients = [p.grad for p in model.parameters()]
    copies = [g.copy() for g in gradients]
    data = [p.data for p in model.parameters()]
    states = {name: np.copy(v) for name, v in {**model.state_dict(), **opt.state_dict()}.items()}
    generator = str(tg.random.default_generator().bit_generator.state)
    compiled = tg.compile(step)
    for _ in range(2):
        with pytest.raises(TraceError, match="float"):
            compiled(x)
    assert all(p.grad is g for p, g in zip(model.parameters(), gradients, strict=True))
    assert all(p.data is d for p, d in zip(model.parameters(), data, strict=True))
    for g, copy in zip(gradients, copies, strict=True):
        np.testing.assert_array_equal(g, copy)
    for name, v in {**model.state_dict(), **opt.state_dict()}.items():
        np.testing.assert_array_equal(v, states[name], err_msg=name)
    assert str(tg.random.default_generator().bit_generator.state) == generator
    assert np.isfinite(compiled(x, fail=False).item())


class Unlucky(Exception):
    """What a user's function raises."""


def test_an_error_of_the_function_itself_comes_through_and_changes_nothing():
    training = regression()()

    def step(x, y):
        J = training.step(x, y)
        raise Unlucky(J)

    before = [p.data.copy() for p in training.model.parameters()]
    with pytest.raises(Unlucky):
        tg.compile(step)(np.ones((4, 3)), np.ones((4, 2)))
    for p, old in zip(training.model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.data, old)
        assert p.grad is None


def test_wrong_shapes_are_the_librarys_own_errors():
    training = regression()()
    compiled = tg.compile(training.step)
    before = [p.data.copy() for p in training.model.parameters()]
    with pytest.raises(ShapeError):
        compiled(np.ones((4, 5)), np.ones((4, 2)))
    for p, old in zip(training.model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.data, old)
    compiled(np.ones((4, 3)), np.ones((4, 2)))


def test_a_loss_that_is_not_finite_is_what_it_is_eagerly():
    """The library's own complaint, and parameters that stay as eager ones do."""
    def run(compiled):
        tg.manual_seed(0)
        training = regression()()
        step = tg.compile(training.step) if compiled else training.step
        step(np.ones((4, 3)), np.ones((4, 2)))
        try:
            step(np.full((4, 3), np.nan), np.ones((4, 2)))
            said = None
        except Exception as error:
            said = type(error), str(error)
        after = step(np.ones((4, 3)), np.ones((4, 2))) if said else None
        return said, [p.data.copy() for p in training.model.parameters()], after and after.item()

    (said, parameters, after), (said_compiled, found, after_compiled) = run(False), run(True)
    assert said == said_compiled
    for x, y in zip(parameters, found, strict=True):
        np.testing.assert_allclose(y, x, rtol=1e-12)
    assert after == (after_compiled if after is None else pytest.approx(after_compiled))


@pytest.mark.parametrize("what", [None, 3, "step", np.ones(3)], ids=str)
def test_only_what_can_be_called_is_compiled(what):
    with pytest.raises(OptionError, match="compile"):
        tg.compile(what)


def test_source_before_the_first_call():
    with pytest.raises(OptionError, match="call"):
        _ = tg.compile(lambda x: x).source


def test_a_value_computed_outside():
    """What was computed before, outside, would be frozen: an error that says so."""
    h = W * 2
    with pytest.raises(TraceError, match=r"outside.*\.data"):
        tg.compile(lambda x: (h * x).sum())(np.ones(2))


def test_labels_are_checked_in_every_call():
    loss = nn.CrossEntropyLoss()
    model = nn.Linear(3, 2)
    compiled = tg.compile(lambda x, y: loss(model(x), y))
    x = np.ones((2, 3))
    compiled(x, np.array([0, 1]))
    with pytest.raises(Exception) as eager:
        loss(model(x), np.array([0, 2]))
    with pytest.raises(type(eager.value)) as found:
        compiled(x, np.array([0, 2]))
    assert str(found.value) == str(eager.value)
