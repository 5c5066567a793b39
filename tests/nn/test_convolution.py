"""Conv2d: its definition, the numbers and gradients of PyTorch, and bad input, also of the pooling layers."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.nn.images import assert_as_pytorch, dtypes, inside, pair, places
from tinygrad_edu import nn
from tinygrad_edu.check import gradcheck
from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError

each_layer = pytest.mark.parametrize("make", [lambda **options: nn.Conv2d(1, 1, **options), nn.MaxPool2d,
                                              nn.AvgPool2d], ids=["Conv2d", "MaxPool2d", "AvgPool2d"])


def convolved(x, layer):
    """The definition, number by number."""
    (n, _, *size), W = x.shape, layer.weight.data
    out, seen = W.shape[:2]
    results = {}
    for place, window in places(size, layer.kernel_size, layer.stride, layer.padding, layer.dilation):
        for image, o in itertools.product(range(n), range(out)):
            first = o // (out // layer.groups) * seen  # of the channels of its group
            results[image, o, *place] = sum(
                W[(o, c, *ij)] * x[(image, first + c, *point)]
                for ij, point in window if inside(point, size) for c in range(seen))
    y = np.zeros(tuple(np.max(list(results), axis=0) + 1))
    for index, number in results.items():
        y[index] = number
    return y if layer.bias is None else y + layer.bias.data[:, None, None]


def both_convolutions(*args, dtype=np.float64, **options):
    """Ours and PyTorch's, with the same parameters."""
    torch = pytest.importorskip("torch")
    ours, theirs = nn.Conv2d(*args, dtype=dtype, rng=1, **options), torch.nn.Conv2d(*args, **options)
    if ours.bias is not None:
        ours.bias.data = np.random.default_rng(2).normal(size=ours.bias.shape)
    theirs.load_state_dict({path: torch.from_numpy(a) for path, a in ours.state_dict().items()}, assign=True)
    return ours, theirs


# ----- convolution -----

GEOMETRIES = [dict(zip(("kernel_size", "stride", "padding", "dilation", "groups"), sizes, strict=True))
              for sizes in itertools.product((1, 3, (2, 3)), (1, (2, 1), 3), (0, (1, 2)), (1, (1, 2)), (1, 2))]


@pytest.mark.parametrize("options", GEOMETRIES, ids=str)
def test_a_convolution_is_the_one_of_its_definition_and_of_pytorch(options):
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 7))
    ours, theirs = both_convolutions(4, 6, **options)
    np.testing.assert_allclose(ours(x).data, convolved(x, ours), rtol=1e-12, atol=1e-12)
    assert_as_pytorch(ours, theirs, x)


@dtypes
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 8, 9), (5, 3, 8, 9), (1, 3, 4, 4)], ids=repr)
def test_a_convolution_of_one_image_or_several_keeps_the_dtype_of_pytorch(dtype, bias, shape):
    ours, theirs = both_convolutions(3, 4, 3, padding=1, bias=bias, dtype=dtype)
    assert_as_pytorch(ours, theirs, np.random.default_rng(0).normal(size=shape).astype(dtype))


sizes = st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3))
margins = st.integers(0, 2) | st.tuples(st.integers(0, 2), st.integers(0, 2))


@settings(max_examples=40, deadline=None)
@given(kernel_size=sizes, stride=sizes, padding=margins, dilation=sizes, groups=st.integers(1, 2),
       seen=st.integers(1, 2), filters=st.integers(1, 2), images=st.integers(0, 2),
       size=st.tuples(st.integers(1, 7), st.integers(1, 7)))
def test_any_convolution_is_that_of_pytorch(kernel_size, stride, padding, dilation, groups, seen, filters, images,
                                            size):
    assume(all(d * (k - 1) < n + 2 * p for n, k, p, d in
               zip(size, pair(kernel_size), pair(padding), pair(dilation), strict=True)))
    ours, theirs = both_convolutions(groups * seen, groups * filters, kernel_size, stride=stride, padding=padding,
                                     dilation=dilation, groups=groups)
    assert_as_pytorch(ours, theirs, np.random.default_rng(0).normal(size=(images, groups * seen, *size)))


