"""Parameters for the tests of optimizers, and gradients for them."""

import numpy as np

import tinygrad_edu as tg


def values(*arrays):
    return [tg.Value(np.array(a, float)) for a in arrays]


def take_step(optimizers):
    """A step of those that have something to do."""
    for optimizer in optimizers:
        if any(p.grad is not None for p in optimizer.params):
            optimizer.step()


def give_gradients(params, seed=0):
    rng = np.random.default_rng(seed)
    for p in params:
        p.grad = np.asarray(rng.normal(size=p.shape), p.dtype)
