"""What an optimizer takes for its parameters: checked one by one before any of them is touched."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError
from tinygrad_edu.tracing import as_array

CURE = "pass model.parameters() or a list of Values"


class Member(NamedTuple):
    """A parameter, and how a message calls it."""

    parameter: Any
    label: str


class Group(NamedTuple):
    """Parameters with hyperparameters of their own; `settings` is None if there are no groups, but only parameters."""

    members: list[Member]
    settings: dict[str, Any] | None


def parameter_groups(owner: str, params: Any) -> list[Group]:
    """The groups that params lists as dicts, as in `[{"params": [w], "lr": 0.1}, {"params": [b]}]`; else one of all.

    Errors: OptionError for what is no parameter or no group; ArgumentError for none, for one given twice, and for
    one that was computed; DtypeError for data that are no floating numbers.
    """
    listed = _listed(owner, "params", params)
    seen: dict[int, str] = {}
    if not any(isinstance(entry, Mapping) for entry in listed):
        return [Group(_members(owner, "params", listed, seen), None)]
    groups = []
    for i, group in enumerate(listed):
        if not isinstance(group, Mapping) or "params" not in group:
            raise OptionError(f"{owner}: params[{i}] is {group!r:.80}, but a group is a dict with 'params', as in "
                              '{"params": model.parameters(), "lr": 0.1}')
        where = f"params[{i}]['params']"
        members = _members(owner, where, _listed(owner, where, group["params"]), seen)
        groups.append(Group(members, {name: value for name, value in group.items() if name != "params"}))
    return groups


def _listed(owner: str, where: str, params: Any) -> list[Any]:
    if hasattr(params, "mark_changed"):
        raise OptionError(f"{owner}: {where} is one parameter, {params!r}, instead of several; put it into a list")
    try:
        listed = list(params)
    except TypeError:
        raise OptionError(f"{owner}: {where} is of type {type(params).__name__}, which holds no parameters to "
                          f"iterate over; {CURE}") from None
    if not listed:
        raise ArgumentError(f"{owner}: there are no parameters to optimize in {where}; {CURE}, and note that a "
                            "generator is empty after its first use")
    return listed


def _members(owner: str, where: str, parameters: Iterable[Any], seen: dict[int, str]) -> list[Member]:
    """The parameters with their labels; `seen` has the label of each so far, by its id."""
    members = []
    for i, p in enumerate(parameters):
        if not all(hasattr(p, name) for name in ("data", "grad", "mark_changed")):
            raise OptionError(f"{owner}: {where}[{i}] is {p!r} of type {type(p).__name__}, which is no parameter; "
                              f"{CURE}")
        name = getattr(p, "name", None)
        label, dtype = f"{where}[{i}]" + (f" ({name!r})" if name else ""), as_array(p.data).dtype
        if id(p) in seen:
            raise ArgumentError(f"{owner}: {label} is the same as {seen[id(p)]}, and would be updated twice; "
                                "pass every parameter once")
        if dtype.kind != "f":
            raise DtypeError(f"{owner}: {label} has dtype {dtype}, in which no small step can be made; "
                             "use floating numbers, as in np.array([1.0, 2.0])")
        if getattr(p, "op", None) is not None:
            raise ArgumentError(f"{owner}: {label} was computed, by {p.op.name}, so the next forward pass "
                                "would make another; optimize what it was computed from")
        seen[id(p)] = label
        members.append(Member(p, label))
    return members