def test_a_convolution_with_a_kernel_of_one_number_is_a_linear_layer_at_every_place():
    layer, linear = nn.Conv2d(3, 5, 1, rng=0), nn.Linear(3, 5)
    linear.weight.data, linear.bias.data = layer.weight.data.reshape(5, 3), np.arange(5.0)
    layer.bias.data = np.arange(5.0)
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 6))
    expected = np.moveaxis(linear(np.moveaxis(x, 1, -1)).data, -1, 1)
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-13)


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"dilation": (1, 2), "groups": 2},
                                     {"stride": (1, 3), "padding": (2, 0), "bias": False}], ids=str)
def test_a_convolution_can_be_differentiated_twice(options):
    layer = nn.Conv2d(2, 2, 2, rng=0, **options)
    parameters = [p.data for p in layer.parameters()]
    x = np.random.default_rng(0).normal(size=(2, 2, 4, 4))
    sizes = {name: getattr(layer, name) for name in ("kernel_size", "stride", "padding", "dilation")}

    def J(x, weight, bias=None):
        return np.sum(np.tanh(ops.filter_windows(ops.windows(x, **sizes), weight, bias)))

    assert gradcheck(J, x, *parameters, order=2)


def test_second_derivatives_of_a_convolution_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    ours, theirs = both_convolutions(2, 3, 3, stride=2, padding=1)
    x = np.random.default_rng(0).normal(size=(2, 2, 5, 6))
    v = np.random.default_rng(1).normal(size=x.shape)
    product = tg.hvp(lambda x: np.sum(np.sin(ours(x))), x, v)
    _, expected = torch.autograd.functional.hvp(lambda x: torch.sin(theirs(x)).sum(), torch.tensor(x), torch.tensor(v))
    np.testing.assert_allclose(product.data, expected, rtol=1e-12, atol=1e-12)


def test_layout_in_memory_makes_no_difference():
    layer, x = nn.Conv2d(3, 2, 3, padding=1, rng=0), np.random.default_rng(0).normal(size=(2, 3, 5, 4))
    strided = np.repeat(x, 2, axis=-1)[..., ::2]
    for other in (np.asfortranarray(x), strided, np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1)):
        value = tg.Value(other)
        y, expected = layer(value), layer(x)
        np.testing.assert_allclose(y.data, expected.data, rtol=1e-13, atol=1e-13)
        layer.zero_grad()
        y.backward(np.asfortranarray(y.data))
        found = layer.weight.grad
        layer.zero_grad()
        expected.backward(y.data)
        np.testing.assert_allclose(found, layer.weight.grad, rtol=1e-13, atol=1e-13)


def test_a_batch_without_images_gives_none_and_zero_gradients():
    layer, x = nn.Conv2d(2, 3, 2), tg.Value(np.ones((0, 2, 5, 5)))
    y = layer(x)
    assert y.shape == (0, 3, 4, 4)
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert not layer.weight.grad.any() and not layer.bias.grad.any()


def test_no_gradient_is_computed_by_images_that_are_data():
    layer = nn.Conv2d(1, 1, 2)
    y = layer(np.ones((1, 1, 3, 3)))
    assert [type(x) for x in y.inputs] == [np.ndarray, nn.Parameter, nn.Parameter]


def test_filters_start_with_hes_weights_and_without_bias():
    layer = nn.Conv2d(4, 6, (2, 3), groups=2, rng=0, dtype=np.float32)
    expected = nn.init.he_uniform((6, 2 * 2 * 3), 0).reshape(6, 2, 2, 3).astype(np.float32)
    np.testing.assert_array_equal(layer.weight.data, expected)
    np.testing.assert_array_equal(layer.bias.data, np.zeros(6, np.float32))
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    other = nn.Conv2d(2, 3, 2, rng=0, init=nn.init.lecun_normal)
    np.testing.assert_array_equal(other.weight.data.reshape(3, 8), nn.init.lecun_normal((3, 8), 0))


def test_layers_show_what_somebody_chose():
    assert repr(nn.Conv2d(3, 16, 3)) == "Conv2d(3 -> 16, kernel 3 x 3)  # 448 parameters"
    layer = nn.Conv2d(4, 2, (2, 1), stride=2, padding=1, dilation=(1, 3), groups=2, bias=False)
    assert layer.describe() == ("4 -> 2, kernel 2 x 1, stride 2 x 2, padding 1 x 1, dilation 1 x 3, 2 groups, no bias")
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel 2 x 2)"
    assert repr(nn.AvgPool2d(3, stride=1, padding=1)) == "AvgPool2d(kernel 3 x 3, stride 1 x 1, padding 1 x 1)"


