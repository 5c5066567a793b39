"""Perceptron: what it decides, that it learns whatever a plane separates, and says so when none does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ConvergenceWarning, DtypeError, OptionError, ShapeError

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


# ----- as a module -----

def test_it_is_a_step_of_a_weighted_sum_with_1_at_0():
    perceptron = nn.Perceptron(2)
    perceptron.linear.weight.data, perceptron.linear.bias.data = [[1.0, 2.0]], [-2.0]
    y = perceptron(CORNERS)
    np.testing.assert_array_equal(y.data, [0, 1, 0, 1])  # sums -2, 0, -1, 1
    assert perceptron(CORNERS[1]).shape == ()
    np.testing.assert_array_equal(perceptron.theta(1), [[-2.0, 1.0, 2.0]])


def test_its_gradient_is_0():
    perceptron = nn.Perceptron(2, rng=0, init=nn.init.xavier_uniform)
    perceptron(CORNERS).sum().backward()
    assert all(not p.grad.any() for p in perceptron.parameters())


def test_it_can_stand_in_a_network_and_keeps_the_dtype():
    model = nn.Sequential(nn.Linear(3, 2, dtype=np.float32), nn.Perceptron(2, dtype=np.float32))
    y = model(np.ones((5, 3), np.float32))
    assert y.shape == (5,) and y.dtype == np.float32


# ----- learning -----

@pytest.mark.parametrize("y", [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0], [0, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]],
                         ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_and_or_nand_and_what_else_a_line_separates_is_learned(y, seed):
    perceptron = nn.Perceptron(2)
    assert perceptron.fit(CORNERS, y, rng=seed) is perceptron
    assert perceptron.converged_ and perceptron.mistakes_[-1] == 0
    np.testing.assert_array_equal(perceptron(CORNERS).data, y)


@pytest.mark.parametrize("y", [[0, 1, 1, 0], [1, 0, 0, 1]], ids=["xor", "xnor"])
def test_xor_is_not_and_this_is_said(y):
    perceptron = nn.Perceptron(2)
    with pytest.warns(ConvergenceWarning, match=r"Perceptron\.fit: still \d mistakes in epoch 50; .* such as MLP"):
        perceptron.fit(CORNERS, y, epochs=50, rng=0)
    assert not perceptron.converged_
    assert len(perceptron.mistakes_) == 50 and min(perceptron.mistakes_) > 0
    assert (perceptron(CORNERS).data != y).any()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(2, 40), st.floats(0.01, 100.0), st.integers(0, 2**32 - 1))
def test_separable_data_are_learned_with_no_more_mistakes_than_novikoffs_bound(features, n, lr, seed):
    rng = np.random.default_rng(seed)
    true = rng.normal(size=features + 1)
    true /= np.linalg.norm(true)
    X = rng.normal(size=(n, features))
    margin = true[0] + X @ true[1:]
    X, margin = X[abs(margin) > 0.2], margin[abs(margin) > 0.2]
    if not len(X):
        return
    y = (margin > 0).astype(int)
    perceptron = nn.Perceptron(features, lr=lr).fit(X, y, rng=seed)
    longest = np.sqrt(1 + np.square(X).sum(axis=1).max())
    assert perceptron.converged_
    assert sum(perceptron.mistakes_) <= (longest / abs(margin).min())**2
    np.testing.assert_array_equal(perceptron(X).data, y)


def test_each_mistake_moves_the_weights_as_rosenblatts_rule_says():
    perceptron = nn.Perceptron(2, lr=0.5).fit([[3.0, -1.0]], [0], rng=0)
    # by hand: h(x) = 1 at the start, as the sum is 0; so w := 0 + 0.5 (0 - 1) x, b := 0 + 0.5 (0 - 1)
    np.testing.assert_array_equal(perceptron.theta(1), [[-0.5, -1.5, 0.5]])
    assert perceptron.mistakes_ == [1, 0]


def test_the_same_seed_gives_the_same_bits():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 2))
    y = (X @ [1.0, 2.0] > 0.3).astype(int)
    first, second = (nn.Perceptron(2).fit(X, y, rng=7) for _ in range(2))
    assert first.theta(1).tobytes() == second.theta(1).tobytes()
    assert first.mistakes_ == second.mistakes_


def test_it_goes_on_from_where_it_is():
    perceptron = nn.Perceptron(2).fit(CORNERS, [0, 1, 1, 1], rng=0)
    theta = perceptron.theta(1)
    perceptron.fit(CORNERS, [0, 1, 1, 1], rng=1)
    assert perceptron.mistakes_ == [0]
    np.testing.assert_array_equal(perceptron.theta(1), theta)


def test_float32_stays_float32():
    perceptron = nn.Perceptron(2, dtype=np.float32).fit(CORNERS, [0, 0, 0, 1], rng=0)
    assert perceptron.theta(1).dtype == np.float32


# ----- bad input -----

@pytest.mark.parametrize("X, y, error, message", [
    (CORNERS, [-1, 1, 1, 1], ArgumentError, r"labels must be 0 and 1, got \[-1, 1\]; rename"),
    (CORNERS, ["a", "b", "b", "b"], ArgumentError, "labels must be 0 and 1"),
    (CORNERS, [0, 1, np.nan, 1], ArgumentError, "NaN"),
    (CORNERS, [0, 1, 1], ShapeError, r"X \(4, 2\) and y \(3,\) must have the shapes \(n, 2\) and \(n,\)"),
    (CORNERS[:, :1], [0, 1, 1, 1], ShapeError, r"X \(4, 1\) and y \(4,\) must have"),
    (CORNERS, [[0], [1], [1], [1]], ShapeError, "one class label per row"),
    (CORNERS[0], [0, 1], ShapeError, r"expected shape \(n, p\)"),
    (CORNERS[:0], [], ShapeError, "there are no rows"),
    ([[np.nan, 1.0]], [0], ArgumentError, "NaN or infinite"),
    ([["a", "b"]], [0], DtypeError, "real numbers")], ids=str)
def test_what_are_no_points_and_labels_is_refused_and_changes_nothing(X, y, error, message):
    perceptron = nn.Perceptron(2).fit(CORNERS, [0, 0, 0, 1], rng=0)
    before = perceptron.theta(1), perceptron.mistakes_
    with pytest.raises(error, match=message):
        perceptron.fit(X, y)
    np.testing.assert_array_equal(perceptron.theta(1), before[0])
    assert perceptron.mistakes_ is before[1]


@pytest.mark.parametrize("epochs, error", [(0, ArgumentError), (-1, ArgumentError), (1.5, OptionError),
                                           (None, OptionError)], ids=repr)
def test_epochs_are_a_whole_number_of_1_or_more(epochs, error):
    with pytest.raises(error, match=r"Perceptron\.fit: epochs must be"):
        nn.Perceptron(2).fit(CORNERS, [0, 0, 0, 1], epochs=epochs)


@pytest.mark.parametrize("options, error", [
    ({"lr": 0.0}, ArgumentError), ({"lr": -1.0}, ArgumentError), ({"lr": np.nan}, ArgumentError),
    ({"lr": "1"}, OptionError), ({"in_features": 0}, ArgumentError), ({"in_features": 2.0}, OptionError)], ids=repr)
def test_it_refuses_what_is_no_option(options, error):
    with pytest.raises(error, match=f"Perceptron: {next(iter(options))} must be"):
        nn.Perceptron(**{"in_features": 2} | options)


def test_values_are_no_data():
    with pytest.raises(OptionError):
        nn.Perceptron(2).fit(tg.Value(CORNERS), [0, 0, 0, 1])
