"""How one call of a program is written: its arguments, its expression, and the statement that uses a buffer."""

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.compiler.affine import untransposed
from tinygrad_edu.compiler.arguments import Arguments
from tinygrad_edu.compiler.functions import (
    add_at,
    assemble,
    astype,
    conditional,
    getitem,
    item,
    setitem,
    slice_of,
    with_ones,
)
from tinygrad_edu.compiler.plan import FILLS, REDUCTIONS, elementwise, writes_out
from tinygrad_edu.compiler.program import Call, Variable
from tinygrad_edu.compiler.traced import PYTHON, OnNumbers

INFIX = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.floordiv: "//",
         operator.mod: "%", operator.pow: "**", operator.and_: "&", operator.or_: "|", operator.xor: "^",
         operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=", operator.eq: "==", operator.ne: "!="}
ON_SINGLE = {ufunc: INFIX[function] for ufunc, function in PYTHON.items() if function in INFIX}
"""Ufuncs that are written as operators where their arguments are single numbers: these are quicker so."""

PREFIX = {operator.neg: "-", operator.pos: "+", operator.invert: "~"}

SHORT = {*INFIX, *PREFIX, *ON_SINGLE}

LONGEST_EXPRESSION = 60
"""Characters of a number's expression that is written where it is used; a longer one gets a name."""

ALWAYS_VIEWS = {np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.broadcast_to,
                np.matrix_transpose, np.flip, getitem, slice_of}
"""What never copies, whatever the order in memory."""


NUMBER_NAMES = {-1: "minus_one", 0: "zero", 0.5: "half", 1: "one", 2: "two"}


