"""Clipping: gradients made shorter where they are too long, between `backward` and `step`."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, DtypeError
from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, Hyperparameter
from tinygrad_edu.optim.parameters import parameter_groups
from tinygrad_edu.tracing import Recorded, as_array


class _Limits:
    max_norm = Hyperparameter(NOT_NEGATIVE)
    norm_type = Hyperparameter("a number above 0, or infinity", low=np.nextafter(0, 1))
    limit = Hyperparameter(NOT_NEGATIVE)


def clip_grad_norm(parameters: Iterable[Any], max_norm: float, norm_type: float = 2) -> float:
    """Scale all gradients by one factor, so that the norm of them all together is at most max_norm.

        N = (Σ |g|ᵖ)^(1/p),   g ← g · max_norm / N   if N > max_norm

    The direction of the step stays, so a single steep place in J cannot throw the parameters far away.

    Args:
        parameters: those whose `.grad` is meant, such as `model.parameters()`; a `.grad` of None is left out.
        max_norm: the largest norm allowed, 0 or more.
        norm_type: p, above 0; `numpy.inf` for the largest |g|.

    Returns: N as it was before.

    Errors: OptionError and ArgumentError for other arguments, DtypeError for gradients that are no numbers, and
    ArgumentError if N is not finite, as no factor would make it so; no gradient is touched then.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> w, b = tg.Value(np.array([1.0, 2.0])), tg.Value(2.0)
    >>> ((w ** 2).sum() + b ** 2).backward()
    >>> tg.optim.clip_grad_norm([w, b], max_norm=3.0)
    6.0
    >>> w.grad, b.grad
    (array([1., 2.]), 2.0)

    Source: R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013,
    https://arxiv.org/abs/1211.5063. Convention: the norm is max_norm afterwards; PyTorch divides by N + 1e-6.
    """
    gradients = _gradients("clip_grad_norm", parameters)
    max_norm = _Limits.max_norm.checked("clip_grad_norm", max_norm)
    if norm_type != np.inf:
        norm_type = _Limits.norm_type.checked("clip_grad_norm", norm_type)
    norms = {label: _norm(g, norm_type) for _, label, g in gradients}
    total = _norm(np.stack(list(norms.values())) if norms else np.zeros(0), norm_type)
    if not np.isfinite(total):
        worst = max(norms, key=lambda label: (not np.isfinite(norms[label]), norms[label]))
        raise ArgumentError(f"clip_grad_norm: the norm of all gradients is {total}, that of {worst} is {norms[worst]}, "
                            "and no factor makes it shorter; try a smaller learning rate, or find the first such "
                            "number with tg.detect_anomaly()")
    clips: Any = total > max_norm
    if isinstance(clips, Recorded) or clips:
        # compiled: a factor of 1 where there is nothing to clip, also where all gradients are 0
        factor = max_norm / (np.maximum(total, max_norm) if isinstance(clips, Recorded) else total)
        for parameter, _, g in gradients:
            _assign(parameter, g * factor)
    return total


def clip_grad_value(parameters: Iterable[Any], limit: float) -> None:
    """Clip every number in the gradients to the range from -limit to limit; NaN stays NaN.

    Other than by `clip_grad_norm`, the direction of the step changes.

    Args:
        parameters: those whose `.grad` is meant, such as `model.parameters()`; a `.grad` of None is left out.
        limit: 0 or more.

    Errors: OptionError and ArgumentError for other arguments, DtypeError for gradients that are no numbers; no
    gradient is touched then.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> w = tg.Value(np.array([1.0, -5.0]))
    >>> (w ** 2).sum().backward()
    >>> tg.optim.clip_grad_value([w], limit=4.0)
    >>> w.grad
    array([ 2., -4.])

    Convention: PyTorch's clip_grad_value_, which calls the limit clip_value.
    """
    gradients = _gradients("clip_grad_value", parameters)
    limit = _Limits.limit.checked("clip_grad_value", limit)
    for parameter, _, g in gradients:
        _assign(parameter, np.clip(g, -limit, limit))


def _gradients(function: str, parameters: Iterable[Any]) -> list[tuple[Any, str, Any]]:
    """(parameter, its label, its gradient) for those that have one."""
    found = []
    for parameter, label in (member for group in parameter_groups(function, parameters) for member in group.members):
        g = parameter.grad
        if g is None:
            continue
        if not isinstance(g, float | np.ndarray | Recorded) or as_array(g).dtype.kind != "f":
            raise DtypeError(f"{function}: the .grad of {label} is {g!r:.40} of type {type(g).__name__}; it must be "
                             "floating numbers, as `backward` makes them")
        found.append((parameter, label, g))
    return found


def _assign(parameter: Any, g: Any) -> None:
    """A new gradient in place of the old one: of its kind, where NumPy makes scalars of arrays of shape ()."""
    parameter.grad = float(g) if type(parameter.grad) is float else as_array(g)


def _norm(x: Any, p: float) -> float:
    """The p-norm of all numbers in x; those are first divided by the largest, so that no power overflows."""
    sizes = np.abs(np.ravel(x).astype(np.float64))
    largest = sizes.max(initial=0.0).item()
    if p == np.inf or largest == 0 or not np.isfinite(largest):
        return largest
    return largest * (((sizes / largest) ** p).sum() ** (1 / p)).item()
