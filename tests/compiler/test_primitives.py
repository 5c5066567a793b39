"""Every primitive, compiled: the table of the gradient tests, its values and gradients, against eager ones."""

from dataclasses import replace

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.engine.cases import CASES
from tests.engine.test_primitives import ELEMENTWISE, FORMS, cotangent, options_of, variables
from tinygrad_edu.engine.apply import apply

OPAQUE = {"erf", "gelu", "normal_cdf"}
"""What is one call of a function of the library: SciPy's error function takes plain arrays only."""

KEPT_AS_FUNCTIONS = {"getitem", "take"}
"""What has rules that are one call in some forms, as an index that is an array repeats places or does not."""

each_case = pytest.mark.parametrize("case", CASES, ids=str)


def function(case, arrays):
    """(what is traced, its arguments): y and its gradients for inputs that are arrays; constants stay as they are."""
    wanted = variables(case, arrays)
    v = cotangent(case, arrays)

    def f(*xs, v=v):
        inputs = list(arrays)
        for i, x in zip(wanted, xs, strict=True):
            inputs[i] = tg.Value(x)
        y = apply(tg.Value, tg.OPS[case.op], tuple(inputs), options_of(case))
        y.backward(v)
        return [y, *(inputs[i].grad for i in wanted)]

    return f, [np.asarray(arrays[i]) for i in wanted]


def assert_compiled_is_eager(case, arrays, tolerance):
    f, xs = function(case, arrays)
    compiled = tg.compile(f)
    for _ in range(3):
        kept = [x.copy() for x in xs]
        expected, found = f(*xs), compiled(*xs)
        for x, old in zip(xs, kept, strict=True):
            np.testing.assert_array_equal(x, old)
        y, x = found[0].data, expected[0].data
        assert (np.shape(y), found[0].dtype) == (np.shape(x), expected[0].dtype)
        np.testing.assert_allclose(y, x, rtol=tolerance, atol=tolerance)
        for g, expected_g in zip(found[1:], expected[1:], strict=True):
            assert (np.shape(g), np.asarray(g).dtype) == (np.shape(expected_g), np.asarray(expected_g).dtype)
            np.testing.assert_allclose(g, expected_g, rtol=tolerance, atol=tolerance)
    assert compiled._traced == 1
    return compiled


@each_case
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_and_gradients(case, dtype):
    compiled = assert_compiled_is_eager(case, case.inputs(dtype), 50 * np.finfo(dtype).eps)
    opaque = {name.partition("_rule")[0].rstrip("_0123456789") for name in compiled._latest.text.functions}
    assert opaque <= OPAQUE, f"{opaque} became a call of a function of the library"


@pytest.mark.parametrize("case", ELEMENTWISE, ids=str)
def test_single_numbers_and_arrays_of_size_0_and_1(case):
    for shapes in FORMS[len(case.shapes)]:
        here = replace(case, shapes=shapes)
        assert_compiled_is_eager(here, here.inputs(), 1e-13)


@pytest.mark.parametrize("case", [case for case in CASES if case.smooth], ids=str)
def test_the_gradient_of_a_gradient(case):
    """Σ v·g for g, the gradient of Σ w·y by the first input that has one, and the gradient of that."""
    arrays = case.inputs()
    i = variables(case, arrays)[0]
    w = cotangent(case, arrays)
    v = case.rng("second").uniform(0.5, 2.0, np.shape(arrays[i]))

    def y(x):
        inputs = [*arrays[:i], x, *arrays[i + 1:]]
        return (w * apply(tg.Value, tg.OPS[case.op], tuple(inputs), options_of(case))).sum()

    second = tg.grad(lambda x: (v * tg.grad(y)(x)).sum())
    if not isinstance(arrays[i], np.ndarray):
        pytest.skip("a number")
    compiled = tg.compile(second)
    expected = second(arrays[i])
    for _ in range(2):
        np.testing.assert_allclose(compiled(arrays[i]), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("order", ["F", "reversed", "a part"])
def test_arguments_in_any_order_in_memory(order):
    rng = np.random.default_rng(0)
    x = {"F": np.asfortranarray(rng.normal(size=(4, 3))), "reversed": rng.normal(size=(4, 3))[::-1, ::-1],
         "a part": rng.normal(size=(8, 6))[::2, 1:4]}[order]

    def f(x):
        v = tg.Value(x)
        y = np.tanh(v.reshape(3, 4) @ v).sum(axis=0).reshape(3, 1) * v.T.reshape(-1, 12)
        y.backward(np.ones(y.shape))
        return y.data, v.grad

    compiled = tg.compile(f)
    for argument in (x, np.ascontiguousarray(x), x):
        for found, expected in zip(compiled(argument), f(argument), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_inputs_of_the_table_are_not_frozen():
    """Other numbers of the same shape give another result."""
    def f(x):
        v = tg.Value(x)
        y = np.exp(v).sum()
        y.backward()
        return y, v.grad

    compiled = tg.compile(f)
    compiled(np.zeros(3))
    y, g = compiled(np.ones(3))
    assert y.item() == pytest.approx(3 * np.e)
    np.testing.assert_allclose(g, np.full(3, np.e))
