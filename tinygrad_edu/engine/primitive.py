"""What a primitive is: a NumPy function, one gradient rule per input, and its notation. No graph in sight."""

from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper, wraps
from inspect import Parameter, signature
from typing import Any

import numpy as np

from tinygrad_edu.errors import DtypeError, GradientRuleError, OptionError, ShapeError, TinygradError

Rule = Callable[..., Any]

NUMBERS = frozenset({float, int, bool})
"""The types of single numbers that are Python's own; a Value of one holds a float, not an array."""

OPS: dict[str, "Op"] = {}
"""Every primitive of the library by name; those of users are not listed."""


# Three rules with names, for sums and products, of which most graphs are made: by its name, a rule need not be called.

def passed_on(g: Any, y: Any, *inputs: Any) -> Any:
    """The rule of an input with dy/dx = 1."""
    return g


def times_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    """The rule of the first input, a, with dy/da = b."""
    return g * b


def times_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    """The rule of the second input, b, with dy/db = a."""
    return g * a


class Operand:
    """Base of what an op does not compute with but hands itself over to: a Value, which records it in a graph."""

    __slots__ = ()

    def _apply(self, op: "Op", inputs: tuple, options: dict[str, Any]) -> Any:
        """The result of `op(*inputs, **options)`, where self is the first of the inputs of its kind."""
        raise NotImplementedError


