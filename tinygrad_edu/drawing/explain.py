"""`Explanation`: one gradient, derived step by step, as a table to be printed, shown in a notebook, or typeset."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Any

import numpy as np

from tinygrad_edu.drawing import symbols
from tinygrad_edu.drawing.formula import Formula, symbol
from tinygrad_edu.drawing.labels import factor, norm, number
from tinygrad_edu.drawing.latex import between, partial_derivative
from tinygrad_edu.drawing.notation import SUM
from tinygrad_edu.drawing.one_line import one_line
from tinygrad_edu.drawing.steps import Steps
from tinygrad_edu.drawing.trace import names_of
from tinygrad_edu.engine.chain_rule import shares
from tinygrad_edu.engine.graph import on_the_way_to
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError

MOST_ROWS = 40
"""Of a longer derivation the first and the last steps are shown, half as many each."""

HEADINGS = ("", "computed", "local derivative", "arrives", "gain", "sum so far")

STYLE = """\
<style>
.tg-explain { font-variant-numeric: tabular-nums; border-collapse: collapse; }
.tg-explain caption { text-align: left; font-weight: bold; padding: 0.4em 0; }
.tg-explain :is(th, td) {
  text-align: left; padding: 0.25em 0.8em;
  border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent);
}
.tg-explain .number { text-align: right; }
.tg-explain tfoot td { font-weight: bold; }
</style>
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One use of x in the computation of y: what the gradient of x gains by it."""

    number: int  # of the step, from 1
    y: str  # their names
    x: str
    argument: str  # the name of the op's input, if x comes more than once, as in x·x
    formula: str  # of y, in LaTeX
    rule: str  # the local derivative in LaTeX; of arrays what is gained, in terms of g, which arrives
    rule_text: str  # the same as text, as the docstring of the op has it
    of: str  # whether the text is of "y", dy/dx, or of "J", what dJ/dx gains
    derivative: float | None  # dy/dx, of single numbers
    arrives: Any  # dJ/dy, which is complete
    gain: Any  # the product: what dJ/dx gains
    before: Any  # dJ/dx before this step; None if nothing
    total: Any  # and after it


class Explanation:
    """What `explain` returns. Print it, or show it in a notebook; `.latex()` gives it as an array for a document.

    Attributes:
        rows: the steps, as plain data.
        steps: how many there are; `rows` holds the first and the last of more than 40.
        gradient: dJ/dw, the sum of all that the last steps gain; None if no gradient arrives there.
    """

    def __init__(self, J: str, w: str, rows: Sequence[Row], steps: int, gradient: Any) -> None:
        self.J, self.w, self.rows, self.steps, self.gradient = J, w, tuple(rows), steps, gradient

    @property
    def title(self) -> str:
        J, w = _called(self.J), _called(self.w)
        return f"∂{J}/∂{w} by the chain rule, from {J} back to {w}"

    @property
    def result(self) -> str:
        """`∂J/∂w = 0.5`."""
        quotient = f"∂{_called(self.J)}/∂{_called(self.w)}"
        if self.gradient is None:
            return f"{quotient} is not there: an op on the way passes no gradient on"
        return f"{quotient} = {_shown(self.gradient)}"

    @property
    def notice(self) -> str:
        """What to know if not all is shown; and what g is where it is used."""
        left_out = self.steps - len(self.rows)
        notices = [f"{left_out} of {self.steps} steps are not shown"] if left_out else []
        if any(row.derivative is None for row in self.rows):
            notices.append("g is what arrives; of arrays the norm and the shape are shown")
        return "; ".join(notices)

    def __str__(self) -> str:
        lines = [HEADINGS, *(_cells(row, _called(self.J)) for row in self.rows)]
        widths = [max(len(line[k]) for line in lines) for k in range(len(HEADINGS))]
        text = ["  ".join(f"{cell:{'>' if k == 0 else '<'}{width}}" for k, (cell, width) in
                          enumerate(zip(line, widths, strict=True))).rstrip() for line in lines]
        if len(self.rows) < self.steps:
            text.insert(1 + MOST_ROWS // 2, " " * widths[0] + "⋮")
        notice = [f"({self.notice})"] if self.notice else []
        return "\n".join([self.title, "", *text, "", self.result, *notice])

    def __repr__(self) -> str:
        return f"<explanation of ∂{self.J}/∂{self.w} in {self.steps} steps: print it>"

    def latex(self) -> str:
        r"""The table in LaTeX, an `array`, for display between $$ and $$."""
        J, w = symbols.name(self.J), symbols.name(self.w)
        rows = [_latex_cells(row, J) for row in self.rows]
        if len(self.rows) < self.steps:
            rows.insert(MOST_ROWS // 2, [r"\vdots", *[""] * 5])
        heading = ["", *(rf"\text{{{word}}}" for word in HEADINGS[1:])]
        last = "" if self.gradient is None else f"{partial_derivative(J, w)} = {_latex_shown(self.gradient)}"
        lines = [" & ".join(heading) + r" \\ \hline \\[-1.8ex]", *(" & ".join(row) + r" \\[0.7ex]" for row in rows),
                 rf"\hline \\[-1.8ex] & & & & & {last}"]
        return "\n".join([r"\begin{array}{rlllll}", *lines, r"\end{array}"])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{word or "<span aria-label=step>#</span>"}</th>' for word in HEADINGS)
        body = [_html_row(_cells(row, _called(self.J))) for row in self.rows]
        if len(self.rows) < self.steps:
            body.insert(MOST_ROWS // 2, '<tr><td class="number">⋮</td><td colspan="5"></td></tr>')
        notice = f"<p>{escape(self.notice)}</p>" if self.notice else ""
        return (f'{STYLE}<table class="tg-explain"><caption>{escape(self.title)}</caption>'
                f'<thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody>'
                f'<tfoot><tr><td></td><td colspan="5">{escape(self.result)}</td></tr></tfoot></table>{notice}')


def explain(value: Any, wrt: Any, names: Mapping[str, Any] | None = None) -> Explanation:
    """The derivation of one gradient; see `tinygrad_edu.explain`."""
    computed, leaves = between(value, wrt, "explain")
    if not isinstance(names, Mapping | None):
        raise OptionError("explain: names must be a dict of Values by name, such as locals(), not "
                          f"{type(names).__name__}")
    called = names_of([*leaves, *reversed(computed)], names)
    on_the_way = {wrt, *on_the_way_to([wrt], computed)}
    gradients: dict[Any, Any] = {value: value._seed(None)}
    first: list[Any] = []
    last: deque[Any] = deque(maxlen=MOST_ROWS // 2)
    count = 0
    with np.errstate(all="ignore"):  # an infinity in the data is nothing to warn of here
        # as in `pull_back`: in the same order, so that sums of rounded numbers are the same
        for node in computed:
            if node is wrt or node not in gradients:
                continue
            g = gradients.pop(node)
            for slot, x, d in shares(node, g, asked=on_the_way.__contains__):
                before = gradients.get(x)
                gradients[x] = d if before is None else before + d
                count += 1
                kept = first if len(first) < MOST_ROWS // 2 else last
                kept.append((count, node, slot, x, g, d, before, gradients[x]))
    steps = Steps(called)
    rows = [_row(steps, *step) for step in chain(first, last)]
    return Explanation(called[value], called[wrt], rows, count, gradients.get(wrt))


def _row(steps: Steps, count: int, y: Value, slot: int, x: Value, g: Any, d: Any, before: Any, total: Any) -> Row:
    repeated = sum(other is x for other in y.inputs) > 1
    assert y.op is not None
    return Row(count, steps.names[y], steps.names[x], y.op.input_name(slot) if repeated else "", steps.formula(y),
               steps.rule(y, slot), *steps.rule_text(y, slot), steps.derivative(y, slot), g, d, before, total)


def _shown(x: Any) -> str:
    """A number, or the norm and the shape of an array."""
    return number(x) if np.ndim(x) == 0 else f"‖{number(norm(x))}‖ {np.shape(x)}"


def _cells(row: Row, J: str) -> tuple[str, ...]:
    """A row as text."""
    y, x = _called(row.y), _called(row.x)
    whole = f"∂{J}/∂{x}"
    quotient = (f"∂{y}/∂{x}" if row.of == "y" else whole) + (f" as {row.argument}" if row.argument else "")
    parts = [quotient, row.rule_text]
    gain, so_far = _shown(row.gain), _shown(row.total)
    if row.derivative is not None:
        parts.append(number(row.derivative))
        gain = f"{number(row.arrives)} × {factor(row.derivative)} = {number(row.gain)}"
        if row.before is not None:
            so_far = f"{number(row.before)} + {factor(row.gain)} = {number(row.total)}"
    local = " = ".join(dict.fromkeys(part for part in parts if part))
    return (str(row.number), f"{y} = {one_line(row.formula)}", local, f"∂{J}/∂{y} = {_shown(row.arrives)}", gain,
            f"{whole} = {so_far}")


def _called(name: str) -> str:
    """A name as formulas have it: `w₁` for w1."""
    return one_line(symbols.name(name))


def _html_row(cells: Sequence[str]) -> str:
    first, *others = (escape(cell) for cell in cells)
    return f'<tr><td class="number">{first}</td>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'


def _latex_cells(row: Row, J: str) -> list[str]:
    """A row in LaTeX."""
    y, x = symbols.name(row.y), symbols.name(row.x)
    quotient = partial_derivative(y, x, row.argument)
    if row.derivative is None:
        local = rf"{partial_derivative(J, x, row.argument)} = {row.rule}" if row.rule else ""
        gain, so_far = _latex_shown(row.gain), _latex_shown(row.total)
    else:
        d, gained = (symbol(symbols.number(number, 4)) for number in (row.derivative, row.gain))
        local = " = ".join(dict.fromkeys(part for part in (quotient, row.rule, d.text) if part))
        gain = rf"{_latex_shown(row.arrives)} \cdot {_factor(d)} = {gained.text}"
        so_far = gained.text if row.before is None else (
            f"{_latex_shown(row.before)} + {_factor(gained)} = {_latex_shown(row.total)}")
    return [str(row.number), f"{y} = {row.formula}", local, f"{partial_derivative(J, y)} = {_latex_shown(row.arrives)}",
            gain, f"{partial_derivative(J, x)} = {so_far}"]


def _factor(x: Formula) -> str:
    return x.bracketed() if x.binds == SUM else x.text


def _latex_shown(x: Any) -> str:
    """A number, or the norm and the shape of an array, in LaTeX."""
    if np.ndim(x) == 0:
        return symbols.number(x, 4)
    shape = r" \times ".join(map(str, np.shape(x)))
    return rf"\|{symbols.number(norm(x), 4)}\|_{{{shape}}}"
