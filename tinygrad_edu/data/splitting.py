"""Rows dealt out: into a training and a test set, into folds, and into mini-batches."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.checks import as_labels, as_rows, is_list, shown, whole_number
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.random import RandomSource, default_generator


def train_test_split(*arrays: Any, test_size: float = 0.25, rng: RandomSource = None,
                     stratify: Any = None) -> tuple[np.ndarray, ...]:
    """Deal the rows at random into a training set and a test set; row i of every array goes to the same one.

    Only the loss on rows that training never saw tells how well a model generalises.

    Args:
        *arrays: arrays or lists with n rows each: X (n, p), y (n,), ...
        test_size: the share of the test set, between 0 and 1 (rounded up to whole rows), or how many rows.
        rng: a seed or a `numpy.random.Generator`; the library's generator if not given.
        stratify: class labels (n,); each set then gets its proportion of every class, to the row.

    Returns: copies, two per array: X_train, X_test, y_train, y_test, ...

    Errors: ShapeError if the arrays are empty or differ in length; ArgumentError if a set would be left with
    no rows or with fewer than there are classes, or a class has a single row; OptionError for a `test_size`
    that is no number; DtypeError for labels that are neither numbers nor strings.

    >>> import numpy as np
    >>> from tinygrad_edu.data import train_test_split
    >>> X, y = np.arange(20).reshape(10, 2), np.repeat([0, 1], [6, 4])
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, rng=0, stratify=y)
    >>> X_train.shape, X_test.shape, np.bincount(y_test)
    ((5, 2), (5, 2), array([3, 2]))

    Convention: as scikit-learn's function of the same name; only the seed is called `rng`.
    """
    tables, n = _tables("train_test_split", arrays)
    n_test = _test_rows(test_size, n)
    classes = _class_numbers("train_test_split", stratify, n)
    test_rows = _test_rows_per_class(classes, n_test)
    order = default_generator(rng).permutation(n)
    in_test = _first_of_each_class(classes[order], test_rows)
    train, test = order[~in_test], order[in_test]
    return tuple(table[rows] for table in tables for rows in (train, test))


def k_fold(n_or_X: Any, k: int, rng: RandomSource = None,
           stratify: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Deal the rows at random into k folds; each fold is the test set once, and the others train.

    Cross-validation: the mean of the k test losses uses every row, and their spread shows how far it can be
    trusted.

    Args:
        n_or_X: how many rows there are, n, or an array with n rows.
        k: how many folds, from 2 to n. Their sizes differ by at most one row.
        rng: a seed or a `numpy.random.Generator`; the library's generator if not given.
        stratify: class labels (n,); the rows of each class are then dealt out evenly, to the row, too.

    Returns: an iterator over k pairs, the numbers of the training rows and of the test rows, in rising order.

    Errors, at the call and not at the first fold: ShapeError for an array without rows or labels that are
    not (n,); OptionError if n or k is no whole number, ArgumentError if it is out of range, or if a class has
    fewer than k rows; DtypeError for labels that are neither numbers nor strings.

    >>> import numpy as np
    >>> from tinygrad_edu.data import k_fold
    >>> X, y = np.arange(12).reshape(6, 2), np.array([0, 0, 0, 1, 1, 1])
    >>> for train, test in k_fold(X, 3, rng=0, stratify=y):
    ...     print(X[train].shape, X[test].shape, y[test])
    (4, 2) (2, 2) [0 1]
    (4, 2) (2, 2) [0 1]
    (4, 2) (2, 2) [0 1]

    Source: M. Stone, Cross-Validatory Choice and Assessment of Statistical Predictions, Journal of the Royal
    Statistical Society B 36 (1974). Unlike scikit-learn's KFold, it always shuffles.
    """
    if is_list(n_or_X):
        n = len(as_rows("k_fold", n_or_X))
    else:
        n = whole_number("k_fold: the number of rows", n_or_X, low=2)
    k = whole_number("k_fold: k", k, low=2)
    if k > n:
        raise ArgumentError(f"k_fold: {n} rows cannot fill k = {k} folds; k may be {n} at most")
    classes = _class_numbers("k_fold", stratify, n)
    smallest = np.bincount(classes).min()
    if smallest < k:
        raise ArgumentError(f"k_fold: a class of {smallest} rows cannot be in each of k = {k} folds; lower k or "
                            "leave out rare classes")
    order = default_generator(rng).permutation(n)
    # class after class, dealt in turn like cards: fold 0, 1, ..., k - 1, 0, 1, ...
    fold = np.empty(n, dtype=np.intp)
    fold[order[np.argsort(classes[order], kind="stable")]] = np.arange(n) % k
    return ((np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k))


