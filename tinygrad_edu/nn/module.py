"""`Module`: a piece of a network, with the parameters and the modules that it is made of."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import StateError


class Parameter(Value):
    """A Value that a module learns."""

    __slots__ = ()


class Module:
    """Base of layers and networks: subclasses set parameters and modules as attributes and define `forward`.

    Lists and tuples of modules count too. Names are attribute paths: `layers.0.weight`.

    >>> import tinygrad_edu as tg
    >>> class Double(tg.nn.Module):
    ...     def __init__(self):
    ...         self.factor = tg.nn.Parameter(2.0)
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> float(Double()(3.0))
    6.0
    """

    training: bool = True

    def forward(self, *inputs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no forward(self, x)")

    def __call__(self, *inputs: Any) -> Any:
        return self.forward(*inputs)

    def _parts(self) -> Iterator[tuple[str, "Parameter | Module"]]:
        """The parameters and modules this one directly holds, by name."""
        for name, part in vars(self).items():
            if isinstance(part, Parameter | Module):
                yield name, part
            elif isinstance(part, list | tuple):
                yield from ((f"{name}.{i}", p) for i, p in enumerate(part) if isinstance(p, Parameter | Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """This module and all within, each with its path (empty for itself)."""
        yield prefix, self
        for name, part in self._parts():
            if isinstance(part, Module):
                yield from part.named_modules(f"{prefix}.{name}" if prefix else name)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths; one that is shared comes once, under its first path."""
        seen = set()
        for path, module in self.named_modules():
            for name, part in module._parts():
                if isinstance(part, Parameter) and part not in seen:
                    seen.add(part)
                    yield f"{path}.{name}" if path else name, part

    def parameters(self) -> list[Parameter]:
        """All parameters, each once."""
        return [p for _, p in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.parameters():
            p.grad = None

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all within to training (dropout on), or to evaluation."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch this module and all within to evaluation."""
        return self.train(False)

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of the numbers of every parameter, by path."""
        return {name: np.array(p.data) for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set every parameter from `state`, as `state_dict` gives it.

        Errors: StateError if a name is missing or unknown or a shape differs; no parameter is changed then.
        """
        own = dict(self.named_parameters())
        problems = [f"{name} is missing" for name in own if name not in state]
        problems += [f"{name} is unknown" for name in state if name not in own]
        for name in own:
            if name in state:
                array = np.asarray(state[name])
                if array.shape != own[name].shape:
                    problems.append(f"{name} has shape {array.shape}, here {own[name].shape}")
                elif array.dtype.kind not in "fiub":
                    problems.append(f"{name} has dtype {array.dtype}")
        if problems:
            raise StateError(f"load_state_dict of {type(self).__name__}: {'; '.join(problems)}")
        for name, p in own.items():
            p.assign(np.array(state[name], p.dtype), by="load_state_dict")

    def describe(self) -> str:
        """What stands between the brackets of the repr."""
        return ""

    def __repr__(self) -> str:
        inner = [(name, part) for name, part in self._parts() if isinstance(part, Module)]
        count = sum(p.size for p in self.parameters())
        note = f"  # {count} parameters" if count else ""
        if not inner:
            return f"{type(self).__name__}({self.describe()}){note}"
        lines = [f"  {name}: {part!r}".replace("\n", "\n  ") for name, part in inner]
        return "\n".join([f"{type(self).__name__}({note}", *lines, ")"])
