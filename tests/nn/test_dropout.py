"""Dropout and AlphaDropout: what they drop, how much, that they keep the mean, and their seeds."""

import copy
import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError
from tinygrad_edu.random import default_generator

N = 20_000

layers = pytest.mark.parametrize("layer", [nn.Dropout, nn.AlphaDropout])


@pytest.fixture
def seeded():
    """The library's generator, given back as it was."""
    state = default_generator().bit_generator.state
    tg.manual_seed(0)
    yield
    default_generator().bit_generator.state = state


# ----- what comes out -----

@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(p):
    y = nn.Dropout(p, rng=0)(np.full(N, 3.0))
    np.testing.assert_allclose(np.unique(y), [0, 3 / (1 - p)], rtol=1e-15)  # (1 - p)·3/(1 - p) + p·0 = 3
    kept = np.count_nonzero(y)  # binomial: within 4 standard deviations
    assert abs(kept - N * (1 - p)) < 4 * math.sqrt(N * p * (1 - p))


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_alpha_dropout_keeps_mean_and_variance(p):
    x = np.random.default_rng(0).normal(size=N)
    y = nn.AlphaDropout(p, rng=1)(x)
    assert abs(y.mean()) < 4 / math.sqrt(N)
    assert abs(y.var() - 1) < 4 * math.sqrt(np.mean((y**2 - 1)**2) / N)


@layers
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("x", [0.0, 1.0, -0.7])
def test_both_values_that_a_number_may_get_are_those_of_pytorch(layer, dtype, x):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    expected = np.unique(getattr(torch.nn, layer.__name__)(0.2)(torch.from_numpy(np.full(200, x, dtype))).numpy())
    y = np.unique(layer(0.2, rng=0)(np.full(200, x, dtype)))
    assert y.dtype == dtype
    np.testing.assert_allclose(y, expected, rtol=4 * np.finfo(dtype).eps)


def test_the_gradient_passes_where_the_number_did():
    x = tg.Value(np.full((4, 5), 3.0))
    y = nn.Dropout(0.2, rng=0)(x)
    g = np.random.default_rng(1).normal(size=(4, 5))
    y.backward(g)
    np.testing.assert_allclose(x.grad, g * (y.data != 0) / 0.8, rtol=1e-15)
    assert (x.grad == 0).any()


def test_the_gradient_of_alpha_dropout_is_a_where_the_number_passed():
    x = tg.Value(np.full(50, 3.0))
    y = nn.AlphaDropout(0.2, rng=0)(x)
    g = np.random.default_rng(1).normal(size=50)
    y.backward(g)
    a = 1 / math.sqrt(0.8 * (1 + 0.2 * 1.7580993408473766**2))  # Klambauer et al. 2017, with α' = -λα
    passed = y.data == y.data.max()
    assert 0 < passed.sum() < 50
    np.testing.assert_allclose(x.grad, g * passed * a, rtol=1e-14)


@layers
def test_nothing_is_dropped_in_evaluation_or_with_p_0(layer):
    x = np.arange(6.0)
    assert layer(0.5).eval()(x) is x
    assert layer(0.0)(x) is x


@layers
def test_numbers_lists_and_empty_arrays_may_be_dropped(layer):
    assert layer(0.5, rng=0)(1.0).shape == ()
    assert layer(0.5, rng=0)([[1, 2], [3, 4]]).dtype == np.float64
    assert layer(0.5, rng=0)(tg.Value(2.0)).shape == ()
    assert layer(0.5, rng=0)(np.ones((0, 3))).shape == (0, 3)


# ----- seeds -----

@layers
def test_each_pass_draws_anew_and_a_seed_brings_all_back(layer, seeded):
    dropout, x = layer(0.5), np.ones(40)
    first, second = dropout(x), dropout(x)
    assert (first != second).any()
    tg.manual_seed(0)
    np.testing.assert_array_equal(dropout(x), first)
    np.testing.assert_array_equal(dropout(x), second)
    own = layer(0.5, rng=0)
    np.testing.assert_array_equal(own(x), first)
    np.testing.assert_array_equal(own(x), second)


def test_float32_drops_as_float64_does():
    x = np.ones(100)
    np.testing.assert_array_equal(nn.Dropout(0.5, rng=0)(x), nn.Dropout(0.5, rng=0)(x.astype(np.float32)))


def test_evaluation_draws_nothing(seeded):
    state = default_generator().bit_generator.state
    nn.Dropout().eval()(np.ones(5))
    assert default_generator().bit_generator.state == state


def test_a_copy_listens_to_the_seed_too(seeded):
    dropout, x = nn.Dropout(), np.ones(40)
    other = copy.deepcopy(dropout)
    tg.manual_seed(3)
    expected = dropout(x)
    tg.manual_seed(3)
    np.testing.assert_array_equal(other(x), expected)


# ----- bad input -----

@layers
@pytest.mark.parametrize("p, error", [(1.0, ArgumentError), (-0.1, ArgumentError), (1.5, ArgumentError),
                                      (np.nan, ArgumentError), ("half", OptionError), (None, OptionError),
                                      (True, OptionError), ([0.5], OptionError)], ids=repr)
def test_p_is_a_probability_below_1(layer, p, error):
    with pytest.raises(error, match=rf"{layer.__name__}: p must be a probability from 0 to below 1, got"):
        layer(p)
    dropout = layer(0.25)
    with pytest.raises(error):
        dropout.p = p
    assert dropout.p == 0.25


@layers
def test_a_bad_seed_or_what_is_no_number_is_refused(layer):
    with pytest.raises(OptionError, match="rng"):
        layer(0.5, rng="seed")
    with pytest.raises(DtypeError, match=rf"{layer.__name__}: x has dtype complex128"):
        layer()(np.ones(3) * 1j)


def test_the_repr_says_p():
    assert repr(nn.Dropout(0.25)) == "Dropout(p=0.25)"
