"""Layers for images: convolution, and pooling by the largest number or the mean of each window."""

from typing import Any, TypeAlias

import numpy as np

from tinygrad_edu.checks import yes_or_no
from tinygrad_edu.engine import ops
from tinygrad_edu.engine.ops.convolution import pair
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.nn.checks import Initializer, check_counts, float_operand, floating, initial_weights
from tinygrad_edu.nn.init import he_uniform
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.random import RandomSource

Pair: TypeAlias = int | tuple[int, int]
"""A number for both directions, or two, (down, across)."""


class Conv2d(Module):
    """Every output is a weighted sum of a window of the image, the same weights at every place, plus a bias:

        y_oab = Σ_c Σ_ij W_ocij x_c(sa + di - p)(sb + dj - p) + b_o

    with stride s, padding p, dilation d. It is computed as one product of matrices: the windows are the columns of
    one, the filters W_o the rows of the other. So the graph keeps each x up to kh kw times.

    Args:
        in_channels: how many numbers x has at each place of the image, c.
        out_channels: how many y has; each has a filter of its own, o.
        kernel_size: that of a window, (kh, kw). A number stands for both directions, here and below.
        stride: the steps from one window to the next.
        padding: how many zeros to add on each side of the image; they are x outside of it.
        dilation: the steps from one number of a window to the next; 1 leaves no gaps.
        groups: into how many parts the channels fall; the filters fall into as many, and see only their part.
        bias: whether there is a b.
        dtype: of the parameters W, `weight` of shape (out_channels, in_channels / groups, kh, kw), and b, `bias`
            of shape (out_channels,).
        rng: a seed or a `numpy.random.Generator` to draw W from.
        init: how W starts, a function of `nn.init` or another of a shape and a generator. The shape is that of the
            product: (out_channels, numbers in a window). b starts at 0.

    It takes x of shape (n, in_channels, height, width), or with any other axes instead of n, and gives
    (n, out_channels, oh, ow), with oh = (height + 2p - d (kh - 1) - 1) // s + 1, and ow alike.

    Errors: OptionError and ArgumentError for sizes that are no whole numbers of 1 or more (padding: of 0 or more),
    ArgumentError for groups that do not divide both numbers of channels, DtypeError for a dtype that is not
    floating, and for bias and init those of `Linear`; ShapeError for x with other channels, and for images smaller
    than a window.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> layer = tg.nn.Conv2d(3, 16, kernel_size=3, padding=1)
    >>> layer(np.ones((10, 3, 32, 32))).shape
    (10, 16, 32, 32)

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition, Proceedings of the IEEE 86,
    1998, https://doi.org/10.1109/5.726791; as a product of matrices: K. Chellapilla, S. Puri and P. Simard, High
    performance convolutional neural networks for document processing, 2006, https://inria.hal.science/inria-00112631.
    Convention: PyTorch's. The kernel is not flipped, so that strictly this is a cross-correlation.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0,
                 dilation: Pair = 1, groups: int = 1, bias: bool = True, dtype: Any = np.float64,
                 rng: RandomSource = None, init: Initializer = he_uniform) -> None:
        check_counts("Conv2d", in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels % groups or out_channels % groups:
            raise ArgumentError(f"Conv2d: {groups} groups do not divide {in_channels} input and {out_channels} output "
                                "channels evenly; choose a divisor of both, such as 1")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size)
        self.stride = pair("Conv2d", "stride", stride)
        self.padding = pair("Conv2d", "padding", padding, least=0)
        self.dilation = pair("Conv2d", "dilation", dilation)
        dtype, bias = floating("Conv2d", dtype), yes_or_no("Conv2d: bias", bias)
        shape = out_channels, in_channels // groups, *self.kernel_size
        matrix = initial_weights("Conv2d", init, (shape[0], shape[1] * shape[2] * shape[3]), rng, dtype)
        self.weight = Parameter(matrix.reshape(shape))
        self.bias = Parameter(np.zeros(out_channels, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        x = float_operand("Conv2d", "x", x)
        if x.ndim < 3 or x.shape[-3] != self.in_channels:
            raise ShapeError(f"Conv2d({self.describe()}): x has shape {x.shape}, but must be (n, {self.in_channels}, "
                             f"height, width); {self._cure(x.shape)}")
        windows = ops.windows(x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding,
                              dilation=self.dilation)
        return ops.filter_windows(windows, self.weight, self.bias)

    def _cure(self, shape: tuple[int, ...]) -> str:
        """What to do about x of this shape."""
        if self.in_channels == 1 and len(shape) in (2, 3):
            return "images of one channel need an axis for it, as in x[:, None]"
        if len(shape) >= 3 and shape[-1] == self.in_channels:
            return "the channels come before height and width, as in np.moveaxis(x, -1, -3)"
        return f"for such x it is Conv2d({shape[-3]}, ...)" if len(shape) >= 3 else "x.reshape(...) makes images of it"

    def describe(self) -> str:
        parts = [f"{self.in_channels} -> {self.out_channels}", _geometry(self, stride=(1, 1))]
        if self.groups > 1:
            parts.append(f"{self.groups} groups")
        if self.bias is None:
            parts.append("no bias")
        return ", ".join(parts)


class _Pool2d(Module):
    """What pooling layers have in common: windows, of which one begins where the other ends, if not told otherwise."""

    def __init__(self, kernel_size: Pair, stride: Pair | None, padding: Pair, dilation: Pair = 1) -> None:
        name = type(self).__name__
        self.kernel_size = pair(name, "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else pair(name, "stride", stride)
        self.padding = pair(name, "padding", padding, least=0)
        self.dilation = pair(name, "dilation", dilation)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ArgumentError(f"{name}({self.describe()}): padding must be at most half of the kernel, or windows "
                                "could lie beside the image; use less")

    def _windows(self, x: Any, margin: float) -> Any:
        """The windows (..., kh, kw, oh, ow) of images x (..., height, width), with the margin made of this number."""
        return ops.windows(x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding,
                           dilation=self.dilation, fill=margin)

    def describe(self) -> str:
        return _geometry(self, stride=self.kernel_size)


class MaxPool2d(_Pool2d):
    """Every output is the largest number of a window of the image, channel by channel:

        y_cab = max_ij x_c(sa + di - p)(sb + dj - p)

    with stride s, padding p, dilation d.

    Args:
        kernel_size: that of a window, (kh, kw). A number stands for both directions, here and below.
        stride: the steps from one window to the next; kernel_size if not given.
        padding: how far windows reach beyond the image, at most half of kernel_size. No number there is the largest.
        dilation: the steps from one number of a window to the next.

    It takes x of shape (n, channels, height, width), or with any other axes before the last two, and gives
    (n, channels, oh, ow), with oh = (height + 2p - d (kh - 1) - 1) // s + 1, and ow alike.

    Errors: OptionError and ArgumentError for sizes that are no whole numbers of 1 or more (padding: of 0 or more),
    ArgumentError for more padding than half of kernel_size; ShapeError for images smaller than a window.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.MaxPool2d(2)(np.array([[[1.0, 2.0, 5.0, 0.0], [4.0, 3.0, 0.0, 0.0]]]))
    array([[[4., 5.]]])

    Source: D. Scherer, A. Müller and S. Behnke, Evaluation of pooling operations in convolutional architectures for
    object recognition, ICANN 2010, https://doi.org/10.1007/978-3-642-15825-4_10.
    Convention: at a tie the gradient goes to the first of the largest, row by row, as PyTorch's. NaN is the largest.
    """

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1) -> None:
        super().__init__(kernel_size, stride, padding, dilation)

    def forward(self, x: Any) -> Any:
        return ops.max_of_windows(self._windows(float_operand("MaxPool2d", "x", x), margin=-np.inf))


class AvgPool2d(_Pool2d):
    """Every output is the mean of a window of the image, channel by channel:

        y_cab = 1/(kh kw) Σ_ij x_c(sa + i - p)(sb + j - p)

    with stride s, padding p; x is 0 outside of the image.

    Args:
        kernel_size: that of a window, (kh, kw). A number stands for both directions, here and below.
        stride: the steps from one window to the next; kernel_size if not given.
        padding: how many zeros to add on each side of the image, at most half of kernel_size.
        count_include_pad: whether these zeros count in the mean. If not, it is that of the part of a window that
            lies in the image.

    Shapes and errors are those of `MaxPool2d`, with d = 1; OptionError for a count_include_pad that is not True or
    False.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> tg.nn.AvgPool2d(2)(np.array([[[1.0, 2.0, 5.0, 0.0], [4.0, 3.0, 0.0, 0.0]]]))
    array([[[2.5 , 1.25]]])

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition, Proceedings of the IEEE 86,
    1998, https://doi.org/10.1109/5.726791.
    Convention: zeros of the padding count, as PyTorch's.
    """

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0,
                 count_include_pad: bool = True) -> None:
        super().__init__(kernel_size, stride, padding)
        self.count_include_pad = yes_or_no("AvgPool2d: count_include_pad", count_include_pad)

    def forward(self, x: Any) -> Any:
        x = float_operand("AvgPool2d", "x", x)
        means = ops.mean(self._windows(x, margin=0.0), axis=(-4, -3))
        if self.count_include_pad:
            return means
        shares = ops.mean(self._windows(np.ones(x.shape[-2:], x.dtype), margin=0.0), axis=(-4, -3))
        return means / shares  # of each window, the share that lies in the image


def _geometry(layer: Conv2d | _Pool2d, stride: tuple[int, int]) -> str:
    """The sizes of a layer in words, those left out that nobody has to choose; `stride` is the usual one."""
    usual = {"stride": stride, "padding": (0, 0), "dilation": (1, 1)}
    chosen = {name: getattr(layer, name) for name, size in usual.items() if getattr(layer, name) != size}
    sizes = {"kernel": layer.kernel_size} | chosen
    return ", ".join(f"{name} {down} x {across}" for name, (down, across) in sizes.items())
