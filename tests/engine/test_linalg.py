"""Linear algebra beyond the table: kinks, singular matrices, symmetry, and what bad matrices are told."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import GradientRuleError, LinalgError, ShapeError

rng = np.random.default_rng(0)


@pytest.mark.parametrize("ord", [None, 1, 2, 3, 1.5, 0.5, np.inf, -np.inf], ids=str)
def test_the_gradient_of_a_norm_at_the_origin_is_0(ord):
    x = tg.Value(np.zeros(3))
    tg.norm(x, ord).backward()
    np.testing.assert_array_equal(x.grad, np.zeros(3))


def test_some_vectors_of_a_stack_may_be_0():
    x = tg.Value([[3.0, 4.0], [0.0, 0.0]])
    tg.norm(x, axis=1).backward([10.0, 10.0])
    np.testing.assert_array_equal(x.grad, [[6.0, 8.0], [0.0, 0.0]])


@pytest.mark.parametrize("ord", [1, 3, 1.5, 0.5], ids=str)
def test_a_0_among_other_elements_has_no_gradient(ord):
    x = tg.Value([2.0, 0.0, -1.0])
    tg.norm(x, ord).backward()
    assert x.grad[1] == 0
    assert np.all(x.grad[[0, 2]] != 0)


@pytest.mark.parametrize("ord", [1, 2, 3, 2.5, np.inf, -np.inf], ids=str)
def test_norms_have_pytorchs_gradient_at_ties_and_zeros_too(ord):
    torch = pytest.importorskip("torch")
    for numbers in ([1.0, -2.0, 2.0, 0.5], [0.0, 1.0, -1.0], [0.0, 0.0]):
        x, t = tg.Value(numbers), torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
        tg.norm(x, ord).backward()
        torch.linalg.vector_norm(t, ord).backward()
        np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-14)


@pytest.mark.parametrize("ord", [1, 2, -2, np.inf, "nuc"], ids=str)
def test_a_norm_of_matrices_without_a_rule_says_so(ord):
    for x in (tg.Value(np.ones((2, 3))), np.ones((2, 3))):
        with pytest.raises(GradientRuleError, match=r"norm.*fro.*reshape"):
            tg.norm(x, ord)
    with pytest.raises(GradientRuleError, match="norm"):
        tg.norm(tg.Value(np.ones((2, 3, 4))), ord, axis=(0, 2))


def test_linear_algebra_has_pytorchs_gradients():
    torch = pytest.importorskip("torch")
    A, b = rng.normal(size=(2, 3, 3)) + 4 * np.eye(3), rng.normal(size=(2, 3, 2))
    for ours, theirs, inputs in (
            (tg.inv, torch.linalg.inv, [A]),
            (tg.det, torch.linalg.det, [A]),
            (tg.solve, torch.linalg.solve, [A, b]),
            (tg.logabsdet, lambda x: torch.linalg.slogdet(x).logabsdet, [A]),
            (tg.cholesky, torch.linalg.cholesky, [A @ np.swapaxes(A, -1, -2)])):
        values = [tg.Value(x) for x in inputs]
        tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
        y = ours(*values)
        v = rng.normal(size=y.shape)
        y.backward(v)
        theirs(*tensors).backward(torch.tensor(v))
        for value, tensor in zip(values, tensors, strict=True):
            np.testing.assert_allclose(value.grad, tensor.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_gradient_of_a_determinant_is_continuous_at_singular_matrices(n):
    u = rng.normal(size=(n, n))
    u[-1] = u[:-1].sum(axis=0)  # singular up to rounding; 0 for n = 1
    x, near = tg.Value(u), tg.Value(u + 1e-9 * rng.normal(size=(n, n)))
    tg.det(x).backward()
    tg.det(near).backward()
    np.testing.assert_allclose(x.grad, near.grad, rtol=1e-6, atol=1e-7)


def test_the_determinant_of_no_rows_is_1_and_has_a_gradient_without_elements():
    x = tg.Value(np.zeros((0, 0)))
    y = tg.det(x)
    y.backward()
    assert y.item() == 1
    assert x.grad.shape == (0, 0)


def test_a_determinant_beyond_all_numbers_has_its_logarithm():
    x = tg.Value(np.diag(np.full(400, 1e3)))
    sign, log = tg.slogdet(x)
    log.backward()
    assert sign.item() == 1
    np.testing.assert_allclose(log.item(), 400 * np.log(1e3), rtol=1e-14)
    np.testing.assert_allclose(x.grad, np.eye(400) / 1e3, rtol=1e-14)


def test_the_gradient_of_cholesky_is_symmetric_so_a_descent_keeps_the_symmetry():
    a = rng.normal(size=(4, 4))
    x = tg.Value(a @ a.T + np.eye(4))
    y = tg.cholesky(x)
    y.backward(rng.normal(size=(4, 4)))
    np.testing.assert_array_equal(y.data, np.linalg.cholesky(x.data))
    np.testing.assert_allclose(x.grad, x.grad.T, rtol=1e-12)


def test_the_log_likelihood_of_a_gaussian_peaks_at_the_sample_covariance():
    points = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3))
    S = points.T @ points / 50

    def J(C):  # 1/2 ln det C + 1/2 tr(C⁻¹ S), least at C = S
        return 0.5 * tg.slogdet(C).logabsdet + 0.5 * tg.trace(tg.solve(C, S))

    np.testing.assert_allclose(tg.grad(J)(S), np.zeros((3, 3)), atol=1e-10)
    assert np.abs(tg.grad(J)(2 * S)).max() > 0.01


@pytest.mark.parametrize(("op", "matrix"), [(tg.inv, np.zeros((2, 2))), (tg.cholesky, -np.eye(2))], ids=str)
def test_a_matrix_for_which_it_is_not_defined_is_named_with_the_op(op, matrix):
    with pytest.raises(LinalgError, match=rf"{op.name} of x \(2, 2\)"):
        op(tg.Value(matrix))


@pytest.mark.parametrize("op", [tg.inv, tg.det, tg.cholesky, tg.slogdet], ids=str)
def test_a_matrix_that_is_not_square_is_named_with_its_shape(op):
    with pytest.raises((LinalgError, ShapeError), match=r"\(2, 3\)"):
        op(tg.Value(np.ones((2, 3))))
