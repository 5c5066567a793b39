"""The table, driven: each primitive against its reference, differences, complex steps, and PyTorch."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import tinygrad_edu as tg
from tests.engine.cases import CASES, activations, arithmetic, elementwise, normal, rectifiers
from tests.engine.cases.case import Case
from tinygrad_edu.engine.apply import apply
from tinygrad_edu.engine.backpropagation import pull_back
from tinygrad_edu.engine.graph import ancestors

ELEMENTWISE = [case for module in (arithmetic, elementwise, normal, activations, rectifiers) for case in module.CASES
               if case.op not in ("softmax", "log_softmax", "logsumexp")]
FORMS = {1: [((),), ((1,),), ((0,),), ((2, 0),), ((1, 1),)],
         2: [((3, 1), (4,)), ((), (2, 3)), ((1, 3), (2, 1, 3)), ((), ()), ((0, 1), (3,)), ((1,), (1, 1))],
         3: [((3, 1), (4,), (3, 4)), ((2, 3), (), (1,)), ((), (), ()), ((0, 2), (2,), (1,))]}
PYTORCHS = {("approximate", True): ("approximate", "tanh"), ("slope", 0.3): ("negative_slope", 0.3)}  # options

each_case = pytest.mark.parametrize("case", CASES, ids=str)
each_smooth_case = pytest.mark.parametrize("case", [case for case in CASES if case.smooth], ids=str)
each_elementwise_case = pytest.mark.parametrize("case", ELEMENTWISE, ids=str)
each_case_of_two_alike = pytest.mark.parametrize("case", [
    case for case in CASES if len(case.shapes) == 2 and case.shapes[0] == case.shapes[1]
    and np.ndim(case.domain) == 1 and not case.constant], ids=str)


# ----- running a row -----

def options_of(case):
    return {**tg.OPS[case.op].defaults, **case.options}


def forward(case, arrays):
    return tg.OPS[case.op].forward(*arrays, **options_of(case))


def variables(case, arrays):
    """The numbers of the inputs that have a gradient; every other input must be a constant of the row."""
    op = tg.OPS[case.op]
    assert op.variadic or all(rule is not None or i in case.constant for i, rule in enumerate(op.rules[:len(arrays)]))
    return [i for i in range(len(arrays)) if i not in case.constant]


def on_values(case, arrays):
    """(inputs, y): the op run on Values of these arrays, constants left as they are."""
    wanted = variables(case, arrays)
    inputs = [tg.Value(x) if i in wanted else x for i, x in enumerate(arrays)]
    return inputs, apply(tg.Value, tg.OPS[case.op], tuple(inputs), options_of(case))


def gradients(case, arrays, v):
    """The gradient of Σ v·y by each variable, by backward()."""
    inputs, y = on_values(case, arrays)
    y.backward(v)
    return [inputs[i].grad for i in variables(case, arrays)]


def cotangent(case, arrays):
    """Random numbers in the shape and dtype of y: with a plain sum many a wrong rule would look right."""
    y, rng = np.asarray(forward(case, arrays)), case.rng("cotangent")
    return np.asarray(rng.uniform(0.5, 2.0, y.shape) * rng.choice([-1, 1], y.shape), y.dtype)


def central_difference(function, arrays, i):
    """The derivative of a number by each element of arrays[i]; its error is about 1e-10."""
    slope = np.empty(arrays[i].shape)
    for k in np.ndindex(slope.shape):
        h = 1e-5 * max(1.0, abs(arrays[i][k]))
        ahead, behind = (arrays[i].copy() for _ in range(2))
        ahead[k] += h
        behind[k] -= h
        above, below = (function([*arrays[:i], x, *arrays[i + 1:]]) for x in (ahead, behind))
        slope[k] = (above - below) / (ahead[k] - behind[k])
    return slope


def complex_step(function, arrays, i):
    """The same as Im f(x + ih)/h, exact to rounding; None where f does not take complex numbers."""
    slope = np.empty(arrays[i].shape)
    for k in np.ndindex(slope.shape):
        x = arrays[i].astype(complex)
        x[k] += 1e-30j
        try:
            y = function([*arrays[:i], x, *arrays[i + 1:]])
        except TypeError:
            return None
        if not np.iscomplexobj(y):
            return None
        slope[k] = np.imag(y) / 1e-30
    return slope


def assert_like(gradient, x):
    """A gradient has the shape and dtype of its input."""
    assert np.shape(gradient) == np.shape(x)
    assert np.asarray(gradient).dtype == np.asarray(x).dtype


# ----- values -----

@pytest.mark.parametrize("name", tg.OPS)
def test_every_primitive_has_a_row(name):
    assert name in {case.op for case in CASES}, f"tests/engine/cases has no row for {name}"


@each_case
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_value_is_the_references(case, dtype):
    arrays = case.inputs(dtype)
    y, expected = forward(case, arrays), case.reference(*arrays, **case.options)
    assert np.asarray(y).dtype == case.options.get("dtype", dtype)
    assert np.shape(y) == np.shape(expected)
    if hasattr(np, case.op) or hasattr(np.linalg, case.op):
        np.testing.assert_array_equal(y, expected)
    else:
        tolerance = 20 * np.finfo(dtype).eps
        np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)


@each_case
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_on_values_it_computes_the_same_and_leaves_its_inputs_alone(case, dtype):
    arrays = case.inputs(dtype)
    before = [np.copy(x) for x in arrays]
    _, y = on_values(case, arrays)
    y.backward(cotangent(case, arrays))
    np.testing.assert_array_equal(y.data, forward(case, arrays))
    assert y.dtype == case.options.get("dtype", dtype)
    for x, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(x, old)


# ----- gradients -----

@each_case
def test_the_gradient_is_the_central_difference_and_the_complex_step(case):
    arrays = list(case.inputs())
    v = cotangent(case, arrays)

    def J(xs):
        return np.sum(v * forward(case, xs))

    for i, gradient in zip(variables(case, arrays), gradients(case, arrays, v), strict=True):
        assert_like(gradient, arrays[i])
        np.testing.assert_allclose(gradient, central_difference(J, arrays, i), rtol=1e-6, atol=1e-7)
        if case.holomorphic and (expected := complex_step(J, arrays, i)) is not None:
            np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


@each_case
def test_the_gradient_in_float32_is_float64s_rounded(case):
    arrays = case.inputs(np.float32)
    wide = [x.astype(np.float64) if np.asarray(x).dtype == np.float32 else x for x in arrays]
    v = cotangent(case, arrays)
    found, expected = gradients(case, arrays, v), gradients(case, wide, v.astype(np.float64))
    for i, narrow, exact in zip(variables(case, arrays), found, expected, strict=True):
        assert_like(narrow, arrays[i])
        size = max(1.0, np.max(np.abs(exact), initial=0.0))
        np.testing.assert_allclose(narrow, exact, rtol=1e-4, atol=1e-5 * size)


@each_case
def test_a_rule_computes_in_the_precision_of_its_inputs(case):
    arrays = case.inputs(np.float32)
    y, v = forward(case, arrays), cotangent(case, arrays)
    for i in variables(case, arrays):
        d = tg.OPS[case.op].share(i, v, y, arrays, options_of(case))
        assert type(d) is float or d.dtype == np.float32  # a Python number takes any precision


def graph_of_gradients(case, arrays, v):
    """(the Values x.. and v, the gradients of Σ v·y by each variable as Values of a graph)."""
    inputs, y = on_values(case, arrays)
    v = tg.Value(v)
    values = [inputs[i] for i in variables(case, arrays)]
    _, found = pull_back(ancestors([y])[0], values, v, as_graph=True)
    return [*values, v], found


@each_case
def test_a_rule_run_on_values_gives_the_same_gradient(case):
    for dtype in (np.float64, np.float32):
        arrays = case.inputs(dtype)
        v = cotangent(case, arrays)
        _, found = graph_of_gradients(case, arrays, v)
        for gradient, expected in zip(found, gradients(case, arrays, v), strict=True):
            gradient = gradient.data if isinstance(gradient, tg.Value) else gradient
            assert_like(gradient, expected)
            tolerance = 50 * np.finfo(dtype).eps
            np.testing.assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance)


@each_smooth_case
def test_the_second_derivative_is_the_central_difference_of_the_gradient(case):
    arrays = list(case.inputs())
    wanted, v = variables(case, arrays), cotangent(case, arrays)
    weights = [case.rng(f"weights {i}").uniform(0.5, 2.0, np.shape(arrays[i])) for i in wanted]

    def J(xs):
        """Σ w·dy/dx of all inputs; xs ends with v, which the gradient depends on, too."""
        return sum(np.sum(w * g) for w, g in zip(weights, gradients(case, xs[:-1], xs[-1]), strict=True))

    values, first = graph_of_gradients(case, arrays, v)
    total = sum((tg.sum(w * g) for w, g in zip(weights, first, strict=True)), tg.Value(0.0))
    total.backward()
    points = [*arrays, v]
    for i, x in zip([*wanted, len(arrays)], values, strict=True):
        found = np.zeros(x.shape) if x.grad is None else x.grad  # None: the gradient does not depend on it
        np.testing.assert_allclose(found, central_difference(J, points, i), rtol=1e-6, atol=1e-7)


# ----- layouts and shapes -----

@each_case
def test_strides_and_order_in_memory_make_no_difference(case):
    arrays = case.inputs()
    expected, v = forward(case, arrays), cotangent(case, arrays)
    for layout in (np.asfortranarray, lambda x: np.flip(np.flip(x).copy())):
        others = [layout(x) if isinstance(x, np.ndarray) and x.ndim else x for x in arrays]
        np.testing.assert_allclose(forward(case, others), expected, rtol=1e-12, atol=1e-12)
        w = layout(v) if v.ndim else v
        for found, gradient in zip(gradients(case, others, w), gradients(case, arrays, v), strict=True):
            np.testing.assert_allclose(found, gradient, rtol=1e-12, atol=1e-12)


@each_elementwise_case
def test_any_shapes_that_broadcast_do(case):
    for shapes in FORMS[len(case.shapes)]:
        row = replace(case, shapes=shapes)
        test_the_value_is_the_references(row, np.float64)
        test_the_gradient_is_the_central_difference_and_the_complex_step(row)
        test_the_gradient_in_float32_is_float64s_rounded(row)
        if case.smooth:
            test_the_second_derivative_is_the_central_difference_of_the_gradient(row)


@settings(max_examples=60, deadline=None)
@given(op=st.sampled_from(["add", "subtract", "multiply", "divide", "hypot", "maximum"]),
       shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0))
def test_a_broadcast_input_gets_the_sum_over_all_places_it_went_to(op, shapes):
    case = Case(op, shapes.input_shapes, getattr(np, op), (0.5, 2.0))
    arrays = case.inputs()
    v = cotangent(case, arrays)
    everywhere = gradients(case, np.broadcast_arrays(*arrays), v)
    for x, found, spread in zip(arrays, gradients(case, arrays, v), everywhere, strict=True):
        came_from = np.broadcast_to(np.arange(x.size).reshape(x.shape), v.shape)
        expected = np.bincount(came_from.ravel(), np.ravel(spread), minlength=x.size).reshape(x.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@each_elementwise_case
def test_python_numbers_stay_python_numbers(case):
    arrays = replace(case, shapes=((),) * len(case.shapes)).inputs()
    numbers = [x.item() if isinstance(x, np.ndarray | np.generic) else x for x in arrays]
    inputs, y = on_values(case, numbers)
    y.backward(0.5)
    assert type(y.data) is float
    np.testing.assert_allclose(y.data, forward(case, arrays), rtol=1e-15)
    for i, expected in zip(variables(case, arrays), gradients(case, arrays, np.float64(0.5)), strict=True):
        assert type(inputs[i].grad) is float
        np.testing.assert_allclose(inputs[i].grad, expected, rtol=1e-14)


@each_case_of_two_alike
def test_a_repeated_operand_gets_the_gradients_of_both_places(case):
    x = case.inputs()[0]
    v = cotangent(case, [x, x])
    value = tg.Value(x)
    apply(tg.Value, tg.OPS[case.op], (value, value), options_of(case)).backward(v)
    np.testing.assert_allclose(value.grad, sum(gradients(case, [x, x], v)), rtol=1e-14)


# ----- PyTorch -----

@each_elementwise_case
def test_values_and_gradients_are_those_of_pytorchs_function_of_the_name(case):
    torch = pytest.importorskip("torch")
    name = {"power": "pow"}.get(case.op, case.op)
    theirs = getattr(torch, name, getattr(torch.special, name, getattr(torch.nn.functional, name, None)))
    if theirs is None or case.op == "floor_divide":
        pytest.skip(f"PyTorch has no {case.op} with a gradient")
    arrays = case.inputs()
    wanted, v = variables(case, arrays), cotangent(case, arrays)
    tensors = [torch.tensor(x, requires_grad=i in wanted) if isinstance(x, np.ndarray) else x
               for i, x in enumerate(arrays)]
    expected = theirs(*tensors, **dict(PYTORCHS.get(option, option) for option in case.options.items()))
    np.testing.assert_allclose(forward(case, arrays), expected.detach().numpy(), rtol=1e-13)
    expected.backward(torch.tensor(v))
    for i, found in zip(wanted, gradients(case, arrays, v), strict=True):
        np.testing.assert_allclose(found, tensors[i].grad.numpy(), rtol=1e-12)
