"""How an op is run on Values: compute the data, remember op and inputs, say clearly what does not fit."""

from typing import Any

import numpy as np

from tinygrad_edu.engine import modes
from tinygrad_edu.engine.graph import Node, clock
from tinygrad_edu.engine.primitive import Op
from tinygrad_edu.errors import (
    ArgumentError,
    DtypeError,
    IndexingError,
    LinalgError,
    OptionError,
    ShapeError,
    TinygradError,
)

NUMBERS = frozenset({float, int, bool})
"""The types of single numbers that are Python's own; a Value of one holds a float, not an array."""


def apply(make: type[Node], op: Op, inputs: tuple, options: dict[str, Any]) -> Any:
    """A new node y = op(*inputs, **options) of class `make`."""
    data = []
    for x in inputs:
        if isinstance(x, Node):
            data.append(x._data)
        else:
            d = constant(x, op.name)
            if d is not x:  # the graph keeps what it computes with
                inputs = tuple([d if each is x else each for each in inputs])
            data.append(d)
    if options is not op.defaults:
        for name, option in options.items():
            if isinstance(option, Node):
                raise OptionError(f"{op.name}: {name} must be plain, not a Value: it has no gradient; "
                                  f"pass {name}=v.data")
    try:
        y = op.forward(*data, **options) if options else op.forward(*data)
    except Exception:
        y = compute(op, data, options)  # which knows what to do
    if type(y) is not float and (type(y) is not np.ndarray or not y.ndim):
        y = as_number(y, data)
    node: Any = object.__new__(make)
    node._data = y
    node.op = op
    node.options = options
    node.grad = None
    node._g = None
    node.time = next(clock)
    if op.arity == 2:
        node._x1, node._x2 = inputs
    else:
        node._x1 = inputs[0] if op.arity == 1 else inputs
        node._x2 = None
    return node if not modes.ACTIVE else modes.made(node)


def constant(x: Any, what: str) -> Any:
    """x as an operand without gradient: a real number or an array of them; DtypeError if it is neither."""
    if type(x) in NUMBERS or x is None or (type(x) is np.ndarray and x.dtype.kind in "fiub"):
        return x
    array = x
    if not hasattr(x, "dtype"):
        try:
            array = np.asarray(x)
        except ValueError as error:
            raise ShapeError(f"{what}: {error}") from None
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"{what} needs real numbers, not {type(x).__name__} of dtype {array.dtype}; "
                         "convert it first, for example with np.asarray(x, dtype=float)")
    return array


def compute(op: Op, data: list, options: dict[str, Any]) -> Any:
    """The op's forward on plain data; a Python number if all data are, and errors that name the op."""
    try:
        try:
            y = op.forward(*data, **options)
        except (ZeroDivisionError, OverflowError):  # Python numbers raise where NumPy says inf
            y = op.forward(*[np.float64(x) if type(x) in NUMBERS else x for x in data], **options)
    except TinygradError:
        raise
    except (ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
        raise _explained(error, op, data, options) from error
    return as_number(y, data)


def as_number(y: Any, data: list) -> Any:
    """A single number as Python's own float if all data are Python's own; otherwise y as NumPy made it."""
    for x in data:
        if type(x) not in NUMBERS and x is not None:
            return y if type(y) not in NUMBERS else float(y)
    return float(y) if np.ndim(y) == 0 else y


def _explained(error: Exception, op: Op, data: list, options: dict[str, Any]) -> TinygradError:
    """The same error as one of ours, with the op and the shapes it met."""
    met = ", ".join(f"{op.input_name(i)} {np.shape(x)}" for i, x in enumerate(data) if x is not None)
    chosen = ", ".join(f"{name}={x!r}" for name, x in options.items() if x is not op.defaults.get(name))
    message = f"{op.name} of {met}{f' with {chosen}' if chosen else ''}: {error}"
    if isinstance(error, np.linalg.LinAlgError):
        return LinalgError(message)
    if isinstance(error, np.exceptions.AxisError):
        return ArgumentError(message)
    if isinstance(error, IndexError):
        return IndexingError(message)
    if isinstance(error, TypeError):
        return OptionError(message)
    return ShapeError(message)
