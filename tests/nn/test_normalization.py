"""BatchNorm1d and LayerNorm: the numbers of PyTorch, moments, running statistics, second derivatives, bad input."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.check import gradcheck
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError, StateError

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}

dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


def close(ours, theirs, dtype):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.dtype == theirs.dtype == dtype
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * np.abs(theirs).max())


def compare(ours, theirs, x, g):
    """Outputs and all gradients of our module and PyTorch's."""
    import torch

    dtype = x.dtype.type
    our_x, their_x = tg.Value(x), torch.from_numpy(x).requires_grad_()
    y, expected = ours(our_x), theirs(their_x)
    close(y.data, expected.detach(), dtype)
    ours.zero_grad()
    theirs.zero_grad()
    y.backward(g)
    expected.backward(torch.from_numpy(g))
    close(our_x.grad, their_x.grad, dtype)
    for (path, p), (their_path, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert path == their_path
        close(p.grad, q.grad, dtype)


# ----- against PyTorch -----

@dtypes
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("momentum", [0.1, 1.0])
@pytest.mark.parametrize("shape", [(7, 3), (2, 3), (4, 3, 5), (1, 3, 5)], ids=repr)
def test_batch_norm_is_that_of_pytorch_over_several_batches_and_in_evaluation(dtype, affine, momentum, shape):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    options = {"eps": 1e-3, "momentum": momentum, "affine": affine}
    ours = nn.BatchNorm1d(3, **options, dtype=dtype)
    theirs = torch.nn.BatchNorm1d(3, **options, dtype={np.float32: torch.float32, np.float64: torch.float64}[dtype])
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data = rng.normal(size=3)
        q.data = torch.from_numpy(p.data.copy())
    spread = np.array([1.0, 100.0, 1e-2]).reshape(3, *[1] * (len(shape) - 2))
    for _ in range(4):
        x = (rng.normal(size=shape) * spread + 3 * spread).astype(dtype)
        compare(ours, theirs, x, rng.normal(size=shape).astype(dtype))
        close(ours.running_mean.data, theirs.running_mean, dtype)
        close(ours.running_var.data, theirs.running_var, dtype)
    before = ours.state_dict()
    compare(ours.eval(), theirs.eval(), x, rng.normal(size=shape).astype(dtype))
    for path, array in ours.state_dict().items():
        np.testing.assert_array_equal(array, before[path])


@dtypes
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("normalized, shape", [(3, (4, 3)), (3, (3,)), ((2, 3), (5, 2, 3)), ([3], (2, 4, 3))], ids=repr)
def test_layer_norm_is_that_of_pytorch(dtype, affine, normalized, shape):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    ours = nn.LayerNorm(normalized, 1e-3, affine, dtype)
    theirs = torch.nn.LayerNorm(normalized, 1e-3, affine, dtype=getattr(torch, np.dtype(dtype).name))
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data = rng.normal(size=p.shape)
        q.data = torch.from_numpy(p.data.copy())
    x = (10 * rng.normal(size=shape) + 5).astype(dtype)
    for mode in True, False:
        compare(ours.train(mode), theirs.train(mode), x, rng.normal(size=shape).astype(dtype))


# ----- moments -----

@settings(max_examples=25, deadline=None)
@given(st.integers(2, 20), st.integers(1, 4), st.integers(0, 4), st.floats(-1e3, 1e3), st.floats(1e-3, 1e6),
       st.integers(0, 2**32 - 1))
def test_every_feature_of_a_batch_has_mean_0_and_variance_1(n, features, length, offset, scale, seed):
    shape = (n, features, length) if length else (n, features)
    x = scale * (np.random.default_rng(seed).normal(size=shape) + offset)
    y = nn.BatchNorm1d(features, eps=0.0, affine=False)(x)
    axes = (0, 2) if length else 0
    np.testing.assert_allclose(y.mean(axis=axes), 0, atol=1e-7)
    np.testing.assert_allclose(y.var(axis=axes), 1, rtol=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(2, 20), st.floats(-1e3, 1e3), st.floats(1e-3, 1e6), st.integers(0, 2**32 - 1))
def test_every_point_has_mean_0_and_variance_1(n, features, offset, scale, seed):
    x = scale * (np.random.default_rng(seed).normal(size=(n, features)) + offset)
    y = nn.LayerNorm(features, eps=0.0, affine=False)(x)
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-7)
    np.testing.assert_allclose(y.var(axis=1), 1, rtol=1e-7)


