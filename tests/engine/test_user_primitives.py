"""Primitives of users: made with the same decorator as ours, and checked where they are made."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import GradientRuleError, OptionError


@tg.primitive(r"{x} e^{{x}}", x=lambda g, y, x: g * (y + np.exp(x)))
def x_exp(x):
    """y = x e^x"""
    return x * np.exp(x)


def test_it_works_on_arrays_values_and_under_transforms_of_any_order():
    assert type(x_exp(np.ones(2))) is np.ndarray
    x = tg.Value([0.0, 1.0])
    x_exp(x).sum().backward()
    np.testing.assert_allclose(x.grad, [1, 2 * np.e], rtol=1e-15)  # (1 + x) e^x
    assert tg.grad(tg.grad(tg.grad(x_exp)))(1.0) == pytest.approx(4 * np.e, rel=1e-15)  # (3 + x) e^x
    assert tg.check.gradcheck(x_exp, np.array([0.3, -1.0]))
    assert x_exp.__doc__ == "y = x e^x" and "x_exp" not in tg.OPS


def test_inputs_with_defaults_options_and_an_input_without_gradient():
    @tg.primitive("{a}", a=lambda g, y, a, scale, mask, power: g * scale * mask * power * a ** (power - 1),
                  scale=lambda g, y, a, scale, mask, power: g * mask * a**power, mask=None)
    def f(a, scale=2.0, mask=1.0, *, power=3):
        return scale * mask * a**power

    x, s = tg.Value([1.0, 2.0]), tg.Value(5.0)
    f(x).sum().backward()
    np.testing.assert_array_equal(x.grad, 2 * 3 * x.data**2)
    x.grad = None
    f(x, s, mask=np.array([0.0, 1.0]), power=2).sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 5 * 2 * 2])
    assert s.grad == 4
    f(scale=s, a=x).sum().backward()
    for call in (lambda: f(), lambda: f(x, colour=1), lambda: f(x, 1, 1, 3, 4), lambda: f(x, 1, scale=2),
                 lambda: f(x, 1, 1, 3, power=4)):
        with pytest.raises(OptionError, match="f was called"):
            call()


def test_any_number_of_inputs():
    @tg.primitive("{xs}", xs=lambda g, y, *xs: lambda i: g * (i + 1))
    def weighted(*xs):
        return sum((i + 1) * x for i, x in enumerate(xs))

    a, b = tg.Value(1.0), tg.Value(np.ones(3))
    weighted([a, np.ones(3), b]).sum().backward()
    assert a.grad == 3.0
    np.testing.assert_array_equal(b.grad, [3, 3, 3])


def test_rules_must_name_inputs():
    for rules in ({"z": lambda g, y, x: g}, {}):
        with pytest.raises(GradientRuleError, match=r"primitive f: rules for .*its inputs are x"):
            @tg.primitive("{x}", **rules)
            def f(x):
                return x


def test_a_shape_is_broadcast_back_for_the_user():
    @tg.primitive("{a}+{b}", a=lambda g, y, a, b: g, b=lambda g, y, a, b: g)
    def plus(a, b):
        return a + b

    a, b = tg.Value(np.ones((3, 1))), tg.Value(np.ones(4))
    plus(a, b).sum().backward()
    np.testing.assert_array_equal(a.grad, np.full((3, 1), 4.0))
    np.testing.assert_array_equal(b.grad, np.full(4, 3.0))


def test_what_a_forward_returns_is_made_floating_or_refused():
    def returning(result):
        @tg.primitive("f({x})", x=lambda g, y, x: g)
        def f(x):
            return result(x)

        return f

    x = tg.Value(np.array([0.2, 1.7, -3.0]))
    weights = np.array([0.25, 0.5, 3.0])
    for straight_through in (lambda x: x > 0, lambda x: np.rint(x).astype(int)):
        x.grad = None
        (returning(straight_through)(x) * weights).sum().backward()
        np.testing.assert_array_equal(x.grad, weights)
    x.grad = None
    returning(lambda x: float(np.sum(x)))(x).backward()
    np.testing.assert_array_equal(x.grad, np.ones(3))
    for result, words in [(lambda x: None, "None: is a `return` missing"), (lambda x: "a", "a str"),
                          (lambda x: [1.0], "a list"), (lambda x: x * 1j, "not real numbers")]:
        for v in (x, tg.Value(1.0)):
            with pytest.raises(GradientRuleError, match=words):
                returning(result)(v)


def test_an_input_without_a_rule_must_be_said_to_have_none():
    with pytest.raises(GradientRuleError, match=r"rules for x, but its inputs are x, w; .*None for one that has no"):
        @tg.primitive("{x}{w}", x=lambda g, y, x, w: g * w)
        def f(x, w):
            return x * w


@pytest.mark.parametrize("wrong", [lambda g, y, x: np.outer(g, x), lambda g, y, x: np.dot(g, x)])
def test_a_rule_of_a_wrong_shape_is_not_summed_or_filled(wrong):
    @tg.primitive("f({x})", x=wrong)
    def f(x):
        return x * 1.0

    with pytest.raises(GradientRuleError, match="gradient rule of f for its input x returned shape"):
        f(tg.Value(np.ones(3))).sum().backward()
