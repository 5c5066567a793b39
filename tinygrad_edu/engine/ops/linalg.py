"""Linear algebra: norms, solving, inverse, determinants, Cholesky; stacks of matrices as in NumPy."""

import numpy as np

from tinygrad_edu.engine.ops.kinks import over_or_zero
from tinygrad_edu.engine.primitive import builtin


def _t(x):
    return np.swapaxes(x, -1, -2)


def _norm_rule(g, y, x, ord, axis, keepdims):
    axes = axis if axis is not None else tuple(range(np.ndim(x)))
    if not keepdims:
        g, y = np.expand_dims(g, axes), np.expand_dims(y, axes)
    if ord in (None, 2, "fro"):
        return g * over_or_zero(x, y)
    size = np.absolute(x)
    if ord in (np.inf, -np.inf):
        extreme = size == y
        return g * np.where(extreme, np.sign(x), 0.0) / np.sum(extreme, axis=axes, keepdims=True)
    if ord == 0:
        return np.zeros(np.shape(x))
    return g * np.sign(x) * np.power(over_or_zero(size, y), ord - 1) if ord != 1 else g * np.sign(x)


@builtin(r"\left\| {x} \right\|", "norm", x=_norm_rule)
def norm(x, *, ord=None, axis=None, keepdims=False):
    """y = (Σ |x|^p)^(1/p) of vectors, or the Frobenius norm of matrices; the gradient at the origin is 0

    ord 2 (the default): dy/dx = x/y.
    """
    of_matrix = (np.ndim(x) == 2 and axis is None) or isinstance(axis, tuple)
    if of_matrix and ord not in (None, "fro"):
        raise ValueError(f"the matrix norm ord={ord!r} has no gradient rule; use ord='fro', or the norm of the "
                         "entries: norm(x.reshape(-1), ord)")
    return np.linalg.norm(x, ord, axis, keepdims)


@builtin("{x}^{-1}", "inv", x=lambda g, y, x: -_t(y) @ g @ _t(y))
def inv(x):
    """y = x⁻¹,   dJ/dx = -yᵀ g yᵀ"""
    return np.linalg.inv(x)


def _solve_b(g, y, a, b):
    return np.linalg.solve(_t(a), g)


def _solve_a(g, y, a, b):
    s = _solve_b(g, y, a, b)
    if np.ndim(b) == 1:
        return -np.expand_dims(s, -1) * np.expand_dims(y, -2)
    return -s @ _t(y)


@builtin("{a}^{-1} {b}", "solve", a=_solve_a, b=_solve_b)
def solve(a, b):
    """y = a⁻¹ b,   dJ/db = a⁻ᵀ g,   dJ/da = -(dJ/db) yᵀ"""
    return np.linalg.solve(a, b)


def _matrixwise(g):
    """One number per matrix, ready to scale it."""
    return np.expand_dims(g, (-2, -1))


@builtin(r"\det {x}", "det", x=lambda g, y, x: _matrixwise(g) * _cofactors(x))
def det(x):
    """y = det x,   dy/dx = the cofactors of x (y·x⁻ᵀ, but defined for singular matrices too)"""
    return np.linalg.det(x)


def _cofactors(x):
    """The derivative of det x by each entry: the signed determinants of the minors."""
    n = np.shape(x)[-1]
    if np.all(np.absolute(np.linalg.det(x)) > 0):
        return _matrixwise(np.linalg.det(x)) * _t(np.linalg.inv(x))
    rest = [[j for j in range(n) if j != i] for i in range(n)]
    rows = [[(-1) ** (i + j) * np.linalg.det(x[..., rest[i], :][..., rest[j]]) for j in range(n)] for i in range(n)]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


@builtin(r"\ln \left| \det {x} \right|", "ln|det|", x=lambda g, y, x: _matrixwise(g) * _t(np.linalg.inv(x)))
def logabsdet(x):
    """y = ln |det x| without overflow,   dy/dx = x⁻ᵀ; `np.linalg.slogdet` gives it with the sign"""
    return np.linalg.slogdet(x).logabsdet


def _cholesky_rule(g, y, x):
    inverse = np.linalg.inv(y)
    phi = np.tril(_t(y) @ g)
    phi = phi - phi * (0.5 * np.eye(np.shape(x)[-1]))
    s = _t(inverse) @ phi @ inverse
    return 0.5 * (s + _t(s))


@builtin(r"\mathrm{chol}({x})", "cholesky", x=_cholesky_rule)
def cholesky(x):
    """y lower triangular with y yᵀ = x, for symmetric positive definite x

    dJ/dx = ½(s + sᵀ), s = y⁻ᵀ Φ(yᵀ g) y⁻¹, Φ the lower triangle with half the diagonal (Murray 2016,
    https://arxiv.org/abs/1602.07527); x is taken as symmetric, so its gradient is.
    """
    return np.linalg.cholesky(x)