def test_a_constant_feature_becomes_its_shift():
    layer = nn.BatchNorm1d(1)
    layer.bias.data = [7.0]
    np.testing.assert_array_equal(layer(np.full((5, 1), 3.0)).data, np.full((5, 1), 7.0))


def test_a_large_offset_does_not_cancel():
    # the two-pass formula; mean of x² minus mean² would leave no digit of the variance 2/3
    y = nn.BatchNorm1d(1, eps=0.0, affine=False)(1e9 + np.array([[-1.0], [0.0], [1.0]]))
    np.testing.assert_allclose(y[:, 0], np.sqrt(1.5) * np.array([-1.0, 0.0, 1.0]), rtol=1e-15)


# ----- running statistics -----

def test_without_parameters_arrays_stay_arrays():
    x = np.random.default_rng(0).normal(size=(5, 3))
    for layer in nn.BatchNorm1d(3, affine=False), nn.LayerNorm(3, affine=False), nn.BatchNorm1d(3, affine=False).eval():
        assert type(layer(x)) is np.ndarray


def test_running_statistics_are_numbers_and_no_graph():
    layer = nn.BatchNorm1d(2)
    x = tg.Value(np.random.default_rng(0).normal(size=(5, 2)))
    y = layer(x)
    assert layer.running_mean.op is None and layer.running_var.op is None
    layer(x)  # moves them again, which the graph of y does not mind
    y.sum().backward()
    assert layer.running_mean.grad is None and layer.running_var.grad is None


def test_a_state_with_buffers_comes_back_bit_for_bit():
    rng = np.random.default_rng(0)
    model, other = nn.MLP([3, 4, 2], batch_norm=True, rng=0), nn.MLP([3, 4, 2], batch_norm=True, rng=1)
    for _ in range(3):
        model(rng.normal(size=(6, 3)))
    state = model.state_dict()
    assert [path for path in state if "running" in path] == ["layers.1.running_mean", "layers.1.running_var"]
    assert not any("running" in p.name for p in model.parameters())
    other.load_state_dict(state)
    x = rng.normal(size=(4, 3))
    assert other.eval()(x).data.tobytes() == model.eval()(x).data.tobytes()
    with pytest.raises(StateError, match=r"'layers\.1\.running_var' is missing"):
        other.load_state_dict({path: array for path, array in state.items() if path != "layers.1.running_var"})


def test_a_copy_has_running_statistics_of_its_own():
    layer = nn.BatchNorm1d(2)
    other = copy.deepcopy(layer)
    layer(np.arange(6.0).reshape(3, 2))
    assert layer.running_mean.data.any() and not other.running_mean.data.any()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # ∞ - ∞
def test_a_batch_that_is_not_finite_shows_in_the_output_and_leaves_the_running_statistics_as_they_are(wrong):
    layer, x = nn.BatchNorm1d(2), np.random.default_rng(0).normal(size=(5, 2))
    layer(x)
    before = layer.state_dict()
    x[3, 1] = wrong
    assert np.isnan(layer(x).data[:, 1]).all()
    for path, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[path])


@pytest.mark.parametrize("path, numbers, message", [
    ("running_var", [1.0, -0.1], "has negative numbers, but is a variance"),
    ("running_var", [1.0, np.nan], "has numbers that are NaN or infinite"),
    ("running_mean", [np.inf, 1.0], "has numbers that are NaN or infinite")])
def test_no_state_has_statistics_that_are_none(path, numbers, message):
    layer = nn.BatchNorm1d(2)
    with pytest.raises(StateError, match=f"BatchNorm1d.load_state_dict: '{path}' {message}"):
        layer.load_state_dict(layer.state_dict() | {path: numbers, "weight": [5.0, 5.0]})
    assert layer.weight.data[0] == 1


# ----- derivatives -----

@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("layer, shape", [
    (nn.BatchNorm1d(2), (4, 2)), (nn.BatchNorm1d(2), (2, 2, 2)), (nn.BatchNorm1d(2, affine=False), (3, 2)),
    (nn.BatchNorm1d(2).eval(), (3, 2)), (nn.LayerNorm(3), (2, 3)), (nn.LayerNorm((2, 2), affine=False), (2, 2, 2))],
    ids=repr)
