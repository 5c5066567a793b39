"""Pictures of the computation graph: `draw`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygrad_edu.drawing.graph_drawing import GraphDrawing
    from tinygrad_edu.drawing.themes import AnyTheme


def draw(value: Any, *, theme: "AnyTheme" = "light", max_nodes: int = 200) -> "GraphDrawing":
    """The computation graph of a Value as a picture: from the data on the left to the result on the right.

    Every Value is one box: data a rectangle, a parameter a rounded one, what an op computed a circle with the
    symbol of the op; the result has a double line, a constant, which has no gradient, a dashed one. In it are
    the number and its gradient (– before `backward`); of an array the least, the mean and the largest.

    Every argument of an op is one arrow (x·x has two). Between single numbers it says the local derivative, a
    factor of the chain rule; ? if it cannot be told, as data were changed since. Values without a name are
    called v₁, v₂, ... in the order in which they were made.

    The picture is of this moment: later training does not change it. Nothing in the graph is changed either.

    Args:
        value: the result, such as a loss.
        theme: the colours: "light", "dark", "print", "high-contrast", or a `Theme`.
        max_nodes: how many boxes to draw; of a larger graph those nearest the result.

    Returns: a `GraphDrawing`. A notebook shows it, `print` shows it as a tree of text, and
    `.save("graph.svg")`, or .png, .pdf, .dot, writes it to a file.

    Errors: OptionError if `value` is no Value or `max_nodes` no whole number, ArgumentError if it is below 1.

    >>> import tinygrad_edu as tg
    >>> x, w = tg.Value(2.0, name="x"), tg.Value(-3.0, name="w")
    >>> y = x * w + x
    >>> y.backward()
    >>> print(tg.draw(y))
    +  v₂ = −4, grad +1
    ├─ ×  v₁ = −6, grad +1    ∂v₂/∂v₁ = 1
    │  ├─ x = 2, grad −2      ∂v₁/∂x = −3
    │  └─ w = −3, grad +2     ∂v₁/∂w = 2
    └─ x, as above            ∂v₂/∂x = 1
    """
    # imported here: who computes and never draws should not wait for it
    from tinygrad_edu.drawing.graph_drawing import GraphDrawing
    from tinygrad_edu.drawing.ops_view import OpsView
    from tinygrad_edu.drawing.picture import take_picture

    return GraphDrawing(OpsView(take_picture(value, max_nodes)), theme)
