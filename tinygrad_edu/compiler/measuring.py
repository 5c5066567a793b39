"""A program measured line by line: what each reads and writes, how much it computes, how long it takes.

It runs on copies of parameters, sums and generators, so that nothing is changed by measuring.
"""

import ast
import copy
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tinygrad_edu.compiler.step import Step

PRODUCTS = ("matmul", "dot", "vdot", "inner", "outer", "tensordot", "einsum")
CUBIC = ("solve", "inv", "det", "slogdet", "cholesky")
NO_FLOPS = ("copyto", "transpose", "reshape", "concatenate", "stack", "take", "empty", "fill", "copy", "broadcast_to",
            "squeeze", "expand_dims", "swapaxes", "moveaxis", "random", "normal", "uniform", "ravel", "astype")


@dataclass(slots=True)
class Line:
    """A line of the program, and what one step spends on it.

    section: "forward", "backward" or "update".
    formula: the comment that says what it computes.
    reads, writes: the names of arrays and numbers.
    flops: floating point operations, one for each element of a function such as tanh; None where they are not known.
    moved: bytes of the arrays that it reads and writes.
    seconds: the median of all runs.
    """

    code: str
    section: str
    formula: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    flops: float | None = 0.0
    moved: int = 0
    seconds: float = 0.0
    is_product: bool = False


@dataclass(slots=True)
class Measured:
    """The lines of a program, and its memory in bytes: of what it keeps, of its buffers, of its arguments."""

    lines: list[Line]
    kept: int
    buffers: int
    arguments: int
    seconds: float  # of the whole, undisturbed: the median


def measured(step: "Step", arrays: list[np.ndarray], runs: int) -> Measured:
    """Run a copy of the program: a few times as it is, once to look at each line, and some times to clock it."""
    looking, lines = _watched(step.source, "locals()")
    clocked, _ = _watched(step.source, "None")
    seen: dict[str, np.ndarray] = {}
    times = [[0.0] * len(lines) for _ in range(runs)]

    def look(i: int, names: dict[str, Any]) -> None:
        seen.update((name, x) for name, x in names.items() if isinstance(x, np.ndarray))
        _count(lines[i], names)

    run, inputs, bound = _copy(step, arrays, looking, look)
    run(*inputs)
    clock: dict[str, Any] = {"last": 0.0, "row": times[0]}

    def tick(i: int, _: Any) -> None:
        now = perf_counter()
        clock["row"][i] += now - clock["last"]
        clock["last"] = perf_counter()

    run, inputs, _ = _copy(step, arrays, clocked, tick)
    run(*inputs)
    times[0][:] = [0.0] * len(lines)  # the first one was to get warm
    for row in times:
        clock["row"], clock["last"] = row, perf_counter()
        run(*inputs)
    for line, spent in zip(lines, zip(*times, strict=True), strict=True):
        line.seconds = median(spent)
    plain, inputs, _ = _copy(step, arrays, ast.parse(step.source), None)
    plain(*inputs)
    whole = []
    for _ in range(runs):
        start = perf_counter()
        plain(*inputs)
        whole.append(perf_counter() - start)
    given = {id(_owner(x)): x.nbytes for x in inputs if isinstance(x, np.ndarray)}
    kept = {id(_owner(x)): x.nbytes for x in bound.values() if isinstance(x, np.ndarray)}
    owners = {id(_owner(x)): _owner(x).nbytes for x in seen.values()}
    buffers = sum(size for owner, size in owners.items() if owner not in kept and owner not in given)
    return Measured(lines, sum(kept.values()), buffers, sum(given.values()), median(whole))


def _copy(step: "Step", arrays: list[np.ndarray], tree: ast.Module, tick: Any) -> tuple[Any, list[Any], dict[str, Any]]:
    """(the program's step, its inputs, what it is bound to), all of them copies."""
    copies: dict[int, Any] = {}  # arrays that are the same stay the same
    bound = {}
    for name, x in step.text.bound.items():
        x = x.read() if hasattr(x, "read") else x
        bound[name] = copies.setdefault(id(x), copy.copy(x))
    for name, f in step.text.functions.items():
        f = getattr(f, "generator", f)
        bound[name] = copies.setdefault(id(f), copy.deepcopy(f)) if hasattr(f, "bit_generator") else f
    space: dict[str, Any] = {"np": np, "_tick": tick}
    exec(compile(tree, "<measured>", "exec"), space)
    run, _ = space["prepare"](**bound)
    states = [state for state in step.program.states if not state.before.is_array]
    inputs = [*map(np.copy, arrays), *(copy.copy(state.read()) for state in (*step.program.settings, *states))]

    def quiet(*given: Any) -> Any:
        with np.errstate(all="ignore"):
            return run(*given)

    return quiet, inputs, bound


def _owner(x: np.ndarray) -> np.ndarray:
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


# ----- lines -----

