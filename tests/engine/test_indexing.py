"""Indexing: every index that NumPy takes, read and written, and what a wrong one is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, basic_indices, integer_array_indices

import tinygrad_edu as tg
from tests.engine.differences import numerical_gradient
from tinygrad_edu.errors import IndexingError, OptionError, ShapeError

MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, False, False]])
KINDS = {
    "an integer": 1,
    "a negative integer": -1,
    "a NumPy integer": np.int64(2),
    "integers": (0, -2),
    "a slice": slice(1, None),
    "a step": (slice(None), slice(None, None, 2)),
    "a step backwards": slice(None, None, -1),
    "an empty slice": slice(2, 1),
    "an ellipsis": (..., 1),
    "new axes": (None, slice(None), None, 0),
    "nothing": (),
    "a list": [2, 0],
    "a list with repeats": [1, 1, -2],
    "an empty list": [],
    "a nested list": [[0, 1], [2, 2]],
    "an array with repeats": np.array([2, 2, 0]),
    "two arrays": (np.array([0, 2, 0]), np.array([1, 1, 1])),
    "arrays that broadcast": (np.array([[0], [2]]), np.array([1, 3, 1])),
    "an array and a slice": (slice(1), [3, 3, 0]),
    "an array and an integer": ([2, 0, 2], 1),
    "arrays apart": (np.array([0, 1]), None, np.array([2, 2])),
    "an array of small integers": np.array([1, 0, 1], np.uint8),
    "a mask": MASK,
    "a mask of rows": np.array([True, False, True]),
    "a list of truths": [False, True, True],
    "a mask and a slice": (np.array([True, False, True]), slice(1, 3)),
    "a mask and an array": (np.array([True, False, True]), [3, 3]),
    "no truth at all": np.zeros((3, 4), bool),
    "one truth": True,
}
each_kind = pytest.mark.parametrize("index", KINDS.values(), ids=list(KINDS))


@st.composite
def shapes_and_indices(draw):
    """(shape, index): slices and integers, integer arrays, masks, and tuples that mix them."""
    shape = draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    kind = draw(st.sampled_from(["basic", "integers", "mask", "mixed"]))
    if kind == "basic":
        return shape, draw(basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    if kind == "integers":
        result_shape = array_shapes(max_dims=2, max_side=3)
        return shape, draw(integer_array_indices(shape, result_shape=result_shape))
    if kind == "mask":
        return shape, draw(arrays(bool, shape[:draw(st.integers(1, len(shape)))]))
    n = draw(st.integers(1, 3))
    places = [st.integers(-k, k - 1) for k in shape]
    per_axis = [one | st.slices(k) | st.lists(one, min_size=n, max_size=n)
                for one, k in zip(places, shape, strict=True)]
    index = tuple(draw(part) for part in per_axis[:draw(st.integers(1, len(shape)))])
    return shape, draw(st.sampled_from([index, (None, *index), (*index, ...)]))


def check_reading(shape, index, dtype=np.float64):
    """x[index] and its gradient, in arrays and as a graph."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, shape).astype(dtype)
    value, v = tg.Value(x), rng.uniform(-2, 2, np.shape(x[index])).astype(dtype)
    y = value[index]
    np.testing.assert_array_equal(y.data, x[index])
    y.backward(v)
    expected = numerical_gradient(lambda x: x[index], [x], 0, v)
    np.testing.assert_allclose(value.grad, expected, rtol=1e-12 if dtype == np.float64 else 1e-5, atol=1e-12)
    assert value.grad.dtype == dtype
    return x, v


def check_writing(shape, index):
    """setitem(x, index, value), which is linear in x and value together."""
    rng = np.random.default_rng(0)
    x, value = rng.uniform(-2, 2, shape), rng.uniform(-2, 2, np.zeros(shape)[index].shape)

    def written(x, value):
        y = x.copy()
        y[index] = value
        return y

    values, v = [tg.Value(x), tg.Value(value)], rng.uniform(-2, 2, shape)
    y = tg.setitem(values[0], index, values[1])
    np.testing.assert_array_equal(y.data, written(x, value))
    np.testing.assert_array_equal(values[0].data, x)
    y.backward(v)
    for i in range(2):
        np.testing.assert_allclose(values[i].grad, numerical_gradient(written, [x, value], i, v), rtol=1e-12,
                                   atol=1e-12)


@given(shapes_and_indices())
@settings(max_examples=200, deadline=None)
def test_reading_at_any_index(shape_and_index):
    check_reading(*shape_and_index)


