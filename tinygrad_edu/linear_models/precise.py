"""Sums of products in twice the precision of float64, from float64 alone: the same bits on every machine.

A sum or a product of two numbers is rounded, but what the rounding took away is itself a float64 and can be
computed. Carried along, it makes a sum as exact as if it had been formed with 32 digits and then rounded to 16.

Source: T. J. Dekker, "A floating-point technique for extending the available precision" (1971); T. Ogita,
S. M. Rump and S. Oishi, "Accurate sum and dot product" (2005).
"""

import numpy as np


def two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a + b rounded, and what the rounding took away: the two add up to a + b exactly."""
    total = a + b
    b_in_total = total - a
    return total, (a - (total - b_in_total)) + (b - b_in_total)


def two_product(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a b rounded, and what the rounding took away: the two add up to a b exactly."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def residuals(columns: np.ndarray, y: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """y - X theta rounded, and what the rounding took away.

    Args:
        columns: the columns of X, one a row, (k, n).
        y: (n,).
        theta: (k,).

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models import precise
    >>> columns = np.array([[1e16], [1.0], [1e16]])
    >>> precise.residuals(columns, np.zeros(1), np.array([1.0, 1.0, -1.0]))  # in float64, 1e16 + 1 is 1e16
    (array([-1.]), array([0.]))
    """
    total, rest = y, np.zeros_like(y)
    for column, weight in zip(columns, theta, strict=True):
        product, lost_in_product = two_product(column, -weight)
        total, lost_in_sum = two_sum(total, product)
        rest = rest + (lost_in_product + lost_in_sum)
    return two_sum(total, rest)


def dot(x: np.ndarray, y: np.ndarray) -> float:
    """sum x_i y_i of two vectors (n,), rounded once at the end."""
    terms, lost = two_product(x, y)
    rest = lost.sum()
    while len(terms) > 1:  # add neighbours, then neighbours of these sums, and so on
        odd = terms[len(terms) & ~1:]
        terms, lost = two_sum(terms[:-1:2], terms[1::2])
        terms, rest = np.concatenate([terms, odd]), rest + lost.sum()
    return float(terms[0] + rest)


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a as the sum of two numbers with half of its 53 digits each, whose products are not rounded."""
    shifted = (2.0**27 + 1) * a
    high = shifted - (shifted - a)
    return high, a - high
