"""Random graphs, eager and compiled: the same values and gradients."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg

UNARY = [np.tanh, np.sin, np.cos, lambda x: np.exp(-x * x), lambda x: x * 0.5, lambda x: x ** 2, tg.relu, tg.sigmoid,
         tg.softmax, tg.softplus, lambda x: x.T if x.ndim == 2 and x.shape[0] == x.shape[1] else x,
         lambda x: x.reshape(-1)[::-1].reshape(x.shape), lambda x: x[:, :1] + x, lambda x: x - x.mean(axis=0),
         lambda x: x / (1 + np.abs(x)), lambda x: np.where(x > 0, x, 0.1 * x),
         lambda x: x + x.sum(axis=1, keepdims=True)]
BINARY = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, np.maximum, np.minimum,
          lambda a, b: a / (2 + b * b), lambda a, b: a @ b.T @ b, lambda a, b: np.concatenate([a, b])[1:1 + len(a)],
          lambda a, b: a + b[0], lambda a, b: (a * b).sum() * 0.1 + a,
          lambda a, b: np.einsum("ij,ij->i", a, b)[:, None] + a]
steps = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100)),
                 min_size=1, max_size=12)


def build(recipe, n, m, dtype, results):
    """A function of two arrays that makes one node after another, each of any of those before."""
    w = tg.Value(np.linspace(-1, 1, n * m).reshape(n, m).astype(dtype))

    def f(x, y):
        w.grad = None
        a, b = tg.Value(x), tg.Value(y)
        nodes = [a, b, w]
        for kind, op, i, j in recipe:
            if kind:
                nodes.append(BINARY[op % len(BINARY)](nodes[i % len(nodes)], nodes[j % len(nodes)]))
            else:
                nodes.append(UNARY[op % len(UNARY)](nodes[i % len(nodes)]))
        J = sum((node * node).mean() for node in nodes[-results:])
        J.backward()
        return J, nodes[-1], a.grad, b.grad, w.grad, nodes[-1].data

    return f


@given(recipe=steps, n=st.integers(1, 4), m=st.integers(1, 4), dtype=st.sampled_from([np.float64, np.float32]),
       results=st.integers(1, 3), seed=st.integers(0, 100))
@settings(max_examples=150, deadline=None)
def test_random_graphs(recipe, n, m, dtype, results, seed):
    f = build(recipe, n, m, dtype, results)
    compiled = tg.compile(f)
    rng = np.random.default_rng(seed)
    tolerance = 1e-9 if dtype == np.float64 else 2e-3
    for _ in range(3):
        x, y = rng.normal(size=(2, n, m)).astype(dtype)
        with np.errstate(all="ignore"):
            expected = f(x, y)
            if not np.isfinite(expected[0].item()):
                return
            found = compiled(x, y)
        for p, q in zip(found, expected, strict=True):
            p, q = (getattr(v, "data", v) if isinstance(v, tg.Value) else v for v in (p, q))
            assert (p is None) == (q is None)
            if q is None:
                continue
            p, q = np.asarray(p), np.asarray(q)
            assert (p.shape, p.dtype) == (q.shape, q.dtype)
            scale = max(1.0, float(np.abs(q).max(initial=0)))
            np.testing.assert_allclose(p, q, rtol=tolerance, atol=tolerance * scale)
