"""Affine maps as one product: x Wᵀ + b = [x 1] [Wᵀ; b], and [x 1]ᵀ g for the gradients by W and by b together.

An optimizer's flat vector holds [Wᵀ; b] as one matrix (`optim/flat.py`). With a column of ones behind x, which is
written once, the sum with b costs nothing, and neither does the sum over the samples in the backward pass.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.compiler.functions import assemble, getitem, slice_of, with_ones
from tinygrad_edu.compiler.program import Call, Variable


class Affine:
    """Rewrites the calls of a program.

    calls: the new ones.
    joined: x -> [x 1], for all that get a column of ones.
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        self.calls = list(calls)
        self.joined: dict[Variable, Variable] = {}
        self._copies: dict[Variable, Variable] = {}  # of an x that is not the program's own
        for call in list(self.calls):
            self._forward(call)
        for call in list(self.calls):
            if call.function is assemble:
                self._backward(call)

    def _forward(self, call: Call) -> None:
        """Let x Wᵀ + b be one product, where W and b are neighbours."""
        product = _product_of_matrices(call.args[0]) if call.function is np.add else None
        if product is None:
            return
        x, weight = product.args
        matrix, bias = _slice(weight), _slice(call.args[1])
        if matrix is None or bias is None or (matrix[0], matrix[2]) != bias[:2] or call.args[1].value.ndim != 1:
            return
        fan_in, fan_out = weight.value.shape
        if x.value.dtype != weight.value.dtype or bias[2] - bias[1] != fan_out:
            return
        own = self._own(x, call, fan_out)
        if own is None:
            return
        if own not in self.joined:
            self.joined[own] = self._insert(call, with_ones, (own,), (len(own.value), fan_in + 1), view=own)
            self.joined[own].name = f"{x.name or 'x'}_and_1"
        shape = fan_in + 1, fan_out
        theta = self._insert(call, slice_of, (matrix[0], matrix[1], bias[2], shape), shape, view=matrix[0])
        theta.name = _together(weight)
        self._replace(call, np.matmul, (self.joined[own], theta))

    def _own(self, x: Variable, call: Call, fan_out: int) -> Variable | None:
        """x where a ufunc of the program makes it, else a copy; None where to copy x takes longer than to add b."""
        made = x.made_by
        if x in self._copies:
            return self._copies[x]
        if (made is not None and isinstance(made.function, np.ufunc) and made.function.nout == 1
                and not made.options and made.loop is None):
            return x
        if x.value.shape[1] > fan_out:
            return None
        self._copies[x] = self._insert(call, np.copy, (x,), x.value.shape)
        self._copies[x].name = f"{x.name or 'x'}_copy"
        return self._copies[x]

    def _backward(self, call: Call) -> None:
        """Let the gradients by a W and the b behind it be one product."""
        parts, waiting = [], list(reversed(call.args[0]))
        while waiting:
            part = waiting.pop()
            theta = self._gradient(part, waiting[-1]) if waiting else None
            if theta is not None:
                waiting.pop()
            parts.append(part if theta is None else theta)
        if len(parts) < len(call.args[0]):
            self._replace(call, assemble, (parts,))

    def _gradient(self, weight: Any, bias: Any) -> Variable | None:
        """[x 1]ᵀ g, of which the gradients by W and b become views, if they are xᵀ g and the sum of the rows of g."""
        found = self._product(weight) if isinstance(weight, Variable) else None
        if found is None or _summed(bias) is not found[1]:
            return None
        joined, g, product, flipped = found
        if g.value.dtype != joined.value.dtype:
            return None
        place = min(map(self.calls.index, (product, bias.made_by)))
        if any(x.made_by in self.calls[place:] for x in (joined, g)):
            return None
        first, (fan_in, fan_out) = self.calls[place], weight.value.shape
        across = self._insert(first, np.transpose, (joined,), joined.value.shape[::-1], view=joined)
        theta = self._insert(first, np.matmul, (across, g), (fan_in + 1, fan_out))
        theta.name = _together(weight)
        rows = theta, slice(None, -1)
        if flipped:
            matrix = self._insert(first, getitem, rows, (fan_in, fan_out), view=theta)
            self._replace(product, np.transpose, (matrix,), view=matrix)
        else:
            self._replace(product, getitem, rows, view=theta)
        self._replace(bias.made_by, getitem, (theta, -1), view=theta)
        return theta

    def _product(self, weight: Variable) -> tuple[Variable, Variable, Call, bool] | None:
        """([x 1], g, the call, whether it makes gᵀ x) for a gradient xᵀ g whose x has a column of ones."""
        made, flipped = untransposed(weight)
        product = _product_of_matrices(made)
        if product is None:
            return None
        x, g = product.args[::-1] if flipped else product.args
        if flipped:
            g, turned = untransposed(g)
        else:
            x, turned = untransposed(x)
        x = self._copies.get(x, x)
        return (self.joined[x], g, product, flipped) if turned and x in self.joined else None

    def _insert(self, before: Call, function: Callable[..., Any], args: tuple, shape: tuple[int, ...],
                view: Variable | None = None) -> Variable:
        """A call of the same section and formula as another one, in front of it; returns what it makes."""
        dtype = args[0].value.dtype
        y = Variable(0, np.broadcast_to(np.zeros((), dtype), shape))
        y.made_by = Call(function, args, {}, y, before.section, view=view, note=before.note)
        self.calls.insert(self.calls.index(before), y.made_by)
        return y

    def _replace(self, call: Call, function: Callable[..., Any], args: tuple, view: Variable | None = None) -> None:
        """Make what a call makes in another way."""
        call.y.made_by = replace(call, function=function, args=args, options={}, view=view)
        self.calls[self.calls.index(call)] = call.y.made_by


