"""Linear, Flatten, Lambda, and networks of them: the numbers of PyTorch, seeds, shapes, and bad input."""

from functools import partial

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError
from tinygrad_edu.random import default_generator

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}

dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


def relative_difference(ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    return np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs))


# ----- against PyTorch -----

@dtypes
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 3)], ids=repr)
def test_linear_is_that_of_pytorch(dtype, bias, shape):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    ours, theirs = nn.Linear(3, 2, bias, dtype, rng=rng), torch.nn.Linear(3, 2, bias)
    if bias:
        ours.bias.data = rng.normal(size=2)
    theirs.load_state_dict({path: torch.from_numpy(a) for path, a in ours.state_dict().items()}, assign=True)
    x, g = rng.normal(size=shape).astype(dtype), rng.normal(size=(*shape[:-1], 2)).astype(dtype)
    our_x, their_x = tg.Value(x), torch.from_numpy(x).requires_grad_()
    y, expected = ours(our_x), theirs(their_x)
    assert relative_difference(y.data, expected.detach()) < TOLERANCE[dtype]
    y.backward(g)
    expected.backward(torch.from_numpy(g))
    assert relative_difference(our_x.grad, their_x.grad) < TOLERANCE[dtype]
    for (path, p), (their_path, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert path == their_path
        assert relative_difference(p.grad, q.grad) < TOLERANCE[dtype]


@dtypes
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("activation", ["identity", "relu", "sigmoid", "tanh"])
def test_outputs_losses_and_all_gradients_of_an_mlp_are_those_of_pytorch(dtype, loss, activation):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    ours = nn.MLP([4, 7, 6, 3], activation, dtype, rng=2)
    for p in ours.parameters():
        p.data = rng.normal(size=p.shape)
    module = {"identity": torch.nn.Identity, "relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid,
              "tanh": torch.nn.Tanh}[activation]
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 7), module(), torch.nn.Linear(7, 6), module(),
                                 torch.nn.Linear(6, 3))
    theirs.load_state_dict({path.removeprefix("layers."): torch.from_numpy(a)
                            for path, a in ours.state_dict().items()}, assign=True)
    x = rng.normal(size=(9, 4)).astype(dtype)
    if loss == "mse":
        target = rng.normal(size=(9, 3)).astype(dtype)
        our_loss, their_loss = nn.MSELoss(), torch.nn.MSELoss()
    else:
        target = rng.integers(3, size=9)
        our_loss, their_loss = nn.CrossEntropyLoss(), torch.nn.CrossEntropyLoss()
    y, expected = ours(x), theirs(torch.from_numpy(x))
    assert relative_difference(y.data, expected.detach()) < TOLERANCE[dtype]
    J, expected_J = our_loss(y, target), their_loss(expected, torch.from_numpy(target))
    assert relative_difference(J.data, expected_J.detach()) < TOLERANCE[dtype]
    J.backward()
    expected_J.backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert relative_difference(p.grad, q.grad) < TOLERANCE[dtype]


@pytest.mark.parametrize("name", ["Identity", "ReLU", "Sigmoid", "Tanh"])
def test_activations_are_those_of_pytorch_at_any_magnitude_and_at_the_kink(name):
    torch = pytest.importorskip("torch")
    x = np.array([-np.inf, -1e300, -800, -30, -1, -1e-300, 0, 1e-300, 1, 30, 800, 1e300, np.inf])
    ours, theirs = tg.Value(x), torch.tensor(x, requires_grad=True)
    y, expected = getattr(nn, name)()(ours), getattr(torch.nn, name)()(theirs)
    np.testing.assert_allclose(y.data, expected.detach(), rtol=1e-14)
    g = np.linspace(1, 2, len(x))
    (1.0 * y).backward(g)  # y may be x itself
    expected.backward(torch.tensor(g))
    finite = np.isfinite(x)
    np.testing.assert_allclose(ours.grad[finite], theirs.grad.numpy()[finite], rtol=1e-12,
                               atol=1e-15)  # as PyTorch's 1 - y is rounded where y is almost 1


# ----- plain arrays -----

@pytest.mark.parametrize("name", ["Identity", "ReLU", "Sigmoid", "Tanh"])
def test_activations_of_plain_arrays_are_plain_arrays(name):
    x = np.array([[-1.0, 0.0, 2.0]])
    y = nn.Sequential(getattr(nn, name)())(x)
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, getattr(nn, name)()(tg.Value(x)).data)


@pytest.mark.parametrize("x", [[[1.0, 2.0, 3.0]], ((1, 2, 3),), np.array([[1, 2, 3]]), np.ones((1, 3), bool)],
                         ids=repr)
def test_linear_takes_lists_and_whole_numbers(x):
    layer = nn.Linear(3, 2, rng=0)
    np.testing.assert_array_equal(layer(x).data, layer(np.array(x, float)).data)


# ----- how it starts -----