def batches(*arrays: Any, batch_size: int, rng: RandomSource = None) -> Iterator[tuple[np.ndarray, ...]]:
    """Mini-batches: the rows, `batch_size` at a time, each exactly once; the last batch may be smaller.

    Each batch is read when its turn comes, so a `numpy.memmap` may be larger than memory.

    Args:
        *arrays: arrays or lists with n rows each: X (n, p), y (n,), ...
        batch_size: rows per batch, 1 or more.
        rng: shuffles the rows: a `numpy.random.Generator` gives a new order in every epoch, a seed the same
            one each time. If not given the rows come in their own order.

    Returns: an iterator of tuples of copies: (batch_size, p), (batch_size,), ...

    Errors, at the call and not at the first batch: ShapeError if the arrays are empty or differ in length,
    ArgumentError if `batch_size` is below 1, OptionError if it is no whole number.

    >>> import numpy as np
    >>> from tinygrad_edu.data import batches
    >>> for X, y in batches(np.arange(10).reshape(5, 2), np.arange(5), batch_size=2):
    ...     print(X.tolist(), y)
    [[0, 1], [2, 3]] [0 1]
    [[4, 5], [6, 7]] [2 3]
    [[8, 9]] [4]
    """
    tables, n = _tables("batches", arrays)
    size = whole_number("batches: batch_size", batch_size, low=1)
    order = np.arange(n) if rng is None else default_generator(rng).permutation(n)
    # a generator expression and not `yield`, which would put off the errors above to the first batch
    return (tuple(table[order[i:i + size]] for table in tables) for i in range(0, n, size))


def _tables(function: str, arrays: tuple) -> tuple[list[np.ndarray], int]:
    """The arguments as arrays with the same number of rows, and that number."""
    if not arrays:
        raise OptionError(f"{function}: no arrays given; pass one at least, as in {function}(X, y, ...)")
    for array in arrays:
        if not is_list(array):
            raise ShapeError(f"{function}: expected an array with rows, got {shown(array)} of shape (); options are "
                             f"passed by name, as in {function}(X, y, rng=0)")
    tables = [as_rows(function, array) for array in arrays]
    if len({len(table) for table in tables}) > 1:
        shapes = " and ".join(str(table.shape) for table in tables)
        raise ShapeError(f"{function}: all arrays need the same number of rows, got shapes {shapes}")
    return tables, len(tables[0])


def _test_rows(test_size: Any, n: int) -> int:
    """How many of n rows go into the test set."""
    if isinstance(test_size, (float, np.floating)):
        if not 0 < test_size < 1:
            raise ArgumentError(f"train_test_split: test_size as a share is between 0 and 1, got "
                                f"{test_size}; for a number of rows pass a whole number")
        # 0.07 of 100 rows is 7, though 0.07 * 100 in floating point is a little more
        n_test = int(np.ceil(np.round(test_size * n, 9)))
    else:
        n_test = whole_number("train_test_split: test_size", test_size)
    if not 0 < n_test < n:
        raise ArgumentError(f"train_test_split: test_size={test_size} of {n} rows gives {n_test} test and "
                            f"{n - n_test} training rows; each set needs one at least")
    return n_test


def _class_numbers(function: str, stratify: Any, n: int) -> np.ndarray:
    """The class of each row, numbered 0, 1, ...; without labels all rows are of one class."""
    if stratify is None:
        return np.zeros(n, dtype=np.intp)
    labels = as_labels(f"{function}: stratify", stratify)
    if len(labels) != n:
        raise ShapeError(f"{function}: stratify needs one label per row, shape ({n},), got {labels.shape}")
    return np.unique(labels, return_inverse=True)[1]


def _test_rows_per_class(classes: np.ndarray, n_test: int) -> np.ndarray:
    """How many rows of each class go into the test set: its share, rounded so that the sum is right."""
    n, counts = len(classes), np.bincount(classes)
    if counts.min() < 2 or min(n_test, n - n_test) < len(counts):
        raise ArgumentError(f"train_test_split: {len(counts)} classes, the smallest of {counts.min()} rows, "
                            f"cannot be shared out over {n - n_test} training and {n_test} test rows; each "
                            "class needs 2 rows and a place in both sets: leave out rare classes or change "
                            "test_size")
    # whole-number arithmetic: all round down, then those that lost most by it get the rows left over
    test_rows, lost = np.divmod(n_test * counts, n)
    most_lost = np.argsort(-lost, kind="stable")[:n_test - test_rows.sum()]
    test_rows[most_lost] += 1
    return test_rows


def _first_of_each_class(classes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """A mask of the rows: for each class c, its first counts[c] are True."""
    mask = np.zeros(len(classes), dtype=bool)
    for c, count in enumerate(counts):
        mask[np.flatnonzero(classes == c)[:count]] = True
    return mask
