"""How an op is run on Values: compute the data, remember op and inputs, say clearly what does not fit."""

from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Node, clock
from tinygrad_edu.engine.modes import ACTIVE, recording, watch_forward
from tinygrad_edu.engine.primitive import Op
from tinygrad_edu.errors import ArgumentError, DtypeError, IndexingError, LinalgError, OptionError, ShapeError, TinygradError

NO_OPTIONS: dict[str, Any] = {}
PLAIN_NUMBERS = (float, int, bool)


def constant(x: Any, what: str) -> Any:
    """x as an operand without gradient: a real number or an array of them; DtypeError if it is neither."""
    if x is None or type(x) in PLAIN_NUMBERS:
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


def apply(make: type[Node], op: Op, inputs: tuple, options: dict[str, Any]) -> Any:
    """A new node y = op(*inputs, **options) of class `make`."""
    parents = tuple([x for x in inputs if isinstance(x, Node)])
    if len(parents) == len(inputs):
        inputs = parents
        data = [x._data for x in parents]
    else:
        inputs = tuple([x if isinstance(x, Node) else constant(x, op.name) for x in inputs])
        data = [x._data if isinstance(x, Node) else x for x in inputs]
    for name, option in options.items():
        if isinstance(option, Node):
            raise OptionError(f"{op.name}: {name} must be plain, not a Value: it has no gradient; "
                              f"pass {name}=v.data")
    y = compute(op, data, options)
    node: Any = object.__new__(make)
    node._data = y
    node.grad = None
    node.name = ""
    node.op, node.inputs, node.parents, node.options = op, inputs, parents, options
    node.time = next(clock)
    if ACTIVE:
        if not recording():
            node.op, node.inputs, node.parents, node.options = None, (), (), NO_OPTIONS
        watch_forward(node, op, inputs)
    return node


def compute(op: Op, data: list, options: dict[str, Any]) -> Any:
    """The op's forward on plain data; a Python number if all data are, and errors that name the op."""
    try:
        try:
            y = op.forward(*data, **options)
        except (ZeroDivisionError, OverflowError):  # Python numbers raise where NumPy says inf
            y = op.forward(*[np.float64(x) if type(x) in PLAIN_NUMBERS else x for x in data], **options)
    except TinygradError:
        raise
    except (ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
        raise _explained(error, op, data, options) from error
    if type(y) is not float and type(y) is not np.ndarray:
        if isinstance(y, float | int) and all(x is None or type(x) in PLAIN_NUMBERS for x in data):
            return float(y)
        if type(y) is int:
            return float(y)
    elif type(y) is np.ndarray and y.ndim == 0 and all(x is None or type(x) in PLAIN_NUMBERS for x in data):
        return float(y)
    return y


def _explained(error: Exception, op: Op, data: list, options: dict[str, Any]) -> TinygradError:
    """The same error as one of ours, with the op and the shapes it met."""
    met = ", ".join(f"{op.input_name(i)} {np.shape(x)}" for i, x in enumerate(data) if x is not None)
    chosen = ", ".join(f"{k}={v!r}" for k, v in options.items() if v != op.defaults.get(k) or v is None and k == "axis")
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
