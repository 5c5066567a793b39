"""`Value`: an array, or a single number, that remembers how it was made."""

import operator
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import Any, ClassVar

import numpy as np

import tinygrad_edu.engine.apply as general
from tinygrad_edu.engine import modes, ops, quick
from tinygrad_edu.engine.apply import apply
from tinygrad_edu.engine.array_methods import ArrayMethods
from tinygrad_edu.engine.backpropagation import backpropagate
from tinygrad_edu.engine.graph import NO_OPTIONS, Node, clock
from tinygrad_edu.engine.numpy_protocol import QUICK, TABLE, array_function, array_ufunc
from tinygrad_edu.engine.primitive import NUMBERS, OPS, Op
from tinygrad_edu.engine.quick import binary, unary
from tinygrad_edu.errors import BackwardError, DtypeError, OptionError, ShapeError
from tinygrad_edu.tracing import Recorded, as_array, current

FLOAT64 = np.dtype(np.float64)


def _differentiable(data: Any) -> Any:
    """Data for a leaf: a Python float for a single number, else a floating-point array."""
    if type(data) in (float, int, bool, np.float64):
        return float(data)
    if isinstance(data, Node):
        raise DtypeError("Value(data): data is a Value already; use v.detach() for a leaf with the same data")
    if hasattr(data, "mask"):
        raise DtypeError("Value(data): masked numbers would lose their mask; use data.filled(0.0)")
    try:
        array = as_array(data)
    except ValueError as error:
        raise ShapeError(f"Value(data): {error}") from None
    if array.dtype.kind not in "fiub":
        single = "None" if data is None else f"a {type(data).__name__}"
        kind = f"an array of dtype {array.dtype}" if array.ndim else single
        raise DtypeError(f"Value(data): {kind} cannot be differentiated; only real numbers can")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


