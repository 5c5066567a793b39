"""NumPy's protocols: `np.exp(v)` and its kin build the graph; a function without a gradient says so.

NumPy asks a Value before it would make an array of it: `__array_ufunc__` for its elementwise functions and
the operators of arrays, `__array_function__` for all others. What has an op of its name runs as that op.
"""

from collections.abc import Callable
from functools import cache
from inspect import Parameter, signature
from typing import Any

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.engine.graph import Node
from tinygrad_edu.engine.primitive import Op
from tinygrad_edu.errors import GradientRuleError, OptionError

Function = Callable[..., Any]

# ----- which function is which -----

# NumPy's names that differ from ours. Its synonyms, as np.abs and np.absolute, are one object.
OTHER_NAMES = {"amax": "max", "amin": "min", "around": "round", "conjugate": "positive", "copy": "positive",
               "degrees": "rad2deg", "fabs": "absolute", "fix": "trunc", "radians": "deg2rad",
               "rint": "round"}

LINALG = ["cholesky", "det", "inv", "matmul", "matrix_transpose", "norm", "slogdet", "solve", "tensordot",
          "vecdot"]

METHODS: dict[tuple[str, np.ufunc], Function] = {
    ("reduce", np.add): ops.sum, ("reduce", np.multiply): ops.prod, ("reduce", np.maximum): ops.max,
    ("reduce", np.minimum): ops.min, ("reduce", np.logaddexp): ops.logsumexp,
    ("accumulate", np.add): ops.cumsum, ("accumulate", np.multiply): ops.cumprod,
}

# Functions whose result is no number that could have a gradient: an index, a shape, a truth, a text; and
# constants. They run on the data.
WITHOUT_GRADIENT: set[Function] = {np.linalg.matrix_rank} | {getattr(np, name) for name in (
    "all", "allclose", "any", "argmax", "argmin", "argpartition", "argsort", "argwhere", "array2string",
    "array_equal", "array_equiv", "array_repr", "array_str", "can_cast", "common_type", "count_nonzero",
    "diag_indices_from", "digitize", "einsum_path", "empty_like", "equal", "flatnonzero", "greater",
    "greater_equal", "isclose", "iscomplex", "iscomplexobj", "isfinite", "isin", "isinf", "isnan", "isneginf",
    "isposinf", "isreal", "isrealobj", "less", "less_equal", "lexsort", "logical_and", "logical_not",
    "logical_or", "logical_xor", "may_share_memory", "min_scalar_type", "nanargmax", "nanargmin", "ndim",
    "nonzero", "not_equal", "ones_like", "result_type", "searchsorted", "shape", "shares_memory", "signbit",
    "size", "tril_indices_from", "triu_indices_from", "zeros_like",
)}


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """`np.clip` has two names for each limit."""
    return ops.clip(a, a_min if min is None else min, a_max if max is None else max)


def _table() -> dict[Function, Function]:
    """Ours for each of NumPy's that has a gradient; some are new in later versions of NumPy."""
    names = {name: name for name in ops.__all__} | OTHER_NAMES
    table = {getattr(np, name): getattr(ops, ours) for name, ours in names.items() if hasattr(np, name)}
    return table | {getattr(np.linalg, name): getattr(ops, name) for name in LINALG} | {np.clip: _clip}


TABLE = _table()

QUICK: dict[Function, Function] = {}
"""The methods of a Value that do what a ufunc does; from `value.py`, which knows how Values are made."""


# ----- the two protocols -----

def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
    """What NumPy calls for a ufunc with a Value among its arguments."""
    if args[0] is self and not kwargs and method == "__call__" and (quick := QUICK.get(ufunc)):  # nearly every call
        return quick(*args)
    ours = TABLE.get(ufunc)
    if method == "__call__":
        if ufunc in WITHOUT_GRADIENT:
            return _on_data(ufunc, args, kwargs)
    elif method == "outer" and ours is not None:
        args = (np.reshape(args[0], np.shape(args[0]) + (1,) * np.ndim(args[1])), args[1])
    else:
        ours = METHODS.get((method, ufunc))
        kwargs.setdefault("axis", 0)
    if ours is None:
        raise _no_rule(ufunc, "" if method == "__call__" else f".{method}")
    _, accepted = _ours(ours)
    return ours(*args, **_options(ufunc, kwargs, {}, accepted))


