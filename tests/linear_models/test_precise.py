"""Sums in twice the precision: against exact fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.linear_models import precise

numbers = st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-30)
lists = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=9)


def exactly(*numbers):
    return sum(map(Fraction, numbers), Fraction(0))


@given(numbers, numbers)
def test_what_rounding_took_away_makes_sum_and_product_exact(a, b):
    total, lost = precise.two_sum(np.float64(a), np.float64(b))
    assert total == a + b and exactly(total, lost) == exactly(a, b)
    product, lost = precise.two_product(np.float64(a), np.float64(b))
    assert product == a * b and exactly(product, lost) == Fraction(a) * Fraction(b)


@given(lists)
def test_a_dot_product_is_as_if_computed_with_32_digits(pairs):
    x, y = np.array(pairs).T
    terms = [Fraction(a) * Fraction(b) for a, b in pairs]
    error = abs(Fraction(precise.dot(x[:, None], y).item()) - sum(terms))
    assert error <= Fraction(2.0**-53) * abs(sum(terms)) + Fraction(2.0**-98) * sum(map(abs, terms))


@given(numbers, lists)
def test_a_residual_is_as_if_computed_with_32_digits(y, pairs):
    columns, theta = np.array(pairs).T
    terms = [Fraction(y), *(-Fraction(x) * Fraction(t) for x, t in pairs)]
    r, rest = precise.residuals(columns[None, :], np.array([y]), theta)
    assert abs(exactly(r[0], rest[0]) - sum(terms)) <= Fraction(2.0**-98) * sum(map(abs, terms))
    assert r[0] + rest[0] == r[0]
