"""Initial weights: the bits, bounds and variances of the formulas, and the bounds of PyTorch."""

import math

import numpy as np
import pytest

from tinygrad_edu.errors import OptionError, ShapeError
from tinygrad_edu.nn import init
from tinygrad_edu.random import default_generator, manual_seed

SHAPE = (300, 200)  # (fan_out, fan_in)

# From the papers' formulas, for SHAPE.
VARIANCES = {"xavier": 2 / (200 + 300), "he": 2 / 200, "lecun": 1 / 200}

schemes = pytest.mark.parametrize("scheme", VARIANCES)
functions = pytest.mark.parametrize("function", [
    init.xavier_uniform, init.xavier_normal, init.he_uniform, init.he_normal, init.lecun_uniform,
    init.lecun_normal], ids=lambda function: function.__name__)


@schemes
def test_the_bits_are_those_of_numpys_generator(scheme):
    limit, deviation = math.sqrt(3 * VARIANCES[scheme]), math.sqrt(VARIANCES[scheme])
    uniform, normal = getattr(init, f"{scheme}_uniform"), getattr(init, f"{scheme}_normal")
    np.testing.assert_array_equal(uniform(SHAPE, 0), np.random.default_rng(0).uniform(-limit, limit, SHAPE))
    np.testing.assert_array_equal(normal(SHAPE, 0), np.random.default_rng(0).normal(0, deviation, SHAPE))


@schemes
def test_mean_variance_and_shape_of_the_distributions(scheme):
    n, variance = math.prod(SHAPE), VARIANCES[scheme]
    for kind, kurtosis in [("uniform", 1.8), ("normal", 3.0)]:  # E x⁴ / variance², in closed form
        w = getattr(init, f"{scheme}_{kind}")(SHAPE, rng=1) / math.sqrt(variance)
        # each within 4 standard errors
        assert abs(w.mean()) < 4 / math.sqrt(n)
        assert abs((w**2).mean() - 1) < 4 * math.sqrt((kurtosis - 1) / n)
        assert abs((w**4).mean() / kurtosis - 1) < 0.05


@schemes
def test_uniform_weights_fill_their_bounds_and_never_leave_them(scheme):
    limit = math.sqrt(3 * VARIANCES[scheme])
    w = getattr(init, f"{scheme}_uniform")(SHAPE, rng=2)
    assert -limit <= w.min() < -0.999 * limit
    assert 0.999 * limit < w.max() <= limit


def test_bounds_and_deviations_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    weight, n = torch.empty(SHAPE, dtype=torch.float64), math.prod(SHAPE)
    torch.manual_seed(0)
    for theirs, ours in [
            (torch.nn.init.xavier_uniform_, init.xavier_uniform),
            (torch.nn.init.xavier_normal_, init.xavier_normal),
            (lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu"), init.he_uniform),
            (lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="relu"), init.he_normal),
            (lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="linear"), init.lecun_normal)]:
        drawn = theirs(weight).numpy()
        assert abs(ours(SHAPE, 0).std() / drawn.std() - 1) < 4 / math.sqrt(n)
        if "uniform" in ours.__name__:
            assert abs(ours(SHAPE, 0).max() / drawn.max() - 1) < 1e-3


@functions
def test_the_same_seed_gives_the_same_bits_and_another_one_others(function):
    state = default_generator().bit_generator.state
    try:
        manual_seed(5)
        shared = function((3, 4))
        assert (shared == function((3, 4), rng=5)).all()
        assert (shared == function((3, 4), np.random.default_rng(5))).all()
        assert (shared != function((3, 4))).all()
        assert shared.dtype == np.float64
    finally:
        default_generator().bit_generator.state = state


def test_zeros_are_zeros_and_draw_nothing():
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    w = init.zeros((2, 3), rng)
    assert w.shape == (2, 3) and w.dtype == np.float64 and not w.any()
    assert rng.bit_generator.state == state


@pytest.mark.parametrize("function", [init.xavier_uniform, init.he_normal, init.zeros],
                         ids=lambda function: function.__name__)
@pytest.mark.parametrize("shape", [(3,), (), 3, (2, 3, 4), (0, 3), (3, 0)], ids=repr)
def test_only_a_matrix_has_two_fans(function, shape):
    with pytest.raises(ShapeError, match=r"initialisation: expected the shape \(fan_out, fan_in\) of"):
        function(shape)


@functions
def test_a_bad_seed_is_refused(function):
    with pytest.raises(OptionError, match="rng"):
        function((2, 2), rng="seed")
