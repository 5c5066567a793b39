"""`compile`: the gradient as a program."""

from collections.abc import Callable
from typing import Any


def compile(function: Callable[..., Any]) -> Any:
    from tinygrad_edu.compile.compiled import Compiled

    return Compiled(function)
