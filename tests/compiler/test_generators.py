"""What is random: under one seed the same sequence as eager, and generators that end up in the same state."""

import random

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import Training, assert_same_training, batches
from tinygrad_edu import nn, optim
from tinygrad_edu.random import default_generator

X = batches((6, 4), (6, 4))


def training(make, generators=lambda: ()):
    def build():
        own = generators()
        model = make(*own)
        opt = optim.SGD(model.parameters(), lr=0.05)

        def step(x, y):
            opt.zero_grad()
            h = model(x)
            J = ((h - y) ** 2).mean()
            J.backward()
            opt.step()
            return J, h

        return Training(step, model, [opt], generators=own)

    return build


@pytest.mark.parametrize("eager", [(), (1, 4, 5)], ids=["compiled", "mixed"])
@pytest.mark.parametrize("dropout", [nn.Dropout, nn.AlphaDropout])
def test_the_librarys_generator(dropout, eager):
    assert_same_training(training(lambda: nn.Sequential(nn.Linear(4, 4), dropout(0.5), nn.Linear(4, 4), dropout(0.2))),
                         *X, eager=eager)


def test_a_generator_of_its_own_and_a_shared_one():
    assert_same_training(
        training(lambda a, b: nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5, rng=a), nn.Linear(4, 4), nn.Dropout(
            0.5, rng=b), nn.Dropout(0.1, rng=a)), lambda: (np.random.default_rng(1), np.random.default_rng(2))),
        *X, eager=(2,))


def test_float32():
    def build():
        dropout = nn.Dropout(0.5)

        def step(x):
            return dropout(x), dropout(x)

        return Training(step)

    assert_same_training(build, *batches((5, 3), dtype=np.float32), steps=4)


def test_draws_of_the_functions_own():
    """Noise from the library's generator, asked for inside."""
    def build():
        w = tg.Value(np.ones(3))

        def step(x):
            w.grad = None
            noise = default_generator().normal(size=3)
            J = (w * (x + noise)).sum() * default_generator().uniform()
            J.backward()
            return J

        return Training(step, values=[w])

    assert_same_training(build, (np.ones(3),), eager=(3,))


def test_a_generator_of_numpy_in_the_closure():
    def build():
        generator = np.random.default_rng(0)

        def step(x):
            return x + generator.normal(size=3) * generator.random()

        return Training(step, generators=[generator])

    assert_same_training(build, (np.zeros(3),), eager=(2,))


def test_draws_that_would_be_frozen_are_errors():
    """Of a generator in an object or around an inner function, of NumPy's and Python's own: and none is drawn."""
    generator, holder = np.random.default_rng(0), {"rng": np.random.default_rng(1)}

    def inner():
        return generator.normal()

    for function in (lambda x: x + inner(), lambda x: x + holder["rng"].random(), lambda x: x + np.random.rand(),  # noqa: NPY002
                     lambda x: x + random.random()):
        states = [str(generator.bit_generator.state), str(holder["rng"].bit_generator.state), random.getstate(),
                  str(np.random.get_state())]  # noqa: NPY002
        with pytest.raises(tg.errors.TraceError, match="default_generator"):
            tg.compile(function)(np.zeros(2))
        assert states == [str(generator.bit_generator.state), str(holder["rng"].bit_generator.state), random.getstate(),
                          str(np.random.get_state())]  # noqa: NPY002


def test_tracing_draws_nothing():
    dropout = nn.Dropout(0.5)
    tg.manual_seed(3)
    first = tg.compile(lambda x: dropout(x))(np.ones(20))
    tg.manual_seed(3)
    np.testing.assert_array_equal(first, dropout(np.ones(20)))


def test_manual_seed_between_compiled_steps():
    dropout = nn.Dropout(0.5)
    compiled = tg.compile(lambda x: dropout(x))
    found = []
    for _ in range(2):
        tg.manual_seed(7)
        found.append([compiled(np.ones(10)) for _ in range(3)])
    np.testing.assert_array_equal(*found)
    assert not np.array_equal(found[0][0], found[0][1])


def test_masks_of_narrow_matrices():
    """Their buffers are stored column by column; a generator fills memory in its order."""
    def build():
        model = tg.nn.Sequential(tg.nn.Linear(3, 8), tg.nn.Dropout(0.3), tg.nn.Linear(8, 2))
        optimizer = tg.optim.SGD(model.parameters(), lr=0.01)

        def step(x, y):
            optimizer.zero_grad()
            J = ((model(x) - y) ** 2).mean()
            J.backward()
            optimizer.step()
            return J

        return Training(step, model, [optimizer])

    assert_same_training(build, *batches((40, 3), (40, 2)))
