"""The one table of activation functions: derivatives against mpmath, largest slopes, and how it is shown."""

import mpmath
import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import DtypeError, ShapeError
from tinygrad_edu.nn import functional

mp = mpmath.mp.clone()
mp.dps = 30

DEFINITIONS = {
    "identity": lambda x: x,
    "binary_step": lambda x: mp.mpf(x >= 0),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "tanh": mp.tanh,
    "relu": lambda x: max(x, mp.mpf(0)),
    "gelu": lambda x: x * mp.ncdf(x),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "selu": lambda x: mp.mpf(1.0507009873554805) * (x if x > 0 else mp.mpf(1.6732632423543772) * mp.expm1(x)),
    "leaky_relu": lambda x: x if x > 0 else mp.mpf(0.01) * x,
}

# sup |dy/dx| by hand; of GELU, Φ(√2) + √2 φ(√2)
LARGEST = {"identity": 1, "binary_step": 0, "sigmoid": 0.25, "tanh": 1, "relu": 1,
           "gelu": float(mp.ncdf(mp.sqrt(2)) + mp.sqrt(2) * mp.npdf(mp.sqrt(2))), "softplus": 1, "elu": 1,
           "selu": 1.0507009873554805 * 1.6732632423543772, "leaky_relu": 1}

each_name = pytest.mark.parametrize("name", functional.ACTIVATIONS)


def test_the_table_the_modules_and_the_functions_have_the_same_names():
    assert list(functional.ACTIVATIONS) == list(nn.activations.ACTIVATIONS) == list(DEFINITIONS)
    for name, activation in functional.ACTIVATIONS.items():
        assert getattr(functional, name) is activation.function
        assert name in functional.__all__


@each_name
def test_values_and_derivatives_are_those_of_the_definition(name):
    activation, definition = functional.ACTIVATIONS[name], DEFINITIONS[name]
    x = np.random.default_rng(0).uniform(-6, 6, (4, 5))
    y = [float(definition(mp.mpf(t))) for t in x.ravel()]
    slopes = [float(mp.diff(definition, mp.mpf(t))) for t in x.ravel()]
    np.testing.assert_allclose(np.ravel(activation.function(x)), y, rtol=1e-14)
    found = activation.derivative(x)
    assert found.shape == x.shape
    np.testing.assert_allclose(found.ravel(), slopes, rtol=1e-13, atol=1e-15)


@each_name
def test_the_module_is_the_function(name):
    x = np.linspace(-5, 5, 11)
    np.testing.assert_array_equal(nn.activations.ACTIVATIONS[name]()(x), functional.ACTIVATIONS[name].function(x))


@each_name
def test_no_slope_is_larger_than_the_largest_and_it_is_reached(name):
    activation = functional.ACTIVATIONS[name]
    assert type(activation.largest_slope) is float
    assert activation.largest_slope == pytest.approx(LARGEST[name], rel=1e-15)
    slopes = np.abs(activation.derivative(np.linspace(-20, 20, 4001)))
    assert slopes.max() == pytest.approx(activation.largest_slope, rel=1e-4)
    assert slopes.max() <= activation.largest_slope * (1 + 1e-15)


@each_name
def test_a_derivative_takes_numbers_lists_arrays_and_values(name):
    activation = functional.ACTIVATIONS[name]
    at_half = activation.derivative(0.5)
    assert type(at_half) is float
    np.testing.assert_array_equal(activation.derivative([0.5, 0.5]), [at_half, at_half])
    assert activation.derivative(np.array([0.5], np.float32)).dtype == np.float32
    x = tg.Value([0.5])
    slope = activation.derivative(x)
    np.testing.assert_array_equal(slope.data, [at_half])
    assert x.grad is None


def test_the_derivative_of_a_value_can_be_differentiated():
    x = tg.Value([0.5, -2.0])
    functional.ACTIVATIONS["tanh"].derivative(x).backward([2.0, 3.0])
    y = np.tanh(x.data)
    np.testing.assert_allclose(x.grad, [2, 3] * (-2 * y * (1 - y * y)), rtol=1e-14)


def test_the_table_holds_what_it_prints():
    x = np.linspace(-2, 2, 5)
    curves = functional.table(x)
    np.testing.assert_array_equal(curves.x, x)
    assert list(curves.y) == list(curves.slope) == list(functional.ACTIVATIONS)
    np.testing.assert_array_equal(curves.y["relu"], [0, 0, 0, 1, 2])
    np.testing.assert_array_equal(curves.slope["relu"], [0, 0, 0, 1, 1])
    lines = repr(curves).splitlines()
    assert len({len(line) for line in lines[1:]}) == 1
    assert lines[1].split() == ["x", *2 * ["-2", "-1", "0", "1", "2"], "max", "|dy/dx|"]
    relu = next(line for line in lines if "relu" in line)
    assert relu.split() == ["relu", "0", "0", "0", "1", "2", "0", "0", "0", "1", "1", "1"]


@pytest.mark.parametrize(("x", "error"), [("text", DtypeError), ([1.0, 2j], DtypeError),
                                          ([[1.0], [1.0, 2.0]], ShapeError), (None, DtypeError)], ids=repr)
def test_the_table_is_of_real_numbers(x, error):
    with pytest.raises(error, match="table: x "):
        functional.table(x)
