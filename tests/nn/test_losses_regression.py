"""Losses for numbers: PyTorch's values and gradients, SciPy's density, closed forms at the kinks and beyond."""

import numpy as np
import pytest
from scipy import stats

import tinygrad_edu as tg
from tests.nn.pytorch import assert_is_that_of_pytorch, each_dtype, each_reduction
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError

each_shape = pytest.mark.parametrize("shape", [(), (1,), (5,), (5, 1), (4, 3), (2, 3, 4)], ids=repr)


def prediction_and_target(shape, scale=1.0):
    return np.random.default_rng(0).normal(scale=scale, size=(2, *shape))


# ----- against PyTorch -----

@each_dtype
@each_reduction
@each_shape
@pytest.mark.parametrize("name, options", [("MSELoss", {}), ("L1Loss", {}), ("HuberLoss", {}),
                                           ("HuberLoss", {"delta": 0.3}), ("HuberLoss", {"delta": 7})], ids=str)
def test_losses_of_residuals_are_those_of_pytorch(name, options, shape, reduction, dtype):
    torch = pytest.importorskip("torch")
    assert_is_that_of_pytorch(getattr(nn, name)(**options, reduction=reduction),
                              getattr(torch.nn, name)(**options, reduction=reduction),
                              prediction_and_target(shape), dtype)


@each_dtype
@each_reduction
@pytest.mark.parametrize("shape, variances", [((5,), (5,)), ((4, 3), (4, 3)), ((4, 3), (4, 1)), ((2, 3, 4), (2, 3, 1))],
                         ids=repr)
@pytest.mark.parametrize("options", [{}, {"full": True}, {"eps": 1.0}], ids=str)
def test_gaussian_nll_is_that_of_pytorch(shape, variances, options, reduction, dtype):
    torch = pytest.importorskip("torch")
    variance = np.random.default_rng(2).uniform(0.2, 2, variances)
    assert_is_that_of_pytorch(nn.GaussianNLLLoss(**options, reduction=reduction),
                              torch.nn.GaussianNLLLoss(**options, reduction=reduction),
                              [*prediction_and_target(shape), variance], dtype)


def test_variances_below_eps_have_the_slope_at_eps_as_in_pytorch():
    torch = pytest.importorskip("torch")
    assert_is_that_of_pytorch(nn.GaussianNLLLoss(eps=0.5), torch.nn.GaussianNLLLoss(eps=0.5),
                              [*prediction_and_target((3,)), np.array([0.0, 0.1, 1.0])], "float64")


# ----- closed forms -----

def test_gaussian_nll_is_the_negative_log_density_of_scipy():
    h, y = prediction_and_target((6,))
    variance = np.linspace(0.1, 3, 6)
    J = nn.GaussianNLLLoss(full=True, reduction="none")(h, y, variance)
    np.testing.assert_allclose(J, -stats.norm.logpdf(y, h, np.sqrt(variance)), rtol=1e-13)


