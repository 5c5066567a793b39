"""Rows of the primitives of `engine/ops/linalg.py`; norms at the origin and errors are in test_linalg.py."""

import numpy as np

from tests.engine.cases.case import Case


def well_conditioned(a, *others):
    """Matrices with a heavy diagonal: far from singular."""
    return a + 4 * np.eye(a.shape[-1]), *others


def positive_definite(a):
    return (a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1]),)


def singular(a):
    """The last row is the sum of the others."""
    return (np.concatenate([a[..., :-1, :], a[..., :-1, :].sum(axis=-2, keepdims=True)], axis=-2),)


def away_from_0(x):
    return (np.sign(x) * (np.abs(x) + 0.3),)


def log_of_det(x):
    return np.log(np.abs(np.linalg.det(x)))


def sign_of_det(x):
    return np.sign(np.linalg.det(x))


def norms(*shapes, **options):
    return [Case("norm", (shape,), np.linalg.norm, options=options, prepare=away_from_0, holomorphic=False)
            for shape in shapes]


CASES = [
    *norms((4,), (3, 4), (2, 3, 4), ()),
    *norms((3, 4), axis=0),
    *norms((2, 3, 4), axis=-1, keepdims=True),
    *norms((2, 3, 4), axis=(0, 2)),
    *norms((3, 4), ord="fro"),
    *norms((2, 3, 4), ord="fro", axis=(-1, 0), keepdims=True),
    *[case for p in (1, 2, 3, 2.5, 0.5, -1, np.inf, -np.inf) for case in norms((4,), ord=p)],
    *norms((3, 4), ord=1, axis=1),
    *norms((3, 4), ord=3, axis=(0,)),
    *norms((3, 4), ord=np.inf, axis=-2, keepdims=True),
    Case("norm", ((4,),), np.linalg.norm, options={"ord": 0}, prepare=away_from_0, smooth=False,
         holomorphic=False, note="counts what is not 0"),
    Case("inv", ((3, 3),), np.linalg.inv, prepare=well_conditioned),
    Case("inv", ((2, 3, 3),), np.linalg.inv, prepare=well_conditioned),
    Case("inv", ((1, 1),), np.linalg.inv, prepare=well_conditioned),
    *[Case("solve", shapes, np.linalg.solve, prepare=well_conditioned) for shapes in (
        ((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3,)), ((2, 3, 3), (2, 3, 1)), ((2, 3, 3), (3, 2)),
        ((3, 3), (2, 3, 2)), ((2, 1, 3, 3), (4, 3, 2)), ((3, 3), (3, 0)))],
    Case("det", ((3, 3),), np.linalg.det),
    Case("det", ((2, 2, 2),), np.linalg.det),
    Case("det", ((1, 1),), np.linalg.det),
    Case("det", ((3, 3),), np.linalg.det, prepare=lambda x: (np.zeros_like(x),), note="zero matrix"),
    Case("det", ((3, 3),), np.linalg.det, prepare=lambda x: (np.diag([1.0, 2.0, 0.0]),), note="singular"),
    Case("det", ((2, 4, 4),), np.linalg.det, prepare=lambda x: (np.stack([np.ones((4, 4)), x[0]]),),
         note="one singular, one not"),
    Case("logabsdet", ((3, 3),), log_of_det, prepare=well_conditioned, holomorphic=False),
    Case("logabsdet", ((2, 3, 3),), log_of_det, prepare=well_conditioned, holomorphic=False),
    Case("signdet", ((2, 3, 3),), sign_of_det, prepare=well_conditioned, smooth=False, holomorphic=False),
    Case("cholesky", ((3, 3),), np.linalg.cholesky, prepare=positive_definite, holomorphic=False),
    Case("cholesky", ((2, 3, 3),), np.linalg.cholesky, prepare=positive_definite, holomorphic=False),
]