def _made_by(x: Any, function: Callable[..., Any]) -> Call | None:
    """The call of a function that made x, if it was one, without options."""
    made = x.made_by if isinstance(x, Variable) else None
    return made if made is not None and made.function is function and not made.options else None


def _product_of_matrices(x: Any) -> Call | None:
    """The product that made x, if it is one of two matrices of the program."""
    made = _made_by(x, np.matmul)
    is_one = made is not None and all(isinstance(a, Variable) and a.value.ndim == 2 for a in made.args)
    return made if is_one else None


def _turned(x: Variable) -> Iterator[Variable]:
    """x, what it is the transposed matrix of, what that is the transposed matrix of, ..."""
    yield x
    while (made := _made_by(x, np.transpose)) is not None and len(made.args) == 1:
        x = made.args[0]
        yield x


def untransposed(x: Variable) -> tuple[Variable, bool]:
    """What is transposed, over and over, to give x; and whether x is its transposed matrix, or again x itself."""
    *turned, last = _turned(x)
    return last, len(turned) % 2 == 1


def _slice(x: Any) -> tuple[Variable, int, int] | None:
    """(the flat vector, start, stop) of what stands in it row by row."""
    if not isinstance(x, Variable):
        return None
    x, flipped = untransposed(x)
    made = _made_by(x, slice_of)
    return None if made is None or flipped else made.args[:3]


def _summed(x: Any) -> Variable | None:
    """g, if x is the sum of its rows."""
    made = x.made_by if isinstance(x, Variable) else None
    if made is None:
        return None
    if made.function is np.sum and made.options in ({"axis": 0}, {"axis": (0,)}):
        return made.args[0] if isinstance(made.args[0], Variable) else None
    if made.function is np.matmul and isinstance(ones := made.args[0], np.ndarray) and ones.ndim == 1:
        return made.args[1] if isinstance(made.args[1], Variable) and np.all(ones == 1) else None
    return None


def _together(weight: Variable) -> str:
    """What W and b are called together, as in the lecture: `layers.0.theta`."""
    name = next((x.name for x in _turned(weight) if x.name), "").removesuffix("_T")
    return f"{name.removesuffix('weight')}theta" if name.endswith("weight") else name and f"{name}_theta"
