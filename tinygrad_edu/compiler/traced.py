"""Numbers and arrays that note in a `Trace` what is done with them: they stand for the real ones while it runs."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from tinygrad_edu.compiler.functions import astype, conditional, getitem, item, setitem
from tinygrad_edu.compiler.program import Variable
from tinygrad_edu.engine.graph import Node
from tinygrad_edu.tracing import Recorded

# What NumPy offers as methods, where `np.<name>(array, ...)` does the same.
METHODS = frozenset({"all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal", "dot", "max",
                     "mean", "min", "prod", "ravel", "repeat", "round", "squeeze", "std", "sum", "swapaxes", "take",
                     "trace", "transpose", "var"})

# What only asks for shape and dtype, which do not change from call to call.
QUERIES = {np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.can_cast, np.common_type,
           np.min_scalar_type, np.may_share_memory, np.shares_memory}


# What makes arrays whose shape hangs on the numbers.
SHAPE_OF_NUMBERS = {np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.unique_all, np.unique_counts,
                    np.unique_inverse, np.unique_values, np.compress, np.extract, np.trim_zeros, np.bincount,
                    np.setdiff1d, np.union1d, np.intersect1d, np.setxor1d, np.array2string, np.array_str,
                    np.array_repr, np.save, np.savez}


class Traced(Recorded):
    """What numbers and arrays have in common: a variable of the trace's program."""

    __slots__ = ("_variable", "trace")
    __array_priority__ = 2000.0

    def __init__(self, trace: Any, variable: Variable) -> None:
        self.trace, self._variable = trace, variable

    @property
    def variable(self) -> Variable:
        return self._variable

    @property
    def value(self) -> Any:
        """What it is in this run, which only shape, dtype and guards may depend on."""
        return self.variable.value

    def __bool__(self) -> bool:
        return self.trace.truth(self)

    def choose(self, a: Any, b: Any) -> Any:
        """a where this is true, b elsewhere."""
        if self.variable.is_array or isinstance(a, Node) or isinstance(b, Node):
            return np.where(self, a, b)
        return self.trace.call(conditional, (self, a, b), {})

    def look_up(self, array: Any, index: Any) -> Any:
        """array[index], where this is a part of the index of a plain array."""
        return self.trace.call(getitem, (array, index), {})

    def __float__(self) -> float:
        raise self.trace.error("float() makes a plain number of a traced one")

    def __int__(self) -> int:
        raise self.trace.error("int() makes a plain number of a traced one")

    __index__ = __int__

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self.trace.error("something makes a plain array of a traced one")

    def __format__(self, form: str) -> str:
        if form and self.trace.is_users():
            raise self.trace.error("the digits of a traced number become text")
        return repr(self) if self.trace.is_users() else format(self.value, form)  # in messages of the library

    def __repr__(self) -> str:
        return f"<traced {type(self.value).__name__} of shape {np.shape(self.value)}>"  # its numbers are those of now

    __hash__ = object.__hash__


class TracedNumber(Traced):
    """One of Python's own numbers; what is computed of such numbers is one, too."""

    __slots__ = ()
    shape, ndim, size = (), 0, 1

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(type(self.value))

    def item(self) -> "TracedNumber":
        return self

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        same = type(self.value) is float and np.dtype(dtype) == np.float64
        return self if same else self.trace.call(np.asarray, (self, np.dtype(dtype)), {})

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and not options and all(
                isinstance(x, TracedNumber) or type(x) in (float, int, bool) for x in inputs):
            return self.trace.call(python_function(ufunc), inputs, {})
        return self.trace.ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: tuple, options: dict) -> Any:
        return self.trace.function(function, args, options)


def _binary(function: Callable[[Any, Any], Any]) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    def method(a: Any, b: Any) -> Any:
        if not (isinstance(b, TracedNumber) or type(b) in (float, int, bool)):
            return NotImplemented
        return a.trace.call(function, (a, b), {})

    def reflected(b: Any, a: Any) -> Any:
        if type(a) not in (float, int, bool):
            return NotImplemented
        return b.trace.call(function, (a, b), {})

    return method, reflected


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor"):
    _function = getattr(operator, _name)
    _plain = _name.rstrip("_")
    _method, _reflected = _binary(_function)
    setattr(TracedNumber, f"__{_plain}__", _method)
    setattr(TracedNumber, f"__r{_plain}__", _reflected)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(TracedNumber, f"__{_name}__", _binary(getattr(operator, _name))[0])


