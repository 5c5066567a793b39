"""`Module`: a piece of a network, with the parameters and the modules that it is made of."""

from collections.abc import Iterator, Mapping
from reprlib import recursive_repr
from typing import Any, Self

import numpy as np

from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, MissingMethodError, OptionError, StateError


class Parameter(Value):
    """A Value that a module learns.

    Args:
        data: a number, an array or nested lists, as for a Value; an array is not copied.
        name: what to call it in drawings and messages. If not given, it is called by its path in the
            outermost module that holds it, such as `layers.0.weight`.

    Errors: those of `Value`.

    >>> import tinygrad_edu as tg
    >>> tg.nn.MLP([2, 1]).parameters()[0].name
    'layers.0.weight'
    """

    __slots__ = ()


class Module:
    """Base of layers and networks: subclasses set parameters and modules as attributes and define `forward`.

    They may be in lists, tuples and dicts, too. Each has a path, its name from the outside in: the weight of
    the first of `self.layers` is `layers.0.weight`. One that is held in two places counts once.

    >>> import tinygrad_edu as tg
    >>> class Scaled(tg.nn.Module):
    ...     def __init__(self):
    ...         self.factor = tg.nn.Parameter(2.0)
    ...         self.layers = [tg.nn.Linear(3, 2), tg.nn.Tanh()]
    ...     def forward(self, x):
    ...         for layer in self.layers:
    ...             x = layer(x)
    ...         return self.factor * x
    >>> model = Scaled()
    >>> model([1.0, 2.0, 3.0]).shape
    (2,)
    >>> model
    Scaled(  # 9 parameters
      factor: Parameter ()
      layers.0: Linear(3 -> 2)  # 8 parameters
      layers.1: Tanh()
    )
    """

    training: bool = True
    """Whether it is being trained, or evaluated: some layers, such as dropout, do something else then."""

    def forward(self, *inputs: Any) -> Any:
        """What the module computes of its inputs; `model(x)` calls it."""
        raise MissingMethodError(f"{type(self).__name__} has no forward; define the method forward(self, "
                                  "x), which returns what the module computes of x")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(vars(self).get(name), Parameter) and not isinstance(value, Parameter | None):
            raise OptionError(f"{type(self).__name__}.{name} is a parameter; a {type(value).__name__} in its "
                              f"place would not be learned; assign to .{name}.data, or make a new Parameter")
        super().__setattr__(name, value)
        for path, part in _walk(name, value, set()):
            _call_by_path(part, path)

    # ----- what it is made of -----

    def named_modules(self) -> Iterator[tuple[str, "Module"]]:
        """This module and all within, each once, with its path (empty for itself)."""
        return ((path, part) for path, part in _walk("", self, set()) if isinstance(part, Module))

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters, each once, with its path, in the order of the attributes.

        Errors: ArgumentError if the keys of a dict make one path of two.

        >>> import tinygrad_edu as tg
        >>> [(path, p.shape) for path, p in tg.nn.Linear(3, 2).named_parameters()]
        [('weight', (2, 3)), ('bias', (2,))]
        """
        paths = set()
        for path, part in _walk("", self, set()):
            if isinstance(part, Parameter):
                if path in paths:
                    raise ArgumentError(f"{type(self).__name__}: two parameters have the path {path!r}; "
                                        "rename one of the keys that lead to them")
                paths.add(path)
                _call_by_path(part, path)  # again, as lists and dicts may have got it since
                yield path, part

    def parameters(self) -> list[Parameter]:
        """All parameters, each once, as an optimizer takes them."""
        return [p for _, p in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget all gradients: every parameter's `.grad` becomes None."""
        for p in self.parameters():
            p.grad = None

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all within to training, or with mode=False to evaluation; returns itself."""
        for _, module in list(self.named_modules()):
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch this module and all within to evaluation; returns itself."""
        return self.train(False)

    # ----- its state -----

    def state_dict(self) -> dict[str, np.ndarray]:
        """The numbers of every parameter by path, as new arrays. `interop.save` can write them to a file.

        >>> import tinygrad_edu as tg
        >>> tg.nn.Linear(3, 2).state_dict()["bias"]
        array([0., 0.])
        """
        return {path: np.array(p.data) for path, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the numbers that `state_dict` returned for a module of the same form.

        They are copied, and keep the dtype that the parameter has here.

        Errors: StateError if a parameter is missing or unknown, or its shape differs, or it holds no real
        numbers: one message names them all, and no parameter is changed then.
        """
        where = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state, Mapping):
            raise StateError(f"{where}: expected a dict of arrays by path, got {type(state).__name__}")
        parameters = dict(self.named_parameters())
        problems = [f"{path!r} is missing" for path in parameters if path not in state]
        for path, saved in state.items():
            problem = _misfit(saved, parameters[path]) if path in parameters else "is unknown"
            if problem:
                problems.append(f"{path!r} {problem}")
        if problems:
            raise StateError(f"{where}: {'; '.join(problems)}. Load the state of a module of the same form.")
        arrays = {path: np.array(saved, parameters[path].dtype) for path, saved in state.items()}
        for path, array in arrays.items():
            parameters[path].assign(array, by=where)

    # ----- how it is shown -----

    def describe(self) -> str:
        """What stands between the brackets of the repr; the shapes of the parameters, if not overridden."""
        return ", ".join(f"{path} {p.shape}" for path, p in self._children() if isinstance(p, Parameter))

    def _children(self) -> list[tuple[str, Any]]:
        """The modules and parameters that it holds itself, with their paths."""
        return [child for name, value in vars(self).items() for child in _parts(name, value)]

    @recursive_repr("...")
    def __repr__(self) -> str:
        count = sum(part.size for _, part in _walk("", self, set()) if isinstance(part, Parameter))
        note = f"  # {count} parameter{'' if count == 1 else 's'}" if count else ""
        children = self._children()
        if not any(isinstance(part, Module) for _, part in children):
            return f"{type(self).__name__}({self.describe()}){note}"
        lines = [f"{type(self).__name__}({note}"]
        for path, part in children:
            shown = repr(part) if isinstance(part, Module) else f"Parameter {part.shape}"
            lines.append(f"{path}: {shown}".replace("\n", "\n  "))
        return "\n  ".join(lines) + "\n)"


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The modules and parameters that a value is or holds, with their paths, but none within modules."""
    if isinstance(value, Module | Parameter):
        yield path, value
    elif isinstance(value, list | tuple | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _parts(f"{path}.{key}", part)


def _walk(path: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The modules and parameters in a value, each once, with their paths: from the outside in."""
    for inner, part in _parts(path, value):
        if id(part) not in seen:
            seen.add(id(part))
            yield inner, part
            if isinstance(part, Module):
                for name, attribute in vars(part).items():
                    yield from _walk(f"{inner}.{name}" if inner else name, attribute, seen)


def _call_by_path(part: Any, path: str) -> None:
    """Name a parameter by its path, if it has no name, or only that of its path from further inside."""
    if isinstance(part, Parameter) and (not part.name or path.endswith(f".{part.name}")):
        part.name = path


def _misfit(saved: Any, parameter: Parameter) -> str:
    """Why saved numbers cannot be those of a parameter; empty if they can."""
    try:
        array = np.asarray(saved)
    except (ValueError, TypeError):  # a list whose rows differ in length, or a Value
        return f"is a {type(saved).__name__}, but no array"
    if array.dtype.kind not in "fiub":
        return f"has dtype {array.dtype}, but must be real numbers"
    if array.shape != parameter.shape:
        return f"has shape {array.shape}, but must have {parameter.shape}"
    return ""
