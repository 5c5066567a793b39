"""What drawing adds to a Value in words: `explain`, `value.latex()` and `value.grad_latex(w)`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tinygrad_edu.engine.value import Value

if TYPE_CHECKING:
    from tinygrad_edu.drawing.explain import Explanation

# what is needed is imported by the functions: who computes and never explains should not wait for it


def explain(value: Any, wrt: Any, *, names: Mapping[str, Any] | None = None) -> "Explanation":
    """The derivation of one gradient by the chain rule: a numbered table of all steps from J back to w.

    Every use of a Value on the way is a step: what was computed, the local derivative as a formula and as a
    number, the gradient that arrives, the product of the two, and the sum that it adds to. Of arrays the rule is in
    terms of g, what arrives, and the norms are shown. The last sum is exactly what `backward` adds to `w.grad`;
    no gradient is touched. Of more than 40 steps the first and the last are shown, and how many are not.

    Args:
        value: J, a single number.
        wrt: w, a Value that J was computed from.
        names: what to call Values, by name, as `names=locals()`.

    Returns: an `Explanation`. `print` shows it as text, a notebook as a table; `.latex()` is an array in LaTeX.

    Errors: OptionError if one of the two is no Value, BackwardError if J is not a single number or was not
    computed from w, MutationError if data were changed since.

    >>> import tinygrad_edu as tg
    >>> x, w = tg.Value(2.0, name="x"), tg.Value(-3.0, name="w")
    >>> y = x * w + w
    >>> y.name = "y"
    >>> print(tg.explain(y, wrt=w))
    ∂y/∂w by the chain rule, from y back to w
    <BLANKLINE>
       computed    local derivative  arrives      gain       sum so far
    1  y = v₁ + w  ∂y/∂w = 1         ∂y/∂y = 1    1 × 1 = 1  ∂y/∂w = 1
    2  y = v₁ + w  ∂y/∂v₁ = 1        ∂y/∂y = 1    1 × 1 = 1  ∂y/∂v₁ = 1
    3  v₁ = x · w  ∂v₁/∂w = x = 2    ∂y/∂v₁ = 1   1 × 2 = 2  ∂y/∂w = 1 + 2 = 3
    <BLANKLINE>
    ∂y/∂w = 3
    """
    from tinygrad_edu.drawing.explain import explain

    return explain(value, wrt, names)


def latex(value: Value) -> str:
    r"""The formula of a Value in LaTeX, with brackets where they are needed and nowhere else.

    Values with a name, those used more than once and parts of long formulas get lines of their own; large constant
    arrays are called C₁, C₂, ... There are at most 12 lines: of a larger graph those nearest the result, and one
    that says so.

    Returns: `y = ...` for a Value with a name, just the formula for one without. Several lines are in an `aligned`
    environment. For display, put it between $$ and $$.

    >>> import tinygrad_edu as tg
    >>> x, w = tg.Value(2.0, name="x"), tg.Value(-3.0, name="w_1")
    >>> print((tg.tanh((x + 1) * w) ** 2).latex())
    (\tanh((x + 1) \cdot w_{1}))^2
    """
    from tinygrad_edu.drawing.latex import latex

    return latex(value)


def grad_latex(value: Value, wrt: Value) -> str:
    r"""The derivative of a single number by a Value that it was computed from, in LaTeX, by the chain rule.

    First the paths, each a product of local derivatives, or if they are many, the last step of each; then the formula
    that the gradient rules of the ops give for it, whatever `backward` has computed. Where a rule chooses, as that of
    ReLU does, it is the formula for the numbers at hand.

    Args:
        value: J, the result.
        wrt: w, what to differentiate by.

    Errors: OptionError if `wrt` is no Value, BackwardError if J is not a single number or was not computed from w,
    MutationError if data were changed since.

    >>> import tinygrad_edu as tg
    >>> x, w = tg.Value(2.0, name="x"), tg.Value(-3.0, name="w")
    >>> y = tg.tanh(x * w)
    >>> y.name = "y"
    >>> print(y.grad_latex(w))
    \begin{aligned}
    \frac{\partial y}{\partial w} &= \frac{\partial y}{\partial v_{1}} \frac{\partial v_{1}}{\partial w} \\
    &= (1 - y \cdot y) \cdot x \\
    y &= \tanh(x \cdot w)
    \end{aligned}
    """
    from tinygrad_edu.drawing.latex import grad_latex

    return grad_latex(value, wrt)


Value.latex, Value.grad_latex = latex, grad_latex
