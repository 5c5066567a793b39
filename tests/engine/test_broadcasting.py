"""Shapes that broadcast: the gradient of each operand is summed back to its own shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

import tinygrad_edu as tg
from tests.engine.differences import numerical_gradient

seeds = st.integers(0, 2**32 - 1)
two_shapes = mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3)
three_shapes = mutually_broadcastable_shapes(num_shapes=3, max_dims=3, min_side=0, max_side=3)
matmul_shapes = mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3)
LINEAR_IN_EACH = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a · b": lambda a, b: a * b,
}


def check_gradients(f, shapes, seed, dtype=np.float64):
    """f's value, and its gradient by each array of these shapes, against NumPy and exact differences."""
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(rng.uniform(-2, 2, shape), dtype) for shape in shapes]
    values = [tg.Value(x) for x in arrays]
    y = f(*values)
    expected = f(*arrays)
    np.testing.assert_array_equal(y.data, expected)
    v = np.asarray(rng.uniform(-2, 2, np.shape(expected)), dtype)
    y.backward(v)
    for i, x in enumerate(values):
        assert x.grad.shape == x.shape
        assert x.grad.dtype == dtype
        tolerance = 1e-12 if dtype == np.float64 else 1e-4
        slope = numerical_gradient(f, arrays, i, v)
        np.testing.assert_allclose(x.grad, slope, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", LINEAR_IN_EACH)
@given(shapes=two_shapes, seed=seeds)
@settings(max_examples=40, deadline=None)
def test_two_operands_of_any_shapes_that_broadcast(name, shapes, seed):
    check_gradients(LINEAR_IN_EACH[name], shapes.input_shapes, seed)


@given(shapes=three_shapes, seed=seeds)
@settings(max_examples=40, deadline=None)
def test_three_operands_in_one_formula(shapes, seed):
    check_gradients(lambda a, b, c: a * b - c * b, shapes.input_shapes, seed)


@given(shapes=three_shapes, seed=seeds)
@settings(max_examples=40, deadline=None)
def test_a_choice_whose_condition_broadcasts_too(shapes, seed):
    first, *shapes = shapes.input_shapes
    condition = np.random.default_rng(seed).uniform(size=first) < 0.5
    check_gradients(lambda a, b: np.where(condition, a, b), shapes, seed)


@given(shapes=matmul_shapes, seed=seeds)
@settings(max_examples=80, deadline=None)
def test_matrices_vectors_and_stacks_of_them(shapes, seed):
    check_gradients(np.matmul, shapes.input_shapes, seed)


@given(shape=array_shapes(min_dims=1, max_dims=3, max_side=3), copies=st.integers(0, 3), data=st.data(),
       seed=seeds)
@settings(max_examples=40, deadline=None)
def test_broadcast_to(shape, copies, data, seed):
    smaller = tuple(data.draw(st.sampled_from([1, n])) for n in shape)[data.draw(st.integers(0, len(shape))):]
    check_gradients(lambda x: np.broadcast_to(x, (copies, *shape)), [smaller], seed)


@given(shapes=two_shapes, seed=seeds)
@settings(max_examples=20, deadline=None)
def test_float32_stays_float32(shapes, seed):
    check_gradients(lambda a, b: a * b + a, shapes.input_shapes, seed, np.float32)


def test_an_operand_used_twice_gets_both_shares():
    x = tg.Value([[1.0], [2.0]])
    (x * x.T).backward([[1.0, 10.0], [100.0, 1000.0]])
    # J = x1² + (10 + 100) x1 x2 + 1000 x2²
    np.testing.assert_array_equal(x.grad, [[2 * 1 + 110 * 2], [110 * 1 + 2000 * 2]])


def test_a_second_derivative_is_summed_back_too():
    def J(x):
        return (x * np.array([[1.0, 2.0, 3.0]]) ** 2 * x).sum()

    # J = Σ_i x_i² Σ_j j²: the Hessian is 2·(1 + 4 + 9) on the diagonal
    np.testing.assert_array_equal(tg.hessian(J)(np.array([[5.0], [7.0]])).reshape(2, 2), 28 * np.eye(2))


@pytest.mark.parametrize("op", [tg.add, tg.multiply, tg.where, tg.matmul])
def test_shapes_that_do_not_broadcast_are_named_with_the_op(op):
    a, b = tg.Value(np.ones((2, 3))), tg.Value(np.ones((2, 4)))
    with pytest.raises(tg.errors.ShapeError, match=rf"{op.name}.*\(2, 3\).*\(2, 4\)"):
        op(a > 0, a, b) if op is tg.where else op(a, b)
    assert a.grad is None
