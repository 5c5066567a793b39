"""Functions in, functions out: gradients, Jacobians and Hessians of f, and their products with vectors.

Each runs f on fresh Values in place of its arguments, and pulls gradients back from what f returns to these
and no further. So derivatives nest without confusion: an argument that is a Value already, because an outer
derivative put it there, enters as a copy, the op `positive`. The inner derivative is one by the copy alone;
but it is a graph that leads through the copy to the outer Value, and so the outer derivative finds its way.

What they have in common:

- Arguments are numbers, arrays, and dicts, lists and tuples of these, nested as you like. A gradient has the
  form and the dtype of its argument; integers become float64. Keyword arguments of f are constants.
- `argnums` says by which positional arguments to differentiate: one number, or a tuple of numbers for a tuple
  of results. Negative ones count from the end.
- Results are plain numbers if f computes with nothing else. They are Values if an argument is a Value, or if
  f uses Values from around it, such as a module's parameters: the derivative depends on these, too, and can
  be differentiated by them. `.data` has the numbers.
- No Value's `.grad` is touched.
- Under `no_grad` they give the same numbers; results that are Values then remember nothing.
- `float(x)`, `math.sin(x)` and `array[i] = x` inside f would lose a gradient and are errors: say `np.sin(x)`, and
  `np.stack` of a list. `x.item()` and `x.data` give numbers that count as constants.

Errors: OptionError if f is not a function, argnums not ints, or f returns something odd; ArgumentError for
argnums out of range; DtypeError for arguments that are not real numbers; ShapeError for vectors of another
form or shape; MutationError if data was changed in between.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from tinygrad_edu.engine.run import Run, derivatives, fitting, ones, pull, remembering
from tinygrad_edu.engine.trees import leaves, map_leaves, with_leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError

Argnums = int | tuple[int, ...]


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function x ↦ ∂f/∂x, for an f that returns a single number.

    Args:
        f: a function of numbers and arrays, or of trees of them, written in NumPy.
        argnums: by which arguments to differentiate.

    Errors: BackwardError if f returns more than one number; and those of all transforms.

    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.grad(np.sin)(0.0), tg.grad(tg.grad(tg.grad(np.sin)))(0.0)
    (1.0, -1.0)
    >>> tg.grad(lambda p, x: (p["w"] * x).sum() + p["b"])({"w": np.ones(2), "b": 0.0}, np.array([3.0, 4.0]))
    {'w': array([3., 4.]), 'b': 1.0}
    """
    _check("grad", f, argnums)

    @wraps(f, updated=())
    def gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        return Run("grad", f, args, kwargs, argnums).gradient_of_number()

    return gradient_of_f


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function x ↦ (f(x), ∂f/∂x), both from one forward pass. Arguments and errors as for `grad`.

    >>> import tinygrad_edu as tg
    >>> tg.value_and_grad(lambda x, y: x * y ** 2, argnums=(0, 1))(2.0, 3.0)
    (18.0, (9.0, 12.0))
    """
    _check("value_and_grad", f, argnums)

    @wraps(f, updated=())
    def value_and_gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        run = Run("value_and_grad", f, args, kwargs, argnums)
        gradient = run.gradient_of_number()
        return run.value(), gradient

    return value_and_gradient_of_f


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function x ↦ J with J[i.., k..] = ∂f(x)[i..]/∂x[k..], of shape (*f(x).shape, *x.shape).

    It takes one backward pass for every number that f returns. If f returns a tree, so does this: in place of
    each leaf of f(x) stands the derivative of that leaf, which has the form of the argument.

    >>> import numpy as np, tinygrad_edu as tg
    >>> def cartesian(r, phi):
    ...     return np.stack([r * np.cos(phi), r * np.sin(phi)])
    >>> tg.jacobian(cartesian, argnums=(0, 1))(2.0, 0.0)
    (array([1., 0.]), array([0., 2.]))
    """
    _check("jacobian", f, argnums)

    @wraps(f, updated=())
    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        run = Run("jacobian", f, args, kwargs, argnums)
        return map_leaves(lambda y, path: run.jacobian_of(y), run.y)

    return jacobian_of_f


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function x ↦ H with H[i.., k..] = ∂²f/∂x[i..]∂x[k..], of shape (*x.shape, *x.shape).

    It is the Jacobian of the gradient. For trees, and for a tuple of argnums, it is a tree of trees:
    `hessian(f)(p)["w"]["b"]` is ∂²f/∂w∂b.

    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.hessian(lambda x: x[0] ** 3 * x[1])(np.array([1.0, 2.0]))
    array([[12.,  3.],
           [ 3.,  0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], Any]]:
    """f(*primals), and the pullback u ↦ uᵀJ: it takes a gradient by f's result back to one by the primals.

    The pullback may be called often. Its u has the form of f's result. It returns the gradient by the only
    primal, or a tuple of one for each: PyTorch's convention; JAX's is a tuple in both cases.

    >>> import numpy as np, tinygrad_edu as tg
    >>> y, pullback = tg.vjp(np.square, np.array([1.0, 2.0]))
    >>> y, pullback(np.array([1.0, 10.0]))
    (array([1., 4.]), array([ 2., 40.]))
    """
    _check("vjp", f)
    run = Run("vjp", f, primals, {}, _all(primals))

    def pullback(u: Any) -> Any:
        """The gradient by the primals, given the gradient u by f's result."""
        return run.gradient(fitting(run.y, u, f"pullback, {run.where}: u"))

    return run.value(), pullback


