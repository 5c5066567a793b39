"""Parameters for the tests of optimizers, and gradients for them."""

import numpy as np

import tinygrad_edu as tg


def values(*arrays):
    return [tg.Value(np.array(a, float)) for a in arrays]


def give_gradients(params, seed=0):
    rng = np.random.default_rng(seed)
    for p in params:
        p.grad = np.asarray(rng.normal(size=p.shape), p.dtype)
