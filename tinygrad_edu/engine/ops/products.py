"""Products of vectors and matrices, from `matmul` to `einsum`, and the layer of a network, `linear`."""

from math import prod
from string import ascii_letters

import numpy as np

from tinygrad_edu.engine.ops.shapes import matrix_transpose
from tinygrad_edu.engine.primitive import builtin


def _transposed(x):
    return x.T if x.ndim == 2 else matrix_transpose(x)


def _rows(x):
    """All axes but the last as one: a batch of any shape as the rows of a matrix."""
    return x if x.ndim == 2 else np.reshape(x, (prod(x.shape[:-1]), x.shape[-1]))


def _matmul_a(g, y, a, b):
    if b.ndim == 1:
        return g * b if a.ndim == 1 else np.expand_dims(g, -1) * b
    if a.ndim == 1:
        return np.matmul(np.expand_dims(g, -2), _transposed(b))[..., 0, :]
    return np.matmul(g, _transposed(b))


def _matmul_b(g, y, a, b):
    if a.ndim == 1:
        return g * a if b.ndim == 1 else np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if b.ndim == 1:
        return np.matmul(np.reshape(g, -1), _rows(a))
    if b.ndim == 2:  # one matrix for a whole stack: its sum over the stack is one product
        return np.matmul(_rows(a).T, _rows(g))
    return np.matmul(_transposed(a), g)


@builtin(r"{a} {b}", "@", a=_matmul_a, b=_matmul_b)
def matmul(a, b):
    """y = a b for matrices, vectors and stacks of matrices,   dJ/da = g bᵀ,   dJ/db = aᵀ g"""
    return np.matmul(a, b)


def _sum_of_rows(g):
    """Σ over all axes but the last; NumPy adds row to row, which is slow for many short rows."""
    rows = _rows(g)
    if len(rows) > 500 and 1 < rows.shape[1] < 32:
        return np.matmul(np.ones(len(rows), rows.dtype), rows)
    return rows.sum(axis=0)


@builtin(r"{x} {weight}^\top + {bias}", "linear",
         x=lambda g, y, x, weight, bias: np.matmul(g, weight),
         weight=lambda g, y, x, weight, bias: np.matmul(_rows(x).T, _rows(g)).T,
         bias=lambda g, y, x, weight, bias: _sum_of_rows(g))
def linear(x, weight, bias=None):
    """y = x Wᵀ + b,   dJ/dx = g W,   dJ/dW = gᵀ x,   dJ/db = Σ g

    x (..., in_features), weight (out_features, in_features), bias (out_features,) or None; y (...,
    out_features). One primitive, not three, so that dJ/dW comes out in the layout that optimizers have for W, which is
    column by column, without a copy.
    """
    y = np.matmul(x, weight.T)
    if bias is None:
        return y
    if isinstance(bias, np.ndarray) and bias.dtype == y.dtype:
        y += bias  # y is new: no other array is needed
        return y
    return y + bias


