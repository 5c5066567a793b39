"""Nothing is frozen at its value during tracing, and nothing is mixed up that shares memory."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import Training, assert_same_function, assert_same_training, batches, plain
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import TraceError

X = batches((6, 3), (6, 2))


# ----- without data -----

def test_an_expression_of_parameters_alone():
    def build():
        model = nn.MLP([3, 4, 2])
        opt = optim.SGD(model.parameters(), lr=0.1)

        def step():
            opt.zero_grad()
            J = sum((p * p).sum() for p in model.parameters())
            J.backward()
            opt.step()
            return J

        return Training(step, model, [opt])

    assert_same_training(build, eager=(3,))


def test_plain_arrays_of_parameters():
    """`p.data` is what it is in each call, also in NumPy's own functions."""
    w = tg.Value(np.array([1.0, -2.0]))
    compiled = tg.compile(lambda: (np.linalg.norm(w.data), (w.data > 0).sum(), w.data * 2))
    for data in ([1.0, -2.0], [3.0, 4.0], [-5.0, -12.0]):
        w.data = np.array(data)
        norm, positive, doubled = compiled()
        assert norm == pytest.approx(np.hypot(*data))
        assert positive == (np.array(data) > 0).sum()
        np.testing.assert_array_equal(doubled, 2 * np.array(data))


def test_an_expression_of_the_optimizers_state_alone():
    """The second call of `step` without a new gradient moves by the running sums."""
    def build():
        w = tg.Value(np.ones(3))
        opt = optim.SGD([w], lr=0.1, momentum=0.9)

        def step(x):
            w.grad = np.zeros(3) + x
            opt.step()

        return Training(step, values=[w], optimizers=[opt])

    assert_same_training(build, (np.ones(3),), (np.zeros(3),), (np.zeros(3),), traced=2)


def test_hyperparameters_read_inside():
    def build():
        w = tg.Value(np.ones(3))
        opt = optim.SGD([w], lr=0.1)

        def step(x):
            opt.zero_grad()
            J = (w * x).sum() * opt.lr
            J.backward()
            opt.step()
            return J

        def before(i):
            opt.lr = 0.1 / (1 + i)

        return Training(step, values=[w], optimizers=[opt], before=before)

    assert_same_training(build, (np.ones(3),))


def test_a_schedule_whose_step_count_is_an_argument():
    """As an array it is traced; as a Python number it would be a constant, and each number another program."""
    def build():
        w = tg.Value(np.ones(3))

        def step(x, t):
            w.grad = None
            J = (w * w * x).sum()
            J.backward()
            w.data = w.data - 0.1 * np.cos(t / 20) * w.grad
            return J

        return Training(step, values=[w])

    assert_same_training(build, *((np.ones(3), np.array(float(t))) for t in range(20)))


def test_a_schedule_inside_is_an_error():
    w = tg.Value(np.ones(3))
    opt = optim.SGD([w], lr=0.1)
    schedule = optim.schedules.Cosine(0.2, steps=20)
    count = {"t": 0}

    def step(x):
        opt.lr = schedule(count["t"])
        opt.zero_grad()
        (w * x).sum().backward()
        opt.step()

    with pytest.raises(TraceError, match=r"lr is assigned.*before the call"):
        tg.compile(step)(np.ones(3))
    assert opt.lr == 0.1
    np.testing.assert_array_equal(w.data, np.ones(3))


# ----- closures -----

def test_a_number_of_the_closure_that_changes():
    factor = 2.0
    compiled = tg.compile(lambda x: x * factor)
    x = np.ones(2)
    for factor in (2.0, 3.0, 2.0):
        np.testing.assert_array_equal(compiled(x), factor * x)
    assert compiled._traced == 2


FACTOR = 1.0


def test_a_number_among_the_globals_that_changes(monkeypatch):
    compiled = tg.compile(lambda x: x * FACTOR)
    for factor in (1.0, 4.0):
        monkeypatch.setitem(globals(), "FACTOR", factor)
        assert compiled(np.ones(1)) == factor


@pytest.mark.parametrize("holder", ["dict", "list", "object", "nested function", "default"])
def test_a_number_in_something_around_it_that_changes(holder):
    class Settings:
        factor = 1.0

    table, row, settings = {"factor": 1.0}, [1.0], Settings()

    def inner():
        return row[0]

    f = {"dict": lambda x: x * table["factor"], "list": lambda x: x * row[0], "object": lambda x: x * settings.factor,
         "nested function": lambda x: x * inner(), "default": lambda x, row=row: x * row[0]}[holder]
    compiled = tg.compile(f)
    for factor in (1.0, 4.0, 5.0):
        table["factor"] = row[0] = settings.factor = factor
        assert compiled(np.ones(1)) == factor


def test_a_function_that_changes_what_is_around_it():
    """It would do so while it is traced, and never again."""
    log, count = [], 0

    def appends(x):
        log.append(1)
        return x

    def counts(x):
        nonlocal count
        count += 1
        return x

    for function, name in ((appends, "log"), (counts, "count")):
        with pytest.raises(TraceError, match=f"changes what it finds around it: {name}"):
            tg.compile(function)(np.ones(2))


