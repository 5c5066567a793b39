"""The same training twice, eager and compiled: after every step everything that a step may change must be equal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.random import default_generator

STEPS = 20


@dataclass
class Training:
    """What is trained, and the function that makes one step of it.

    before: called before each step with its number, from outside of what is compiled.
    """

    step: Callable[..., Any]
    model: Any = None
    optimizers: Iterable[Any] = ()
    values: Iterable[Any] = ()
    generators: Iterable[np.random.Generator] = ()
    before: Callable[[int], None] = lambda i: None
    leaves: list[Any] = field(init=False)

    def __post_init__(self):
        self.leaves = [*self.values, *(self.model.parameters() if self.model is not None else [])]

    def everything(self, result):
        """Copies of all numbers that a step has an influence on, by name."""
        found = {f"result {i}": None if x is None else np.copy(plain(x)) for i, x in enumerate(flat(result))}
        for i, leaf in enumerate(self.leaves):
            found[f"leaf {i} {leaf.name}"] = np.copy(leaf.data)
            found[f"gradient {i} {leaf.name}"] = None if leaf.grad is None else np.copy(plain(leaf.grad))
        if self.model is not None:
            found |= {f"model {name}": np.copy(x) for name, x in self.model.state_dict().items()}
        for i, optimizer in enumerate(self.optimizers):
            found |= {f"optimizer {i} {name}": np.copy(x) for name, x in optimizer.state_dict().items()}
        for i, generator in enumerate([default_generator(), *self.generators]):
            found[f"generator {i}"] = str(generator.bit_generator.state)
        return found


def flat(tree):
    """The leaves of nested lists, tuples and dicts."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [leaf for branch in tree for leaf in flat(branch)] if isinstance(tree, list | tuple) else [tree]


def plain(x):
    return x.data if isinstance(x, tg.Value) else x


def assert_equal(found, expected, rtol=1e-10, atol=1e-13):
    """Two records of `everything`, with the name of what differs."""
    assert found.keys() == expected.keys()
    for name, x in expected.items():
        y = found[name]
        if x is None or isinstance(x, str):
            assert y == x, name
            continue
        assert y is not None, f"{name} is None"
        assert (y.shape, y.dtype) == (x.shape, x.dtype), f"{name}: {y.shape} {y.dtype}, not {x.shape} {x.dtype}"
        np.testing.assert_allclose(y, x, rtol=rtol, atol=atol, err_msg=name)


def assert_same_training(build, *batches, steps=STEPS, eager=(), rtol=1e-10, atol=1e-13, traced=1):
    """Make the training twice, and do each step eager in the first, compiled in the second.

    Args:
        build: () -> Training, the same numbers each time.
        batches: tuples of arguments, taken in turn.
        eager: the numbers of steps that are eager in the second training, too.
        traced: how often the function may be traced; None for any number.

    Returns: the `Compiled`.
    """
    batches = batches or ((),)
    records = []
    for compiled in (False, True):
        tg.manual_seed(5)
        training = build()
        step = tg.compile(training.step) if compiled else training.step
        tg.manual_seed(6)
        for i in range(steps):
            training.before(i)
            result = (training.step if i in eager else step)(*batches[i % len(batches)])
            record = training.everything(result)
            if compiled:
                try:
                    assert_equal(record, records[i], rtol, atol)
                except AssertionError as error:
                    error.add_note(f"in step {i}")
                    raise
            else:
                records.append(record)
    if traced is not None:
        assert step._traced <= traced, f"traced {step._traced} times"
    return step


def assert_same_function(f, *calls, rtol=1e-12, atol=1e-14):
    """f, compiled, gives the same as f for each tuple of arguments."""
    compiled = tg.compile(f)
    for args in calls:
        expected, found = f(*args), compiled(*args)
        assert len(flat(found)) == len(flat(expected))
        for y, x in zip(flat(found), flat(expected), strict=True):
            assert type(y) is type(x), f"{type(y)}, not {type(x)}"
            x, y = np.asarray(plain(x)), np.asarray(plain(y))
            assert (y.shape, y.dtype) == (x.shape, x.dtype)
            np.testing.assert_allclose(y, x, rtol=rtol, atol=atol)
    return compiled


def regression(layers=(3, 5, 2), optimizer=tg.optim.SGD, activation="tanh", **options):
    """A `build` of the usual kind: an MLP, the squared error, a step with everything in it."""
    def build():
        model = tg.nn.MLP(list(layers), activation=activation)
        training = optimizer(model.parameters(), **{"lr": 0.05, **options})
        loss = tg.nn.MSELoss()

        def step(x, y):
            training.zero_grad()
            J = loss(model(x), y)
            J.backward()
            training.step()
            return J

        return Training(step, model, [training])

    return build


def batches(*shapes, number=3, dtype=np.float64, seed=0):
    """As many tuples of arrays of normal numbers."""
    rng = np.random.default_rng(seed)
    return [tuple(rng.normal(size=shape).astype(dtype) for shape in shapes) for _ in range(number)]
