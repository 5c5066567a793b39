"""Where a derivative jumps, is infinite or undefined: the conventions by hand, and as in PyTorch."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ArgumentError, DtypeError, ShapeError

inf, nan = np.inf, np.nan
TIES = [[3.0, 1.0, 3.0], [2.0, 2.0, 2.0]]

# op, inputs, options, dy/dinput of each, the same function in PyTorch (t) or None where it says NaN instead
ELEMENTWISE = [
    ("absolute", [[0.0, -0.0, -inf, inf]], {}, [[0, 0, -1, 1]], lambda t, x: t.abs(x)),
    ("relu", [[0.0, -0.0, 2, -1, inf, -inf]], {}, [[0, 0, 1, 0, 1, 0]], lambda t, x: t.relu(x)),
    ("sign", [[0.0, 1, -inf]], {}, [[0, 0, 0]], lambda t, x: t.sign(x)),
    ("floor", [[1.0, -0.5]], {}, [[0, 0]], lambda t, x: t.floor(x)),
    ("round", [[0.5, 2.0]], {}, [[0, 0]], lambda t, x: t.round(x)),
    ("maximum", [[1.0, 2, 3, inf], [1.0, 3, 2, inf]], {}, [[0.5, 0, 1, 0.5], [0.5, 1, 0, 0.5]],
     lambda t, a, b: t.maximum(a, b)),
    ("minimum", [[1.0, 2, 3, -inf], [1.0, 3, 2, -inf]], {}, [[0.5, 1, 0, 0.5], [0.5, 0, 1, 0.5]],
     lambda t, a, b: t.minimum(a, b)),
    ("clip", [[-2.0, -1, 0, 1, 2, inf, nan], [-1.0] * 7, [1.0] * 7], {},
     [[0, 1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 0]],
     lambda t, x, low, high: t.clip(x, low, high)),
    ("clip", [[5.0, 0], [3.0, 3], [2.0, 2]], {}, [[0, 0], [0, 0], [1, 1]],  # limits exchanged: the upper wins
     lambda t, x, low, high: t.clip(x, low, high)),
    ("sqrt", [[0.0, 4, inf]], {}, [[inf, 0.25, 0]], lambda t, x: t.sqrt(x)),
    ("cbrt", [[0.0, -8]], {}, [[inf, 1 / 12]], None),
    ("log", [[0.0, inf]], {}, [[inf, 0]], lambda t, x: t.log(x)),
    ("arcsin", [[1.0, -1.0]], {}, [[inf, inf]], lambda t, x: t.arcsin(x)),
    ("arccos", [[1.0, -1.0]], {}, [[-inf, -inf]], lambda t, x: t.arccos(x)),
    ("arccosh", [[1.0]], {}, [[inf]], lambda t, x: t.arccosh(x)),
    ("arctanh", [[1.0]], {}, [[inf]], lambda t, x: t.arctanh(x)),
    ("divide", [[1.0, -1, 0], [0.0, 0, 2]], {}, [[inf, inf, 0.5], [-inf, inf, 0]],
     lambda t, a, b: t.divide(a, b)),
    ("power", [[0.0, 0, 0, 0, 2, -2, -8], [0.0, 2, 0.5, 1, 0, 3, 1 / 3]], {},
     [[0, 0, inf, 1, 0, 12, nan], [0, 0, 0, 0, np.log(2), nan, nan]], lambda t, a, b: t.pow(a, b)),
    ("hypot", [[0.0, -3], [0.0, 4]], {}, [[0, -0.6], [0, 0.8]], None),
    ("arctan2", [[0.0, 0, 1], [0.0, -1, 0]], {}, [[0, -1, 0], [0, 0, -1]],
     lambda t, a, b: t.arctan2(a, b)),
    ("logaddexp", [[-inf, inf, 1, -inf], [-inf, inf, inf, 0]], {}, [[0.5, 0.5, 0, 0], [0.5, 0.5, 1, 1]],
     None),
    ("sigmoid", [[inf, -inf]], {}, [[0, 0]], lambda t, x: t.sigmoid(x)),
    ("softplus", [[inf, -inf]], {}, [[1, 0]], lambda t, x: t.nn.functional.softplus(x)),
]

# op, input, options, J's derivative by it where J = Σ v·y with v = 1, 2, 3, ...; the same in PyTorch or None
ALONG_AXES = [
    ("max", TIES, {}, [[0.5, 0, 0.5], [0, 0, 0]], lambda t, x: t.amax(x)),
    ("max", TIES, {"axis": 1}, [[0.5, 0, 0.5], [2 / 3, 2 / 3, 2 / 3]], lambda t, x: t.amax(x, 1)),
    ("min", TIES, {"axis": 0}, [[0, 2, 0], [1, 0, 3]], lambda t, x: t.amin(x, 0)),
    ("max", [1.0, nan, 0.0], {}, [0, 1, 0], None),
    ("sort", [2.0, 1, 1, 2], {}, [3, 1, 2, 4], lambda t, x: t.sort(x, stable=True).values),
    ("sort", [nan, -0.0, 0.0], {}, [3, 1, 2], lambda t, x: t.sort(x, stable=True).values),
    ("prod", [0.0, 3, 2], {}, [6, 0, 0], lambda t, x: t.prod(x)),
    ("prod", [0.0, 3, 0], {}, [0, 0, 0], lambda t, x: t.prod(x)),
    ("cumprod", [2.0, 0, 3, 0], {}, [1, 2 * 2 + 3 * 6, 0, 0], lambda t, x: t.cumprod(x, 0)),
    ("std", [1.0, 1, 1], {}, [0, 0, 0], lambda t, x: t.std(x, correction=0)),
    ("norm", [0.0, 0], {}, [0, 0], lambda t, x: t.linalg.norm(x)),
    ("norm", [[0.0, 0], [3, 4]], {"axis": 1}, [[0, 0], [1.2, 1.6]], lambda t, x: t.linalg.norm(x, dim=1)),
    ("logsumexp", [-inf, -inf], {}, [0, 0], None),
    ("logsumexp", [-inf, 0, 0], {}, [0, 0.5, 0.5], lambda t, x: t.logsumexp(x, 0)),
    ("softmax", [-inf, 0, 0], {}, [0, -0.25, 0.25], lambda t, x: t.softmax(x, 0)),
    ("log_softmax", [0, -inf, -inf], {}, [1 - 6, 2, 3], lambda t, x: t.log_softmax(x, 0)),
]


def value_and_gradients(op, inputs, options, v=None):
    """y and the gradient of Σ v·y by every input; v is 1, 2, 3, ... if not given."""
    values = [tg.Value(np.array(x, float)) for x in inputs]
    with np.errstate(divide="ignore", invalid="ignore"):  # NumPy warns at these places, as it should
        y = tg.OPS[op](*values, **options)
        v = np.arange(1.0, y.size + 1).reshape(y.shape) if v is None else v
        y.backward(v)
    return y.numpy(), [x.grad for x in values]


@pytest.mark.parametrize(("op", "inputs", "options", "slopes"), [row[:4] for row in ELEMENTWISE])
def test_gradients_at_kinks_are_as_documented(op, inputs, options, slopes):
    v = np.arange(2.0, len(inputs[0]) + 2)
    for found, slope in zip(value_and_gradients(op, inputs, options, v)[1], slopes, strict=True):
        np.testing.assert_allclose(found, v * slope, rtol=1e-15)


@pytest.mark.parametrize(("op", "x", "options", "gradient"), [row[:4] for row in ALONG_AXES])
def test_gradients_along_axes_at_ties_and_zeros_are_as_documented(op, x, options, gradient):
    np.testing.assert_allclose(value_and_gradients(op, [x], options)[1][0], gradient, rtol=1e-15)


@pytest.mark.parametrize(("op", "inputs", "options", "theirs"),
                         [(row[0], row[1], row[2], row[4]) for row in ELEMENTWISE if row[4]]
                         + [(row[0], [row[1]], row[2], row[4]) for row in ALONG_AXES if row[4]])
def test_values_and_gradients_at_kinks_are_pytorchs(op, inputs, options, theirs):
    torch = pytest.importorskip("torch")
    y, found = value_and_gradients(op, inputs, options)
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    expected = theirs(torch, *tensors)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-14)
    expected.backward(torch.arange(1.0, expected.numel() + 1, dtype=torch.float64).reshape(expected.shape))
    for gradient, tensor in zip(found, tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-14)


def test_cross_entropy_with_classes_excluded_by_minus_infinity_is_pytorchs():
    torch = pytest.importorskip("torch")
    logits, labels = np.array([[-inf, 0.0, 1.0], [3.0, -inf, -inf]]), np.array([1, 0])
    x, v = tg.Value(logits), np.array([2.0, -3.0])
    y = tg.cross_entropy(x, labels)
    y.backward(v)
    tensor = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(tensor, torch.tensor(labels), reduction="none")
    expected.backward(torch.tensor(v))
    np.testing.assert_allclose(y.data, expected.detach().numpy(), rtol=1e-15)
    np.testing.assert_allclose(x.grad, tensor.grad.numpy(), rtol=1e-15)


# ----- where no gradient arrives, none leaves -----

@pytest.mark.parametrize(("function", "edge"), [
    (np.sqrt, 0.0), (np.cbrt, 0.0), (np.log, 0.0), (np.log2, 0.0), (np.log10, 0.0), (np.log1p, -1.0),
    (np.arcsin, 1.0), (np.arccos, -1.0), (np.arccosh, 1.0), (np.arctanh, 1.0), (lambda x: x ** 0.5, 0.0),
    (lambda x: x ** -1.0, 0.0)])
@pytest.mark.parametrize("scalar", [False, True])
def test_a_branch_that_was_not_taken_has_gradient_0_even_at_an_infinite_slope(function, edge, scalar):
    x = tg.Value(edge if scalar else np.array([edge]))
    with np.errstate(divide="ignore"):
        np.sum(np.where(x != edge, function(x), 5.0 * x)).backward()
    assert x.grad == 5.0


@pytest.mark.parametrize("function", [
    np.sqrt, np.log, np.arcsin, lambda x: x ** 0.5, np.absolute, tg.softplus])
def test_nan_is_not_hidden(function):
    for x, v in [(nan, 1.0), (nan, 0.0), (0.5, nan)]:
        value = tg.Value(np.array([x]))
        function(value).backward([v])
        assert np.isnan(value.grad).all()


def second_derivative(function, x):
    """d²y/dx² of y = function(x)."""
    return tg.grad(tg.grad(function))(x)


# By hand. At these x a first gradient is 0 by chance; a rule that stops there loses the second derivative.
@pytest.mark.parametrize(("function", "x", "expected"), [
    (lambda x: np.log(x) ** 2, 1.0, 2.0),
    (lambda x: (np.sqrt(x) - 1) ** 2, 1.0, 0.5),
    (lambda x: (x ** 1.5 - 1) ** 2, 1.0, 4.5),
    (lambda x: np.arcsin(x) ** 2, 0.0, 2.0),
    (lambda x: np.log1p(x) ** 2, 0.0, 2.0),
    (lambda x: np.logaddexp(x, 2.0), 2.0, 0.25),
    (lambda x: (3.0 ** x - 1) ** 2, 0.0, 2 * np.log(3) ** 2),
])
def test_a_gradient_that_is_0_by_chance_keeps_its_derivative(function, x, expected):
    for point in (x, np.array(x)):
        np.testing.assert_allclose(second_derivative(function, point), expected, rtol=1e-14)


@pytest.mark.parametrize("base", [5e-324, 1e-310, -1e-310, 1e-200])
def test_the_slope_of_the_0th_power_is_0_next_to_0_too(base):
    # where base**(0 - 1) overflows, and 0·∞ would be NaN
    assert tg.grad(lambda a: a**0.0)(base) == 0.0
    np.testing.assert_array_equal(tg.grad(lambda a: (a**0.0).sum())(np.array([base])), [0.0])


def test_the_mixed_derivative_of_a_power_at_exponent_0_is_1_over_a():
    a, b = np.array([2.0, 4.0]), np.zeros(2)
    slope = tg.grad(lambda b: np.sum(tg.grad(lambda a: np.sum(a ** b))(tg.Value(a))))(b)
    np.testing.assert_allclose(slope, 1 / a, rtol=1e-15)


# ----- nothing to reduce, labels that do not fit -----

@pytest.mark.parametrize("op", [tg.max, tg.min])
def test_the_extreme_of_nothing_is_an_error_that_names_the_op(op):
    with pytest.raises(ShapeError, match=rf"{op.name} of x \(0,\)"):
        op(tg.Value(np.zeros(0)))


def test_cross_entropy_needs_one_label_per_row():
    for labels in ([0], [0, 1, 2], [[0], [1]]):
        with pytest.raises(ShapeError, match=r"cross_entropy: logits \(2, 3\) and labels .* do not fit"):
            tg.cross_entropy(tg.Value(np.zeros((2, 3))), np.array(labels))


def test_cross_entropy_names_a_label_that_is_no_class():
    for labels in ([0, 3], [-1, 0]):
        with pytest.raises(ArgumentError, match=r"labels from .* but the 3 classes"):
            tg.cross_entropy(tg.Value(np.zeros((2, 3))), np.array(labels))
    with pytest.raises(DtypeError, match="labels have dtype bool"):
        tg.cross_entropy(np.zeros((2, 3)), np.array([True, False]))


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_the_mean_of_nothing_is_numpys_nan_and_its_gradient_is_empty():
    x = tg.Value(np.zeros((0, 3)))
    y = tg.mean(x, axis=0)
    y.backward(np.ones(3))
    assert np.isnan(y.data).all()
    assert x.grad.shape == (0, 3)


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:invalid value")
@pytest.mark.parametrize("op", [tg.var, tg.std])
def test_the_spread_of_too_few_numbers_is_numpys_nan_and_so_is_its_gradient(op):
    x = tg.Value(np.array([2.0]))
    y = op(x, ddof=1)
    y.backward()
    assert np.isnan(y.data)
    assert np.isnan(x.grad).all()
