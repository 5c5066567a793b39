"""What a function finds around it in less usual places: another thing there is another program, or an error."""

import types
from collections import deque
from functools import partial

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import TraceError

X = np.arange(12.0).reshape(4, 3) + 0.5
FACTOR = 1.0


class WithSlots:
    __slots__ = ("k",)


class OfClass:
    k = 1.0


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.settings = {"factor": [1.0]}

    def forward(self, x):
        return x * self.settings["factor"][0] * FACTOR


def scaled_by_global(x):
    return x * FACTOR


def in_slots():
    holder = WithSlots()
    return lambda x: x * holder.k, lambda k: setattr(holder, "k", k)


def in_a_class():
    holder = OfClass()
    return lambda x: x * holder.k, lambda k: setattr(OfClass, "k", k)


def in_a_module_file():
    config = types.ModuleType("config")
    return lambda x: x * config.factor, lambda k: setattr(config, "factor", k)


def in_a_set():
    numbers = set()
    return lambda x: x * sum(numbers), lambda k: numbers.update([k + 1.0])


def in_a_deque():
    numbers = deque([0.0], maxlen=1)
    return lambda x: x * numbers[0], numbers.append


def in_a_dict_of_a_layer():
    model = Scaled()
    return lambda x: model(x), lambda k: model.settings["factor"].__setitem__(0, k)


@pytest.mark.parametrize("place", [in_slots, in_a_class, in_a_module_file, in_a_set, in_a_deque, in_a_dict_of_a_layer])
def test_a_number_that_changes(place):
    f, change = place()
    change(1.0)
    compiled = tg.compile(f)
    for k in (1.0, 2.0, 3.0, 3.0):
        change(k)
        y, expected = compiled(X), f(X)
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("function", [partial(scaled_by_global), [scaled_by_global], Scaled()])
def test_a_global_of_what_it_calls(function, monkeypatch):
    inner = function[0] if isinstance(function, list) else function
    for compiled in (tg.compile(lambda x: inner(x)), tg.compile(inner)):
        for k in (1.0, 2.0, 3.0):
            monkeypatch.setattr(f"{__name__}.FACTOR", k)
            y = compiled(X)
            np.testing.assert_array_equal(y.data if isinstance(y, tg.Value) else y, X * k)


def test_functions_and_objects_as_arguments():
    compiled = tg.compile(lambda x, other: other(x) if callable(other) else x * other.k)
    for k in range(1, 8):  # each may be where the one before was in memory
        np.testing.assert_array_equal(compiled(X, lambda x, k=k: x * k), X * k)
        np.testing.assert_array_equal(compiled(X, eval(f"lambda x: x * {k}")), X * k)
    holder = WithSlots()
    for k in (1.0, 2.0, 3.0):
        holder.k = k
        np.testing.assert_array_equal(compiled(X, holder), X * k)


def test_arguments_of_another_structure():
    compiled = tg.compile(lambda batch: sum((i + 1) * x for i, x in enumerate(batch[name] for name in "ab")))
    for batch in ({"a": X, "b": 2 * X}, {"b": X, "a": 2 * X}):
        np.testing.assert_array_equal(compiled(batch), batch["a"] + 2 * batch["b"])
    count = tg.compile(lambda *trees: trees[0][0] * len(trees))
    np.testing.assert_array_equal(count([X, X]), X)
    np.testing.assert_array_equal(count([X], [X]), X * 2)


def test_an_iterator_is_an_error():
    numbers = iter([1.0, 2.0])
    with pytest.raises(TraceError, match="numbers is an iterator"):
        tg.compile(lambda x: x * next(numbers))(X)
    assert next(numbers) == 1.0


def test_an_array_of_ones_of_the_users_is_not_that_of_the_program():
    held = [np.ones(4)]
    compiled = tg.compile(lambda x: ((x.T * held[0]).T, np.sum(x, axis=0)))
    for k in (1.0, 2.0):
        held[0][:] = k
        scaled, sums = compiled(X)
        np.testing.assert_array_equal(scaled, X * k)
        np.testing.assert_allclose(sums, X.sum(0), rtol=1e-15)


@pytest.mark.parametrize("function", [np.sum, np.max, np.prod, np.any])
def test_a_reduction_whose_axis_is_a_plain_argument(function):
    compiled = tg.compile(lambda x: function(x, 0))
    np.testing.assert_allclose(compiled(X), function(X, 0), rtol=1e-15)


