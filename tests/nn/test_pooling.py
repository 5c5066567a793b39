"""MaxPool2d and AvgPool2d: their definitions, the numbers and gradients of PyTorch, ties."""

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.images import assert_as_pytorch, dtypes, inside, places
from tinygrad_edu import nn
from tinygrad_edu.check import gradcheck

POOLS = [dict(zip(("kernel_size", "stride", "padding"), sizes, strict=True))
         for sizes in itertools.product((2, 3, (3, 2)), (None, 1, (1, 3)), (0, 1, (1, 0)))]


@dtypes
@pytest.mark.parametrize("options", POOLS, ids=str)
def test_pooling_is_that_of_pytorch(options, dtype):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 8)).astype(dtype)
    assert_as_pytorch(nn.MaxPool2d(**options), torch.nn.MaxPool2d(**options), x)
    for counted in (True, False):
        assert_as_pytorch(nn.AvgPool2d(**options, count_include_pad=counted),
                          torch.nn.AvgPool2d(**options, count_include_pad=counted), x)


@pytest.mark.parametrize("options", [{"dilation": 2}, {"dilation": (1, 3), "padding": (1, 0)}], ids=str)
def test_windows_with_gaps_are_those_of_pytorch(options):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(2, 7, 8))
    assert_as_pytorch(nn.MaxPool2d(2, **options), torch.nn.MaxPool2d(2, **options), x)


@pytest.mark.parametrize("options", [{"kernel_size": 2}, {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}],
                         ids=str)
def test_pooling_is_that_of_its_definition(options):
    x = -1 - np.random.default_rng(0).random(size=(2, 3, 6, 5))  # a zero of the padding would be the largest
    largest, counted, uncounted = (layer(x) for layer in (
        nn.MaxPool2d(**options), nn.AvgPool2d(**options), nn.AvgPool2d(**options, count_include_pad=False)))
    geometry = {"stride": options["kernel_size"], "padding": 0, "dilation": 1} | options
    for (a, b), window in places(x.shape[2:], **geometry):
        numbers = np.array([x[:, :, r, c] for _, (r, c) in window if inside((r, c), x.shape[2:])])
        np.testing.assert_array_equal(largest[..., a, b], numbers.max(axis=0))
        np.testing.assert_allclose(counted[..., a, b], numbers.sum(axis=0) / len(window), rtol=1e-14)
        np.testing.assert_allclose(uncounted[..., a, b], numbers.mean(axis=0), rtol=1e-14)


@pytest.mark.parametrize("layer", [
    nn.MaxPool2d(2, stride=1), nn.MaxPool2d(3, padding=1, dilation=(1, 2)), nn.AvgPool2d(2),
    nn.AvgPool2d((3, 2), stride=1, padding=1, count_include_pad=False)], ids=repr)
def test_pooling_can_be_differentiated_twice(layer):
    x = np.random.default_rng(0).permutation(60).reshape(2, 5, 6) / 20.0  # far from ties
    assert gradcheck(lambda x: np.sum(np.tanh(layer(x))), x, order=2)


def test_at_a_tie_the_gradient_goes_to_the_first_of_the_largest_as_in_pytorch():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).integers(3, size=(3, 2, 6, 6)).astype(float)
    x[0] = 0.0  # as images are behind a ReLU that lets nothing through
    for options in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 1, "padding": 1}):
        assert_as_pytorch(nn.MaxPool2d(**options), torch.nn.MaxPool2d(**options), x)
    value = tg.Value(np.zeros((1, 2, 2)))
    nn.MaxPool2d(2)(value).backward(np.array([[[3.0]]]))
    np.testing.assert_array_equal(value.grad, [[[3, 0], [0, 0]]])


def test_nan_is_the_largest_number_and_gets_the_gradient():
    x = tg.Value(np.array([[[1.0, np.nan], [np.inf, 2.0]]]))
    y = nn.MaxPool2d(2)(x)
    np.testing.assert_array_equal(y.data, [[[np.nan]]])
    y.backward(np.array([[[3.0]]]))
    np.testing.assert_array_equal(x.grad, [[[0, 3], [0, 0]]])


def test_pooling_of_plain_arrays_lists_and_whole_numbers_gives_plain_floats():
    for layer, expected in ((nn.MaxPool2d(2, padding=1), [[[1, 2], [3, 4]]]), (nn.AvgPool2d(2), [[[2.5]]])):
        y = layer([[[1, 2], [3, 4]]])
        assert type(y) is np.ndarray and y.dtype == np.float64
        np.testing.assert_array_equal(y, expected)


def test_pooling_of_no_images_gives_none():
    for layer in (nn.MaxPool2d(2), nn.AvgPool2d(2)):
        x = tg.Value(np.ones((0, 3, 4, 4)))
        y = layer(x)
        y.sum().backward()
        assert y.shape == (0, 3, 2, 2) and x.grad.shape == x.shape
