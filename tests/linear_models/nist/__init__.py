"""Reads the certified problems beside this file."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

NAMES = ["Norris", "Pontius", "NoInt1", "NoInt2", "Longley", "Wampler1", "Wampler2", "Wampler3", "Wampler4",
         "Wampler5", "Filip"]


class Certified(NamedTuple):
    """A problem, and what comes out of it."""

    X: np.ndarray  # (n, p): the predictors, or the powers x, x^2, ... in float64
    y: np.ndarray
    fit_intercept: bool
    theta: np.ndarray  # certified, intercept first
    standard_errors: np.ndarray
    residual_deviation: float
    r_squared: float


def read(name):
    """The problem of that name."""
    text = (Path(__file__).parent / f"{name}.dat").read_text(encoding="ascii")
    parameters = re.findall(r"^ +(B\d+) +(\S+) +(\S+) *$", text, re.MULTILINE)
    theta, standard_errors = np.array([row[1:] for row in parameters], dtype=float).T
    # the last "Data:" is the heading of the table
    table = np.array([line.split() for line in text.rpartition("Data:")[2].splitlines()[1:] if line.strip()], float)
    y, X = table[:, 0], table[:, 1:]
    fit_intercept = parameters[0][0] == "B0"
    p = len(theta) - fit_intercept
    if X.shape[1] < p:  # a polynomial of one predictor
        X = np.cumprod(np.repeat(X, p, axis=1), axis=1)
    deviation, r_squared = (float(re.search(rf"{label} +(\S+)", text)[1]) for label in
                            (r"Residual\s+Standard Deviation", "R-Squared"))
    return Certified(X, y, fit_intercept, theta, standard_errors, deviation, r_squared)
