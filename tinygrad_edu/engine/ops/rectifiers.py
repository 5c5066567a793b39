"""Activation functions that are flat or nearly so on the left of 0: the step, the rectifier, and its relatives."""

import sys

import numpy as np

from tinygrad_edu.checks import shown, yes_or_no
from tinygrad_edu.engine.ops.activations import sigmoid
from tinygrad_edu.engine.ops.kinks import choose
from tinygrad_edu.engine.ops.normal import FAR, normal_cdf, normal_pdf
from tinygrad_edu.engine.primitive import builtin
from tinygrad_edu.errors import ArgumentError, OptionError

# The fixed point of mean 0 and variance 1, in float64; the lecture has 1.0507 and 1.67326.
SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772

ROOT_8_OVER_PI = float(np.sqrt(8 / np.pi))

# √(8/π) and 0.044715·√(8/π), each as a number of few digits and the rest of it, computed with mpmath at 60 digits
GELU_LINEAR = 1.5957691073417664, 1.426396435433791e-08
GELU_CUBIC = 0.07135009765625, 4.718616350248776e-06

LARGEST, SMALLEST = sys.float_info.max, sys.float_info.min


def _number(what, number, words="a finite number of 0 or more", low=0.0, high=LARGEST):
    """An option as a Python float, which leaves float32 as it is."""
    if isinstance(number, bool) or not isinstance(number, int | float | np.integer | np.floating):
        raise OptionError(f"{what} must be {words}, got {shown(number)} of type {type(number).__name__}")
    if not low <= number <= high:
        raise ArgumentError(f"{what} must be {words}, got {number}")
    return float(number)


# ----- with a jump or a corner -----

@builtin(r"\Theta({x})", "step", x=lambda g, y, x, straight_through: g if straight_through else 0.0)
def binary_step(x, *, straight_through=False):
    """y = 1 for x ≥ 0, else 0,   dy/dx = 0, at the jump too; straight through, as if it were 1 everywhere"""
    yes_or_no("binary_step: straight_through", straight_through)
    return np.heaviside(x, 1.0)


# g · truth is three times as fast as np.where(y > 0, g, 0), and differs from it only where g is infinite.
@builtin(r"\max(0, {x})", x=lambda g, y, x: g * (y > 0))
def relu(x):
    """y = max(0, x),   dy/dx = 1 for x > 0, else 0"""
    return max(x, 0.0) if type(x) is float else np.maximum(x, 0.0)  # quick on Python's numbers


@builtin(r"\mathrm{LeakyReLU}_{{slope}}({x})", "leaky relu",
         x=lambda g, y, x, slope: choose(x > 0, g, float(slope) * g))
def leaky_relu(x, *, slope=0.01):
    """y = x for x > 0, else slope·x,   dy/dx = 1 for x > 0, else slope"""
    slope = _number("leaky_relu: slope", slope)
    return choose(x > 0, x, slope * x)


# ----- with an exponential on the left -----

def _elu(x, alpha):
    return np.maximum(x, 0.0) + alpha * np.expm1(np.minimum(x, 0.0))


def _elu_slope(x, alpha):
    return choose(x > 0, 1.0, alpha * np.exp(np.clip(x, None, 0.0)))  # no e^x of a large x that is not wanted


@builtin(r"\mathrm{ELU}_{{alpha}}({x})", x=lambda g, y, x, alpha: g * _elu_slope(x, float(alpha)))
def elu(x, *, alpha=1.0):
    """y = x for x > 0, else alpha·(e^x - 1),   dy/dx = 1 for x > 0, else alpha·e^x"""
    return _elu(x, _number("elu: alpha", alpha))


@builtin(r"\mathrm{SELU}({x})", x=lambda g, y, x: g * (SELU_SCALE * _elu_slope(x, SELU_ALPHA)))
def selu(x):
    """y = λ·x for x > 0, else λ·α·(e^x - 1),   dy/dx = λ for x > 0, else λ·α·e^x;   λ = 1.0507, α = 1.6733"""
    return SELU_SCALE * _elu(x, SELU_ALPHA)


# ----- smooth -----

