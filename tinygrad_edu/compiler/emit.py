"""A planned program as Python: `prepare`, which makes the buffers, and in it the `step` that uses them."""

import re
from typing import Any

from tinygrad_edu.compiler.functions import assemble
from tinygrad_edu.compiler.naming import WIDTH, formula, identifier, wrapped
from tinygrad_edu.compiler.plan import PIECE, Memory, Plan
from tinygrad_edu.compiler.program import Call, Variable, root
from tinygrad_edu.compiler.statements import Statements

WORD = re.compile(r"\w+")

CODE = 58
"""Where comments begin, if the code before is not longer."""


class Text(Statements):
    """The source of a program, and the objects that it needs by name.

    source: a module's text.
    bound: name -> object, for `prepare`: the states, constants and generators.
    fixed: name -> Memory of gradients and the like that are read after a step.
    """

    def __init__(self, plan: Plan, results: list[Variable], fixed: list[Variable], about: str) -> None:
        super().__init__(plan, results, fixed)
        self.results = results
        self._fixed = fixed
        self.source = self._write(about)

    def _write(self, about: str) -> str:
        body = self._body()
        lines = [f'"""{about}"""', "", "import numpy as np", "", ""]
        lines.append(f"def prepare({wrapped([*self.bound, *self.functions], '            ')}):")
        lines.append('    """The step, with every array that it needs made once."""')
        for memory in self.plan.buffers:
            lines += [f"    {line}" for line in self._buffer(memory)]
        inputs = [self._names[v] for v in self.program.arguments]
        inputs += [self._names[s.before] for s in self.program.settings]
        inputs += [self._names[s.before] for s in self.program.states if not s.before.is_array]
        self.guard_source = self._guard_source()
        kept = wrapped([f"{name}={name}" for name in map(self.text, self._fixed)], " " * 21)
        step = [f"    def step({', '.join(inputs)}):", *[f"        {line}" if line else "" for line in body],
                "", f"    return step, dict({kept})", ""]
        lines += [f"    {line}" for line in _used(self.hoisted, "\n".join(step))]
        return "\n".join([*lines, "", *step])

    def _buffer(self, memory: Memory) -> list[str]:
        """The lines that make a buffer."""
        name, shape, dtype = memory.name, memory.shape, self.text(memory.dtype)
        if memory.part_of is not None:
            stored = f"{self.text(shape[::-1])}).T" if memory.flipped else f"{self.text(shape)})"
            return [f"{name} = {memory.part_of.name}[{memory.start}:{memory.stop}].reshape({stored}"]
        make, whole = "np.empty", name
        if memory.ones:
            make, whole, shape = "np.ones", self.joined[memory], (shape[0], shape[1] + 1)
        if name in self._short:
            text = str(min(memory.size, PIECE))
        else:
            text = self.text(shape[0] if len(shape) == 1 else shape[::-1] if memory.by_columns else shape)
        lines = [f"{whole} = {make}({text}, {dtype}){'.T' if memory.by_columns else ''}"]
        return [*lines, f"{name} = {whole}[:, :-1]"] if memory.ones else lines

    def _body(self) -> list[str]:
        lines: list[str] = []
        guards: dict[Variable, list[bool]] = {}
        for variable, truth in self.program.guards:
            if self.depends_on_call(variable):
                guards.setdefault(variable, []).append(truth)
        self._short: set[str] = set()
        section, note = "", ""
        calls = self.plan.calls
        i = 0
        while i < len(calls):
            call = calls[i]
            if call.loop is not None and call.y.is_array:
                group = []
                while i < len(calls) and calls[i].loop == call.loop:
                    group.append(calls[i])
                    i += 1
                lines += self._loop(group)
                continue
            made = self.statements(call)
            if made and call.section != section:
                title = "results" if section == "update" else call.section
                section = call.section
                lines += ["", f"# ----- {title} -----"] if lines else [f"# ----- {title} -----"]
            if made and call.note and call.note != note:
                note = call.note
                lines.append(f"# {' '.join(note.split())}")
            lines += self._commented(call, made)
            for truth in guards.get(call.y, []):
                lines.append(f"if not ({self.text(call.y)}):" if truth else f"if {self.text(call.y)}:")
                lines.append("    raise StopIteration")
            i += 1
        for memory, variable in self.plan.copies:
            lines.append(f"{memory.name}[...] = {self.text(variable)}")
        returned = [self._returned(x) for x in self.results]
        lines.append(f"return {', '.join(returned)}{',' if len(returned) == 1 else ''}" if returned else "return ()")
        return lines

    def _commented(self, call: Call, lines: list[str]) -> list[str]:
        """One line with the formula behind it, where there is room."""
        text = formula(call, self._label) if len(lines) == 1 and call.y in self.plan.memory else ""
        room = WIDTH - len(text) - 4
        return [f"{lines[0]:<{min(CODE, room)}}  # {text}"] if text and len(lines[0]) <= room else lines

    def _label(self, x: Any) -> str:
        """What a formula calls it: its own name, also where its buffer is called after what was there before."""
        if isinstance(x, Variable) and x.name:
            return identifier(x.name)
        return self._operand(x)

    def _loop(self, group: list[Call]) -> list[str]:
        """The calls on long vectors, on pieces that fit into the cache."""
        lines = []
        for call in group:
            if not call.y.is_array:
                lines += [f"{self.text(call.y)} = {self.expression(call)}"]
        vectors = [call for call in group if call.y.is_array]
        plain = [c for c in vectors if c.function is assemble or c.view is not None]
        for call in plain:
            lines += self.statements(call)
        vectors = [c for c in vectors if c not in plain]
        size = vectors[-1].y.value.size
        inside = {call.y for call in vectors}
        names: dict[str, None] = {}
        for call in vectors:
            for x in (*call.inputs(), call.y):
                if x.is_array and x.value.shape == (size,):
                    names[self.text(x)] = None
        for memory in self.plan.buffers:
            users = [v for v, m in self.plan.memory.items() if m is memory]
            if memory.shape == (size,) and all(v in inside for v in users):
                self._short.add(memory.name)
        pieces = self.plan.name("pieces")
        parts = [f"{n}[:min({PIECE}, {size} - i)]" if n in self._short else f"{n}[i:i + {PIECE}]" for n in names]
        start = f"{pieces} = [("
        indent = " " * (4 + len(start))
        self.hoisted.append(f"{start}{wrapped(parts, indent)})\n{indent[:-1]}for i in range(0, {size}, {PIECE})]")
        self._pieces = {name: f"{name}_" for name in names}
        lines.append(f"for {', '.join(self._pieces.values())} in {pieces}:")
        body = [line for call in vectors for line in self._commented(call, self.statements(call))]
        self._pieces = {}
        return lines + [f"    {line}" for line in body]

    def _guard_source(self) -> str:
        """`same(*settings)`: whether the truths that hang on settings alone are what they were."""
        inputs = [self._names[s.before] for s in self.program.settings]
        guards = [(v, truth) for v, truth in dict.fromkeys(self.program.guards) if not self.depends_on_call(v)]
        lines: list[str] = []
        done: set[Variable] = set()

        def compute(x: Variable) -> None:
            if x in done or x.made_by is None:
                return
            done.add(x)
            for other in x.made_by.inputs():
                compute(other)
            self._inline.pop(x, None)
            lines.append(f"    {self.text(x)} = {self.expression(x.made_by)}")

        for variable, _ in guards:
            compute(variable)
        truths = " and ".join(f"bool({self.text(v)}) is {truth}" for v, truth in guards) or "True"
        return "\n".join([f"def same({', '.join(inputs)}):", *lines, f"    return {truths}", ""])

    def depends_on_call(self, variable: Variable) -> bool:
        """Whether it is computed of more than settings: then it can only be looked at while the program runs."""
        settings = {s.before for s in self.program.settings if not s.before.is_array}
        waiting, seen = [variable], set()
        while waiting:
            x = waiting.pop()
            if x in settings or x in seen:
                continue
            seen.add(x)
            if x.made_by is None:
                return True
            waiting += x.made_by.inputs()
        return False

    def _returned(self, x: Variable) -> str:
        if not isinstance(x, Variable):
            return self.text(x)
        text = self.text(x)
        if x.is_array:
            memory = self.plan.memory.get(root(x))
            if memory is not None and memory.kind == "buffer":
                return f"{text}.copy()"
        return text


def _used(assignments: list[str], text: str) -> list[str]:
    """Those of the assignments, in order, whose names stand in the text or in a later one of them."""
    names = set(WORD.findall(text))
    kept: list[str] = []
    for line in reversed(assignments):
        if line.partition(" = ")[0] in names:
            names.update(WORD.findall(line))
            kept.insert(0, line)
    return kept