def array_function(self: Any, function: Function, types: Any, args: tuple,
                   kwargs: dict[str, Any]) -> Any:
    """What NumPy calls for any other function with a Value among its arguments."""
    ours = TABLE.get(function)
    if ours is None:
        if function in WITHOUT_GRADIENT:
            return _on_data(function, args, kwargs)
        raise _no_rule(function)
    count, accepted = _ours(ours)
    if kwargs or len(args) > count:
        names, defaults = _numpys(function)
        if names:
            kwargs = dict(zip(names, args, strict=False)) | kwargs
            args = tuple(kwargs.pop(name) for name in names[:count] if name in kwargs)
        kwargs = _options(function, kwargs, defaults, accepted)
    return ours(*args, **kwargs)


def _on_data(function: Function, args: tuple, kwargs: dict[str, Any]) -> Any:
    """NumPy's own result, with the data of Values in their place."""
    options = _options(function, kwargs, {}, set(kwargs) - {"out"})
    return function(*map(_plain, args), **{name: _plain(x) for name, x in options.items()})


def _plain(x: Any) -> Any:
    """x with the data of Values in their place."""
    if isinstance(x, Node):
        return x._numbers
    return type(x)(map(_plain, x)) if type(x) in (list, tuple) else x


# ----- NumPy's arguments and ours -----

@cache
def _numpys(function: Function) -> tuple[list[str], dict[str, Any]]:
    """The names of NumPy's parameters in order (none for any number of arrays), and their defaults."""
    try:
        parameters = signature(function).parameters
    except ValueError:  # some that are written in C do not tell
        return [], {}
    defaults = {name: p.default for name, p in parameters.items()}
    if any(p.kind is Parameter.VAR_POSITIONAL for p in parameters.values()):
        return [], defaults
    return ["shape" if name == "newshape" else name for name in parameters], defaults  # as NumPy 2.0 had it


@cache
def _ours(function: Function) -> tuple[int, set[str]]:
    """How many arguments come first, without a name, in a call of ours; the names of all options."""
    if isinstance(function, Op):
        return 1 if function.variadic else len(function.input_names), set(function.defaults)
    parameters = signature(function).parameters
    return sum(p.default is Parameter.empty for p in parameters.values()), set(parameters)


def _options(function: Function, kwargs: dict[str, Any], defaults: dict[str, Any],
             accepted: set[str]) -> dict[str, Any]:
    """The options that ours takes; another may be given only where it says what NumPy does by default."""
    options = {}
    for name, x in kwargs.items():
        if name in accepted:
            options[name] = x
        elif name == "out" and x is not None:
            raise OptionError(f"{_name(function)} of a Value does not write into an array (out=): a result "
                              "is always a new Value, so write a = a + v, not a += v")
        elif x is not None and x is not np._NoValue and x is not defaults.get(name, np._NoValue):
            raise OptionError(f"{_name(function)} of a Value does not take {name}={x!r}, which has no "
                              f"gradient rule here; it takes {', '.join(sorted(accepted)) or 'no options'}")
    return options


def _name(function: Function) -> str:
    """What the user calls it: `np.sort`, `np.linalg.svd`."""
    if getattr(np, function.__name__, None) is function:
        return f"np.{function.__name__}"
    module = getattr(function, "__module__", None)
    return f"{module}.{function.__name__}".replace("numpy.", "np.") if module else function.__name__


def _no_rule(function: Function, method: str = "") -> GradientRuleError:
    return GradientRuleError(f"{_name(function)}{method} has no gradient rule here. Compute it from others "
                             "that have one, run it on v.numpy() if its gradient is not needed, or define it "
                             "with @tg.primitive.")
