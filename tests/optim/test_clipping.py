"""Clipping: norms against NumPy and PyTorch, the direction kept, and nothing touched by bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError
from tinygrad_edu.optim import clip_grad_norm, clip_grad_value


def with_gradients(*gradients):
    params = [tg.Value(1.0 if g is None or type(g) is float else np.ones_like(g)) for g in gradients]
    for p, g in zip(params, gradients, strict=True):
        p.grad = g
    return params


def flat(params):
    return np.concatenate([np.ravel(p.grad) for p in params])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 1, 2, 3, np.inf]), st.floats(0, 10), st.floats(-150, 150))
def test_the_norm_is_at_most_the_limit_and_the_direction_stays(seed, p, limit, exponent):
    rng = np.random.default_rng(seed)
    size = 10.0**exponent
    params = with_gradients(*[rng.normal(size=shape) * size for shape in [(3, 2), (), (0,), (4,)]], 2.0 * size)
    before = flat(params)
    total = clip_grad_norm(params, limit * size, p)
    assert total == pytest.approx(np.linalg.norm(before / size, p) * size, rel=1e-12)
    factor = min(1, limit * size / total)
    np.testing.assert_allclose(flat(params), before * factor, rtol=1e-12)


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e200, 1e307])
def test_no_norm_overflows_or_vanishes(size):
    params = with_gradients(np.full(4, size), np.full(12, -size))
    assert clip_grad_norm(params, 1.0) == pytest.approx(4 * size, rel=1e-3 if size < 1e-300 else 1e-14)
    if size > 1:
        np.testing.assert_allclose(flat(params), np.repeat([0.25, -0.25], [4, 12]))


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, np.inf])
def test_norms_are_those_of_pytorch(p):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=(3, 2)), rng.normal(size=5).astype(np.float32)]
    params, theirs = with_gradients(*gradients), [torch.ones(g.shape, dtype=torch.tensor(g).dtype) for g in gradients]
    for q, g in zip(theirs, gradients, strict=True):
        q.grad = torch.tensor(g)
    expected = torch.nn.utils.clip_grad_norm_(theirs, 0.7, p).item()
    assert clip_grad_norm(params, 0.7, p) == pytest.approx(expected, rel=1e-6)
    for ours, q in zip(params, theirs, strict=True):
        assert ours.grad.dtype == ours.dtype
        np.testing.assert_allclose(ours.grad, q.grad.numpy(), rtol=3e-6)  # they divide by the norm + 1e-6


def test_short_gradients_are_left_alone_and_none_is_left_out():
    params = with_gradients(np.array([3.0, 4.0]), None)
    g = params[0].grad
    assert clip_grad_norm(params, 5.0) == 5.0
    assert params[0].grad is g and params[1].grad is None
    assert clip_grad_norm(with_gradients(None), 1.0) == 0.0
    assert clip_grad_norm(with_gradients(np.zeros(2)), 0.0) == 0.0


def test_values_are_clipped_one_by_one():
    params = with_gradients(np.array([-3.0, 0.5, np.inf, np.nan]), -7.0, np.array(2.0, np.float32), None)
    g = params[0].grad
    clip_grad_value(params, 1.5)
    np.testing.assert_array_equal(params[0].grad, [-1.5, 0.5, 1.5, np.nan])
    assert type(params[1].grad) is float and params[1].grad == -1.5
    assert isinstance(params[2].grad, np.ndarray) and params[2].grad.dtype == np.float32 and params[2].grad == 1.5
    np.testing.assert_array_equal(g, [-3.0, 0.5, np.inf, np.nan])  # a new array: the old may be another's, too


def test_groups_and_optimizers_can_be_clipped():
    params = with_gradients(np.array([3.0]), np.array([4.0]))
    optimizer = tg.optim.SGD([{"params": params[:1]}, {"params": params[1:]}], lr=1)
    assert clip_grad_norm(optimizer.params, 1.0) == 5.0
    optimizer.step()
    np.testing.assert_allclose([p.data.item() for p in params], [1 - 0.6, 1 - 0.8])


@pytest.mark.parametrize("clip, arguments, error, message", [
    (clip_grad_norm, (-1,), ArgumentError, "max_norm must be a number of 0 or more, got -1"),
    (clip_grad_norm, (np.nan,), ArgumentError, "max_norm must be"),
    (clip_grad_norm, ("1",), OptionError, "max_norm must be"),
    (clip_grad_norm, (1, 0), ArgumentError, "norm_type must be a number above 0, or infinity, got 0"),
    (clip_grad_norm, (1, np.nan), ArgumentError, "norm_type must be"),
    (clip_grad_norm, (1, "inf"), OptionError, "norm_type must be"),
    (clip_grad_value, (-1,), ArgumentError, "limit must be a number of 0 or more"),
    (clip_grad_value, (None,), OptionError, "limit must be"),
])
def test_bad_limits_are_refused_and_nothing_is_clipped(clip, arguments, error, message):
    params = with_gradients(np.array([3.0, 4.0]))
    g = params[0].grad
    with pytest.raises(error, match=f"{clip.__name__}: {message}"):
        clip(params, *arguments)
    assert params[0].grad is g


@pytest.mark.parametrize("bad, error, message", [
    (np.array([1.0, np.nan]), ArgumentError, r"the norm of all gradients is nan, that of params\[1\] is nan"),
    (np.array([1.0, -np.inf]), ArgumentError, "is inf, .* smaller learning rate"),
    (np.array([1, 2]), DtypeError, r"the \.grad of params\[1\] is array\(\[1, 2\]\) of type ndarray"),
    ([1.0, 2.0], DtypeError, "of type list"),
])
def test_gradients_that_have_no_norm_are_refused_and_nothing_is_clipped(bad, error, message):
    params = [*with_gradients(np.array([3.0, 4.0])), tg.Value([1.0, 2.0])]
    params[1].grad = bad
    g = params[0].grad
    with pytest.raises(error, match=f"clip_grad_norm: .*{message}"):
        clip_grad_norm(params, 1.0)
    assert params[0].grad is g and params[1].grad is bad


@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
@pytest.mark.parametrize("params, message", [
    ([], "there are no parameters"), (None, "of type NoneType"), (tg.Value(1.0), "one parameter"),
    ([1.0], "no parameter")])
def test_what_are_no_parameters_cannot_be_clipped(clip, params, message):
    with pytest.raises((ArgumentError, OptionError), match=f"{clip.__name__}: .*{message}"):
        clip(params, 1.0)
