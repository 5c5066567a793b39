"""One run of f for the transforms: on fresh Values, to which gradients are pulled back, and no further."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from tinygrad_edu.engine import modes, ops
from tinygrad_edu.engine.backpropagation import pull_back
from tinygrad_edu.engine.graph import Node, ancestors, check_unchanged, on_the_way_to
from tinygrad_edu.engine.trees import leaves, map_leaves, pairs, with_leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import (
    ArgumentError,
    BackwardError,
    DtypeError,
    OptionError,
    ShapeError,
    TinygradError,
)
from tinygrad_edu.tracing import as_array, current


class Run:
    """f called once, with fresh Values in place of the arguments to differentiate by.

    where: the transform and the function, for messages.
    chosen: the arguments to differentiate by, a tree: one argument, or a tuple of several.
    sources: the fresh Values, in the order of the leaves of `chosen`.
    y: what f returned, a tree of Values and of constants.
    values: whether derivatives are handed out as Values, because they depend on more than the fresh ones.
    """

    def __init__(self, transform: str, f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any],
                 argnums: int | tuple[int, ...]) -> None:
        self.where = f"{transform} of {getattr(f, '__name__', type(f).__name__)}"
        self.sources: list[Value] = []
        inputs, positions = list(args), self._positions(argnums, len(args))
        with remembering(), modes.differentiate():
            for i in positions:
                inputs[i] = map_leaves(self._fresh, args[i], f"argument {i}")
            self.y = map_leaves(self._checked, f(*inputs, **kwargs))
        self.chosen = args[positions[0]] if isinstance(argnums, int) else tuple(args[i] for i in positions)
        given = any(isinstance(x, Value) for x in leaves(self.chosen))
        self.values = given or reach_older(leaves(self.y), self.sources)

    def _positions(self, argnums: int | tuple[int, ...], count: int) -> list[int]:
        """argnums, counted from the front."""
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        for i in numbers:
            if not -count <= i < count:
                called = f"{count} positional argument{'' if count == 1 else 's'}"
                raise ArgumentError(f"{self.where}: called with {called}, there is no argument {i} to "
                                    "differentiate by; choose with argnums among those that there are")
        positions = [i % count for i in numbers]
        if len(set(positions)) < len(positions):
            raise ArgumentError(f"{self.where}: argnums={argnums} names an argument twice")
        return positions

    def _fresh(self, x: Any, path: str) -> Value:
        """A Value that only this run knows; if x is one itself, a copy that leads back to it."""
        try:
            fresh = ops.positive(x) if isinstance(x, Value) else Value(x)
        except TinygradError:
            raise DtypeError(f"{self.where}: {path} is {_kind(x)}; one can differentiate by real numbers, "
                             "arrays of them, and dicts, lists and tuples of these") from None
        self.sources.append(fresh)
        return fresh

    def _checked(self, y: Any, path: str) -> Any:
        """A leaf of what f returned, once it is known to be numbers."""
        if not isinstance(y, Value) and np.asarray(y).dtype.kind not in "fiub":
            place = f" at {path}" if path else ""
            raise OptionError(f"{self.where}: the function returned {_kind(y)}{place}; it must return "
                              "real numbers that it computed from its arguments (is a `return` missing?)")
        return y

    def value(self) -> Any:
        """What f returned, as numbers or as Values."""

        def outward(y: Any, path: str) -> Any:
            if not isinstance(y, Value) or (self.values and modes.recording()):
                return y
            return y.detach() if self.values else _own(y.data)

        return map_leaves(outward, self.y)

    def gradient(self, cotangents: Sequence[Any]) -> Any:
        """Σ <y, cotangent> differentiated by the chosen arguments."""
        outputs = list(leaves(self.y))
        return with_leaves(self.chosen, derivatives(outputs, cotangents, self.sources, self.values))

    def gradient_of_number(self) -> Any:
        """y differentiated by the chosen arguments, if it is a single number."""
        if isinstance(self.y, dict | list | tuple):
            raise OptionError(f"{self.where}: the function returned a {type(self.y).__name__}; a gradient "
                              "is that of a single number: return only that, or use jacobian")
        if np.size(self.y) != 1:
            raise BackwardError(f"{self.where}: the function returned shape {np.shape(self.y)}; a gradient "
                                "is that of a single number: return y.sum(), or use jacobian")
        return self.gradient([ones(self.y)])

    def jacobian_of(self, y: Any) -> Any:
        """The derivative of a leaf of what f returned by the chosen arguments: one pull for each number."""
        way, as_graph = way_to(self.sources, y), self.values and modes.recording()
        rows = [pull_along(way, y, e, self.sources, as_graph) for e in _unit_vectors(y)]

        def matrix(k: int, x: Value) -> Any:
            parts = [handed_out(row[k], x, self.values) for row in rows]
            if np.ndim(y) == 0:
                return parts[0]
            shape = np.shape(y) + x.shape
            rows_of_x = np.stack(parts) if parts else handed_out(np.zeros(shape, x.dtype), x, self.values)
            return np.reshape(rows_of_x, shape)

        return with_leaves(self.chosen, [matrix(k, x) for k, x in enumerate(self.sources)])


def remembering() -> AbstractContextManager[None]:
    """Inside, ops remember their inputs, even within `no_grad`; a mode that is on costs time."""
    return nullcontext() if modes.recording() else modes.enable_grad()


# ----- pulling back to the sources, and no further -----

def derivatives(outputs: Sequence[Any], cotangents: Sequence[Any], sources: Sequence[Value],
                values: bool) -> list[Any]:
    """Σ <output, cotangent> differentiated by each source, as they are handed out."""
    values = values or any(isinstance(u, Value) for u in cotangents)
    found = pull(outputs, cotangents, sources, as_graph=values and modes.recording())
    return [handed_out(d, x, values) for d, x in zip(found, sources, strict=True)]


def pull(outputs: Sequence[Any], cotangents: Sequence[Any], sources: Sequence[Value],
         as_graph: bool) -> list[Any]:
    """Σ <output, cotangent> differentiated by each source; None for one that it does not depend on."""
    terms = [(y, u) for y, u in zip(outputs, cotangents, strict=True) if isinstance(y, Value)]
    if len(terms) == 1:
        root, seed = terms[0]
    else:
        with remembering():
            root, seed = sum(ops.sum(y * u) for y, u in terms), 1.0
    return pull_along(way_to(sources, root), root, seed, sources, as_graph)


def pull_along(way: list[Node], root: Any, seed: Any, sources: Sequence[Value], as_graph: bool) -> list[Any]:
    """The gradients of the sources, for the gradient `seed` of the root; `way` as `way_to` gives it."""
    if not way:
        return [seed if x is root else None for x in sources]
    check_unchanged([*way, *(x for x in reversed(sources) if x.op is not None)])
    watching = modes.watching()
    if watching:
        modes.check_unwritten(way)
    _, found = pull_back(way, sources, seed, as_graph=as_graph,
                         inspect=modes.watch_backward if watching else None)
    return found


def way_to(sources: Sequence[Value], root: Any) -> list[Node]:
    """The nodes from the root to the sources, newest first and without these: each depends on one of them."""
    nodes, _ = _newer([root], sources)
    known = set(sources)
    return on_the_way_to(known, [node for node in nodes if node not in known])


def reach_older(roots: Iterable[Any], sources: Sequence[Value]) -> bool:
    """Whether the roots depend on nodes that were there before the sources."""
    return bool(_newer(roots, sources)[1])


def _newer(roots: Iterable[Any], sources: Sequence[Value]) -> tuple[list[Node], list[Node]]:
    """The computed nodes since the sources that the roots depend on, newest first; and the older ones behind.

    Older nodes cannot depend on the sources: the walk ends there, however long the graph behind them is.
    """
    start = sources[0].time if sources else 0
    nodes, ends = ancestors([y for y in roots if isinstance(y, Value)], since=start)
    return nodes, [x for x in ends if x.time < start]


# ----- numbers in, numbers out -----

def handed_out(d: Any, x: Value, values: bool) -> Any:
    """A derivative by x as the user gets it; None means 0."""
    if isinstance(d, Value):
        return d
    if d is None:
        d = np.zeros(x.shape, x.dtype)
    if type(x.data) is float and np.ndim(d) == 0:
        d = float(d)
    return Value(_own(d)) if values else d


def _own(data: Any) -> Any:
    """Data that nothing in the graph shares."""
    return data.copy() if isinstance(data, np.ndarray) else data


def ones(y: Any) -> Any:
    """1 for every number in y."""
    return 1.0 if _is_float(y) else np.ones(np.shape(y), getattr(y, "dtype", None))


def _is_float(y: Any) -> bool:
    return type(y.data if isinstance(y, Value) else y) is float


def _unit_vectors(y: Any) -> Iterator[Any]:
    """For each number in y: 1 there, and 0 elsewhere."""
    if _is_float(y):
        yield 1.0
        return
    for place in np.ndindex(np.shape(y)):
        e = np.zeros_like(ones(y))
        e[place] = 1
        yield e


def fitting(like: Any, given: Any, what: str) -> list[Any]:
    """The leaves of a vector, once they are known to fit the tree `like`: in form, shape and dtype.

    Errors: ShapeError, DtypeError.
    """
    return [_fitted(u, y, path) for y, u, path in pairs(like, given, what)]


def _fitted(u: Any, y: Any, path: str) -> Any:
    u = u if isinstance(u, Value) else as_array(u)
    if u.dtype.kind not in "fiub":
        raise DtypeError(f"{path} has dtype {u.dtype}; it must be real numbers")
    if u.shape != np.shape(y):
        raise ShapeError(f"{path} has shape {u.shape}, but belongs to one of shape {np.shape(y)}")
    if not isinstance(y, Value):  # a constant, to which nothing is pulled back
        return u
    if isinstance(u, Value):
        return u if u.dtype == y.dtype else u.astype(y.dtype)
    if not _is_float(y):
        return u.astype(y.dtype)
    return u.item() if current.trace is not None else float(u)


def _kind(x: Any) -> str:
    """What a message calls something that is not real numbers."""
    if isinstance(x, str | bytes | complex | None):
        return f"{x!r:.40}"
    return f"a {type(x).__name__} of dtype {np.asarray(x).dtype}"
