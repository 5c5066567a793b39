"""Gradients from values alone, number by number: what tests of whole families of functions compare with."""

import numpy as np


def numerical_gradient(f, arrays, i, v, step=1.0):
    """dJ/dx of J = Σ v·f(*arrays) for x = arrays[i], by central differences.

    They are exact, with any step, where f is linear in x, as indexing, broadcasting and einsum are; other
    functions need a small step.
    """
    x = np.asarray(arrays[i], float)
    slope = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[k] += step
        behind[k] -= step
        above, below = (np.sum(v * f(*arrays[:i], y, *arrays[i + 1:])) for y in (ahead, behind))
        slope[k] = (above - below) / (2 * step)
    return slope