def test_arrays_of_the_closure_written_into_or_replaced():
    mask = np.array([1.0, 0.0])
    compiled = tg.compile(lambda x: x * mask)
    x = np.array([3.0, 5.0])
    np.testing.assert_array_equal(compiled(x), [3, 0])
    mask[:] = [0.0, 1.0]
    np.testing.assert_array_equal(compiled(x), [0, 5])
    mask = np.array([2.0, 2.0])
    np.testing.assert_array_equal(compiled(x), [6, 10])
    mask = np.array([[2.0], [1.0]])
    np.testing.assert_array_equal(compiled(x), [[6, 10], [3, 5]])


@pytest.mark.parametrize("holder", ["list", "dict", "attribute"])
def test_arrays_in_something_around_it_replaced_or_written_into(holder):
    class Holder:
        x = np.ones(2)

    row, table, thing = [np.ones(2)], {"x": np.ones(2)}, Holder()
    f = {"list": lambda x: x * row[0], "dict": lambda x: x * table["x"], "attribute": lambda x: x * thing.x}[holder]
    compiled = tg.compile(f)
    np.testing.assert_array_equal(compiled(np.ones(2)), [1, 1])
    row[0][:] = table["x"][:] = thing.x[:] = 2
    np.testing.assert_array_equal(compiled(np.ones(2)), [2, 2])
    row[0] = table["x"] = thing.x = np.full(2, 3.0)
    np.testing.assert_array_equal(compiled(np.ones(2)), [3, 3])


def test_a_model_of_the_closure_replaced():
    model = nn.Linear(3, 2)
    compiled = tg.compile(lambda x: model(x))
    x = X[0][0]
    first = compiled(x).data
    model = nn.Linear(3, 2)
    np.testing.assert_allclose(compiled(x).data, model(x).data)
    assert not np.allclose(compiled(x).data, first)


def test_training_and_evaluation():
    norm = nn.BatchNorm1d(4)
    model = nn.Sequential(nn.Linear(3, 4), norm, nn.Dropout(0.5, rng=0))
    compiled = tg.compile(lambda x: model(x))
    x = X[0][0]
    assert (compiled(x).data == 0).any()
    mean = norm.running_mean.data.copy()
    model.eval()
    np.testing.assert_allclose(compiled(x).data, model(x).data, rtol=1e-12)
    np.testing.assert_array_equal(norm.running_mean.data, mean)
    model.train()
    assert (compiled(x).data == 0).any()
    assert not np.array_equal(norm.running_mean.data, mean)
    mean = norm.running_mean.data.copy()
    norm.eval()
    assert (compiled(x).data == 0).any()
    np.testing.assert_array_equal(norm.running_mean.data, mean)


def test_settings_of_a_layer_changed_between_calls():
    dropout = nn.Dropout(0.5, rng=0)
    compiled = tg.compile(lambda x: dropout(x))
    x = np.ones((50, 50))
    assert 0.4 < (compiled(x) == 0).mean() < 0.6
    dropout.p = 0.1
    assert 0.05 < (compiled(x) == 0).mean() < 0.2
    dropout.p = 0
    np.testing.assert_array_equal(compiled(x), x)


# ----- aliasing -----

def test_the_same_array_as_two_arguments():
    def f(x, y):
        a, b = tg.Value(x), tg.Value(y)
        J = (np.exp(a) * b).sum()
        J.backward()
        return J, a.grad, b.grad

    x = np.array([0.1, 0.2])
    assert_same_function(f, (x, x), (x, x + 1), (x + 1, x + 1))


def test_an_output_that_is_an_input():
    compiled = tg.compile(lambda x, y: (x, y, x.T, x + y))
    x, y = np.ones((2, 2)), np.arange(4.0).reshape(2, 2)
    for factor in (1.0, 2.0):
        found = compiled(x * factor, y)
        for a, b in zip(found, (x * factor, y, x.T * factor, x * factor + y), strict=True):
            np.testing.assert_array_equal(a, b)


def test_results_are_kept_when_the_next_call_is_made():
    """They share no memory with the program's buffers, nor with each other."""
    def f(x):
        v = tg.Value(x)
        y = np.tanh(v) * 2
        y.backward(np.ones(x.shape))
        return y, y.data, v.grad, y.T

    compiled = tg.compile(f)
    results = compiled(np.array([[1.0, 2.0]]))
    first = [np.copy(plain(y)) for y in results]
    compiled(np.array([[5.0, 6.0]]))
    for y, kept in zip(results, first, strict=True):
        np.testing.assert_array_equal(plain(y), kept)


def test_results_may_be_written_into():
    compiled = tg.compile(lambda x: np.tanh(x) + 1)
    expected = np.tanh([1.0, 2.0]) + 1
    for _ in range(3):
        y = compiled(np.array([1.0, 2.0]))
        np.testing.assert_allclose(y, expected)
        y[:] = 7


def test_arguments_stay_as_they_are():
    def f(x, y):
        return (x - y) * 2 + x

    compiled = tg.compile(f)
    x, y = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    for _ in range(2):
        compiled(x, y)
        np.testing.assert_array_equal(x, [1, 2])
        np.testing.assert_array_equal(y, [3, 5])


