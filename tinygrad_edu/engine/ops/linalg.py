"""Linear algebra: norms, solving, inverse, determinants, Cholesky; stacks of matrices as in NumPy."""

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.ops.kinks import over_or_zero
from tinygrad_edu.engine.ops.shapes import matrix_transpose
from tinygrad_edu.engine.primitive import builtin
from tinygrad_edu.errors import GradientRuleError

_t = matrix_transpose


def _norm_rule(g, y, x, ord, axis, keepdims):
    axes = tuple(range(np.ndim(x))) if axis is None else axis
    if not keepdims:
        g, y = np.expand_dims(g, axes), np.expand_dims(y, axes)
    if ord in (None, 2, "fro"):
        return g * over_or_zero(x, y)
    if ord == 0:
        return np.zeros_like(x)
    if ord == 1:
        return g * np.sign(x)
    if ord in (np.inf, -np.inf):
        extreme = np.absolute(x) == y
        ties = np.sum(extreme, axis=axes, keepdims=True, dtype=np.result_type(x))
        return extreme * np.sign(x) * (g / ties)
    ratio = over_or_zero(np.absolute(x), y)
    return g * np.sign(x) * np.power(np.where(ratio == 0, 1.0, ratio), ord - 1)


@builtin(r"\left\| {x} \right\|", "norm", x=_norm_rule)
def norm(x, *, ord=None, axis=None, keepdims=False):
    """y = (Σ |x|^p)^(1/p) of vectors with ord p (2 by default), or the Frobenius norm of matrices

    dy/dx = sign(x)·(|x|/y)^(p-1), which is x/y for p = 2; 0 at the origin. For p = ±∞ the gradient goes to
    the extreme element, in equal shares at a tie. ord 0 counts what is not 0. Two axes are a matrix's.
    """
    of_matrix = np.ndim(x) == 2 if axis is None else np.size(axis) == 2
    if of_matrix and ord not in (None, "fro"):
        raise GradientRuleError(f"norm: the matrix norm {ord!r} has no gradient rule; use ord='fro', or the "
                                "norm of all entries, norm(x.reshape(-1), ord)")
    return np.linalg.norm(x, ord, axis, keepdims)


@builtin("{x}^{-1}", "inv", x=lambda g, y, x: -_t(y) @ g @ _t(y))
def inv(x):
    """y = x⁻¹,   dJ/dx = -yᵀ g yᵀ"""
    return np.linalg.inv(x)


def _solve_b(g, y, a, b):
    if np.ndim(b) == 1:  # one vector for all matrices of a stack
        return np.linalg.solve(_t(a), np.expand_dims(g, -1))[..., 0]
    return np.linalg.solve(_t(a), g)


def _solve_a(g, y, a, b):
    s = _solve_b(g, y, a, b)
    if np.ndim(b) == 1:
        return -np.expand_dims(s, -1) * np.expand_dims(y, -2)
    return -s @ _t(y)


@builtin("{a}^{-1} {b}", "solve", a=_solve_a, b=_solve_b)
def solve(a, b):
    """y = a⁻¹ b,   dJ/db = a⁻ᵀ g,   dJ/da = -(dJ/db) yᵀ; as in NumPy 2, only b of one axis is a vector"""
    return np.linalg.solve(a, b)


def _per_matrix(g):
    """One number per matrix, ready to scale it."""
    return np.expand_dims(g, (-2, -1))


def _cofactors(y, x):
    """The derivative of y = det x by each entry of x, the signed determinants of the minors."""
    if np.all(y != 0):
        return _per_matrix(y) * _t(np.linalg.inv(x))
    n = np.shape(x)[-1]
    others = np.array([[j for j in range(n) if j != i] for i in range(n)], int)
    minors = np.linalg.det(x[..., others[:, None, :, None], others[:, None, :]])  # of (..., n, n, n-1, n-1)
    i, j = np.ogrid[:n, :n]
    return np.where((i + j) % 2 == 1, -minors, minors)


@builtin(r"\det {x}", "det", x=lambda g, y, x: _per_matrix(g) * _cofactors(y, x))
def det(x):
    """y = det x,   dy/dx = the cofactors of x: y·x⁻ᵀ, and defined for singular matrices too"""
    return np.linalg.det(x)


@builtin(r"\ln \left| \det {x} \right|", "ln|det|",
         x=lambda g, y, x: _per_matrix(g) * _t(np.linalg.inv(x)))
def logabsdet(x):
    """y = ln |det x| without overflow,   dy/dx = x⁻ᵀ"""
    return np.linalg.slogdet(x).logabsdet


@builtin(r"\mathrm{sign} \det {x}", "sign det", x=lambda g, y, x: np.zeros_like(x))
def signdet(x):
    """y = the sign of det x, piecewise constant: -1, 0 or 1"""
    return np.linalg.slogdet(x).sign


class SignAndLogDet(NamedTuple):
    """What `slogdet` gives: det x = sign · e^logabsdet."""

    sign: Any
    logabsdet: Any


def slogdet(a):
    """(sign, ln |det a|): a determinant that can neither overflow nor underflow."""
    return SignAndLogDet(signdet(a), logabsdet(a))


def _cholesky_rule(g, y, x):
    inverse, m = np.linalg.inv(y), _t(y) @ g
    s = _t(inverse) @ (np.tril(m) + np.tril(m, -1)) @ inverse
    return 0.25 * (s + _t(s))


@builtin(r"\mathrm{chol}({x})", "cholesky", x=_cholesky_rule)
def cholesky(x):
    """y lower triangular with y yᵀ = x, for symmetric positive definite x

    dJ/dx = ½(s + sᵀ), s = y⁻ᵀ Φ(yᵀ g) y⁻¹, Φ the lower triangle with half the diagonal (Murray 2016,
    https://arxiv.org/abs/1602.07527). It is the symmetric part of x that is factored, so the gradient is
    symmetric, as PyTorch's and JAX's; NumPy reads the lower triangle only, which is the same for symmetric x.
    """
    return np.linalg.cholesky(0.5 * (x + _t(x)))