class Statements(Arguments):
    """Writes calls."""

    # ----- functions -----

    def function(self, f: Callable[..., Any]) -> str:
        """How to call a function."""
        if isinstance(f, np.ufunc):
            if getattr(np, f.__name__, None) is f:
                return f"np.{f.__name__}"
            return self._object(f)
        owner = getattr(f, "__self__", None)
        if isinstance(owner, np.ufunc):
            return f"{self.function(owner)}.{f.__name__}"
        if getattr(f, "draws", False):
            return f"{self._object(f.generator)}.{f.__name__}"  # type: ignore[attr-defined]
        module = getattr(f, "__module__", "") or ""
        for prefix in ("numpy", "numpy.linalg"):
            space = np.linalg if prefix == "numpy.linalg" else np
            if module.startswith("numpy") and getattr(space, f.__name__, None) is f:
                return f"{prefix.replace('numpy', 'np')}.{f.__name__}"
        return self._object(f)

    # ----- statements -----

    def expression(self, call: Call) -> str:
        """The call as an expression that makes its result anew."""
        f, args = call.function, call.args
        if f in INFIX:
            return f"{self._operand(args[0])} {INFIX[f]} {self._operand(args[1])}"
        if f in PREFIX:
            return f"{PREFIX[f]}{self._operand(args[0])}"
        if f in ON_SINGLE and not call.options and not any(x.is_array for x in (call.y, *call.inputs())):
            return f"{self._operand(args[0])} {ON_SINGLE[f]} {self._operand(args[1])}"
        if f is np.absolute and not call.y.is_array:
            return f"abs({self.text(args[0])})"
        if isinstance(f, OnNumbers):
            if f.ufunc in (np.maximum, np.minimum):
                return f"{'max' if f.ufunc is np.maximum else 'min'}({', '.join(map(self.text, args))})"
            return f"float({self.function(f.ufunc)}({', '.join(map(self.text, args))}))" if (
                type(call.y.value) is float) else f"bool({self.function(f.ufunc)}({', '.join(map(self.text, args))}))"
        if f is getitem:
            return f"{self._operand(args[0])}[{self.index(args[1])}]"
        if f is slice_of:
            return f"{self.text(args[0])}[{args[1]}:{args[2]}].reshape({self.text(args[3])})"
        if f is item:
            return f"{self._operand(args[0])}.item()"
        if f is astype:
            return f"{self._operand(args[0])}.astype({self.text(args[1])})"
        if f is conditional:
            return f"{self._operand(args[1])} if {self._operand(args[0])} else {self._operand(args[2])}"
        if f is np.transpose and len(args) == 1 and not call.options:
            return f"{self.text(args[0])}.T"
        if f is np.reshape and not call.options:
            return f"{self.text(args[0])}.reshape({self.text(args[1])})"
        if f in REDUCTIONS and len(args) == 1 and not call.options and not call.y.is_array:
            return f"np.{REDUCTIONS[f].__name__}.reduce({self.text(args[0])}, axis=None)"  # without np.max's detours
        return f"{self.function(f)}({self._arguments(call)})"

    def _operand(self, x: Any) -> str:
        text = self.text(x)
        if isinstance(x, Variable) and x in self._inline and not text.isidentifier():
            return f"({text})"
        return f"({text})" if text.startswith("-") else text

    def _arguments(self, call: Call, **more: str) -> str:
        parts = [self.text(x) for x in call.args]
        parts += [f"{name}={self.text(x)}" for name, x in call.options.items()]
        return ", ".join([*parts, *(f"{name}={x}" for name, x in more.items())])

    def statements(self, call: Call) -> list[str]:
        """What the program does for a call."""
        y, f = call.y, call.function
        if f is with_ones:
            return []
        if y not in self.plan.memory or not writes_out(call):
            return self._assigned(call)
        out = self.text(y)
        if f in FILLS:
            if f is np.empty:
                return []
            return [f"{out}.fill({self.text(call.args[1]) if f is np.full else 0})"]
        if f is assemble:
            return self._assembled(call)
        if f is setitem:
            x, index, value = call.args
            copy = [] if self.text(x) == out else [f"np.copyto({out}, {self.text(x)})"]
            return [*copy, f"{out}[{self.index(index)}] = {self.text(value)}"]
        if f is np.copy:
            return [f"np.copyto({out}, {self.text(call.args[0])})"]
        if f is astype:
            return [f"np.copyto({out}, {self.text(call.args[0])}, casting='unsafe')"]
        if f is np.where:
            condition, a, b = call.args
            return [f"np.copyto({out}, {self.text(b)}, casting='unsafe')",
                    f"np.copyto({out}, {self.text(a)}, where={self.text(condition)}, casting='unsafe')"]
        if getattr(f, "draws", False):
            return [f"{self.function(f)}(out={out})"]
        if f is np.matmul and not call.options:
            a, b = (np.shape(x.value if isinstance(x, Variable) else x) for x in call.args)
            if len(a) == len(b) == 2 and a[1] == 1:
                return [f"np.multiply({self._arguments(call, out=out)})"]  # a column times a row
        if f in REDUCTIONS and len(call.args) == 1 and set(call.options) <= {"axis", "keepdims"}:
            options = {"axis": None} | call.options
            if (f is np.sum and options["axis"] in (0, (0,)) and not options.get("keepdims")
                    and call.args[0].value.ndim == 2 and call.args[0].value.dtype == y.value.dtype
                    and y.value.dtype.kind == "f"):
                ones = self._ones(len(call.args[0].value), y.value.dtype)
                return [f"np.matmul({ones}, {self.text(call.args[0])}, out={out})"]
            given = ", ".join(f"{k}={self.text(v)}" for k, v in options.items())
            return [f"np.{REDUCTIONS[f].__name__}.reduce({self.text(call.args[0])}, {given}, out={out})"]
        return [f"{self.function(f)}({self._arguments(self._with_arrays(call), out=out)})"]

    def _with_arrays(self, call: Call) -> Call:
        """The call of a ufunc with 0-d arrays in the place of Python's numbers, which NumPy would convert each time."""
        dtypes = {x.value.dtype for x in call.inputs() if not x.is_python}
        if not elementwise(call) or len(dtypes) != 1 or next(iter(dtypes)).kind != "f":
            return call
        args = tuple([self._array(x, *dtypes) if type(x) in (int, float) else x for x in call.args])
        return replace(call, args=args)

    def _array(self, x: float, dtype: np.dtype) -> np.ndarray:
        """The 0-d array of a number, one for all who use it."""
        key = float(x).hex(), dtype  # -0.0 == 0.0
        if key not in self._numbers:
            self._numbers[key] = array = np.array(x, dtype)
            self._constants[id(array)] = name = self.plan.name(NUMBER_NAMES.get(x, "number"))
            self.hoisted.append(f"{name} = np.array({self.text(x)}, {self.text(dtype)})")
        return self._numbers[key]

    def _ones(self, n: int, dtype: np.dtype) -> str:
        if (n, dtype) not in self._vectors_of_ones:
            self._vectors_of_ones[n, dtype] = np.ones(n, dtype)
        return self._constant(self._vectors_of_ones[n, dtype])

    def _assembled(self, call: Call) -> list[str]:
        whole, start, lines = self.plan.memory[call.y], 0, []
        for part in call.args[0]:
            size = int(np.size(part.value if isinstance(part, Variable) else part))
            x = untransposed(part)[0] if isinstance(part, Variable) else None
            memory = None if x is None else self.plan.memory.get(x)
            if memory is None or memory.part_of is not whole or memory.start != start:
                text = self.text(part)
                flat = f"{text}.ravel()" if np.ndim(part.value if isinstance(part, Variable) else part) else text
                lines.append(f"{whole.name}[{start}:{start + size}] = {flat}")
            start += size
        return lines

    def _assigned(self, call: Call) -> list[str]:
        y = call.y
        if call.function is add_at:
            copy = f"{self.text(y)} = {self.text(call.args[0])}.copy()"
            return [copy, f"np.add.at({self.text(y)}, {self.text(call.args[1])}, {self.text(call.args[2])})"]
        if call.view is not None and self._can_hoist(call):
            self.hoisted.append(f"{self.text(y)} = {self.expression(call)}")
            self._static.add(y)
            return []
        single = not any(x.is_array for x in (y, *call.inputs()))
        if single and self._uses[y] == 1 and call.loop is None and call.function in SHORT:
            expression = self.expression(call)
            if len(expression) <= LONGEST_EXPRESSION:
                self._inline[y] = expression
                return []
        return [f"{self.text(y)} = {self.expression(call)}"]

    def _can_hoist(self, call: Call) -> bool:
        arrays = [x for x in call.inputs()]
        if any(x not in self._static for x in arrays):
            return False
        if call.function in ALWAYS_VIEWS:
            return True
        memory = self.plan.memory.get(call.args[0])
        if memory is not None and not memory.is_one_piece and call.y.value.shape != memory.shape:
            return False
        return call.function in (np.reshape, np.ravel) and (memory is not None or (
            call.args[0].made_by is not None and call.args[0].made_by.function is slice_of)) and not call.options
