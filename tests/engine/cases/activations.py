"""Rows for sigmoid, softmax and their kin; references from SciPy and from textbooks."""

from scipy import special

from tests.engine.cases.case import Case

ONE, MATRIX = ((2, 3),), ((3, 4),)

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
]
