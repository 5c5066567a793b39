"""Reads the certified problems beside this file, and has their models, written in NumPy."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np


def peaks(x, b):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-(x - b[3])**2 / b[4]**2) + b[5] * np.exp(-(x - b[6])**2 / b[7]**2)


def exponentials(x, b):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def cubics(x, b):
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def decay(x, b):
    return np.exp(-b[0] * x) / (b[1] + b[2] * x)


def saturation(x, b):
    return b[0] * (1 - np.exp(-b[1] * x))


def oscillation(x, b):
    def wave(period, in_phase, out_of_phase):
        return in_phase * np.cos(2 * np.pi * x / period) + out_of_phase * np.sin(2 * np.pi * x / period)
    return b[0] + wave(12, b[1], b[2]) + wave(b[3], b[4], b[5]) + wave(b[6], b[7], b[8])


MODELS = {
    "Bennett5": lambda x, b: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": saturation,
    "Chwirut1": decay,
    "Chwirut2": decay,
    "DanWood": lambda x, b: b[0] * x ** b[1],
    "ENSO": oscillation,
    "Eckerle4": lambda x, b: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": peaks,
    "Gauss2": peaks,
    "Gauss3": peaks,
    "Hahn1": cubics,
    "Kirby2": lambda x, b: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": exponentials,
    "Lanczos2": exponentials,
    "Lanczos3": exponentials,
    "MGH09": lambda x, b: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda x, b: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda x, b: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": saturation,
    "Misra1b": lambda x, b: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda x, b: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda x, b: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda x, b: b[0] - b[1] * x[:, 0] * np.exp(-b[2] * x[:, 1]),  # of log y
    "Rat42": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda x, b: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "Thurber": cubics,
}


class Certified(NamedTuple):
    """A problem, where to start, and what comes out of it."""

    x: np.ndarray  # (n,), or (n, 2) for two predictors
    y: np.ndarray
    starts: np.ndarray  # (2, p)
    theta: np.ndarray  # certified
    standard_errors: np.ndarray
    chi2: float  # the residual sum of squares
    ndf: int


def read(name):
    """The problem of that name."""
    text = (Path(__file__).parent / f"{name}.dat").read_text(encoding="ascii")
    parameters = re.findall(r"^ *b\d+ += +(\S+) +(\S+) +(\S+) +(\S+) *$", text, re.MULTILINE)
    *starts, theta, standard_errors = np.array(parameters, float).T
    # the last "Data:" is the heading of the table
    table = np.array([line.split() for line in text.rpartition("Data:")[2].splitlines()[1:] if line.strip()], float)
    y, x = table[:, 0], table[:, 1] if table.shape[1] == 2 else table[:, 1:]
    chi2, ndf = (re.search(rf"{label}: +(\S+)", text)[1] for label in ("Sum of Squares", "Degrees of Freedom"))
    return Certified(x, np.log(y) if name == "Nelson" else y, np.array(starts), theta, standard_errors, float(chi2),
                     int(ndf))
