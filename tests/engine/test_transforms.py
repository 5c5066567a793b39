"""The transforms: closed forms, nesting, PyTorch and JAX, products with vectors, trees, Values, bad input."""

import math
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.engine.run import way_to
from tinygrad_edu.engine.trees import leaves, map_leaves, pairs
from tinygrad_edu.errors import (
    AnomalyError,
    ArgumentError,
    BackwardError,
    DtypeError,
    MutationError,
    OptionError,
    ShapeError,
    TinygradError,
)

TRANSFORMS = [tg.grad, tg.value_and_grad, tg.jacobian, tg.hessian]


def rng(seed=0):
    return np.random.default_rng(seed)


def nth(f, n):
    """The n-th derivative of f."""
    for _ in range(n):
        f = tg.grad(f)
    return f


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def cartesian(polar):
    return np.stack([polar[0] * np.cos(polar[1]), polar[0] * np.sin(polar[1])])


def net(p, x):
    """A small network with parameters in a tree; what it uses of NumPy, PyTorch's arrays have, too."""
    h = x
    for layer in p["hidden"]:
        h = 1 / (1 + 2.718281828459045 ** -(h @ layer["W"] + layer["b"]))
    return (h @ p["w"]) * p["scale"]


def parameters(seed=1):
    r = rng(seed)
    hidden = [{"W": r.normal(size=(a, b)), "b": r.normal(size=b)} for a, b in [(3, 4), (4, 2)]]
    return {"hidden": hidden, "w": r.normal(size=2), "scale": np.array(1.5)}


def loss(p, x):
    return (net(p, x) ** 2).sum()


X = rng(2).normal(size=(5, 3))


def assert_same_tree(found, expected, **tolerance):
    """Same containers (but for the order of keys, which JAX sorts), shapes and numbers."""
    for a, b, path in pairs(found, expected, "expected"):
        assert np.shape(a) == np.shape(b), path
        np.testing.assert_allclose(a, b, **{"rtol": 1e-11, "atol": 1e-11, **tolerance}, err_msg=path)


def difference(f, x, t, h=1e-6):
    """(f(x + ht) - f(x - ht)) / 2h for plain arrays."""
    return (np.asarray(f(x + h * t)) - np.asarray(f(x - h * t))) / (2 * h)


# ----- closed forms -----