@given(shapes_and_indices())
@settings(max_examples=100, deadline=None)
def test_writing_at_any_index(shape_and_index):
    check_writing(*shape_and_index)


@each_kind
def test_every_kind_of_index_reads(index):
    check_reading((3, 4), index)
    check_reading((3, 4), index, np.float32)


@each_kind
def test_every_kind_of_index_writes(index):
    check_writing((3, 4), index)


@each_kind
def test_reading_has_a_second_derivative(index):
    x = np.random.default_rng(1).uniform(0.5, 2.0, (3, 4))
    found = tg.grad(lambda x: (tg.grad(lambda x: (x[index] ** 3).sum())(x) * x).sum())(x)
    counts = numerical_gradient(lambda x: x[index], [x], 0, 1.0)  # how often each element is read
    np.testing.assert_allclose(found, 9 * counts * x**2, rtol=1e-12)  # (3 n x²·x)' = 9 n x²


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_arrays_without_elements(shape):
    check_reading(shape, slice(None))
    check_reading(shape, np.zeros(shape, bool))
    check_writing(shape, ...)


def test_one_number_written_to_many_places_gets_the_sum():
    x, value = tg.Value(np.zeros((2, 3))), tg.Value(5.0)
    tg.setitem(x, (slice(None), [0, 2]), value).backward(np.arange(6.0).reshape(2, 3))
    assert value.grad == 0 + 2 + 3 + 5
    np.testing.assert_array_equal(x.grad, [[0, 1, 0], [0, 4, 0]])


def test_where_an_index_repeats_the_last_value_stays_and_has_the_gradient():
    value = tg.Value([1.0, 2.0, 3.0])
    y = tg.setitem(np.zeros(2), [0, 0, 1], value)
    y.backward([10.0, 100.0])
    np.testing.assert_array_equal(y.data, [2.0, 3.0])
    np.testing.assert_array_equal(value.grad, [0.0, 10.0, 100.0])


def test_whole_numbers_take_a_fraction():
    y = tg.setitem(np.array([1, 2]), 0, tg.Value(0.5))
    np.testing.assert_array_equal(y.data, [0.5, 2.0])


def test_float32_stays_float32():
    x = tg.Value(np.ones(3, np.float32))
    assert tg.setitem(x, 0, 2.0).dtype == np.float32
    assert tg.scatter_add(x, index=[0, 0, 1], shape=(2,)).dtype == np.float32


def test_scatter_add_is_the_adjoint_of_reading():
    rng = np.random.default_rng(2)
    x, g, index = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), [3, 0, 3, 3, 1]
    np.testing.assert_allclose(np.sum(x[index] * g), np.sum(x * tg.scatter_add(g, index=index, shape=(4, 3))))


# ----- what a wrong index is told -----

@pytest.mark.parametrize("index", [3, -4, (0, 4), [0, 3], np.array([5]), (0, 1, 2)], ids=str)
def test_an_index_outside_names_the_shape(index):
    with pytest.raises(IndexingError, match=r"getitem of x \(3, 4\)"):
        tg.Value(np.ones((3, 4)))[index]
    with pytest.raises(IndexingError, match=r"setitem of x \(3, 4\)"):
        tg.setitem(tg.Value(np.ones((3, 4))), index, 0.0)


@pytest.mark.parametrize("index", [1.0, "a", np.array([0.5]), np.ones((2, 4), bool)], ids=str)
def test_an_index_of_another_kind_is_refused(index):
    with pytest.raises(IndexingError, match="getitem"):
        tg.Value(np.ones((3, 4)))[index]


@pytest.mark.parametrize("index", [tg.Value(1.0), (tg.Value(1.0), 0), [tg.Value(1.0)]], ids=repr)
def test_a_value_is_no_index(index):
    with pytest.raises(OptionError, match="gradient"):
        tg.Value(np.ones((3, 4)))[index]


def test_a_comparison_is_an_index():
    x = tg.Value([1.0, -2.0, 3.0])
    x[x > 0].sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 0.0, 1.0])


def test_writing_a_shape_that_does_not_fit_names_both():
    with pytest.raises(ShapeError, match=r"setitem of x \(3, 4\), value \(5,\)"):
        tg.setitem(tg.Value(np.ones((3, 4))), 0, np.ones(5))


def test_an_assignment_is_an_error_and_changes_nothing():
    x = tg.Value([1.0, 2.0])
    with pytest.raises(OptionError, match="setitem"):
        x[0] = 5.0
    np.testing.assert_array_equal(x.data, [1.0, 2.0])