@pytest.mark.parametrize("shape, outputs", [((6,), (6, 2)), ((6, 1), (6, 2)), ((5, 3), (5, 6))], ids=repr)
def test_gaussian_nll_of_means_and_log_variances_side_by_side(shape, outputs):
    h, y = prediction_and_target(shape)
    s = np.random.default_rng(3).normal(size=shape)
    both = tg.Value(np.reshape(np.concatenate([h.reshape(len(h), -1), s.reshape(len(h), -1)], axis=1), outputs))
    J = nn.GaussianNLLLoss(full=True)(both, y)
    assert J.item() == pytest.approx(-stats.norm.logpdf(y, h, np.exp(s / 2)).mean(), rel=1e-13)
    J.backward()
    by_s = (1 - (h - y) ** 2 / np.exp(s)) / 2 / y.size  # ∂J/∂ln v
    np.testing.assert_allclose(both.grad[:, outputs[1] // 2:].ravel(), by_s.ravel(), rtol=1e-12)
    with pytest.raises(ShapeError, match=r"without variances the prediction .* give the model twice as many outputs"):
        nn.GaussianNLLLoss()(h, y)


def test_fit_learns_means_and_uncertainties():
    rng = np.random.default_rng(0)
    x = np.repeat([[-1.0], [1.0]], 400, axis=0)
    y = 2 * x + np.where(x > 0, 0.5, 0.1) * rng.normal(size=x.shape)
    model = nn.Linear(1, 2, rng=0)  # mean and ln v, both linear in x
    tg.training.fit(model, nn.GaussianNLLLoss(), tg.optim.Adam(model.parameters(), lr=0.05), x, y, epochs=400)
    groups = y.reshape(2, 400)
    mean, log_variance = tg.training.predict(model, [[-1.0], [1.0]]).T
    np.testing.assert_allclose(mean, groups.mean(axis=1), atol=1e-3)  # what maximises the likelihood of each group
    np.testing.assert_allclose(np.exp(log_variance), groups.var(axis=1), rtol=0.02)


def test_gaussian_nll_takes_one_variance_for_all():
    h, y = prediction_and_target((4, 3))
    variance = tg.Value(0.7)
    J = nn.GaussianNLLLoss()(h, y, variance)
    assert J.item() == nn.GaussianNLLLoss()(h, y, np.full((4, 3), 0.7))
    J.backward()
    assert variance.grad == pytest.approx(np.mean(1 / 0.7 - (h - y) ** 2 / 0.7**2) / 2, rel=1e-13)


@each_shape
def test_least_squares_is_half_the_squares_in_each_reduction(shape):
    h, y = prediction_and_target(shape)
    squares, n = (h - y) ** 2, shape[0] if shape else 1
    expected = {"none": squares / 2, "sum": squares.sum() / 2, "mean": squares.sum() / (2 * n)}
    for reduction, J in expected.items():
        np.testing.assert_allclose(nn.LeastSquaresLoss(reduction)(tg.Value(h), y).data, J, rtol=1e-14)


def test_absolute_values_have_slope_0_at_0():
    h = tg.Value([1.0, 2.0, 3.0])
    nn.L1Loss("sum")(h, [1.0, 1.0, 4.0]).backward()
    np.testing.assert_array_equal(h.grad, [0, 1, -1])


def test_hubers_slope_is_that_of_squares_up_to_delta_and_delta_beyond_at_any_magnitude():
    residuals = np.array([-1e300, -2.1, -2, -1.9, -1e-300, 0, 1e-300, 1.9, 2, 2.1, 1e300])
    h = tg.Value(residuals)
    J = nn.HuberLoss(delta=2.0, reduction="none")(h, np.zeros(len(residuals)))
    np.testing.assert_allclose(J.data[[0, 1, 2, 3, 5]], [2e300, 2.2, 2, 1.9**2 / 2, 0], rtol=1e-15)
    J.backward(np.ones(len(residuals)))
    np.testing.assert_array_equal(h.grad, np.clip(residuals, -2, 2))


@pytest.mark.parametrize("r, curvature", [(0.0, 1.0), (0.5, 1.0), (3.0, 0.0)])
def test_hubers_curvature_is_1_inside_and_0_outside(r, curvature):
    assert tg.grad(tg.grad(lambda h: nn.HuberLoss()(h, 0.0)))(r) == curvature


# ----- bad input -----

@pytest.mark.parametrize("make, error", [
    (lambda: nn.HuberLoss(0), ArgumentError), (lambda: nn.HuberLoss(-1.0), ArgumentError),
    (lambda: nn.HuberLoss(np.nan), ArgumentError), (lambda: nn.HuberLoss(np.inf), ArgumentError),
    (lambda: nn.HuberLoss("1"), OptionError), (lambda: nn.GaussianNLLLoss(eps=0), ArgumentError),
    (lambda: nn.GaussianNLLLoss(eps=np.nan), ArgumentError), (lambda: nn.GaussianNLLLoss(full=1), OptionError)])
def test_options_are_in_their_range(make, error):
    with pytest.raises(error, match=r"(HuberLoss: delta|GaussianNLLLoss: (eps|full)) must be"):
        make()


@pytest.mark.parametrize("variance, error, message", [
    (-0.1, ArgumentError, r"has the number -0.1, but must be .*Softplus"),
    ([1.0, 1.0, -1e-9, 1.0], ArgumentError, "has the number -1e-09"),
    ([1.0, 1.0, np.inf, 1.0], ArgumentError, "has the number inf"),
    (np.ones((4, 1)), ShapeError, r"has shape \(4, 1\), but must have that of the prediction, \(4,\)"),
    (np.ones(3), ShapeError, r"has shape \(3,\)"), (["a"] * 4, DtypeError, "has dtype")], ids=repr)
def test_variances_are_positive_and_fit(variance, error, message):
    with pytest.raises(error, match=f"GaussianNLLLoss: variance {message}"):
        nn.GaussianNLLLoss()(np.ones(4), np.ones(4), variance)
