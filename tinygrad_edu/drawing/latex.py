r"""Graphs as formulas in LaTeX: that of a Value, `value.latex()`, and that of a derivative, `value.grad_latex(w)`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from tinygrad_edu.drawing import symbols
from tinygrad_edu.drawing.trace import names_of
from tinygrad_edu.drawing.writer import LONGEST, Writer
from tinygrad_edu.engine.backpropagation import pull_back
from tinygrad_edu.engine.graph import ancestors, check_unchanged, clock, on_the_way_to
from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import BackwardError, OptionError

MOST_LINES = 12
MOST_PATHS, MOST_FACTORS = 4, 16
"""Up to so many paths, with so many factors in all, a derivative is written as their sum."""


def latex(value: Value) -> str:
    """The formula of a Value; see `value.latex`."""
    computed, leaves = _ancestors(value)
    writer = Writer(names_of([*leaves, *reversed(computed)]))
    return _written(value, writer, computed, symbols.name(value.name) if value.name and computed else "")


def grad_latex(value: Value, wrt: Value) -> str:
    """The derivative of a Value by another one; see `value.grad_latex`."""
    computed, leaves = between(value, wrt, "grad_latex")
    names = names_of([*leaves, *reversed(computed)])
    quotient = partial_derivative(symbols.name(names[value]), symbols.name(names[wrt]))
    way = cast(list[Value], on_the_way_to([wrt], computed))
    derived = next(clock)
    seed = value._seed(None)
    with enable_grad(), np.errstate(all="ignore"):  # an infinity in the data is nothing to warn of here
        gradient = pull_back(way, [wrt], seed, as_graph=True)[1][0] if way else seed
    if gradient is None:  # it is only used where there is no gradient, as for class labels
        return f"{quotient} = 0"
    more = _ancestors(gradient)[0] if isinstance(gradient, Value) else []
    return _written(gradient, Writer(names, derived), more, quotient, _paths(wrt, way, names))


def _ancestors(value: Value) -> tuple[list[Value], list[Value]]:
    """The Values it was computed from, newest first, itself too, and the leaves: the graphs here are of Values."""
    computed, leaves = ancestors([value])
    return cast(list[Value], computed), cast(list[Value], leaves)


def between(value: Any, wrt: Any, where: str) -> tuple[list[Value], list[Value]]:
    """The ancestors of a single number, computed ones and leaves, after a look at what a derivative by `wrt` needs."""
    for name, x in ("the result", value), ("wrt", wrt):
        if not isinstance(x, Value):
            raise OptionError(f"{where}: {name} must be a Value, not {type(x).__name__}")
    if value.size != 1:
        raise BackwardError(f"{where} of {value.describe()}: only a single number has a gradient by this; take the sum "
                            "or the mean of it")
    computed, leaves = _ancestors(value)
    if wrt is not value and wrt not in {*computed, *leaves}:
        why = ": it was computed under no_grad, which remembers nothing" if value.note("unrecorded", False) else ""
        raise BackwardError(f"{where}: {value.describe()} was not computed from {wrt.describe()}{why}")
    check_unchanged(computed)
    return computed, leaves


def partial_derivative(y: str, x: str, argument: str = "") -> str:
    r"""dy/dx as a fraction; by one argument only, where x is several of them."""
    fraction = rf"\frac{{\partial {y}}}{{\partial {x}}}"
    return rf"\left.{fraction}\right|_{{{symbols.name(argument)}}}" if argument else fraction


def _paths(wrt: Value, way: Sequence[Value], names: Mapping[Value, str]) -> str:
    """The chain rule as a sum over the paths from the result to w, if they are few; else over their last steps."""
    if not way:
        return ""
    uses: dict[Value, list[tuple[Value, str]]] = {}  # of each: what it helps to make, by which of several inputs
    paths, factors = Counter({way[0]: 1}), Counter[Value]()
    on_the_way = {wrt, *way}
    for node in way:
        assert node.op is not None
        repeated = Counter(x for x in node.inputs if isinstance(x, Value))
        for slot, x in enumerate(node.inputs):
            if isinstance(x, Value) and x in on_the_way:
                name = node.op.input_name(slot) if repeated[x] > 1 else ""
                uses.setdefault(x, []).append((node, name))
                paths[x] += paths[node]
                factors[x] += factors[node] + paths[node]

    def quotient(y: Value, x: Value, argument: str = "") -> str:
        return partial_derivative(symbols.name(names[y]), symbols.name(names[x]), argument)

    products, waiting = [], [(wrt, "")]
    if factors[wrt] == 1:  # the one step would say no more than what it is said of
        return ""
    if paths[wrt] > MOST_PATHS or factors[wrt] > MOST_FACTORS:
        for y, argument in uses[wrt][:MOST_PATHS]:
            before = f"{quotient(way[0], y)} " if y is not way[0] else ""
            products.append(before + quotient(y, wrt, argument))
        return " + ".join([*products, *([r"\cdots"] if len(uses[wrt]) > MOST_PATHS else [])])
    while waiting:
        x, product = waiting.pop()
        if x is way[0]:
            products.append(product.strip())
        waiting += [(y, f"{quotient(y, x, argument)} {product}") for y, argument in reversed(uses.get(x, []))]
    return " + ".join(products)


def _written(root: Any, writer: Writer, computed: Sequence[Any], left: str, before: str = "") -> str:
    """The formula of a root, and lines for all that has one of its own.

    Args:
        computed: its ancestors, newest first.
        left: what stands to the left of its formula.
        before: what the formula is said to be before it is said what it is.
    """
    near = computed[:2 * MOST_LINES * LONGEST]  # what is older would not be written anyway
    uses = Counter(x for node in near for x in node.inputs if isinstance(x, Value))
    writer.write(reversed(near), {x for x in near if x is not root and (x.name or uses[x] > 1)})
    formula = writer.formula(root)
    others = sorted((x for x in writer.lines if x is not root), key=lambda x: x.time, reverse=True)
    shown = others[:MOST_LINES - 1]
    lines = [f"&= {formula.text}"] if before else []
    lines += [f"{writer.symbol(x).text} &= {writer.lines[x].text}" for x in shown]
    text = "".join([formula.text, *lines])
    lines += [rf"{name} &\in \mathbb{{R}}^{{{_shape(x)}}}"
              for name, x in writer.arrays.values() if name in text]
    if len(others) > len(shown) or len(near) < len(computed):
        lines.append(rf"&\;\vdots \quad \text{{(the nearest to the result of {len(computed)} ops)}}")
    left = left or (symbols.name(writer.names[root]) if lines else "")
    first = before or formula.text
    if not lines:
        return f"{left} = {first}" if left else first
    return "\n".join([r"\begin{aligned}", " \\\\\n".join([f"{left} &= {first}", *lines]), r"\end{aligned}"])


def _shape(x: np.ndarray) -> str:
    return r" \times ".join(map(str, x.shape))