def jvp(f: Callable[..., Any], primals: Any, tangents: Any) -> tuple[Any, Any]:
    """f at the primals, and J t: its derivative there in the direction of the tangents t.

    As in JAX and PyTorch, primals is a tuple of f's arguments and tangents a tuple of the same form; for a
    single argument both may come without the tuple.

    The engine only pulls back. But the pullback u ↦ Jᵀu is linear in u, and pulling t back through it gives
    (Jᵀ)ᵀ t = J t (J. Townsend 2017, https://j-towns.github.io/2017/06/12/A-new-trick.html).

    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.jvp(lambda r, phi: r * np.cos(phi), (2.0, 0.0), (0.5, 0.1))
    (2.0, 0.5)
    """
    _check("jvp", f)
    primals = _as_arguments(primals)
    run = Run("jvp", f, primals, {}, _all(primals))
    inputs = with_leaves(run.chosen, run.sources)
    t = fitting(inputs, _only(_as_arguments(tangents)), f"{run.where}: tangents")
    outputs = list(leaves(run.y))
    u = [Value(ones(y)) for y in outputs]  # any u would do; but at u = 0 an infinite slope would not show
    with remembering():
        pulled = pull(outputs, u, run.sources, as_graph=True)
    return run.value(), with_leaves(run.y, derivatives(pulled, t, u, run.values))


def hvp(f: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """H t, the product of f's Hessian with the tangents t, without H: for the price of a few gradients.

    H is symmetric, so that H t is the pullback of t through the gradient. Primals and tangents are as in
    `jvp`; the result has their form, for a single argument without a tuple.

    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.hvp(lambda x: x[0] ** 3 * x[1], np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([12.,  3.])

    Source: B. A. Pearlmutter, Fast exact multiplication by the Hessian, 1994,
    https://doi.org/10.1162/neco.1994.6.1.147.
    """
    _check("hvp", f)
    primals = _as_arguments(primals)
    run = Run("hvp", grad(f, _all(primals)), primals, {}, _all(primals))
    return run.gradient(fitting(run.y, _only(_as_arguments(tangents)), f"{run.where}: tangents"))


# ----- arguments -----

def _check(transform: str, f: Any, argnums: Any = 0) -> None:
    if not callable(f):
        raise OptionError(f"{transform}: expected a function to differentiate, not a {type(f).__name__}; to "
                          "differentiate a Value that is computed already, use v.backward()")
    for i in argnums if isinstance(argnums, tuple) else (argnums,):
        if not isinstance(i, int) or isinstance(i, bool):
            raise OptionError(f"{transform}: argnums must be an int or a tuple of ints, not {argnums!r}")


def _as_arguments(primals: Any) -> tuple:
    """The arguments of f: a plain tuple lists them, anything else is the only one."""
    return primals if type(primals) is tuple else (primals,)


def _only(arguments: tuple) -> Any:
    """A single argument without its tuple."""
    return arguments[0] if len(arguments) == 1 else arguments


def _all(arguments: tuple) -> Argnums:
    """The argnums of all arguments; of a single one not as a tuple, so that the result is none."""
    return tuple(range(len(arguments))) if len(arguments) > 1 else 0
