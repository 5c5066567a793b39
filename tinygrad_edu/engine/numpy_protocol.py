"""NumPy's protocols: `np.exp(v)` and its kin build the graph; a function without a gradient says so."""

from typing import Any

import numpy as np

from tinygrad_edu.engine import ops
from tinygrad_edu.engine.primitive import OPS
from tinygrad_edu.errors import GradientRuleError, OptionError

ALIASES = {"concat": "concatenate", "permute_dims": "transpose", "pow": "power", "abs": "absolute", "amax": "max",
           "amin": "min", "around": "round", "acos": "arccos", "true_divide": "divide"}

# Functions whose result has no gradient: an index, a shape, a truth. They run on the data.
WITHOUT_GRADIENT = {
    getattr(np, name) for name in (
        "all", "allclose", "any", "argmax", "argmin", "argpartition", "argsort", "argwhere", "array_equal", "array_repr",
        "array_str", "array2string", "count_nonzero", "digitize", "equal", "flatnonzero", "full_like", "greater",
        "greater_equal", "histogram", "isclose", "isfinite", "isinf", "isnan", "isin", "iscomplexobj", "isrealobj",
        "less", "less_equal", "lexsort", "logical_and", "logical_not", "logical_or", "logical_xor", "may_share_memory",
        "ndim", "nonzero", "not_equal", "ones_like", "result_type", "searchsorted", "shape", "shares_memory", "signbit",
        "size", "unique", "zeros_like", "empty_like",
    )
} | {np.linalg.matrix_rank, np.linalg.cond}

REDUCTIONS = {np.add: ops.sum, np.multiply: ops.prod, np.maximum: ops.max, np.minimum: ops.min}


def _table() -> dict[Any, Any]:
    """The differentiable function for each of NumPy's: the op of the same name, or one composed of ops."""
    table: dict[Any, Any] = {}
    for name, op in OPS.items():
        for place in (np, np.linalg):
            if hasattr(place, name):
                table[getattr(place, name)] = op
    for alias, name in ALIASES.items():
        table[getattr(np, alias)] = OPS[name]
    table[np.linalg.norm] = ops.norm
    for composed in COMPOSED:
        place = np.linalg if composed is slogdet else np
        table[getattr(place, composed.__name__)] = composed
    return table


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list:
    """The parts of x along the axis; equal ones if their number is given."""
    n = x.shape[axis]
    if isinstance(indices_or_sections, int | np.integer) and n % indices_or_sections:
        raise OptionError(f"split of {x.describe()} into {indices_or_sections} equal parts along axis {axis}: {n} "
                          "elements do not divide; use np.array_split")
    return array_split(x, indices_or_sections, axis)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list:
    """The parts of x along the axis, as equal as can be if their number is given."""
    parts = np.array_split(np.arange(x.shape[axis]), indices_or_sections)
    starts = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    if not isinstance(indices_or_sections, int | np.integer):
        edges = [0, *indices_or_sections, x.shape[axis]]
        slices = [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
    else:
        slices = [slice(a, b) for a, b in zip(starts, starts[1:], strict=False)]
    return [x[(slice(None),) * (axis % x.ndim) + (s,)] for s in slices]


def _at_least(x: Any, ndim: int) -> Any:
    return x if np.ndim(x) >= ndim else ops.reshape(x, shape=(1,) * (ndim - np.ndim(x)) + np.shape(x))


def vstack(arrays: Any) -> Any:
    """Rows, or matrices, one below the other."""
    return ops.concatenate([_at_least(a, 2) for a in arrays], axis=0)


def hstack(arrays: Any) -> Any:
    """Vectors one after the other, or matrices side by side."""
    rows = [_at_least(a, 1) for a in arrays]
    return ops.concatenate(rows, axis=0 if np.ndim(rows[0]) == 1 else 1)


def column_stack(arrays: Any) -> Any:
    """Vectors as the columns of a matrix."""
    return ops.concatenate([ops.reshape(a, shape=(-1, 1)) if np.ndim(a) < 2 else a for a in arrays], axis=1)


def ravel(a: Any) -> Any:
    """All elements in a row."""
    return ops.reshape(a, shape=-1)


def inner(a: Any, b: Any) -> Any:
    """Σ over the last axes of both."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return ops.multiply(a, b)
    return ops.tensordot(a, b, axes=(-1, -1))


def average(a: Any, axis: Any = None) -> Any:
    """The mean."""
    return ops.mean(a, axis=axis)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours, n times."""
    for _ in range(n):
        ahead = (slice(None),) * (axis % np.ndim(a))
        a = a[(*ahead, slice(1, None))] - a[(*ahead, slice(None, -1))]
    return a


def slogdet(a: Any) -> Any:
    """(sign, ln |det a|); the sign has no gradient."""
    plain = np.linalg.slogdet(a._data)
    return type(plain)(plain.sign, ops.logabsdet(a))


COMPOSED = [split, array_split, vstack, hstack, column_stack, ravel, inner, average, diff, slogdet]
TABLE = _table()


def _plain(x: Any) -> Any:
    """x with the data of Values in their place."""
    if hasattr(type(x), "__apply_op__"):
        return x._data
    return type(x)(map(_plain, x)) if type(x) in (list, tuple) else x


def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
    """What NumPy calls for a ufunc with a Value among its arguments."""
    function = TABLE.get(ufunc) if method == "__call__" else REDUCTIONS.get(ufunc) if method == "reduce" else None
    if kwargs:
        _refuse_out(ufunc, kwargs)
    if function is not None:
        if method == "reduce":
            kwargs.setdefault("axis", 0)
        return function(*args, **kwargs)
    if method == "__call__" and ufunc in WITHOUT_GRADIENT:
        return ufunc(*map(_plain, args), **kwargs)
    raise _no_rule(ufunc.__name__ + ("" if method == "__call__" else f".{method}"))


def array_function(self: Any, function: Any, types: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """What NumPy calls for any other function with a Value among its arguments."""
    _refuse_out(function, kwargs)
    ours = TABLE.get(function)
    if ours is not None:
        return ours(*args, **kwargs)
    if function in WITHOUT_GRADIENT:
        return function(*map(_plain, args), **{name: _plain(x) for name, x in kwargs.items()})
    raise _no_rule(function.__name__)


def _refuse_out(function: Any, kwargs: dict[str, Any]) -> None:
    for name in ("out", "dtype", "where", "initial", "casting", "order", "subok"):
        if name in kwargs:
            if kwargs[name] is None or kwargs[name] is np._NoValue:
                del kwargs[name]
            else:
                raise OptionError(f"np.{function.__name__} of a Value does not take {name}=: a new Value is made of "
                                  "every result")


def _no_rule(name: str) -> GradientRuleError:
    return GradientRuleError(f"np.{name} has no gradient rule here. Compute it from functions that have one, run it on "
                             "v.numpy() if its gradient is not needed, or define it with @tg.primitive.")
