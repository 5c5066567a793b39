"""`Trace`: a run of a function in which every NumPy call on traced numbers is written down."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_edu.compiler.functions import add_at, getitem, setitem, slice_of
from tinygrad_edu.compiler.program import Call, Program, Variable, replaced
from tinygrad_edu.compiler.traced import QUERIES, SHAPE_OF_NUMBERS, Traced, TracedArray, TracedNumber
from tinygrad_edu.engine.graph import Node
from tinygrad_edu.errors import TraceError

PACKAGE = str(Path(__file__).parents[1])
COMPILER = str(Path(__file__).parent)
NUMPY = str(Path(np.__file__).parent)

AS_TEXT = ("__format__", "__repr__", "__str__")
"""Methods of Values that hand the question over to their numbers."""

SINGLE = frozenset({float, int, bool})

VIEWS = {np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.broadcast_to, np.ravel,
         np.diagonal, np.flip, np.rollaxis, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.real, np.split,
         np.array_split, np.matrix_transpose, getitem, slice_of}
"""What may return an array that shares its memory with an argument."""


WRITTEN_INTO = "a plain array, once used with traced ones, is written into (make a new one instead, as with np.zeros)"


class Trace:
    """Makes the `Program` of one run, whose numbers are real ones, but which changes nothing outside of itself."""

    def __init__(self) -> None:
        self.program = Program()
        self.section = "forward"
        self.loop: int | None = None
        self._last = 0
        self._known: dict[Any, Variable] = {}  # the result of each call so far, so that none is made twice
        self._constants: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # by id: a plain array, and what was in it

    # ----- variables -----

    def input(self, value: Any, name: str) -> Variable:
        """A variable that is there before the first call."""
        return Variable(self._number(), value, name)

    def _number(self) -> int:
        self._last += 1
        return self._last

    def wrap(self, variable: Variable) -> Any:
        """What stands for a variable while the function runs; for several results of one call a tuple of these."""
        value = variable.value
        if isinstance(value, tuple | list):
            parts = [self.wrap(self._record(getitem, (variable, i), {}, part)) for i, part in enumerate(value)]
            return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
        if variable.is_python:
            return TracedNumber(self, variable)
        if isinstance(value, np.ndarray | np.generic):
            return TracedArray(self, variable)
        return value

    def fitting(self, y: Any, like: TracedArray) -> TracedArray:
        """y with the shape and dtype of another one, which it is to replace."""
        if not isinstance(y, TracedArray) or y.shape != like.shape:
            y = self.call(setitem, (like, ..., y), {})
        return y if y.dtype == like.dtype else y.astype(like.dtype)

    # ----- calls -----

    def call(self, function: Callable[..., Any], args: tuple, options: dict[str, Any]) -> Any:
        """function(*args, **options), written down; its result is traced."""
        if not options and all(isinstance(x, Traced) or type(x) in SINGLE for x in args):  # soon done
            args = tuple([x.variable if isinstance(x, Traced) else x for x in args])
            y = function(*[x.value if isinstance(x, Variable) else x for x in args])
            return self.wrap(self._record(function, args, {}, y))
        args = replaced(args, _as_variable)
        options = replaced(options, _as_variable)
        y = function(*replaced(args, _as_value), **replaced(options, _as_value))
        return self.wrap(self._record(function, args, options, y))

    def _record(self, function: Callable[..., Any], args: tuple, options: dict[str, Any], y: Any) -> Variable:
        key = self._key(function, args, options)
        if key is not None and key in self._known:
            return self._known[key]
        variable = Variable(self._number(), y)
        call = Call(function, args, options, variable, self.section, loop=self.loop)
        if function in VIEWS and isinstance(y, np.ndarray):
            arrays = [x for x in call.inputs() if x.is_array]
            call.view = next((x for x in arrays if np.shares_memory(x.value, y)), None)
            if call.view is None and function is not getitem and arrays:
                call.view = arrays[0]  # a copy here, but with another order in memory it may be a view
        variable.made_by = call
        self.program.calls.append(call)
        if key is not None:
            self._known[key] = variable
        return variable

    def _key(self, function: Callable[..., Any], args: tuple, options: dict[str, Any]) -> Any:
        """What is equal for two calls with the same result; None if there is no such thing, as for random numbers."""
        if getattr(function, "draws", False) or function is np.empty:
            return None

        if not options and all(isinstance(x, Variable) for x in args):
            return function, *[x.number for x in args]

        def hashable(x: Any) -> Any:
            if isinstance(x, Variable):
                return "variable", x.number
            if isinstance(x, np.ndarray):
                return "array", self._constant(x)
            return type(x), repr(x)

        def flat(x: Any) -> Any:
            if isinstance(x, tuple | list):
                return tuple(map(flat, x))
            if isinstance(x, dict):
                return tuple((k, flat(v)) for k, v in x.items())
            return flat((x.start, x.stop, x.step)) if isinstance(x, slice) else hashable(x)

        return function, flat(args), flat(options)

    def _constant(self, x: np.ndarray) -> int:
        """The id of a plain array, which is kept alive; the program will have it as it is in the end."""
        if id(x) not in self._constants:
            self._constants[id(x)] = x, x.copy()
        elif self._is_written_into(x):
            raise self.error(WRITTEN_INTO)
        return id(x)

    def _is_written_into(self, x: np.ndarray) -> bool:
        return x.tobytes() != self._constants[id(x)][1].tobytes()

    def check_constants(self) -> None:
        """TraceError if a plain array was written into after it was used."""
        if any(self._is_written_into(x) for x, _ in self._constants.values()):
            raise self.error(WRITTEN_INTO)

    def run(self, function: Callable[..., Any], inputs: Any, options: dict[str, Any]) -> Any:
        """An op's function or rule on traced numbers: by its NumPy calls, or as one call if it needs plain numbers."""
        calls, guards = len(self.program.calls), len(self.program.guards)
        known = dict(self._known)
        try:
            return function(*inputs, **options)
        except TraceError:
            if _has_mask(options.get("index")):
                raise
            del self.program.calls[calls:], self.program.guards[guards:]
            self._known = known
            return self.call(function, tuple(inputs), options)

    # ----- what NumPy hands over -----

    def ufunc(self, ufunc: np.ufunc, method: str, inputs: tuple, options: dict[str, Any]) -> Any:
        if any(isinstance(x, Node) for x in inputs):
            return NotImplemented
        out = options.pop("out", None)
        if method == "at":
            if ufunc is not np.add or not isinstance(inputs[0], TracedArray):
                raise self.error(f"np.{ufunc.__name__}.at writes into an array")
            inputs[0].become(self.call(add_at, inputs, {}))
            return None
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return self._into(out and out[0], self.call(function, inputs, options))

    def function(self, function: Callable[..., Any], args: tuple, options: dict[str, Any]) -> Any:
        if function in (np.shape, np.ndim, np.size) and len(args) == 1 and isinstance(args[0], Traced):
            return function(args[0].value)
        if function in QUERIES:
            return function(*replaced(args, _any_value), **replaced(options, _any_value))
        if any(isinstance(x, Node) for x in _leaves((args, options))):
            return NotImplemented
        if function in SHAPE_OF_NUMBERS or (function is np.where and len(args) == 1) or (
                function is np.repeat and isinstance([*args, *options.values()][1], Traced)):
            raise self.error(f"what np.{function.__name__} returns has a shape that hangs on traced numbers")
        if function is np.copyto:
            target, source = args
            target[...] = source
            return None
        if function in (np.zeros_like, np.ones_like, np.full_like, np.empty_like):
            return self._like(function, *args, **options)
        if function in (np.reshape, np.ravel):
            return self._reshaped(function, args, options)
        out = options.pop("out", None)
        return self._into(out, self.call(function, args, options))

    def _reshaped(self, function: Callable[..., Any], args: tuple, options: dict[str, Any]) -> Any:
        x, y = args[0], self.call(function, args, options)
        if isinstance(x, TracedArray) and y.shape == x.shape:
            return x
        if isinstance(x, TracedArray) and y.variable is not x.variable and _is_view(y):
            y.look_at(x, lambda base: self.call(function, (base, *args[1:]), options),
                      lambda new: self.call(np.reshape, (new, x.shape), {}))
        return y

    def _like(self, function: Callable[..., Any], x: Any, *args: Any, **options: Any) -> Any:
        names = ("fill_value", "dtype") if function is np.full_like else ("dtype",)
        given = dict(zip(names, args, strict=False)) | options
        shape = np.shape(_any_value(x)) if given.get("shape") is None else given["shape"]
        dtype = np.dtype(given.get("dtype") or x.dtype)
        if function is np.full_like:
            return self.call(np.full, (shape, given["fill_value"], dtype), {})
        if function is np.ones_like:  # nobody writes into ones
            return np.ones(shape, dtype)
        return self.call(np.zeros if function is np.zeros_like else np.empty, (shape, dtype), {})

    def _into(self, out: Any, y: Any) -> Any:
        if out is None:
            return y
        if isinstance(out, TracedArray) and not out.variable.is_array:  # a number: a += b makes another
            return y
        if not isinstance(out, TracedArray):
            raise self.error("something is written into a plain array (out=)")
        out.become(y)
        return out

    def getitem(self, x: TracedArray, index: Any) -> Any:
        if _has_mask(index):
            raise self.error("x[mask] has a shape that hangs on traced numbers")
        y = self.call(getitem, (x, index), {})
        if _is_view(y):
            y.look_at(x, lambda base: self.call(getitem, (base, index), {}),
                      lambda new: self.call(setitem, (x, index, new), {}))
        return y

    # ----- what must stay as it was -----

    def truth(self, x: Traced) -> bool:
        """The truth of a traced number, in the library's own code: one that has to stay so. In yours it is an error."""
        if self.is_users():
            raise self.error("a decision (if, while, and, or, not, assert) hangs on a traced number")
        value = bool(x.value)
        self.program.guards.append((x.variable, value))
        return value

    def is_users(self) -> bool:
        """Whether it is the user's own code, not that of the library, that called the method of a traced number."""
        frame: Any = sys._getframe(1)
        while frame.f_code.co_filename.startswith((NUMPY, COMPILER)) or frame.f_code.co_name in AS_TEXT:
            frame = frame.f_back
        return not frame.f_code.co_filename.startswith(PACKAGE)

    def error(self, what: str) -> TraceError:
        """TraceError that says where in the user's code it happened, and what to do."""
        frame: Any = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith((PACKAGE, NUMPY)):
            frame = frame.f_back
        return TraceError(f"compile: {what}, at {frame.f_code.co_filename}, line {frame.f_lineno}. What it is will be "
                          "known only when the program runs. Use np.where or np.maximum instead of an if, v.item() "
                          "or the Value itself instead of float(v), NumPy's functions instead of math's; or leave "
                          "this part out of the compiled function")


def _has_mask(index: Any) -> bool:
    """Whether a part of an index is a traced array of True and False."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, TracedArray) and part.dtype == np.bool_ for part in parts)


def _is_view(y: Any) -> bool:
    return isinstance(y, TracedArray) and y.variable.made_by is not None and y.variable.made_by.view is not None


def _as_variable(x: Any) -> Any:
    return x.variable if isinstance(x, Traced) else x


def _as_value(x: Any) -> Any:
    return x.value if isinstance(x, Variable) else x


def _any_value(x: Any) -> Any:
    return x.value if isinstance(x, Traced) else x


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, tuple | list):
        return [leaf for branch in tree for leaf in _leaves(branch)]
    return _leaves(list(tree.values())) if isinstance(tree, dict) else [tree]