def test_linear_starts_with_xaviers_weights_and_without_bias():
    layer = nn.Linear(3, 2, rng=0)
    np.testing.assert_array_equal(layer.weight.data, nn.init.xavier_uniform((2, 3), 0))
    np.testing.assert_array_equal(layer.bias.data, [0, 0])
    assert layer.weight.data.dtype == layer.bias.data.dtype == np.float64
    assert nn.Linear(3, 2, bias=False).bias is None


def test_linear_starts_as_it_is_told():
    layer = nn.Linear(3, 2, rng=0, init=nn.init.lecun_normal)
    np.testing.assert_array_equal(layer.weight.data, nn.init.lecun_normal((2, 3), 0))
    zeros = nn.Linear(3, 2, init=lambda shape, rng: np.zeros(shape))
    assert not zeros.weight.data.any()


@dtypes
def test_the_same_seed_gives_the_same_bits(dtype):
    def bits(**options):
        model = nn.MLP([3, 3, 3], dtype=dtype, **options)
        return {path: array.tobytes() for path, array in model.state_dict().items()}

    state = default_generator().bit_generator.state
    try:
        tg.manual_seed(7)
        assert bits() == bits(rng=7) == bits(rng=np.random.default_rng(7))
        assert bits() != bits(rng=7)
    finally:
        default_generator().bit_generator.state = state


@dtypes
def test_parameters_outputs_and_gradients_keep_the_dtype(dtype):
    model = nn.MLP([3, 4, 2], dtype=dtype)
    y = model(np.ones((5, 3), dtype))
    assert y.dtype == dtype
    nn.MSELoss()(y, np.ones((5, 2), dtype)).backward()
    assert {p.data.dtype for p in model.parameters()} == {p.grad.dtype for p in model.parameters()} == {
        np.dtype(dtype)}


# ----- without parameters -----

@pytest.mark.parametrize("start_dim", [1, 0, 2, -1, -2, -3])
def test_flatten_is_that_of_pytorch(start_dim):
    torch = pytest.importorskip("torch")
    x = np.arange(24.0).reshape(2, 3, 4)
    expected = torch.nn.Flatten(start_dim)(torch.from_numpy(x)).numpy()
    np.testing.assert_array_equal(nn.Flatten(start_dim)(x), expected)
    v = tg.Value(x)
    y = nn.Flatten(start_dim)(v)
    g = np.random.default_rng(0).normal(size=expected.shape)
    y.backward(g)
    np.testing.assert_array_equal(y.data, expected)
    np.testing.assert_array_equal(v.grad, g.reshape(x.shape))


def test_flatten_of_no_points_gives_no_points():
    assert nn.Flatten()(np.ones((0, 3, 4))).shape == (0, 12)


def test_lambda_calls_its_function():
    x = tg.Value([1.0, 2.0])
    y = nn.Sequential(nn.Lambda(np.square), nn.Lambda(lambda x: x[:1]))(x)
    y.backward(np.array([10.0]))
    assert y.data == 1.0
    np.testing.assert_array_equal(x.grad, [20.0, 0.0])
    assert repr(nn.Lambda(np.square)) == "Lambda(square)"
    assert repr(nn.Lambda(partial(np.sum, axis=0))) == "Lambda(partial)"


# ----- bad input -----

@pytest.mark.parametrize("x", [np.ones((5, 4)), np.ones(2), np.ones((3, 5)), tg.Value(np.ones((3, 1))), 1.0,
                               tg.Value(1.0), []], ids=repr)
def test_linear_says_which_shape_it_needs(x):
    with pytest.raises(ShapeError, match=r"Linear\(3, 2\): x has shape .*last axis must have the 3 features"):
        nn.Linear(3, 2)(x)


@pytest.mark.parametrize("features, shape, cure", [
    (48, (5, 3, 4, 4), r"put nn\.Flatten\(\) before, which makes \(5, 48\) of it"),
    (1, (5,), r"for a single feature pass x\.reshape\(-1, 1\)"),
    (3, (3, 7), r"a point is a row: pass x\.T"), (3, (7, 4), r"for such x it is Linear\(4, 2\)"),
    (48, (5, 3, 4), r"for such x it is Linear\(4, 2\)"), (3, (), "pass a row for each point")], ids=repr)
def test_linear_says_what_to_do_about_another_shape(features, shape, cure):
    with pytest.raises(ShapeError, match=f"Linear.*features of a point; {cure}$"):
        nn.Linear(features, 2)(np.ones(shape))


@pytest.mark.parametrize("make, name", [
    (lambda truth: nn.Linear(2, 1, bias=truth), "Linear: bias"),
    (lambda truth: nn.Conv2d(1, 1, 2, bias=truth), "Conv2d: bias"),
    (lambda truth: nn.AvgPool2d(2, count_include_pad=truth), "AvgPool2d: count_include_pad"),
    (lambda truth: nn.BatchNorm1d(2, affine=truth), "BatchNorm1d: affine"),
    (lambda truth: nn.LayerNorm(2, affine=truth), "LayerNorm: affine"),
    (lambda truth: nn.MLP([2, 2, 1], batch_norm=truth), "MLP: batch_norm"),
    (lambda truth: nn.Tanh().train(truth), r"Tanh\.train: mode")])