def test_an_argument_that_is_the_memory_of_a_parameter():
    def run(compiled):
        w = tg.Value(np.array([1.0, 2.0]))
        opt = optim.SGD([w], lr=0.1)

        def step(x):
            opt.zero_grad()
            J = (w * w * x).sum()
            J.backward()
            opt.step()
            return J, (x * 2).sum()

        function = tg.compile(step) if compiled else step
        return [[r.item() for r in function(w.data)] for _ in range(4)]

    np.testing.assert_allclose(run(True), run(False), rtol=1e-13)


def test_views_of_parameters():
    def build():
        w = tg.Value(np.arange(6.0).reshape(2, 3) / 10)
        opt = optim.Adam([w], lr=0.1)

        def step(x):
            opt.zero_grad()
            J = (w[0] * w[1] * x).sum() + (w.T[1:] ** 2).sum() + w.reshape(-1)[::2].sum()
            J.backward()
            opt.step()
            return J, w.data[0].copy()

        return Training(step, values=[w], optimizers=[opt])

    assert_same_training(build, (np.ones(3),), eager=(2,))


def test_parameters_read_before_and_after_the_update():
    def build():
        w = tg.Value(np.array([1.0, 2.0]))
        opt = optim.SGD([w], lr=0.1)

        def step(x):
            opt.zero_grad()
            before = w.data.copy()
            J = (w * w * x).sum()
            J.backward()
            opt.step()
            return J, before, w.data - before, (w * w).sum()

        return Training(step, values=[w], optimizers=[opt])

    assert_same_training(build, (np.ones(2),), (np.full(2, 3.0),))


def test_in_place_updates_between_reads():
    """Parameters updated by hand, as in `w.data -= 0.1 * w.grad`, also of an optimizer."""
    def build():
        w = tg.Value(np.array([1.0, 2.0]))

        def step(x):
            w.grad = None
            J = (w * w * x).sum()
            J.backward()
            w.data = w.data - 0.1 * w.grad
            K = (w * x).sum()
            w.data *= 0.9
            w.data[0] += 1
            return J, K, w.data.copy()

        return Training(step, values=[w])

    assert_same_training(build, (np.ones(2),), (np.full(2, 3.0),), eager=(4,))


def test_in_place_updates_of_arrays_inside():
    def f(x):
        y = np.zeros_like(x, shape=(3, 2))
        y[:, 0] = x
        z = y[1:]
        y += 1
        z *= 2
        row = y[0]
        row[...] = -x[0]
        return y, z, np.add(x, 1, out=np.empty_like(x))

    assert_same_function(f, (np.array([1.0, 2.0, 3.0]),), (np.array([4.0, 0.0, -3.0]),))


def test_one_parameter_of_two_models():
    def build():
        one, two = nn.Linear(3, 3), nn.Linear(3, 3)
        two.weight = one.weight
        opt = optim.Adam(list(dict.fromkeys([*one.parameters(), *two.parameters()])), lr=0.05)

        def step(x):
            opt.zero_grad()
            J = (two(np.tanh(one(x))) ** 2).mean()
            J.backward()
            opt.step()
            return J

        return Training(step, values=[*one.parameters(), two.bias], optimizers=[opt])

    assert_same_training(build, (X[0][0],))


# ----- gradients -----

@pytest.mark.parametrize("clear", ["never", "at the end", "to zero", "every third step"])
def test_gradients_that_accumulate_over_calls(clear):
    def build():
        model = nn.Linear(3, 2)
        opt = optim.SGD(model.parameters(), lr=0.05)

        def step(x, y):
            J = ((model(x) - y) ** 2).mean()
            J.backward()
            opt.step()
            if clear == "at the end":
                opt.zero_grad()
            if clear == "to zero":
                for p in model.parameters():
                    p.grad = np.zeros_like(p.data)
            return J

        def before(i):
            if clear == "every third step" and i % 3 == 0:
                opt.zero_grad()

        return Training(step, model, [opt], before=before)

    assert_same_training(build, *X, eager=(4, 5), traced=None)


def test_a_gradient_kept_by_its_user():
    """The array in .grad is the user's until the next step writes a new one."""
    model = nn.Linear(3, 2)
    compiled = tg.compile(lambda x: (model.zero_grad(), model(x).sum().backward())[1])
    compiled(X[0][0])
    expected = model.weight.grad.copy()
    model.weight.grad = None
    compiled(X[0][0])
    np.testing.assert_array_equal(model.weight.grad, expected)
    model.weight.grad[:] = 5
    compiled(X[0][0])
    np.testing.assert_array_equal(model.weight.grad, expected)


def test_gradients_of_a_value_that_is_no_parameter():
    scale = tg.Value(2.0)

    def build():
        scale.data, scale.grad = 2.0, None

        def step(x):
            scale.grad = None
            (np.tanh(scale * x)).sum().backward()
            scale.data = scale.data - 0.1 * scale.grad
            return scale.data

        return Training(step, values=[scale])

    assert_same_training(build, (np.ones(3),), (np.full(3, 0.5),))
