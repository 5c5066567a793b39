"""The Values that make up the state of a module: those that it learns, and those that it only keeps."""

import numpy as np

from tinygrad_edu.engine.value import Value


class Parameter(Value):
    """A Value that a module learns.

    Args:
        data: a number, an array or nested lists, as for a Value; an array is not copied.
        name: what to call it in drawings and messages. If not given, it is called by its path in the
            outermost module that holds it, such as `layers.0.weight`.

    Errors: those of `Value`.

    >>> import tinygrad_edu as tg
    >>> tg.nn.MLP([2, 1]).parameters()[0].name
    'layers.0.weight'
    """

    __slots__ = ()


class Buffer(Value):
    """A Value that belongs to the state of a module, but is not learned, such as the running mean of `BatchNorm1d`.

    It is saved and loaded with the parameters, but no optimizer gets it. Compute with its numbers, `.data`, as
    with any constant: then there is no gradient by it.

    Args: those of `Parameter`.

    Errors: those of `Value`.

    A kind of buffer that not all numbers suit says so by its `objection`.

    >>> import tinygrad_edu as tg
    >>> [path for path, _ in tg.nn.BatchNorm1d(3).named_buffers()]
    ['running_mean', 'running_var']
    """

    __slots__ = ()

    def objection(self, numbers: np.ndarray) -> str:
        """Why numbers of its shape cannot be its own, for the message of `load_state_dict`; empty if they can."""
        return ""
