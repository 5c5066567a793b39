"""Products and quotients for gradient rules at points where a derivative is infinite or undefined."""

from typing import Any

import numpy as np


def scaled(g: Any, slope: Any) -> Any:
    """g · slope, but 0 where g is 0: where no gradient arrives, none leaves, even at an infinite slope.

    `np.where(x > 0, np.sqrt(x), 0)` at x = 0 is the classic case: 0 · ∞ would be NaN.
    """
    return g * np.where(g == 0, 0.0, slope) if np.ndim(g) else (g * slope if g != 0 else 0.0 * g)


def over(g: Any, denominator: Any) -> Any:
    """g / denominator, but 0 where g is 0, as in `scaled`."""
    if np.ndim(g) == 0 and np.ndim(denominator) == 0:
        return g / denominator if g != 0 else 0.0 * g
    nothing = g == 0
    return np.where(nothing, 0.0, g) / np.where(nothing, 1.0, denominator)


def over_or_zero(x: Any, y: Any) -> Any:
    """x / y, and 0 where y is 0: the subgradient of a norm at the origin."""
    zero = y == 0
    return np.where(zero, 0.0, x) / np.where(zero, 1.0, y)
