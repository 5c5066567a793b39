"""Arithmetic, powers, and the choices between two numbers."""

import numpy as np

from tinygrad_edu.engine.ops.kinks import over, over_or_zero, scaled
from tinygrad_edu.engine.primitive import builtin, passed_on, times_a, times_b


@builtin("{x}", "copy", x=passed_on)
def positive(x):
    """y = x,   dy/dx = 1"""
    return +x


@builtin("-{x}", "−", x=lambda g, y, x: -g)
def negative(x):
    """y = -x,   dy/dx = -1"""
    return -x


@builtin("{a} + {b}", "+", a=passed_on, b=passed_on)
def add(a, b):
    """y = a + b,   dy/da = dy/db = 1"""
    return a + b


@builtin("{a} - {b}", "−", a=passed_on, b=lambda g, y, a, b: -g)
def subtract(a, b):
    """y = a - b,   dy/da = 1,   dy/db = -1"""
    return a - b


@builtin(r"{a} \cdot {b}", "×", a=times_b, b=times_a)
def multiply(a, b):
    """y = a·b, element by element,   dy/da = b,   dy/db = a"""
    return a * b


@builtin(r"\frac{{a}}{{b}}", "÷", a=lambda g, y, a, b: g / b, b=lambda g, y, a, b: -g * y / b)
def divide(a, b):
    """y = a/b,   dy/da = 1/b,   dy/db = -a/b² = -y/b"""
    return a / b


@builtin(r"\frac{1}{{x}}", "1/x", x=lambda g, y, x: -g * y * y)
def reciprocal(x):
    """y = 1/x,   dy/dx = -1/x² = -y²"""
    return np.reciprocal(x)


@builtin(r"\lfloor {a} / {b} \rfloor", "⌊÷⌋", a=lambda g, y, a, b: 0.0, b=lambda g, y, a, b: 0.0)
def floor_divide(a, b):
    """y = ⌊a/b⌋; piecewise constant, so the gradient is 0, at the steps too"""
    return np.floor_divide(a, b)


@builtin(r"{a} \bmod {b}", "mod", a=passed_on, b=lambda g, y, a, b: -g * np.floor_divide(a, b))
def remainder(a, b):
    """y = a - b·⌊a/b⌋,   dy/da = 1,   dy/db = -⌊a/b⌋"""
    return np.remainder(a, b)


def _power_a(g, y, a, b):
    base = a + ((a * a == 0) & (b == 0))  # 0·0^-1, the slope of a⁰ at and next to 0, becomes 0·1^-1
    return scaled(g, b * np.power(base, b - 1.0))


def _power_b(g, y, a, b):
    ln_a = np.log(a + (a == 0))  # 0·ln 0, the slope of 0^b, becomes 0·ln 1
    return scaled(g, y * (float(ln_a) if isinstance(a, (int, float)) else ln_a))  # y keeps its precision


@builtin("{a}^{{b}}", "aᵇ", a=_power_a, b=_power_b)
def power(a, b):
    """y = a^b,   dy/da = b·a^(b-1) (0 for b = 0),   dy/db = y·ln a (0 for a = 0, NaN for a < 0)"""
    return np.power(a, b)  # Python's ** turns complex: (-8.0) ** (1 / 3)


@builtin("{x}^2", "x²", x=lambda g, y, x: g * (2 * x))
def square(x):
    """y = x²,   dy/dx = 2x"""
    return x * x


@builtin(r"\sqrt{{x}}", "√", x=lambda g, y, x: over(g, 2 * y))
def sqrt(x):
    """y = √x,   dy/dx = 1/(2√x); ∞ at 0"""
    return np.sqrt(x)


@builtin(r"\sqrt[3]{{x}}", "∛", x=lambda g, y, x: over(g, 3 * y * y))
def cbrt(x):
    """y = ∛x,   dy/dx = 1/(3y²); ∞ at 0"""
    return np.cbrt(x)


@builtin(r"\left|{x}\right|", "|x|", x=lambda g, y, x: g * np.sign(x))
def absolute(x):
    """y = |x|,   dy/dx = sign x; 0 at 0"""
    return np.absolute(x)


@builtin(r"\sqrt{{a}^2 + {b}^2}", "hypot", a=lambda g, y, a, b: g * over_or_zero(a, y),
         b=lambda g, y, a, b: g * over_or_zero(b, y))
def hypot(a, b):
    """y = √(a² + b²) without overflow,   dy/da = a/y,   dy/db = b/y; 0 at the origin"""
    return np.hypot(a, b)


def _to_the_larger(g, a, b):
    """g where a > b, half of it at a tie, else 0."""
    half = 0.5 * g
    return half * (a > b) + half * (a >= b)


@builtin(r"\max({a}, {b})", "max", a=lambda g, y, a, b: _to_the_larger(g, a, b),
         b=lambda g, y, a, b: _to_the_larger(g, b, a))
def maximum(a, b):
    """y = max(a, b); the gradient goes to the larger, at a tie half to each"""
    return np.maximum(a, b)


@builtin(r"\min({a}, {b})", "min", a=lambda g, y, a, b: _to_the_larger(g, b, a),
         b=lambda g, y, a, b: _to_the_larger(g, a, b))
def minimum(a, b):
    """y = min(a, b); the gradient goes to the smaller, at a tie half to each"""
    return np.minimum(a, b)


def _above(x, limit):
    """x > limit, where None stands for a limit that is not there."""
    return False if x is None or limit is None else x > limit


@builtin(r"\mathrm{clip}({x}, {a_min}, {a_max})", "clip",
         x=lambda g, y, x, a_min, a_max: g * (x == y),
         a_min=lambda g, y, x, a_min, a_max: g * ((x < a_min) & (y == a_min)),
         a_max=lambda g, y, x, a_min, a_max: g * (_above(x, a_max) | _above(a_min, a_max)))
def clip(x, a_min=None, a_max=None):
    """y = x limited to [a_min, a_max],   dy/dx = 1 inside and at the limits, else 0

    None is no limit; where a_min > a_max, y = a_max.
    """
    return np.clip(x, a_min, a_max)


@builtin(r"\mathrm{where}({condition}, {a}, {b})", "where", condition=None,
         a=lambda g, y, condition, a, b: np.where(condition, g, 0.0),
         b=lambda g, y, condition, a, b: np.where(condition, 0.0, g))
def where(condition, a, b):
    """y = a where the condition holds, else b; the gradient goes to the one chosen"""
    return np.where(condition, a, b)