def test_a_small_network_learns_where_the_bar_in_an_image_is():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=40)
    x = 0.1 * rng.normal(size=(40, 1, 8, 8))
    for image, label, place in zip(x[:, 0], labels, rng.integers(1, 7, size=40), strict=True):
        image[(slice(None), place) if label else place] += 1.0  # upright or lying
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, rng=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, rng=2),
                          nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 2, rng=3))
    optimizer, loss = tg.optim.Adam(model.parameters(), lr=0.03), nn.CrossEntropyLoss()
    for _ in range(60):
        optimizer.zero_grad()
        loss(model(x), labels).backward()
        optimizer.step()
    assert (np.argmax(model(x).data, axis=1) == labels).all()


# ----- bad input -----

@each_layer
@pytest.mark.parametrize("name, size, error", [
    ("kernel_size", 0, ArgumentError), ("kernel_size", (2, -1), ArgumentError), ("kernel_size", 2.0, OptionError),
    ("kernel_size", (1, 2, 3), OptionError), ("kernel_size", "3", OptionError), ("kernel_size", None, OptionError),
    ("stride", 0, ArgumentError), ("stride", (1,), OptionError), ("stride", True, OptionError),
    ("padding", -1, ArgumentError), ("padding", "same", OptionError)], ids=repr)
def test_sizes_are_whole_numbers_or_pairs_of_them(make, name, size, error):
    with pytest.raises(error, match=rf"2d: {name} must be "):
        make(**{"kernel_size": 3, name: size})


@pytest.mark.parametrize("make", [lambda **options: nn.Conv2d(1, 1, 2, **options),
                                  lambda **options: nn.MaxPool2d(2, **options)], ids=["Conv2d", "MaxPool2d"])
def test_dilation_is_a_whole_number_too(make):
    with pytest.raises(ArgumentError, match="2d: dilation must be at least 1, got 0"):
        make(dilation=0)


@pytest.mark.parametrize("name", ["in_channels", "out_channels", "groups"])
def test_a_convolution_needs_at_least_one_channel_and_group(name):
    with pytest.raises(ArgumentError, match=f"Conv2d: {name} must be at least 1, got 0"):
        nn.Conv2d(**{"in_channels": 2, "out_channels": 2, "kernel_size": 1, name: 0})
    with pytest.raises(OptionError, match=f"Conv2d: {name} must be a whole number"):
        nn.Conv2d(**{"in_channels": 2, "out_channels": 2, "kernel_size": 1, name: 1.0})


@pytest.mark.parametrize("channels", [(3, 4), (4, 3)], ids=repr)
def test_groups_divide_the_channels(channels):
    with pytest.raises(ArgumentError, match=r"Conv2d: 2 groups do not divide . input and . output channels evenly"):
        nn.Conv2d(*channels, 3, groups=2)


def test_parameters_of_a_convolution_have_a_floating_dtype():
    with pytest.raises(DtypeError, match=r"Conv2d: .*use np\.float64 or np\.float32"):
        nn.Conv2d(1, 1, 1, dtype=int)


@pytest.mark.parametrize("shape", [(8, 8), (5, 8, 8), (1, 4, 8, 8), (8, 8, 3), ()], ids=repr)
def test_a_convolution_says_which_channels_it_needs(shape):
    with pytest.raises(ShapeError, match=r"Conv2d\(3 -> 2, kernel 3 x 3\): x has shape .* \(n, 3, height, width\); "):
        nn.Conv2d(3, 2, 3)(tg.Value(np.ones(shape)))


@pytest.mark.parametrize("channels, shape, cure", [
    (1, (5, 8, 8), r"need an axis for it, as in x\[:, None\]"), (3, (5, 8, 8, 3), r"as in np\.moveaxis\(x, -1, -3\)"),
    (3, (5, 1, 8, 8), r"for such x it is Conv2d\(1, ...\)"), (3, (5, 64), r"x\.reshape\(...\) makes ima.*")], ids=repr)
def test_a_convolution_says_what_to_do_about_other_images(channels, shape, cure):
    with pytest.raises(ShapeError, match=f"Conv2d.*; .*{cure}$"):
        nn.Conv2d(channels, 2, 3)(np.ones(shape))


