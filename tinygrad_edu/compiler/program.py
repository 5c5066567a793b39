"""What a traced function did, as data: variables, and the NumPy calls that made one of another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SECTIONS = ("forward", "backward", "update")


@dataclass(eq=False, slots=True)
class Variable:
    """A number or an array of the program.

    value: what it was when the function was traced. Of an array only shape, dtype and memory count from then on.
    name: what to call it if nothing better is known.
    """

    number: int
    value: Any
    name: str = ""
    made_by: "Call | None" = None  # None for an input

    def __repr__(self) -> str:
        return f"v{self.number}{getattr(self.value, 'shape', '')}"

    @property
    def is_array(self) -> bool:
        """Whether it needs memory of its own; single numbers are Python's affair."""
        return isinstance(self.value, np.ndarray)

    @property
    def is_python(self) -> bool:
        """Whether it is one of Python's own numbers."""
        return type(self.value) in (float, int, bool)


@dataclass(eq=False, slots=True)
class Call:
    """y = function(*args, **options). Variables may stand anywhere in the arguments, also in tuples and lists.

    view: the variable that y shares its memory with, if it does.
    note: the formula that it belongs to.
    """

    function: Callable[..., Any]
    args: tuple
    options: dict[str, Any]
    y: Variable
    section: str
    view: Variable | None = None
    note: str = ""
    loop: int | None = None  # of the loop over pieces of long vectors that it belongs to
    _inputs: tuple[Variable, ...] = field(init=False)

    def __repr__(self) -> str:
        return f"{self.y} = {getattr(self.function, '__name__', self.function)}{self.args}"

    def __post_init__(self) -> None:
        self._inputs = tuple(variables(self.args)) + tuple(variables(self.options) if self.options else ())

    def inputs(self) -> tuple[Variable, ...]:
        """The variables among its arguments, in order, with repetitions."""
        return self._inputs


def root(variable: Variable) -> Variable:
    """The variable whose memory this one shares."""
    while variable.made_by is not None and variable.made_by.view is not None:
        variable = variable.made_by.view
    return variable


def variables(tree: Any) -> Iterator[Variable]:
    """The variables in nested tuples, lists, dicts and slices."""
    if isinstance(tree, Variable):
        yield tree
    elif isinstance(tree, tuple | list):
        for branch in tree:
            if isinstance(branch, Variable):  # as nearly always, without another generator
                yield branch
            elif not isinstance(branch, float):
                yield from variables(branch)
    elif isinstance(tree, dict):
        yield from variables(list(tree.values()))
    elif isinstance(tree, slice):
        yield from variables((tree.start, tree.stop, tree.step))


def replaced(tree: Any, new: Callable[[Any], Any]) -> Any:
    """The same tree with new(leaf) in the place of every leaf."""
    if isinstance(tree, tuple):
        parts = [replaced(x, new) if isinstance(x, tuple | list | dict | slice) else new(x) for x in tree]
        return tree._make(parts) if hasattr(tree, "_make") else tuple(parts)
    if isinstance(tree, list):
        return [replaced(branch, new) for branch in tree]
    if isinstance(tree, dict):
        return {key: replaced(branch, new) for key, branch in tree.items()}
    if isinstance(tree, slice):
        return slice(*(replaced(part, new) for part in (tree.start, tree.stop, tree.step)))
    return new(tree)


@dataclass(slots=True)
class State:
    """An array, or a number, that outlives a call: of a parameter, a running sum, a count of steps.

    The program reads it as `before`, and leaves it as `after`, the same variable if it is not changed.
    """

    before: Variable
    after: Variable
    read: Callable[[], Any]
    write: Callable[[Any], None] | None = None  # of a number; an array is written in place


@dataclass(slots=True)
class Program:
    """The calls in order, with what they start from and what is wanted of them.

    arguments: of the function, its arrays.
    settings: Python numbers that are read anew at each call, such as a learning rate.
    states: what is read and written in place.
    results: what the function returned, as a tree in which variables stand for what was computed.
    guards: truths that must be as they were when the function was traced: (variable, its value).
    """

    arguments: list[Variable] = field(default_factory=list)
    settings: list[State] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    constants: dict[int, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    results: Any = None
    guards: list[tuple[Variable, bool]] = field(default_factory=list)
