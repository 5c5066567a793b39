"""`Compiled`: a function that runs as NumPy programs, one for each kind of arguments it was called with."""

import warnings
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.checks import whole_number
from tinygrad_edu.compiler.held import PLAIN, content, holders, is_own
from tinygrad_edu.compiler.step import Changed, Step
from tinygrad_edu.compiler.surroundings import Surroundings
from tinygrad_edu.engine import modes
from tinygrad_edu.engine.trees import leaves
from tinygrad_edu.engine.value import Value
from tinygrad_edu.errors import OptionError
from tinygrad_edu.tracing import settings

if TYPE_CHECKING:
    from tinygrad_edu.compiler.report import Report
    from tinygrad_edu.drawing.graph_drawing import GraphDrawing
    from tinygrad_edu.drawing.themes import AnyTheme

MOST_PROGRAMS = 8
"""For how many kinds of arguments a program is kept."""

MANY_TRACES = 32
"""After how many a warning says that the function is compiled all the time."""


class Compiled:
    """What `compile` returns: called like the function, with the same results, and faster."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise OptionError(f"compile: expected a function, a model or what tg.value_and_grad returns, not a "
                              f"{type(function).__name__}")
        self._function = function
        self._steps: dict[Any, Step] = {}
        self._traced = 0
        self._latest: Step | None = None
        self._accumulating: dict[Any, None] = {}  # Values for which it counts whether they have a gradient already
        self._name = getattr(function, "__name__", type(function).__name__)
        if hasattr(function, "__name__"):
            update_wrapper(self, function)

    def __call__(self, *args: Any, **options: Any) -> Any:
        step = self._latest
        if step is None or options or modes.ACTIVE or not step.fits(args):
            # part of another program or graph, or to be looked at
            if modes.tracing() or modes.watching() or any(isinstance(x, Value) for x in leaves((args, options))):
                return self._function(*args, **options)
            step = self._fitting(args, options)
        arrays = args if step.only_arrays else step.arrays_of(args, options)
        try:
            return step.run(arrays)
        except Changed:
            pass
        try:  # settings were changed on which a decision hangs
            return self._trace(self._key(args, options, Surroundings(self._function)), args, options).run(arrays)
        except Changed:  # it hangs on the data: the function itself knows what to do, or to say
            return self._function(*args, **options)

    def _fitting(self, args: tuple, options: dict[str, Any]) -> Step:
        """The program for such arguments, made now if there is none."""
        surroundings = Surroundings(self._function)
        key = self._key(args, options, surroundings)
        step = self._steps.get(key)
        if step is None:
            return self._trace(key, args, options)
        step.surroundings, step.version = surroundings, settings.changes
        self._latest = step
        return step

    def _key(self, args: tuple, options: dict[str, Any], surroundings: Surroundings) -> Any:
        return (_kind(args), _kind(options), surroundings.key, modes.recording(),
                tuple(leaf.grad is None for leaf in self._accumulating))

    def _trace(self, key: Any, args: tuple, options: dict[str, Any]) -> Step:
        self._traced += 1
        if self._traced % MANY_TRACES == 0:
            warnings.warn(f"{self._name} was compiled {self._traced} times, as its arguments, or what it finds around "
                          "it, were of other shapes, dtypes or Python numbers each time; pass numbers that change as "
                          "arrays, and batches of one size", stacklevel=4)
        step = Step(self._function, args, options)
        if not step.capture.earlier.keys() <= self._accumulating.keys():
            self._accumulating.update(dict.fromkeys(step.capture.earlier))
            key = self._key(args, options, step.surroundings)
        self._steps.pop(key, None)
        while len(self._steps) >= MOST_PROGRAMS:
            del self._steps[next(iter(self._steps))]
        self._steps[key] = self._latest = step
        return step

    def save(self, path: str | Path, *args: Any, **options: Any) -> None:
        """Write the program as a Python file that trains without this library, and its numbers beside it.

        `step.save("step.py")` writes the program with a `main`, and `step.npz` with parameters, running sums, settings,
        generators and data by their names in the program. `python step.py 100` makes 100 steps from there and prints
        the loss of each, to the bit what the compiled function gives.

        Args:
            path: of the .py file.
            args, options: the arguments to train on, as in a call; those of the call that the latest program was made
                in, if left out.

        Errors: OptionError before the first call, and for what is no text: functions of yours that the program calls as
        a whole and whose source is not found, gradients that add up from call to call. ArgumentError if the path is no
        .py; OSError if it cannot be written. No file is then changed.

        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> import tinygrad_edu as tg
        >>> square = tg.compile(lambda x: (x * x).sum())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     square.save(f"{folder}/square.py", np.arange(3.0))
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['square.npz', 'square.py']
        """
        from tinygrad_edu.compiler.saving import save

        step, arrays = self._now(args, options)
        save(step, path, arrays)

    def report(self, *args: Any, runs: int = 20, **options: Any) -> "Report":
        """A table of the program: each line with its formula, flops, bytes moved and time, and the memory of all.

        It is measured on copies of parameters, sums and generators, so that nothing is changed.

        Args:
            args, options: the arguments to run it on, as in a call; those of the call that the latest program was made
                in, if left out.
            runs: of how many runs each time is the median.

        Errors: OptionError before the first call, ArgumentError for less than 1 run.

        >>> import numpy as np
        >>> import tinygrad_edu as tg
        >>> product = tg.compile(lambda a, b: a @ b)
        >>> report = product.report(np.ones((10, 20)), np.ones((20, 30)))
        >>> report.flops, len(report.lines)
        (12000.0, 1)
        """
        from tinygrad_edu.compiler.measuring import measured
        from tinygrad_edu.compiler.report import Report

        whole_number("report: runs", runs, low=1)
        step, arrays = self._now(args, options)
        return Report(self._name, measured(step, arrays, runs))

    def graph(self, *, theme: "AnyTheme" = "auto", max_nodes: int = 300) -> "GraphDrawing":
        """The program of the latest call as a picture: boxes for calls, frames for forward, backward and update.

        Args:
            theme, and what is returned: as of `tg.draw`.
            max_nodes: so many calls are drawn at most, the first ones.

        Errors: OptionError before the first call; those of `tg.draw`.

        >>> import numpy as np
        >>> import tinygrad_edu as tg
        >>> f = tg.compile(lambda x: np.tanh(x) + 1)
        >>> f(np.zeros(3))
        array([1., 1., 1.])
        >>> print(f.graph())
        forward:
          tanh 3 = tanh(x)
          + 3 = +(tanh)
        """
        from tinygrad_edu.compiler.program_view import ProgramView
        from tinygrad_edu.drawing.graph_drawing import GraphDrawing

        whole_number("graph: max_nodes", max_nodes, low=1)
        return GraphDrawing(ProgramView(self.step, self._name, max_nodes), theme)

    def _now(self, args: tuple, options: dict[str, Any]) -> tuple[Step, list[np.ndarray]]:
        """The program that such a call would run, of the latest kind if there are no arguments, and its arrays."""
        if not args and not options:
            step = self.step
            arrays = [variable.value for variable in step.program.arguments]
            if step.fits_now() or not step.only_arrays:
                return step, arrays
            args = tuple(arrays)
        step = self._fitting(args, options)
        if not step.fits_now():  # as after the very first step of some optimizers
            step = self._trace(self._key(args, options, Surroundings(self._function)), args, options)
        return step, step.arrays_of(args, options)

    @property
    def source(self) -> str:
        """The program for the latest kind of arguments, as Python."""
        return self.step.source

    @property
    def step(self) -> Step:
        """The program of the latest call; OptionError before the first."""
        if self._latest is None:
            raise OptionError(f"{self._name} was not called yet; its program is made in the first call, for the shapes "
                              "of its arguments")
        return self._latest

    def __repr__(self) -> str:
        return f"<compiled {self._name}, {len(self._steps)} programs>"


def _kind(x: Any) -> Any:
    """What is equal for arguments that one program serves."""
    if isinstance(x, np.ndarray):
        return type(x), x.shape, x.dtype
    if isinstance(x, Value):
        return "Value", id(x)
    if isinstance(x, list | tuple):
        return type(x), tuple(map(_kind, x))
    if isinstance(x, dict):
        return type(x), tuple((key, _kind(part)) for key, part in x.items())
    if is_own(x):
        return id(x), Surroundings(x).key
    if isinstance(x, (*PLAIN, np.generic)):
        return type(x), x
    return id(x), tuple(content(holder, held) for holder, held in holders(x, set()))

