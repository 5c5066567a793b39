"""einsum: any subscripts that NumPy takes, its value to the last bit and the gradient of every operand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.engine.differences import numerical_gradient
from tinygrad_edu.errors import OptionError, ShapeError


@st.composite
def subscripts_and_shapes(draw):
    """Up to three operands with up to four letters, which may repeat or broadcast, and an ellipsis."""
    sizes = {c: draw(st.integers(1, 3)) for c in "abcd"}
    hidden = draw(st.lists(st.integers(1, 2), max_size=2))  # the axes under `...`
    terms, shapes = [], []
    for _ in range(draw(st.integers(1, 3))):
        letters = draw(st.lists(st.sampled_from("abcd"), max_size=4))
        once = {c for c in letters if letters.count(c) == 1}
        shape = [1 if c in once and draw(st.integers(0, 4)) == 0 else sizes[c] for c in letters]
        term = "".join(letters)
        if draw(st.booleans()):
            place = draw(st.integers(0, len(letters)))
            under = hidden[draw(st.integers(0, len(hidden))):]
            term = f"{term[:place]}...{term[place:]}"
            shape[place:place] = [1 if draw(st.integers(0, 4)) == 0 else n for n in under]
        terms.append(term)
        shapes.append(tuple(shape))
    subscripts = ",".join(terms)
    if draw(st.booleans()):
        used = sorted(set(subscripts) - set(".,"))
        output = draw(st.permutations(used))[:draw(st.integers(0, len(used)))]
        if "..." in subscripts:
            output.insert(draw(st.integers(0, len(output))), "...")
        subscripts += "->" + "".join(output)
    return subscripts, shapes


@given(subscripts_and_shapes(), st.booleans(), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_any_subscripts(subscripts_and_shapes, optimize, seed):
    subscripts, shapes = subscripts_and_shapes
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(-2, 2, shape) for shape in shapes]
    values = [tg.Value(x) for x in arrays]

    def f(*operands):
        return np.einsum(subscripts, *operands, optimize=optimize)

    y, expected = f(*values), f(*arrays)
    np.testing.assert_array_equal(y.data, expected)
    v = rng.uniform(-2, 2, np.shape(expected))
    y.backward(v)
    for i, x in enumerate(values):
        np.testing.assert_allclose(x.grad, numerical_gradient(f, arrays, i, v), rtol=1e-10, atol=1e-10)


@given(subscripts_and_shapes())
@settings(max_examples=50, deadline=None)
def test_float32_stays_float32_in_value_and_rule(subscripts_and_shapes):
    subscripts, shapes = subscripts_and_shapes
    arrays = [np.ones(shape, np.float32) for shape in shapes]
    y = tg.einsum(subscripts, *arrays)
    assert y.dtype == np.float32
    for i in range(len(arrays)):
        share = tg.einsum.share(i, y, y, arrays, {"subscripts": subscripts, "optimize": False})
        assert share.dtype == np.float32


def test_the_hessian_of_a_quadratic_form():
    A = np.random.default_rng(0).normal(size=(3, 3))
    found = tg.hessian(lambda x: np.einsum("i,ij,j", x, A, x))(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(found, A + A.T, rtol=1e-14)


def test_the_hessian_through_a_diagonal():
    # J = Σ_i x_ii³: the second derivative is 6 x_ii on the diagonal, 0 elsewhere
    x = np.arange(1.0, 10.0).reshape(3, 3)
    found = tg.hessian(lambda x: np.einsum("ii,ii,ii->", x, x, x))(x).reshape(9, 9)
    np.testing.assert_allclose(found, np.diag(6 * x.ravel() * np.eye(3).ravel()), atol=1e-13)


def test_the_same_operand_twice():
    x = tg.Value([[1.0, 2.0], [3.0, 4.0]])
    np.einsum("ij,ji->", x, x).backward()  # J = tr(x²), dJ/dx = 2 xᵀ
    np.testing.assert_array_equal(x.grad, 2 * x.data.T)


@pytest.mark.parametrize("optimize", [True, "greedy", "optimal", ["einsum_path", (0, 1), (0, 1)]], ids=str)
def test_every_way_to_choose_the_order_of_products(optimize):
    rng = np.random.default_rng(1)
    a, b, c = (tg.Value(rng.normal(size=shape)) for shape in ((2, 3), (3, 4), (4, 5)))
    y = np.einsum("ij,jk,kl->il", a, b, c, optimize=optimize)
    v = rng.normal(size=(2, 5))
    y.backward(v)
    np.testing.assert_allclose(b.grad, a.data.T @ v @ c.data.T, rtol=1e-12)


def test_pytorch_agrees():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    arrays, v = [rng.normal(size=(4, 3, 3)), rng.normal(size=(3, 2))], rng.normal(size=(2, 4))
    values = [tg.Value(x) for x in arrays]
    np.einsum("bii,ij->jb", *values).backward(v)
    tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
    torch.einsum("bii,ij->jb", *tensors).backward(torch.tensor(v))
    for value, tensor in zip(values, tensors, strict=True):
        np.testing.assert_allclose(value.grad, tensor.grad.numpy(), rtol=1e-13)


def test_lists_of_axes_in_place_of_subscripts_are_refused():
    x = tg.Value(np.ones((2, 3)))
    with pytest.raises(OptionError, match=r"einsum .*one string"):
        np.einsum(x, [0, 1], [1])


@pytest.mark.parametrize("subscripts", ["ij,jk", "ijk,ij", "ij", "ij,ij->iq", "i?,ij"])
def test_what_numpy_refuses_is_refused_with_the_shapes(subscripts):
    a, b = tg.Value(np.ones((2, 3))), tg.Value(np.ones((4, 5)))
    with pytest.raises(ShapeError, match=r"einsum of operands\[0\] \(2, 3\), operands\[1\] \(4, 5\)"):
        np.einsum(subscripts, a, b)
    assert a.grad is None
