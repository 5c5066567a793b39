"""Gradients held against slopes: what f itself does when a number in its inputs is moved a little."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.run import Run, fitting
from tinygrad_edu.engine.trees import leaves, pairs, with_leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import ArgumentError, GradcheckError, OptionError
from tinygrad_edu.random import RandomSource, default_generator

Outputs = Callable[[Any], list[Any]]


def gradcheck(f: Callable[..., Any], *inputs: Any, order: int = 1, method: str = "differences",
              step: float | None = None, rtol: float | None = None, atol: float | None = None,
              rng: RandomSource = 0) -> bool:
    """Whether the gradients of f are its slopes: True, or an error that says where they are not.

    It looks at the single number J = Σ u·f(x) with random u, and compares dJ/dx, pulled back through the
    graph, with one of

        (J(x + h) - J(x - h)) / 2h    "differences": wrong by about h² + ε/h, with ε the rounding error
        Im J(x + ih) / h              "complex-step": exact to rounding, for analytic f in plain NumPy

    for one number in x at a time. So take small inputs, and points where f is smooth: not the kink of relu.

    Args:
        f: a function of numbers, arrays or trees of them, that returns such.
        inputs: where to look at it; integers count as float64. What is to stay constant belongs into f.
        order: 2 checks the function (x, u) ↦ dJ/dx in the same way, and so second derivatives; and so on.
            Higher orders are always checked by differences.
        step: h. By default ε^(1/3)·max(|x|, s), with the ε of x's dtype, and s the largest number in its
            array but at most 1; for complex steps, which lose nothing to rounding, 1e-30.
        rtol, atol: the slope may be off by atol + rtol·|slope|, plus what rounding can do to it. By default
            ε^(1/3) and ε^(1/2), for float64 6e-6 and 1.5e-8.
        rng: where u comes from; by default the same u each time.

    Errors: GradcheckError if they differ, or if f gives other numbers when it is called again; those of the
    transforms.

    >>> import numpy as np, tinygrad_edu as tg
    >>> @tg.primitive(r"{x} e^{{x}}", x=lambda g, y, x: g * y)  # forgot the other half: + g e^x
    ... def x_exp(x):
    ...     return x * np.exp(x)
    >>> tg.check.gradcheck(x_exp, np.array([0.5, 1.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    tinygrad_edu.errors.GradcheckError: gradcheck of x_exp: inputs[0] at [0]: the gradient of J = ...

    Sources: W. H. Press et al., Numerical Recipes, 3rd edition 2007, section 5.7 (the step); W. Squire and
    G. Trapp 1998, https://doi.org/10.1137/S003614459631241X (complex steps).
    """
    if not callable(f):
        raise OptionError(f"gradcheck: f must be a function, got {f!r} of type {type(f).__name__}")
    if method not in METHODS:
        raise ArgumentError(f"gradcheck: unknown method {method!r}; choose from {', '.join(METHODS)}")
    if order < 1 or not inputs:
        raise ArgumentError(f"gradcheck: order {order} of {len(inputs)} inputs leaves nothing to check")
    run = Run("gradcheck", f, inputs, {}, tuple(range(len(inputs))))
    xs = [x.data for x in run.sources]
    u = _random_like(leaves(run.y), default_generator(rng))
    gradients = [np.asarray(_plain(g)) for g in leaves(run.gradient(u))]
    evaluate, slope_at = METHODS[method]
    _check_repeatable(run, evaluate(f, inputs, xs))

    for i, (_, _, path) in enumerate(pairs(inputs, inputs, "inputs")):

        def outputs(x: Any, i: int = i) -> list[Any]:
            return evaluate(f, inputs, [*xs[:i], x, *xs[i + 1:]])

        x = np.asarray(xs[i])
        slope, allowed = np.empty(x.shape), np.empty(x.shape)
        for place in np.ndindex(x.shape):
            slope[place], allowed[place] = slope_at(outputs, x, place, u, step)
        allowed += np.sqrt(_eps(x)) if atol is None else atol
        allowed += (np.cbrt(_eps(x)) if rtol is None else rtol) * np.abs(slope)
        of = f"J = u·f, u = {float(u[0]):.6g}" if len(u) == 1 and np.ndim(u[0]) == 0 else "J = Σ u·f, u random"
        _compare(f"{run.where}: {path}", of, gradients[i], slope, allowed)
    if order > 1:
        gradcheck(_gradient_of(f), *inputs, with_leaves(run.y, u), order=order - 1, step=step, rtol=rtol,
                  atol=atol, rng=rng)
    return True


def _gradient_of(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function (*inputs, u) ↦ the derivative of Σ u·f(*inputs) by the inputs."""

    def gradient(*arguments: Any) -> Any:
        *inputs, u = arguments
        run = Run("gradcheck", f, inputs, {}, tuple(range(len(inputs))))
        return run.gradient(fitting(run.y, u, "u"))

    gradient.__name__ = f"the gradient of {getattr(f, '__name__', type(f).__name__)}, by its inputs and u"
    return gradient


def _compare(where: str, of: str, gradient: np.ndarray, slope: np.ndarray, allowed: np.ndarray) -> None:
    """Raise GradcheckError, with the worst number, if the gradient is not the slope."""
    with np.errstate(invalid="ignore", divide="ignore"):  # inf - inf, and where nothing is allowed
        error = np.abs(gradient - slope)
        excess = np.where(np.isfinite(error), error / allowed, np.inf)
    wrong = np.count_nonzero(excess > 1)
    if not wrong:
        return
    k = np.unravel_index(np.argmax(excess), excess.shape)
    place = f"{where} at {[int(i) for i in k]}" if k else where
    relative = error[k] / abs(slope[k]) if slope[k] else np.inf
    cure = ("Check the gradient rules that it came through; if they are right, f has a kink there or is too "
            "steep for the step, so try other inputs, step=, rtol= or atol=.")
    if not np.isfinite(slope[k]):
        cure = "f is not finite so near to this point: try other inputs, or a smaller step=."
    raise GradcheckError(
        f"{place}: the gradient of {of}, is {gradient[k]:.10g}, the slope {slope[k]:.10g}; absolute error "
        f"{error[k]:.3g} ({allowed[k]:.3g} allowed), relative error {relative:.3g}; the worst of {wrong} "
        f"wrong numbers out of {gradient.size}. {cure}")


# ----- slopes -----

def _central_difference(outputs: Outputs, x: np.ndarray, place: tuple, u: Sequence[Any],
                        step: float | None) -> tuple[float, float]:
    """The slope by one number in x, and what rounding may have done to it."""
    sizes = np.abs(x)
    h = step or np.cbrt(_eps(x)) * max(sizes[place], min(1.0, sizes.max()) or 1.0)
    ahead, behind = x.copy(), x.copy()
    ahead[place] += h
    behind[place] -= h
    width = float(ahead[place]) - float(behind[place])  # 2h, but for rounding
    slope = noise = 0.0
    for weights, a, b in zip(u, outputs(ahead), outputs(behind), strict=True):
        slope += np.sum(weights * (a - b)) / width
        noise += _eps(a) * np.sum(np.abs(weights) * np.where(a == b, 0, np.abs(a) + np.abs(b))) / width
    return slope, noise


def _complex_step(outputs: Outputs, x: np.ndarray, place: tuple, u: Sequence[Any],
                  step: float | None) -> tuple[float, float]:
    """The same by a step along the imaginary axis, where nothing cancels."""
    h = step or 1e-30
    moved = x.astype(complex)
    moved[place] += 1j * h
    return sum(np.sum(weights * np.imag(y)) / h for weights, y in zip(u, outputs(moved), strict=True)), 0.0


def _on_values(f: Callable[..., Any], inputs: tuple, xs: Sequence[Any]) -> list[np.ndarray]:
    """f of the inputs with these leaves, called with Values."""
    with no_grad(), np.errstate(all="ignore"):  # a step out of f's domain is reported as a slope of nan
        y = f(*with_leaves(inputs, map(Value, xs)))
    return [1.0 * np.asarray(_plain(part)) for part in leaves(y)]  # truths and integers as floats


def _on_arrays(f: Callable[..., Any], inputs: tuple, xs: Sequence[Any]) -> list[np.ndarray]:
    """f of the inputs with these leaves, called with plain arrays, which may be complex."""
    try:
        y = f(*with_leaves(inputs, xs))
    except (TypeError, AttributeError) as error:
        raise OptionError("gradcheck by complex-step: the function is called with plain complex arrays, and "
                          f"does not take them ({error}); use method='differences'") from error
    return [np.asarray(part) for part in leaves(y)]


METHODS: dict[str, tuple[Callable, Callable]] = {
    "differences": (_on_values, _central_difference),
    "complex-step": (_on_arrays, _complex_step),
}


# ----- numbers -----

def _check_repeatable(run: Run, again: list[np.ndarray]) -> None:
    """Raise GradcheckError if a second call of f gave other numbers than the first."""
    for y, y2 in zip(leaves(run.y), again, strict=True):
        tolerance = np.sqrt(_eps(y2)) * np.max(np.abs(y2), initial=0.0)
        if not np.allclose(_plain(y), y2, rtol=0.0, atol=tolerance, equal_nan=True):
            raise GradcheckError(f"{run.where}: called twice with the same inputs, it gives different "
                                 "numbers; switch off what is random in it, such as dropout by model.eval()")


def _random_like(ys: Any, rng: "np.random.Generator") -> list[Any]:
    """Numbers far from 0, and not all the same: with a plain sum many a wrong rule would look right."""
    u = []
    for y in ys:
        drawn = rng.uniform(0.5, 2.0, np.shape(y)) * rng.choice([-1.0, 1.0], np.shape(y))
        data = _plain(y)
        u.append(float(drawn) if type(data) is float else np.asarray(drawn, (1.0 * np.asarray(data)).dtype))
    return u


def _plain(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _eps(x: np.ndarray) -> float:
    """The relative rounding error ε of an array's dtype."""
    return float(np.finfo(x.dtype).eps) if x.dtype.kind == "f" else 0.0
