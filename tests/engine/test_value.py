"""`Value` as a thing to hold: its data, its operators and methods, how it looks, and what it refuses."""

import copy
import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.errors import (
    ArgumentError,
    DtypeError,
    IndexingError,
    LinalgError,
    OptionError,
    ShapeError,
    TinygradError,
)

numbers = st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3)


# ----- data -----

@pytest.mark.parametrize("data, kind, dtype", [
    (2, float, np.float64), (2.5, float, np.float64), (True, float, np.float64), (np.float64(2), float, np.float64),
    ([1, 2], np.ndarray, np.float64), (np.arange(3), np.ndarray, np.float64), ([True], np.ndarray, np.float64),
    (np.ones(2, np.float32), np.ndarray, np.float32), (np.ones((), np.float16), np.ndarray, np.float16),
])
def test_numbers_stay_python_floats_and_arrays_keep_their_floating_dtype(data, kind, dtype):
    v = tg.Value(data)
    assert (type(v.data), v.dtype, v.shape) == (kind, dtype, np.shape(data))
    assert (v.ndim, v.size) == (np.ndim(data), np.size(data))
    np.testing.assert_array_equal(v.data, data)


def test_an_array_is_not_copied():
    array = np.ones(3)
    assert tg.Value(array).data is array


@pytest.mark.parametrize("data", ["text", 1j, None, object(), np.array(["a"]), np.ones(2, complex), {}, [None]])
def test_what_cannot_be_differentiated_is_refused(data):
    with pytest.raises(DtypeError, match="only real numbers can"):
        tg.Value(data)


def test_other_bad_data():
    with pytest.raises(ShapeError):
        tg.Value([[1, 2], [3]])
    with pytest.raises(DtypeError, match="detach"):
        tg.Value(tg.Value(1.0))


def test_assigning_keeps_shape_and_dtype_or_changes_nothing():
    v = tg.Value(np.ones(2, np.float32))
    v.data = [3, 4]
    assert v.dtype == np.float32 and v.data.tolist() == [3, 4]
    for bad, error in [(np.ones(3), ShapeError), ("ab", DtypeError), (1j, DtypeError), (5.0, ShapeError)]:
        with pytest.raises(error):
            v.data = bad
        assert v.data.tolist() == [3, 4]
    number = tg.Value(1.0)
    number.data -= np.float64(0.25)
    assert type(number.data) is float and number.data == 0.75


def test_detach_numpy_item_float_and_int():
    v = tg.Value([2.5]) * 1
    assert v.detach().op is None and v.detach().data == v.data and v.detach().data is not v.data
    assert isinstance(v.numpy(), np.ndarray)
    assert (v.item(), float(v), int(v), math.sqrt(v * 10)) == (2.5, 2.5, 2, 5.0)
    with pytest.raises(ShapeError, match="it holds 2 numbers, not one"):
        tg.Value([1.0, 2.0]).item()


def test_len_iteration_and_truth():
    v = tg.Value([[1.0, 2.0], [3.0, 4.0]])
    first, second = v
    (first * second).sum().backward()
    np.testing.assert_array_equal(v.grad, [[3, 4], [1, 2]])
    assert len(v) == 2 and bool(tg.Value(1.0)) and not tg.Value(0.0)
    for use in (len, list):
        with pytest.raises(OptionError, match="single number"):
            use(tg.Value(1.0))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(v)


# ----- operators -----

BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]


@pytest.mark.parametrize("combine", BINARY)
@given(a=numbers.map(abs), b=st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3))
def test_operators_and_their_reflections_give_numpys_bits(combine, a, b):
    x, y = np.array([a]), np.array([b])
    with np.errstate(all="ignore"):
        for result, expected in [
            (combine(tg.Value(x), tg.Value(y)), combine(x, y)), (combine(tg.Value(x), y), combine(x, y)),
            (combine(x, tg.Value(y)), combine(x, y)), (combine(tg.Value(x), b), combine(x, b)),
            (combine(a, tg.Value(y)), combine(a, y)),
        ]:
            assert isinstance(result, tg.Value)
            np.testing.assert_array_equal(result.data, expected)


def test_the_examples_where_others_go_wrong():
    x = tg.Value(4.0)
    (2 / x).backward()
    assert x.grad == -0.125
    x = tg.Value(3.0)
    (2**x).backward()
    assert x.grad == pytest.approx(8 * math.log(2), rel=1e-15)  # d(2^x)/dx = 2^x ln 2
    x = tg.Value(0.0)
    (x**0).backward()
    assert x.grad == 0.0
    x = tg.Value([1.0, 2.0, 3.0])
    x[[0, 0, 1]].sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 1, 0])