def _decay(beta, x):
    """e^(-|beta·x|); the rounding of the product alone would be a relative error of it as large as |beta·x| ulps."""
    if beta == 1.0:
        return np.exp(-abs(x))
    wide = np.minimum(abs(np.float64(1.0) * x), min(1000 / beta, LARGEST))  # beyond, it is 0
    product = beta * wide
    lead, beta_lead = _leading_half(wide), _leading_half(beta)  # a product of two of these is exact
    missing = (beta_lead * lead - product) + beta_lead * (wide - lead) + (beta - beta_lead) * wide
    return (np.exp(-product) * (1 - missing)).astype(np.result_type(x))


def _leading_half(x):
    """The first 26 of the 53 binary digits of x."""
    digits, exponent = np.frexp(x)
    return np.ldexp(np.trunc(digits * 2**26), exponent - 26)


def _softplus_rule(g, y, x, beta, threshold):
    beta = float(beta)
    # sigmoid(beta·x) = 1 - e^(-beta·y), as e^(beta·y) = 1 + e^(beta·x): this knows no rounding of beta·x
    slope = sigmoid(x) if beta == 1.0 else -np.expm1(-beta * y)
    return g * (slope if threshold == np.inf else choose(beta * x > threshold, 1.0, slope))


@builtin(r"\mathrm{softplus}_{{beta}}({x})", x=_softplus_rule)
def softplus(x, *, beta=1.0, threshold=np.inf):
    """y = ln(1 + e^(beta·x))/beta at any magnitude,   dy/dx = sigmoid(beta·x)

    Where beta·x is above the threshold, y = x and dy/dx = 1: a saving that PyTorch makes above 20.
    """
    beta = _number("softplus: beta", beta, "a finite number above 0", low=SMALLEST)
    threshold = _number("softplus: threshold", threshold, "a number", low=-np.inf, high=np.inf)
    y = np.maximum(x, 0.0) + np.log1p(_decay(beta, x)) / beta
    return y if threshold == np.inf else choose(beta * x > threshold, x, y)


def _gelu_exponent(x):
    """2u, where (1 + tanh u)/2 = sigmoid(2u) is close to Φ(x)."""
    return ROOT_8_OVER_PI * (x + 0.044715 * x * x * x)


def _gelu_rule(g, y, x, approximate):
    x = np.clip(x, -FAR, FAR)  # beyond, the slope is 0 or 1; and ∞·0 would be NaN
    if not approximate:
        return g * (normal_cdf(x) + x * normal_pdf(x))
    z, dz = _gelu_exponent(x), ROOT_8_OVER_PI * (1 + 0.134145 * x * x)
    return g * (sigmoid(z) * (1 + x * dz * sigmoid(-z)))


def _gelu_share(x):
    """(1 + tanh u)/2, close to Φ(x); the rounding of 2u alone would be a relative error as large as |2u| ulps."""
    x = np.float64(1.0) * np.clip(x, -FAR, FAR)
    z = _gelu_exponent(x)
    # 2u is a x + b x³; with few digits in the leading parts of a, b and x, products of these are exact
    (a, a_rest), (b, b_rest) = GELU_LINEAR, GELU_CUBIC
    lead = np.trunc(128 * x) / 128
    cube = lead * lead * lead
    missing = ((b * cube - z) + a * lead) + (a_rest * lead + b_rest * cube)
    missing = missing + (x - lead) * ((a + a_rest) + (b + b_rest) * (x * x + x * lead + lead * lead))
    return sigmoid(z) * (1 + missing * sigmoid(-z))


@builtin(r"\mathrm{GELU}({x})", x=_gelu_rule)
def gelu(x, *, approximate=False):
    """y = x·Φ(x), with the normal distribution's Φ, exact in both tails,   dy/dx = Φ(x) + x·φ(x)

    The approximation is y = x/2·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³), at most 0.0005 off; its slope is |u| ulps
    off that formula in the left tail.
    """
    if yes_or_no("gelu: approximate", approximate):
        return (np.maximum(x, -FAR) * _gelu_share(x)).astype(np.result_type(x))
    return np.maximum(x, -FAR) * normal_cdf(x)
