"""Products of vectors and matrices, from `matmul` to `einsum`, and the layer of a network, `linear`."""

import numpy as np

from tinygrad_edu.engine.primitive import builtin


def _swapped(x):
    """The transpose of the last two axes: of each matrix in a stack."""
    return x.T if np.ndim(x) == 2 else np.swapaxes(x, -1, -2)


def _matmul_a(g, y, a, b):
    if np.ndim(b) == 1:
        return g * b if np.ndim(a) == 1 else np.expand_dims(g, -1) * b
    if np.ndim(a) == 1:
        return np.matmul(np.expand_dims(g, -2), _swapped(b))[..., 0, :]
    return np.matmul(g, _swapped(b))


def _matmul_b(g, y, a, b):
    if np.ndim(a) == 1:
        return g * a if np.ndim(b) == 1 else np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if np.ndim(b) == 1:
        return np.matmul(_swapped(a), np.expand_dims(g, -1))[..., 0]
    return np.matmul(_swapped(a), g)


@builtin(r"{a} {b}", "@", a=_matmul_a, b=_matmul_b)
def matmul(a, b):
    """y = a b for matrices and stacks of them,   dJ/da = g bᵀ,   dJ/db = aᵀ g"""
    return np.matmul(a, b)


def _rows(x):
    """All axes but the last as one: a batch of any shape as the rows of a matrix."""
    return x if np.ndim(x) == 2 else np.reshape(x, (-1, np.shape(x)[-1]))


@builtin(r"{x} {weight}^\top + {bias}", "linear",
         x=lambda g, y, x, weight, bias: np.matmul(g, weight),
         weight=lambda g, y, x, weight, bias: np.matmul(_rows(g).T, _rows(x)),
         bias=lambda g, y, x, weight, bias: np.sum(_rows(g), axis=0))
def linear(x, weight, bias=None):
    """y = x Wᵀ + b,   dJ/dx = g W,   dJ/dW = gᵀ x,   dJ/db = Σ g

    x (..., in_features), weight (out_features, in_features), bias (out_features,) or None; y (..., out_features).
    One primitive, not three, so that dJ/dW comes out in the layout of W and no transposed copy is made.
    """
    y = np.matmul(x, np.transpose(weight))
    return y if bias is None else y + bias


def _dot_axes(a, b):
    return (np.ndim(a) - 1, max(np.ndim(b) - 2, 0))


@builtin(r"{a} \cdot {b}", "dot",
         a=lambda g, y, a, b: _dot_rule(tensordot_a, multiply_a, g, y, a, b),
         b=lambda g, y, a, b: _dot_rule(tensordot_b, multiply_b, g, y, a, b))
def dot(a, b):
    """y = Σ_k a_..k b_..k.: the last axis of a against the second-to-last of b"""
    return np.dot(a, b)


