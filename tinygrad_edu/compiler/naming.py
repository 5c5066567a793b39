"""What the variables of a program are called, after layers and parameters, and the formulas beside its lines."""

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.compiler.program import Call
from tinygrad_edu.compiler.traced import Traced
from tinygrad_edu.engine.primitive import Op

WIDTH = 112
"""Characters in a line of a program, at most."""

SIGNS: dict[Any, str] = {np.add: "+", np.subtract: "−", np.multiply: "·", np.divide: "/", np.matmul: "@", np.power: "^",
         np.greater: ">", np.greater_equal: "≥", np.less: "<", np.less_equal: "≤", np.equal: "=", np.not_equal: "≠",
         operator.add: "+", operator.sub: "−", operator.mul: "·", operator.truediv: "/", operator.pow: "^"}

FUNCTIONS: dict[Any, str] = {np.sqrt: "√", np.negative: "−", np.exp: "exp ", np.log: "ln ", np.absolute: "abs "}


def name_variables(nodes: Iterable[Any], shares: Iterable[tuple[Any, Any]], modules: Iterable[Any]) -> None:
    """Call what a layer made like the layer, the number that backward starts from J, and a gradient by x d_x.

    Args:
        nodes: the Values that were computed.
        shares: (x, what arrives at x along one edge) of the backward pass.
        modules: those that the function reaches, the outermost first.
    """
    paths: dict[int, str] = {}
    for module in modules:
        for path, part in module.named_modules():
            paths.setdefault(id(part), path or type(part).__name__.lower())
    for node in nodes:
        for maker, _ in node.note("calls", [])[:1]:
            _call(node._numbers, paths.get(id(maker), type(maker).__name__.lower()))
        if node.name:
            _call(node._numbers, node.name)
    for x, share in shares:
        name = x.name or getattr(getattr(x._numbers, "variable", None), "name", "")
        if name:
            _call(share, f"d_{name}")


def _call(traced: Any, name: str) -> None:
    if isinstance(traced, Traced) and not traced.variable.name:
        traced.variable.name = name


def forward_note(op: Op) -> str:
    """`linear: y = x Wᵀ + b`, from the op's own docstring."""
    formula, _ = _formulas(op)
    return f"{op.name}: {formula}" if formula else op.name


def backward_note(op: Op) -> str:
    """`linear: dJ/dx = g W,   dJ/dW = gᵀ x,   dJ/db = Σ g`."""
    _, slopes = _formulas(op)
    return f"{op.name}: {slopes}" if slopes else f"the gradient of {op.name}"


def _formulas(op: Op) -> tuple[str, str]:
    """What the docstring's first line says of y, and what of its derivatives."""
    line = (op.__doc__ or "").strip().partition("\n")[0]
    formula, comma, slopes = line.partition(",   ")
    return formula, slopes if comma else ""


def formula(call: Call, label: Any) -> str:
    """`d_layers_0 = d_layers_2 @ layers_2_weight`; empty where the line itself is as clear."""
    f, args = call.function, call.args
    if call.options:
        return ""
    if f in SIGNS and len(args) == 2:
        return f"{label(call.y)} = {label(args[0])} {SIGNS[f]} {label(args[1])}"
    if isinstance(f, np.ufunc) and len(args) == 1:
        sign = FUNCTIONS.get(f, f"{f.__name__} ")
        return f"{label(call.y)} = {sign}{label(args[0])}"
    return ""


def identifier(name: str) -> str:
    """A name as Python can have it."""
    stem = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name).strip("_") or "x"
    return f"p{stem}" if stem[0].isdigit() else stem


def wrapped(names: list[str], indent: str) -> str:
    """Names in lines of at most WIDTH characters, those after the first indented."""
    lines = [""]
    for name in names:
        if lines[-1] and len(indent) + len(lines[-1]) + len(name) > WIDTH:
            lines.append("")
        lines[-1] += f"{name}, "
    return f"\n{indent}".join(line.rstrip() for line in lines).rstrip(",")
