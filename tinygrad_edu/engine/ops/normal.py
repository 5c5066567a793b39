"""The normal distribution: its density, its cumulative probability, and the error function. Exact in both tails."""

import numpy as np

from tinygrad_edu.engine.primitive import builtin

ROOT_HALF = float(np.sqrt(0.5))
TWO_OVER_ROOT_PI = float(2 / np.sqrt(np.pi))
ONE_OVER_ROOT_TWO_PI = float(1 / np.sqrt(2 * np.pi))

FAR = 40.0
"""How far from 0 the density is smaller than any float."""


@builtin(r"\mathrm{erf}({x})", x=lambda g, y, x: g * (TWO_OVER_ROOT_PI * np.exp(-x * x)))
def erf(x):
    """y = 2/√π ∫₀ˣ e^(-t²) dt,   dy/dx = 2/√π e^(-x²)"""
    from scipy import special  # imported here: it would double the time of the package's import

    return special.erf(x)


@builtin(r"\varphi({x})", "φ", x=lambda g, y, x: g * (-np.clip(x, -FAR, FAR) * y))
def normal_pdf(x):
    """y = φ(x) = e^(-x²/2)/√(2π),   dy/dx = -x·y"""
    x = np.clip(x, -FAR, FAR)
    square = x * x
    # Its rounding would be a relative error of e^(-x²/2) as large as x² ulps. It is the difference from
    # x² = lead² + (x - lead)·(x + lead), with few digits in lead, so that its square is exact.
    lead = np.trunc(128 * x) / 128
    missing = (lead * lead - square) + (x - lead) * (x + lead)
    return ONE_OVER_ROOT_TWO_PI * np.exp(-0.5 * square) * (1 - 0.5 * missing)


@builtin(r"\Phi({x})", "Φ", x=lambda g, y, x: g * normal_pdf(x))
def normal_cdf(x):
    """y = Φ(x) = ∫ φ(t) dt from -∞ to x = (1 + erf(x/√2))/2,   dy/dx = φ(x)"""
    from scipy import special

    x = np.asarray(x)
    y = np.asarray(special.ndtr(x))
    tail = x < -1.5
    if y.dtype == np.float64 and tail.any():  # where it is x² ulps off; for float32 SciPy computes in float64
        left = x[tail]
        y[tail] = special.erfcx(-ROOT_HALF * left) * normal_pdf(left) / (2 * ONE_OVER_ROOT_TWO_PI)
    return y[()]