def _dot_rule(of_tensors, of_scalars, g, y, a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return of_scalars(g, a, b)
    return of_tensors(g, y, a, b, axes=_dot_axes(a, b))


def multiply_a(g, a, b):
    return g * b


def multiply_b(g, a, b):
    return g * a


@builtin(r"{a} {b}^\top", "outer",
         a=lambda g, y, a, b: np.reshape(np.matmul(g, np.reshape(b, -1)), np.shape(a)),
         b=lambda g, y, a, b: np.reshape(np.matmul(np.reshape(a, -1), g), np.shape(b)))
def outer(a, b):
    """y_ij = a_i b_j,   dJ/da = g b,   dJ/db = gᵀ a"""
    return np.outer(a, b)


def _axes_of(a, b, axes):
    """The summed and the free axes of both operands of tensordot."""
    if isinstance(axes, int | np.integer):
        summed_a, summed_b = tuple(range(np.ndim(a) - axes, np.ndim(a))), tuple(range(axes))
    else:
        summed_a, summed_b = (tuple(np.mod(np.atleast_1d(s).astype(int), max(np.ndim(x), 1)).tolist())
                              for s, x in zip(axes, (a, b), strict=True))
    free_a = tuple(i for i in range(np.ndim(a)) if i not in summed_a)
    free_b = tuple(i for i in range(np.ndim(b)) if i not in summed_b)
    return summed_a, summed_b, free_a, free_b


def tensordot_a(g, y, a, b, axes):
    summed_a, summed_b, free_a, free_b = _axes_of(a, b, axes)
    n = len(free_a)
    product = np.tensordot(g, b, (tuple(range(n, n + len(free_b))), free_b))  # axes: free_a, then summed_b sorted
    order = free_a + tuple(summed_a[summed_b.index(i)] for i in sorted(summed_b))
    return np.transpose(product, tuple(np.argsort(order).tolist()))


def tensordot_b(g, y, a, b, axes):
    summed_a, summed_b, free_a, free_b = _axes_of(a, b, axes)
    product = np.tensordot(a, g, (free_a, tuple(range(len(free_a)))))  # axes: summed_a sorted, then free_b
    order = (*(summed_b[summed_a.index(i)] for i in sorted(summed_a)), *free_b)
    return np.transpose(product, tuple(np.argsort(order).tolist()))


@builtin(r"\sum {a} {b}", "tensordot", a=tensordot_a, b=tensordot_b)
def tensordot(a, b, *, axes=2):
    """y = Σ over pairs of axes of a·b: the last `axes` of a with the first of b, or two lists of axes"""
    return np.tensordot(a, b, axes)


# ----- einsum -----

def _terms(subscripts, operands):
    """The letters of each operand and of the output, with `...` spelled out and the output made explicit.

    Letters of the axes under `...` are capitals that the subscripts do not use, the same ones, counted from the
    right, for every operand, so that they broadcast.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    unused = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in subscripts]
    hidden = max((np.ndim(x) - len(t.replace("...", "")) for t, x in zip(terms, operands, strict=True)
                  if "..." in t), default=0)
    ellipsis = "".join(unused[:hidden])
    if not arrow:  # NumPy's implicit output: letters met once, in alphabetical order
        letters = left.replace("...", "").replace(",", "")
        right = ("..." if "..." in left else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    full = [t.replace("...", ellipsis[hidden - (np.ndim(x) - len(t.replace("...", ""))):] if "..." in t else "")
            for t, x in zip(terms, operands, strict=True)]
    return full, right.replace("...", ellipsis)


def _einsum_rule(i, g, y, *operands, subscripts):
    terms, output = _terms(subscripts, operands)
    own, others = terms[i], [j for j in range(len(operands)) if j != i]
    letters = "".join(dict.fromkeys(own))  # each letter of a diagonal (`ii`) once
    known = "".join([output, *(terms[j] for j in others)])
    reachable = "".join(c for c in letters if c in known)
    factors = [g, *(operands[j] for j in others)]
    gradient = np.einsum(",".join([output, *(terms[j] for j in others)]) + "->" + reachable, *factors)
    # letters that only this operand has were summed away: every element along them gets the same gradient
    shape = np.shape(operands[i])
    sizes = {c: max(n for d, n in zip(own, shape, strict=True) if d == c) for c in letters}
    gradient = np.reshape(gradient, tuple(
        np.shape(gradient)[reachable.index(c)] if c in reachable else 1 for c in letters))
    full = tuple(sizes[c] if c not in reachable or sizes[c] > 1 else np.shape(gradient)[letters.index(c)]
                 for c in letters)
    gradient = np.broadcast_to(gradient, full)
    if np.shape(gradient) != tuple(sizes[c] for c in letters):  # an axis of length 1 that was broadcast
        summed = tuple(k for k, c in enumerate(letters) if sizes[c] == 1 and np.shape(gradient)[k] != 1)
        gradient = np.sum(gradient, axis=summed, keepdims=True)
    if len(letters) == len(own):
        return gradient
    return _on_diagonal(gradient, letters, own, shape)


def _on_diagonal(gradient, letters, own, shape):
    """Zeros of the given shape with the gradient at the positions where equal letters have equal indices."""
    places = np.ogrid[tuple(slice(n) for n in np.shape(gradient))]
    index = tuple(places[letters.index(c)] for c in own)
    zeros = np.zeros(shape, np.asarray(gradient).dtype if isinstance(gradient, np.ndarray) else float)
    return ops_setitem(zeros, index, gradient)


@builtin(r"\sum_{{subscripts}} {operands}", "einsum", operands=_einsum_rule,
         bind=lambda subscripts, *operands, optimize=False: (
             operands, {"subscripts": subscripts, "optimize": optimize}))
def einsum(*operands, subscripts, optimize=False):
    """y = the sum of products that the subscripts say, as `np.einsum`; letters may repeat within an operand"""
    return np.einsum(subscripts, *operands, optimize=optimize)
