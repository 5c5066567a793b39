"""What gradient rules need where a derivative jumps, is infinite or undefined."""

from typing import Any

import numpy as np

from tinygrad_edu.tracing import Recorded


def choose(condition: Any, a: Any, b: Any) -> Any:
    """`np.where`, and a plain `if` for a single truth, so that Python numbers stay Python numbers."""
    if isinstance(condition, (bool, np.bool)):
        return a if condition else b
    if isinstance(condition, Recorded):
        return condition.choose(a, b)
    return np.where(condition, a, b)


def over(g: Any, denominator: Any) -> Any:
    """g / denominator, but 0 for 0/0: where no gradient arrives, none leaves, even at an infinite slope.

    `np.where(x > 0, np.sqrt(x), 0)` at x = 0 is the classic case. Adding a truth, 1 at 0/0 and 0 elsewhere,
    is the cheapest way to say so, and the derivative by g stays right where g is 0 by chance.
    """
    return g / (denominator + ((g == 0) & (denominator == 0)))


def scaled(g: Any, slope: Any) -> Any:
    """g · slope, but 0 for 0 · ∞, as in `over`."""
    return g * choose((g == 0) & np.isinf(slope), 0.0, slope)


def over_or_zero(x: Any, length: Any) -> Any:
    """x / length, and 0 where the length, and so x, is 0: the subgradient of a norm at the origin."""
    return x / (length + (length == 0))


def difference(a: Any, b: Any) -> Any:
    """a - b, and 0 where both are the same infinity."""
    same = (a == b) & np.isinf(a)
    return choose(same, 0.0, a) - choose(same, 0.0, b)
