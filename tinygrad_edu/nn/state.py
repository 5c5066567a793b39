"""Saved numbers, held against the parameters and buffers of a module that is to have them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_edu.errors import StateError
from tinygrad_edu.nn.parameter import Buffer, Parameter

MOST_PROBLEMS = 8
"""So many are named in one message."""


def fitting_arrays(where: str, state: Any, parts: Mapping[str, Parameter | Buffer]) -> dict[str, np.ndarray]:
    """The numbers of a state, as new arrays by path, in the dtypes of the parts that are to have them.

    Errors: StateError, with all that does not fit in one message.
    """
    if not isinstance(state, Mapping):
        raise StateError(f"{where}: expected a dict of arrays by path, got {type(state).__name__}; state_dict() "
                         "returns one, and interop.load reads one from a file")
    problems = [f"{path!r} is missing" for path in parts if path not in state]
    for path, saved in state.items():
        problem = _misfit(saved, parts[path]) if path in parts else "is unknown"
        if problem:
            problems.append(f"{path!r} {problem}")
    if parts and all(f"model.{path}" in state for path in parts):
        raise StateError(f"{where}: this is the state of a whole training, as a training.Checkpoint saves it; go "
                         "on with fit(..., resume=path), or load the model's part of it, "
                         '{name[6:]: array for name, array in state.items() if name.startswith("model.")}')
    if problems:
        inside = next((key for key, part in state.items() if isinstance(part, Mapping) and part.keys() & parts.keys()),
                      None)
        cure = "Load the state of a module of the same form." if inside is None else f"Load what is under {inside!r}."
        more = len(problems) - MOST_PROBLEMS
        raise StateError(f"{where}: {'; '.join(problems[:MOST_PROBLEMS])}{f'; and {more} more' if more > 0 else ''}. "
                         f"{cure}")
    return {path: np.array(saved, parts[path].dtype) for path, saved in state.items()}


def _misfit(saved: Any, part: Parameter | Buffer) -> str:
    """Why saved numbers cannot be those of a parameter or a buffer; empty if they can."""
    try:
        array = np.asarray(saved)
    except (ValueError, TypeError):  # a list whose rows differ in length, or a Value
        return f"is a {type(saved).__name__}, but no array"
    if array.dtype.kind not in "fiub":
        return f"has dtype {array.dtype}, but must be real numbers"
    if array.shape != part.shape:
        return f"has shape {array.shape}, but must have {part.shape}"
    return part.objection(array) if isinstance(part, Buffer) else ""
