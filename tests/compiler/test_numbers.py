"""Graphs of single numbers, which become calls on one vector of all of them: the same bits as node by node."""

import math
import operator
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.compiler.side_by_side import Training, assert_same_training

FUNCTIONS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "tanh": lambda a, b: tg.tanh(a),
    "relu": lambda a, b: tg.relu(a), "÷": lambda a, b: a / (1.5 + b * b), "max": tg.maximum,
}


def linear(w, x):
    """b + w1 x1 + ..., the bias first."""
    return sum((wi * xi for wi, xi in zip(w[1:], x, strict=True)), w[0])


def network(seed=0):
    """micrograd's demo in small: moons, a hidden layer, hinge loss, a penalty, gradient descent by hand."""
    def build():
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(6, 2)).tolist()
        labels = [1, -1] * 3
        hidden = [[tg.Value(x, name=f"w{i}") for x in rng.normal(size=3).tolist()] for i in range(5)]
        out = [tg.Value(x, name="v") for x in rng.normal(size=6).tolist()]
        parameters = [*(w for neuron in hidden for w in neuron), *out]

        def step():
            losses = []
            for x, label in zip([list(map(tg.Value, row)) for row in rows], labels, strict=True):
                score = linear(out, [tg.relu(linear(neuron, x)) for neuron in hidden])
                losses.append(tg.relu(1 + -label * score))
            J = sum(losses) * (1 / len(losses)) + 1e-4 * sum(p * p for p in parameters)
            for p in parameters:
                p.grad = None
            J.backward()
            for p in parameters:
                p.data -= 0.1 * p.grad
            return J.data

        return Training(step, values=parameters)

    return build


def test_a_network_of_numbers_trains_the_same_to_the_bit():
    step = assert_same_training(network(), rtol=0, atol=0)
    assert "np.add.reduce" in step.source and "s.take" in step.source


def test_its_program_is_short_and_in_order():
    training = network()()
    step = tg.compile(training.step)
    step()
    lines = step.source.splitlines()
    assert len(lines) < 200 < len(step.step.plan.calls) / 2
    assert [line.strip(" #-") for line in lines if "# -----" in line] == ["forward", "backward", "update"]


def test_constants_are_known_by_their_bits():
    """0.0 and -0.0 are equal, and give other quotients: 1/0 = inf, 1/-0 = -inf (IEEE 754)."""
    x = tg.Value(3.0)

    def f():
        total = x
        for k in range(300):
            total = total + math.copysign(0.0, -1) * x * k
        return (0.0 * x).data, (-0.0 * x).data, (x + 0.0).data, total.data

    found = tg.compile(f)()
    assert found == f() and [math.copysign(1, y) for y in found] == [1, -1, 1, 1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.integers(0, 999), st.integers(0, 999)), min_size=200,
                max_size=260))
def test_random_graphs_of_numbers(calls):
    leaves = [tg.Value(x) for x in (0.5, -1.25, 2.0, -0.0)]

    def step():
        values = [*leaves, -0.0, 0.0, 0.75]
        for name, i, j in calls:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append(FUNCTIONS[name](tg.tanh(a), b))
        J = sum(values, tg.Value(0.0))
        for leaf in leaves:
            leaf.grad = None
        J.backward()
        return J.data

    J = step()
    gradients = [leaf.grad for leaf in leaves]
    for _ in range(2):
        assert str(tg.compile(step)()) == str(J)  # the same bits, NaN too
        assert str([leaf.grad for leaf in leaves]) == str(gradients)


def test_a_decision_of_the_library_that_hangs_on_numbers_is_made_anew():
    """The slope of max(a, b) is that of the larger one: the program may not keep the choice of the first call."""
    a, b = tg.Value(1.0), tg.Value(2.0)

    def step():
        J = sum((tg.maximum(a * k, b * k) for k in range(1, 120)), tg.Value(0.0))
        a.grad = b.grad = None
        J.backward()
        return J.data

    compiled = tg.compile(step)
    for numbers in ((1.0, 2.0), (3.0, 2.0), (-1.0, -4.0)):
        a.data, b.data = numbers
        expected = step(), a.grad, b.grad
        assert (compiled(), a.grad, b.grad) == expected


def test_the_saved_program_gives_the_same_losses(tmp_path):
    eager, training = network()(), network()()
    losses = [eager.step() for _ in range(4)]
    step = tg.compile(training.step)
    assert step() == losses[0]
    step.save(tmp_path / "step.py")
    out = subprocess.run([sys.executable, "-I", tmp_path / "step.py", "3"], capture_output=True, text=True, check=True)
    assert [float(line.split()[-1]) for line in out.stdout.splitlines()][:3] == pytest.approx(losses[1:], rel=1e-6)
