"""x Wᵀ + b as one product with a column of ones behind x: where it is done, and that the numbers stay the same."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import Training, assert_same_training, batches, regression
from tinygrad_edu.optim.flat import is_affine

N, IN, HIDDEN, OUT = 12, 3, 5, 2


def sums_with_a_bias(source):
    return [line for line in source.splitlines() if "np.add(" in line and "bias" in line]


def training(forward, *shapes, optimizer=tg.optim.Adam, before_step=lambda parameters: None):
    """A `build`: parameters of these shapes, and the mean square of what `forward(x, *parameters)` is off y."""
    def build():
        rng = np.random.default_rng(0)
        parameters = [tg.nn.Parameter(rng.normal(size=shape), name=f"p{i}") for i, shape in enumerate(shapes)]
        descent = optimizer(parameters, lr=0.01)

        def step(x, y):
            descent.zero_grad()
            J = ((forward(x, *parameters) - y) ** 2).mean()
            J.backward()
            before_step(parameters)
            descent.step()
            return J

        return Training(step, values=parameters, optimizers=[descent])

    return build


def test_the_flat_vector_holds_weight_and_bias_as_one_matrix():
    model = tg.nn.MLP([IN, HIDDEN, OUT], rng=0)
    before = [p.data.copy() for p in model.parameters()]
    theta = tg.optim.SGD(model.parameters(), lr=0.1)._slots[0].block.theta
    W, b, W2, b2 = before
    assert np.array_equal(theta, np.concatenate([np.vstack([W.T, b]).ravel(), np.vstack([W2.T, b2]).ravel()]))
    assert all(map(np.array_equal, [p.data for p in model.parameters()], before))
    assert all(np.shares_memory(p.data, theta) for p in model.parameters())


@pytest.mark.parametrize(("weight", "bias", "expected"), [
    ((4, 3), (4,), True), ((4, 4), (4,), True), ((4, 3), (3,), False), ((4, 3), (4, 1), False), ((4,), (4,), False)])
def test_which_neighbours_are_affine(weight, bias, expected):
    assert is_affine(np.zeros(weight), np.zeros(bias)) is expected


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_no_sum_with_a_bias_is_left(activation):
    step = assert_same_training(regression((IN, HIDDEN, OUT), activation=activation), *batches((N, IN), (N, OUT)))
    assert not sums_with_a_bias(step.source)
    assert "d_layers_0_theta" in step.source and "d_layers_2_theta" in step.source
    assert "np.add.reduce" not in step.source  # no gradient by a bias is summed


def test_data_with_more_columns_than_outputs_are_not_copied():
    step = assert_same_training(regression((9, 2, 4)), *batches((N, 9), (N, 4)))
    assert len(sums_with_a_bias(step.source)) == 1
    assert "x_copy" not in step.source


FORWARDS = {
    "own product": (lambda x, W, b: x @ W + b, (IN, OUT), (OUT,)),
    "bias before": (lambda x, b, W: x @ W.T + b, (OUT,), (OUT, IN)),
    "own product, square": (lambda x, W, b: tg.tanh(x @ W[:, :IN].T + b) @ W[:, :OUT], (HIDDEN, HIDDEN), (HIDDEN,)),
    "bias twice": (lambda x, W, b, V: tg.tanh(tg.tanh(x @ W.T + b) @ V.T + b)[:, :OUT],
                   (HIDDEN, IN), (HIDDEN,), (HIDDEN, HIDDEN)),
    "tied weights": (lambda x, W, b: tg.linear(tg.tanh(tg.linear(tg.tanh(tg.linear(x, W, b)), W, b)), W, b)[:, :OUT],
                     (IN, IN), (IN,)),
    "one x for two": (lambda x, W, b, V, c: (tg.linear(h := tg.tanh(x * 2), W, b) * tg.linear(h, V, c)),
                      (OUT, IN), (OUT,), (OUT, IN), (OUT,)),
    "x is needed later": (lambda x, W, b, V, c: tg.linear(h := tg.tanh(tg.linear(x, W, b)), V, c) + h[:, :OUT],
                          (HIDDEN, IN), (HIDDEN,), (OUT, HIDDEN), (OUT,)),
    "weight in the loss": (lambda x, W, b: tg.linear(x, W, b) + (W * W).sum() + b, (OUT, IN), (OUT,)),
    "residual": (lambda x, W, b, V, c: tg.linear(h := x + tg.relu(tg.linear(x, W, b)), V, c) + h.mean(),
                 (IN, IN), (IN,), (OUT, IN), (OUT,)),
    "gap between": (lambda x, W, d, b: tg.linear(x, W, b) + d, (OUT, IN), (1,), (OUT,)),
    "more axes": (lambda x, W, b: tg.linear(tg.reshape(x, (2, -1, IN)), W, b).reshape(-1, OUT), (OUT, IN), (OUT,)),
    "split": (lambda x, W, b, V, c: tg.linear(tg.tanh(tg.linear(x, W, b))[:, :2], V, c),
              (HIDDEN, IN), (HIDDEN,), (OUT, 2), (OUT,)),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_the_same_numbers(name):
    forward, *shapes = FORWARDS[name]
    assert_same_training(training(forward, *shapes), *batches((N, IN), (N, OUT)))


def test_gradients_that_are_changed_before_the_step():
    def clip(parameters):
        tg.optim.clip_grad_norm(parameters, 0.1)

    forward, *shapes = FORWARDS["x is needed later"]
    assert_same_training(training(forward, *shapes, before_step=clip), *batches((N, IN), (N, OUT)))


def test_frozen_weights():
    def forget(parameters):
        parameters[0].grad = None

    forward, *shapes = FORWARDS["x is needed later"]
    assert_same_training(training(forward, *shapes, before_step=forget), *batches((N, IN), (N, OUT)))


def test_data_and_parameters_of_other_precision():
    (x, y), *_ = batches((N, IN), (N, OUT))
    forward, *shapes = FORWARDS["x is needed later"]
    assert_same_training(training(forward, *shapes), (x.astype(np.float32), y), rtol=1e-6)


def test_gradients_may_be_read_and_kept_between_steps():
    """`.grad` after a step is a view of the program's buffer; a copy of it stays, and equals that of the eager step."""
    forward, *shapes = FORWARDS["x is needed later"]
    eager, compiled = (training(forward, *shapes)() for _ in range(2))
    step = tg.compile(compiled.step)
    kept = []
    for x, y in batches((N, IN), (N, OUT)):
        eager.step(x, y)
        step(x, y)
        for one, other in zip(eager.leaves, compiled.leaves, strict=True):
            assert other.grad.shape == other.shape
            np.testing.assert_allclose(other.grad, one.grad, rtol=1e-10)
        kept.append([leaf.grad.copy() for leaf in compiled.leaves])
    assert not np.array_equal(kept[0][0], kept[1][0])