class Value(ArrayMethods):
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

    # of `tinygrad_edu.drawing`, which sets them: it is above this level
    draw: ClassVar[Callable[..., Any]]
    latex: ClassVar[Callable[..., str]]
    grad_latex: ClassVar[Callable[..., str]]

    def __init__(self, data: Any, name: str = "") -> None:
        self._numbers = _differentiable(data)
        self.grad = None
        if name:
            self.name = name
        self.op, self._x1, self._x2, self._sum, self.options = None, None, None, None, NO_OPTIONS
        self.time = next(clock)

    # ----- data -----

    @property
    def data(self) -> Any:
        """The numbers. Assigning others of the same shape keeps the dtype and copies them.

        Writing into the array itself is only noticed under `detect_anomaly`; say `v.assign(...)` or `v.data = ...`.
        """
        if current.trace is not None:
            current.trace.lift(self)
        return self._numbers

    @data.setter
    def data(self, data: Any) -> None:
        self.assign(data, by="an assignment to .data")

    def assign(self, data: Any, *, by: str = "assign") -> None:
        """Replace the data by other data of the same shape; a graph that needs the old data will say so.

        Errors: ShapeError, DtypeError; the old data then stays.
        """
        old = self._numbers
        if type(data) is not float or type(old) is not float:
            data = self._alike(data)
        self.mark_changed(by)  # first: what is marked too early is an error, too late a wrong gradient
        self._numbers = data

    def _alike(self, data: Any) -> Any:
        """Data of this Value's shape and dtype."""
        if isinstance(data, Node):
            raise OptionError(f"assigning a Value to the data of {self.describe()}: take its numbers, as in "
                              "w.data = w.data - 0.1 * w.grad")
        data, old = _differentiable(data), self._numbers
        if np.shape(data) != np.shape(old):
            raise ShapeError(f"assigning data of shape {np.shape(data)} to {self.describe()}: the shape must stay")
        if type(old) is float:
            return float(data)
        if isinstance(data, Recorded):
            return data.astype(old.dtype)
        return np.array(data, old.dtype)  # a copy: an optimizer will write into it

    @property
    def shape(self) -> tuple[int, ...]:
        return () if type(self._numbers) is float else self._numbers.shape

    @property
    def ndim(self) -> int:
        return 0 if type(self._numbers) is float else self._numbers.ndim

    @property
    def size(self) -> int:
        return 1 if type(self._numbers) is float else self._numbers.size

    @property
    def dtype(self) -> np.dtype:
        return FLOAT64 if type(self._numbers) is float else self._numbers.dtype

    @property
    def T(self) -> "Value":
        return self.transpose()

    def numpy(self) -> np.ndarray:
        """The data as an array, without a graph."""
        return as_array(self._numbers)

    def item(self) -> float:
        """The one number of a Value of size 1."""
        if self.size != 1:
            raise ShapeError(f"item() of {self.describe()}: it holds {self.size} numbers, not one")
        number = self._numbers if self.ndim == 0 else np.reshape(self._numbers, ())
        return number.item() if isinstance(number, Recorded) else float(number)

    def detach(self) -> "Value":
        """A leaf with a copy of the data: no gradient flows through it."""
        return Value(copy(self._numbers), self.name)

    def __copy__(self) -> "Value":
        if self.op is not None:
            raise OptionError(f"a copy of {self.describe()}, which was computed, would not be part of the graph; "
                              "v.detach() gives a leaf with its data")
        leaf = type(self)(copy(self._numbers), self.name)
        leaf.grad = copy(self.grad)
        return leaf

    def __deepcopy__(self, memo: dict[int, Any]) -> "Value":
        return self.__copy__()

    def __float__(self) -> float:
        if self.time > modes.differentiating_since():
            raise OptionError(f"float() of {self.describe()} within a function that is being differentiated would lose "
                              "its gradient. Use NumPy's functions instead of those of math, and np.stack instead of "
                              "writing into an array; v.item() gives the number if it is to count as a constant")
        return float(self.item())  # an error, if it is traced

    def __int__(self) -> int:
        return int(float(self))

    def __round__(self, ndigits: int = 0) -> "Value":
        return ops.round(self, decimals=ndigits)

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        if self.size != 1:
            raise OptionError(f"the format {spec!r} is for one number, but this is {self.describe()}; use v.numpy()")
        return format(self.item(), spec)

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise OptionError("len() of a Value with a single number")
        return len(self._numbers)

    def __iter__(self) -> Iterator["Value"]:
        if self.ndim == 0:
            raise OptionError("a Value with a single number has nothing to iterate over")
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        kind = type(self).__name__

        def short(x: Any) -> str:
            return f"{x:.6g}" if np.ndim(x) == 0 else np.array2string(
                np.asarray(x), precision=4, threshold=20, edgeitems=2, separator=", ", prefix=kind + "(")
        parts = [short(self._numbers)]
        if self.ndim and self.size > 20:
            parts.append(f"shape={self.shape}")
        if self.dtype != np.float64:
            parts.append(f"dtype={self.dtype}")
        if self.grad is not None:
            parts.append(f"grad={short(self.grad)}")
        if self.name:
            parts.append(f"name={self.name!r}")
        return f"{kind}({', '.join(parts)})"

    # ----- how ops and NumPy reach it -----

    _apply = apply
    __array_ufunc__ = array_ufunc
    __array_function__ = array_function
    __array_priority__ = 1000.0

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise OptionError(f"{self.describe()} does not turn into an array by itself, since its gradient would be lost. "
                          "np.stack([v, w]) makes one Value of several; v.numpy() gives the data without a gradient")

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
        backpropagate(self, self._seed(gradient))

    def _seed(self, gradient: Any) -> Any:
        """dJ/dself, from which backward starts."""
        data = self._numbers
        if self.op is None and self.note("unrecorded", False):
            raise BackwardError(f"backward() of {self.describe()}: it was computed under no_grad, which remembers "
                                "nothing; compute it again outside")
        if gradient is None:
            if type(data) is float:
                return 1.0
            if data.size != 1:
                raise BackwardError(f"backward() of {self.describe()}: only a single number has a gradient; use "
                                    "v.sum().backward(), or pass dJ/dv as v.backward(gradient)")
            return np.ones(data.shape, data.dtype) if data.ndim else data.dtype.type(1)
        seed = gradient._numbers if isinstance(gradient, Node) else gradient
        if np.shape(seed) != self.shape or np.asarray(seed).dtype.kind not in "fiub":
            raise BackwardError(f"backward(gradient) of {self.describe()}: the gradient has shape {np.shape(seed)}"
                                "; it must be real and have the same shape")
        return float(seed) if type(data) is float else np.array(seed, self.dtype)

    # ----- operators -----

    __add__, __radd__ = binary(ops.add, operator.add)
    __sub__, __rsub__ = binary(ops.subtract, operator.sub)
    __mul__, __rmul__ = binary(ops.multiply, operator.mul)
    __truediv__, __rtruediv__ = binary(ops.divide, operator.truediv)
    __floordiv__, __rfloordiv__ = binary(ops.floor_divide)
    __mod__, __rmod__ = binary(ops.remainder)
    __matmul__, __rmatmul__ = binary(ops.matmul)
    _power, __rpow__ = binary(ops.power)
    __neg__, __pos__, __abs__ = unary(ops.negative), unary(ops.positive), unary(ops.absolute)

    square, sqrt, exp, log = unary(ops.square), unary(ops.sqrt), unary(ops.exp), unary(ops.log)
    tanh, sigmoid, relu = unary(ops.tanh), unary(ops.sigmoid), unary(ops.relu)

    def __pow__(self, other: Any) -> "Value":
        return self.square() if type(other) in NUMBERS and other == 2 else self._power(other)

    def __getitem__(self, index: Any) -> "Value":
        return ops.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise OptionError("v[i] = x would overwrite data that the graph needs; write v = tg.setitem(v, i, x), which "
                          "gives a new Value, or v.assign(...) for a parameter")


general.blank = quick.blank = partial(object.__new__, Value)
for op in OPS.values():
    if op.plain:
        op.method = unary(op) if op.arity == 1 else binary(op)[0]
QUICK.update({ufunc: op.method for ufunc, op in TABLE.items()
              if isinstance(ufunc, np.ufunc) and isinstance(op, Op) and op.method is not None})
