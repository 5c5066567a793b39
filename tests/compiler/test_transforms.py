"""Functions of derivatives, compiled: transforms outside and inside, second derivatives, and models for inference."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import Training, assert_same_function, assert_same_training
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import BackwardError

RNG = np.random.default_rng(4)
X = RNG.normal(size=4)
A = RNG.normal(size=(4, 4))


def f(x):
    return (np.tanh(x) * np.sin(x[::-1])).sum() + (x @ A @ x) ** 2


def vector(x):
    return np.stack([np.exp(x).sum(), (x * x).sum(), np.prod(x)])


CALLS = ((X,), (X * 0.3,), (X + 1,))


@pytest.mark.parametrize("function", [
    tg.grad(f), tg.value_and_grad(f), tg.hessian(f), tg.jacobian(vector), tg.grad(lambda x: (tg.grad(f)(x) ** 2).sum()),
    lambda x: tg.hvp(f, (x,), (np.ones(4),)), lambda x: tg.jvp(vector, (x,), (np.cos(x),)),
    lambda x: tg.hvp(f, (x,), (x,))], ids=[
        "grad", "value_and_grad", "hessian", "jacobian", "grad of grad", "hvp", "jvp", "hvp of x"])
def test_transforms(function):
    assert assert_same_function(function, *CALLS)._traced == 1


def test_trees_of_arguments():
    def loss(p, x):
        return ((x @ p["w"] + p["b"][0]) ** 2).mean()

    parameters = {"w": RNG.normal(size=(4, 2)), "b": [np.zeros(2)]}
    x = RNG.normal(size=(5, 4))
    compiled = assert_same_function(tg.value_and_grad(loss), (parameters, x), (parameters, x * 2))
    J, gradients = compiled(parameters, x)
    assert set(gradients) == {"w", "b"}
    assert isinstance(J, float | np.floating)


def test_several_arguments():
    g = tg.grad(lambda a, b: (a * b ** 2).sum(), argnums=(0, 1))
    assert_same_function(g, (X, X + 1), (X, X))


def test_gradient_descent_on_plain_arrays():
    step = tg.compile(tg.value_and_grad(lambda x: ((x - 3) ** 2).sum()))
    x = np.zeros(2)
    for _ in range(100):
        _, g = step(x)
        x = x - 0.1 * g
    np.testing.assert_allclose(x, 3, atol=1e-8)


def test_a_gradient_penalty_inside_a_step():
    """The gradient by x as a graph, in the loss: second derivatives by the parameters."""
    def build():
        model = nn.MLP([3, 5, 1], activation="tanh")
        opt = optim.Adam(model.parameters(), lr=0.05)

        def step(x, y):
            opt.zero_grad()
            slope = tg.grad(lambda x: model(x).sum())(x)
            J = ((model(x) - y) ** 2).mean() + 0.1 * (slope ** 2).sum()
            J.backward()
            opt.step()
            return J, slope

        return Training(step, model, [opt])

    assert_same_training(build, (RNG.normal(size=(6, 3)), RNG.normal(size=(6, 1))), steps=10, eager=(3,), rtol=1e-8)


def test_newtons_method():
    """The Hessian of the parameters and a linear system, inside."""
    def build():
        w = tg.Value(np.zeros(3))

        def step(x, y):
            def J(w):
                return np.log1p(np.exp(-y * (x @ w))).mean() + 0.05 * (w * w).sum()

            value, g = tg.value_and_grad(J)(w.data)
            w.data = w.data - np.linalg.solve(tg.hessian(J)(w.data), g)
            return value

        return Training(step, values=[w])

    x = RNG.normal(size=(10, 3))
    assert_same_training(build, (x, np.sign(x[:, 0] + 0.5 * RNG.normal(size=10))), steps=6, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("under", [tg.no_grad, tg.enable_grad])
def test_a_model_for_inference(under):
    model = nn.MLP([4, 6, 3], activation="relu", dropout=0.3).eval()
    compiled = tg.compile(model)
    with under():
        for x in (RNG.normal(size=(5, 4)), RNG.normal(size=(2, 4)), RNG.normal(size=4)):
            found, expected = compiled(x), model(x)
            assert type(found) is type(expected)
            np.testing.assert_allclose(found.data, expected.data, rtol=1e-12)
    model.parameters()[0].data = np.zeros((6, 4))
    x = np.ones((5, 4))
    np.testing.assert_allclose(compiled(x).data, model(x).data)


def test_a_result_has_no_graph_and_says_so():
    """Eager, backward from it would reach the parameters: it must not do nothing."""
    model = nn.Linear(4, 2)
    compiled = tg.compile(model)
    for attempt in (lambda: compiled(A).sum().backward(), lambda: tg.compile(lambda x: model(x).sum())(A).backward()):
        with pytest.raises(BackwardError, match=r"compiled function.*inside"):
            attempt()
    assert model.weight.grad is None
    assert "compiled" not in repr(compiled(A))


def test_values_among_the_arguments_are_part_of_an_outer_graph():
    inner = tg.compile(lambda x, y: np.tanh(x) * y)
    np.testing.assert_allclose(tg.grad(lambda v: inner(v, X).sum())(X), X / np.cosh(X) ** 2)
    v = tg.Value(X)
    inner({"v": v}["v"], X).sum().backward()
    np.testing.assert_allclose(v.grad, X / np.cosh(X) ** 2)


def test_a_method_of_an_object():
    class Problem:
        def __init__(self):
            self.model, self.scale = nn.Linear(4, 2), 2.0

        def loss(self, x):
            return (self.model(x) ** 2).mean() * self.scale

    problem = Problem()
    compiled = tg.compile(problem.loss)
    for scale in (2.0, 3.0):
        problem.scale = scale
        assert compiled(A).item() == pytest.approx(problem.loss(A).item())


def test_named_arguments_and_numbers_among_them():
    def f(x, power=2, *, scale, flag=False):
        return -(x ** power) * scale if flag else x ** power * scale

    compiled = tg.compile(f)
    for options in ({"scale": X}, {"scale": 2.0}, {"scale": 2.0, "flag": True}, {"power": 3, "scale": X},
                    {"scale": X + 1}):
        np.testing.assert_allclose(compiled(X, **options), f(X, **options))
    np.testing.assert_allclose(compiled(X, 3, scale=1.0), X ** 3)


def test_results_of_all_kinds():
    compiled = tg.compile(lambda x: {"a": x + 1, "b": [x.sum(), (None, "text", 3)], "c": x.max().item()})
    for x in (X, X * 2):
        found = compiled(x)
        np.testing.assert_array_equal(found["a"], x + 1)
        assert found["b"] == [x.sum(), (None, "text", 3)]
        assert found["c"] == x.max()
        assert type(found["c"]) is float
