"""How programs are kept and chosen: shapes, dtypes, numbers, limits, warnings, errors and threads."""

import gc
import threading
import warnings
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import batches, regression
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler import compiled as compiled_module


def test_another_shape_or_dtype_is_another_program():
    compiled = tg.compile(lambda x: x * 2)
    for x in (np.ones(3), np.ones(4), np.ones((3, 1)), np.ones(3, np.float32), np.ones(3, int), np.ones(3)):
        y = compiled(x)
        np.testing.assert_array_equal(y, x * 2)
        assert y.dtype == (x * 2).dtype
    assert compiled._traced == 5


def test_the_last_batch_is_shorter():
    training = regression(optimizer=optim.Adam)()
    compiled = tg.compile(training.step)
    x, y = batches((10, 3), (10, 2))[0]
    for _ in range(3):
        for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
            compiled(x[rows], y[rows])
    assert compiled._traced == 2


def test_numbers_are_constants():
    compiled = tg.compile(lambda x, n: x * n)
    for n in (2, 3, 2, 2.0, True):
        np.testing.assert_array_equal(compiled(np.ones(2), n), np.ones(2) * n)
    assert compiled._traced == 4


def test_a_warning_when_it_is_compiled_all_the_time():
    compiled = tg.compile(lambda x, n: x * n)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(2 * compiled_module.MANY_TRACES):
            compiled(np.ones(1), float(n))
    assert 1 <= len(caught) <= 2
    message = str(caught[0].message)
    assert "arrays" in message and str(compiled_module.MANY_TRACES) in message
    assert caught[0].filename == __file__
    assert len(compiled._steps) <= compiled_module.MOST_PROGRAMS


def test_no_warning_for_a_few_shapes():
    compiled = tg.compile(lambda x: x + 1)
    for _ in range(20):
        for n in range(compiled_module.MOST_PROGRAMS):
            compiled(np.ones(n))
    assert compiled._traced == compiled_module.MOST_PROGRAMS


def test_name_and_documentation_are_kept():
    @tg.compile
    def step(x):
        """One step."""
        return x

    assert (step.__name__, step.__doc__) == ("step", "One step.")
    assert "step" in repr(step)


def test_compiled_inside_compiled():
    inner = tg.compile(lambda x: np.tanh(x) * 2)
    outer = tg.compile(lambda x: inner(x) + 1)
    for x in (np.zeros(2), np.ones(2)):
        np.testing.assert_allclose(outer(x), np.tanh(x) * 2 + 1)
        np.testing.assert_allclose(tg.grad(lambda v: inner(v).sum())(x), 2 / np.cosh(x) ** 2)


def test_under_no_grad_and_detect_anomaly():
    w = tg.Value(np.ones(2))
    compiled = tg.compile(lambda x: np.log(w * x).sum())
    with tg.no_grad():
        assert compiled(np.ones(2)).item() == 0
    with tg.detect_anomaly(), pytest.raises(tg.errors.AnomalyError), np.errstate(all="ignore"):
        compiled(np.array([-1.0, 1.0])).backward()
    assert compiled(np.full(2, np.e)).item() == pytest.approx(2)


def test_a_copied_model_has_its_own_parameters():
    import copy
    model = nn.Linear(3, 2)
    compiled = tg.compile(model)
    x = np.ones((1, 3))
    before = compiled(x).data
    other = copy.deepcopy(model)
    other.weight.data[:] = 0
    np.testing.assert_array_equal(compiled(x).data, before)


def test_it_is_freed():
    training = regression()()
    compiled = tg.compile(training.step)
    compiled(*batches((4, 3), (4, 2))[0])
    model = weakref.ref(training.model)
    del training, compiled
    gc.collect()
    assert model() is None


def test_backward_after_a_compiled_step_tells_that_parameters_changed():
    """A graph from before is out of date: an error, not a wrong gradient."""
    training = regression()()
    x, y = batches((4, 3), (4, 2))[0]
    compiled = tg.compile(training.step)
    compiled(x, y)
    J = (training.model(x) ** 2).sum()
    compiled(x, y)
    with pytest.raises(tg.errors.MutationError):
        J.backward()


def test_two_threads_with_a_function_each():
    results = {}

    def work(number):
        rng = np.random.default_rng(number)
        w = tg.Value(rng.normal(size=3))
        opt = optim.SGD([w], lr=0.1)

        def step(x):
            opt.zero_grad()
            J = ((w * x).sum() - 1) ** 2
            J.backward()
            opt.step()
            return J

        function = tg.compile(step) if number < 4 else step
        for _ in range(50):
            J = function(np.ones(3))
        results[number] = J.item(), w.data

    def eager(number):
        work(number)

    threads = [threading.Thread(target=eager, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    compiled, results = results, {}
    for number in range(4):
        rng = np.random.default_rng(number)
        w = rng.normal(size=3)
        for _ in range(50):
            w = w - 0.1 * 2 * (w.sum() - 1) * np.ones(3)
        np.testing.assert_allclose(compiled[number][1], w, rtol=1e-9)


def test_two_threads_with_one_function():
    """Each gets the results of its own arguments."""
    compiled = tg.compile(lambda x: np.tanh(x * 2 + 1).sum() + x)
    wrong = []

    def work(number):
        x = np.full(2000, number / 4)
        expected = np.tanh(x * 2 + 1).sum() + x
        for _ in range(200):
            if not np.allclose(compiled(x), expected):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
