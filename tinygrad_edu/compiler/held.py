"""What lists, dicts, objects and classes of the user's hold, which may be another thing at the next call."""

import sys
import types
from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np

from tinygrad_edu.engine.value import Value

PLAIN = (float, int, bool, str, bytes, type(None))
"""What is a constant of the program: another number, another program."""

SEQUENCES = (list, tuple, set, frozenset, deque)

DEEPEST = 4
"""How deep lists, dicts and objects within one another are looked into."""


def holders(x: Any, seen: set[int]) -> Iterator[tuple[Any, Iterable[Any]]]:
    """(holder, what it holds, now and whenever one asks) for x and all within it that was not seen yet."""
    waiting = deque([(x, DEEPEST)])
    while waiting:
        x, depth = waiting.popleft()
        if isinstance(x, PLAIN) or id(x) in seen:
            continue
        held = _held_by(x)
        if held is None:
            continue
        seen.add(id(x))
        yield x, held
        if depth > 1:
            waiting += [(part, depth - 1) for part in held]
            if not isinstance(x, (*SEQUENCES, dict, type)):
                waiting += [(kind, depth - 1) for kind in type(x).__mro__ if is_users(kind)]


def _held_by(x: Any) -> Any:
    if isinstance(x, SEQUENCES):
        return x
    if isinstance(x, dict):
        return x.values()
    if isinstance(x, types.ModuleType | types.FunctionType | types.MethodType | np.ndarray | Value):
        return None
    if isinstance(x, type):
        return _OfClass(x) if is_users(x) else None
    if not is_users(type(x)):
        return None
    return vars(x).values() if hasattr(x, "__dict__") else _OfSlots(x)


class _OfClass:
    """The attributes of a class that are no methods."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def __iter__(self) -> Iterator[Any]:
        for name, x in vars(self._kind).items():
            if name[:2] != "__" and not callable(x) and not hasattr(type(x), "__get__"):
                yield x

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _OfSlots:
    """The attributes of an object that has them in slots."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._names = [name for kind in type(owner).__mro__ for name, x in vars(kind).items()
                       if isinstance(x, types.MemberDescriptorType)]

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self._owner, name, None) for name in self._names)

    def __len__(self) -> int:
        return len(self._names)


def content(holder: Any, held: Iterable[Any]) -> tuple:
    """What is equal as long as all that is held is there: numbers by value, other things by identity."""
    names = tuple(holder) if isinstance(holder, dict) else None
    return type(holder), names, tuple((type(x), x) if isinstance(x, PLAIN) else id(x) for x in held)


def functions(x: Any, held: Iterable[Any] = ()) -> list[Any]:
    """The user's functions among x, what it holds, and the methods of a class."""
    parts = [x, *(vars(x).values() if isinstance(x, type) else held)]
    return [f for f in map(_unwrapped, parts) if is_own(f)]


def _unwrapped(x: Any) -> Any:
    """The function in a partial, a property, a static method."""
    if isinstance(x, partial):
        return x.func
    return x.fget if isinstance(x, property) else x.__func__ if isinstance(x, staticmethod | classmethod) else x


def is_own(x: Any) -> bool:
    """Whether it is a function of the user's."""
    return isinstance(x, types.FunctionType | types.MethodType) and _of_user((x.__module__ or "").partition(".")[0])


def is_users(kind: type) -> bool:
    """Whether it is a class of the user's."""
    return _of_user(kind.__module__.partition(".")[0])


def is_users_module(x: Any) -> bool:
    """Whether it is a module of the user's, whose names may be assigned anew."""
    return isinstance(x, types.ModuleType) and _of_user(x.__name__.partition(".")[0])


@lru_cache(None)
def _of_user(package: str) -> bool:
    """Not so of Python's own modules, of this library, and of what is installed."""
    file = getattr(sys.modules.get(package), "__file__", None) or ""
    return not (package in sys.stdlib_module_names or package in ("builtins", "numpy", "tinygrad_edu")
                or "site-packages" in file or "dist-packages" in file)