@pytest.mark.parametrize("compute, expected", [
    (lambda x: x / 0.0, math.inf), (lambda x: 1 / (x - x), math.inf), (lambda x: -x / 0.0, -math.inf),
    (lambda x: x * 1e308 * 10, math.inf),
])
def test_python_numbers_give_infinities_as_numpy_does_and_no_exception(compute, expected):
    with np.errstate(all="ignore"):
        x = tg.Value(1.0)
        y = compute(x)
        assert y.data == expected and type(y.data) is float
        y.backward()
    assert type(x.grad) is float


def test_matrix_products_and_unary_operators():
    a, b = np.arange(6.0).reshape(2, 3), np.ones((3, 2))
    for result in (tg.Value(a) @ b, a @ tg.Value(b), tg.Value(a) @ tg.Value(b)):
        np.testing.assert_array_equal(result.data, a @ b)
    v = tg.Value([-1.0, 2.0])
    np.testing.assert_array_equal((-v).data, [1, -2])
    np.testing.assert_array_equal((+v).data, [-1, 2])
    np.testing.assert_array_equal(abs(v).data, [1, 2])


def test_comparisons_give_plain_booleans():
    v = tg.Value([1.0, 2.0, 3.0])
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        result = compare(v, 2.0)
        assert type(result) is np.ndarray and result.dtype == bool
        np.testing.assert_array_equal(result, compare(v.data, 2.0))
        np.testing.assert_array_equal(compare(2.0, v), compare(2.0, v.data))
        np.testing.assert_array_equal(compare(v, tg.Value([2.0, 2.0, 2.0])), compare(v.data, 2.0))
    assert (tg.Value(1.0) < 2.0) is True
    assert v.argmax() == 2 and v.argmin() == 0
    assert len({v, v, tg.Value(1.0)}) == 2, "a Value is hashed by what it is, not by its data"


def test_in_place_operators_make_a_new_value_and_leave_the_old_one():
    v = w = tg.Value([1.0, 2.0])
    v += 1
    v *= 2
    v -= 3
    v /= 2
    v **= 2
    assert v is not w
    np.testing.assert_array_equal(w.data, [1, 2])
    v.sum().backward()
    np.testing.assert_array_equal(w.grad, 2 * ((w.data + 1) * 2 - 3) / 2)  # d/dw ((2 (w+1) - 3)/2)²


def test_set_item_is_an_error_that_names_the_cure_and_setitem_is_it():
    v = tg.Value([1.0, 2.0])
    with pytest.raises(OptionError, match=r"v = tg.setitem\(v, i, x\)"):
        v[0] = 5.0
    w = tg.setitem(v, 0, 5.0)
    assert v.data.tolist() == [1, 2] and w.data.tolist() == [5, 2]
    (w * w).sum().backward()
    assert v.grad.tolist() == [0, 4]


METHODS = [
    ("sum", {}), ("sum", {"axis": 0, "keepdims": True}), ("mean", {"axis": 1}), ("var", {"ddof": 1}),
    ("std", {"axis": 0}), ("max", {}), ("min", {"axis": 1}), ("prod", {"axis": 0}), ("cumsum", {"axis": 1}),
    ("squeeze", {}), ("flatten", {}),
    ("reshape", (6,)), ("reshape", (3, 2)), ("reshape", ((3, 2),)), ("reshape", (3, -1)), ("transpose", ()),
    ("transpose", (1, 0)), ("transpose", ((1, 0),)), ("swapaxes", (0, 1)), ("clip", (0.5, 1.0)),
    ("astype", (np.float32,)), ("dot", (np.ones(3),)),
]


@pytest.mark.parametrize("name, arguments", METHODS)
def test_methods_are_those_of_an_array(name, arguments):
    array = np.random.default_rng(0).normal(size=(2, 3))
    args, options = ((), arguments) if isinstance(arguments, dict) else (arguments, {})
    v = tg.Value(array)
    result = getattr(v, name)(*args, **options)
    np.testing.assert_array_equal(result.data, getattr(array, name)(*args, **options))
    result.sum().backward()
    assert v.grad.shape == array.shape and v.grad.dtype == array.dtype


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "square", "expand_dims"])
def test_methods_that_are_functions_of_numpy(name):
    array = np.random.default_rng(0).uniform(0.5, 2, size=(2, 3))
    args = (1,) if name == "expand_dims" else ()
    np.testing.assert_array_equal(getattr(tg.Value(array), name)(*args).data, getattr(np, name)(array, *args))
    np.testing.assert_array_equal(tg.Value(array).T.data, array.T)


