"""RBF units: the formulas, scikit-learn's kernel, gradients, positive widths, centres from data, and bad input."""

import mpmath
import numpy as np
import pytest
from scipy.spatial.distance import cdist

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError
from tinygrad_edu.nn.rbf import KINDS
from tinygrad_edu.random import default_generator

# by the distance in widths
FORMULAS = {
    "gaussian": lambda r: np.exp(-r**2 / 2),
    "multiquadric": lambda r: np.sqrt(1 + r**2),
    "inverse_multiquadric": lambda r: 1 / np.sqrt(1 + r**2),
}

each_kind = pytest.mark.parametrize("kind", KINDS)


def some_layer(kind, dtype=np.float64):
    """Two units for points of three features, with widths of their own."""
    layer = nn.RBF(3, 2, kind, dtype=dtype, rng=0)
    layer.log_widths.data = np.log([0.8, 2.5])
    return layer


# ----- values and gradients -----

@each_kind
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 3), (0, 3)], ids=repr)
def test_a_unit_answers_by_its_formula(kind, dtype, shape):
    layer = some_layer(kind, dtype)
    x = np.random.default_rng(1).normal(size=shape).astype(dtype)
    y = layer(x)
    distances = cdist(x.reshape(-1, 3).astype(float), layer.centres.data.astype(float))
    expected = FORMULAS[kind](distances / np.exp(layer.log_widths.data.astype(float)))
    assert y.dtype == dtype
    np.testing.assert_allclose(y.data, expected.reshape(*shape[:-1], 2), rtol=100 * np.finfo(dtype).eps)


def test_the_gaussian_is_scikit_learns_kernel():
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    layer = nn.RBF(3, 4, width=1.7, rng=0)
    x = np.random.default_rng(1).normal(size=(6, 3))
    np.testing.assert_allclose(layer(x).data, pairwise.rbf_kernel(x, layer.centres.data, gamma=1 / (2 * 1.7**2)),
                               rtol=1e-12)


@pytest.mark.parametrize("distance", [1e-9, 1e-3, 1.0, 9.0, 30.0, 1e4, 1e100])
def test_the_answer_is_exact_near_the_centre_and_far_from_it(distance):
    r = mpmath.mpf(distance)
    exact = {"gaussian": mpmath.exp(-r * r / 2), "multiquadric": mpmath.sqrt(1 + r * r),
             "inverse_multiquadric": 1 / mpmath.sqrt(1 + r * r)}
    for kind, expected in exact.items():
        layer = nn.RBF(1, 1, kind)
        layer.centres.data = [[0.0]]
        x = tg.Value([[distance]])
        y = layer(x)
        # the rounding of r² is a relative error of the Gaussian
        assert y.item() == pytest.approx(float(expected), rel=1e-15 * max(1, min(distance, 40) ** 2), abs=1e-300)
        y.backward([[3.0]])
        assert np.isfinite(x.grad).all() and np.isfinite(layer.log_widths.grad).all()


@each_kind
def test_first_and_second_derivatives_by_points_centres_and_widths_are_slopes(kind):
    layer = some_layer(kind)
    x = np.random.default_rng(1).normal(size=(2, 3))

    def answer(x, centres, log_widths):
        steps = (np.expand_dims(x, -2) - centres) / np.expand_dims(np.exp(log_widths), -1)
        return KINDS[kind](np.sum(steps * steps, axis=-1))

    tg.check.gradcheck(answer, x, layer.centres.data, layer.log_widths.data, order=2)
    v = np.random.default_rng(2).normal(size=(2, 2))
    layer(x).backward(v)
    expected = tg.grad(lambda c, w: np.sum(v * answer(x, c, w)), argnums=(0, 1))(layer.centres.data,
                                                                               layer.log_widths.data)
    np.testing.assert_allclose(layer.centres.grad, expected[0], rtol=1e-12)
    np.testing.assert_allclose(layer.log_widths.grad, expected[1], rtol=1e-12)


@each_kind
def test_the_layer_itself_passes_gradcheck_by_its_points(kind):
    tg.check.gradcheck(some_layer(kind), np.random.default_rng(1).normal(size=(2, 3)), order=2)


def test_a_width_stays_positive_however_large_a_step():
    layer = nn.RBF(2, 3, rng=0)
    for step in (-50.0, 80.0):
        layer.log_widths.data = layer.log_widths.data + step
        assert (layer.widths.data > 0).all()


def test_units_learn_a_curve_that_no_linear_layer_can():
    x = np.linspace(-1, 1, 40)[:, None]
    y = np.sin(6 * x)
    model = nn.Sequential(nn.RBF(1, 8, rng=0).init_from_data(x, rng=0), nn.Linear(8, 1, rng=0))
    optimizer, loss = tg.optim.Adam(model.parameters(), lr=0.05), nn.MSELoss()
    widths = model[0].widths.data
    for _ in range(200):
        optimizer.zero_grad()
        J = loss(model(x), y)
        J.backward()
        optimizer.step()
    assert J.item() < 0.005  # the best line leaves 0.43
    assert (model[0].widths.data != widths).all()


# ----- how it starts -----

def test_it_starts_with_normal_centres_and_the_width_given():
    layer = nn.RBF(2, 500, width=0.5, rng=0)
    assert [(path, p.shape) for path, p in layer.named_parameters()] == [("centres", (500, 2)), ("log_widths", (500,))]
    np.testing.assert_allclose(layer.widths.data, 0.5, rtol=1e-15)
    assert abs(layer.centres.data.mean()) < 0.1 and abs(layer.centres.data.std() - 1) < 0.1
    assert repr(layer) == "RBF(2 -> 500, gaussian)  # 1500 parameters"


