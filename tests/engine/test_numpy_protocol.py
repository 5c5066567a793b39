"""NumPy's functions on Values: each builds the graph, gives a plain result, or says that it cannot."""

import math
import operator

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.engine.cases import CASES
from tinygrad_edu.engine import ops
from tinygrad_edu.engine.numpy_protocol import TABLE, WITHOUT_GRADIENT
from tinygrad_edu.errors import GradientRuleError, OptionError

rng = np.random.default_rng(0)
A, B, S, v3 = (rng.normal(size=shape) for shape in ((2, 3), (2, 3), (3, 3), 3))
for constant in (A, B, S, v3):
    constant.setflags(write=False)


def dispatching():
    """Every public function of NumPy that asks its arguments before it makes arrays of them, by name."""
    for place in (np, np.linalg, np.fft):
        for name in dir(place):
            function = getattr(place, name)
            asks = isinstance(function, np.ufunc) or hasattr(function, "_implementation")
            if asks and not name.startswith("_"):
                yield f"{place.__name__}.{name}".replace("numpy", "np"), function


def names_of(function):
    """NumPy knows some by two names: np.bitwise_not is np.invert."""
    return [name for name, other in dispatching() if other is function]


def leaves(y):
    """What a result holds: the items of tuples and lists, in one row."""
    return [leaf for x in y for leaf in leaves(x)] if isinstance(y, tuple | list) else [y]


def test_the_functions_that_numpy_has_were_found():
    names = {name for name, _ in dispatching()}
    assert {"np.exp", "np.sum", "np.where", "np.einsum", "np.linalg.svd", "np.fft.fft"} <= names
    assert len(names) > 300


# ----- functions without a gradient rule -----

WITHOUT_RULE = dict.fromkeys(f for _, f in dispatching() if f not in TABLE and f not in WITHOUT_GRADIENT)


@pytest.mark.parametrize("function", WITHOUT_RULE, ids=lambda function: names_of(function)[0])
def test_a_function_without_a_rule_is_refused_by_name(function):
    v = tg.Value(v3)
    with pytest.raises(GradientRuleError) as error:
        if isinstance(function, np.ufunc):
            v.__array_ufunc__(function, "__call__", *[v] * function.nin)
        else:
            v.__array_function__(function, (tg.Value,), (v,), {})
    assert str(error.value).startswith(tuple(f"{name} has no gradient rule" for name in names_of(function)))


@pytest.mark.parametrize("call", [
    lambda v, m: np.median(v), lambda v, m: np.interp(0.5, m[0], v), lambda v, m: np.linalg.svd(m),
    lambda v, m: np.linalg.trace(m), lambda v, m: np.fft.fft(v), lambda v, m: np.heaviside(v, 0.5),
    lambda v, m: np.select([v > 0], [v]), lambda v, m: np.histogram(v), lambda v, m: np.unique(v),
    lambda v, m: np.linalg.cond(m), lambda v, m: np.copyto(np.ones(3), v), lambda v, m: np.linspace(0, v),
])
def test_numpy_asks_the_value_first(call):
    with pytest.raises(GradientRuleError):
        call(tg.Value(v3), tg.Value(A @ A.T))


# ----- functions whose result has no gradient -----

@pytest.mark.parametrize("function", WITHOUT_GRADIENT, ids=lambda function: names_of(function)[0])
def test_a_result_that_can_have_no_gradient_is_numpys_own(function):
    compared = 0
    for args in [(v3,), (A,), (S,), (v3, v3), (v3, A), (v3, 1), (v3, [0.0, 1.0]), (v3, float), ("ij->j", A),
                 ([v3, v3],)]:
        try:
            expected = function(*args)
        except (TypeError, ValueError, AttributeError, IndexError):  # no call of this function
            continue
        y = function(*(tg.Value(x) if isinstance(x, np.ndarray) else x for x in args))
        compared += 1
        if function is np.empty_like:
            assert y.shape == expected.shape
        elif function not in (np.may_share_memory, np.shares_memory):
            np.testing.assert_equal(y, expected)
        assert not any(isinstance(leaf, tg.Value) for leaf in leaves(y))
    assert compared, "no form of arguments fits: add one"


# ----- functions that are an op -----

OPS_OF_NUMPY = {case.op: case for case in reversed(CASES) if hasattr(np, case.op)
                and case.op not in ("astype", "einsum", "reshape")}  # NumPy takes their options by place only


