"""A step of an optimizer, traced: its update rule runs on what stands for the flat vectors that it works on."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinygrad_edu.compiler.functions import assemble, setitem, slice_of
from tinygrad_edu.compiler.program import Call, State
from tinygrad_edu.compiler.traced import Traced, TracedArray
from tinygrad_edu.errors import BackwardError
from tinygrad_edu.optim.flat import PIECE, runs
from tinygrad_edu.optim.optimizer import no_gradients


def record_step(capture: Any, optimizer: Any) -> None:
    """`optimizer.step()`, without touching it."""
    ready = []
    for slot in optimizer._slots:
        capture.lift(slot.parameter)
        g = slot.parameter.grad
        if g is None:
            continue
        if hasattr(g, "is_none"):  # from before the call
            g.is_none()
            continue
        ready.append(slot)
    places: list[Any] = [SimpleNamespace(block=slot.block, start=slot.start, stop=slot.stop, t=slot.t + 1)
                         for slot in ready]
    if not ready:
        raise BackwardError(no_gradients(optimizer))
    capture.steps.append((optimizer, ready))
    for run in runs(places):
        members = [slot for slot in ready if slot.block is run.block and run.start <= slot.start < run.stop]
        _update(capture, optimizer, run, members)


def _update(capture: Any, optimizer: Any, run: Any, slots: list[Any]) -> None:
    """One run of neighbouring parameters, as `Optimizer.step` makes it."""
    block = run.block
    owner = block.group or optimizer
    first = slots[0]
    steps = sum(slot is first for _, ready in capture.steps for slot in ready)  # in this call, with the present one
    t = capture.setting((id(first), "t"), first.t, "steps", lambda: first.t) + steps
    t.variable.name = "t"
    theta = _part(_theta(capture, optimizer, block), run)
    g = capture.call(assemble, ([_numbers(capture, slot) for slot in slots],), {})
    running = [_part(_flat(capture, vector, name), run)
               for name, vector in zip(owner.running, block.running, strict=True)]
    scratch = capture.call(np.empty, (run.stop - run.start, block.theta.dtype), {})
    capture.loop = len(capture.steps) if run.stop - run.start > PIECE else None
    shadow_of(capture, owner).update(theta, g, t, scratch, *running)
    capture.annotate(f"{type(optimizer).__name__}: one step")
    capture.loop = None
    for slot in slots:
        if slot.is_float:
            slot.parameter._numbers = _theta(capture, optimizer, block)[slot.start].item()


def _numbers(capture: Any, slot: Any) -> Any:
    g = slot.parameter.grad
    if not isinstance(g, Traced):
        g = np.broadcast_to(np.asarray(g, slot.data.dtype), slot.data.shape)
    return np.transpose(g) if slot.by_columns else g


def shadow_of(capture: Any, owner: Any) -> Any:
    """An optimizer like this one, whose hyperparameters are traced."""
    shadow = object.__new__(type(owner))
    vars(shadow).update({name: x for name, x in vars(owner).items() if name not in ("follows", "whole_lr")})
    for name in owner._hyperparameters:
        value, read = getattr(owner, name), _reader(owner, name)
        if isinstance(value, tuple):
            traced: Any = tuple(capture.setting((id(owner), name, i), x, f"{name[:-1]}{i + 1}",
                                                lambda read=read, i=i: read()[i]) for i, x in enumerate(value))
        else:
            traced = capture.setting((id(owner), name), value, name, read)
        vars(shadow)[name] = traced
    return shadow


def _reader(owner: Any, name: str) -> Callable[[], Any]:
    """How to look a hyperparameter up, quickly where it is the optimizer's own."""
    settings = vars(owner)
    if "follows" in settings or name not in settings:
        return lambda: getattr(owner, name)
    return partial(settings.__getitem__, name)


def _flat(capture: Any, vector: np.ndarray, name: str) -> TracedArray:
    """What stands for a flat vector of an optimizer."""
    if id(vector) not in capture.blocks:
        variable = capture.input(vector, name)
        capture.program.states.append(State(variable, variable, lambda: vector))
        capture.blocks[id(vector)] = capture.wrap(variable), vector, capture.program.states[-1]
    return capture.blocks[id(vector)][0]


def _part(vector: TracedArray, run: Any) -> TracedArray:
    return vector if run.start == 0 and run.stop == vector.size else vector[run.start:run.stop]


def _theta(capture: Any, optimizer: Any, block: Any) -> TracedArray:
    """What stands for all parameters of a block; those that are arrays become views of it."""
    if id(block.theta) in capture.blocks:
        settle(capture)
        return capture.blocks[id(block.theta)][0]
    theta = _flat(capture, block.theta, "theta")
    for slot in optimizer._slots:
        if slot.block is not block:
            continue
        leaf = slot.parameter
        capture.lift(leaf)
        handle, state = leaf._numbers, capture.leaf_states[leaf]
        if slot.is_float:
            theta[slot.start] = handle
            continue
        if state.before is not handle.variable:  # assigned in the step
            _learn(theta, slot, handle)
        _alias(capture, theta, slot, state)
    return theta


def _alias(capture: Any, theta: TracedArray, slot: Any, state: State) -> None:
    """Make a parameter a view of the flat vector, from the very beginning of the program."""
    original = capture.blocks[id(slot.block.theta)][2].before
    first, stop, columns = slot.start, slot.stop, slot.by_columns
    shape = slot.data.shape[::-1] if columns else slot.data.shape
    part = capture.input(slot.data.T, f"{state.before.name}_T") if columns else state.before
    calls = [Call(slice_of, (original, first, stop, shape), {}, part, "forward", view=original, note="parameter")]
    if columns:
        calls.append(Call(np.transpose, (part,), {}, state.before, "forward", view=part, note="parameter"))
    for call in calls:
        call.y.made_by = call
    capture.program.calls[:0] = calls
    capture.program.states.remove(state)

    def view(base: Any) -> Any:
        y = capture.call(slice_of, (base, first, stop, shape), {})
        return np.transpose(y) if columns else y

    def write_through(new: Any) -> Any:
        return capture.call(setitem, (theta, slice(first, stop), _flattened(slot, new)), {})

    slot.parameter._numbers.look_at(theta, view, write_through)
    capture.placed.append((slot, theta, slot.parameter._numbers))


def settle(capture: Any) -> None:
    """Let the flat vectors learn what was assigned to parameters after these became views of them."""
    for slot, theta, view in capture.placed:
        if slot.parameter._numbers is not view:
            _learn(theta, slot, slot.parameter._numbers)
            slot.parameter._numbers = view


def _learn(theta: TracedArray, slot: Any, data: Any) -> None:
    theta[slot.start:slot.stop] = _flattened(slot, data)


def _flattened(slot: Any, data: Any) -> Any:
    """Numbers of a parameter's shape in the order in which they stand in the flat vector."""
    return np.reshape(np.transpose(data) if slot.by_columns else data, -1)
