"""Rows for arithmetic, powers, and the choices between two numbers."""

import numpy as np

from tests.engine.cases.case import Case

TWO = ((2, 3), (2, 3))
POSITIVE = (0.5, 2.0)


def to_the(exponent, domain=(-2.0, 2.0)):
    """Powers with a constant exponent; NumPy's complex powers of negative numbers are not exact enough."""
    return Case("power", ((4,),), np.power, domain, prepare=lambda a: (a, exponent), constant=(1,),
                holomorphic=False, note=f"exponent {exponent}")


CASES = [
    Case("positive", ((2, 3),), np.positive),
    Case("negative", ((2, 3),), np.negative),
    Case("add", TWO, np.add),
    Case("add", ((2, 3), (3,)), np.add),
    Case("subtract", TWO, np.subtract),
    Case("multiply", TWO, np.multiply),
    Case("multiply", ((2, 1), (3,)), np.multiply),
    Case("divide", TWO, np.divide, POSITIVE),
    Case("divide", TWO, np.divide, ((-2, 2), (-2, -0.5)), note="negative"),
    Case("reciprocal", ((2, 3),), np.reciprocal, POSITIVE),
    Case("floor_divide", TWO, np.floor_divide, ((-5, 5), (0.5, 2))),
    Case("remainder", TWO, np.remainder, ((-5, 5), (0.5, 2))),
    Case("remainder", TWO, np.remainder, ((-5, 5), (-2, -0.5)), note="negative divisor"),
    Case("power", TWO, np.power, POSITIVE),
    Case("power", TWO, np.power, ((0.5, 2), (-2, 2)), note="any exponent"),
    to_the(3),
    to_the(2.0),
    to_the(1),
    to_the(0),
    to_the(-1, POSITIVE),
    to_the(0.5, POSITIVE),
    Case("power", TWO, np.power, ((-2, 2), (-0.5, 3.5)), prepare=lambda a, b: (a, np.round(b)), constant=(1,),
         holomorphic=False, note="whole exponents"),
    Case("power", ((4,),), np.power, prepare=lambda b: (2.0, b), constant=(0,), note="base 2"),
    Case("square", ((2, 3),), np.square),
    Case("sqrt", ((2, 3),), np.sqrt, POSITIVE),
    Case("cbrt", ((2, 3),), np.cbrt, POSITIVE),
    Case("cbrt", ((2, 3),), np.cbrt, (-2, -0.5), note="negative"),
    Case("absolute", ((2, 3),), np.absolute),
    Case("hypot", TWO, np.hypot),
    Case("maximum", TWO, np.maximum),
    Case("minimum", TWO, np.minimum),
    Case("clip", ((2, 3), (2, 3), (2, 3)), np.clip, ((-2, 2), (-1, -0.5), (0.5, 1))),
    Case("clip", ((2, 3), (2, 3), (2, 3)), np.clip, ((-2, 2), (0.5, 1), (-1, -0.5)), note="limits exchanged"),
    Case("clip", ((8,),), np.clip, prepare=lambda x: (x, -1.0, 1.0), constant=(1, 2), note="constant limits"),
    Case("clip", ((8,),), np.clip, prepare=lambda x: (x, None, 1), constant=(1, 2), note="no lower limit"),
    Case("clip", ((8,), (8,)), np.clip, prepare=lambda x, low: (x, low, None), constant=(2,),
         note="no upper limit"),
    Case("where", ((2, 3), (2, 3), (2, 3)), np.where, prepare=lambda c, a, b: (c > 0, a, b), constant=(0,)),
]