@pytest.mark.parametrize("truth", ["no", 0, None, np.ones(3)], ids=repr)
def test_what_is_true_or_false_is_nothing_else(make, name, truth):
    with pytest.raises(OptionError, match=f"{name} must be True or False, got"):
        make(truth)


@pytest.mark.parametrize("make, name", [
    (lambda init: nn.Linear(3, 2, init=init), "Linear"), (lambda init: nn.Conv2d(3, 2, 1, init=init), "Conv2d"),
    (lambda init: nn.MLP([3, 2], init=init), "Linear")])
@pytest.mark.parametrize("init, error, message", [
    (lambda shape, rng: None, DtypeError, "must return an array of real numbers, got None"),
    (lambda shape, rng: np.full(shape, "a"), DtypeError, "must return an array of real numbers, got dtype <U1"),
    (lambda shape, rng: tg.Value(np.ones(shape)), OptionError, "must return an array, got a Value"),
    (lambda shape, rng: np.ones(shape[::-1]), ShapeError, r"must return .* it is given, \(2, 3\), got \(3, 2\)"),
    (lambda shape, rng: 0.0, ShapeError, r"must return .* shape that it is given, \(2, 3\), got \(\)"),
    (lambda shape, rng: np.full(shape, np.nan), ArgumentError, "returned NaN or infinite numbers")])
def test_weights_start_from_finite_numbers_of_their_shape(make, name, init, error, message):
    with pytest.raises(error, match=f"{name}: init=<lambda> {message}"):
        make(init)


def test_weights_that_are_too_large_for_their_dtype_are_no_start():
    with pytest.raises(ArgumentError, match="Linear: init=<lambda> returned NaN or infinite numbers"):
        nn.Linear(2, 1, dtype=np.float32, init=lambda shape, rng: np.full(shape, 1e39))


def test_an_init_is_a_function():
    with pytest.raises(OptionError, match=r"Linear: init must be a function of a shape and .* got 'zeros'"):
        nn.Linear(3, 2, init="zeros")


def test_weights_are_a_copy_of_what_init_gives():
    given = np.ones((1, 2))
    layers = [nn.Linear(2, 1, init=lambda shape, rng: given) for _ in range(2)]
    layers[0].weight.data[0] = 5
    assert given.sum() == 2 and layers[1].weight.data.sum() == 2


def test_linear_of_no_points_gives_no_points():
    assert nn.Linear(3, 2)(np.ones((0, 3))).shape == (0, 2)


@pytest.mark.parametrize("x, error", [([[1.0], [1.0, 2.0]], ShapeError), (["a", "b", "c"], DtypeError),
                                      (np.ones(3) * 1j, DtypeError), ([None] * 3, DtypeError)], ids=repr)
def test_linear_refuses_what_is_no_array_of_real_numbers(x, error):
    with pytest.raises(error, match="Linear: x "):
        nn.Linear(3, 2)(x)


@pytest.mark.parametrize("sizes, error", [
    ((0, 1), ArgumentError), ((1, -1), ArgumentError), ((2.0, 1), OptionError), ((1, "2"), OptionError),
    ((True, 1), OptionError), ((1, None), OptionError)], ids=repr)
def test_linear_needs_whole_numbers_of_1_or_more(sizes, error):
    with pytest.raises(error, match=r"Linear: (in|out)_features must be"):
        nn.Linear(*sizes)


@pytest.mark.parametrize("dtype", [int, bool, complex, "i4", "float65", str], ids=repr)
def test_parameters_have_a_floating_dtype(dtype):
    with pytest.raises(DtypeError, match=r"Linear: .*use np\.float64 or np\.float32"):
        nn.Linear(2, 1, dtype=dtype)


@pytest.mark.parametrize("x", [1.0, np.ones(3), tg.Value(np.ones(3))], ids=repr)
def test_flatten_says_that_an_axis_is_missing(x):
    with pytest.raises(ShapeError, match=r"Flatten\(start_dim=1\): x has shape .* without an axis 1; points come one"):
        nn.Flatten()(x)


@pytest.mark.parametrize("start_dim", [1.0, None, "1", True], ids=repr)
def test_flatten_needs_a_whole_number(start_dim):
    with pytest.raises(OptionError, match="Flatten: start_dim must be a whole number"):
        nn.Flatten(start_dim)


def test_lambda_needs_a_function():
    with pytest.raises(OptionError, match=r"Lambda: f must be a function, as in Lambda\(np\.sin\), got 3 of type int"):
        nn.Lambda(3)
