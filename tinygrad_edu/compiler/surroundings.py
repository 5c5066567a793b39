"""What a function finds around it: the cells of its closure, the globals it names, the modules and Values in them."""

import types
from collections.abc import Callable, Iterator
from inspect import signature
from operator import call, is_not
from typing import Any

import numpy as np

from tinygrad_edu.compiler.generators import is_generator
from tinygrad_edu.compiler.held import PLAIN, content, functions, holders, is_users, is_users_module
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import TraceError


def names_around(function: Any) -> Iterator[tuple[str, Any, Callable[[], Any]]]:
    """(name, object, how to look it up again) for what a function has from outside."""
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        return
    modules: dict[str, dict[str, Any]] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            x = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
        yield name, x, lambda cell=cell: cell.cell_contents  # type: ignore[misc]
        if is_users_module(x):
            modules[name] = vars(x)
    names = function.__globals__
    used = _global_names(function.__code__)
    for name in used:
        if name in names:
            yield name, names[name], lambda name=name: names.get(name)  # type: ignore[misc]
            if is_users_module(names[name]):
                modules[name] = vars(names[name])
    for module, inside in modules.items():
        for name in used:
            if name in inside:
                yield (f"{module}.{name}", inside[name],
                       lambda name=name, inside=inside: inside.get(name))  # type: ignore[misc]


def _global_names(code: types.CodeType) -> list[str]:
    found = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += _global_names(constant)
    return list(dict.fromkeys(found))


def argument_names(function: Any, count: int) -> list[str]:
    """What the function calls its first so many arguments; x_1, x_2, ... where it does not say."""
    try:
        parameters = [p.name for p in signature(function).parameters.values()
                      if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    except (TypeError, ValueError):
        parameters = []
    return [*parameters[:count], *(f"x_{i + 1}" for i in range(len(parameters), count))]


class Surroundings:
    """What a function finds around it now, to see later whether it is the same.

    key: equal for surroundings that one program serves.
    """

    def __init__(self, function: Any) -> None:
        modules = [x for x in found_within(function) if hasattr(x, "training")]
        found: list[tuple[str, Any, Callable[[], Any], bool]] = []
        held: list[tuple[str, Any, Any]] = []  # the name around, a holder in it, what this holds
        waiting, followed, seen = [function], {id(function)}, set[int]()

        def look_into(name: str, x: Any) -> None:
            inner = functions(x)
            for holder, parts in holders(x, seen):
                held.append((name, holder, parts))
                inner += functions(holder, parts)
            for f in inner:  # what it calls has surroundings, too
                if id(f) not in followed:
                    followed.add(id(f))
                    waiting.append(f)

        for x in (function, *modules, *_defaults(function)):
            look_into(type(x).__name__, x)
        while waiting:
            inner = waiting.pop()
            for name, x, read in names_around(inner):
                if isinstance(x, types.ModuleType | types.BuiltinFunctionType) or (
                        isinstance(x, type) and not is_users(x)):
                    continue
                if hasattr(x, "__next__"):
                    raise TraceError(f"compile: {name} is an iterator, of which the program would have the same item "
                                     "in each call; call next outside, and pass what it gives as an argument")
                found.append((name, x, read, inner is function))
                look_into(name, x)
        self.names = [name for name, _, _, _ in found]
        self._objects, self._reads = [x for _, x, _, _ in found], [read for _, _, read, _ in found]
        self._held, self._contents = held, [content(holder, parts) for _, holder, parts in held]
        self._watched = [(parts, list(parts)) for _, _, parts in held]
        owner = getattr(function, "__self__", None)
        self._attributes = None if owner is None or isinstance(owner, types.ModuleType) else vars(owner)
        self._plain = self._plain_attributes()
        self.key = (tuple(_key(x) if outermost else _inner_key(x) for _, x, _, outermost in found), self._plain,
                    tuple(self._contents),
                    tuple(map(_configuration, modules)))

    def _plain_attributes(self) -> Any:
        return self._attributes and tuple((k, _key(x)) for k, x in self._attributes.items())

    def same(self) -> bool:
        """Whether everything is still there, object by object."""
        if any(map(is_not, map(call, self._reads), self._objects)):
            return False
        for container, before in self._watched:
            if len(container) != len(before) or any(map(is_not, container, before)):
                return False
        return self._attributes is None or self._plain == self._plain_attributes()

    def changed(self) -> list[str]:
        """The names of what is not the same any more."""
        replaced = [name for name, read, x in zip(self.names, self._reads, self._objects, strict=True)
                    if read() is not x]
        replaced += [name for (name, holder, parts), before in zip(self._held, self._contents, strict=True)
                     if content(holder, parts) != before]
        return list(dict.fromkeys(replaced))


def _key(x: Any) -> Any:
    if type(x) is np.ndarray:
        return x.shape, x.dtype
    return (type(x), x) if isinstance(x, PLAIN) else id(x)


def _defaults(function: Any) -> tuple:
    """The default values of its arguments."""
    function = getattr(function, "__func__", function)
    by_name = getattr(function, "__kwdefaults__", None) or {}
    return (*(getattr(function, "__defaults__", None) or ()), *by_name.values())


def _inner_key(x: Any) -> Any:
    """Arrays around an inner function are constants of the program."""
    return id(x) if type(x) is np.ndarray else _key(x)


def _configuration(module: Any) -> Any:
    """The settings of a module that its forward may hang on."""
    def key(x: Any) -> Any:
        return tuple(map(id, x)) if isinstance(x, list | tuple) else _key(x) if isinstance(x, PLAIN) else id(x)

    settings = {name: key(x) for name, x in vars(module).items() if name != "training"}  # there once it was set
    return id(module), module.training, tuple(settings.items())


def found_within(function: Any) -> Iterator[Any]:
    """The leaf Values, modules, optimizers, generators that a function reaches, by names, in lists and objects."""
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        x = waiting.pop()
        if id(x) in seen or isinstance(x, (type, types.ModuleType, np.ndarray, *PLAIN)):
            continue
        seen.add(id(x))
        if is_generator(x):
            yield x
        elif isinstance(x, Value):
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
            yield x
            waiting += x.params
        elif isinstance(x, types.FunctionType | types.MethodType):
            waiting += [y for _, y, _ in names_around(x)]
            waiting.append(getattr(x, "__self__", None))
        elif type(x).__module__.partition(".")[0] not in ("builtins", "numpy", "tinygrad_edu"):
            waiting += vars(x).values() if hasattr(x, "__dict__") else ()


def with_traced_closure(function: Any, capture: Any) -> Any:
    """The function, with what stands for arrays and random generators around it in the place of these.

    The arrays are read anew in each call, and the generators draw anew.
    """
    traced = {}
    for name, x, read in names_around(function):
        if "." in name:  # of an imported module
            continue
        if type(x) is np.ndarray and x.dtype.kind in "fiub":
            traced[name] = capture.outside(x, name, read)
        elif is_generator(x):
            traced[name] = capture.generator(x)
    if not traced or not isinstance(function, types.FunctionType):
        return function
    free = function.__code__.co_freevars
    cells = tuple(types.CellType(traced[name]) if name in traced else cell
                  for name, cell in zip(free, function.__closure__ or (), strict=True))
    names = function.__globals__ | {name: x for name, x in traced.items() if name not in free}
    new = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    new.__kwdefaults__ = function.__kwdefaults__
    return new