@pytest.mark.parametrize("case", OPS_OF_NUMPY.values(), ids=str)
def test_a_function_with_an_op_runs_as_the_op(case):
    op, arrays = tg.OPS[case.op], case.inputs()
    inputs = [x if i in case.constant else tg.Value(x) for i, x in enumerate(arrays)]
    y = getattr(np, case.op)(*([inputs] if op.variadic else inputs), **case.options)
    assert isinstance(y, tg.Value)
    assert y.op is op
    np.testing.assert_array_equal(y.data, case.reference(*arrays, **case.options))


# ----- operators of arrays and of NumPy's numbers -----

@pytest.mark.parametrize("function", [operator.add, operator.sub, operator.mul, operator.truediv,
                                      operator.pow, operator.mod, operator.floordiv, operator.matmul])
def test_an_array_leaves_its_operators_to_the_value(function):
    array, value = np.array([1.0, 2.0, 3.0]), tg.Value([4.0, 5.0, 7.0])
    y = function(array, value)
    assert isinstance(y, tg.Value)
    assert y.op is function(value, array).op
    np.testing.assert_array_equal(y.data, function(array, value.data))


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2), np.bool_(True)], ids=repr)
def test_so_do_numpys_numbers(number):
    value = tg.Value([4.0, 5.0])
    for y in (number * value, number - value, number / value):
        assert isinstance(y, tg.Value)
    (number * value).sum().backward()
    np.testing.assert_array_equal(value.grad, np.full(2, float(number)))


def test_comparisons_are_plain():
    value = tg.Value([1.0, 2.0, 3.0])
    for y in (np.full(3, 2.0) < value, np.greater(value, 2), np.isfinite(value), np.logical_not(value)):
        assert type(y) is np.ndarray
        assert y.dtype == bool


# ----- options -----

@pytest.mark.parametrize(("call", "expected"), [
    (lambda v: np.sum(v, 0, None, None, True), np.sum(A, 0, keepdims=True)),
    (lambda v: np.max(v, 1, None, True), np.max(A, 1, keepdims=True)),
    (lambda v: np.var(v, 1, None, None, 1), np.var(A, 1, ddof=1)),
    (lambda v: np.take(v, [7], 1, None, "wrap"), A[:, [1]]),
    (lambda v: np.clip(v, None, 0.1), np.clip(A, None, 0.1)),
    (lambda v: np.trace(v, 1, 0, 1, None, None), np.trace(A, 1)),
    (lambda v: np.reshape(v, (3, 2), order="C"), A.reshape(3, 2)),
    (lambda v: np.reshape(v, (3, 2), "C"), A.reshape(3, 2)),
    (lambda v: np.concatenate([v, v], 1, dtype=None), np.concatenate([A, A], 1)),
    (lambda v: np.linalg.norm(x=v, axis=1, keepdims=True), np.linalg.norm(A, axis=1, keepdims=True)),
    (lambda v: np.add.reduce(v, 1, None, None, True), A.sum(1, keepdims=True)),
    (lambda v: np.sum(a=v), A.sum()),
    (lambda v: np.pad(v, 1, "constant", constant_values=2.0), np.pad(A, 1, constant_values=2.0)),
    (lambda v: np.einsum("ij->j", v, optimize=True), A.sum(0)),
])
def test_options_are_numpys_by_place_and_by_name_and_its_defaults_may_be_said(call, expected):
    np.testing.assert_array_equal(call(tg.Value(A)).data, expected)


