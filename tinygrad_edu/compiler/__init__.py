"""The graph, run: `compile` turns a training step into a NumPy program, the gradient as one would derive it by hand."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygrad_edu.compiler.compiled import Compiled


def compile(function: Callable[..., Any]) -> "Compiled":
    """The same function, run as a NumPy program: traced once, and from then on only its array operations are done.

    The function may use Values, modules, losses, penalties, optimizers, clipping and random layers from around it, and
    is called with arrays. Its first call, and each with arguments of other shapes or dtypes, runs it on arrays that
    note every NumPy call, of the forward pass, of the gradient rules and of the optimizer's update. The program has
    every buffer made once, reused, and written in place; `print(step.source)` shows it.

    Parameters, gradients, running sums, statistics and random generators are shared with the function as it is: eager
    and compiled steps may follow each other in any order. Learning rates and other hyperparameters are read anew in
    each call. A Python number among the arguments is a constant, and another number another program.

    The arrays in `.grad` are the program's own: its next call writes into them, so copy what is to be kept. What it
    returns belongs to the caller; a Value among it has no graph, and `backward` from it is an error.

    A plain array that the function itself makes must not be written into after it was computed with.

    What Python decides by traced numbers, as `if loss > 1` or `float(v)`, is an error; nothing is silently frozen.
    Where the library itself decides so, as on a loss that is not finite, the function is run as it is instead.

    Args:
        function: a training step, a model, or what `tg.value_and_grad` returns.

    Returns: a `Compiled`, to be called like the function.

    Errors: OptionError for what cannot be called. In a call: TraceError for what cannot be compiled, with the line and
    the cure, and the errors of the function itself; nothing is changed then.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> w = tg.Value(np.array([1.0, 2.0]))
    >>> optimizer = tg.optim.SGD([w], lr=0.1)
    >>> @tg.compile
    ... def step(x):
    ...     optimizer.zero_grad()
    ...     J = (x * w ** 2).sum()
    ...     J.backward()
    ...     optimizer.step()
    ...     return J
    >>> step(np.array([1.0, 3.0])), step(np.array([1.0, 3.0]))
    (Value(13), Value(2.56))
    >>> w.data
    array([0.64, 0.32])
    """
    from tinygrad_edu.compiler.compiled import Compiled

    return Compiled(function)
