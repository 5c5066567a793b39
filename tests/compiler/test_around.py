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
