"""Rows of the primitives of `engine/ops/products.py`; more of einsum is in test_einsum.py."""

import numpy as np

from tests.engine.cases.case import Case


def affine(x, weight, bias):
    """y_i = Σ_k w_ik x_k + b_i, in the order of the definition."""
    return np.sum(x[..., None, :] * weight, axis=-1) + (0 if bias is None else bias)


def einsum(*operands, subscripts, optimize=False):
    return np.einsum(subscripts, *operands, optimize=optimize)


def products(op, *pairs, **more):
    return [Case(op, pair, getattr(np, op), **more) for pair in pairs]


CASES = [
    *products("matmul", ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 0)),
              ((2, 0), (0, 3)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (3,)), ((2, 3), (5, 3, 4)),
              ((3,), (5, 3, 4)), ((5, 1, 2, 3), (6, 3, 4)), ((1, 2, 3), (5, 3, 2)), ((3, 3), (3, 3)),
              ((5, 2, 0), (0, 3)), ((5, 0, 3), (3, 4))),
    Case("linear", ((5, 3), (2, 3), (2,)), affine),
    Case("linear", ((5, 3), (2, 3)), affine, prepare=lambda x, weight: (x, weight, None), constant=(2,),
         note="no bias"),
    Case("linear", ((3,), (2, 3), (2,)), affine, note="one point"),
    Case("linear", ((4, 5, 3), (2, 3), (2,)), affine, note="a batch of two axes"),
    Case("linear", ((0, 3), (2, 3), (2,)), affine, note="no points"),
    Case("linear", ((5, 3), (2, 3), ()), affine, note="the same bias for all"),
    Case("linear", ((4, 5, 0), (2, 0), (2,)), affine, note="no features"),
    *products("dot", ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((), (2, 3)),
              ((2, 3), ()), ((), ()), ((5, 2, 3), (3, 4)), ((5, 2, 3), (3,)), ((2, 3), (5, 3, 4)),
              ((3,), (5, 3, 4)), ((5, 2, 3), (2, 3, 4))),
    *products("outer", ((2,), (3,)), ((2, 2), (3, 1)), ((), (3,)), ((2,), ()), ((0,), (3,)), ((3,), (3,))),
    *products("tensordot", ((2, 3, 4), (3, 4, 5))),
    *products("tensordot", ((2, 3), (3, 4)), ((3,), (3,)), options={"axes": 1}),
    *products("tensordot", ((2, 3), (4,)), ((), (2, 3)), options={"axes": 0}),
    *products("tensordot", ((2, 3, 4), (5, 3)), options={"axes": (1, -1)}, note="two ints"),
    *products("tensordot", ((2, 3, 4), (4, 5, 2)), options={"axes": ([2, 0], [0, 2])}, note="unordered"),
    *products("tensordot", ((2, 3, 4, 2), (4, 2, 3, 5)), options={"axes": ([-2, 1, 0], [0, 2, -3])}),
    *products("tensordot", ((2, 3), (4, 2)), options={"axes": ([], [])}, note="no axes"),
    *[Case("einsum", shapes, einsum, options={"subscripts": subscripts}) for subscripts, *shapes in (
        ("ij,jk->ik", (2, 3), (3, 4)),
        ("ij,jk", (2, 3), (3, 4)),
        ("ba,cb", (2, 3), (4, 2)),
        ("ii", (3, 3)),
        ("ii->i", (3, 3)),
        ("iji->j", (3, 2, 3)),
        ("iii,i->", (2, 2, 2), (2,)),
        ("ij->", (2, 3)),
        ("ij->i", (2, 3)),
        ("ij,k->k", (2, 3), (4,)),
        ("i,j,k->kij", (2,), (3,), (4,)),
        ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
        ("...ij,...jk", (5, 2, 3), (6, 1, 3, 4)),
        ("i...->...", (2, 3, 4)),
        ("...,...", (2, 3), (3,)),
        ("...ii->...i", (4, 3, 3)),
        ("ij,ij->ij", (1, 3), (2, 1)),
        ("ii,i->i", (3, 3), (1,)),
        (" a b , b -> a ", (2, 3), (3,)),
        (",i->i", (), (3,)),
    )],
    Case("einsum", ((2, 3), (3, 4), (4, 2)), einsum,
         options={"subscripts": "ij,jk,kl->il", "optimize": True}),
    Case("einsum", ((2, 3), (3, 4), (4, 2)), einsum,
         options={"subscripts": "ij,jk,kl->il", "optimize": ["einsum_path", (1, 2), (0, 1)]}),
]
