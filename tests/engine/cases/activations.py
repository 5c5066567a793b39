"""Rows for sigmoid, softmax and their kin; references from SciPy and from textbooks."""

import numpy as np
from scipy import special

from tests.engine.cases.case import Case

ONE, MATRIX = ((2, 3),), ((3, 4),)


def labelled(logits):
    """Logits with a label for each row."""
    count = np.arange(np.prod(logits.shape[:-1], dtype=int)).reshape(logits.shape[:-1])
    return logits, (count * 5 + 1) % logits.shape[-1]


def cross_entropy(logits, labels):
    """-ln p of the label, row by row."""
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return -np.log(np.take_along_axis(p, labels[..., None], -1)[..., 0])


CASES = [
    Case("sigmoid", ONE, special.expit, (-4, 4)),
    Case("logsumexp", MATRIX, special.logsumexp),
    Case("logsumexp", MATRIX, special.logsumexp, options={"axis": 1}),
    Case("logsumexp", ((2, 3, 2),), special.logsumexp, options={"axis": (0, -1), "keepdims": True}),
    Case("logsumexp", ((2, 3, 2),), special.logsumexp, options={"axis": (2, 0)}),
    Case("logsumexp", ((),), special.logsumexp),
    Case("softmax", MATRIX, lambda x: special.softmax(x, axis=-1)),
    Case("softmax", MATRIX, special.softmax, options={"axis": 0}),
    Case("softmax", ((2, 3, 2),), special.softmax, options={"axis": (0, 1)}),
    Case("softmax", ((0, 3),), special.softmax, options={"axis": -1}),
    Case("log_softmax", MATRIX, lambda x: special.log_softmax(x, axis=-1)),
    Case("log_softmax", MATRIX, special.log_softmax, options={"axis": 0}),
    Case("log_softmax", ((2, 3, 2),), special.log_softmax, options={"axis": (0, -1)}),
    Case("cross_entropy", MATRIX, cross_entropy, prepare=labelled, constant=(1,)),
    Case("cross_entropy", ((2, 3, 4),), cross_entropy, prepare=labelled, constant=(1,)),
    Case("cross_entropy", ((4,),), cross_entropy, prepare=labelled, constant=(1,)),
    Case("cross_entropy", ((0, 4),), cross_entropy, prepare=labelled, constant=(1,)),
]
