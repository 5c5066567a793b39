"""gradcheck: it finds every wrong rule of a set of them, says where, and lets right ones pass."""

import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.check import gradcheck
from tinygrad_edu.errors import ArgumentError, DtypeError, GradcheckError, OptionError, TinygradError

X = np.random.default_rng(0).uniform(0.5, 2.0, (2, 3))


def x_exp(rule):
    """x e^x with a gradient rule of the test's choice; right is g (y + e^x)."""
    def x_exp(x):
        return x * np.exp(x)

    return tg.primitive("{x} e^{{x}}", x=rule)(x_exp)


RIGHT = x_exp(lambda g, y, x: g * (y + np.exp(x)))
FIRST_ORDER_ONLY = x_exp(lambda g, y, x: g * (y + np.exp(x.data if isinstance(x, tg.Value) else x)))
WRONG = {
    "a term forgotten": x_exp(lambda g, y, x: g * y),
    "another function": x_exp(lambda g, y, x: g * (y + np.exp(-x))),
    "wrong sign": x_exp(lambda g, y, x: -g * (y + np.exp(x))),
    "one part in ten thousand": x_exp(lambda g, y, x: g * (y + np.exp(x)) * (1 + 1e-4)),
    "g where 1/g and g look alike under sum": x_exp(lambda g, y, x: (y + np.exp(x)) / g),
    "g forgotten": x_exp(lambda g, y, x: y + np.exp(x)),
    "nan": x_exp(lambda g, y, x: g * np.nan * x),
    "nothing": x_exp(lambda g, y, x: np.zeros(np.shape(x))),
}


@pytest.mark.parametrize("method", ["differences", "complex-step"])
def test_right_rules_pass(method):
    for x in (X, X.astype(np.float32), 0.7, 2, np.array(1.5), X[:, :0], X[::-1, ::-1], tg.Value(X)):
        assert gradcheck(RIGHT, x, method=method) is True


@pytest.mark.parametrize("method", ["differences", "complex-step"])
@pytest.mark.parametrize("f", WRONG.values(), ids=WRONG)
def test_wrong_rules_do_not(f, method):
    for x in (X, 0.7):
        with pytest.raises(GradcheckError, match="gradcheck of x_exp"):
            gradcheck(f, x, method=method)


def test_float32_is_checked_as_finely_as_its_digits_allow():
    with pytest.raises(GradcheckError):
        gradcheck(WRONG["a term forgotten"], X.astype(np.float32))
    with pytest.raises(GradcheckError):
        gradcheck(x_exp(lambda g, y, x: g * (y + np.exp(x)) * 1.02), X.astype(np.float32))


def test_second_derivatives_are_checked_if_asked_for():
    assert gradcheck(RIGHT, X, order=3)
    assert gradcheck(RIGHT, X, order=2, method="complex-step")
    assert gradcheck(RIGHT, X.astype(np.float32), order=2)
    assert gradcheck(FIRST_ORDER_ONLY, X)
    with pytest.raises(GradcheckError, match=r"gradient of x_exp, by its inputs and u: inputs\[0\] at \["):
        gradcheck(FIRST_ORDER_ONLY, X, order=2)


def test_the_message_names_argument_place_numbers_and_errors():
    @tg.primitive("{a} {b}^3", a=lambda g, y, a, b: g * b**3,
                  b=lambda g, y, a, b: g * a * b**2 * np.array([3.0, 4.0, 3.003]))  # 3 is right
    def cubic(a, b):
        return a * b**3

    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda p: cubic(p["a"], p["b"]), {"a": np.ones(3), "b": np.full(3, 2.0)})
    found = re.fullmatch(
        r"gradcheck of <lambda>: inputs\[0\]\['b'\] at \[1\]: "
        r"the gradient of J = Σ u·f, u random, is (\S+), the slope (\S+); "
        r"absolute error (\S+) \((\S+) allowed\), relative error (\S+); "
        r"the worst of 2 wrong numbers out of 3\. Check the .*", str(caught.value))
    gradient, slope, absolute, allowed, relative = map(float, found.groups())
    assert 0.5 * 12 <= abs(slope) <= 2 * 12  # 3b² times a random number from 1/2 to 2, or minus that
    np.testing.assert_allclose(gradient / slope, 4 / 3, rtol=1e-8)
    np.testing.assert_allclose([absolute, relative], [abs(gradient - slope), 1 / 3], rtol=1e-2)
    assert allowed < 1e-3