def _unary(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda a: a.trace.call(function, (a,), {})


for _name in ("neg", "pos", "abs", "invert"):
    setattr(TracedNumber, f"__{_name}__", _unary(getattr(operator, _name)))


PYTHON: dict[Any, Callable[..., Any]] = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.divide: operator.truediv,
    np.negative: operator.neg, np.positive: operator.pos, np.greater: operator.gt, np.less: operator.lt,
    np.greater_equal: operator.ge, np.less_equal: operator.le, np.equal: operator.eq, np.not_equal: operator.ne,
    np.absolute: abs}


def python_function(ufunc: np.ufunc) -> Callable[..., Any]:
    """What does the same to Python's numbers as a ufunc, and gives one."""
    function: Any = PYTHON.get(ufunc) or OnNumbers(ufunc)
    return function


class OnNumbers:
    """A ufunc that gives Python's own number."""

    def __init__(self, ufunc: np.ufunc) -> None:
        self.ufunc = ufunc
        self.__name__ = ufunc.__name__

    def __call__(self, *numbers: Any) -> Any:
        return self.ufunc(*map(np.float64, numbers)).item()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OnNumbers) and other.ufunc is self.ufunc

    def __hash__(self) -> int:
        return hash(self.ufunc)


class TracedArray(Traced, NDArrayOperatorsMixin):
    """An array, or one of NumPy's numbers.

    It can be written into, as an array can: then it stands for another variable. A view of another one reads that one
    anew when it was written into, and writes through to it.
    """

    __slots__ = ("_base", "_seen", "_view", "_write_through")
    __hash__ = object.__hash__

    def __init__(self, trace: Any, variable: Variable) -> None:
        super().__init__(trace, variable)
        self._base: TracedArray | None = None

    def look_at(self, base: "TracedArray", view: Callable[[Any], Any],
                write_through: Callable[[Any], Any] | None) -> None:
        """Be a view of another one: view(base), and write_through(new) is what base becomes if this becomes new."""
        self._base, self._view, self._write_through, self._seen = base, view, write_through, base.variable

    @property
    def variable(self) -> Variable:
        base = self._base
        if base is not None and base.variable is not self._seen:
            self._variable, self._seen = self._view(base).variable, base.variable
        return self._variable

    def become(self, y: Any) -> None:
        """Take over the numbers of y, in place: of the same shape, once cast to the same dtype."""
        y = self.trace.fitting(y, self)
        if self._base is not None:
            if self._write_through is None:
                raise self.trace.error("a view that is neither a slice nor a reshaped array is written into")
            self._base.become(self._write_through(y))
            self._seen = self._base.variable
        self._variable = y.variable

    # ----- as an array -----

    @property
    def shape(self) -> tuple[int, ...]:
        return self._variable.value.shape

    @property
    def dtype(self) -> np.dtype:
        return self._variable.value.dtype

    @property
    def ndim(self) -> int:
        return self._variable.value.ndim

    @property
    def size(self) -> int:
        return self._variable.value.size

    @property
    def itemsize(self) -> int:
        return self._variable.value.itemsize

    @property
    def T(self) -> Any:
        return np.transpose(self)

    @property
    def base(self) -> Any:
        return None

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return self.trace.ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: tuple, options: dict) -> Any:
        return self.trace.function(function, args, options)

    def __getitem__(self, index: Any) -> Any:
        return self.trace.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.become(self.trace.call(setitem, (self, index, value), {}))

    def reshape(self, *shape: Any, **options: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def astype(self, dtype: Any, copy: bool = True, **options: Any) -> Any:
        same = np.dtype(dtype) == self.dtype  # then a copy: the same numbers, but what is written into it stays in it
        return TracedArray(self.trace, self.variable) if same else self.trace.call(astype, (self, np.dtype(dtype)), {})

    def copy(self, order: str = "C") -> Any:
        return np.copy(self)

    def flatten(self) -> Any:
        return np.copy(np.reshape(self, -1))

    def fill(self, number: Any) -> None:
        self[...] = number

    def item(self) -> Any:
        """The number as one of Python's."""
        return self.trace.call(item, (self,), {})

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return lambda *args, **options: getattr(np, name)(self, *args, **options)
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise self.trace.error(f"a traced array has no .{name}")
        raise AttributeError(f"a traced array has no {name!r}")
