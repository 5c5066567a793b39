"""How an op is run on Values: compute the data, remember op and inputs, say clearly what does not fit."""

from typing import Any

import numpy as np

from tinygrad_edu.engine import modes
from tinygrad_edu.engine.graph import Node, clock
from tinygrad_edu.engine.primitive import OPS, Op
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
        elif x is None and op.input_defaults:
            data.append(None)  # an input left out
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
    y = None
    try:
        y = op.forward(*data, **options) if options else op.forward(*data)
    except Exception:
        pass  # `finish` meets it again, and explains it
    if type(y) is not float and (type(y) is not np.ndarray or not y.ndim):
        y = finish(y, op, inputs, data, options)
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
    if type(x) in NUMBERS or (type(x) is np.ndarray and x.dtype.kind in "fiub"):
        return x
    array = x
    if not hasattr(x, "dtype"):
        try:
            array = np.asarray(x)
        except ValueError as error:
            raise ShapeError(f"{what}: {error}") from None
    if array.dtype.kind not in "fiub":
        kind = "None" if x is None else f"{type(x).__name__} of dtype {array.dtype}"
        raise DtypeError(f"{what} needs real numbers, not {kind}; convert it first, for example with "
                         "np.asarray(x, dtype=float)")
    return array


def finish(y: Any, op: Op, inputs: tuple, data: list, options: dict[str, Any]) -> Any:
    """What is left to do where an op's forward gave no array and no float: None where it failed, or a NumPy number.

    Errors: those of the forward, as one of ours that names the op and what it met.
    """
    if y is None:
        try:
            # Python numbers raise where NumPy says inf
            y = op.forward(*[np.float64(x) if type(x) in NUMBERS else x for x in data], **options)
        except TinygradError:
            raise
        except (ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
            explained = _explained(error, op, inputs, options)
            if op.name in OPS:
                raise explained from None
            raise explained from error  # the place in a user's own function is of interest
    if np.ndim(y) == 0 and all(x is None or type(x) in NUMBERS for x in data):
        return float(y)  # a single number is Python's own if all data are Python's own
    return float(y) if type(y) in NUMBERS else y


def _explained(error: Exception, op: Op, inputs: tuple, options: dict[str, Any]) -> TinygradError:
    """The same error as one of ours, with the op and what it met."""
    met = ", ".join(f"{op.input_name(i)} = {x.describe()}" if isinstance(x, Node) and x.name else
                    f"{op.input_name(i)} {np.shape(x._data if isinstance(x, Node) else x)}"
                    for i, x in enumerate(inputs) if x is not None)
    chosen = ", ".join(f"{name}={x!r}" for name, x in options.items() if x is not op.defaults.get(name))
    reason = str(error)
    if "gufunc signature" in reason:  # NumPy's words for what every beginner meets
        reason = ("the inner dimensions differ; the last axis of the first must be as long as the axis of the second "
                  "that is summed with it: its last but one, or its only one")
    message = f"{op.name} of {met}{f' with {chosen}' if chosen else ''}: {reason}"
    if isinstance(error, np.linalg.LinAlgError):
        return LinalgError(message)
    if isinstance(error, np.exceptions.AxisError):
        return ArgumentError(message)
    if isinstance(error, IndexError):
        return IndexingError(message)
    if isinstance(error, TypeError):
        return OptionError(message)
    return ShapeError(message)