class Op:
    """A differentiable primitive, `y = forward(*inputs, **options)`.

    `rules` holds one gradient rule per input, `rule(g, y, *inputs, **options) -> dJ/dinput` with g = dJ/dy,
    or None for an input that has no gradient (a mask, class labels). A primitive of any number of inputs has
    `rule_for_each(g, y, *inputs, **options)` instead, a function that gives dJ/dinput_i for each number i.

    Calling an op runs it on whatever it is given: arrays compute, an `Operand` decides for itself.
    """

    __slots__ = ("__dict__", "arity", "forward", "method", "ours", "plain", "rule_for_each", "rules")

    def __init__(self, forward: Callable[..., Any], notation: str, symbol: str, rules: Mapping[str, Rule | None],
                 bind: Callable[..., tuple[tuple, dict]] | None) -> None:
        update_wrapper(self, forward)
        self.name: str = forward.__name__
        self.forward = forward
        self.notation = notation
        self.symbol = symbol or self.name
        parameters = signature(forward).parameters.values()
        inputs = [p for p in parameters if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
        self.input_names = tuple(p.name for p in inputs)
        self.input_defaults = {p.name: p.default for p in inputs if p.default is not Parameter.empty}
        self.variadic = next((p.name for p in parameters if p.kind is Parameter.VAR_POSITIONAL), None)
        self.defaults = {p.name: p.default for p in parameters if p.kind is Parameter.KEYWORD_ONLY}
        names = (self.variadic,) if self.variadic else self.input_names
        if set(rules) != set(names):
            raise GradientRuleError(f"primitive {self.name}: rules for {', '.join(rules) or 'nothing'}, but its "
                                    f"inputs are {', '.join(map(str, names))}; write one rule for each input, by its "
                                    "name, None for one that has no gradient, and make options keyword-only")
        self.rule_for_each = rules[self.variadic] if self.variadic else None
        if self.variadic and self.rule_for_each is None:
            raise GradientRuleError(f"primitive {self.name}: any number of inputs have one rule for all, not None: "
                                    f"lambda g, y, *{self.variadic}: lambda i: ...")
        self.ours = False  # whether it is one of the library's, whose rules are known to keep to themselves
        self.rules: tuple[Rule | None, ...] = tuple(rules.get(name) for name in self.input_names)
        self.arity = -1 if self.variadic else len(self.input_names)  # -1: any number
        # one or two inputs, each with a rule, and nothing else: what can be run without much ado, by an Operand's
        # method if it has one for it
        self.plain = self.arity in (1, 2) and None not in self.rules and not self.input_defaults and not self.defaults
        self.method: Callable[..., Any] | None = None
        self._own_bind = bind
        self._required = {name for name, default in self.defaults.items() if default is Parameter.empty}
        self._usual = bind is None and not self._required

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == self.arity and not kwargs and self._usual:
            if self.method is not None and isinstance(args[0], Operand):
                return self.method(*args)
            inputs, options = args, self.defaults
        elif len(args) == self.arity and self._usual and kwargs.keys() <= self.defaults.keys():
            inputs, options = args, self.defaults | kwargs
        else:
            inputs, options = self.bind(*args, **kwargs)
        for x in inputs:
            if isinstance(x, Operand):
                return x._apply(self, inputs, options)
        # complex numbers pass here, where no gradient is asked for: a derivative by a complex step needs them
        return self.forward(*[x if x is None or np.iscomplexobj(x) else constant(x, self.name) for x in inputs],
                            **options)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def bind(self, *args: Any, **kwargs: Any) -> tuple[tuple, dict]:
        """Sort the arguments of a call in NumPy's order into inputs (arrays) and options (all the rest).

        Primitives of any number of inputs take them as one sequence, as `np.concatenate` does.

        Errors: OptionError for an argument that is missing, unknown or given twice.
        """
        if self._own_bind is not None:
            try:
                return self._own_bind(*args, **kwargs)
            except TinygradError:
                raise
            except TypeError as error:
                raise self._wrong_call(str(error).removeprefix("<lambda>() ")) from None
        if self.variadic:
            if args and isinstance(args[0], Operand) and len(args) > 1:
                raise self._wrong_call(f"with separate inputs: pass them as one sequence, {self.name}([a, b])")
            inputs, extra = (tuple(args[0]) if args else tuple(kwargs.pop(self.variadic, ()))), args[1:]
        else:
            inputs, extra = args[:self.arity], args[self.arity:]
            for name in self.input_names[len(inputs):]:
                if name not in kwargs and name not in self.input_defaults:
                    raise self._wrong_call(f"missing its argument {name!r}")
                inputs += (kwargs.pop(name) if name in kwargs else self.input_defaults[name],)
        if len(extra) > len(self.defaults):
            raise self._wrong_call(f"given {len(args)} arguments in order")
        given = dict(zip(self.defaults, extra, strict=False))
        for name in kwargs:
            if name not in self.defaults or name in given:
                known = name in self.defaults or name in self.input_names
                raise self._wrong_call(f"given {name!r} twice" if known else f"given {name!r}, which it does not have")
        options = self.defaults | given | kwargs
        for name in self._required:
            if options[name] is Parameter.empty:
                raise self._wrong_call(f"missing its option {name!r}")
        return inputs, options

    def _wrong_call(self, what: str) -> OptionError:
        return OptionError(f"{self.name} was called {what}; its signature here is {self.name}{signature(self.forward)}")

    def share(self, i: int, g: Any, y: Any, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """dJ/dinput_i as its rule gives it, broadcast or not; the input must have one."""
        if self.rule_for_each is not None:
            return self.rule_for_each(g, y, *inputs, **options)(i)
        rule = self.rules[i]
        assert rule is not None
        return rule(g, y, *inputs, **options)

    def input_name(self, i: int) -> str:
        """What to call the i-th input in a message or a drawing."""
        return f"{self.variadic}[{i}]" if self.variadic else self.input_names[i]


def primitive(notation: str, symbol: str = "", *, bind: Callable[..., tuple[tuple, dict]] | None = None,
              **rules: Rule | None) -> Callable[[Callable[..., Any]], Op]:
    r"""Turn a NumPy function into a differentiable primitive.

    The function's positional parameters are its inputs (arrays), its keyword-only parameters its options.
    A rule reads `lambda g, y, *inputs, **options: dJ/dinput`, with g = dJ/dy, written in NumPy; it then also
    serves for second and higher derivatives. A function of any number of inputs has one rule for all of them, which
    returns a function of the input's number: `lambda g, y, *inputs: lambda i: dJ/dinput_i`. Broadcast inputs need
    no care: gradients are summed back to the shape of their input in one place, the backward pass.

    Args:
        notation: the formula in LaTeX. A name in braces stands for that input or option, `r"\tanh({x})"`; all other
            braces are LaTeX's own, `r"\frac{{a}}{{b}}"`.
        symbol: the sign that stands for it in a drawing; the function's name if not given.
        bind: for functions whose arguments come in another order than inputs, options:
            takes the call's arguments, returns (inputs, options).
        **rules: the gradient rule of each input, by the input's name; None for an input that has no gradient.

    Errors: GradientRuleError if there is not one rule for each input, and when the function returns anything but
    real numbers.

    >>> import numpy as np, tinygrad_edu as tg
    >>> @tg.primitive(r"{x} e^{{x}}", x=lambda g, y, x: g * (y + np.exp(x)))
    ... def x_exp(x):
    ...     "y = x e^x,   dy/dx = y + e^x"
    ...     return x * np.exp(x)
    >>> tg.grad(x_exp)(0.0)
    1.0
    """
    if not isinstance(notation, str):
        raise OptionError('@primitive needs a formula and a rule for each input: @tg.primitive(r"{x}^3", '
                          "x=lambda g, y, x: g * 3 * x**2)")
    rules = {name: rule and _on_read_only(rule) for name, rule in rules.items()}
    return lambda forward: Op(_real(forward), notation, symbol, rules, bind)


def _read_only(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x


def _on_read_only(function: Callable[..., Any]) -> Callable[..., Any]:
    """A user's function, whose arrays cannot be written into: the graph, and other rules, have them too."""

    @wraps(function)
    def careful(*inputs: Any, **options: Any) -> Any:
        return function(*map(_read_only, inputs), **options)

    return careful


def _real(forward: Callable[..., Any]) -> Callable[..., Any]:
    """A user's forward, its results checked to be real numbers, and floating ones as a gradient needs them."""

    @wraps(forward)
    def checked(*inputs: Any, **options: Any) -> Any:
        y = forward(*map(_read_only, inputs), **options)
        kind = np.asarray(y).dtype.kind if isinstance(y, np.ndarray | np.generic | complex | float | int) else "O"
        if kind == "c" and any(map(np.iscomplexobj, inputs)):
            return y
        if kind not in "fiub":
            what = "None: is a `return` missing?" if y is None else f"a {type(y).__name__}, not real numbers"
            raise GradientRuleError(f"{forward.__name__} returned {what}")
        if isinstance(y, np.ndarray):
            return y if kind == "f" else y.astype(np.float64)
        if all(x is None or type(x) in NUMBERS for x in inputs):
            return float(y)
        return y if isinstance(y, np.floating) else np.float64(y)

    return checked


def builtin(notation: str, symbol: str = "", *, bind: Callable[..., tuple[tuple, dict]] | None = None,
            **rules: Rule | None) -> Callable[[Callable[..., Any]], Op]:
    """`primitive`, entered in the table `OPS` of the library's own."""

    def register(forward: Callable[..., Any]) -> Op:
        op = OPS[forward.__name__] = Op(forward, notation, symbol, rules, bind)
        op.ours = True
        return op

    return register


def constant(x: Any, what: str) -> Any:
    """x as an operand without gradient: a real number or an array of them; DtypeError if it is neither."""
    if type(x) in NUMBERS or (type(x) is np.ndarray and x.dtype.kind in "fiub"):
        return x
    array = x
    if hasattr(x, "mask"):
        raise DtypeError(f"{what}: masked numbers would lose their mask; use x.filled(0.0), and weights of 0 for these")
    # what computes in a way of its own, such as a matrix or a sparse array, would not be understood by the rules
    if isinstance(x, np.matrix) or not (isinstance(x, np.generic) or hasattr(x, "__array_function__")):
        try:
            array = np.asarray(x)
        except ValueError as error:
            raise ShapeError(f"{what}: {error}") from None
    if array.dtype.kind not in "fiub":
        kind = "None" if x is None else f"{type(x).__name__} of dtype {array.dtype}"
        raise DtypeError(f"{what} needs real numbers, not {kind}; convert it first, for example with "
                         "np.asarray(x, dtype=float)")
    return array
