"""What all losses share: reductions, weights of points, plain data, second derivatives, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, DtypeError, MissingMethodError, OptionError, ShapeError

# Each loss with how to draw a prediction and a target for it, and what else it takes.
REAL, SHARE = (lambda rng, shape: rng.normal(size=shape)), (lambda rng, shape: rng.uniform(0.05, 0.95, shape))
LOG_P, SIGN = (lambda rng, shape: -rng.uniform(0.1, 3, shape)), (lambda rng, shape: rng.choice([-1.0, 1.0], shape))
OF_NUMBERS = {
    nn.MSELoss: (REAL, REAL), nn.LeastSquaresLoss: (REAL, REAL), nn.L1Loss: (REAL, REAL), nn.HuberLoss: (REAL, REAL),
    nn.BCELoss: (SHARE, SHARE), nn.BCEWithLogitsLoss: (REAL, SHARE), nn.HingeLoss: (REAL, SIGN),
    nn.KLDivLoss: (LOG_P, SHARE), nn.GaussianNLLLoss: (REAL, REAL)}
EXTRA = {nn.GaussianNLLLoss: (0.7,)}
OF_CLASSES = {
    nn.CrossEntropyLoss: (REAL, lambda rng, shape: rng.integers(shape[-1], size=shape[:-1])),
    nn.NLLLoss: (LOG_P, lambda rng, shape: rng.integers(shape[-1], size=shape[:-1]))}
ALL = OF_NUMBERS | OF_CLASSES

each_loss = pytest.mark.parametrize("kind", ALL)
each_loss_of_numbers = pytest.mark.parametrize("kind", OF_NUMBERS)
each_shape = pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4)], ids=repr)


def data(kind, shape=(5, 3), seed=0):
    """(prediction, target and all else the loss takes before the weights)."""
    rng = np.random.default_rng(seed)
    prediction, target = (draw(rng, shape) for draw in ALL[kind])
    return prediction, target, *EXTRA.get(kind, ())


# ----- reductions -----

@each_loss
@each_shape
def test_sum_and_mean_are_those_of_the_single_losses(kind, shape):
    inputs = data(kind, shape)
    single = kind(reduction="none")(*inputs)
    assert kind(reduction="sum")(*inputs) == pytest.approx(single.sum(), rel=1e-13)
    divisor = shape[0] if kind is nn.LeastSquaresLoss else single.size
    assert kind()(*inputs) == kind(reduction="mean")(*inputs) == pytest.approx(single.sum() / divisor, rel=1e-13)


@each_loss
def test_reductions_are_known_names(kind):
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: there is no reduction 'avg'; known are mean, sum, none"):
        kind(reduction="avg")
    with pytest.raises(OptionError, match=f"{kind.__name__}: reduction must be a name, one of mean, sum, none"):
        kind(reduction=None)
    loss = kind(reduction="sum")
    with pytest.raises(ArgumentError, match="there is no reduction 'Sum'"):
        loss.reduction = "Sum"
    assert loss.reduction == "sum"


# ----- weights of points -----

@each_loss
@each_shape
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_point_of_weight_2_counts_like_two_points_and_one_of_0_like_none(kind, shape, reduction):
    prediction, target, *extra = data(kind, shape)
    weight = np.arange(shape[0])[::-1]
    loss = kind(reduction=reduction)
    repeated = [np.repeat(x, weight, axis=0) for x in (prediction, target)]
    assert loss(prediction, target, *extra, weight) == pytest.approx(loss(*repeated, *extra), rel=1e-13)


@each_loss
@each_shape
def test_without_reduction_weights_multiply_the_losses_of_their_points(kind, shape):
    inputs, loss = data(kind, shape), kind(reduction="none")
    weight = np.linspace(0.5, 2, shape[0])
    found, single = loss(*inputs, weight=weight), loss(*inputs)
    np.testing.assert_allclose(found, weight.reshape(-1, *[1] * (single.ndim - 1)) * single, rtol=1e-15)


@each_loss
@settings(max_examples=10, deadline=None)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 2**32 - 1))
def test_a_mean_does_not_depend_on_the_scale_of_the_weights(kind, scale, seed):
    inputs, weight = data(kind, seed=seed), np.random.default_rng(seed).uniform(0.1, 1, 5)
    loss = kind()
    assert loss(*inputs, weight=scale * weight) == pytest.approx(loss(*inputs, weight=weight), rel=1e-12)


def test_weights_that_are_values_have_a_gradient():
    h, y, weight = [1.0, 4.0, 0.0], [1.0, 2.0, 1.0], tg.Value([1.0, 2.0, 3.0])
    J = nn.MSELoss()(h, y, weight)
    J.backward()
    assert J.item() == pytest.approx((2 * 4 + 3 * 1) / 6)
    np.testing.assert_allclose(weight.grad, (np.array([0, 4, 1]) - J.item()) / 6, rtol=1e-14)


@each_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_float32_stays_float32_whatever_the_weights(kind, reduction):
    prediction, target, *extra = data(kind)
    prediction = tg.Value(prediction.astype(np.float32))
    target = target.astype(np.float32) if target.dtype == np.float64 else target
    for weight in None, [1, 2, 3, 4, 5], np.linspace(0, 1, 5):
        J = kind(reduction=reduction)(prediction, target, *extra, weight=weight)
        assert J.dtype == np.float32
    J.backward(np.ones(J.shape, np.float32))
    assert prediction.grad.dtype == np.float32


@each_loss
@pytest.mark.parametrize("weight, error, message", [
    (np.ones((5, 1)), ShapeError, r"has shape \(5, 1\), but must have \(5,\), one number for each point"),
    (np.ones(3), ShapeError, r"has shape \(3,\)"), (2.0, ShapeError, r"has shape \(\)"),
    ([1, 1, 1, 1, -1], ArgumentError, "has the number -1, but must be finite and 0 or more"),
    ([1, 1, 1, 1, np.nan], ArgumentError, "has the number nan"),
    ([1, 1, 1, 1, np.inf], ArgumentError, "has the number inf"),
    (["a"] * 5, DtypeError, "has dtype"),
    ([[1], [1, 2]], ShapeError, "is no array")], ids=repr)
def test_weights_are_finite_numbers_of_0_or_more_for_each_point(kind, weight, error, message):
    with pytest.raises(error, match=f"{kind.__name__}: weight .*{message}"):
        kind()(*data(kind), weight=weight)


@each_loss
def test_weights_of_0_leave_no_mean(kind):
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: there is no mean where no point counts"):
        kind()(*data(kind), weight=np.zeros(5))
    assert kind(reduction="sum")(*data(kind), weight=np.zeros(5)) == 0


# ----- how they are used -----

@each_loss
@pytest.mark.parametrize("weight", [None, [1.0, 0.0, 2.0, 3.0, 4.0]], ids=["alike", "weighted"])
def test_losses_of_plain_data_are_plain_and_the_same_as_of_values(kind, weight):
    prediction, target, *extra = data(kind)
    for h, y in (prediction, target), (prediction.tolist(), target.tolist()):
        J = kind()(h, y, *extra, weight=weight)
        assert not isinstance(J, tg.Value)
        assert np.ndim(J) == 0
        assert J == kind()(tg.Value(prediction), target, *extra, weight=weight).item()


@each_loss_of_numbers
def test_a_loss_of_python_numbers_works(kind):
    prediction, target, *extra = data(kind, ())
    h = tg.Value(float(prediction))
    J = kind()(h, float(target), *extra)
    J.backward()
    assert J.item() == pytest.approx(kind()([prediction], [target], *extra), rel=1e-14)
    assert type(h.grad) is float


@each_loss
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_first_and_second_derivatives_are_the_differences(kind, reduction):
    prediction, target, *extra = data(kind, (4, 3))
    weight = np.array([1.0, 0.0, 0.5, 2.0])
    cotangent = np.random.default_rng(3).normal(size=np.shape(kind(reduction=reduction)(prediction, target, *extra)))

    def J(h):
        return tg.sum(cotangent * kind(reduction=reduction)(h, target, *extra, weight=weight))

    assert tg.check.gradcheck(J, prediction)
    slope = tg.grad(J)
    direction = np.random.default_rng(4).normal(size=prediction.shape)
    ahead, behind = (slope(prediction + h * direction) for h in (1e-6, -1e-6))
    np.testing.assert_allclose(tg.hvp(J, prediction, direction), (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("loss, ops", [
    (nn.MSELoss(), ["subtract", "sum_of_squares"]), (nn.LeastSquaresLoss(), ["subtract", "sum_of_squares"]),
    (nn.MSELoss("sum"), ["subtract", "sum_of_squares"]), (nn.L1Loss(), ["subtract", "absolute", "mean"])], ids=repr)
def test_the_usual_losses_are_few_nodes(loss, ops):
    J, found = loss(tg.Value(np.ones((3, 2))), np.zeros((3, 2))), []
    while J.op is not None:
        found.insert(0, J.op.name)
        J = J.inputs[0]
    assert found == ops


def test_cross_entropy_of_labels_is_two_nodes():
    J = nn.CrossEntropyLoss()(tg.Value(np.ones((3, 2))), [0, 1, 1])
    assert [J.op.name, J.inputs[0].op.name] == ["mean", "cross_entropy"]
    assert J.inputs[0].inputs[0].op is None


@pytest.mark.parametrize("loss, shown", [
    (nn.MSELoss(), "MSELoss()"), (nn.L1Loss("sum"), "L1Loss(reduction='sum')"),
    (nn.HuberLoss(2.0), "HuberLoss(delta=2.0)"), (nn.BCEWithLogitsLoss(3), "BCEWithLogitsLoss(pos_weight=array(3.))"),
    (nn.CrossEntropyLoss(label_smoothing=0.1, ignore_index=-1),
     "CrossEntropyLoss(label_smoothing=0.1, ignore_index=-1)"),
    (nn.KLDivLoss(reduction="batchmean"), "KLDivLoss(reduction='batchmean')")], ids=repr)
def test_they_show_the_options_that_are_not_as_usual(loss, shown):
    assert repr(loss) == shown


def test_a_loss_of_ones_own_needs_to_say_what_it_measures():
    class Nothing(nn.Loss):
        pass

    with pytest.raises(MissingMethodError, match="Nothing does not say what it measures; define the method each"):
        Nothing()(1.0, 2.0)


# ----- bad input -----

@each_loss_of_numbers
@pytest.mark.parametrize("h, y, cure", [
    ((5, 1), (5,), "reshape .*every pair"), ((5,), (5, 1), "reshape .*every pair"), ((4, 3), (3, 4), "reshape"),
    ((5,), (), "as many numbers"), ((2,), (3,), "as many numbers"), ((5, 3), (5,), "as many numbers")], ids=repr)
def test_broadcasting_is_refused_as_it_compares_every_pair(kind, h, y, cure):
    with pytest.raises(ShapeError, match=rf"{kind.__name__}: prediction .* and target .* must have the same .*{cure}"):
        kind()(tg.Value(np.ones(h)), np.ones(y), *EXTRA.get(kind, ()))


def test_classes_for_a_loss_of_numbers_are_told_of_the_cross_entropy():
    with pytest.raises(ShapeError, match=r"MSELoss: .* if it holds the classes of 4 points, CrossEntropyLoss takes it"):
        nn.MSELoss()(tg.Value(np.ones((4, 3))), [0, 2, 1, 1])
    with pytest.raises(ShapeError) as caught:
        nn.MSELoss()(tg.Value(np.ones((4, 3))), [0.5, 2.0, 1.0, 1.0])
    assert "CrossEntropyLoss" not in str(caught.value)


def test_the_message_says_how_to_reshape():
    with pytest.raises(ShapeError, match=r"as in target\.reshape\(5, 1\)"):
        nn.MSELoss()(tg.Value(np.ones((5, 1))), np.ones(5))


@each_loss_of_numbers
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)], ids=repr)
def test_there_must_be_data(kind, shape):
    with pytest.raises(ShapeError, match=f"{kind.__name__}: there are no data"):
        kind()(tg.Value(np.ones(shape)), np.ones(shape), *EXTRA.get(kind, ()))


@each_loss_of_numbers
@pytest.mark.parametrize("y, error", [
    (["a", "b"], DtypeError), ([1j, 2.0], DtypeError), ([None, 1.0], DtypeError),
    ([[1.0], [1.0, 2.0]], ShapeError)], ids=repr)
def test_targets_are_real_numbers(kind, y, error):
    for h in (tg.Value([0.5, 0.5]), [0.5, 0.5]):
        with pytest.raises(error, match=f"{kind.__name__}: target"):
            kind()(h, y, *EXTRA.get(kind, ()))


@pytest.mark.parametrize("kind", [nn.MSELoss, nn.LeastSquaresLoss, nn.L1Loss, nn.HuberLoss, nn.GaussianNLLLoss])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("weight", [None, [1.0, 1.0]], ids=["alike", "weighted"])
def test_targets_are_finite(kind, reduction, wrong, weight):
    loss = kind(reduction=reduction)
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: 1 of 2 numbers of the target.* leave out these poi"):
        loss(tg.Value([1.0, 2.0]), [1.0, wrong], *EXTRA.get(kind, ()), weight=weight)
    J = loss([1.0, np.nan], [1.0, 2.0], *EXTRA.get(kind, ()), weight=weight)  # of a model that is lost
    assert np.isnan(J).any()


@each_loss
def test_data_in_the_place_of_options_are_not_printed_but_told_where_to_go(kind):
    with pytest.raises(OptionError, match=rf"{kind.__name__}: reduction .{{,200}} as in {kind.__name__}\(\)\(pred"):
        kind(reduction=np.zeros(5000))


@pytest.mark.parametrize("dtype", ["u1", "i4", "?"])
def test_residuals_of_whole_numbers_do_not_wrap_around(dtype):
    h, y = np.array([0, 1], dtype), np.array([1, 0], dtype)
    assert nn.MSELoss()(h, y) == nn.L1Loss()(h, y) == 1
    assert nn.MSELoss()(tg.Value(np.zeros(2, np.float32)), y).dtype == np.float32
