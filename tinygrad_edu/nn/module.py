"""`Module`: a piece of a network, with the parameters and the modules that it is made of."""

from collections.abc import Iterator, Mapping, Sequence
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tinygrad_edu.checks import yes_or_no
from tinygrad_edu.engine.graph import clock
from tinygrad_edu.engine.modes import recording
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, MissingMethodError, OptionError
from tinygrad_edu.nn.parameter import Buffer, Parameter
from tinygrad_edu.nn.state import fitting_arrays
from tinygrad_edu.tracing import settings

if TYPE_CHECKING:
    from tinygrad_edu.nn.summary import Summary


class Module:
    """Base of layers and networks: subclasses set parameters and modules as attributes and define `forward`.

    Numbers that belong to the state without being learned are `Buffer`s. All these may be in lists, tuples and dicts,
    too. Each has a path, its name from the outside in: the weight of the first of `self.layers` is `layers.0.weight`.
    One that is held in two places counts once. A plain Value as an attribute, which would be neither learned nor saved,
    is refused, but one that was computed may be kept.

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
        since = next(clock)
        made = self.forward(*inputs, **options)
        if type(made) is Value:  # nearly always
            made.add_call(self, since)
        elif made is None:
            raise OptionError(f"{type(self).__name__}.forward returned None: is a `return` missing?")
        else:
            for y in made if type(made) is tuple else (made,):
                if isinstance(y, Value):
                    y.add_call(self, since)
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        for kind, fate in (Parameter, "learned"), (Buffer, "saved"):
            if isinstance(vars(self).get(name), kind) and not isinstance(value, kind | None):
                raise OptionError(f"{type(self).__name__}.{name} is a {kind.__name__.lower()}; a "
                                  f"{type(value).__name__} in its place would not be {fate}; assign to "
                                  f".{name}.data, or make a new {kind.__name__}")
        for path, part in _parts(name, value):
            if not isinstance(part, Module | Parameter | Buffer) and part.op is None and recording():
                raise OptionError(f"{type(self).__name__}: {path} is a plain Value, which would not be learned; make "
                                  "it an nn.Parameter(...) to be learned, an nn.Buffer(...) to be saved only, or an "
                                  "array, as a constant")
        super().__setattr__(name, value)
        settings.changes += 1
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
        return ((path, part) for path, part in self._named_state() if isinstance(part, Parameter))

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """All buffers, each once, with its path; errors are those of `named_parameters`."""
        return ((path, part) for path, part in self._named_state() if isinstance(part, Buffer))

    def _named_state(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """All parameters and buffers, each once, with its path, in the order of the attributes."""
        paths = set()
        for path, part in _walk("", self, set()):
            if isinstance(part, Parameter | Buffer):
                if path in paths:
                    raise ArgumentError(f"{type(self).__name__}: two parameters or buffers have the path {path!r}; "
                                        "rename one of the keys that lead to them")
                paths.add(path)
                _call_by_path(part, path)  # again, as lists and dicts may have got it since
                yield path, part

    def parameters(self) -> list[Parameter]:
        """All parameters, each once, as an optimizer takes them."""
        return [p for _, p in self.named_parameters()]

    def parameter_count(self) -> int:
        """How many numbers the model learns.

        >>> import tinygrad_edu as tg
        >>> tg.nn.MLP([2, 16, 1]).parameter_count()  # 2·16 + 16 and 16 + 1
        65
        """
        return sum(part.size for _, part in _walk("", self, set()) if isinstance(part, Parameter))

    def zero_grad(self) -> None:
        """Forget all gradients: every parameter's `.grad` becomes None."""
        for p in self.parameters():
            p.grad = None

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all within to training, or with mode=False to evaluation; returns itself.

        Errors: OptionError for a mode that is not True or False.
        """
        mode = yes_or_no(f"{type(self).__name__}.train: mode", mode)
        for _, module in list(self.named_modules()):
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch this module and all within to evaluation; returns itself."""
        return self.train(False)

    # ----- its state -----

    def state_dict(self) -> dict[str, np.ndarray]:
        """The numbers of every parameter and buffer by path, as new arrays. `interop.save` can write them to a file.

        >>> import tinygrad_edu as tg
        >>> tg.nn.Linear(3, 2).state_dict()["bias"]
        array([0., 0.])
        """
        return {path: np.array(part.data) for path, part in self._named_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the numbers that `state_dict` returned for a module of the same form.

        They are copied, and keep the dtype that the parameter or buffer has here.

        Errors: StateError if one is missing or unknown, or its shape differs, or it holds no real numbers, or ones that
        it cannot have, such as a negative variance: one message names them, and nothing is changed then.
        """
        where = f"{type(self).__name__}.load_state_dict"
        parts = dict(self._named_state())
        arrays = fitting_arrays(where, state, parts)
        for path, array in arrays.items():
            parts[path].assign(array, by=where)

    # ----- how it is shown -----

    def theta(self, l: int) -> np.ndarray:  # noqa: E741  (the lecture's letter)
        """The lecture's matrix θ^(l) from layer l to layer l + 1: a copy, (out, 1 + in), the bias as its column 0.

            θ^(l) = (b | W),   x_j^(l+1) = activation(Σ_i θ_ji^(l) x_i^(l)) with the pseudo-variable x_0^(l) = 1

        Args:
            l: which of the linear layers in this module, counted from 1 in the order of `named_modules`. One
                without a bias has zeros in column 0.

        Errors: OptionError if l is no whole number, ArgumentError if there is no such layer.

        >>> import tinygrad_edu as tg
        >>> tg.nn.MLP([2, 16, 1]).theta(1).shape
        (16, 3)
        """
        from tinygrad_edu.nn.theta import matrix  # imported here, as it looks at modules

        return matrix(self, l, "theta")

    def theta_gradient(self, l: int) -> np.ndarray:  # noqa: E741
        """The gradient of J by the lecture's matrix, ∂J/∂θ^(l), in the form of `theta(l)`: a copy, (out, 1 + in).

        Args:
            l: as for `theta`.

        Errors: those of `theta`; BackwardError if there is no gradient yet.

        >>> import tinygrad_edu as tg
        >>> model = tg.nn.Linear(2, 1)
        >>> tg.nn.LeastSquaresLoss()(model([[3.0, 4.0]]), model([[3.0, 4.0]]).numpy() - 1).backward()
        >>> model.theta_gradient(1)  # h - y = 1, times x with x_0 = 1
        array([[1., 3., 4.]])
        """
        from tinygrad_edu.nn.theta import matrix

        return matrix(self, l, "theta_gradient")

    def summary(self, input_shape: int | Sequence[int]) -> "Summary":
        """The layers as a table, with the shapes of what goes in and comes out and the numbers of parameters.

        `print(model.summary((1, 64)))` shows it; for what one pass through the model costs, since that is how the
        shapes are found: with zeros, as in evaluation, and without a trace in the model or its random numbers.

        Args:
            input_shape: that of x in `model(x)`, such as (n, features), or a number of features.

        Errors: OptionError and ArgumentError for what is no shape; those of the layers it does not fit.

        >>> import tinygrad_edu as tg
        >>> tg.nn.MLP([2, 16, 1]).summary((100, 2))
        layer   path      input      output     parameters
        MLP               (100, 2)   (100, 1)
        Linear  layers.0  (100, 2)   (100, 16)          48
        Tanh    layers.1  (100, 16)  (100, 16)
        Linear  layers.2  (100, 16)  (100, 1)           17
        all                                             65
        """
        from tinygrad_edu.nn.summary import summarize  # imported here, as it looks at modules

        return summarize(self, input_shape)

    def describe(self) -> str:
        """What stands between the brackets of the repr; the shapes of the parameters, if not overridden."""
        return ", ".join(f"{path} {p.shape}" for path, p in self._children() if isinstance(p, Parameter))

    def _children(self) -> list[tuple[str, Any]]:
        """The modules, parameters and buffers that it holds itself, with their paths."""
        return [child for name, value in vars(self).items() for child in _parts(name, value)
                if isinstance(child[1], Module | Parameter | Buffer)]

    @recursive_repr("...")
    def __repr__(self) -> str:
        count = self.parameter_count()
        note = f"  # {count} parameter{'' if count == 1 else 's'}" if count else ""
        children = self._children()
        if not any(isinstance(part, Module) for _, part in children):
            return f"{type(self).__name__}({self.describe()}){note}"
        lines = [f"{type(self).__name__}({note}"]
        for path, part in children:
            shown = repr(part) if isinstance(part, Module) else f"{type(part).__name__} {part.shape}"
            lines.append(f"{path}: {shown}".replace("\n", "\n  "))
        return "\n  ".join(lines) + "\n)"


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The modules and Values that an attribute is or holds, with their paths, but none within modules."""
    if isinstance(value, Module | Value):
        yield path, value
    elif isinstance(value, list | tuple | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _parts(f"{path}.{key}", part)


def _walk(path: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The modules and Values in an attribute, each once, with their paths: from the outside in."""
    for inner, part in _parts(path, value):
        if id(part) not in seen:
            seen.add(id(part))
            yield inner, part
            if isinstance(part, Module):
                for name, attribute in vars(part).items():
                    yield from _walk(f"{inner}.{name}" if inner else name, attribute, seen)


def _call_by_path(part: Any, path: str) -> None:
    """Name a parameter or a buffer by its path, if it has no name, or only that of its path from further inside."""
    if isinstance(part, Parameter | Buffer) and (not part.name or path.endswith(f".{part.name}")):
        part.name = path
