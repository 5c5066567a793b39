"""For the tests of layers for images: where the windows are, and the comparison with PyTorch's layers."""

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}

dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


def pair(x):
    return x if isinstance(x, tuple) else (x, x)


def places(size, kernel_size, stride, padding, dilation):
    """For each window: its place (a, b), and the (row, column) of each of its numbers (i, j), which may lie outside."""
    steps = list(zip(size, *map(pair, (kernel_size, stride, padding, dilation)), strict=True))
    counts = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in steps]
    for place in itertools.product(*map(range, counts)):
        yield place, [((i, j), tuple(s * a + d * m - p for a, m, (_, _, s, p, d) in
                                     zip(place, (i, j), steps, strict=True)))
                      for i, j in itertools.product(*map(range, pair(kernel_size)))]


def inside(point, size):
    return all(0 <= x < n for x, n in zip(point, size, strict=True))


def relative_difference(ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    return np.max(np.abs(ours - theirs), initial=0) / np.max(np.abs(theirs), initial=1e-300)


def assert_as_pytorch(ours, theirs, x):
    """The values, and the gradients by x and by all parameters, for random cotangents."""
    import torch

    rng, tolerance = np.random.default_rng(5), TOLERANCE[x.dtype.type]
    our_x, their_x = tg.Value(x), torch.from_numpy(x.copy()).requires_grad_()
    y, expected = ours(our_x), theirs(their_x)
    assert relative_difference(y.data, expected.detach()) < tolerance
    g = rng.normal(size=y.shape).astype(x.dtype)
    y.backward(g)
    expected.backward(torch.from_numpy(g))
    assert relative_difference(our_x.grad, their_x.grad) < tolerance
    for (path, p), (their_path, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert path == their_path
        assert relative_difference(p.grad, q.grad) < tolerance
