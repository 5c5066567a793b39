"""What `least_squares_fit` asks of its arguments; a model that is written otherwise is told how."""

from collections.abc import Callable
from contextlib import suppress
from inspect import signature
from typing import Any

import numpy as np

from tinygrad_edu.checks import as_real_rows, as_sigma, as_targets, check_real, is_list
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError


def checked(model_fn: Any, theta0: Any, x: Any, y: Any,
            sigma: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """theta0, x, y and sigma in float64, once it is known that the model can take them."""
    if not callable(model_fn):
        raise OptionError(f"least_squares_fit: model_fn must be a function f(x, theta), got {model_fn!r:.80}")
    if not is_list(theta0):
        raise ShapeError(f"least_squares_fit: theta0 must be a list of first guesses, one for each parameter, got "
                         f"{theta0!r:.80}; if there is one, pass [{theta0!r:.80}]")
    theta, x, y = (as_real_rows(f"least_squares_fit: {name}", data).astype(np.float64)
                   for name, data in (("theta0", theta0), ("x", x), ("y", y)))
    if theta.ndim != 1:
        raise ShapeError(f"least_squares_fit: theta0 must have one axis, got shape {theta.shape}; try theta0.ravel()")
    if len(theta) == len(x) != len(y):
        raise ShapeError(f"least_squares_fit: theta0 {theta.shape}, x {x.shape} and y {y.shape} do not fit together; "
                         "the order is (model_fn, theta0, x, y), other than that of scipy.optimize.curve_fit")
    y = as_targets("least_squares_fit: y", y, len(x))
    if len(y) < len(theta):
        raise ArgumentError(f"least_squares_fit: {len(y)} points cannot determine {len(theta)} parameters; measure "
                            "more, or fix some of them")
    if sigma is not None:
        sigma = as_sigma("least_squares_fit: sigma", sigma, len(y))
    _try_out(model_fn, x, theta)
    return theta, x, y, sigma


def _try_out(model_fn: Callable[[Any, Any], Any], x: np.ndarray, theta: np.ndarray) -> None:
    """Call the model for the first time; OptionError or ShapeError, with the cure, if it does not give (n,) numbers."""
    where = f"least_squares_fit: model_fn(x, theta), for x of shape {x.shape} and theta of shape {theta.shape},"
    try:
        f = _first_value(model_fn, x, Value(theta))
    except (TypeError, ValueError, IndexError) as error:
        cure = _other_form(model_fn, x, theta) or (
            "does theta0 have a first guess for every parameter?" if not isinstance(error, OptionError) else "")
        raise OptionError(f"{where} failed: {error}{cure and '; '}{cure}") from error
    check_real(f"{where} returns", f, "return an array of numbers, computed by NumPy's functions")
    shape = f.shape
    if shape != (len(x),):
        cure = "add .ravel() to what it returns" if np.prod(shape) == len(x) else _other_form(model_fn, x, theta)
        raise ShapeError(f"{where} must return a number for each point, shape ({len(x)},), but returned {shape}"
                         f"{cure and '; '}{cure}")


def _other_form(model_fn: Callable[[Any, Any], Any], x: np.ndarray, theta: np.ndarray) -> str:
    """How to make f(x, theta) of a model that is written as f(x, a, b) or f(theta, x); empty if it is neither."""
    try:
        parameters = signature(model_fn).parameters.values()
    except ValueError:  # some functions written in C do not tell
        return ""
    required = [p for p in parameters if p.default is p.empty and p.kind <= p.POSITIONAL_OR_KEYWORD]
    if len(required) != 2:
        return "all parameters come as one array, so pass lambda x, theta: f(x, *theta)"
    with suppress(Exception):  # whatever goes wrong, it is not this
        if _first_value(model_fn, Value(theta), x).shape == (len(x),):
            return "its arguments are the other way round, so pass lambda x, theta: f(theta, x)"
    return ""


def _first_value(model_fn: Callable[[Any, Any], Any], *arguments: Any) -> np.ndarray:
    with no_grad(), np.errstate(all="ignore"):
        return numbers(model_fn(*arguments))


def numbers(result: Any) -> np.ndarray:
    """What a model returned, as an array."""
    return np.asarray(result.data if isinstance(result, Value) else result)