@each_layer
def test_images_are_no_smaller_than_a_window(make):
    with pytest.raises(ShapeError, match=r"kernel of 5 x 5 .* of 4 x 2 with padding \(1, 1\); use a smaller kernel"):
        make(kernel_size=5, padding=1)(np.ones((1, 1, 4, 2)))


@pytest.mark.parametrize("layer", [nn.MaxPool2d(2), nn.AvgPool2d(2)], ids=repr)
def test_an_image_has_two_axes(layer):
    with pytest.raises(ShapeError, match=r"x has shape \(4,\), but an image has two axes"):
        layer(np.ones(4))


@each_layer
def test_images_are_real_numbers(make):
    with pytest.raises(DtypeError, match="2d: x has dtype complex128"):
        make(kernel_size=1)(np.ones((1, 1, 2, 2)) * 1j)


def test_no_window_of_a_pooling_layer_lies_beside_the_image():
    for make in (nn.MaxPool2d, nn.AvgPool2d):
        with pytest.raises(ArgumentError, match=r"Pool2d\(kernel 3 x 2, padding 1 x 2\): padding must be at most half"):
            make((3, 2), padding=(1, 2))


# ----- the ops behind them -----

@pytest.mark.parametrize("shapes, message", [
    (((3, 2, 2, 4), (1, 3, 2, 2), None), "do not fit; expected are"),
    (((3, 2, 2, 4, 4), (1, 3, 2), None), "do not fit; expected are"),
    (((3, 2, 2, 4, 4), (1, 3, 2, 1), None), "do not fit; expected are"),
    (((3, 2, 2, 4, 4), (0, 3, 2, 2), None), "do not fit; expected are"),
    (((3, 2, 2, 4, 4), (1, 2, 2, 2), None), "cannot share the 3 channels"),
    (((3, 2, 2, 4, 4), (1, 6, 2, 2), None), "cannot share the 3 channels"),
    (((4, 2, 2, 4, 4), (3, 2, 2, 2), None), "cannot share the 4 channels"),
    (((3, 2, 2, 4, 4), (5, 3, 2, 2), (4,)), r"bias has shape \(4,\), but must be \(5,\)"),
    (((3, 2, 2, 4, 4), (5, 3, 2, 2), ()), r"bias has shape \(\), but must be \(5,\)")], ids=repr)
def test_filters_say_what_does_not_fit_their_windows(shapes, message):
    windows, weight, bias = (None if shape is None else tg.Value(np.ones(shape)) for shape in shapes)
    with pytest.raises(ShapeError, match=message):
        ops.filter_windows(windows, weight, bias)


@pytest.mark.parametrize("shape", [(2, 2, 3), (2, 2, 3, 4), (0, 2, 4, 3), (2, 2, 3, 3, 1)], ids=repr)
def test_overlap_add_says_which_windows_it_needs(shape):
    with pytest.raises(ShapeError, match=r"overlap_add: "):
        ops.overlap_add(np.ones(shape), size=(4, 4))


@settings(max_examples=30, deadline=None)
@given(kernel_size=sizes, stride=sizes, padding=margins, dilation=sizes, size=st.tuples(*[st.integers(1, 7)] * 2))
def test_overlap_add_is_the_adjoint_of_windows(kernel_size, stride, padding, dilation, size):
    assume(all(d * (k - 1) < n + 2 * p for n, k, p, d in
               zip(size, pair(kernel_size), pair(padding), pair(dilation), strict=True)))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *size))
    y = ops.windows(x, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    v = rng.normal(size=y.shape)
    back = ops.overlap_add(v, size=size, stride=stride, padding=padding, dilation=dilation)
    np.testing.assert_allclose(np.vdot(y, v), np.vdot(x, back), rtol=1e-12, atol=1e-12)


def test_windows_are_the_sliding_windows_of_numpy():
    x = np.arange(2 * 6 * 7).reshape(2, 6, 7)
    expected = np.lib.stride_tricks.sliding_window_view(x, (3, 2), axis=(1, 2))  # (2, oh, ow, kh, kw)
    y = ops.windows(x, kernel_size=(3, 2))
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, np.moveaxis(expected, (3, 4), (1, 2)))


def test_the_size_of_numpys_buffer_is_left_as_it_was():
    before = np.getbufsize()
    layer = nn.Conv2d(1, 1, 2)
    layer(tg.Value(np.ones((1, 1, 3, 3)))).sum().backward()
    assert np.getbufsize() == before
