"""A program of single numbers, made quick: what does the same to many of them becomes one call on a vector.

A graph of Python numbers has thousands of nodes, but few kinds: 320 products, then 320 sums of 17 terms, and so on. All
numbers are the elements of one vector s. A number's level is one more than those of what it is made from; numbers of
one level that the same function makes stand next to each other in s, and one call on the vectors of their inputs makes
them all. Chains of sums, a + b + c + ..., count as one, and are added in the same order: the bits are the same.
"""

import operator
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.compiler.functions import conditional
from tinygrad_edu.compiler.naming import wrapped
from tinygrad_edu.compiler.plan import Plan
from tinygrad_edu.compiler.program import SECTIONS, Call, Program, Variable
from tinygrad_edu.compiler.traced import PYTHON, OnNumbers

FEWEST = 200
"""Calls on numbers, below which they stay lines of Python."""

UFUNCS: dict[Callable[..., Any], np.ufunc] = {function: ufunc for ufunc, function in PYTHON.items()} | {
    operator.floordiv: np.floor_divide, operator.mod: np.remainder, operator.pow: np.power}

NAMES = {"add": "sums", "subtract": "differences", "multiply": "products", "divide": "quotients", "power": "powers",
         "maximum": "maxima", "greater": "comparisons", "negative": "opposites"}


def ufunc_of(call: Call) -> np.ufunc | None:
    """The ufunc that does to vectors what a call does to numbers."""
    return call.function.ufunc if isinstance(call.function, OnNumbers) else UFUNCS.get(call.function)


def is_of_numbers(program: Program, plan: Plan) -> bool:
    """Whether a program is of many single numbers, and of nothing else."""
    def single(x: Any) -> bool:
        return x.is_python if isinstance(x, Variable) else isinstance(x, int | float)

    return len(plan.calls) >= FEWEST and not program.arguments and all(
        call.y.is_python and (ufunc_of(call) or call.function is conditional) and not call.options
        and all(map(single, call.args)) for call in plan.calls)


