"""Activation modules: PyTorch's numbers, options and kinks, the names that an MLP knows, and bad options."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, OptionError
from tinygrad_edu.nn.activations import ACTIVATIONS

# ours, and how to say the same in PyTorch
PAIRS = {
    "Identity()": "Identity()", "Sigmoid()": "Sigmoid()", "Tanh()": "Tanh()", "ReLU()": "ReLU()", "GELU()": "GELU()",
    "GELU(approximate=True)": "GELU(approximate='tanh')",
    "Softplus()": "Softplus(threshold=1e9)", "Softplus(beta=0.5, threshold=20)": "Softplus(beta=0.5, threshold=20)",
    "ELU()": "ELU()", "ELU(alpha=0.5)": "ELU(alpha=0.5)", "SELU()": "SELU()",
    "LeakyReLU()": "LeakyReLU()", "LeakyReLU(slope=0.2)": "LeakyReLU(0.2)",
    "Softmax()": "Softmax(-1)", "Softmax(dim=0)": "Softmax(0)", "LogSoftmax()": "LogSoftmax(-1)",
    "LogSoftmax(dim=0)": "LogSoftmax(0)",
}
# at the kinks, at the threshold of Softplus, and away from both
POINTS = [[-30.0, -3.0, -1.0, -1e-8], [-0.0, 0.0, 1e-8, 1.0], [3.0, 30.0, 40.0, 45.0]]

each_pair = pytest.mark.parametrize(("ours", "theirs"), PAIRS.items())
each_name = pytest.mark.parametrize("name", ACTIVATIONS)


def module(text, package=nn):
    return eval(text, vars(package))


@each_pair
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_and_gradients_are_pytorchs_at_kinks_and_elsewhere(ours, theirs, dtype):
    torch = pytest.importorskip("torch")
    x, v = np.array(POINTS, dtype), np.random.default_rng(0).normal(size=(3, 4)).astype(dtype)
    value, tensor = tg.Value(x), torch.tensor(x, requires_grad=True)
    y, expected = module(ours)(value), module(theirs, torch.nn)(tensor)
    # absolute, as PyTorch's erf has fewer digits in the tail, and so has its 1 - y
    tolerance = {"rtol": 20 * np.finfo(dtype).eps, "atol": 20 * np.finfo(dtype).eps}
    np.testing.assert_allclose(y.data, expected.detach(), **tolerance)
    (1.0 * y).backward(v)  # y may be x itself
    (1.0 * expected).backward(torch.tensor(v))
    np.testing.assert_allclose(value.grad, tensor.grad, **tolerance)
    assert y.dtype == value.grad.dtype == dtype


@pytest.mark.parametrize(("ours", "theirs"), [
    ("ELU(alpha=0.5)", "ELU(alpha=0.5)"), ("SELU()", "SELU()"), ("LeakyReLU(slope=0.2)", "LeakyReLU(0.2)"),
    ("Softplus(beta=0.5, threshold=20)", "Softplus(beta=0.5, threshold=20)"), ("GELU()", "GELU()"),
    ("GELU(approximate=True)", "GELU(approximate='tanh')")])
def test_second_derivatives_are_pytorchs(ours, theirs):
    torch = pytest.importorskip("torch")
    x = np.array([-30.0, -3.0, -1.0, -1e-8, 1e-8, 1.0, 3.0, 30.0, 45.0])
    tensor = torch.tensor(x, requires_grad=True)
    slope, = torch.autograd.grad(module(theirs, torch.nn)(tensor).sum(), tensor, create_graph=True)
    expected, = torch.autograd.grad((slope * slope).sum(), tensor)
    np.testing.assert_allclose(squared_slopes_slope(module(ours), x), expected, rtol=1e-12, atol=1e-14)


def squared_slopes_slope(layer, x):
    """The gradient of Σ (dy/dx)², which is 2·dy/dx·d²y/dx²."""
    first = tg.grad(lambda x: np.sum(layer(x)))
    return tg.grad(lambda x: np.sum(first(x) ** 2))(x)


def test_at_a_kink_first_and_second_derivative_are_both_those_of_the_left():
    # PyTorch has the first of the left and, as the second, 0
    zeros = np.array([0.0, -0.0])
    np.testing.assert_allclose(squared_slopes_slope(nn.ELU(alpha=0.5), zeros), [0.5, 0.5], rtol=1e-15)
    np.testing.assert_allclose(squared_slopes_slope(nn.SELU(), zeros), 2 * (1.0507009873554805 * 1.6732632423543772)**2,
                               rtol=1e-15)


# ----- the step -----

@pytest.mark.parametrize("x", [[-1e-300, -0.0, 0.0, 1e-300], [-np.inf, 0.0, 5.0, np.inf]])
def test_the_step_is_1_from_0_on_and_has_no_slope(x):
    x = tg.Value(x)
    y = nn.BinaryStep()(x)
    np.testing.assert_array_equal(y.data, x.data >= 0)
    y.backward([2.0, -3.0, 5.0, 7.0])
    np.testing.assert_array_equal(x.grad, np.zeros(4))


def test_straight_through_the_step_the_gradient_passes_as_it_is():
    x = tg.Value([-2.0, 0.0, 3.0])
    y = nn.BinaryStep(straight_through=True)(x)
    np.testing.assert_array_equal(y.data, [0, 1, 1])
    y.backward([2.0, -3.0, 5.0])
    np.testing.assert_array_equal(x.grad, [2, -3, 5])


# ----- as modules -----

@pytest.mark.parametrize("text", [text for text in PAIRS if text not in ("Softmax()", "LogSoftmax()", "ELU()")]
                         + ["Softmax(dim=-1)", "BinaryStep()", "BinaryStep(straight_through=True)"])
def test_a_module_shows_the_options_that_it_was_made_with(text):
    shown = {"Softplus()": "Softplus(beta=1)", "LeakyReLU()": "LeakyReLU(slope=0.01)"}
    assert repr(module(text)) == shown.get(text, text)


@each_name
@pytest.mark.parametrize("x", [[[-2.0, 0.5]], np.array([[-2.0, 0.5]], np.float32), 0.5, np.zeros((0, 3))],
                         ids=["list", "float32", "number", "empty"])
def test_arrays_lists_and_numbers_are_as_good_as_values(name, x):
    layer = ACTIVATIONS[name]()
    y = layer(x)
    assert not isinstance(y, tg.Value)
    np.testing.assert_array_equal(y, layer(tg.Value(x)).data)


@each_name
def test_an_mlp_knows_every_name_and_all_but_the_step_can_learn(name):
    model = nn.MLP([3, 5, 1], name, rng=0)
    assert type(model[1]) is ACTIVATIONS[name]
    rng = np.random.default_rng(0)
    nn.MSELoss()(model(rng.normal(size=(20, 3))), rng.normal(size=(20, 1))).backward()
    assert all(np.isfinite(p.grad).all() for p in model.parameters())
    assert model[0].weight.grad.any() == (name != "binary_step")


@pytest.mark.parametrize("layer", [nn.ELU(np.float64(0.5)), nn.LeakyReLU(np.float64(0.5)),
                                   nn.Softplus(np.float64(0.5), np.float64(20))], ids=repr)
def test_options_that_are_numbers_of_numpy_leave_float32_as_it_is(layer):
    x = np.array([-2.0, 3.0], np.float32)
    assert layer(x).dtype == np.float32
    assert tg.grad(lambda x: np.sum(layer(x)))(x).dtype == np.float32


# ----- bad options -----

@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: nn.ELU(np.nan), ArgumentError, "elu: alpha must be a finite number of 0 or more, got nan"),
    (lambda: nn.ELU(-0.1), ArgumentError, "elu: alpha must be a finite number of 0 or more, got -0.1"),
    (lambda: nn.ELU(np.inf), ArgumentError, "elu: alpha must be a finite number of 0 or more, got inf"),
    (lambda: nn.ELU("1"), OptionError, "elu: alpha must be a finite number of 0 or more, got '1' of type str"),
    (lambda: nn.ELU(True), OptionError, "elu: alpha must be .* got True of type bool"),
    (lambda: nn.ELU(None), OptionError, "elu: alpha must be .* got None"),
    (lambda: nn.ELU(np.ones(2)), OptionError, "elu: alpha must be .* of type ndarray"),
    (lambda: nn.LeakyReLU(np.nan), ArgumentError, "leaky_relu: slope must be a finite number of 0 or more"),
    (lambda: nn.LeakyReLU(-1), ArgumentError, "leaky_relu: slope must be .* got -1"),
    (lambda: nn.Softplus(0), ArgumentError, "softplus: beta must be a finite number above 0, got 0"),
    (lambda: nn.Softplus(-1.0), ArgumentError, "softplus: beta must be a finite number above 0, got -1"),
    (lambda: nn.Softplus(np.nan), ArgumentError, "softplus: beta must be a finite number above 0, got nan"),
    (lambda: nn.Softplus(threshold=np.nan), ArgumentError, "softplus: threshold must be a number, got nan"),
    (lambda: nn.Softplus(threshold="20"), OptionError, "softplus: threshold must be a number, got '20'"),
    (lambda: nn.GELU("tanh"), OptionError, "gelu: approximate must be True or False, got 'tanh' of type str"),
    (lambda: nn.BinaryStep(1), OptionError, "binary_step: straight_through must be True or False, got 1"),
    (lambda: nn.Softmax("a"), OptionError, "^Softmax: dim must be a whole number, got 'a' of type str"),
    (lambda: nn.LogSoftmax(1.0), OptionError, "^LogSoftmax: dim must be a whole number, got 1.0"),
    (lambda: nn.Softmax(2)(np.ones((2, 2))), ArgumentError, r"^Softmax\(dim=2\): x has shape \(2, 2\), without"),
    (lambda: nn.Softmax(2)(tg.Value(np.ones((2, 2)))), ArgumentError, r"^Softmax\(dim=2\): x .* the last, dim=-1"),
    (lambda: nn.LogSoftmax()(1.0), ArgumentError, r"LogSoftmax\(dim=-1\): x has shape \(\), without an axis -1"),
    (lambda: nn.ELU(np.arange(2000.0)), OptionError, r"got array\(\[.{,90} of type ndarray$"),  # not the whole array
    (lambda: tg.elu(tg.Value(1.0), alpha=np.nan), ArgumentError, "elu: alpha must be"),
    (lambda: tg.softplus(tg.Value([1.0]), beta=-1.0), ArgumentError, "softplus: beta must be"),
    (lambda: tg.elu(1.0, alpha=tg.Value(1.0)), OptionError, "elu: alpha must be .* of type Value"),
])
def test_a_wrong_option_is_an_error_that_says_what_it_must_be(make, error, message):
    with pytest.raises(error, match=message):
        make()