@pytest.mark.parametrize("x", [0.0, 0.7, -2.5])
def test_the_derivatives_of_sin_are_cos_minus_sin_minus_cos_sin(x):
    expected = [math.sin(x), math.cos(x), -math.sin(x), -math.cos(x), math.sin(x)]
    for n in range(1, 5):
        np.testing.assert_allclose(nth(np.sin, n)(x), expected[n], rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("x", [0.5, -1.25])
def test_the_derivatives_of_exp_x_squared_are_hermite_polynomials_times_it(x):
    polynomials = [2 * x, 4 * x**2 + 2, 8 * x**3 + 12 * x, 16 * x**4 + 48 * x**2 + 12]
    for n, factor in enumerate(polynomials, start=1):
        np.testing.assert_allclose(nth(lambda x: np.exp(x * x), n)(x), factor * math.exp(x * x), rtol=1e-13)


def test_the_derivatives_of_a_power_end_at_zero():
    assert [nth(lambda x: x**5, n)(2.0) for n in range(1, 7)] == [80.0, 160.0, 240.0, 240.0, 120.0, 0.0]


def test_the_second_derivative_is_right_where_the_first_is_zero():
    # (ln x)²: 2 (1 - ln x)/x², and 0 arrives at ln in the first pass; (x³ - 1)²: 30 x⁴ - 12 x
    assert nth(lambda x: np.log(x) ** 2, 2)(1.0) == 2.0
    np.testing.assert_array_equal(nth(lambda x: (np.power(x, 3.0) - 1) ** 2, 2)(1.0), 18.0)
    np.testing.assert_allclose(np.diag(tg.hessian(lambda x: (np.log(x) ** 2).sum())(np.array([1.0, 2.0]))),
                               [2.0, (1 - math.log(2)) / 2], rtol=1e-15)


@pytest.mark.parametrize("x, y", [(-1.2, 1.0), (1.0, 1.0), (0.3, -2.0)])
def test_gradient_and_hessian_of_rosenbrocks_function(x, y):
    point = np.array([x, y])
    gradient = [-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]
    hessian = [[1200 * x * x - 400 * y + 2, -400 * x], [-400 * x, 200]]
    np.testing.assert_allclose(tg.grad(rosenbrock)(point), gradient, atol=1e-12)
    np.testing.assert_allclose(tg.hessian(rosenbrock)(point), hessian, rtol=1e-13)


def test_the_jacobian_of_polar_coordinates_has_determinant_r():
    r, phi = 2.5, 0.8
    J = tg.jacobian(cartesian)(np.array([r, phi]))
    cos, sin = math.cos(phi), math.sin(phi)
    np.testing.assert_allclose(J, [[cos, -r * sin], [sin, r * cos]], rtol=1e-15)
    np.testing.assert_allclose(np.linalg.det(J), r, rtol=1e-14)


def test_the_jacobian_of_a_matrix_product_is_a_kronecker_product():
    A, B = rng().normal(size=(2, 3)), rng(1).normal(size=(3, 4))
    JA, JB = tg.jacobian(np.matmul, argnums=(0, 1))(A, B)
    assert JA.shape == (2, 4, 2, 3)
    assert JB.shape == (2, 4, 3, 4)
    np.testing.assert_array_equal(JA.reshape(8, 6), np.kron(np.eye(2), B.T))
    np.testing.assert_array_equal(JB.reshape(8, 12), np.kron(A, np.eye(4)))


def test_the_hessian_of_a_quadratic_form_and_its_gradient():
    A, x = rng().normal(size=(4, 4)), rng(1).normal(size=4)
    np.testing.assert_allclose(tg.grad(lambda x: x @ A @ x)(x), (A + A.T) @ x, rtol=1e-13)
    np.testing.assert_allclose(tg.hessian(lambda x: x @ A @ x)(x), A + A.T, rtol=1e-13)


# ----- nesting: every derivative by its own variable only -----

@pytest.mark.parametrize("f, slope", [
    (lambda x: x * tg.grad(lambda y: x + y)(1.0), 1),  # x·1, the classic case: Siskind and Pearlmutter 2005
    (lambda x: x * tg.grad(lambda y: x + y)(x), 1),  # x·1
    (lambda x: x * tg.grad(lambda y: x * y)(1.0), 6),  # x·x
    (lambda x: x * tg.grad(lambda y: x * y)(x), 6),  # x·x
    (lambda x: x * tg.grad(lambda y: x * y * y)(x), 54),  # x·2x²
    (lambda x: tg.grad(lambda y: tg.grad(lambda z: x * y * z * z)(y))(x), 24),  # d/dy 2xy² = 4xy: 4x²
    (lambda x: tg.grad(tg.grad(lambda y: x * y**3))(x), 36),  # 6x²
    (lambda x: tg.value_and_grad(lambda y: x * y)(x)[0], 6),  # x²
    (lambda x: tg.vjp(lambda y: x * y, x)[1](x), 6),  # x·x
    (lambda x: tg.vjp(lambda y: y**3, 2.0)[1](x), 12),  # 12x
    (lambda x: tg.jvp(lambda y: x * y, 2.0, x)[1], 6),  # x·x
    (lambda x: tg.jvp(lambda y: y**3, 2.0, x)[1], 12),  # 12x
    (lambda x: tg.jvp(lambda y: y**3, x, 1.0)[1], 18),  # 3x²
    (lambda x: tg.hvp(lambda y: x * y**3, x, x), 162),  # 6x²·x
    (lambda x: tg.hessian(lambda y: x * y**3)(x), 36),  # 6x²
    (lambda x: tg.jacobian(lambda y: np.stack([x * y, y * y]))(x).sum(), 3),  # x + 2x
    (lambda x: tg.grad(lambda y: tg.jvp(lambda z: x * y * z, 1.0, y)[1])(x), 12),  # d/dy xy² = 2xy: 2x²
], ids=map(str, range(17)))
def test_no_perturbation_is_confused_with_another(f, slope):
    assert not isinstance(f(3.0), tg.Value)
    np.testing.assert_allclose(tg.grad(f)(3.0), slope, rtol=1e-14)


def test_a_derivative_flows_through_steps_of_gradient_descent():
    # x ← x - a·dJ/dx with J = x²/2 gives x_n = (1 - a)^n x_0
    def descend(x, a, n=30):
        for _ in range(n):
            x = x - a * tg.grad(lambda x: 0.5 * x * x)(x)
        return x

    by_x, by_a = tg.grad(descend, argnums=(0, 1))(2.0, 0.1)
    np.testing.assert_allclose([by_x, by_a], [0.9**30, -30 * 0.9**29 * 2.0], rtol=1e-13)


def test_the_walk_of_an_inner_derivative_ends_at_its_own_argument():
    x = tg.Value(0.5)
    for _ in range(1000):
        x = np.sin(x)
    source = +x
    y = np.exp(source) * source
    assert {node.op.name for node in way_to([source], y)} == {"multiply", "exp"}


def test_long_chains_differentiate_twice():
    def f(x):
        for _ in range(3000):
            x = x + 1e-3 * x * x
        return x

    h = 1e-5
    slope = (tg.grad(f)(0.1 + h) - tg.grad(f)(0.1 - h)) / (2 * h)
    np.testing.assert_allclose(nth(f, 2)(0.1), slope, rtol=1e-8)


# ----- against PyTorch and JAX -----

@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # its own
def test_the_same_numbers_as_torch_func():
    torch = pytest.importorskip("torch")
    func = torch.func
    tensors = lambda tree: map_leaves(lambda x, path: torch.tensor(x), tree)  # noqa: E731
    p, t, x, u = parameters(1), parameters(7), X, rng(3).normal(size=5)
    P, T, TX, U = tensors(p), tensors(t), torch.tensor(x), torch.tensor(u)

    assert_same_tree(tg.grad(loss)(p, x), func.grad(loss)(P, TX))
    assert_same_tree(tg.grad(loss, argnums=(0, 1))(p, x), func.grad(loss, argnums=(0, 1))(P, TX))
    value, gradient = tg.value_and_grad(loss, argnums=-1)(p, x)
    gradient_there, value_there = func.grad_and_value(loss, argnums=1)(P, TX)
    assert_same_tree((value, gradient), (value_there, gradient_there))
    assert_same_tree(tg.jacobian(net)(p, x), func.jacrev(net)(P, TX))
    assert_same_tree(tg.hessian(loss, argnums=1)(p, x), func.hessian(loss, argnums=1)(P, TX))
    y, pullback = tg.vjp(net, p, x)
    y_there, pullback_there = func.vjp(net, P, TX)
    assert_same_tree((y, pullback(u)), (y_there, pullback_there(U)))
    assert_same_tree(tg.jvp(net, (p, x), (t, x)), func.jvp(net, (P, TX), (T, TX)))
    there = func.jvp(func.grad(loss), (P, TX), (T, torch.zeros_like(TX)))[1]
    assert_same_tree(tg.hvp(lambda p: loss(p, x), p, t), there)


def test_the_same_numbers_as_torch_autograd_functional():
    functional = pytest.importorskip("torch").autograd.functional
    tensor = pytest.importorskip("torch").tensor
    x, t = np.array([0.3, -1.2]), np.array([1.0, 0.5])
    X, T = tensor(x), tensor(t)
    f = lambda a, b: (a * b) ** 2 + a  # noqa: E731
    assert_same_tree(tg.hessian(rosenbrock)(x), functional.hessian(rosenbrock, X))
    assert_same_tree(tg.hvp(rosenbrock, x, t), functional.hvp(rosenbrock, X, T)[1])
    assert_same_tree(tg.jacobian(f, argnums=(0, 1))(x, t), functional.jacobian(f, (X, T)))


def test_the_same_numbers_as_jax():
    jax = pytest.importorskip("jax")
    f = lambda p, x: ((x @ p["W"]) ** 3 * p["s"][0]).sum()  # noqa: E731  (small, since JAX compiles each op)
    p, t = {"W": rng(1).normal(size=(3, 2)), "s": [0.5]}, {"W": rng(7).normal(size=(3, 2)), "s": [2.0]}
    with jax.enable_x64(True):
        assert_same_tree(tg.grad(f, argnums=(0, 1))(p, X), jax.grad(f, argnums=(0, 1))(p, X))
        assert_same_tree(tg.jvp(f, (p, X), (t, X)), jax.jvp(f, (p, X), (t, X)))
        assert_same_tree(tg.vjp(f, p, X)[1](2.0), jax.vjp(f, p, X)[1](jax.numpy.asarray(2.0)))
        third = jax.grad(jax.grad(jax.grad(lambda s: jax.numpy.tanh(s) ** 2)))(0.7)
        np.testing.assert_allclose(nth(lambda s: np.tanh(s) ** 2, 3)(0.7), third, rtol=1e-12)


# ----- products with vectors -----

def test_the_derivative_in_a_direction_is_the_central_difference():
    x, t = rng(4).normal(size=(5, 3)), rng(5).normal(size=(5, 3))
    y, slope = tg.jvp(lambda x: net(parameters(), x), x, t)
    np.testing.assert_array_equal(y, net(parameters(), x))
    np.testing.assert_allclose(slope, difference(lambda x: net(parameters(), x), x, t), rtol=1e-7)


def test_products_are_those_with_jacobian_and_hessian():
    f = lambda x: np.stack([np.sin(x[0]) * x[1], x[2] ** 3, np.exp(x[0] * x[2]), x[1] / x[2]])  # noqa: E731
    x, t, u = np.array([0.4, -1.3, 0.8]), rng(6).normal(size=3), rng(7).normal(size=4)
    J, H = tg.jacobian(f)(x), tg.hessian(lambda x: f(x) @ u)(x)
    np.testing.assert_allclose(tg.jvp(f, x, t)[1], J @ t, rtol=1e-13)
    np.testing.assert_allclose(tg.vjp(f, x)[1](u), u @ J, rtol=1e-13)
    np.testing.assert_allclose(tg.hvp(lambda x: f(x) @ u, x, t), H @ t, rtol=1e-13)
    np.testing.assert_allclose(H, H.T, rtol=1e-13)


def test_products_with_trees_are_those_with_trees_of_matrices():
    f = lambda p, c: p["a"] * c * np.sum(p["b"] ** 3) + np.sum(p["b"]) * c**2  # noqa: E731
    p, c = {"a": 1.5, "b": np.array([0.5, -1.0])}, 0.7
    t = ({"a": 2.0, "b": np.array([1.0, 3.0])}, -1.0)
    H = tg.hessian(f, argnums=(0, 1))(p, c)
    product = tg.hvp(f, (p, c), t)
    rows = [(H[0]["a"], product[0]["a"]), (H[0]["b"], product[0]["b"]), (H[1], product[1])]
    for row, found in rows:
        expected = row[0]["a"] * t[0]["a"] + row[0]["b"] @ t[0]["b"] + row[1] * t[1]
        np.testing.assert_allclose(found, expected, rtol=1e-14)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
def test_pullback_and_derivative_are_adjoint(seed, n, m):
    r = rng(seed)
    A, x, t, u = r.normal(size=(m, n)), r.normal(size=n), r.normal(size=n), r.normal(size=m)
    f = lambda x: np.tanh(A @ x) * np.sum(x * x)  # noqa: E731
    np.testing.assert_allclose(tg.vjp(f, x)[1](u) @ t, u @ tg.jvp(f, x, t)[1], rtol=1e-9, atol=1e-9)


def test_an_infinite_slope_shows_in_the_direction_of_it_only():
    with np.errstate(divide="ignore"):
        assert tg.jvp(np.sqrt, 0.0, 1.0) == (0.0, np.inf)
    masked = lambda x: np.where(x > 0, np.sqrt(x), 0.0)  # noqa: E731
    np.testing.assert_array_equal(tg.jvp(masked, np.array([0.0, 4.0]), np.ones(2))[1], [0.0, 0.25])


def test_a_pullback_is_used_as_often_as_you_like():
    _, pullback = tg.vjp(lambda x, y: x * y, 2.0, 3.0)
    assert [pullback(1.0), pullback(10.0), pullback(1.0)] == [(3.0, 2.0), (30.0, 20.0), (3.0, 2.0)]


def test_functions_of_trees_may_return_trees():
    f = lambda p: {"sum": p["a"] + p["b"].sum(), "parts": [p["b"] * p["a"], 5.0]}  # noqa: E731
    p = {"a": 2.0, "b": np.array([1.0, 3.0])}
    y, pullback = tg.vjp(f, p)
    assert_same_tree(y, {"sum": 6.0, "parts": [np.array([2.0, 6.0]), 5.0]})
    assert_same_tree(pullback({"sum": 1.0, "parts": [np.array([10.0, 100.0]), 7.0]}),
                     {"a": 311.0, "b": np.array([21.0, 201.0])})
    assert_same_tree(tg.jvp(f, p, {"a": 1.0, "b": np.array([0.0, 2.0])})[1],
                     {"sum": 3.0, "parts": [np.array([1.0, 7.0]), 0.0]})
    assert_same_tree(tg.jacobian(f)(p), {"sum": {"a": 1.0, "b": np.ones(2)},
                                         "parts": [{"a": np.array([1.0, 3.0]), "b": 2 * np.eye(2)},
                                                   {"a": 0.0, "b": np.zeros(2)}]})


# ----- arguments -----

Point = namedtuple("Point", "x y")


def test_a_gradient_has_the_form_of_its_argument():
    f = lambda tree: sum((i + 1) * np.sum(leaf) for i, leaf in enumerate(leaves(tree)))  # noqa: E731
    tree = OrderedDict(z=[1.0, (np.zeros(2), 3)], a=Point(np.zeros((1, 2)), {"deep": [[2.0]]}), empty=[])
    gradient = tg.grad(f)(tree)
    assert type(gradient) is OrderedDict
    assert type(gradient["a"]) is Point
    assert list(gradient) == ["z", "a", "empty"]
    assert_same_tree(gradient, OrderedDict(z=[1.0, (np.full(2, 2.0), 3.0)],
                                           a=Point(np.full((1, 2), 4.0), {"deep": [[5.0]]}), empty=[]))
    assert tg.grad(lambda nothing: 1.0)({}) == {}


def test_a_tree_is_given_back_untouched():
    def spoil(p):
        y = p["a"] * 2
        p["a"] = None
        p["new"] = 1
        return y

    p = {"a": 3.0}
    assert tg.grad(spoil)(p) == {"a": 2.0}
    assert p == {"a": 3.0}


def test_argnums_choose_and_count_from_the_end():
    f = lambda x, y, z: x * y**2 * z**3  # noqa: E731
    assert tg.grad(f)(1.0, 2.0, 3.0) == 108.0
    assert tg.grad(f, argnums=1)(1.0, 2.0, 3.0) == tg.grad(f, argnums=-2)(1.0, 2.0, 3.0) == 108.0
    assert tg.grad(f, argnums=-1)(1.0, 2.0, 3.0) == 108.0
    assert tg.grad(f, argnums=(2, 0))(1.0, 2.0, 1.0) == (12.0, 4.0)
    assert tg.grad(f, argnums=(1,))(1.0, 2.0, 1.0) == (4.0,)
    assert tg.hessian(f, argnums=(0, -1))(1.0, 2.0, 1.0) == ((0.0, 12.0), (12.0, 24.0))


def test_other_and_keyword_arguments_are_constants_of_any_kind():
    f = lambda x, kind, *, power: x**power if kind == "power" else 0.0 * x  # noqa: E731
    assert tg.grad(f)(3.0, "power", power=4) == 108.0


def test_dtypes_are_kept_and_integers_become_float64():
    f = lambda x: (x * x).sum()  # noqa: E731
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        x = np.arange(3, dtype=dtype)
        for found in (tg.grad(f)(x), tg.hvp(f, x, x), tg.jacobian(lambda x: x * x)(x), tg.hessian(f)(x)):
            assert found.dtype == dtype
        assert tg.jvp(lambda x: x * x, x, [1, 2, 3])[1].dtype == dtype
    for x in (np.arange(3), np.array([True, False, True])):
        gradient = tg.grad(f)(x)
        assert gradient.dtype == np.float64
        np.testing.assert_array_equal(gradient, 2 * x)
    assert type(tg.grad(f)(3)) is type(tg.grad(np.sin)(0.5)) is type(nth(np.sin, 3)(0.5)) is float


def test_shapes_of_jacobians_are_output_by_input():
    shapes = [((), (2,)), ((2,), ()), ((2, 1), (3,)), ((), ()), ((0,), (2,)), ((2,), (0,)), ((0,), ())]
    for out, shape in shapes:
        J = tg.jacobian(lambda x, out=out: np.zeros(out) + np.sum(x))(np.zeros(shape))
        assert np.shape(J) == out + shape
        np.testing.assert_array_equal(J, np.ones(out + shape))
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(tg.jacobian(lambda x: x)(x), np.eye(2))


def test_what_does_not_depend_on_an_argument_has_zeros_as_its_derivative():
    x = np.ones((2, 3), np.float32)
    for constant in (1.0, 3, np.float32(2.0), np.array([[4.0]])):
        value, gradient = tg.value_and_grad(lambda x, c=constant: c)(x)
        assert value is constant
        assert gradient.dtype == np.float32
        np.testing.assert_array_equal(gradient, np.zeros((2, 3)))
    assert tg.grad(lambda x, y: x)(1.0, 2.0) == 1.0
    assert tg.grad(lambda x, y: x, argnums=(0, 1))(1.0, 2.0) == (1.0, 0.0)
    assert tg.jacobian(lambda x: np.ones(4))(x).shape == (4, 2, 3)
    assert tg.hessian(lambda x: 3 * x)(1.0) == 0.0
    assert tg.hvp(lambda x: 3 * x, 1.0, 2.0) == 0.0
    assert tg.jvp(lambda x: 7.0, 1.0, 2.0) == (7.0, 0.0)


def test_gradients_share_no_memory_with_anything():
    x, c = np.ones(3), np.ones(3)
    gradients = tg.grad(lambda a, b: (a + b).sum() + (a * c).sum(), argnums=(0, 1))(x, x)
    y, pullback = tg.vjp(lambda a: a, x)
    of_a_value = [tg.grad(f)(tg.Value(x)).data for f in (np.sum, lambda a: (a * c).sum())]
    arrays = [x, c, *gradients, y, pullback(x), tg.grad(lambda a: a[0] * a[1])(x), *of_a_value]
    for i, a in enumerate(arrays):
        assert a.flags.writeable
        assert not any(np.shares_memory(a, b) for b in arrays[:i])


def test_a_transformed_function_keeps_name_and_docstring():
    def kinetic_energy(v):
        """m v²/2"""
        return v * v / 2

    for transform in TRANSFORMS:
        assert transform(kinetic_energy).__name__ == "kinetic_energy"
        assert transform(kinetic_energy).__doc__ == "m v²/2"


def test_what_can_be_called_can_be_differentiated():
    class Affine:
        def __init__(self):
            self.a = 3.0

        def __call__(self, x):
            return self.a * x

    assert tg.grad(Affine())(1.0) == 3.0
    assert tg.grad(tg.square)(2.0) == 4.0
    assert not hasattr(tg.grad(Affine()), "a")


# ----- Values around f -----

def test_no_grad_of_any_value_is_touched():
    layer = tg.nn.Linear(3, 2)
    x = tg.Value(X, name="x")
    (layer(x) ** 2).sum().backward()
    values = [x, *layer.parameters()]
    before = [v.grad.copy() for v in values]
    f = lambda x: (layer(x) ** 3).sum()  # noqa: E731
    for point in (x, X):
        tg.grad(f)(point), tg.hvp(f, point, point), tg.jvp(layer, point, point), tg.jacobian(layer)(point)
    for v, g in zip(values, before, strict=True):
        np.testing.assert_array_equal(v.grad, g)


def test_values_in_values_out_and_backward_goes_on():
    x = tg.Value(np.array([1.0, 2.0]))
    gradient = tg.grad(lambda x: (x**3).sum())(x)
    assert isinstance(gradient, tg.Value)
    gradient.backward(np.array([1.0, 10.0]))
    np.testing.assert_array_equal(x.grad, [6.0, 120.0])
    for zero in (tg.grad(lambda x: 1.0)(x), tg.jacobian(lambda x: np.ones(0))(x)):
        assert isinstance(zero, tg.Value)
        assert not zero.data.any()
    assert all(isinstance(y, tg.Value) for y in tg.value_and_grad(lambda x: x.sum())(x))


def test_a_pullback_of_a_value_is_a_graph():
    u = tg.Value(3.0)
    _, pullback = tg.vjp(lambda x, y: x**3, 2.0, 5.0)
    by_x, by_y = pullback(u)
    by_x.backward()
    assert (by_x.data, by_y.data, u.grad) == (36.0, 0.0, 12.0)


def test_a_loss_on_a_derivative_trains_the_parameters_around_it():
    # as in physics-informed networks: J = Σ (du/dx)², differentiated by the weights in u
    model = tg.nn.Sequential(tg.nn.Linear(1, 4, rng=0), tg.nn.Tanh(), tg.nn.Linear(4, 1, rng=1))
    points = np.linspace(-1, 1, 5)[:, None]

    def J():
        return (tg.grad(lambda x: model(x).sum())(points) ** 2).sum()

    J().backward()
    weight = model.parameters()[0]
    t = rng().normal(size=weight.shape)

    def J_at(w):
        weight.assign(w)
        return J().item()

    slope = difference(J_at, weight.data, t)
    np.testing.assert_allclose(np.sum(weight.grad * t), slope, rtol=1e-7)


def test_values_made_inside_f_leave_the_result_plain():
    def f(x):
        total = tg.Value(0.0)
        for k in range(3):
            total = total + x**k
        return total

    assert tg.value_and_grad(f)(2.0) == (7.0, 5.0)
    assert type(tg.grad(f)(2.0)) is float


def recording_types():
    """x³ as a primitive, and a set of the types that its gradient rule met."""
    met = set()

    def rule(g, y, x):
        met.update([type(g), type(x)])
        return g * 3 * x**2

    @tg.primitive("{x}^3", x=rule)
    def cube(x):
        return x**3

    return cube, met


def test_outermost_gradients_are_pulled_back_on_plain_data():
    cube, met = recording_types()
    f = lambda x: cube(x).sum()  # noqa: E731
    tg.grad(f)(np.ones(2)), tg.jacobian(cube)(np.ones(2)), tg.vjp(cube, np.ones(2))[1](np.ones(2))
    with tg.no_grad():
        tg.grad(f)(tg.Value(np.ones(2)))
    assert met == {np.ndarray}
    tg.grad(f)(tg.Value(np.ones(2)))
    assert tg.Value in met


def test_no_gradient_is_computed_that_nobody_asked_for():
    @tg.primitive("{a} {b}", a=lambda g, y, a, b: g * b, b=lambda g, y, a, b: 1 / 0)
    def half_known(a, b):
        return a * b

    w = tg.Value(3.0)
    assert tg.grad(half_known)(2.0, 5.0) == 5.0
    assert tg.grad(lambda a: half_known(a, w * w))(2.0).data == 9.0


def test_under_no_grad_the_numbers_are_the_same_and_nothing_is_remembered():
    x, w = np.array([0.3, 0.7]), tg.Value(2.0)
    f = lambda x: (np.sin(x) * x).sum()  # noqa: E731
    results = lambda x: [tg.grad(f)(x), tg.hessian(f)(x), tg.hvp(f, x, X[0, :2]), tg.jvp(np.sin, x, X[0, :2]),  # noqa: E731
                         tg.vjp(np.sin, x)[1](X[0, :2])]
    plain = results(x)
    with tg.no_grad():
        unremembered, values = results(x), results(tg.Value(x))
        around = tg.grad(lambda x: (w * x).sum())(x)
    assert_same_tree(unremembered, plain)
    assert_same_tree(map_leaves(lambda v, path: v.data, values), plain)
    assert all(v.op is None for v in leaves(values))
    assert around.op is None


def test_no_grad_inside_f_makes_constants():
    def f(x):
        with tg.no_grad():
            c = x * x
        return c * x

    assert tg.grad(f)(3.0) == 9.0


# ----- bad input: a clear error, and nothing changed -----

@pytest.mark.parametrize("x, named", [
    (1j, "1j"), (np.array([1j]), "complex128"), ("three", "'three'"), (None, "None"),
    (np.array(["a"]), "<U1"), (object(), "object"), ({1.0}, "set"),
])
def test_only_real_numbers_are_differentiated_by(x, named):
    def f(tree):
        raise AssertionError("f is not called with what cannot be differentiated")

    for transform in TRANSFORMS:
        with pytest.raises(DtypeError, match=rf"of f: argument 0\['w'\]\[1\] is .*{named}"):
            transform(f)({"w": [1.0, x]})


@pytest.mark.parametrize("y, named", [
    (None, "None"), ("text", "'text'"), (1j, "1j"), (np.array(["a"]), "<U1"), ({1.0}, "set"),
])
def test_only_real_numbers_are_returned(y, named):
    def odd(x):
        return y

    for transform in TRANSFORMS:
        with pytest.raises(OptionError, match=f"of odd: the function returned .*{named}.*`return`"):
            transform(odd)(1.0)
    with pytest.raises(OptionError, match=rf"vjp of <lambda>: the function returned .*{named}.* at \['a'\]"):
        tg.vjp(lambda x: {"a": y}, 1.0)


@pytest.mark.parametrize("transform", [tg.grad, tg.value_and_grad])
def test_a_gradient_is_that_of_one_number(transform):
    def outputs(x):
        return x * 2

    with pytest.raises(BackwardError, match=r"of outputs: .* shape \(3,\).*\.sum\(\).*jacobian"):
        transform(outputs)(np.ones(3))
    with pytest.raises(BackwardError, match=r"shape \(2,\)"):
        transform(lambda x: np.ones(2))(1.0)
    for several in ({"loss": 1.0}, [1.0], (1.0, 2.0)):
        with pytest.raises(OptionError, match=f"returned a {type(several).__name__}.*single number"):
            transform(lambda x, y=several: y)(1.0)
    (gradient,) = leaves(tg.grad(outputs)(np.ones((1, 1))))  # one number is one number, whatever its shape
    np.testing.assert_array_equal(gradient, [[2.0]])


def test_argnums_that_do_not_fit():
    def f(x, y):
        raise AssertionError("not called")

    cases = [(2, "no argument 2"), (-3, "no argument -3"), ((0, 5), "no argument 5"), ((0, -2), "twice")]
    for argnums, error in cases:
        for transform in TRANSFORMS:
            with pytest.raises(ArgumentError, match=f"of f: .*{error}"):
                transform(f, argnums=argnums)(1.0, 2.0)
    with pytest.raises(ArgumentError, match="0 positional arguments"):
        tg.grad(f)(x=1.0, y=2.0)
    with pytest.raises(ArgumentError, match="0 positional arguments"):
        tg.vjp(f)
    for argnums in ("x", 1.0, None, True, (0, "y"), [0]):
        for transform in TRANSFORMS:
            with pytest.raises(OptionError, match="argnums"):
                transform(f, argnums=argnums)


def test_what_is_no_function_is_refused_at_once():
    for transform in TRANSFORMS:
        with pytest.raises(OptionError, match=r"expected a function.*Value.*backward"):
            transform(tg.Value(1.0))
    for transform in (lambda f: tg.vjp(f, 1.0), lambda f: tg.jvp(f, 1.0, 1.0), lambda f: tg.hvp(f, 1.0, 1.0)):
        with pytest.raises(OptionError, match="expected a function"):
            transform(3.0)


def test_vectors_must_fit():
    f = lambda p: p["w"] * 2  # noqa: E731
    p = {"w": np.ones(3)}
    for call in (lambda t: tg.jvp(f, p, t), lambda t: tg.hvp(lambda p: f(p).sum(), p, t)):
        with pytest.raises(ShapeError, match=r"tangents\['w'\] has shape \(2,\).*\(3,\)"):
            call({"w": np.ones(2)})
        with pytest.raises(ShapeError, match=r"tangents: expected a dict with the keys 'w', got .* keys 'v'"):
            call({"v": np.ones(3)})
        with pytest.raises(ShapeError, match=r"tangents: expected a dict .* got a single ndarray"):
            call(np.ones(3))
        with pytest.raises(DtypeError, match="complex128"):
            call({"w": 1j * np.ones(3)})
    _, pullback = tg.vjp(f, p)
    with pytest.raises(ShapeError, match=r"pullback.*u has shape \(\).*\(3,\)"):
        pullback(1.0)
    with pytest.raises(DtypeError, match="<U1"):
        pullback(np.array(["a"] * 3))
    with pytest.raises(ShapeError, match="tangents: expected a tuple of 2, got a tuple of 3"):
        tg.jvp(lambda x, y: x, (1.0, 2.0), (1.0, 2.0, 3.0))


def test_data_changed_before_the_pullback_is_found():
    w, x = tg.Value(2.0, name="w"), tg.Value(3.0, name="x")
    w.grad = 7.0
    for changed in (w, x):
        _, pullback = tg.vjp(lambda x: w * x * x, x)
        changed.assign(5.0)
        with pytest.raises(MutationError, match=f"'{changed.name}'"):
            pullback(1.0)
    with pytest.raises(MutationError, match="assign"):
        tg.grad(lambda x: change(w, w * x))(1.0)
    assert (w.grad, x.grad) == (7.0, None)


def change(w, y):
    w.assign(w.data + 1)
    return y


def test_changes_elsewhere_do_no_harm():
    w = tg.Value(2.0)
    constant = w * w
    w.assign(3.0)  # too late for w*w, which no gradient by x needs
    assert tg.grad(lambda x: constant * x)(1.0).data == 4.0


def test_detect_anomaly_watches_transforms_too():
    with tg.detect_anomaly(), np.errstate(divide="ignore"):
        with pytest.raises(AnomalyError, match="backward of sqrt"):
            tg.grad(np.sqrt)(0.0)
        x = np.ones(2)
        _, pullback = tg.vjp(np.sin, x)
        x[0] = 2.0
        with pytest.raises(MutationError, match="sin"):
            pullback(x)


def test_every_error_is_one_of_the_librarys_and_leaves_values_as_they_were():
    x = tg.Value(np.ones(2), name="x")
    x.grad = np.array([1.0, 2.0])
    for call in (lambda: tg.grad(lambda x: x)(x), lambda: tg.grad(lambda x: None)(x),
                 lambda: tg.grad(np.sum, 3)(x), lambda: tg.vjp(np.sin, x)[1](1.0),
                 lambda: tg.jvp(np.sin, x, np.ones(3)),
                 lambda: tg.grad(lambda x: (x @ np.ones(3)).sum())(x)):
        with pytest.raises(TinygradError):
            call()
    np.testing.assert_array_equal(x.data, [1.0, 1.0])
    np.testing.assert_array_equal(x.grad, [1.0, 2.0])
    assert (x * x).op is not None  # ops still remember


def test_a_gradient_rule_may_itself_use_grad_and_be_differentiated_again():
    def cube(x):
        return x * x * x

    @tg.primitive("h({x})", x=lambda g, y, x: g * tg.grad(cube)(x))
    def h(x):
        return x**3

    assert tg.grad(h)(0.5) == 3 * 0.5**2
    assert tg.grad(tg.grad(h))(0.5) == 6 * 0.5
    assert tg.grad(tg.grad(tg.grad(h)))(0.5) == 6.0


def test_taking_a_number_out_of_a_differentiated_function_is_an_error():
    import math

    def euler(x0):
        x = np.zeros(3)
        x[0] = x0
        return x.sum()

    scale = tg.Value(2.0)
    for f in (math.cos, float, euler, lambda x: x * float(x * 2), lambda x: np.ma.exp(x)):
        with pytest.raises((TinygradError, ValueError)):  # NumPy's own where it is told to write a Value
            tg.grad(f)(1.0)
    assert tg.grad(lambda x: x * x.item())(3.0) == 3.0
    assert tg.grad(lambda x: x * float(scale))(3.0) == 2.0  # older than the call, so a constant of f
    assert math.cos(tg.Value(0.0)) == 1.0  # outside, a Value is a number like others
