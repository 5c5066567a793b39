"""`Checkpoint`: a training saved to a file while it runs, from which it goes on to the bit as if it had not stopped."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from warnings import warn

import numpy as np

from tinygrad_edu.checks import whole_number
from tinygrad_edu.errors import ArgumentError, OptionError, SavedStateWarning, StateError
from tinygrad_edu.interop.saving import file_format, load, save
from tinygrad_edu.nn.module import Module
from tinygrad_edu.optim import Hyperparameter
from tinygrad_edu.optim.schedules import Schedule
from tinygrad_edu.random import default_generator
from tinygrad_edu.training.callbacks import Callback
from tinygrad_edu.training.history import History

if TYPE_CHECKING:
    from tinygrad_edu.training.loop import Training

GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
"""NumPy's random generators: the ones whose state a file may hold."""


class Checkpoint(Callback):
    """Save the training every few epochs, so that a crash costs no more than these: `fit(..., resume=path)` goes on.

    The file holds the model, the optimizer, the history, the state of the other callbacks and that of every random
    generator: of the shuffling, of the library, and of each layer that has one of its own. It is written all or
    nothing, and nothing in it is ever run.

    Args:
        path: of the file, ending in `.npz` or `.safetensors`.
        every: how many epochs lie between two savings, 1 or more; the last epoch is always saved.

    The hyperparameters of the optimizer are saved, too, and go on as they were: a SavedStateWarning says so where the
    optimizer that `fit` gets has others. To go on with another learning rate, give `fit` a schedule. To use the model
    alone, load those arrays of the file whose names begin with `model.`.

    Errors: OptionError and ArgumentError for an `every` that is no such number, ArgumentError for another ending;
    OSError if the file cannot be written, when training starts if there is none yet.

    >>> import tempfile
    >>> import numpy as np, tinygrad_edu as tg
    >>> X, y = tg.data.make_line(n=20, rng=0)
    >>> def train(epochs, **options):
    ...     model = tg.nn.Linear(1, 1, rng=1)
    ...     optimizer = tg.optim.Adam(model.parameters())
    ...     return tg.training.fit(model, tg.nn.MSELoss(), optimizer, X, y.reshape(-1, 1), epochs=epochs, batch_size=5,
    ...                            rng=2, **options)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     part = train(epochs=3, callbacks=tg.training.Checkpoint(f"{folder}/run.npz"))
    ...     whole = train(epochs=5, resume=f"{folder}/run.npz")
    >>> whole["loss"] == train(epochs=5)["loss"]
    True
    """

    turn: ClassVar[int] = 1  # after all others, to save what they decided

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        self.path, self.every = Path(path), whole_number("Checkpoint: every", every, low=1)
        file_format("Checkpoint", self.path)

    def __repr__(self) -> str:
        return f"Checkpoint({str(self.path)!r}, every={self.every})"

    def on_start(self, training: "Training") -> None:
        """Write a first file: a path that cannot be written is then found now, and not after hours of training.

        But not over an old one, from which this training may be about to resume.
        """
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"Checkpoint: there is no folder {str(self.path.parent)!r} to write "
                                    f"{self.path.name!r} into; make it first")
        if not self.path.exists():
            self.save(training)

    def on_epoch(self, training: "Training") -> None:
        """Save, if it is time."""
        last = training.epoch == training.epochs or training.history.stop_reason is not None
        if last or training.epoch % self.every == 0:
            self.save(training)

    def save(self, training: "Training") -> None:
        """Write the file now; it resumes right only from between two epochs."""
        save(self.path, state_of(training))


def state_of(training: "Training") -> dict[str, np.ndarray]:
    """All that the rest of a training depends on, but the data and what `fit` is given, as arrays by name."""
    parts = {"model": training.model.state_dict(), "optimizer": training.optimizer.state_dict(),
             "history": {name: np.array(numbers, np.float64) for name, numbers in training.history.items()},
             "generator": {name: _packed(generator.bit_generator.state)
                           for name, generator in _generators(training).items()},
             "counts": {"epoch": np.array(training.epoch), "step": np.array(training.step)}}
    parts |= {name: part.state_dict() for name, part in _with_state(training).items()}
    return {"rng_at_start": _packed(training.rng_at_start),
            **{f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}}