def _dot_a(g, y, a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return g * b
    return _matmul_a(g, y, a, b) if b.ndim <= 2 else _tensordot_a(g, y, a, b, axes=(-1, -2))


def _dot_b(g, y, a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return g * a
    return _matmul_b(g, y, a, b) if b.ndim <= 2 else _tensordot_b(g, y, a, b, axes=(-1, -2))


@builtin(r"{a} \cdot {b}", "dot", a=_dot_a, b=_dot_b)
def dot(a, b):
    """y = Σ_k a_..k b_..k.: the last axis of a against the second-to-last of b (the only one of a vector)"""
    return np.dot(a, b)


@builtin(r"{a} {b}^\top", "outer",
         a=lambda g, y, a, b: np.reshape(np.matmul(g, np.reshape(b, -1)), np.shape(a)),
         b=lambda g, y, a, b: np.reshape(np.matmul(np.reshape(a, -1), g), np.shape(b)))
def outer(a, b):
    """y_ij = a_i b_j, of arrays of any shape in a row,   dJ/da = g b,   dJ/db = gᵀ a"""
    return np.outer(a, b)


def _axes_of(a, b, axes):
    """The summed and the free axes of both operands of tensordot."""
    if np.ndim(axes) == 0:
        axes = range(np.ndim(a) - axes, np.ndim(a)), range(axes)
    summed_a, summed_b = ([int(i) % np.ndim(x) for i in np.atleast_1d(s)]
                          for s, x in zip(axes, (a, b), strict=True))
    free_a = [i for i in range(np.ndim(a)) if i not in summed_a]
    free_b = [i for i in range(np.ndim(b)) if i not in summed_b]
    return summed_a, summed_b, free_a, free_b


def _tensordot_a(g, y, a, b, axes):
    summed_a, summed_b, free_a, free_b = _axes_of(a, b, axes)
    product = np.tensordot(g, b, (list(range(len(free_a), np.ndim(g))), free_b))
    axes_of_a = free_a + [i for _, i in sorted(zip(summed_b, summed_a, strict=True))]  # as product has them
    return np.transpose(product, np.argsort(axes_of_a).tolist())


def _tensordot_b(g, y, a, b, axes):
    summed_a, summed_b, free_a, free_b = _axes_of(a, b, axes)
    product = np.tensordot(a, g, (free_a, list(range(len(free_a)))))
    axes_of_b = [i for _, i in sorted(zip(summed_a, summed_b, strict=True))] + free_b
    return np.transpose(product, np.argsort(axes_of_b).tolist())


@builtin(r"\sum {a} {b}", "tensordot", a=_tensordot_a, b=_tensordot_b)
def tensordot(a, b, *, axes=2):
    """y = Σ over pairs of axes of a·b: the last `axes` of a with the first of b, or two lists of axes"""
    return np.tensordot(a, b, axes)


# ----- einsum -----

def _terms(subscripts, operands):
    """The letters of each operand and of the output, with `...` spelled out and the output made explicit."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    if not arrow:  # NumPy's implicit output: letters met once, in alphabetical order
        once = sorted(c for c in left if c.isalpha() and left.count(c) == 1)
        output = "".join(["...", *once] if "..." in left else once)
    terms = left.split(",")
    hidden = [np.ndim(x) - len(t.replace("...", "")) if "..." in t else 0
              for t, x in zip(terms, operands, strict=True)]
    unused = "".join(c for c in ascii_letters if c not in subscripts)
    ellipsis = unused[:max(hidden)]  # counted from the right, as shapes broadcast
    terms = [t.replace("...", ellipsis[len(ellipsis) - n:]) for t, n in zip(terms, hidden, strict=True)]
    return terms, output.replace("...", ellipsis)


def _einsum_rule(g, y, *operands, subscripts, optimize):
    """dJ/dx_i is an einsum of g and the other operands, with the letters of x_i as its output.

    Where those do not suffice, a factor of ones or of the unit matrix supplies the rest: along a letter that
    only x_i has (it was summed away), and for a letter that it has twice (x_ii = Σ_k x_ik δ_ik).
    """
    terms, output = _terms(subscripts, operands)

    def share(i):
        factors = [(output, g), *((t, x) for j, (t, x) in enumerate(zip(terms, operands, strict=True)) if j != i)]
        known = {c: n for t, x in factors for c, n in zip(t, np.shape(x), strict=True) if n != 1}
        unused = (c for c in ascii_letters if c not in "".join([output, *terms]))
        result = ""
        for c, n in zip(terms[i], np.shape(operands[i]), strict=True):
            if c in result:
                twin = next(unused)
                factors.append((c + twin, np.eye(n, dtype=g.dtype)))
                result += twin
            else:
                if c not in known:
                    factors.append((c, np.ones(n, g.dtype)))
                result += c
        letters = ",".join(t for t, _ in factors)
        return np.einsum(f"{letters}->{result}", *(x for _, x in factors), optimize=bool(optimize))

    return share


def _bind_einsum(subscripts, *operands, optimize=False):
    if not isinstance(subscripts, str):
        raise TypeError("without its subscripts first, one string, as in einsum('ij,j->i', a, x)")
    return operands, {"subscripts": subscripts, "optimize": optimize}


@builtin(r"\sum_{{subscripts}} {operands}", "einsum", operands=_einsum_rule, bind=_bind_einsum)
def einsum(*operands, subscripts, optimize=False):
    """y = the sum of products that the subscripts say; called as `einsum(subscripts, *operands)`"""
    return np.einsum(subscripts, *operands, optimize=optimize)
