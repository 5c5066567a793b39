"""Where a loss that is NaN or infinite comes from: the data, a parameter, or the first op that overflowed; and whether
one that is neither grows without end."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import ancestors
from tinygrad_edu.engine.value import Value
from tinygrad_edu.nn.module import Module

ENDLESS = 1e3
"""How many times its first value a loss has reached that has diverged: never more than at the end, or in all of the
second half of the training."""


def explain(model: Module, J: Value, inputs: Any, targets: Any) -> str:
    """What first went wrong on the way to this J, in words."""
    J_is = f"J is {J.item()}"
    for name, data in (("X", inputs), ("y", targets)):
        if bad := _not_finite(data):
            return f"{J_is}, as this batch of {name} holds {bad}"
    if bad := bad_parameter(model):
        return f"{J_is}, as the update before made {bad}"
    computed, _ = ancestors([J])
    oldest_first = reversed(computed)
    first = next(node for node in oldest_first if _not_finite(node._numbers))  # J itself at the latest
    names = [x.describe() for x in first.parents if x.op is None and x.name]
    with_names = f" with {' and '.join(names)}" if names else ""
    path, largest = max(((path, float(np.abs(p.data).max(initial=0))) for path, p in model.named_parameters()),
                        key=lambda found: found[1])
    assert first.op is not None
    return (f"{J_is}, and the first that is not finite is the result of {first.op.name}{with_names}, of shape "
            f"{np.shape(first._numbers)}; the parameters are finite, the largest is {largest:.3g} in {path!r}")


def bad_parameter(model: Module) -> str:
    """The first parameter with a number that is not finite, in words; empty if there is none."""
    for path, parameter in model.named_parameters():
        if bad := _not_finite(parameter.data):
            return f"{bad} in {path!r} of shape {parameter.shape}"
    return ""


def endless_growth(losses: Sequence[float]) -> str:
    """That the losses of the epochs, all finite, have grown far beyond the first one and not come back, in words; empty
    if they have not."""
    first, last = losses[0], losses[-1]
    if not 0 < ENDLESS * first < last:
        return ""
    grown = f"the loss has grown from {first:.3g} to {last:.3g}"
    if last >= max(losses):
        return f"{grown}, and was never larger than at the end"
    late = losses[len(losses) // 2:]
    return f"{grown}, and stayed far above" if min(late) > ENDLESS * first else ""


def _not_finite(data: Any) -> str:
    array = np.asarray(data)
    bad = array[~np.isfinite(array)]
    return str(bad.flat[0]) if bad.size else ""