def _watched(source: str, given: str) -> tuple[ast.Module, list[Line]]:
    """The program with a call `_tick(number, given)` after every simple statement of the step, and these statements."""
    tree = ast.parse(source)
    lines: list[Line] = []
    prepare = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "prepare")
    step = next(node for node in prepare.body if isinstance(node, ast.FunctionDef))
    _watch_body(step, source.splitlines(), lines, given)
    return ast.fix_missing_locations(tree), lines


def _watch_body(block: Any, text: list[str], lines: list[Line], given: str) -> None:
    body: list[ast.stmt] = []
    for statement in block.body:
        if isinstance(statement, ast.For):
            _watch_body(statement, text, lines, given)
        elif isinstance(statement, ast.Assign | ast.Expr | ast.AugAssign):
            tick = ast.parse(f"_tick({len(lines)}, {given})").body[0]
            lines.append(_line(statement, text))
            body += [statement, tick]
            continue
        body.append(statement)
    block.body = body


def _line(statement: ast.stmt, text: list[str]) -> Line:
    first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
    end = text[last - 1].encode()[statement.end_col_offset:].decode()
    above = [line.strip() for line in text[:first]]
    section = next((line.split()[2] for line in reversed(above) if line.startswith("# -----")), "")
    note = next((line[2:] for line in reversed(above) if line.startswith("# ") and not line.startswith("# ---")), "")
    formula = end.partition("# ")[2].strip() or note
    reads: dict[str, None] = {}
    writes: dict[str, None] = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.keyword) and node.arg == "out":
            writes[ast.unparse(node.value)] = None
        elif isinstance(node, ast.Name) and node.id != "np":
            (writes if isinstance(node.ctx, ast.Store) else reads)[node.id] = None
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            writes[node.value.id] = None
    code = " ".join(ast.unparse(statement).split())
    call = getattr(statement, "value", None)
    if isinstance(call, ast.Call) and ast.unparse(call.func) in ("np.copyto", "np.add.at"):
        writes[ast.unparse(call.args[0])] = None
    outs = [ast.unparse(x.value) for x in ast.walk(statement) if isinstance(x, ast.keyword) and x.arg == "out"]
    names = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    kept = tuple(name for name in reads if names.count(name) > outs.count(name))
    return Line(code, section, formula, kept, tuple(writes))


def _count(line: Line, names: dict[str, Any]) -> None:
    """Add to a line what it does, given what its names stand for after it ran."""
    arrays = {name: x for name in (*line.reads, *line.writes)
              if isinstance(x := names.get(name), np.ndarray | np.generic)}
    line.shapes.update((name, np.shape(x)) for name, x in arrays.items())
    y = next((arrays[name] for name in line.writes if name in arrays), None)
    inputs = [arrays[name] for name in line.reads if name in arrays]
    calls = [node for node in ast.walk(ast.parse(line.code)) if isinstance(node, ast.Call)]
    flops: float | None = 0.0
    view = isinstance(y, np.ndarray) and y.base is not None and not any(
        word in line.code for word in ("out=", "copyto", "] = "))
    if view:
        return  # another look at the same memory
    line.moved += sum(x.nbytes for x in inputs) + (y.nbytes if y is not None else 0)
    for call in calls:
        words = ast.unparse(call.func).split(".")
        name = words[1] if words[0] == "np" and len(words) > 1 and words[-1] not in CUBIC else words[-1]
        if name in PRODUCTS:
            line.is_product = True
            flops = _product_flops(name, call, inputs, y)
        elif name in CUBIC:
            flops = float(max((np.shape(x)[-1] for x in inputs if x.ndim), default=1)) ** 3
        elif words[0] != "np" and name not in NO_FLOPS:
            flops = None  # a function as a whole
        elif name not in NO_FLOPS:
            size = max([x.size for x in inputs] + [y.size if y is not None else 1])
            flops = None if flops is None else flops + size
    if not calls and not line.code.endswith("]"):
        flops = float(sum(isinstance(node, ast.BinOp) for node in ast.walk(ast.parse(line.code))) * (
            y.size if y is not None else 1))
    line.flops = None if flops is None or line.flops is None else line.flops + flops


def _product_flops(name: str, call: ast.Call, inputs: list[Any], y: Any) -> float:
    size = float(np.size(y)) if y is not None else 1.0
    if name == "outer" or not inputs:
        return size
    if name == "einsum" and isinstance(call.args[0], ast.Constant):
        terms = str(call.args[0].value).partition("->")[0].split(",")
        lengths = {letter: n for term, x in zip(terms, inputs, strict=False)
                   for letter, n in zip(term, x.shape, strict=False)}
        return 2.0 * float(np.prod(list(lengths.values()) or [1]))
    summed = inputs[0].size if name == "vdot" else inputs[0].shape[-1] if inputs[0].ndim else 1
    return 2.0 * size * summed
