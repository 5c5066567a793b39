"""Functions as text that runs without the module they are from: with the functions, numbers and imports they need."""

import ast
import inspect
import sys
import textwrap
import types
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_edu.engine.primitive import Op
from tinygrad_edu.errors import OptionError


class Standalone:
    """Definitions, each once and after those that it needs.

    imports: lines of import; NumPy's is taken for granted.
    definitions: the rest, in order.
    """

    def __str__(self) -> str:
        """The definitions as text: numbers in successive lines, two empty lines around functions."""
        text = ""
        for before, here in pairwise(["", *self.definitions]):
            plain = "\n" not in here
            text += ("\n" if plain and before and "\n" not in before else "\n\n\n" if before else "") + here
        return text

    def __init__(self) -> None:
        self.imports: list[str] = []
        self.definitions: list[str] = []
        self._known: dict[str, Any] = {"np": np}

    def imports_by_origin(self) -> tuple[list[str], list[str]]:
        """The imports from Python's own library, and those from packages."""
        own = [line for line in self.imports if _origin(line) in sys.stdlib_module_names]
        return own, [line for line in self.imports if line not in own]

    def packages(self) -> list[str]:
        """The packages besides NumPy that are imported, also within functions."""
        text = "\n".join([*self.imports, *self.definitions])
        lines = (line for line in text.splitlines() if line.split()[:1] in (["import"], ["from"]))
        return sorted({_origin(line) for line in lines} - {*sys.stdlib_module_names, "numpy"})

    def add(self, name: str, x: Any) -> None:
        """Define a name as a function, or as what a function needs.

        Errors: OptionError if there is no text for it, with what to do.
        """
        x = x.forward if isinstance(x, Op) else x
        if name in self._known:
            if self._known[name] is not x:
                raise OptionError(f"save: two things are called {name!r}; rename one of them")
            return
        self._known[name] = x
        if isinstance(x, types.ModuleType):
            self.imports.append(f"import {x.__name__}" if x.__name__ == name else _import_of(x, name))
        elif isinstance(x, types.FunctionType):
            text = _function(name, x)
            for other, value in _named(text, x):
                self.add(other, value)
            self.definitions.append(text)
        elif isinstance(x, type):
            self._add_class(name, x)
        elif isinstance(x, bool | int | float | str | bytes | tuple | frozenset | type(None)):
            self.definitions.append(f"{name} = {x!r}")
        elif callable(x) and hasattr(x, "__module__") and hasattr(x, "__name__"):
            self.imports.append(_from(x, name))
        else:
            raise OptionError(f"save: {name}, of type {type(x).__name__}, cannot be written as text; make it a number "
                              "or a function of NumPy calls, or pass it to the compiled function as an argument")

    def _add_class(self, name: str, x: type) -> None:
        if x.__module__.partition(".")[0] in (*sys.stdlib_module_names, "numpy"):
            self.imports.append(_from(x, name))
            return
        for base in x.__bases__:
            if base.__module__ != "builtins":
                self.add(base.__name__, base)
        self.definitions.append(textwrap.dedent(_source(name, x)).rstrip())


def _origin(line: str) -> str:
    """The package that a line of import is about."""
    return line.split()[1].partition(".")[0]


def _from(x: Any, name: str) -> str:
    return f"from {x.__module__} import {x.__name__}" + ("" if x.__name__ == name else f" as {name}")


def _import_of(module: types.ModuleType, name: str) -> str:
    package, _, last = module.__name__.rpartition(".")
    return f"from {package} import {last}" if package and last == name else f"import {module.__name__} as {name}"


def _source(name: str, x: Any) -> str:
    try:
        return inspect.getsource(x)
    except (OSError, TypeError):
        raise OptionError(f"save: there is no source text of {name}, which the program calls as a whole; define it "
                          "in a file") from None


def _function(name: str, f: types.FunctionType) -> str:
    """`def name(...): ...` for a function or a lambda, without its decorators."""
    if f.__closure__:
        raise OptionError(f"save: {f.__name__} hangs on {', '.join(f.__code__.co_freevars)} of the function around it; "
                          "define it at the top of a file, with numbers written out")
    if f.__name__ == "<lambda>":
        return _lambda(name, f)
    text = textwrap.dedent(_source(name, f))
    try:
        tree = ast.parse(text).body[0]
    except (SyntaxError, IndexError):
        tree = None
    if not isinstance(tree, ast.FunctionDef) or tree.name != f.__name__:
        raise OptionError(f"save: the source of {f.__name__} is not what it was when it was loaded; start Python anew")
    lines = text.splitlines()[tree.lineno - 1:tree.end_lineno]
    lines[0] = lines[0].replace(f"def {tree.name}(", f"def {name}(", 1)
    return "\n".join(lines)


def _lambda(name: str, f: types.FunctionType) -> str:
    """The lambda of its line that has its code, as a function."""
    try:
        lines, _ = inspect.findsource(f)
        lambdas = [node for node in ast.walk(ast.parse("".join(lines))) if isinstance(node, ast.Lambda)]
    except (OSError, SyntaxError):
        lambdas = []
    here = [node for node in lambdas if node.lineno == f.__code__.co_firstlineno]
    if len(here) > 1:
        here = [node for node in here if _code(node) == f.__code__.co_code]
    found = {f"def {name}({ast.unparse(node.args)}):\n    return {ast.unparse(node.body)}" for node in here}
    if len(found) != 1:
        raise OptionError(f"save: the text of {name}, a lambda that the program calls as a whole, is not found; "
                          "write it as a function with def")
    return found.pop()


def _code(node: ast.Lambda) -> bytes:
    return compile(ast.Expression(node), "", "eval").co_consts[0].co_code


def _named(text: str, f: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """The globals that the text of a function names."""
    names = (node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name))
    yield from ((name, f.__globals__[name]) for name in dict.fromkeys(names) if name in f.__globals__)
