"""Rows for exponentials and logarithms, trigonometric and hyperbolic functions, and steps."""

import numpy as np

from tests.engine.cases.case import Case

ONE, TWO = ((2, 3),), ((2, 3), (2, 3))
POSITIVE = (0.2, 3.0)

CASES = [
    Case("exp", ONE, np.exp),
    Case("expm1", ONE, np.expm1),
    Case("exp2", ONE, np.exp2),
    Case("log", ONE, np.log, POSITIVE),
    Case("log2", ONE, np.log2, POSITIVE),
    Case("log10", ONE, np.log10, POSITIVE),
    Case("log1p", ONE, np.log1p, (-0.8, 3)),
    Case("logaddexp", TWO, np.logaddexp),
    Case("sin", ONE, np.sin, (-4, 4)),
    Case("cos", ONE, np.cos, (-4, 4)),
    Case("tan", ONE, np.tan, (-1.2, 1.2)),
    Case("arcsin", ONE, np.arcsin, (-0.9, 0.9)),
    Case("arccos", ONE, np.arccos, (-0.9, 0.9)),
    Case("arctan", ONE, np.arctan),
    Case("arctan2", TWO, np.arctan2),
    Case("deg2rad", ONE, np.deg2rad, holomorphic=False),
    Case("rad2deg", ONE, np.rad2deg, holomorphic=False),
    Case("sinh", ONE, np.sinh),
    Case("cosh", ONE, np.cosh),
    Case("tanh", ONE, np.tanh),
    Case("arcsinh", ONE, np.arcsinh),
    Case("arccosh", ONE, np.arccosh, (1.2, 4)),
    Case("arctanh", ONE, np.arctanh, (-0.9, 0.9)),
    Case("sign", ONE, np.sign, holomorphic=False),
    Case("floor", ONE, np.floor, (-5, 5)),
    Case("ceil", ONE, np.ceil, (-5, 5)),
    Case("round", ONE, np.round, (-5, 5)),
    Case("round", ONE, np.round, options={"decimals": 1}),
]
