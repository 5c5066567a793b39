"""Pictures of the computation graph: `draw`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from tinygrad_edu.checks import one_of, whole_number, yes_or_no
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError

if TYPE_CHECKING:
    from tinygrad_edu.drawing.graph_drawing import GraphDrawing
    from tinygrad_edu.drawing.themes import AnyTheme
    from tinygrad_edu.drawing.view import Kind, View


def draw(value: Any, *, view: "Kind" = "ops", names: Mapping[str, Any] | None = None, theme: "AnyTheme" = "auto",
         direction: Literal["auto", "right", "down"] = "auto", fold: bool | None = None, depth: int | None = None,
         constants: bool = True, heat: bool = False, highlight: Any = None, steps: bool = False,
         max_nodes: int = 200) -> "GraphDrawing":
    """The computation graph of a Value as a picture: from the data to the result. Also `value.draw(...)`.

    Every Value is one box: data a rectangle, a parameter a rounded one, what an op computed a circle with the
    symbol of the op; the result has a double line, a constant, which has no gradient, a dashed one. In it are
    the number and its gradient (– before `backward`); of an array the least, the mean and the largest, the norm
    and the share of zeros. What a layer computed stands in a frame. The first NaN or infinity is marked.

    Every argument of an op is one arrow (x·x has two). It tells the local derivative, a factor of the chain rule,
    as a formula and between single numbers as a number, ? if it cannot be told, as data were changed since; and
    what the gradient gains by it, of an array the norm. These add up to the gradient. Values without a name are
    called v₁, v₂, ... in the order in which they were made.

    The picture is of this moment: later training does not change it. Nothing in the graph is changed either.

    Args:
        value: the result, such as a loss.
        view: "ops" for every op; "modules" for the layers of a network, with their shapes and numbers of parameters;
            "neurons" for its units and weights, as circles and lines, if it is made of weighted sums.
        names: what to call Values, by name; `names=locals()` calls them as your variables are.
        theme: the colours: "light", "dark", "print", "high-contrast", or a `Theme`; "auto" is light, and dark where
            the reader of an SVG or a notebook has chosen so.
        direction: where the arrows lead, "right" or "down"; "auto" for what is narrower than 1200 pixels, to which
            it then also shrinks the picture.
        fold: True to draw a sum, such as w·x + b of a neuron, and a chain of ops as one box each, which HTML and
            notebooks can unfold; False never to; by default only if there are more than `max_nodes`.
        depth: how many levels of modules to open: with 0 a model is one box, with 1 each of its layers is.
        constants: whether to draw what has no gradient.
        heat: whether to colour boxes by |gradient|, in steps of its logarithm.
        highlight: a Value, to mark all paths from it to the result, with their products; or two, from and to.
        steps: whether to walk through the graph, forward node by node and backward edge by edge: save it as .html, or
            show it in a notebook. It needs no `backward` before.
        max_nodes: how many boxes to draw. A larger graph is folded, then its modules become boxes, from the
            innermost outwards; of what is still too large those nearest the result are drawn.

    Returns: a `GraphDrawing`. A notebook shows it, `print` shows it as a tree of text, and
    `.save("graph.svg")`, or .png, .pdf, .html, .dot, .tex, writes it to a file. `draw.diff(before, after)`
    compares two.

    Errors: OptionError if `value` is no Value, or an option of another kind; ArgumentError for numbers out of range,
    unknown words, and if there is no path to highlight.

    >>> import tinygrad_edu as tg
    >>> x, w = tg.Value(2.0, name="x"), tg.Value(-3.0, name="w")
    >>> y = x * w + x
    >>> y.backward()
    >>> print(tg.draw(y, names={"y": y}))
    +  y = −4, grad +1
    ├─ ×  v₁ = −6, grad +1    ∂y/∂v₁ = 1
    │  ├─ x = 2, grad −2      ∂v₁/∂x = w = −3
    │  └─ w = −3, grad +2     ∂v₁/∂w = x = 2
    └─ x, as above            ∂y/∂x = 1
    >>> print(y.draw(fold=True, highlight=x))
    x·w + x [2 nodes]  v₁ = −4, grad +1
    ├─ x = 2, grad −2                      ∂v₁/∂x = w = −3
    ├─ w = −3, grad +2                     ∂v₁/∂w = x = 2
    └─ x, as above                         ∂v₁/∂x = 1
    (2 of 4 nodes, 2 more in 1 box)
    ∂v₁/∂x = −2, the sum over 2 paths
    x → v₁:  −3
    x → v₁:  1
    """
    # imported here: who computes and never draws should not wait for it
    from tinygrad_edu.drawing.graph_drawing import GraphDrawing
    from tinygrad_edu.drawing.layout import directed, is_curved, is_drawable
    from tinygrad_edu.drawing.ops_view import OpsView
    from tinygrad_edu.drawing.snapshot import SIMPLE, take_picture
    from tinygrad_edu.drawing.trace import checked_value, trace
    from tinygrad_edu.drawing.view import KINDS

    one_of("draw: view", view, KINDS)
    value = checked_value(value)
    max_nodes = whole_number("draw: max_nodes", max_nodes, low=1)
    depth = depth if depth is None else whole_number("draw: depth", depth, low=0)
    fold = fold if fold is None else yes_or_no("draw: fold", fold)
    constants, heat = yes_or_no("draw: constants", constants), yes_or_no("draw: heat", heat)
    one_of("draw: direction", direction, ("auto", "right", "down"))
    if not isinstance(names, Mapping | None):
        raise OptionError(f"draw: names must be a dict of Values by name, such as locals(), got {type(names).__name__}")
    if yes_or_no("draw: steps", steps):
        return _stepper(value, {"view": view != "ops", "fold": fold, "depth": depth is not None, "heat": heat,
                                "highlight": highlight is not None}, constants, names, max_nodes, theme, direction)
    if view != "ops":
        given = {"names": names, "fold": fold, "constants": None if constants else False, "heat": heat or None,
                 "highlight": highlight}
        if view == "neurons":  # every unit has its place
            given |= {"depth": depth, "direction": None if direction == "auto" else direction}
        for option in (option for option, x in given.items() if x is not None):
            raise OptionError(f'draw: {option} has no meaning for view="{view}"; leave it out, or use view="ops"')
        return GraphDrawing(_network(value, view, max_nodes, depth, direction), theme)
    graph = trace(value, constants)
    picture = take_picture(graph, max_nodes, names=names, depth=depth, fold=fold, heat=heat,
                           highlight=_ends(highlight, value))
    simpler, drawable = None, is_drawable(picture)
    if len(picture.boxes) > SIMPLE and not (drawable and is_curved(picture)):
        less = take_picture(graph, SIMPLE, names=names, depth=depth, fold=True, heat=heat)
        simpler = OpsView(directed(less, direction))
    unfolded = None
    if fold and any(box.role == "folded" for box in picture.boxes):
        whole = take_picture(graph, max_nodes, names=names, depth=depth, fold=False, heat=heat)
        unfolded = OpsView(directed(whole, direction)) if is_drawable(whole) else None
    return GraphDrawing(OpsView(directed(picture, direction)), theme, simpler, try_first=drawable, unfolded=unfolded)


def _stepper(value: Value, given: Mapping[str, Any], constants: bool, names: Mapping[str, Any] | None, max_nodes: int,
             theme: "AnyTheme", direction: Any) -> "GraphDrawing":
    """The walk through the graph; it shows every op, so that options that do not are refused."""
    from dataclasses import replace

    from tinygrad_edu.drawing.layout import directed
    from tinygrad_edu.drawing.stepper import Stepper
    from tinygrad_edu.drawing.trace import trace
    from tinygrad_edu.drawing.walk import take_walk

    for option in (option for option, x in given.items() if x):
        raise OptionError(f"draw: {option} does not go with steps=True, which goes through every op; leave it out")
    walk = take_walk(trace(value, constants), max_nodes, names)
    return Stepper(replace(walk, picture=directed(walk.picture, "right" if direction == "auto" else direction)), theme)


def _network(value: Value, view: "Kind", max_nodes: int, depth: int | None, direction: str) -> "View":
    """The view of the layers, or of their units."""
    if view == "modules":
        from tinygrad_edu.drawing.modules import take_modules

        return take_modules(value, max_nodes, depth, downwards=direction != "right")
    from tinygrad_edu.drawing.neurons_view import take_neurons

    return take_neurons(value)


def _ends(highlight: Any, value: Value) -> tuple[Value, Value] | None:
    """From where to where paths are to be highlighted."""
    if highlight is None:
        return None
    ends = highlight if isinstance(highlight, tuple | list) else (highlight, value)
    if len(ends) != 2 or not all(isinstance(end, Value) for end in ends):
        raise OptionError("draw: highlight must be a Value, or two, from and to; got "
                          f"{', '.join(type(end).__name__ for end in ends)}")
    return ends[0], ends[1]


def _diff(before: Any, after: Any, *, theme: "AnyTheme" = "auto",
          direction: Literal["auto", "right", "down"] = "auto") -> "GraphDrawing":
    from tinygrad_edu.drawing.diff import diff

    return diff(before, after, theme=theme, direction=direction)


Value.draw = draw
draw.diff = _diff  # type: ignore[attr-defined]
