"""`step.save`: the program as a Python file that trains on its own, and its numbers beside it, without pickle."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.compiler.numbers import NumbersText
from tinygrad_edu.compiler.standalone import Standalone
from tinygrad_edu.errors import ArgumentError, OptionError
from tinygrad_edu.files import write_all_or_nothing

if TYPE_CHECKING:
    from tinygrad_edu.compiler.step import Step

GENERATOR = '''
def generator(state):
    """The random generator with this state, which is text."""
    state = json.loads(str(state))
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)
'''


def save(step: "Step", path: str | Path, arrays: list[np.ndarray]) -> None:
    """Write a step's program to a file and what it works on to the `.npz` of the same name: both or, if it fails, none.

    Errors: see `Compiled.save`.
    """
    path = Path(path)
    if path.suffix != ".py":
        raise ArgumentError(f"save: the program is written to a .py file, got {path.name!r}")
    numbers = dict(_numbers(step, arrays))
    text = _module(step, path.stem, numbers)
    buffer = io.BytesIO()
    np.savez(buffer, **numbers)  # type: ignore[arg-type]  # NumPy's stub takes the names for its own options
    write_all_or_nothing(path.with_suffix(".npz"), buffer.getvalue())
    write_all_or_nothing(path, text.encode())


# ----- the numbers -----

def _numbers(step: "Step", arrays: list[np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Everything that `prepare` and `step` are given, by its name in the program."""
    for name, x in step.text.bound.items():
        yield name, np.asarray(x.read() if hasattr(x, "read") else x)
    for name, generator in _generators(step):
        state = json.dumps(generator.bit_generator.state, default=lambda x: x.tolist())
        yield name, np.asarray(state)
    for variable, array in zip(step.program.arguments, arrays, strict=True):
        yield step.text.text(variable), array
    given = (*step.program.settings, *_number_states(step))
    if isinstance(step.text, NumbersText):
        yield "values", np.array([state.read() for state in given])
    else:
        for state in given:
            yield step.text.text(state.before), np.asarray(state.read())


def _generators(step: "Step") -> Iterator[tuple[str, Any]]:
    for name, f in step.text.functions.items():
        generator = getattr(f, "generator", f)
        if hasattr(generator, "bit_generator"):
            yield name, generator


def _number_states(step: "Step") -> list[Any]:
    return [state for state in step.program.states if not state.before.is_array]


def _counts(step: "Step") -> dict[str, int]:
    """The names of the counts of steps among the settings, and by how much a call makes them larger."""
    found: dict[str, int] = {}
    for _, slots in step.capture.steps:
        for slot in slots:
            variable = step.capture.count_of(slot)
            if variable is not None:
                name = step.text.text(variable)
                found[name] = found.get(name, 0) + 1
    return found


# ----- the module -----

def _module(step: "Step", stem: str, numbers: dict[str, np.ndarray]) -> str:
    if step.capture.earlier:
        leaf = next(iter(step.capture.earlier))
        raise OptionError(f"save: the gradient of {leaf.describe()} adds up from call to call, which a program on its "
                          "own does not do; call zero_grad() at the beginning of the function")
    standalone = Standalone()
    generators = dict(_generators(step))
    for name, f in step.text.functions.items():
        if name not in generators:
            standalone.add(name, f)
    head, program = step.source.split("import numpy as np\n", 1)
    about = head.strip().strip('"').rstrip(".")
    ours, others = standalone.imports_by_origin()
    needs = " and ".join(["NumPy", *standalone.packages()])
    opening = (f'"""{about}.\n\n    python {stem}.py 100\n\nmakes 100 steps and prints the loss of each. It needs '
               f'{needs}; what it works on is in\n{stem}.npz beside it.\n"""')
    first = [*(["import json"] if generators else []), "import sys", "from pathlib import Path", *ours]
    imports = "\n".join([*first, "", "import numpy as np", *others])
    parts = [str(standalone), GENERATOR.strip() if generators else "", program.strip(), *_guards(step),
             _main(step, stem),
             'if __name__ == "__main__":\n    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)\n']
    return f"{opening}\n\n{imports}\n\n\n" + "\n\n\n".join(filter(None, parts))


def _guards(step: "Step") -> list[str]:
    text = step.text.guard_source.strip()
    return [] if text.endswith("return True") else [text]


def _main(step: "Step", stem: str) -> str:
    """`main`, which reads the numbers, and calls the step with them again and again."""
    text, counts = step.text, _counts(step)
    generators = {name for name, _ in _generators(step)}
    bound = [*text.bound, *text.functions]
    settings = [text.text(state.before) for state in step.program.settings]
    python = [text.text(s.before) for s in (*step.program.settings, *_number_states(step)) if s.before.is_python]
    states = [text.text(state.before) for state in _number_states(step)]
    given = [*(text.text(v) for v in step.program.arguments), *settings, *states]
    packed = isinstance(text, NumbersText)  # then all are in one list, `values`
    taken = {*bound, "values"} if packed else {*bound, *given}
    steps, data, out = (name if name not in taken else f"{name}_" for name in ("steps", "data", "out"))
    lines = [f"def main({steps}=100):", f'    """Read {stem}.npz, train, and print the loss of each step."""',
             f'    with np.load(Path(__file__).with_name("{stem}.npz")) as file:', f"        {data} = dict(file)"]
    values = {name: f'generator({data}["{name}"])' if name in generators else name if name in text.functions else
              f'{data}["{name}"]' for name in bound}
    lines += ["    step, _ = prepare(", *[f"        {name}={value}," for name, value in values.items()], "    )"]
    if packed:
        lines.append(f'    values = {data}["values"].tolist()')
    else:
        lines += [f'    {name} = {data}["{name}"]{".item()" if name in python else ""}' for name in given]
    lines += ['    np.seterr(all="ignore")', f"    for _ in range({steps}):"]
    if _guards(step):
        lines += [f"        if not same({', '.join(settings)}):",
                  '            raise SystemExit("the program is not made for these settings")']
    lines += ["        try:", f"            {out} = step({'*values' if packed else ', '.join(given)})",
              "        except StopIteration:",
              '            raise SystemExit("something is decided otherwise than when the program was made: "',
              '                             "the loss is not finite, or clipping begins or ends") from None']
    k = len(step.results)
    if packed:
        places = [given.index(text.text(state.before)) for state in step.changed_numbers]
        for start, n in _runs(places):
            i = k + places.index(start)
            lines.append(f"        values[{start}:{start + n}] = {out}[{i}:{i + n}]")
    else:
        lines += [f"        {text.text(state.before)} = {out}[{k + i}]"
                  for i, state in enumerate(step.changed_numbers)]
    lines += [f"        {name} += {by}" for name, by in counts.items()]
    loss = next((i for i, v in enumerate(step.results) if np.ndim(v.value) == 0), None)
    if loss is not None:
        lines.append(f"        print(float({out}[{loss}]))")
    return "\n".join(lines)


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """(first, how many) of those that follow each other."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and place == sum(found[-1]):
            found[-1] = found[-1][0], found[-1][1] + 1
        else:
            found.append((place, 1))
    return found
