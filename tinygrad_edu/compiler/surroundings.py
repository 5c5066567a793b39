"""What a function finds around it: the cells of its closure, the globals it names, the modules and Values in them."""

import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.engine.value import Value

PLAIN = (float, int, bool, str, bytes, type(None))
"""What is a constant of the program: another number, another program."""


def names_around(function: Any) -> Iterator[tuple[str, Any, Callable[[], Any]]]:
    """(name, object, how to look it up again) for what a function has from outside."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents, lambda cell=cell: cell.cell_contents  # type: ignore[misc]
        except ValueError:  # not assigned yet
            continue
    names = function.__globals__
    for name in _global_names(function.__code__):
        if name in names:
            yield name, names[name], lambda name=name: names.get(name)  # type: ignore[misc]


def _global_names(code: types.CodeType) -> list[str]:
    found = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += _global_names(constant)
    return list(dict.fromkeys(found))


class Surroundings:
    """What a function finds around it now, to see later whether it is the same.

    key: equal for surroundings that one program serves.
    """

    def __init__(self, function: Any) -> None:
        found, waiting, seen = [], [(function, True)], set()
        while waiting:
            inner, outermost = waiting.pop()
            for _, x, read in names_around(inner):
                if isinstance(x, types.ModuleType | types.BuiltinFunctionType | type):
                    continue
                found.append((x, read, outermost))
                if _is_own(x) and id(x) not in seen:  # a function that it calls has surroundings, too
                    seen.add(id(x))
                    waiting.append((x, False))
        self._objects, self._reads = [x for x, _, _ in found], [read for _, read, _ in found]
        owner = getattr(function, "__self__", None)
        self._attributes = None if owner is None or isinstance(owner, types.ModuleType) else vars(owner)
        self._plain = self._plain_attributes()
        self.key = (tuple(_key(x) if outermost else _inner_key(x) for x, _, outermost in found), self._plain,
                    tuple(_configuration(module) for module in found_within(function) if hasattr(module, "training")))

    def _plain_attributes(self) -> Any:
        return self._attributes and tuple((k, _key(x)) for k, x in self._attributes.items())

    def same(self) -> bool:
        """Whether everything is still there, object by object."""
        for read, x in zip(self._reads, self._objects, strict=True):
            if read() is not x:
                return False
        return self._attributes is None or self._plain == self._plain_attributes()


def _key(x: Any) -> Any:
    if type(x) is np.ndarray:
        return x.shape, x.dtype
    return (type(x), x) if isinstance(x, PLAIN) else id(x)


def _inner_key(x: Any) -> Any:
    """Arrays around an inner function are constants of the program."""
    return id(x) if type(x) is np.ndarray else _key(x)


def _is_own(x: Any) -> bool:
    """Whether it is a function of the user's."""
    return isinstance(x, types.FunctionType | types.MethodType) and not x.__module__.startswith(("tinygrad_edu", "numpy"))


def _configuration(module: Any) -> Any:
    """The settings of a module that its forward may hang on."""
    return id(module), tuple((name, _key(x) if isinstance(x, PLAIN) else tuple(map(id, x)) if isinstance(
        x, list | tuple) else id(x)) for name, x in vars(module).items())


def found_within(function: Any) -> Iterator[Any]:
    """The leaf Values and the modules that a function reaches: by names, in lists, modules, optimizers and other objects."""
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        x = waiting.pop()
        if id(x) in seen or isinstance(x, (type, types.ModuleType, np.ndarray, *PLAIN)):
            continue
        seen.add(id(x))
        if isinstance(x, Value):
            if x.op is None:
                yield x
        elif isinstance(x, list | tuple | set):
            waiting += x
        elif isinstance(x, dict):
            waiting += x.values()
        elif hasattr(x, "named_modules") and hasattr(x, "named_parameters"):
            for _, module in x.named_modules():
                if id(module) not in seen or module is x:
                    seen.add(id(module))
                    yield module
            waiting += [p for _, p in x.named_parameters()]
        elif hasattr(x, "zero_grad") and hasattr(x, "params"):
            waiting += x.params
        elif isinstance(x, types.FunctionType | types.MethodType):
            waiting += [y for _, y, _ in names_around(x)]
            waiting.append(getattr(x, "__self__", None))
        elif type(x).__module__.partition(".")[0] not in ("builtins", "numpy", "tinygrad_edu"):
            waiting += vars(x).values() if hasattr(x, "__dict__") else ()


def with_traced_closure(function: Any, capture: Any) -> Any:
    """The function, with what stands for arrays around it in the place of these: they are read anew in each call."""
    plain = {name: (x, read) for name, x, read in names_around(function)
             if type(x) is np.ndarray and x.dtype.kind in "fiub"}
    if not plain or not isinstance(function, types.FunctionType):
        return function
    traced = {name: capture.outside(x, name, read) for name, (x, read) in plain.items()}
    free = function.__code__.co_freevars
    cells = tuple(types.CellType(traced[name]) if name in traced else cell
                  for name, cell in zip(free, function.__closure__ or (), strict=True))
    names = function.__globals__ | {name: x for name, x in traced.items() if name not in free}
    new = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    new.__kwdefaults__ = function.__kwdefaults__
    return new

