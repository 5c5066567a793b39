"""Parameters as views of one flat vector: an update is a few NumPy calls, however many layers there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.checks import check_real
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.optim.parameters import Member

PIECE = 2**17
"""How many elements are updated at a time: few enough that an update finds them all in the cache."""


class Block:
    """All parameters of one dtype, end to end; their gradients and the optimizer's running sums likewise.

    group: the parameter group that they belong to; None if the optimizer has no groups.
    """

    def __init__(self, dtype: np.dtype, size: int, running_sums: int, group: Any) -> None:
        self.group = group
        self.theta = np.empty(size, dtype)
        self.g = np.empty(size, dtype)
        self.running = [np.zeros(size, dtype) for _ in range(running_sums)]
        self.scratch = np.empty(min(size, PIECE), dtype)


@dataclass(slots=True, eq=False)
class Slot:
    """A parameter's place in its block, the elements from start to stop, and how many steps it took."""

    parameter: Any
    label: str
    number: int  # its position among the parameters that the optimizer was given
    block: Block
    start: int
    stop: int
    data: np.ndarray  # these elements of theta as a view of the parameter's shape
    gradient: np.ndarray  # and those of g
    is_float: bool  # whether the parameter's data is a Python number, which cannot be a view
    by_columns: bool  # whether it is a matrix that stands there column by column
    t: int = 0

    def running(self, i: int) -> np.ndarray:
        """Its elements of the i-th running sum, as a view of its shape."""
        return shaped(self.block.running[i][self.start:self.stop], self.data.shape, self.by_columns)


@dataclass(slots=True)
class Run:
    """Neighbours in a block, from start to stop, that took equally many steps: one vector for the update."""

    block: Block
    start: int
    stop: int
    t: int


def lay_out(members: Sequence[Member], running_sums: int, first: int, group: Any) -> list[Slot]:
    """Move the data of the parameters into blocks, one per dtype; the slots come block by block.

    Args:
        members: the parameters, as `parameter_groups` returns them.
        running_sums: how many running sums the optimizer keeps.
        first: the number of the first of them.
        group: their group, None if the optimizer has no groups.
    """
    arrays = [np.asarray(member.parameter.data) for member in members]
    slots = []
    for dtype in dict.fromkeys(array.dtype for array in arrays):
        chosen = [i for i, array in enumerate(arrays) if array.dtype == dtype]
        block = Block(dtype, sum(arrays[i].size for i in chosen), running_sums, group)
        stop = 0
        for i, following in zip(chosen, [*chosen[1:], None], strict=True):
            array, start, stop = arrays[i], stop, stop + arrays[i].size
            by_columns = following is not None and is_affine(array, arrays[following])
            data, gradient = (shaped(flat[start:stop], array.shape, by_columns) for flat in (block.theta, block.g))
            slots.append(Slot(*members[i], first + i, block, start, stop, data, gradient,
                              is_float=type(members[i].parameter.data) is float, by_columns=by_columns))
    for slot in slots:
        slot.data[...] = arrays[slot.number - first]
        if not slot.is_float:
            slot.parameter._numbers = slot.data  # not by the setter, as a graph of the same numbers stays valid
    return slots


def is_affine(weight: np.ndarray, bias: np.ndarray) -> bool:
    """Whether they are W and b of y = x Wᵀ + b.

    Such a W stands in the flat vector column by column, so that it is one matrix with the b behind it, [Wᵀ; b]: then
    y = [x 1] [Wᵀ; b] is one product, and so is the gradient by both, [x 1]ᵀ g. Compiled steps make use of it.
    """
    return weight.ndim == 2 and bias.shape == weight.shape[:1]


def shaped(vector: np.ndarray, shape: tuple[int, ...], by_columns: bool) -> np.ndarray:
    """A part of a flat vector as a parameter: a view."""
    return vector.reshape(shape[::-1]).T if by_columns else vector.reshape(shape)


def gather(by: str, slots: Sequence[Slot]) -> list[Slot]:
    """Copy the gradients, and newly assigned data, to their places; returns the slots with a gradient.

    Errors: ShapeError and DtypeError if one of them does not fit; no parameter is touched then.
    """
    ready, assigned = [], []
    for slot in slots:
        parameter, data = slot.parameter, slot.data
        if slot.is_float:
            data[...] = parameter.data
        elif parameter.data is not data:
            # copied before any is put back: two parameters may have exchanged their arrays
            assigned.append((slot, _fitted(by, slot, "data", parameter.data).copy()))
        g = parameter.grad
        if g is None:
            continue
        if type(g) is not np.ndarray or g.shape != data.shape or g.dtype is not data.dtype:
            g = _fitted(by, slot, "grad", g)
        slot.gradient[...] = g
        ready.append(slot)
    for slot, values in assigned:
        slot.data[...] = values
        slot.parameter._numbers = slot.data
    return ready


def runs(slots: Iterable[Slot]) -> list[Run]:
    """The slots as few runs as possible: one per block, as long as all parameters get their gradients."""
    found: list[Run] = []
    run = None
    for slot in slots:
        if run and slot.block is run.block and slot.start == run.stop and slot.t == run.t:
            run.stop = slot.stop
        else:
            run = Run(slot.block, slot.start, slot.stop, slot.t)
            found.append(run)
    return found


def _fitted(by: str, slot: Slot, attribute: str, values: Any) -> Any:
    """What was assigned to a parameter's data or grad as an array, if it has the parameter's shape."""
    if slot.is_float and type(values) is float:
        return values
    try:
        array = np.asarray(values)
    except (ValueError, TypeError):  # a list whose rows differ in length, or a Value
        array = np.asarray(None)
    check_real(f"{by}: the .{attribute} of {slot.label}", array, f"assign an array of them, not a "
               f"{type(values).__name__} of others")
    if array.shape != slot.data.shape:
        raise ShapeError(f"{by}: the .{attribute} of {slot.label} has shape {array.shape}, but the parameter "
                         f"had shape {slot.data.shape} when the optimizer was made; assign an array of that "
                         "shape, or make a new optimizer")
    return array