class Saved:
    """What a checkpoint holds."""

    def __init__(self, path: Path, state: dict[str, np.ndarray]) -> None:
        self.path, self.state = path, state

    def part(self, name: str) -> dict[str, np.ndarray]:
        """The arrays whose names begin so, without that."""
        return {key[len(name) + 1:]: array for key, array in self.state.items() if key.startswith(f"{name}.")}

    def generator_at_start(self) -> np.random.Generator:
        """A generator in the state of before the first draw, to set the same rows aside again."""
        state = _unpacked(self.state["rng_at_start"])
        if state.get("bit_generator") not in GENERATORS:
            raise ValueError(f"there is no random generator {state.get('bit_generator')!r}")
        generator = np.random.Generator(getattr(np.random, state["bit_generator"])())
        generator.bit_generator.state = state
        return generator

    def restore(self, training: "Training") -> None:
        """Put the training where the saved one was.

        Errors: StateError if something does not fit; all is as before then.
        """
        before = Saved(self.path, state_of(training))
        try:
            self._put_into(training)
        except BaseException as error:
            before._put_into(training)
            if isinstance(error, Exception):  # NumPy's generators raise several kinds on a state that is not theirs
                raise StateError(f"fit: cannot resume from {self.path}: {error}; pass fit a model, an optimizer, "
                                 "metrics and callbacks like those when it was saved") from error
            raise
        self._say_what_else_was_asked(before, training)

    def _say_what_else_was_asked(self, before: "Saved", training: "Training") -> None:
        """Warn of hyperparameters that the optimizer was given, and has no more."""
        asked = before.part("optimizer")
        others = [f"{name}={saved}, not {asked[name]}" for name, saved in self.part("optimizer").items()
                  if isinstance(getattr(type(training.optimizer), name.rpartition(".")[2], None), Hyperparameter)
                  and not (training.schedule and name == "lr") and not np.array_equal(saved, asked.get(name, saved))]
        if others:
            warn(f"fit: the optimizer goes on as it was saved in {self.path}, with {' and '.join(others)}; for another "
                 "learning rate pass fit a schedule, such as schedule=lambda step: 0.001", SavedStateWarning,
                 stacklevel=4)

    def _put_into(self, training: "Training") -> None:
        training.model.load_state_dict(self.part("model"))
        training.optimizer.load_state_dict(self.part("optimizer"))
        history = History.from_dict(self.part("history"))
        if set(history) != set(training.history):
            raise StateError(f"its history has {', '.join(history)}, this one has {', '.join(training.history)}")
        training.history = History.from_dict({name: history[name] for name in training.history})
        counts = {name: int(count) for name, count in self.part("counts").items()}
        if counts["epoch"] != history.epochs or counts["step"] < 0:
            raise StateError(f"it counts {counts}, but its history has {history.epochs} epochs")
        generators, states = _generators(training), self.part("generator")
        if generators.keys() != states.keys():
            raise StateError(f"it holds the random generators {sorted(states)}, here are {sorted(generators)}")
        for name, generator in generators.items():
            generator.bit_generator.state = _unpacked(states[name])
        training.epoch, training.step = counts["epoch"], counts["step"]
        with_state = _with_state(training)
        for name in self.state:
            if name.startswith(("callback.", "schedule.")) and not name.startswith(tuple(f"{k}." for k in with_state)):
                raise StateError(f"it holds {name!r}, the state of a callback or a schedule that is missing here")
        for name, part in with_state.items():
            part.load_state_dict(self.part(name))


def read(path: str | os.PathLike[str], epochs: int) -> Saved:
    """A checkpoint from a file, to go on from up to that many epochs.

    Errors: OptionError for what is no path, ArgumentError if it has as many already, StateError if the file is no
    checkpoint; those of `load`.
    """
    if not isinstance(path, str | os.PathLike):
        raise OptionError(f"fit: resume must be the path of a Checkpoint's file, such as 'run.npz', got {path!r}")
    saved = Saved(Path(path), load(path))
    try:
        saved.generator_at_start()
        done = int(saved.state["counts.epoch"])
    except Exception as error:  # of many kinds, as the file may hold anything
        raise StateError(f"fit: {saved.path} holds no training to resume ({error}); pass the file of a "
                         "training.Checkpoint") from error
    if done >= epochs:
        raise ArgumentError(f"fit: the training in {saved.path} has done {done} epochs already, so epochs must be more "
                            f"than that, got {epochs}")
    return saved


def _with_state(training: "Training") -> dict[str, Any]:
    """What has a state of its own besides model and optimizer: callbacks, and a schedule that looks at the loss."""
    callbacks = (callback for callback in training.callbacks if not isinstance(callback, Checkpoint))
    found: dict[str, Any] = {f"callback.{i}": callback for i, callback in enumerate(callbacks)}
    return found | ({"schedule": training.schedule} if isinstance(training.schedule, Schedule) else {})


def _generators(training: "Training") -> dict[str, np.random.Generator]:
    """Every random generator that the training may draw from, by name."""
    found = {"fit": training.rng, "library": default_generator()}
    modules = [("model", training.model), ("loss", training.loss), ("penalty", training.penalty)]
    for root, module in modules:
        for path, part in module.named_modules() if isinstance(module, Module) else ():
            for name, value in vars(part).items():
                if isinstance(value, np.random.Generator):
                    found[".".join(filter(None, [root, path, name]))] = value
    return found


def _packed(state: Mapping[str, Any]) -> np.ndarray:
    """The state of a generator, numbers of up to 128 bits, as the bytes of a text."""
    text = json.dumps(state, default=lambda array: array.tolist())
    return np.frombuffer(text.encode(), np.uint8)


def _unpacked(array: np.ndarray) -> Any:
    return json.loads(np.asarray(array, np.uint8).tobytes())