def test_a_plain_array_that_is_written_into_between_uses_is_an_error():
    def one_hot(x):
        mask, total = np.zeros(3), 0.0
        for i in range(3):
            mask[:] = 0
            mask[i] = i + 1
            total = total + (x * mask).sum()
        return total

    def afterwards(x):
        shift = np.zeros(3)
        y = x + shift
        shift[0] = 1
        return y

    for function in (one_hot, afterwards):
        with pytest.raises(TraceError, match="is written into"):
            tg.compile(function)(X)


def test_constant_results_and_gradients_are_the_callers_to_write_into():
    a, b, c = (tg.Value(np.ones(3)) for _ in range(3))

    @tg.compile
    def step(x):
        for leaf in (a, b, c):
            leaf.grad = None
        (a + b + c).sum().backward()
        return np.ones_like(x), tg.Value(np.zeros(2))

    for _ in range(2):
        ones, zeros = step(X)
        np.testing.assert_array_equal(ones, np.ones((4, 3)))
        np.testing.assert_array_equal(zeros.data, np.zeros(2))
        for leaf in (a, b, c):
            np.testing.assert_array_equal(leaf.grad, np.ones(3))
            leaf.grad *= 7
        ones += 1
        zeros.data += 1


def test_two_leaves_with_one_gradient():
    """In memory of their own, as eager ones are: what one does to the first leaves the others as they are."""
    a, b, c = (tg.Value(np.ones((4, 3))) for _ in range(3))

    @tg.compile
    def step(x):
        for leaf in (a, b, c):
            leaf.grad = None
        ((a + b + c) * x).sum().backward()

    step(X)
    for i, leaf in enumerate((a, b, c)):
        leaf.grad *= i
    for i, leaf in enumerate((a, b, c)):
        np.testing.assert_array_equal(leaf.grad, X * i)


def test_a_parameter_that_is_only_returned():
    w = tg.Value(np.ones(3))
    compiled = tg.compile(lambda x: (x.sum(), w))
    for _ in range(2):
        assert compiled(X)[1] is w


def test_evaluation_within_a_step():
    model = nn.Sequential(nn.Linear(3, 5, rng=1), nn.BatchNorm1d(5))

    def step(x):
        trained = model(x).mean()
        model.eval()
        evaluated = model(x).mean()
        model.train()
        return trained, evaluated

    other = nn.Sequential(nn.Linear(3, 5, rng=1), nn.BatchNorm1d(5))
    other.load_state_dict(model.state_dict())
    found = [y.item() for y in tg.compile(step)(X)]
    model = other
    np.testing.assert_allclose(found, [y.item() for y in step(X)], rtol=1e-12, atol=1e-15)


def test_a_message_of_the_library_has_the_number_in_it():
    w = tg.Value(np.ones(3))

    @tg.compile
    def step(x):
        (w * x).sum().backward()
        return tg.optim.clip_grad_norm([w], 1.0)

    with pytest.raises(tg.errors.ArgumentError, match="all gradients is nan"):
        step(np.array([1.0, np.nan, 2.0]))


def test_the_digits_of_a_value_as_text_are_an_error():
    w = tg.Value(np.ones(3))
    with pytest.raises(TraceError, match="the digits of a traced number become text"):
        tg.compile(lambda x: f"{(w * x).sum():.2f}")(X)


def test_what_a_parameter_was_is_returned_though_it_is_written_into():
    w = tg.Value(np.array([1.0, 2.0]))

    @tg.compile
    def double():
        old = w.data
        w.data = w.data * 2
        return old, old[::-1]

    for before in (np.array([1.0, 2.0]), np.array([2.0, 4.0])):
        old, backwards = double()
        np.testing.assert_array_equal(old, before)
        np.testing.assert_array_equal(backwards, before[::-1])
    np.testing.assert_array_equal(w.data, [4.0, 8.0])


def test_a_parameter_may_be_written_into_after_the_step_of_its_optimizer():
    def make():
        w = tg.Value(np.array([1.0, 2.0, 3.0]))
        optimizer = tg.optim.SGD([w], lr=0.1)

        def step():
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
            w.data[0] = 5.0

        return w, step

    (w, eager), (v, compiled) = make(), make()
    compiled = tg.compile(compiled)
    for _ in range(3):
        eager(), compiled()
        np.testing.assert_array_equal(v.data, w.data)


def test_a_traced_number_as_text_has_no_digits():
    texts = []

    @tg.compile
    def square(x):
        texts.append  # noqa: B018  # only to be around
        return x * x, repr(x * x)

    assert "traced" in square(np.array([3.0]))[1]
