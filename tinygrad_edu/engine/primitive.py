"""What a primitive is: a NumPy function, one gradient rule per input, and its notation. No graph in sight."""

from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from inspect import Parameter, signature
from typing import Any

from tinygrad_edu.errors import GradientRuleError, OptionError

Rule = Callable[..., Any]

OPS: dict[str, "Op"] = {}
"""Every primitive of the library by name; those of users are not listed."""


class Op:
    """A differentiable primitive, `y = forward(*inputs, **options)`.

    `rules` holds one gradient rule per input, `rule(g, y, *inputs, **options) -> dJ/dinput` with g = dJ/dy,
    or None for an input that has no gradient (a mask, class labels). A primitive of any number of inputs has
    `each_rule(i, g, y, *inputs, **options)` instead.

    Calling an op runs it on whatever it is given: arrays compute; objects whose type defines
    `__apply_op__(op, inputs, options)`, such as `Value`, decide for themselves.
    """

    def __init__(self, forward: Callable[..., Any], notation: str, symbol: str, rules: Mapping[str, Rule],
                 bind: Callable[..., tuple[tuple, dict]] | None) -> None:
        update_wrapper(self, forward)
        self.name: str = forward.__name__
        self.forward = forward
        self.notation = notation
        self.symbol = symbol or self.name
        parameters = signature(forward).parameters.values()
        self.input_names = tuple(p.name for p in parameters if p.kind is Parameter.POSITIONAL_OR_KEYWORD)
        self.required_inputs = sum(p.default is Parameter.empty for p in parameters if p.name in self.input_names)
        self.variadic = next((p.name for p in parameters if p.kind is Parameter.VAR_POSITIONAL), None)
        self.defaults = {p.name: p.default for p in parameters if p.kind is Parameter.KEYWORD_ONLY}
        names = (self.variadic,) if self.variadic else self.input_names
        if not rules or not set(rules) <= set(names):
            raise GradientRuleError(f"primitive {self.name}: rules for {', '.join(rules) or 'nothing'}, but its "
                                    f"inputs are {', '.join(map(str, names))}; write one rule per input, by name, "
                                    "and make options keyword-only")
        self.each_rule = rules[self.variadic] if self.variadic else None
        self.rules: tuple[Rule | None, ...] = tuple(rules.get(name) for name in self.input_names)
        if bind is not None:
            self.bind = bind  # type: ignore[method-assign]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inputs, options = self.bind(*args, **kwargs)
        for x in inputs:
            apply = getattr(type(x), "__apply_op__", None)
            if apply is not None:
                return apply(self, inputs, options)
        return self.forward(*inputs, **options)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def bind(self, *args: Any, **kwargs: Any) -> tuple[tuple, dict]:
        """Sort the arguments of a call in NumPy's order into inputs (arrays) and options (all the rest).

        Primitives of any number of inputs take them as one sequence, as `np.concatenate` does.
        """
        options = dict(self.defaults)
        if self.variadic:
            inputs, extra = (tuple(args[0]) if args else ()), args[1:]
        else:
            count = len(self.input_names)
            inputs, extra = args[:count], args[count:]
            for name in self.input_names[len(inputs):]:
                if name in kwargs:
                    inputs += (kwargs.pop(name),)
        unknown = [name for name in kwargs if name not in options]
        if unknown or len(extra) > len(options) or len(inputs) < self.required_inputs:
            if "a" in kwargs and len(inputs) < self.required_inputs:  # NumPy's name of the first array
                return self.bind(kwargs.pop("a"), *args, **kwargs)
            what = f"the option {unknown[0]!r}" if unknown else f"{len(args)} positional arguments"
            raise OptionError(f"{self.name} does not take {what}; its signature here is "
                              f"{self.name}{signature(self.forward)}")
        options.update(zip(options, extra, strict=False))
        options.update(kwargs)
        return inputs, options

    def rules_for(self, inputs: tuple) -> tuple[Rule | None, ...]:
        """One rule per input of this call."""
        if self.each_rule is None:
            return self.rules
        return tuple(partial(self.each_rule, i) for i in range(len(inputs)))

    def input_name(self, i: int) -> str:
        """What to call the i-th input in a message or a drawing."""
        return f"{self.variadic}[{i}]" if self.variadic else self.input_names[i]


def primitive(notation: str, symbol: str = "", *, bind: Callable[..., tuple[tuple, dict]] | None = None,
              **rules: Rule) -> Callable[[Callable[..., Any]], Op]:
    r"""Turn a NumPy function into a differentiable primitive.

    The function's positional parameters are its inputs (arrays), its keyword-only parameters its options.
    A rule reads `lambda g, y, *inputs, **options: dJ/dinput`, with g = dJ/dy, written in NumPy; it then also
    serves for second and higher derivatives. Broadcast inputs need no care: gradients are summed back to
    the shape of their input in one place, the backward pass.

    Args:
        notation: the formula in LaTeX, inputs and options in braces: `r"\tanh({x})"`.
        symbol: the sign that stands for it in a drawing; the function's name if not given.
        bind: for functions whose arguments come in another order than inputs, options:
            takes the call's arguments, returns (inputs, options).
        **rules: the gradient rule of each input, by the input's name.

    Errors: GradientRuleError if a rule names no input of the function.

    >>> import numpy as np, tinygrad_edu as tg
    >>> @tg.primitive(r"{x} e^{{x}}", x=lambda g, y, x: g * (y + np.exp(x)))
    ... def x_exp(x):
    ...     "y = x e^x,   dy/dx = y + e^x"
    ...     return x * np.exp(x)
    >>> tg.grad(x_exp)(0.0)
    1.0
    """
    return lambda forward: Op(forward, notation, symbol, rules, bind)


def builtin(notation: str, symbol: str = "", **keywords: Any) -> Callable[[Callable[..., Any]], Op]:
    """`primitive`, entered in the table `OPS` of the library's own."""

    def register(forward: Callable[..., Any]) -> Op:
        op = OPS[forward.__name__] = primitive(notation, symbol, **keywords)(forward)
        return op

    return register
