"""Nested dicts, lists and tuples, with numbers and arrays as leaves: looked at leaf by leaf, and built anew.

Parameters often come like this: `{"weights": [W1, W2], "bias": b}`. All that is not a dict, a list or a tuple
is a leaf. The path of a leaf is what to write behind the tree's name to reach it: `['weights'][0]`.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any

from tinygrad_edu.errors import ShapeError


def _branches(tree: Any) -> list[tuple[Any, Any]] | None:
    """(key, branch) of every branch, in order; None for a leaf."""
    if isinstance(tree, dict):
        return list(tree.items())
    return list(enumerate(tree)) if isinstance(tree, list | tuple) else None


def _like(tree: Any, branches: list[Any]) -> Any:
    """A container of the tree's own type, with these branches in the place of its own."""
    if isinstance(tree, dict):
        new = copy(tree)  # an OrderedDict or a defaultdict stays one
        new.update(zip(tree, branches, strict=True))
        return new
    return tree._make(branches) if hasattr(tree, "_make") else type(tree)(branches)  # _make: a namedtuple's


def map_leaves(function: Callable[[Any, str], Any], tree: Any, path: str = "") -> Any:
    """The tree with function(leaf, its path) in the place of every leaf.

    >>> from tinygrad_edu.engine.trees import map_leaves
    >>> map_leaves(lambda leaf, path: f"{path} was {leaf}", {"w": [1.0, 2.0], "b": 3.0})
    {'w': ["['w'][0] was 1.0", "['w'][1] was 2.0"], 'b': "['b'] was 3.0"}
    """
    branches = _branches(tree)
    if branches is None:
        return function(tree, path)
    return _like(tree, [map_leaves(function, branch, f"{path}[{key!r}]") for key, branch in branches])


def leaves(tree: Any) -> Iterator[Any]:
    """The leaves, in the order of the tree."""
    branches = _branches(tree)
    if branches is None:
        yield tree
    else:
        for _, branch in branches:
            yield from leaves(branch)


def with_leaves(tree: Any, new: Iterable[Any]) -> Any:
    """The tree with these leaves, in order, in the place of its own."""
    following = iter(new)
    return map_leaves(lambda leaf, path: next(following), tree)


def pairs(tree: Any, other: Any, what: str) -> Iterator[tuple[Any, Any, str]]:
    """(leaf, leaf of the other tree, its path) for trees of the same form; messages call the other `what`.

    Errors: ShapeError where the other tree has another form.
    """
    mine, others = _branches(tree), _branches(other)
    if mine is None:
        yield tree, other, what
        return
    kinds_agree = others is not None and isinstance(tree, dict) == isinstance(other, dict)
    theirs = dict(others) if others is not None and kinds_agree else {}
    if not kinds_agree or theirs.keys() != dict(mine).keys():
        raise ShapeError(f"{what}: expected {_form(tree)}, got {_form(other)}")
    for key, branch in mine:
        yield from pairs(branch, theirs[key], f"{what}[{key!r}]")


def _form(tree: Any) -> str:
    """What a message calls a container, or a leaf."""
    if isinstance(tree, dict):
        return f"a dict with the keys {', '.join(map(repr, tree)) or '(none)'}"
    if isinstance(tree, list | tuple):
        return f"a {type(tree).__name__} of {len(tree)}"
    return f"a single {type(tree).__name__}"
