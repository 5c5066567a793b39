"""How an op is run on Values: compute the data, remember op and inputs, say clearly what does not fit."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.engine import modes
from tinygrad_edu.engine.graph import Node, clock
from tinygrad_edu.engine.primitive import NUMBERS, OPS, Op, constant
from tinygrad_edu.errors import (
    ArgumentError,
    IndexingError,
    LinalgError,
    OptionError,
    ShapeError,
    TinygradError,
)
from tinygrad_edu.tracing import Recorded, current

UNCHANGEABLE = frozenset({bool, int, float, str, slice, type(None)})


blank: Callable[[], Any] = partial(object.__new__, Node)
"""Makes a Value that holds nothing yet; from `value.py`, which knows the class."""


def apply(_first: Any, op: Op, inputs: tuple, options: dict[str, Any]) -> Any:
    """A new Value y = op(*inputs, **options): the method `_apply` of the first Value among the inputs."""
    data = []
    for x in inputs:
        if isinstance(x, Node):
            data.append(x._numbers)
        elif x is None and op.input_defaults:
            data.append(None)  # an input left out
        else:
            d = constant(x, op.name)
            if d is not x:  # the graph keeps what it computes with
                inputs = tuple([d if each is x else each for each in inputs])
            data.append(d)
    if options is not op.defaults and not UNCHANGEABLE.issuperset(map(type, options.values())):
        options = {name: _kept(op, name, option) for name, option in options.items()}
    try:
        y = op.forward(*data, **options) if options else op.forward(*data)
    except Exception:
        y = None  # `finish` meets it again, and explains it
    if type(y) is not float and (type(y) is not np.ndarray or not y.ndim):
        y = finish(y, op, inputs, data, options)
    node = blank()
    node._numbers = y
    node.op = op
    node.options = options
    node.grad = None
    node.float_rules = node._notes = None
    node.time = next(clock)
    if op.arity == 2:
        node._x1, node._x2 = inputs
    else:
        node._x1 = inputs[0] if op.arity == 1 else inputs
        node._x2 = None
    if modes.ACTIVE:
        modes.made(node)
    return node


def _kept(op: Op, name: str, option: Any) -> Any:
    """An option as the graph keeps it: nobody else can change it before the gradient needs it."""
    if isinstance(option, Node):
        raise OptionError(f"{op.name}: {name} must be plain, not a Value: it has no gradient; pass {name}=v.data")
    if isinstance(option, np.ndarray):
        return option.copy()
    return type(option)(_kept(op, name, part) for part in option) if type(option) in (list, tuple) else option


def finish(y: Any, op: Op, inputs: tuple, data: list, options: dict[str, Any]) -> Any:
    """What is left to do where an op's forward gave no array and no float: a NumPy number, or None where it failed.

    One that failed is run once more, to explain the error, or with NumPy's numbers, which know 1/0.

    Errors: those of the forward, as one of ours that names the op and what it met.
    """
    if y is None and current.trace is not None and any(isinstance(x, Recorded) for x in data):
        return current.trace.run(op.forward, data, options)
    if y is None:
        try:
            # Python numbers raise where NumPy says inf
            y = op.forward(*[np.float64(x) if type(x) in NUMBERS else x for x in data], **options)
        except TinygradError:
            raise
        except (ValueError, TypeError, IndexError, OverflowError, np.linalg.LinAlgError) as error:
            explained = _explained(error, op, inputs, options)
            if OPS.get(op.name) is op:
                raise explained from None
            raise explained from error  # the place in a user's own function is of interest
    if type(y) in NUMBERS:
        return float(y)
    for x in data:
        if x is not None and type(x) not in NUMBERS:
            return y
    return float(y) if y.ndim == 0 else y  # a single number is Python's own if all data are Python's own


def _explained(error: Exception, op: Op, inputs: tuple, options: dict[str, Any]) -> TinygradError:
    """The same error as one of ours, with the op and what it met."""
    met = ", ".join(f"{op.input_name(i)} = {x.describe()}" if isinstance(x, Node) and x.name else
                    f"{op.input_name(i)} {np.shape(x._numbers if isinstance(x, Node) else x)}"
                    for i, x in enumerate(inputs) if x is not None)
    chosen = ", ".join(f"{name}={x!r}" for name, x in options.items() if x is not op.defaults.get(name))
    reason = str(error)
    if "gufunc signature" in reason:  # NumPy's words for what every beginner meets
        reason = ("the inner dimensions differ; the last axis of the first must be as long as the axis of the second "
                  "that is summed with it: its last but one, or its only one")
    message = f"{op.name} of {met}{f' with {chosen}' if chosen else ''}: {reason}"
    if isinstance(error, np.linalg.LinAlgError):
        return LinalgError(message)
    if isinstance(error, np.exceptions.AxisError | OverflowError):
        return ArgumentError(message)
    if isinstance(error, IndexError):
        return IndexingError(message)
    if isinstance(error, TypeError):
        return OptionError(message)
    return ShapeError(message)
