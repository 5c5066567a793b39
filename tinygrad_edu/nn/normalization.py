"""Normalisation: brings what passes through a network to mean 0 and variance 1, then to what it learns.

Each layer is made of the plain ops, so that its gradient takes into account that mean and variance depend on x.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.checks import yes_or_no
from tinygrad_edu.engine import ops
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn.checks import check_counts, check_shape, floating, operand
from tinygrad_edu.nn.module import Buffer, Module, Parameter
from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, Hyperparameter


class _RunningMean(Buffer):
    """What it follows is finite, always."""

    __slots__ = ()

    def objection(self, numbers: np.ndarray) -> str:
        return "" if np.isfinite(numbers).all() else "has numbers that are NaN or infinite, as of a model that diverged"


class _RunningVariance(_RunningMean):
    """And not negative."""

    __slots__ = ()

    def objection(self, numbers: np.ndarray) -> str:
        return super().objection(numbers) or ("has negative numbers, but is a variance" if (numbers < 0).any() else "")


class BatchNorm1d(Module):
    """Every feature with mean 0 and variance 1 over the points of a batch, then scaled and shifted:

        y = γ (x - μ)/√(σ² + ε) + β

    In training, μ and σ² are mean and variance of the batch, the latter with 1/n, and

        running = (1 - momentum) running + momentum (that of the batch, σ² with 1/(n - 1))

    keeps up with them, once per pass; a batch with NaN or infinite numbers makes y NaN, but leaves the running ones as
    they are. In evaluation, μ and σ² are these running ones: the prediction of a point then depends on that point only.

    Args:
        num_features: how many there are; axis 1 of x.
        eps: ε, in the units of x², keeps a constant feature from being divided by 0.
        momentum: the weight of the latest batch in the running statistics, from 0 to 1.
        affine: whether γ and β are there and learned: `weight` and `bias` of shape (num_features,), from 1 and 0.
        dtype: of these, and of `running_mean` and `running_var`, which start as 0 and 1.

    It takes x of shape (n, num_features) or (n, num_features, length), with mean and variance over n, or n and
    length.

    Errors: OptionError and ArgumentError for sizes, numbers and truths that are none, DtypeError for a dtype that is
    not floating; ShapeError for x of another shape, and in training for a batch with a single number per feature.
    The running statistics stay as they were then.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> layer = tg.nn.BatchNorm1d(2)
    >>> layer(np.array([[1.0, 10.0], [3.0, 30.0]]))
    Value([[-1., -1.],
           [ 1.,  1.]])
    >>> layer.running_mean.data
    array([0.2, 2. ])

    Source: S. Ioffe and C. Szegedy, Batch Normalization, ICML 2015, https://arxiv.org/abs/1502.03167.
    Convention: names, shapes, start and both variances are PyTorch's. It has no `num_batches_tracked`.
    """

    eps = Hyperparameter(NOT_NEGATIVE)
    momentum = Hyperparameter("a number from 0 to 1", below=math.nextafter(1.0, 2.0))

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True,
                 dtype: Any = np.float64) -> None:
        check_counts("BatchNorm1d", num_features=num_features)
        dtype = floating("BatchNorm1d", dtype)
        affine = yes_or_no("BatchNorm1d: affine", affine)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_features, dtype)) if affine else None
        self.running_mean = _RunningMean(np.zeros(num_features, dtype))
        self.running_var = _RunningVariance(np.ones(num_features, dtype))

    def forward(self, x: Any) -> Any:
        x = operand("BatchNorm1d", "x", x)
        if len(x.shape) not in (2, 3) or x.shape[1] != self.num_features:
            raise ShapeError(f"BatchNorm1d({self.num_features}): x has shape {x.shape}, but must have "
                             f"(n, {self.num_features}) or (n, {self.num_features}, length)")
        per_feature = (self.num_features, 1)[:len(x.shape) - 1]  # broadcasts against x
        if self.training:
            centred, variance = self._in_training(x)
        else:
            centred = x - self.running_mean.data.reshape(per_feature)
            variance = self.running_var.data.reshape(per_feature)
        if self.weight is None or self.bias is None:
            return centred / ops.sqrt(variance + self.eps)
        weight, bias = self.weight, self.bias
        if len(per_feature) > 1:
            weight, bias = ops.reshape(weight, per_feature), ops.reshape(bias, per_feature)
        return centred * (weight / ops.sqrt(variance + self.eps)) + bias

    def _in_training(self, x: Any) -> tuple[Any, Any]:
        """x minus the mean of its batch, and its variance; the running ones move towards them."""
        n = math.prod(x.shape) // self.num_features
        if n < 2:
            raise ShapeError(f"BatchNorm1d({self.num_features}): a batch of shape {x.shape} has no variance, as "
                             "there are not 2 numbers per feature; train on larger batches, or call model.eval() "
                             "to predict")
        mean, centred, variance = _moments(x, (0, 2)[:len(x.shape) - 1])
        moved = self._moved(self.running_var, variance, n / (n - 1))
        if np.isfinite(moved).all():  # so is the mean then
            self.running_mean.data, self.running_var.data = self._moved(self.running_mean, mean), moved
        return centred, variance

    def _moved(self, running: Buffer, batch: Any, factor: float = 1.0) -> np.ndarray:
        """The running statistics after this batch, whose own are multiplied by the factor."""
        numbers = batch.data if isinstance(batch, Value) else batch
        return (1 - self.momentum) * running.data + self.momentum * factor * numbers.reshape(-1)

    def describe(self) -> str:
        return f"{self.num_features}{'' if self.weight is not None else ', not affine'}"


class LayerNorm(Module):
    """Every point with mean 0 and variance 1 over its own features, then scaled and shifted feature by feature:

        y = γ (x - μ)/√(σ² + ε) + β

    with mean μ and variance σ² (with 1/N) over the N numbers of the last axes. Other than `BatchNorm1d` it does the
    same in training and in evaluation, and takes a single point.

    Args:
        normalized_shape: the last axes of x, one size or several.
        eps: ε, in the units of x², keeps a constant point from being divided by 0.
        affine: whether γ and β are there and learned: `weight` and `bias` of shape normalized_shape, from 1 and 0.
        dtype: of these.

    It takes x of shape (..., *normalized_shape).

    Errors: OptionError and ArgumentError for sizes, numbers and truths that are none, DtypeError for a dtype that is
    not floating; ShapeError for x of another shape.

    >>> import tinygrad_edu as tg
    >>> tg.nn.LayerNorm(2)([[1.0, 3.0], [10.0, 30.0]])
    Value([[-1.,  1.],
           [-1.,  1.]])

    Source: J. L. Ba, J. R. Kiros and G. E. Hinton, Layer Normalization, 2016, https://arxiv.org/abs/1607.06450.
    Convention: names, shapes and start are PyTorch's; its `elementwise_affine` is `affine` here, as in `BatchNorm1d`.
    """

    eps = Hyperparameter(NOT_NEGATIVE)

    def __init__(self, normalized_shape: int | Sequence[int], eps: float = 1e-5, affine: bool = True,
                 dtype: Any = np.float64) -> None:
        shape = check_shape("LayerNorm", "normalized_shape", normalized_shape)
        dtype = floating("LayerNorm", dtype)
        affine = yes_or_no("LayerNorm: affine", affine)
        self.normalized_shape, self.eps = shape, eps
        self.weight = Parameter(np.ones(shape, dtype)) if affine else None
        self.bias = Parameter(np.zeros(shape, dtype)) if affine else None

    def forward(self, x: Any) -> Any:
        x = operand("LayerNorm", "x", x)
        ndim = len(self.normalized_shape)
        if x.shape[-ndim:] != self.normalized_shape:
            raise ShapeError(f"LayerNorm({self.describe()}): x has shape {x.shape}, but its last axes must have the "
                             f"shape {self.normalized_shape}")
        _, centred, variance = _moments(x, tuple(range(-ndim, 0)))
        y = centred / ops.sqrt(variance + self.eps)
        return y if self.weight is None or self.bias is None else y * self.weight + self.bias

    def describe(self) -> str:
        size = self.normalized_shape[0] if len(self.normalized_shape) == 1 else self.normalized_shape
        return f"{size}{'' if self.weight is not None else ', not affine'}"


def _moments(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Mean over the axes, x minus it, and the variance: of these, as x² minus mean² would cancel."""
    mean = ops.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    return mean, centred, ops.mean(ops.square(centred), axis=axes, keepdims=True)
