"""A loss held against PyTorch's: value, dtype, shape, and the gradients by all floating inputs, in each reduction."""

import numpy as np
import pytest

import tinygrad_edu as tg

TOLERANCE = {"float32": 2e-6, "float64": 1e-13}

each_dtype = pytest.mark.parametrize("dtype", TOLERANCE)
each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


def assert_is_that_of_pytorch(loss, theirs, inputs, dtype, to_pytorch=lambda x: x):
    """Hold loss(*inputs) against theirs(*inputs), and their gradients for a random cotangent.

    Args:
        loss, theirs: of this library, and of PyTorch.
        inputs: arrays; floating ones are converted to the dtype and get a gradient, others are constants.
        to_pytorch: how to move the axes of an input for PyTorch, which wants the classes as axis 1.
    """
    torch = pytest.importorskip("torch")
    inputs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in map(np.asarray, inputs)]
    ours = [tg.Value(x) if x.dtype.kind == "f" else x for x in inputs]
    tensors = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    J, expected = loss(*ours), theirs(*map(to_pytorch, tensors))
    assert J.dtype == dtype
    assert J.shape == tuple(expected.shape)
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(J.data, expected.detach(), rtol=tolerance, atol=tolerance)
    cotangent = np.asarray(np.random.default_rng(1).uniform(-2, 2, J.shape), dtype)
    J.backward(cotangent)
    expected.backward(torch.tensor(cotangent))
    for a, b in zip(ours, tensors, strict=True):
        if b.requires_grad:
            assert a.grad.dtype == dtype
            np.testing.assert_allclose(a.grad, b.grad, rtol=tolerance, atol=tolerance)