def test_trees_and_several_inputs_and_outputs():
    f = lambda p, x: {"h": np.tanh(x @ p["W"] + p["b"]), "size": [np.sum(p["W"] ** 2)]}  # noqa: E731
    p = {"W": np.random.default_rng(1).normal(size=(3, 2)), "b": 0.5}
    assert gradcheck(f, p, X, order=2)
    assert gradcheck(f, p, X, method="complex-step")


def test_functions_of_modules_and_losses_pass():
    layer = tg.nn.Linear(3, 2, rng=0)
    loss = tg.nn.CrossEntropyLoss()
    assert gradcheck(lambda x: loss(np.tanh(layer(x)), np.array([0, 1])), X, order=2)
    assert all(p.grad is None for p in layer.parameters())


def test_large_and_tiny_numbers_have_steps_of_their_size():
    assert gradcheck(np.log, np.array([2e-9, 5e-9]), order=2)
    assert gradcheck(np.sqrt, np.array([3e12, 1.0]))
    assert gradcheck(np.sin, np.zeros(2))
    assert gradcheck(lambda x: x + 1e8, 1.0)  # rounding is allowed for
    assert gradcheck(lambda x: 1e-12 * x**2, 3.0)


def test_step_and_tolerances_may_be_chosen():
    steep = lambda x: np.sin(3e4 * x)  # noqa: E731
    with pytest.raises(GradcheckError, match="too steep"):
        gradcheck(steep, 0.1)
    assert gradcheck(steep, 0.1, step=1e-9)
    assert gradcheck(steep, 0.1, rtol=1e-3)
    assert gradcheck(WRONG["one part in ten thousand"], X, rtol=1e-3)
    assert gradcheck(WRONG["a term forgotten"], X, atol=1e3)
    with pytest.raises(GradcheckError):
        gradcheck(RIGHT, X, rtol=0.0, atol=0.0, method="complex-step")  # not even rounding is allowed


def test_kinks_and_edges_of_the_domain_are_said_to_be_that():
    with pytest.raises(GradcheckError, match=r"at \[1\]: .*a kink"):
        gradcheck(tg.relu, np.array([1.0, 0.0, -1.0]))
    with pytest.raises(GradcheckError, match="not finite so near"):
        gradcheck(np.sqrt, np.array([1.0, 1e-7]))


def test_what_changes_from_call_to_call_is_found():
    rng = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match=r"called twice .* dropout"):
        gradcheck(lambda x: x * rng.integers(2, size=20), np.ones(20))


def test_constants_and_truths_have_no_slope():
    assert gradcheck(lambda x: 3, X)
    assert gradcheck(lambda x: [x > 1, np.floor(x)], X, order=2)


def test_the_same_call_gives_the_same_message_and_another_generator_another():
    def message(**options):
        with pytest.raises(GradcheckError) as caught:
            gradcheck(WRONG["a term forgotten"], X, **options)
        return str(caught.value)

    assert message() == message() == message(rng=0)
    assert message() != message(rng=1)
    assert message(rng=np.random.default_rng(0)) == message()


def test_inputs_are_left_as_they_are():
    x = X.copy()
    value = tg.Value(x)
    gradcheck(RIGHT, x, order=2), gradcheck(RIGHT, value, order=2)
    np.testing.assert_array_equal(x, X)
    assert value.grad is None


def test_an_error_of_gradcheck_is_an_assertion_and_of_the_library():
    assert issubclass(GradcheckError, AssertionError)
    assert issubclass(GradcheckError, TinygradError)


def test_bad_calls_are_told_what_is_wrong():
    with pytest.raises(ArgumentError, match="unknown method 'magic'; choose from differences, complex-step"):
        gradcheck(np.sin, X, method="magic")
    with pytest.raises(OptionError, match="gradcheck: f must be a function, got 3 of type int"):
        gradcheck(3, X)
    with pytest.raises(ArgumentError, match="nothing to check"):
        gradcheck(np.sin)
    with pytest.raises(ArgumentError, match="nothing to check"):
        gradcheck(np.sin, X, order=0)
    with pytest.raises(DtypeError, match="gradcheck of f: argument 0 is 'text'"):
        def f(x):
            return x
        gradcheck(f, "text")
    with pytest.raises(OptionError, match=r"does not take them .*method='differences'"):
        gradcheck(lambda x: x.sigmoid(), X, method="complex-step")
    with pytest.raises(OptionError, match="the function returned None"):
        gradcheck(lambda x: None, X)
