"""`Value`: an array, or a single number, that remembers how it was made."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from tinygrad_edu.engine import modes, ops
from tinygrad_edu.engine.apply import NO_OPTIONS, apply
from tinygrad_edu.engine.graph import Node, check_unchanged, clock, computed_nodes, pull_back
from tinygrad_edu.engine.numpy_protocol import array_function, array_ufunc
from tinygrad_edu.engine.primitive import Op
from tinygrad_edu.errors import BackwardError, DtypeError, OptionError, ShapeError


def _differentiable(data: Any, copy: bool) -> Any:
    """Data for a leaf: a Python float for a single number, else a floating-point array."""
    if type(data) in (float, int, bool, np.float64):
        return float(data)
    if isinstance(data, Node):
        raise DtypeError("Value(data): data is a Value already; use v.detach() for a leaf with the same data")
    try:
        array = np.array(data) if copy else np.asarray(data)
    except ValueError as error:
        raise ShapeError(f"Value(data): {error}") from None
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"Value(data): dtype {array.dtype} cannot be differentiated; only real numbers can")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


class Value(Node):
    """A number or an array in the computation graph: J = f(...) knows how to find dJ/dx of every x it came from.

    Args:
        data: a number, an array or nested lists; floating-point arrays keep their dtype and are not copied,
            Python numbers stay Python floats, integers and booleans become float64.
        name: what to call it in drawings and messages.

    Errors: DtypeError for strings, complex numbers and objects.

    >>> import tinygrad_edu as tg
    >>> x, w = tg.Value(3.0, name="x"), tg.Value(-2.0, name="w")
    >>> y = x * w + x
    >>> y.backward()
    >>> x.grad, w.grad
    (-1.0, 3.0)
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __init__(self, data: Any, name: str = "") -> None:
        self._data = _differentiable(data, copy=False)
        self.grad = None
        self.name = name
        self.op, self.inputs, self.parents, self.options = None, (), (), NO_OPTIONS
        self.time = next(clock)

    # ----- data -----

    @property
    def data(self) -> Any:
        """The numbers. Assigning other numbers of the same shape keeps the dtype."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self.assign(data, by="an assignment to .data")

    def assign(self, data: Any, *, by: str = "assign") -> None:
        """Replace the data by other data of the same shape; a graph that needs the old data will say so.

        Errors: ShapeError, DtypeError; the old data then stays.
        """
        data, old = _differentiable(data, copy=False), self._data
        if np.shape(data) != np.shape(old):
            raise ShapeError(f"assigning data of shape {np.shape(data)} to {self.describe()}: the shape must stay")
        if type(old) is float:
            data = float(data)
        elif getattr(data, "dtype", None) != old.dtype:
            data = np.asarray(data, old.dtype)
        self._data = data
        self.mark_changed(by)

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self._data)

    @property
    def ndim(self) -> int:
        return np.ndim(self._data)

    @property
    def size(self) -> int:
        return int(np.size(self._data))

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(getattr(self._data, "dtype", np.float64))

    @property
    def T(self) -> Self:
        return self.transpose()

    def numpy(self) -> np.ndarray:
        """The data as an array, without a graph."""
        return np.asarray(self._data)

    def item(self) -> float:
        """The one number of a Value of size 1."""
        if self.size != 1:
            raise ShapeError(f"item() of {self.describe()}: it holds {self.size} numbers, not one")
        return float(np.reshape(self._data, ()))

    def detach(self) -> Self:
        """A leaf with the same data: no gradient flows through it."""
        return type(self)(self._data, self.name)

    def __float__(self) -> float:
        return self.item()

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self._data)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise OptionError("len() of a Value with a single number")
        return len(self._data)

    def __iter__(self) -> Iterator[Self]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        def short(x: Any) -> str:
            return f"{x:.6g}" if np.ndim(x) == 0 else np.array2string(
                np.asarray(x), precision=4, threshold=20, edgeitems=2, separator=", ", prefix="Value(")
        parts = [short(self._data)]
        if self.ndim and self.size > 20:
            parts.append(f"shape={self.shape}")
        if self.dtype != np.float64:
            parts.append(f"dtype={self.dtype}")
        if self.grad is not None:
            parts.append(f"grad={short(self.grad)}")
        if self.name:
            parts.append(f"name={self.name!r}")
        return f"Value({', '.join(parts)})"

    # ----- how ops and NumPy reach it -----

    @staticmethod
    def __apply_op__(op: Op, inputs: tuple, options: dict[str, Any]) -> Any:
        return apply(Value, op, inputs, options)

    __array_ufunc__ = array_ufunc
    __array_function__ = array_function
    __array_priority__ = 1000.0

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise OptionError(f"{self.describe()} does not turn into an array by itself, since its gradient would be lost; "
                          "say v.numpy() to have the data, or use a NumPy function that has a gradient")

    # ----- the gradient -----

    def backward(self, gradient: Any = None) -> None:
        """Find dJ/dx for every Value x that J = self was made from, and put it into `x.grad`.

        The gradients of leaves add up over several calls, until set to None; those of intermediate Values are of
        the last call.

        Args:
            gradient: dJ/dself, of self's shape, where self is not the single number J.

        Errors: BackwardError, MutationError, GradientRuleError; no gradient is touched then.

        >>> import tinygrad_edu as tg
        >>> v = tg.Value([1.0, 2.0])
        >>> (v * v).backward([1.0, 10.0])
        >>> v.grad
        array([ 2., 40.])
        """
        data = self._data
        if gradient is None:
            if self.size != 1:
                raise BackwardError(f"backward() of {self.describe()}: only a single number has a gradient; use "
                                    "v.sum().backward(), or pass dJ/dv as v.backward(gradient)")
            seed = 1.0 if type(data) is float else np.ones(self.shape, self.dtype)
        else:
            seed = gradient._data if isinstance(gradient, Node) else gradient
            if np.shape(seed) != self.shape or np.asarray(seed).dtype.kind not in "fiub":
                raise BackwardError(f"backward(gradient) of {self.describe()}: the gradient has shape {np.shape(seed)}"
                                    "; it must be real and have the same shape")
            seed = float(seed) if type(data) is float else np.array(seed, self.dtype)
        nodes = computed_nodes(self)
        check_unchanged(nodes)
        if modes.watching():
            modes.check_unwritten(nodes)
        gradients = pull_back(nodes, seed, inspect=modes.watch_backward if modes.watching() else None)
        gradients.setdefault(self, seed)
        for node in nodes:
            node.grad = gradients.pop(node, None)
        sums = [(x, g if x.grad is None else x.grad + g) for x, g in gradients.items()]
        for x, total in sums:
            x.grad = total

    # ----- operators -----

    def __add__(self, other: Any) -> "Value":
        return apply(Value, ops.add, (self, other), NO_OPTIONS)

    def __radd__(self, other: Any) -> "Value":
        return apply(Value, ops.add, (other, self), NO_OPTIONS)

    def __sub__(self, other: Any) -> "Value":
        return apply(Value, ops.subtract, (self, other), NO_OPTIONS)

    def __rsub__(self, other: Any) -> "Value":
        return apply(Value, ops.subtract, (other, self), NO_OPTIONS)

    def __mul__(self, other: Any) -> "Value":
        return apply(Value, ops.multiply, (self, other), NO_OPTIONS)

    def __rmul__(self, other: Any) -> "Value":
        return apply(Value, ops.multiply, (other, self), NO_OPTIONS)

    def __truediv__(self, other: Any) -> "Value":
        return apply(Value, ops.divide, (self, other), NO_OPTIONS)

    def __rtruediv__(self, other: Any) -> "Value":
        return apply(Value, ops.divide, (other, self), NO_OPTIONS)

    def __floordiv__(self, other: Any) -> "Value":
        return apply(Value, ops.floor_divide, (self, other), NO_OPTIONS)

    def __rfloordiv__(self, other: Any) -> "Value":
        return apply(Value, ops.floor_divide, (other, self), NO_OPTIONS)

    def __mod__(self, other: Any) -> "Value":
        return apply(Value, ops.remainder, (self, other), NO_OPTIONS)

    def __rmod__(self, other: Any) -> "Value":
        return apply(Value, ops.remainder, (other, self), NO_OPTIONS)

    def __pow__(self, other: Any) -> "Value":
        if type(other) in (int, float) and other == 2:
            return apply(Value, ops.square, (self,), NO_OPTIONS)
        return apply(Value, ops.power, (self, other), NO_OPTIONS)

    def __rpow__(self, other: Any) -> "Value":
        return apply(Value, ops.power, (other, self), NO_OPTIONS)

    def __matmul__(self, other: Any) -> "Value":
        return apply(Value, ops.matmul, (self, other), NO_OPTIONS)

    def __rmatmul__(self, other: Any) -> "Value":
        return apply(Value, ops.matmul, (other, self), NO_OPTIONS)

    def __neg__(self) -> "Value":
        return apply(Value, ops.negative, (self,), NO_OPTIONS)

    def __pos__(self) -> "Value":
        return apply(Value, ops.positive, (self,), NO_OPTIONS)

    def __abs__(self) -> "Value":
        return apply(Value, ops.absolute, (self,), NO_OPTIONS)

    def __getitem__(self, index: Any) -> "Value":
        return ops.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise OptionError("v[i] = x would overwrite data that the graph needs; write v = tg.setitem(v, i, x), which "
                          "gives a new Value, or v.assign(...) for a parameter")

    # ----- comparisons: plain booleans, no graph -----

    def __eq__(self, other: object) -> Any:
        return self._data == _plain(other)

    def __ne__(self, other: object) -> Any:
        return self._data != _plain(other)

    def __lt__(self, other: Any) -> Any:
        return self._data < _plain(other)

    def __le__(self, other: Any) -> Any:
        return self._data <= _plain(other)

    def __gt__(self, other: Any) -> Any:
        return self._data > _plain(other)

    def __ge__(self, other: Any) -> Any:
        return self._data >= _plain(other)

    def argmax(self, axis: int | None = None) -> Any:
        return np.argmax(self._data, axis)

    def argmin(self, axis: int | None = None) -> Any:
        return np.argmin(self._data, axis)

    # ----- methods, as those of an array -----

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Value":
        return ops.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Value":
        return ops.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> "Value":
        return ops.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> "Value":
        return ops.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> "Value":
        return ops.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> "Value":
        return ops.min(self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> "Value":
        return ops.prod(self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> "Value":
        return ops.cumsum(self, axis=axis)

    def reshape(self, *shape: Any) -> "Value":
        return ops.reshape(self, shape=shape[0] if len(shape) == 1 else shape)

    def flatten(self) -> "Value":
        return ops.reshape(self, shape=-1)

    def transpose(self, *axes: Any) -> "Value":
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = axes[0]
        return ops.transpose(self, axes=axes or None)

    def swapaxes(self, axis1: int, axis2: int) -> "Value":
        return ops.swapaxes(self, axis1=axis1, axis2=axis2)

    def squeeze(self, axis: Any = None) -> "Value":
        return ops.squeeze(self, axis=axis)

    def expand_dims(self, axis: Any) -> "Value":
        return ops.expand_dims(self, axis=axis)

    def astype(self, dtype: Any) -> "Value":
        return ops.astype(self, dtype=np.dtype(dtype))

    def dot(self, other: Any) -> "Value":
        return ops.dot(self, other)

    def clip(self, a_min: Any = None, a_max: Any = None) -> "Value":
        return ops.clip(self, a_min, a_max)

    def exp(self) -> "Value":
        return apply(Value, ops.exp, (self,), NO_OPTIONS)

    def log(self) -> "Value":
        return apply(Value, ops.log, (self,), NO_OPTIONS)

    def sqrt(self) -> "Value":
        return apply(Value, ops.sqrt, (self,), NO_OPTIONS)

    def tanh(self) -> "Value":
        return apply(Value, ops.tanh, (self,), NO_OPTIONS)

    def relu(self) -> "Value":
        return apply(Value, ops.relu, (self,), NO_OPTIONS)

    def sigmoid(self) -> "Value":
        return apply(Value, ops.sigmoid, (self,), NO_OPTIONS)


def _plain(x: Any) -> Any:
    return x._data if isinstance(x, Node) else x