def test_infinite_and_missing_data_go_where_they_go_without_ones():
    x, y = (part.copy() for part in batches((N, IN), (N, OUT))[0])
    x[3, 1], x[5, 2] = np.inf, np.nan
    with np.errstate(all="ignore"):
        assert_same_training(training(lambda x, W, b: tg.linear(tg.tanh(x * 2), W, b), (OUT, IN), (OUT,)), (x, y))


# ----- found by a review -----

def assert_same_layer(step, *inputs):
    """Eager and compiled, three calls with these inputs give the same losses, and the same weight in the end."""
    found = []
    for compiled in (False, True):
        layer = tg.nn.Linear(3, 3, rng=0)
        descent = tg.optim.SGD(layer.parameters(), lr=0.1)
        tg.manual_seed(1)
        f = step(layer, descent)
        f = tg.compile(f) if compiled else f
        found.append(np.append([f(*inputs).item() for _ in range(3)], layer.weight.data))
    eager, by_program = found
    np.testing.assert_allclose(by_program, eager, rtol=1e-12)


def test_norms_of_what_shares_memory_with_ones():
    def build(layer, descent):
        def step(x):
            descent.zero_grad()
            J = (layer(x) ** 2).mean() + 0.1 * (layer.weight ** 2).sum() + 0.1 * (layer.bias ** 2).sum()
            J.backward()
            tg.optim.clip_grad_norm(layer.parameters(), 0.01)
            descent.step()
            return J

        return step

    assert_same_layer(build, np.random.default_rng(3).normal(size=(3, 3)))


