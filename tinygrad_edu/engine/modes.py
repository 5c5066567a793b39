"""Modes of the engine, each a `with` block of one thread: `no_grad` and `detect_anomaly`."""

import sys
import threading
import zlib
from contextlib import ContextDecorator
from inspect import isgeneratorfunction
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Node, clock
from tinygrad_edu.errors import AnomalyError, MutationError, OptionError
from tinygrad_edu.tracing import current

ACTIVE: list[str] = []
"""The modes of ops that are on in any thread: empty in the usual case, so that an op has one quick thing to look at."""

LOOKED_AT_BY_OPS = ("recording", "anomaly", "tracing")

PACKAGE = str(Path(__file__).parents[1])


class _Modes(threading.local):
    def __init__(self) -> None:
        self.before: dict[str, list[Any]] = {}  # what to return to; of each thread its own, though threads may share

    recording = True
    anomaly = False
    tracing = False
    differentiating_since: float = float("inf")


_modes = _Modes()


def recording() -> bool:
    """Whether ops of this thread remember their inputs."""
    return _modes.recording


class Mode(ContextDecorator):
    """A setting of this thread within a `with` block, or within a function that it decorates; it may be used again."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value

    def __call__(self, function: Any) -> Any:
        """The function, decorated; OptionError for a generator, whose body would run outside of the mode."""
        if isgeneratorfunction(function):
            raise OptionError(f"{function.__name__} is a generator, which a mode cannot decorate; write `with` "
                              "inside it")
        return super().__call__(function)

    def __enter__(self) -> None:
        _modes.before.setdefault(self.name, []).append(getattr(_modes, self.name))
        setattr(_modes, self.name, self.value)
        if self.name in LOOKED_AT_BY_OPS:
            ACTIVE.append(self.name)

    def __exit__(self, *error: object) -> None:
        if self.name in LOOKED_AT_BY_OPS:
            ACTIVE.remove(self.name)
        setattr(_modes, self.name, _modes.before[self.name].pop())


def no_grad() -> Mode:
    """Within it, ops compute but remember nothing: no graph, no memory held, no gradient. Also a decorator.

    >>> import tinygrad_edu as tg
    >>> w = tg.Value(3.0)
    >>> with tg.no_grad():
    ...     y = w * w
    >>> y.op is None
    True
    """
    return Mode("recording", False)


def enable_grad() -> Mode:
    """Within it, ops remember their inputs again, even inside `no_grad`."""
    return Mode("recording", True)


def detect_anomaly() -> Mode:
    """Within it, the first op that makes a NaN or an infinity raises AnomalyError, in forward and in backward.

    The message names the op, the shapes of its inputs and the line of your code that called it. Writes made
    directly into a saved array (`v.data[0] = 1`) between forward and backward raise MutationError. It reads
    every array once more, so it is for finding errors, not for training.

    >>> import numpy as np, tinygrad_edu as tg
    >>> x = tg.Value([1.0, 0.0], name="x")
    >>> with tg.detect_anomaly(), np.errstate(divide="ignore"):
    ...     np.log(x)
    Traceback (most recent call last):
    tinygrad_edu.errors.AnomalyError: log of 'x' (2,) made -inf ...
    """
    return Mode("anomaly", True)


def differentiate() -> Mode:
    """Within it, a function runs to be differentiated: to take a number out of what it computes is an error."""
    return Mode("differentiating_since", next(clock))


def differentiating_since() -> float:
    """The time since which a function of this thread is being differentiated; infinity if none is, or not here."""
    return _modes.differentiating_since if _modes.recording else float("inf")


def tracing() -> Any:
    """The trace that `compile` makes in this thread, if it makes one."""
    return current.trace


def watching() -> bool:
    """Whether `detect_anomaly` is on in this thread."""
    return _modes.anomaly


def made(node: Any) -> None:
    """What every op does with its new node while a mode is on."""
    if current.trace is not None:
        current.trace.made(node)
    if _modes.anomaly:
        _watch_forward(node)
    if not _modes.recording:
        node.op, node.options, node._x1, node._x2, node._sum = None, {}, None, None, None
        if isinstance(node._numbers, np.ndarray) and node._numbers.base is not None:
            node._numbers = node._numbers.copy()  # a view would change with its parameter, and no graph would know
        node.add_note("unrecorded", True)


def _watch_forward(node: Node) -> None:
    """Under detect_anomaly: look at a new node's data, and note where it was made and what it saved."""
    op, inputs, line = node.op, node.inputs, _users_line()
    assert op is not None
    bad = _not_finite(node)
    if bad:
        already = next(filter(None, map(_not_finite, inputs)), "")
        source = f"; its input already had {already}" if already else ""
        raise AnomalyError(f"{op.name} of {_described(inputs)} made {bad}{source} ({line})")
    node.add_note("origin", (line, [_checksum(x) for x in (node, *inputs)]))


def watch_backward(node: Node, i: int, gradient: Any) -> None:
    """Under detect_anomaly: look at one edge's gradient."""
    bad = _not_finite(gradient)
    if bad:
        assert node.op is not None
        line = node.note("origin", ("made before detect_anomaly was on",))[0]
        raise AnomalyError(f"backward of {node.op.name} of {_described(node.inputs)} made {bad} as the gradient of its "
                           f"input {node.op.input_name(i)} ({line})")


def check_unwritten(nodes: list[Node]) -> None:
    """Under detect_anomaly: raise MutationError if an array that a node saved was written into."""
    for node in nodes:
        origin = node.note("origin", None)
        if origin is None:
            continue
        line, checksums = origin
        for x, before in zip((node, *node.inputs), checksums, strict=True):
            if _checksum(x) != before:
                assert node.op is not None
                raise MutationError(f"backward of {node.op.name}: the array of {_described((x,))} was written into "
                                    f"directly after {node.op.name} had used it ({line}), so its gradient would be "
                                    "wrong. Use v.assign(...) or tg.setitem(v, index, value), and compute forward "
                                    "again.")


def _array(x: Any) -> np.ndarray:
    return np.asarray(x._numbers if isinstance(x, Node) else 0.0 if x is None else x)


def _checksum(x: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(_array(x)).tobytes())


def _not_finite(x: Any) -> str:
    """`nan`, `inf` or `-inf`, whichever comes first in the data; empty if all is finite."""
    array = _array(x)
    bad = array[~np.isfinite(array)] if array.dtype.kind == "f" else array[:0].ravel()
    return str(bad.flat[0]) if bad.size else ""


def _described(inputs: tuple) -> str:
    return ", ".join(x.describe() if isinstance(x, Node) else f"a constant of shape {np.shape(x)}"
                     for x in inputs if x is not None)


def _users_line() -> str:
    """The innermost line of the call stack that is not the library's or NumPy's: the user's own."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith((PACKAGE, str(Path(np.__file__).parent))):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"
