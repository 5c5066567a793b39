"""Functions of NumPy that are made of others: NumPy's values, and gradients compared with differences."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.engine.differences import numerical_gradient
from tinygrad_edu.engine import ops
from tinygrad_edu.errors import ArgumentError

rng = np.random.default_rng(0)
A, B, v3, w3, x6 = (rng.normal(size=shape) for shape in ((2, 3), (2, 3), 3, 3, 6))

COMPOSED = {
    "split": (lambda x: np.split(x, 3), [x6]),
    "split at places": (lambda x: np.split(x, [1, 4, 9]), [x6]),
    "split along the last axis": (lambda x: np.split(x, [1], axis=-1), [A]),
    "array_split": (lambda x: np.array_split(x, 4), [x6]),
    "array_split into more parts than elements": (lambda x: np.array_split(x, 5, 1), [A]),
    "vsplit": (lambda x: np.vsplit(x, 2), [A]),
    "hsplit": (lambda x: np.hsplit(x, 3), [A]),
    "hsplit of a vector": (lambda x: np.hsplit(x, [2]), [x6]),
    "vstack": (lambda x, y: np.vstack([x, y, y]), [A, v3]),
    "hstack": (lambda x, y: np.hstack((x, y)), [v3, x6]),
    "hstack of matrices": (lambda x, y: np.hstack((x, y)), [A, B]),
    "hstack of numbers": (lambda x, y: np.hstack([x, y]), [np.array(1.0), v3]),
    "column_stack": (lambda x, y, z: np.column_stack([x, y, z]), [v3, w3, A.T]),
    "append": (lambda x, y: np.append(x, y), [A, v3]),
    "append along an axis": (lambda x, y: np.append(x, y, axis=1), [A, B]),
    "atleast_1d": (lambda x, y: list(np.atleast_1d(x, y)), [np.array(1.0), v3]),
    "atleast_2d": (np.atleast_2d, [v3]),
    "ravel": (np.ravel, [A]),
    "flipud": (np.flipud, [A]),
    "fliplr": (np.fliplr, [A]),
    "full_like": (np.full_like, [A, v3]),
    "inner": (np.inner, [A, B]),
    "inner of numbers": (np.inner, [np.array(2.0), A]),
    "vdot": (np.vdot, [A, x6]),
    "average": (np.average, [A]),
    "average over an axis": (lambda x: np.average(x, 1, keepdims=True), [A]),
    "average with weights": (lambda x, w: np.average(x, weights=w), [A, B**2]),
    "average with a vector of weights": (lambda x, w: np.average(x, axis=-1, weights=w), [A, w3**2]),
    "ptp": (lambda x: np.ptp(x, axis=1), [A]),
    "diff": (np.diff, [A]),
    "diff twice along an axis": (lambda x: np.diff(x, n=2, axis=0), [A.T]),
    "deg2rad": (np.deg2rad, [A]),
    "rad2deg": (np.rad2deg, [A]),
    "degrees": (np.degrees, [A]),
    "trunc": (np.trunc, [3 * A]),
    "rint": (np.rint, [3 * A]),
    "fabs": (np.fabs, [A]),
    "copy": (np.copy, [A]),
    "amax": (lambda x: np.amax(x, axis=0), [A]),
    "conj": (np.conj, [A]),
    "subtract.outer": (np.subtract.outer, [v3, A]),
    "add.reduce": (np.add.reduce, [A]),
    "multiply.reduce": (lambda x: np.multiply.reduce(x, axis=1, keepdims=True), [A]),
    "maximum.reduce": (lambda x: np.maximum.reduce(x, 1), [A]),
    "logaddexp.reduce": (lambda x: np.logaddexp.reduce(x, axis=None), [A]),
    "add.accumulate": (np.add.accumulate, [A]),
    "multiply.accumulate": (lambda x: np.multiply.accumulate(x, axis=1), [A]),
    "slogdet": (lambda x: list(np.linalg.slogdet(x)), [A @ B.T]),
    "linalg.matmul": (np.linalg.matmul, [A, v3]),
    "linalg.vecdot": (lambda x, y: np.linalg.vecdot(x, y, axis=0), [A, B]),
    "linalg.tensordot": (lambda x, y: np.linalg.tensordot(x, y, axes=1), [A, v3]),
    "linalg.matrix_transpose": (np.linalg.matrix_transpose, [A]),
    **({"matvec": (np.matvec, [A, v3]), "vecmat": (np.vecmat, [v3, A.T])} if hasattr(np, "matvec") else {}),
    **({"unstack": (lambda x: list(np.unstack(x, axis=1)), [A]),
        "clip by its newer names": (lambda x: np.clip(x, max=0.5), [A])} if hasattr(np, "unstack") else {}),
}


def parts(y):
    return y if isinstance(y, list) else [y]


@pytest.mark.parametrize(("function", "arrays"), COMPOSED.values(), ids=list(COMPOSED))
def test_it_has_numpys_values_and_a_gradient(function, arrays):
    def in_a_row(*arrays):
        y = function(*arrays)
        return np.concatenate([np.reshape(part, -1) for part in y]) if isinstance(y, list) else y

    values = [tg.Value(x) for x in arrays]
    y, expected = function(*values), function(*arrays)
    for part, numbers in zip(parts(y), parts(expected), strict=True):
        assert part.shape == np.shape(numbers)
        np.testing.assert_allclose(part.data, numbers, rtol=1e-14, atol=1e-14)
    v = rng.normal(size=np.shape(in_a_row(*arrays)))
    in_a_row(*values).backward(v)
    for i, x in enumerate(values):
        found = np.zeros(x.shape) if x.grad is None else x.grad
        slope = numerical_gradient(in_a_row, arrays, i, v, step=1e-5)
        np.testing.assert_allclose(found, slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("count", [0, -1, 4, 7])
def test_split_says_what_does_not_divide(count):
    with pytest.raises(ArgumentError, match="split"):
        np.split(tg.Value(x6), count)
    with pytest.raises(ArgumentError, match="axis 1"):
        np.array_split(tg.Value(x6), 2, axis=1)


def test_average_says_which_weights_do_not_fit():
    with pytest.raises(ArgumentError, match=r"average of \(2, 3\).*\(2,\)"):
        np.average(tg.Value(A), axis=1, weights=np.ones(2))


def test_all_primitives_and_what_is_made_of_them_are_public():
    composed = {name for name, x in vars(ops.composed).items()
                if getattr(x, "__module__", "") == ops.composed.__name__ and not name.startswith("_")}
    rows = {name.split()[0].removeprefix("linalg.") for name in COMPOSED}
    assert {name for name in composed if hasattr(np, name)} <= rows
    assert set(ops.__all__) == set(tg.OPS) | composed | {"matrix_transpose", "slogdet"}
    assert len(set(ops.__all__)) == len(ops.__all__)
    assert all(getattr(tg, name) is getattr(ops, name) for name in ops.__all__)
