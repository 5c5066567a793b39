"""What all optimizers share: flat vectors, when to step, what to save. Each one adds its update rule."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tinygrad_edu.errors import ArgumentError, BackwardError, MissingMethodError, OptionError, StateError
from tinygrad_edu.optim.flat import PIECE, Slot, gather, lay_out, runs
from tinygrad_edu.optim.hyperparameter import NOT_NEGATIVE, POSITIVE, Hyperparameter, LearningRate, keep_proportion
from tinygrad_edu.optim.parameters import parameter_groups
from tinygrad_edu.tracing import current


class Optimizer:
    """Base of the optimizers: a new one states its hyperparameters, its running sums and its `update`.

    The parameters' arrays become views of one flat vector per dtype, and their gradients are copied into a
    second one, so an update is a handful of NumPy calls whatever the number of layers. For a user little
    changes: `.data` may be read, changed in place and assigned (an assigned array is copied into its place by
    the next step), `.grad` stays the array that `backward` made. As the data change in place, copy what you
    want to keep: `best = [p.data.copy() for p in params]`. A Python number, the data of `Value(2.0)`, cannot
    be a view; it stays a number, read before each step and assigned after it.

    As in PyTorch, a parameter whose `.grad` is None sits a step out, with its running sums and its count t of
    steps, and a NaN in a gradient goes into the parameter. That no parameter has a gradient is an error here.

    Parameters may come in groups, each a dict with hyperparameters of its own. A group is itself an optimizer, of
    `group.params`; what it does not set, it has from the optimizer as a whole. `optimizer.groups[0].lr = 0.1` sets
    the learning rate of one group. `optimizer.lr = 0.01` sets that of all groups without their own, and changes the
    others in proportion: so do PyTorch's schedules, each group from its first rate. Assign it first if you set both.

    Args:
        params: the parameters, such as `model.parameters()`; or groups of them, as in
            `[{"params": body.parameters(), "lr": 1e-4}, {"params": head.parameters()}]`.
        **hyperparameters: their values, for attributes of class `Hyperparameter`.

    Errors: OptionError for what is no parameter, no group and no hyperparameter; ArgumentError for no parameters,
    for one given twice and for one that was computed; DtypeError for data that are no floating numbers; those of
    `Hyperparameter` and `check`.

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> class SignDescent(tg.optim.Optimizer):
    ...     "theta := theta - alpha sign(g)"
    ...     def __init__(self, params, lr=1e-3):
    ...         super().__init__(params, lr=lr)
    ...     def update(self, theta, g, t, scratch):
    ...         np.sign(g, out=g)
    ...         theta -= np.multiply(g, self.lr, out=scratch)
    >>> w = tg.Value(np.array([1.0, -2.0]))
    >>> optimizer = SignDescent([w], lr=0.5)
    >>> (w ** 2).sum().backward()
    >>> optimizer.step()
    >>> w.data
    array([ 0.5, -1.5])
    """

    lr = LearningRate(NOT_NEGATIVE)
    whole_lr = Hyperparameter(POSITIVE, low=np.nextafter(0, 1))
    """Of a group with its own learning rate: the optimizer's when that was set, to which it keeps its proportion."""

    follows: "Optimizer"
    """Of a group, and only there: the optimizer that it has its other hyperparameters from."""

    squares: tuple[str, ...] = ()
    """Which of the running sums are of squares, and so never below 0."""

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the running sums, such as Adam's m and v: vectors like theta, 0 before the first step."""
        return ()

    def __init__(self, params: Iterable[Any], **hyperparameters: Any) -> None:
        self._hyperparameters = tuple(hyperparameters)
        for name, value in hyperparameters.items():
            if not isinstance(getattr(type(self), name, None), Hyperparameter):
                raise OptionError(f"{type(self).__name__}: there is no hyperparameter {name!r}; state it in the class, "
                                  f'as in {name} = Hyperparameter("a number of 0 or more")')
            vars(self)[name] = getattr(type(self), name).checked(type(self).__name__, value)
        self.check()
        given = parameter_groups(type(self).__name__, params)
        self._groups = [self._group(settings) for _, settings in given if settings is not None]
        # nothing was touched so far, and nothing can fail from here on
        slots: list[Slot] = []
        for group, (members, settings) in zip(self.groups, given, strict=True):
            placed = lay_out(members, len(group.running), len(slots), None if settings is None else group)
            group._take(placed)
            slots += placed
        self._take(slots)

    def _group(self, settings: dict[str, Any]) -> "Optimizer":
        """A parameter group with these hyperparameters, as yet without parameters."""
        group = object.__new__(type(self))
        group._hyperparameters, group._groups, group.follows = self._hyperparameters, [], self
        for name, value in settings.items():
            if name not in self._hyperparameters:
                raise OptionError(f"{type(self).__name__}: a parameter group has no {name!r}; it may have its own "
                                  f"{', '.join(self._hyperparameters)}")
            vars(group)[name] = getattr(type(self), name).checked(type(self).__name__, value)
        if "lr" in settings:
            keep_proportion(group)
        group.check()
        return group

    def _take(self, slots: list[Slot]) -> None:
        self._slots = slots
        self._floats = [slot for slot in slots if slot.is_float]

    @property
    def groups(self) -> list["Optimizer"]:
        """The parameter groups, in the order given; without groups, the optimizer alone."""
        return self._groups or [self]

    @property
    def params(self) -> list[Any]:
        """The parameters, in the order given."""
        return [slot.parameter for slot in self._in_given_order()]

    def check(self) -> None:
        """Raise ArgumentError if hyperparameters contradict each other; for optimizers where they can."""

    def check_settings(self) -> None:
        """`check` for the whole and for each group: whenever one of the hyperparameters has been assigned."""
        for owner in (self, *vars(self).get("_groups", ())):
            owner.check()

    def update(self, theta: np.ndarray, g: np.ndarray, t: int, scratch: np.ndarray,
               *running: np.ndarray) -> None:
        """Move theta one step, in place. All arrays are vectors of one length and of theta's dtype.

        Args:
            theta: the parameters, or a part of them.
            g: the gradient by them, a copy that may be overwritten.
            t: which step of these parameters it is, from 1.
            scratch: a place for intermediate results.
            *running: the running sums, in the order of their names; to be updated in place, too.
        """
        raise MissingMethodError(f"{type(self).__name__} has no update rule; define its method `update`")

    def step(self) -> None:
        """Update, in place and all at once, the parameters that have a gradient.

        Errors: ShapeError and DtypeError if the data or the gradient assigned to a parameter do not fit it;
        BackwardError if none has a gradient. All parameters are left as they were.
        """
        if current.trace is not None:
            current.trace.step(self)
            return
        by = f"{type(self).__name__}.step"
        ready = gather(by, self._slots)
        if not ready:
            raise BackwardError(no_gradients(self))
        for slot in ready:
            slot.t += 1
            slot.parameter.mark_changed(by)
        with np.errstate(all="ignore"):  # what is not finite is no reason to stop halfway
            for run in runs(ready):
                block = run.block
                update = (block.group or self).update
                for i in range(run.start, run.stop, PIECE):
                    part = slice(i, min(i + PIECE, run.stop))
                    update(block.theta[part], block.g[part], run.t, block.scratch[:part.stop - i],
                           *[vector[part] for vector in block.running])
        for slot in self._floats:
            if slot.parameter.grad is not None:
                slot.parameter._numbers = slot.data.item()

    def zero_grad(self) -> None:
        """Forget all gradients: every parameter's `.grad` becomes None, so that `backward` starts afresh."""
        for slot in self._slots:
            slot.parameter.grad = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """All that the next steps depend on but the parameters and gradients, as new arrays by name.

        That is the hyperparameters; `t`, the steps each parameter took; and each running sum of parameter i
        as `<name>.<i>`. With groups also `groups`, how many parameters each has, and the hyperparameters of
        group k itself as `groups.<k>.<name>`, with `whole_lr` if its learning rate is in proportion to that one.
        `interop.save` can write it to a file.

        >>> import numpy as np
        >>> import tinygrad_edu as tg
        >>> tg.optim.SGD([tg.Value(np.ones(2))], lr=0.5, momentum=0.9).state_dict()
        {'lr': array(0.5), 'momentum': array(0.9), 'dampening': array(0), 'weight_decay': array(0),
         'nesterov': array(False), 't': array([0]), 'velocity.0': array([0., 0.])}
        """
        state = {prefix + name: np.array(vars(owner)[name]) for owner, prefix in self._owners()
                 for name in self._saved if name in vars(owner)}
        if self._groups:
            state["groups"] = np.array(self._sizes())
        state["t"] = np.array([slot.t for slot in self._in_given_order()])
        return state | {name: place.copy() for name, place in self._running_sums().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned for an optimizer of the same class and like parameters.

        Hyperparameters are taken over, too. The parameters themselves are the model's to load.

        Errors: StateError if names are missing or unknown, or a value does not fit; nothing is changed then.
        """
        slots, function = self._in_given_order(), f"{type(self).__name__}.load_state_dict"
        cure = "load a state saved from an optimizer of the same class, made for the same parameters"
        if not isinstance(state, Mapping):
            raise StateError(f"{function}: expected a dict of arrays by name, got {type(state).__name__}; "
                             f"{cure}")
        sums = self._running_sums()
        needed = {*self._hyperparameters, "t", *sums, *(["groups"] if self._groups else [])}
        possible = needed | {prefix + name for _, prefix in self._owners() for name in self._saved}
        if not needed <= state.keys() <= possible:
            missing, unknown = sorted(needed - state.keys()), sorted(state.keys() - possible, key=str)
            raise StateError(f"{function}: missing are {missing}, unknown are {unknown}; {cure}")

        def array(name: str, shape: tuple[int, ...], kinds: str) -> np.ndarray:
            try:
                value = np.asarray(state[name])
            except (ValueError, TypeError):  # a list whose rows differ in length, or a Value
                value = np.asarray(None)
            if value.shape != shape or value.dtype.kind not in kinds:
                raise StateError(f"{function}: {name!r} has shape {value.shape} and dtype {value.dtype}; it "
                                 f"must have shape {shape} and a dtype of kind {' or '.join(kinds)}; {cure}")
            return value

        try:
            settings = [{name: getattr(type(self), name).checked(function, state[prefix + name])
                         for name in self._saved if prefix + name in state} for _, prefix in self._owners()]
            for i, own in enumerate(settings):
                if "whole_lr" in own and (i == 0 or "lr" not in own):
                    raise StateError(f"{function}: only a group with its own lr has a whole_lr; {cure}")
                trial = object.__new__(type(self))
                vars(trial).update(settings[0] | own)
                trial.check()
        except (ArgumentError, OptionError) as error:
            raise StateError(f"{error}; {cure}") from None
        steps = array("t", (len(slots),), "iu")
        if (steps < 0).any():
            raise StateError(f"{function}: 't' counts steps, but has {steps.min()}; {cure}")
        if self._groups and array("groups", (len(self._groups),), "iu").tolist() != self._sizes():
            raise StateError(f"{function}: the groups have {self._sizes()} parameters, but {state['groups']} in the "
                             f"state; {cure}")
        loaded = {name: array(name, place.shape, "fiu") for name, place in sums.items()}
        for name, numbers in loaded.items():
            if np.isnan(numbers).any():
                raise StateError(f"{function}: {name!r} has NaN, from which no step could be made; {cure}")
            if name.split(".")[0] in self.squares and (numbers < 0).any():
                raise StateError(f"{function}: {name!r} is of squares, but has {numbers.min()}; {cure}")

        for (owner, _), own in zip(self._owners(), settings, strict=True):
            for name in self._saved:
                vars(owner).pop(name, None)
            vars(owner).update(own)
        for slot, t in zip(slots, steps.tolist(), strict=True):
            slot.t = t
        for name, place in sums.items():
            place[...] = loaded[name]

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)}" for name in self._hyperparameters)
        size = sum(slot.data.size for slot in self._slots)
        groups = f", in {len(self._groups)} groups" if self._groups else ""
        return f"<{type(self).__name__}({settings}) of {size} numbers in {len(self._slots)} parameters{groups}>"

    @property
    def _saved(self) -> tuple[str, ...]:
        return (*self._hyperparameters, "whole_lr")

    def _owners(self) -> list[tuple["Optimizer", str]]:
        """Whose hyperparameters a state has, and what their names begin with there: the whole's, each group's."""
        return [(self, ""), *((group, f"groups.{k}.") for k, group in enumerate(self._groups))]

    def _sizes(self) -> list[int]:
        return [len(group._slots) for group in self._groups]

    def _running_sums(self) -> dict[str, np.ndarray]:
        """Where each running sum of each parameter is, by its name in a state."""
        return {f"{name}.{slot.number}": slot.running(i) for group in self.groups
                for i, name in enumerate(group.running) for slot in group._in_given_order()}

    def _in_given_order(self) -> list[Slot]:
        return sorted(self._slots, key=lambda slot: slot.number)


def no_gradients(optimizer: Optimizer) -> str:
    """What to say of a step without any gradient."""
    return (f"{type(optimizer).__name__}.step: none of the {len(optimizer._slots)} parameters has a gradient; call "
            "loss.backward() first, after zero_grad(). If you did, the loss was not computed from these parameters")
