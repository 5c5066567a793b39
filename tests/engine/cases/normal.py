"""Rows for the normal distribution; references from Python's statistics and math."""

import math
from statistics import NormalDist

import numpy as np

from tests.engine.cases.case import Case

ONE = ((2, 3),)

CASES = [
    Case("erf", ONE, np.vectorize(math.erf, otypes=[float])),
    Case("normal_pdf", ONE, np.vectorize(NormalDist().pdf, otypes=[float])),
    Case("normal_cdf", ONE, np.vectorize(NormalDist().cdf, otypes=[float])),
]
