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


def residuals(X: np.ndarray, y: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """y - X theta rounded, and what the rounding took away.

    Args:
        X: (n, k).
        y: (n,).
        theta: (k,).

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models import precise
    >>> X = np.array([[1e16, 1.0, 1e16]])
    >>> precise.residuals(X, np.zeros(1), np.array([1.0, 1.0, -1.0]))  # in float64, 1e16 + 1 is 1e16
    (array([-1.]), array([0.]))
    """
    terms, lost = two_product(X.T, -theta[:, None])
    return _total(np.concatenate([y[None, :], terms]), lost.sum(axis=0))


def dot(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """X^T y of X (n, k) and y (n,), each sum rounded once at the end, (k,).

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models import precise
    >>> precise.dot(np.array([[1e16], [1.0], [1e16]]), np.array([1.0, 1.0, -1.0]))
    array([1.])
    """
    terms, lost = two_product(X, y[:, None])
    total, _ = _total(terms, lost.sum(axis=0))
    return total


def _total(terms: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sum of the terms along axis 0, and of the small rest, rounded; and what the rounding took away."""
    while len(terms) > 1:  # the first half to the second, then again with these sums
        half = len(terms) // 2
        odd = terms[2 * half:]
        sums, lost = two_sum(terms[:half], terms[half:2 * half])
        terms, rest = np.concatenate([sums, odd]) if len(odd) else sums, rest + lost.sum(axis=0)
    return two_sum(terms[0], rest)


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a as the sum of two numbers with half of its 53 digits each, whose products are not rounded."""
    shifted = (2.0**27 + 1) * a
    high = shifted - (shifted - a)
    return high, a - high