def test_gradients_of_both_orders_are_slopes(layer, shape, order):
    x = np.random.default_rng(1).normal(size=shape) + np.linspace(0, 1, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    assert gradcheck(layer, x, order=order)


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.LayerNorm])
def test_second_derivatives_reach_the_parameters(kind):
    def f(x, weight, bias):
        layer = kind(2)
        vars(layer).update(weight=weight, bias=bias)  # these Values in the place of its parameters
        return layer(x)

    x = np.array([[0.3, -1.0], [2.0, 0.4], [-0.5, 0.1]])
    assert gradcheck(f, x, np.array([0.5, 2.0]), np.array([1.0, -1.0]), order=2)


# ----- bad input -----

@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1), (0, 3)], ids=repr)
def test_a_batch_without_a_variance_is_refused_in_training_and_changes_nothing(shape):
    layer = nn.BatchNorm1d(3)
    layer(np.random.default_rng(0).normal(size=(4, 3)))
    before = layer.state_dict()
    with pytest.raises(ShapeError, match=r"BatchNorm1d\(3\): a batch of shape .* has no variance, .*larger batches, or "
                                         r"call model\.eval\(\)"):
        layer(np.ones(shape))
    for path, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[path])
    assert layer.eval()(np.ones(shape)).shape == shape


@pytest.mark.parametrize("shape", [(3,), (5, 4), (5,), (5, 3, 2, 2), (3, 5, 2), ()], ids=repr)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_says_which_shape_it_needs(shape, training):
    layer = nn.BatchNorm1d(3).train(training)
    with pytest.raises(ShapeError, match=r"BatchNorm1d\(3\): x has shape .*, but must have \(n, 3\) or \(n, 3, l"):
        layer(np.ones(shape))
    assert not layer.running_mean.data.any()


@pytest.mark.parametrize("shape", [(4,), (5, 4), (), (3, 5)], ids=repr)
def test_layer_norm_says_which_shape_it_needs(shape):
    with pytest.raises(ShapeError, match=r"LayerNorm\(3\): x has shape .* last axes must have the shape \(3,\)"):
        nn.LayerNorm(3)(np.ones(shape))


@pytest.mark.parametrize("options, error", [
    ({"momentum": np.nan}, ArgumentError), ({"momentum": 1.1}, ArgumentError), ({"momentum": -0.1}, ArgumentError),
    ({"momentum": None}, OptionError), ({"eps": -1e-5}, ArgumentError), ({"eps": np.inf}, ArgumentError),
    ({"eps": "small"}, OptionError), ({"dtype": int}, DtypeError)], ids=repr)
def test_batch_norm_refuses_what_is_no_option(options, error):
    with pytest.raises(error, match=f"BatchNorm1d: .*{'' if 'dtype' in options else next(iter(options))}"):
        nn.BatchNorm1d(3, **options)


@pytest.mark.parametrize("size, error", [(0, ArgumentError), (-1, ArgumentError), (2.0, OptionError),
                                         ("3", OptionError), (None, OptionError), (True, OptionError)], ids=repr)
def test_sizes_are_whole_numbers_of_1_or_more(size, error):
    with pytest.raises(error, match="BatchNorm1d: num_features must be"):
        nn.BatchNorm1d(size)
    with pytest.raises(error, match="LayerNorm: normalized_shape must be"):
        nn.LayerNorm(size)
    with pytest.raises(error, match=r"LayerNorm: normalized_shape\[1\] must be"):
        nn.LayerNorm((3, size))


def test_layer_norm_refuses_what_is_no_option():
    with pytest.raises(ArgumentError, match="LayerNorm: normalized_shape must have at least one axis"):
        nn.LayerNorm(())
    with pytest.raises(ArgumentError, match="LayerNorm: eps must be"):
        nn.LayerNorm(3, eps=np.nan)
    with pytest.raises(DtypeError, match=r"LayerNorm: .*use np"):
        nn.LayerNorm(3, dtype=complex)


def test_the_repr_says_the_size():
    assert repr(nn.BatchNorm1d(3)) == "BatchNorm1d(3)  # 6 parameters"
    assert repr(nn.BatchNorm1d(3, affine=False)) == "BatchNorm1d(3, not affine)"
    assert repr(nn.LayerNorm((2, 3))) == "LayerNorm((2, 3))  # 12 parameters"