@pytest.mark.parametrize("learned", ["in place of itself", "by its gradient"])
def test_a_learned_input(learned):
    def build(layer, descent):
        hidden = tg.nn.Parameter(np.ones((12, 3)))

        def step(x):
            descent.zero_grad()
            hidden.grad = None
            (tg.tanh(x * hidden) ** 2).mean().backward()
            hidden.data = np.tanh(hidden.data) if learned == "in place of itself" else hidden.data - hidden.grad
            layer.zero_grad()
            K = (layer(hidden) ** 2).mean()
            K.backward()
            descent.step()
            return K

        return step

    assert_same_layer(build, np.ones((12, 3)))


def test_random_inputs():
    def build(layer, descent):
        def step(x):
            descent.zero_grad()
            J = (layer(tg.random.default_generator().random((12, 3)) * 2 - 1 + x) ** 2).mean()
            J.backward()
            descent.step()
            return J

        return step

    assert_same_layer(build, np.ones((12, 3)))


def test_gradients_keep_their_precision_where_x_has_less():
    narrow, wide = tg.nn.Linear(3, 4, rng=0, dtype=np.float32), tg.nn.Linear(3, 4, rng=1)
    descent = tg.optim.SGD([*narrow.parameters(), *wide.parameters()], lr=0.1)

    def step(x, y):
        descent.zero_grad()
        h = tg.tanh(tg.Value(x))
        J = (narrow(h) ** 2).mean() + ((wide(h) - y) ** 2).mean()
        J.backward()
        descent.step()
        return J

    tg.compile(step)(np.ones((12, 3), np.float32), np.zeros((12, 4)))
    assert wide.weight.grad.dtype == np.float64


def test_products_by_dot_of_narrow_matrices():
    x = np.arange(36.0).reshape(12, 3)
    f = tg.compile(lambda x: np.dot(x, x.T @ x).sum())
    assert f(x) == np.dot(x, x.T @ x).sum()


def test_what_is_assigned_after_a_step_counts():
    def build():
        p = tg.nn.Parameter(np.ones(3), name="p")
        descent = tg.optim.SGD([p], lr=0.1)

        def step():
            descent.zero_grad()
            (p * p).sum().backward()
            descent.step()
            p.data = p.data * 0.5
            descent.zero_grad()
            (p ** 3).sum().backward()
            descent.step()
            p.data = p.data + 0.01

        return Training(step, values=[p], optimizers=[descent])

    assert_same_training(build)


def test_a_program_that_stops_has_drawn_nothing():
    """The gradient is 0 in the second call, so clipping decides otherwise: the function itself runs, with its draws."""
    def build():
        layer, dropout = tg.nn.Linear(3, 3, rng=0), tg.nn.Dropout(0.5, rng=3)
        descent = tg.optim.SGD(layer.parameters(), lr=0.1)

        def step(x):
            descent.zero_grad()
            J = (dropout(layer(x)) ** 2).mean()
            J.backward()
            tg.optim.clip_grad_norm(layer.parameters(), 0.5)
            descent.step()
            return J

        return Training(step, layer, [descent])

    assert_same_training(build, (np.ones((4, 3)),), (np.zeros((4, 3)),), (np.ones((4, 3)),), traced=None)


def test_clipping_of_gradients_that_are_all_0():
    def clip(parameters):
        tg.optim.clip_grad_norm(parameters, 0.1)

    build = training(lambda x, W, b: (tg.linear(x, W, b) * 0.0), (OUT, IN), (OUT,), before_step=clip)
    assert_same_training(build, *batches((N, IN), (N, OUT)))