@pytest.mark.parametrize("method", ["kmeans", "subset"])
def test_the_same_seed_gives_the_same_bits(method):
    X, _ = tg.data.make_moons(n=60, rng=0)

    def bits(**options):
        layer = nn.RBF(2, 5, **options).init_from_data(X, method, **options)
        return [a.tobytes() for a in layer.state_dict().values()]

    assert bits(rng=4) == bits(rng=4) != bits(rng=5)
    state = default_generator().bit_generator.state
    try:
        tg.manual_seed(4)
        first = bits()
        tg.manual_seed(4)
        assert bits() == first
    finally:
        default_generator().bit_generator.state = state


def test_by_k_means_each_cluster_gets_a_centre():
    true = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    X = np.concatenate([c + np.random.default_rng(0).normal(size=(50, 2)) for c in true])
    layer = nn.RBF(2, 3).init_from_data(X, rng=0)
    found = layer.centres.data
    np.testing.assert_allclose(found[np.lexsort(found.T)], true[np.lexsort(true.T)], atol=0.5)
    steps = np.sort(cdist(found, found), axis=1)[:, 1:]
    np.testing.assert_allclose(layer.widths.data, np.sqrt((steps**2).mean(axis=1)), rtol=1e-12)


def test_a_subset_is_of_distinct_points_and_widths_are_those_of_two_neighbours():
    X = np.repeat([[0.0], [1.0], [3.0], [7.0]], 25, axis=0)
    layer = nn.RBF(1, 4).init_from_data(X, "subset", rng=0)
    order = np.argsort(layer.centres.data[:, 0])
    np.testing.assert_array_equal(layer.centres.data[order, 0], [0, 1, 3, 7])
    by_hand = np.sqrt([(1 + 9) / 2, (1 + 4) / 2, (4 + 9) / 2, (16 + 36) / 2])
    np.testing.assert_allclose(layer.widths.data[order], by_hand, rtol=1e-14)


def test_a_single_unit_is_as_wide_as_the_data():
    layer = nn.RBF(1, 1).init_from_data([[0.0], [2.0], [4.0]], rng=0)
    np.testing.assert_allclose(layer.centres.data, [[2.0]])
    np.testing.assert_allclose(layer.widths.data, [np.sqrt(8 / 3)], rtol=1e-14)


def test_from_data_a_layer_keeps_its_dtype():
    layer = nn.RBF(2, 3, dtype=np.float32).init_from_data(np.random.default_rng(0).normal(size=(9, 2)))
    assert {p.dtype for p in layer.parameters()} == {np.dtype(np.float32)}


# ----- bad input -----

@pytest.mark.parametrize(("arguments", "error", "message"), [
    (dict(in_features=0, units=1), ArgumentError, "RBF: in_features must be at least 1"),
    (dict(in_features=1, units=1.0), OptionError, "RBF: units must be a whole number"),
    (dict(kind="cubic"), ArgumentError, "RBF: kind must be one of 'gaussian', 'multiquadric', 'inverse_multiquadric'"),
    (dict(kind=None), ArgumentError, "RBF: kind must be one of"), (dict(kind=["gaussian"]), ArgumentError, "one of"),
    (dict(width=0.0), ArgumentError, "RBF: width must be positive and finite, got 0"),
    (dict(width=-1), ArgumentError, "RBF: width must be positive and finite, got -1"),
    (dict(width=np.nan), ArgumentError, "RBF: width must be positive and finite, got nan"),
    (dict(width="1"), OptionError, "RBF: width must be a number"),
    (dict(dtype=int), DtypeError, "use np.float64 or np.float32"),
])
def test_a_wrong_argument_is_an_error_with_the_cure_and_draws_nothing(arguments, error, message):
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    with pytest.raises(error, match=message):
        nn.RBF(**{"in_features": 2, "units": 3, "rng": rng} | arguments)
    assert rng.bit_generator.state == state


@pytest.mark.parametrize("x", [np.ones((5, 4)), np.ones(2), 1.0, tg.Value(np.ones((3, 1)))], ids=repr)
def test_it_says_which_shape_it_needs(x):
    with pytest.raises(ShapeError, match=r"RBF\(3, 2\): x has shape .*last axis must have the 3 features"):
        nn.RBF(3, 2)(x)


@pytest.mark.parametrize(("X", "method", "error", "message"), [
    (np.ones((5, 3)), "kmeans", ShapeError, r"X has shape \(5, 3\), but its points must have 2 features"),
    (np.ones(5), "kmeans", ShapeError, "a row per sample"), ([], "kmeans", ShapeError, "no rows"),
    (np.ones((5, 2)), "mean", ArgumentError, "method must be one of 'kmeans', 'subset', got 'mean'"),
    (np.ones((5, 2)), "subset", ArgumentError, "X has 1 distinct point, but must have 3 for 3 units; use fewer"),
    ([[0, 1], [0, 1], [1, 0]], "kmeans", ArgumentError, "X has 2 distinct points, but must have 3 for 3 units"),
    (np.full((5, 2), np.nan), "kmeans", ArgumentError, "NaN"), ([["a", "b"]], "kmeans", DtypeError, "real numbers"),
])
def test_data_that_do_not_fit_change_nothing(X, method, error, message):
    layer = nn.RBF(2, 3, rng=0)
    before = layer.state_dict()
    with pytest.raises(error, match=message):
        layer.init_from_data(X, method)
    for path, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[path])
