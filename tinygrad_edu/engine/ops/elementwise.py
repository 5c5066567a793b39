"""Exponentials and logarithms, trigonometric and hyperbolic functions and their inverses, steps."""

import numpy as np

from tinygrad_edu.engine.ops.activations import sigmoid
from tinygrad_edu.engine.ops.kinks import difference, over, over_or_zero
from tinygrad_edu.engine.primitive import builtin

LN_2 = float(np.log(2.0))
LN_10 = float(np.log(10.0))
DEGREE = float(np.pi / 180)


# ----- exponentials and logarithms -----

@builtin("e^{{x}}", "exp", x=lambda g, y, x: g * y)
def exp(x):
    """y = e^x,   dy/dx = y"""
    return np.exp(x)


@builtin("e^{{x}} - 1", "expm1", x=lambda g, y, x: g * (y + 1))
def expm1(x):
    """y = e^x - 1, exact near 0,   dy/dx = y + 1"""
    return np.expm1(x)


@builtin("2^{{x}}", "2ˣ", x=lambda g, y, x: g * (LN_2 * y))
def exp2(x):
    """y = 2^x,   dy/dx = y·ln 2"""
    return np.exp2(x)


@builtin(r"\ln({x})", "ln", x=lambda g, y, x: over(g, x))
def log(x):
    """y = ln x,   dy/dx = 1/x"""
    return np.log(x)


@builtin(r"\log_2({x})", "log₂", x=lambda g, y, x: over(g, LN_2 * x))
def log2(x):
    """y = log₂ x,   dy/dx = 1/(x·ln 2)"""
    return np.log2(x)


@builtin(r"\log_{10}({x})", "log₁₀", x=lambda g, y, x: over(g, LN_10 * x))
def log10(x):
    """y = log₁₀ x,   dy/dx = 1/(x·ln 10)"""
    return np.log10(x)


@builtin(r"\ln(1 + {x})", "log1p", x=lambda g, y, x: over(g, 1 + x))
def log1p(x):
    """y = ln(1 + x), exact near 0,   dy/dx = 1/(1 + x)"""
    return np.log1p(x)


@builtin(r"\ln(e^{{a}} + e^{{b}})", "logaddexp", a=lambda g, y, a, b: g * sigmoid(difference(a, b)),
         b=lambda g, y, a, b: g * sigmoid(difference(b, a)))
def logaddexp(a, b):
    """y = ln(e^a + e^b) at any magnitude,   dy/da = e^(a-y) = sigmoid(a - b),   dy/db = sigmoid(b - a)"""
    return np.logaddexp(a, b)


# ----- trigonometric -----

@builtin(r"\sin({x})", x=lambda g, y, x: g * np.cos(x))
def sin(x):
    """y = sin x,   dy/dx = cos x;   x in radians"""
    return np.sin(x)


@builtin(r"\cos({x})", x=lambda g, y, x: -g * np.sin(x))
def cos(x):
    """y = cos x,   dy/dx = -sin x;   x in radians"""
    return np.cos(x)


@builtin(r"\tan({x})", x=lambda g, y, x: g * (1 + y * y))
def tan(x):
    """y = tan x,   dy/dx = 1 + y²;   x in radians"""
    return np.tan(x)


@builtin(r"\frac{\pi}{180} {x}", "rad", x=lambda g, y, x: g * DEGREE)
def deg2rad(x):
    """y = x·π/180, an angle in degrees as one in radians,   dy/dx = π/180"""
    return np.deg2rad(x)


@builtin(r"\frac{180}{\pi} {x}", "deg", x=lambda g, y, x: g / DEGREE)
def rad2deg(x):
    """y = x·180/π, an angle in radians as one in degrees,   dy/dx = 180/π"""
    return np.rad2deg(x)


@builtin(r"\arcsin({x})", x=lambda g, y, x: over(g, np.sqrt((1 - x) * (1 + x))))
def arcsin(x):
    """y = arcsin x,   dy/dx = 1/√(1 - x²)"""
    return np.arcsin(x)


@builtin(r"\arccos({x})", x=lambda g, y, x: -over(g, np.sqrt((1 - x) * (1 + x))))
def arccos(x):
    """y = arccos x,   dy/dx = -1/√(1 - x²)"""
    return np.arccos(x)


def _arctan_rule(g, y, x):
    radius = np.hypot(1.0, x)  # √(1 + x²) without overflow
    return g / radius / radius


@builtin(r"\arctan({x})", x=_arctan_rule)
def arctan(x):
    """y = arctan x,   dy/dx = 1/(1 + x²)"""
    return np.arctan(x)


def _over_radius(a, b):
    """a/(a² + b²) without overflow; 0 at the origin."""
    radius = np.hypot(a, b)
    return over_or_zero(over_or_zero(a, radius), radius)


@builtin(r"\mathrm{atan2}({a}, {b})", a=lambda g, y, a, b: g * _over_radius(b, a),
         b=lambda g, y, a, b: -g * _over_radius(a, b))
def arctan2(a, b):
    """y = angle of the point (b, a),   dy/da = b/(a² + b²),   dy/db = -a/(a² + b²); 0 at the origin"""
    return np.arctan2(a, b)


# ----- hyperbolic -----

@builtin(r"\sinh({x})", x=lambda g, y, x: g * np.cosh(x))
def sinh(x):
    """y = sinh x,   dy/dx = cosh x"""
    return np.sinh(x)


@builtin(r"\cosh({x})", x=lambda g, y, x: g * np.sinh(x))
def cosh(x):
    """y = cosh x,   dy/dx = sinh x"""
    return np.cosh(x)


@builtin(r"\tanh({x})", x=lambda g, y, x: g * (1 - y * y))
def tanh(x):
    """y = tanh x,   dy/dx = 1 - y²

    The slope is right to a rounding of 1, not of itself: from |x| = 19.1 on, where it is 1e-16, it is 0. Its own digits
    are in e^x only, for which training would wait longer than for all the rest of this op.
    """
    return np.tanh(x)


@builtin(r"\mathrm{arsinh}({x})", x=lambda g, y, x: g / np.hypot(1.0, x))
def arcsinh(x):
    """y = arsinh x,   dy/dx = 1/√(1 + x²), without overflow"""
    return np.arcsinh(x)


@builtin(r"\mathrm{arcosh}({x})", x=lambda g, y, x: over(g, np.sqrt(x - 1) * np.sqrt(x + 1)))
def arccosh(x):
    """y = arcosh x,   dy/dx = 1/√(x² - 1), without overflow"""
    return np.arccosh(x)


@builtin(r"\mathrm{artanh}({x})", x=lambda g, y, x: over(g, (1 - x) * (1 + x)))
def arctanh(x):
    """y = artanh x,   dy/dx = 1/(1 - x²)"""
    return np.arctanh(x)


# ----- steps: the gradient is 0 everywhere, at the jumps too -----

@builtin(r"\mathrm{sign}({x})", x=lambda g, y, x: 0.0)
def sign(x):
    """y = -1, 0 or 1"""
    return np.sign(x)


@builtin(r"\lfloor {x} \rfloor", x=lambda g, y, x: 0.0)
def floor(x):
    """y = the largest integer ≤ x"""
    return np.floor(x)


@builtin(r"\lceil {x} \rceil", x=lambda g, y, x: 0.0)
def ceil(x):
    """y = the smallest integer ≥ x"""
    return np.ceil(x)


@builtin(r"\mathrm{round}({x})", x=lambda g, y, x, decimals: 0.0)
def round(x, *, decimals=0):
    """y = x rounded to `decimals` digits, halves to even"""
    return np.round(x, decimals)