class NumbersText:
    """The source of such a program; the interface is that of `Text`."""

    def __init__(self, plan: Plan, outputs: list[Any], about: str) -> None:
        self.bound: dict[str, Any] = {}
        self.functions: dict[str, Any] = {}
        self._indices: dict[bytes, str] = {}
        self._views: dict[str, str] = {}
        program = plan.program
        inputs = [s.before for s in program.settings] + [s.before for s in program.states]
        self._place: dict[Variable, int] = {x: i for i, x in enumerate(inputs)}
        self._constants: dict[str, int] = {}  # by their bits, since -0.0 == 0.0
        self._count = len(inputs)
        groups = self._groups(plan, outputs)
        lines, section = [f"s[:{len(inputs)}] = values"], ""
        for kind, calls in groups:
            made = self._group(kind, calls)
            if SECTIONS[kind[0]] != section:
                section = SECTIONS[kind[0]]
                lines += ["", f"# ----- {section} -----"]
            lines += made
        for variable, truth in dict.fromkeys(program.guards):
            if variable in self._place:
                lines.append(f"if bool(s[{self._place[variable]}]) is not {truth}:")
                lines.append("    raise StopIteration")
        wanted = np.array([self._where(x) for x in outputs], np.intp)
        lines.append(f"return s[{self._index(wanted)}].tolist()")
        table = np.zeros(self._count)
        for number, place in self._constants.items():
            table[place] = float.fromhex(number)
        self.bound["constants"] = table
        given = wrapped([*self.bound], " " * 12)
        head = [f'"""{about}"""', "", "import numpy as np", "", "", f"def prepare({given}):",
                '    """The step; s holds every number of the graph, level by level."""', "    s = constants.copy()"]
        head += [f"    {name} = {text}" for text, name in self._views.items()]
        body = [f"        {line}" if line else "" for line in lines]
        self.source = "\n".join([*head, "", "    def step(*values):", *body, "", "    return step, {}", ""])
        self.guard_source = "def same(*values):\n    return True\n"

    def text(self, x: Variable) -> str:
        """One of the numbers that the program is given; `values` are all of them, settings first."""
        return f"values[{self._place[x]}]"

    # ----- which numbers are made together -----

    def _groups(self, plan: Plan, outputs: list[Any]) -> list[tuple[Any, list[tuple[Call, list[Any]]]]]:
        """(kind, [(call, its operands)]), level by level of each section.

        A chain of sums is one call with all its terms as operands.
        What is computed from gradients is an update, also where the function does it itself: p.data -= 0.1 * p.grad.
        """
        uses = Counter(x for call in plan.calls for x in call.inputs())
        uses.update({x: 2 for x in outputs if isinstance(x, Variable)})
        uses.update({x: 2 for x, _ in plan.program.guards})
        terms: dict[Variable, list[Any]] = {}  # of sums so far
        inner: set[Variable] = set()
        for call in plan.calls:
            if ufunc_of(call) is not np.add:
                continue
            a, b = call.args
            for x, other in ((a, b), (b, a)):
                if isinstance(x, Variable) and x in terms and uses[x] == 1:
                    terms[call.y] = [*terms.pop(x), other]
                    inner.add(x)
                    break
            else:
                terms[call.y] = [a, b]
        level: dict[Variable, tuple[int, int]] = {}  # (place of the section, level)
        groups: dict[Any, list[tuple[Call, list[Any]]]] = defaultdict(list)
        for call in plan.calls:
            if call.y in inner:
                continue
            operands = terms.get(call.y, list(call.args))
            before = [level.get(x, (0, 0)) for x in operands if isinstance(x, Variable)]
            own = SECTIONS.index(call.section)
            section = max([own, *(place for place, _ in before)])
            if section > own == 0:
                section = SECTIONS.index("update")
            level[call.y] = section, 1 + max((n for _, n in before), default=0)
            groups[*level[call.y], ufunc_of(call) or conditional, len(operands)].append((call, operands))
        return sorted(groups.items(), key=lambda item: item[0][:2])

    # ----- one of them -----

    def _where(self, x: Any) -> int:
        """The place in s of a number, or of a constant."""
        if isinstance(x, Variable):
            return self._place[x]
        bits = float(x).hex()
        if bits not in self._constants:
            self._constants[bits] = self._count
            self._count += 1
        return self._constants[bits]

    def _group(self, kind: Any, calls: list[tuple[Call, list[Any]]]) -> list[str]:
        *_, function, arity = kind
        operands = np.array([[self._where(x) for x in xs] for _, xs in calls], np.intp).T  # (operands, calls)
        start, n = self._count, len(calls)
        for call, _ in calls:
            self._place[call.y] = self._count
            self._count += 1
        out = self._view(f"s[{start}:{start + n}]")
        what = f"# {NAMES.get(function.__name__, function.__name__)}"
        if function is conditional:
            condition, a, b = map(self._vector, operands)
            return [f"{what}: {n}", f"np.copyto({out}, np.where({condition}, {a}, {b}))"]
        if arity > 2:
            return [f"{what} of {arity} terms: {n}",
                    f"np.add.reduce(s.take({self._index(operands)}), axis=0, out={out})" if n > 1 else
                    f"{out}[0] = np.add.accumulate(s.take({self._index(operands[:, 0])}))[-1]"]
        return [f"{what}: {n}", f"np.{function.__name__}({', '.join(map(self._vector, operands))}, out={out})"]

    def _vector(self, places: np.ndarray) -> str:
        """The elements of s at these places: a slice where they are next to each other, or all the same."""
        first = int(places[0])
        if (places == first).all():
            return self._view(f"s[{first}:{first + 1}]")
        step = int(places[1]) - first
        if step > 0 and (np.diff(places) == step).all():
            return self._view(f"s[{first}:{int(places[-1]) + 1}{f':{step}' if step > 1 else ''}]")
        return f"s.take({self._index(places)})"

    def _view(self, text: str) -> str:
        if text not in self._views:
            self._views[text] = f"s_{len(self._views) + 1}"
        return self._views[text]

    def _index(self, places: np.ndarray) -> str:
        key = places.tobytes() + str(places.shape).encode()
        if key not in self._indices:
            self._indices[key] = f"index_{len(self._indices) + 1}"
            self.bound[self._indices[key]] = np.ascontiguousarray(places)
        return self._indices[key]