# ----- how it looks -----

def test_a_repr_that_shows_data_and_gradient_shortly():
    x = tg.Value(0.1 + 0.2, name="x")
    assert repr(x) == "Value(0.3, name='x')"
    (x * 2).backward()
    assert repr(x) == "Value(0.3, grad=2, name='x')"
    v = tg.Value(np.zeros((100, 100), np.float32))
    assert "shape=(100, 100)" in repr(v) and "dtype=float32" in repr(v) and len(repr(v)) < 200
    assert repr(tg.Value([])) == "Value([])"


# ----- errors name the op, the shapes and the cure, and nothing changes -----

A, B = np.ones((2, 3)), np.ones((4, 5))


@pytest.mark.parametrize("compute, error, words", [
    (lambda: tg.Value(A) + B, ShapeError, [r"add of a \(2, 3\), b \(4, 5\)"]),
    (lambda: tg.Value(A) @ B, ShapeError, [r"matmul of a \(2, 3\), b \(4, 5\)"]),
    (lambda: tg.Value(A).reshape(7), ShapeError, [r"reshape of x \(2, 3\) with shape=7"]),
    (lambda: tg.Value(A).sum(axis=2), ArgumentError, [r"sum of x \(2, 3\) with axis=2", "out of bounds"]),
    (lambda: tg.Value(A).sum(axis=math.nan), TinygradError, ["sum of x", "axis=nan"]),
    (lambda: tg.Value(A)[5], IndexingError, [r"getitem of x \(2, 3\)", "out of bounds"]),
    (lambda: tg.Value(A)["a"], IndexingError, [r"getitem of x \(2, 3\)"]),
    (lambda: tg.Value(A) + "a", DtypeError, ["add needs real numbers, not str"]),
    (lambda: tg.Value(A) * 1j, DtypeError, ["multiply needs real numbers, not complex"]),
    (lambda: tg.Value(A) * object(), DtypeError, ["multiply needs real numbers"]),
    (lambda: "a" + tg.Value(A), DtypeError, ["add needs real numbers"]),
    (lambda: tg.Value([]).max(), ShapeError, [r"max of x \(0,\)"]),
    (lambda: np.linalg.inv(tg.Value(np.zeros((2, 2)))), LinalgError, [r"inv of x \(2, 2\)", "Singular"]),
    (lambda: np.linalg.cholesky(tg.Value(-np.eye(2))), LinalgError, [r"cholesky of x \(2, 2\)"]),
    (lambda: tg.Value(A).sum(axes=0), TypeError, ["axes"]),
    (lambda: tg.sum(tg.Value(A), colour=1), OptionError, ["sum was called", "colour", r"sum\(x, \*, axis"]),
    (lambda: tg.add(tg.Value(A)), OptionError, ["add was called", "'b'"]),
    (lambda: tg.tanh(), OptionError, ["tanh was called", "'x'"]),
    (lambda: tg.sum(tg.Value(A), axis=tg.Value(1.0)), OptionError, ["axis must be plain, not a Value"]),
    (lambda: np.asarray(tg.Value(A)), OptionError, [r"v.numpy\(\)"]),
])
def test_errors(compute, error, words):
    with pytest.raises(error) as caught:
        compute()
    for word in words:
        assert caught.match(word)


def test_a_deep_copy_is_a_leaf_of_its_own():
    model = tg.nn.MLP([2, 3, 1], rng=0)
    best = copy.deepcopy(model)
    tg.optim.SGD(model.parameters(), lr=1.0)
    for p, q in zip(model.parameters(), best.parameters(), strict=True):
        p.data[...] = 7.0
        assert not np.any(q.data == 7.0)
    best(np.ones((1, 2))).sum().backward()
    assert all(p.grad is None for p in model.parameters())
    assert all(q.grad is not None for q in best.parameters())


def test_a_value_is_formatted_and_rounded_as_its_number():
    loss = tg.Value(0.123456)
    assert f"{loss:.3f}" == "0.123" and f"{loss}" == "Value(0.123456)"
    assert round(loss, 2).data == 0.12
    with pytest.raises(TypeError):
        f"{tg.Value([1.0, 2.0]):.3f}"


def test_assigning_a_value_to_data_says_how_to_do_it():
    w = tg.Value([1.0, 2.0], name="w")
    with pytest.raises(OptionError, match=r"w.data = w.data - 0.1 \* w.grad"):
        w.data = w - 0.1
    with pytest.raises(OptionError, match="name of a Value must be a string"):
        tg.Value(1.0, 2)
