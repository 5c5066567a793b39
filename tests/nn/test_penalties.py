"""Penalties: closed forms, gradients equal to weight decay, scikit-learn's regressions, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ArgumentError, MissingMethodError, OptionError

STRENGTH = 0.3

# Each penalty with its value and its gradient, by their definition.
CASES = {
    "l2": (nn.L2Penalty(STRENGTH), lambda x: STRENGTH / 2 * np.sum(x**2), lambda x: STRENGTH * x),
    "l1": (nn.L1Penalty(STRENGTH), lambda x: STRENGTH * np.sum(abs(x)), lambda x: STRENGTH * np.sign(x)),
    "elastic net": (nn.ElasticNetPenalty(STRENGTH, 0.2),
                    lambda x: STRENGTH * (0.2 * np.sum(abs(x)) + 0.4 * np.sum(x**2)),
                    lambda x: STRENGTH * (0.2 * np.sign(x) + 0.8 * x)),
}
each_case = pytest.mark.parametrize("penalty, value, gradient", CASES.values(), ids=CASES)
each_kind = pytest.mark.parametrize("kind", [nn.L1Penalty, nn.L2Penalty, nn.ElasticNetPenalty])


def network(dtype=np.float64):
    """A network whose biases are not 0."""
    model = nn.MLP([3, 4, 2], dtype=dtype, rng=0)
    for p in model.parameters():
        p.data = np.random.default_rng(p.size).normal(size=p.shape)
    return model


def weights(model):
    return [layer.weight for _, layer in model.named_modules() if isinstance(layer, nn.Linear)]


# ----- values and gradients -----

@each_case
@settings(max_examples=20, deadline=None)
@given(numbers=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5), g=st.floats(-2, 2))
def test_values_and_gradients_are_those_of_the_definition(penalty, value, gradient, numbers, g):
    x = np.array([*numbers, 0.0, -0.0])
    theta = tg.Value(x)
    J = penalty(theta)
    assert J.item() == pytest.approx(value(x), rel=1e-13)
    J.backward(g)
    np.testing.assert_allclose(theta.grad, g * gradient(x), rtol=1e-13, atol=1e-300)
    assert not theta.grad[-2:].any()


@each_case
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_of_a_model_all_parameters_but_the_biases_count(penalty, value, gradient, dtype, tolerance):
    model = network(dtype)
    J = penalty(model)
    assert J.dtype == dtype
    assert J.item() == pytest.approx(sum(value(w.data.astype(float)) for w in weights(model)), rel=tolerance)
    J.backward()
    for path, p in model.named_parameters():
        if path.endswith("bias"):
            assert p.grad is None
        else:
            assert p.grad.dtype == dtype
            np.testing.assert_allclose(p.grad, gradient(p.data), rtol=tolerance)


@each_case
def test_a_penalty_is_part_of_the_graph_of_the_loss(penalty, value, gradient):
    w = tg.Value([1.0, -2.0, 3.0], name="w")
    J = nn.MSELoss()(w * 2.0, [0.0, 0.0, 0.0]) + penalty(w)
    J.backward()
    np.testing.assert_allclose(w.grad, 8 * w.data / 3 + gradient(w.data), rtol=1e-14)
    curvature = tg.hessian(penalty)(w.data)
    slopes = [(gradient(w.data + 0.5 * e) - gradient(w.data - 0.5 * e)) for e in np.eye(3)]  # no kink is crossed
    np.testing.assert_allclose(curvature, slopes, atol=1e-14)


# ----- what counts -----

@each_case
def test_what_counts_can_be_chosen(penalty, value, gradient):
    model = network()
    first, second = weights(model)
    assert penalty([first]).item() == penalty(first).item() == pytest.approx(value(first.data))
    assert penalty(model.layers[0]).item() == penalty([first]).item()
    assert penalty(model.parameters()).item() == penalty(p for p in weights(model)).item() == penalty(model).item()
    assert penalty([first, first, second]).item() == penalty(model).item()  # each counts once


@each_kind
def test_biases_count_if_they_are_to(kind):
    model = network()
    every = np.concatenate([p.data.ravel() for p in model.parameters()])
    assert kind(STRENGTH, biases=True)(model).item() == pytest.approx(kind(STRENGTH)(tg.Value(every)).item(), rel=1e-14)


@each_kind
def test_a_strength_of_0_costs_nothing_and_pulls_nowhere(kind):
    model = network()
    J = kind(0)(model)
    J.backward()
    assert J.item() == 0
    assert not any(w.grad.any() for w in weights(model))


# ----- what they are for -----

def test_a_step_down_the_l2_penalty_is_weight_decay():
    with_penalty, with_decay = network(), network()
    x, y = np.random.default_rng(0).normal(size=(6, 3)), np.zeros((6, 2))
    optimizers = (optim.SGD(with_penalty.parameters(), lr=0.1, momentum=0.9),
                  optim.SGD(with_decay.parameters(), lr=0.1, momentum=0.9, weight_decay=STRENGTH))
    for _ in range(5):
        for model, optimizer in zip((with_penalty, with_decay), optimizers, strict=True):
            optimizer.zero_grad()
            J = nn.MSELoss()(model(x), y)
            if model is with_penalty:
                J = J + nn.L2Penalty(STRENGTH, biases=True)(model)
            J.backward()
            optimizer.step()
    for p, q in zip(with_penalty.parameters(), with_decay.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12)


@pytest.mark.parametrize("name, options, penalty", [
    ("Ridge", {"alpha": 0.1 * 20}, nn.L2Penalty(0.1)), ("Lasso", {"alpha": 0.1}, nn.L1Penalty(0.1)),
    ("ElasticNet", {"alpha": 0.1, "l1_ratio": 0.3}, nn.ElasticNetPenalty(0.1, 0.3))])
def test_no_step_from_scikit_learns_solution_makes_the_loss_smaller(name, options, penalty):
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    y = X @ [1.0, -0.5, 0.02] + 2 + 0.1 * rng.normal(size=20)
    found = getattr(linear_model, name)(**options, tol=1e-14).fit(X, y)
    model = nn.Linear(3, 1)

    def J(w, b):
        model.weight.data, model.bias.data = w[None], [b]
        return (nn.LeastSquaresLoss()(model(X), y[:, None]) + penalty(model)).item()

    best = J(found.coef_, found.intercept_)
    for step in [*np.eye(4), *-np.eye(4), *rng.normal(size=(10, 4))]:
        assert J(found.coef_ + 1e-4 * step[:3], found.intercept_ + 1e-4 * step[3]) > best


# ----- bad input -----

@each_kind
@pytest.mark.parametrize("strength, error", [(-0.1, ArgumentError), (np.nan, ArgumentError), (np.inf, ArgumentError),
                                             ("1", OptionError), (None, OptionError), (True, OptionError)], ids=repr)
def test_the_strength_is_0_or_more(kind, strength, error):
    with pytest.raises(error, match=f"{kind.__name__}: strength must be a number of 0 or more, got"):
        kind(strength)


@pytest.mark.parametrize("l1_ratio, error", [(-0.1, ArgumentError), (1.1, ArgumentError), (np.nan, ArgumentError),
                                             ("l1", OptionError)], ids=repr)
def test_the_share_of_l1_is_from_0_to_1(l1_ratio, error):
    with pytest.raises(error, match="ElasticNetPenalty: l1_ratio must be a number from 0 to 1"):
        nn.ElasticNetPenalty(0.1, l1_ratio)


@each_kind
def test_biases_is_true_or_false(kind):
    with pytest.raises(OptionError, match=f"{kind.__name__}: biases must be True or False"):
        kind(0.1, biases=1)


@each_kind
@pytest.mark.parametrize("nothing", [[], nn.Tanh(), [nn.Linear(2, 1).bias]], ids=repr)
def test_there_must_be_something_to_penalise(kind, nothing):
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: there is nothing to penalise.*biases=True"):
        kind(0.1)(nothing)


@each_kind
@pytest.mark.parametrize("model", [None, 1.0, np.ones(3), "model", [np.ones(3)], {"w": tg.Value(1.0)}], ids=repr)
def test_only_parameters_can_be_penalised(kind, model):
    with pytest.raises(OptionError, match=f"{kind.__name__}: got a .*, not a parameter; pass a model"):
        kind(0.1)(model)


def test_they_show_what_they_are():
    assert repr(nn.L2Penalty(1e-4)) == "L2Penalty(0.0001)"
    assert repr(nn.L1Penalty(2, biases=True)) == "L1Penalty(2, biases=True)"
    assert repr(nn.ElasticNetPenalty(0.1)) == "ElasticNetPenalty(0.1, l1_ratio=0.5)"


def test_a_penalty_of_ones_own_needs_to_say_what_it_measures():
    with pytest.raises(MissingMethodError, match="Penalty does not say what it measures; define the method measure"):
        nn.Penalty(0.1)(tg.Value([1.0]))