@pytest.mark.parametrize(("call", "name"), [
    (lambda v: np.sum(v, 0, np.float32), "np.sum.*dtype"),
    (lambda v: np.sum(v, initial=1.0), "np.sum.*initial"),
    (lambda v: np.mean(v, where=A > 0), "np.mean.*where"),
    (lambda v: np.add(v, v, where=A > 0), "np.add.*where"),
    (lambda v: np.add(v, v, dtype=np.float32), "np.add.*dtype"),
    (lambda v: np.add.reduce(v, initial=1.0), "np.add.*initial"),
    (lambda v: np.exp(v, out=np.zeros((2, 3))), r"np.exp.*out="),
    (lambda v: np.exp(A, out=v), r"np.exp.*out="),
    (lambda v: np.dot(v, v.T, out=np.zeros((2, 2))), r"np.dot.*out="),
    (lambda v: np.concatenate([v, v], out=np.zeros((4, 3))), r"np.concatenate.*out="),
    (lambda v: np.reshape(v, (3, 2), order="F"), "np.reshape.*order"),
    (lambda v: np.average(v, returned=True), "np.average.*returned"),
    (lambda v: np.diff(v, prepend=0.0), "np.diff.*prepend"),
    (lambda v: np.pad(v, 1, reflect_type="odd"), "np.pad.*reflect_type"),
    (lambda v: np.einsum("ij->", v, dtype=np.float32), "np.einsum.*dtype"),
    (lambda v: np.where(v), "where"),
    (lambda v: np.sum(v, axis=v), "axis"),
])
def test_an_option_without_a_rule_is_refused_by_name(call, name):
    with pytest.raises(OptionError, match=name):
        call(tg.Value(A))


# ----- ways to lose a gradient -----

@pytest.mark.parametrize("call", [
    np.array, np.asarray, np.ascontiguousarray, np.frombuffer, np.float64, np.vectorize(math.sin),
    lambda v: np.asarray([v, v]), lambda v: np.array([v[0], 1.0]), lambda v: np.array([v[0], v[1]], float),
    lambda v: np.asarray(v, dtype=object), lambda v: np.sum([v[0], v[1]]), lambda v: np.full(3, v),
    lambda v: np.random.default_rng(0).normal(v), lambda v: np.ones(3).dot(v), lambda v: np.arange(3)[v],
    lambda v: np.copyto(np.ones(3), v), lambda v: np.put(np.ones(3), [0], v),
    lambda v: np.add.at(np.ones(3), [0], v),
])
def test_it_takes_a_word_to_lose_a_gradient(call):
    with pytest.raises(TypeError):
        call(tg.Value([1.0, 2.0, 3.0]))


def test_an_array_is_not_changed_in_place_by_a_value():
    array, value = np.ones(3), tg.Value([1.0, 2.0, 3.0])
    with pytest.raises(OptionError, match=r"a = a \+ v"):
        array += value
    with pytest.raises(OptionError, match="gradient"):
        array[:] = value
    np.testing.assert_array_equal(array, np.ones(3))


@pytest.mark.parametrize("call", [lambda v: np.isnan(A, out=v), lambda v: np.argmax(A, 1, out=v),
                                  lambda v: np.add(A, A, out=v), lambda v: np.sum(A, out=v)])
def test_numpy_does_not_write_into_a_value(call):
    value = tg.Value(B)
    with pytest.raises(OptionError, match="out="):
        call(value)
    np.testing.assert_array_equal(value.data, B)


def test_float_and_its_like_are_the_word_for_a_plain_number():
    value = tg.Value(0.5)
    assert type(float(value)) is float
    assert math.sin(value) == math.sin(0.5)
    assert f"{float(value):.2f}" == "0.50"
    array = np.zeros(2)
    array[0] = value  # an element of an array of floats is float(value)
    assert array[0] == 0.5
    with pytest.raises(tg.errors.ShapeError):
        float(tg.Value([1.0, 2.0]))


def test_a_ufunc_of_another_library_is_named():
    special = pytest.importorskip("scipy.special")
    with pytest.raises(GradientRuleError, match="gammaln has no gradient rule"):
        special.gammaln(tg.Value(2.0))


@pytest.mark.parametrize(("name", "call"), [
    ("np.add.at", lambda v: np.add.at(v, [0], 1.0)), ("np.add.reduceat", lambda v: np.add.reduceat(v, [0])),
    ("np.divide.reduce", np.divide.reduce), ("np.maximum.accumulate", np.maximum.accumulate),
    ("np.greater.outer", lambda v: np.greater.outer(v, v)),
])
def test_a_method_of_a_ufunc_without_a_rule_is_named(name, call):
    with pytest.raises(GradientRuleError, match=f"{name} has no gradient rule"):
        call(tg.Value(v3))


@pytest.mark.parametrize("name", [name for name in ops.__all__ if hasattr(np, name)])
def test_what_has_numpys_name_is_reached_by_it(name):
    if name != "clip":  # whose limits have two names in NumPy
        assert TABLE[getattr(np, name)] is getattr(ops, name)
