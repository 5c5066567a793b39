"""Splits, folds and mini-batches: every row on exactly one side, in proportion, and clear words on bad input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_edu.data import batches, k_fold, train_test_split
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError
from tinygrad_edu.random import default_generator, manual_seed


@given(n=st.integers(2, 60), share=st.floats(0.01, 0.99), seed=st.integers(0, 2**32))
def test_a_split_is_a_partition_and_keeps_rows_together(n, share, seed):
    rows = np.arange(n)
    assume(share * n <= n - 1)
    X_train, X_test, y_train, y_test = train_test_split(rows[:, None] * 10, rows, test_size=share, rng=seed)
    assert sorted([*y_train, *y_test]) == rows.tolist()
    assert (X_train[:, 0] == 10 * y_train).all() and (X_test[:, 0] == 10 * y_test).all()
    assert share * n - 1e-6 <= len(y_test) < share * n + 1


@given(counts=st.lists(st.integers(2, 20), min_size=1, max_size=5), share=st.floats(0, 1),
       seed=st.integers(0, 99))
def test_stratified_sets_have_each_class_in_proportion(counts, share, seed):
    n, classes = sum(counts), len(counts)
    n_test = classes + round(share * (n - 2 * classes))  # all that are allowed
    rows = np.arange(n)
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(classes), counts))
    train, test = train_test_split(rows, test_size=n_test, rng=seed, stratify=labels)
    assert sorted([*train, *test]) == rows.tolist() and len(test) == n_test
    for label, count in enumerate(counts):
        assert abs(Fraction(n_test * count, n) - int((labels[test] == label).sum())) < 1


@pytest.mark.parametrize("share, n, expected", [(0.25, 10, 3), (0.1, 30, 3), (0.07, 100, 7), (0.5, 7, 4)])
def test_a_share_is_rounded_up_to_whole_rows(share, n, expected):
    assert len(train_test_split(np.arange(n), test_size=share, rng=0)[1]) == expected


def test_sizes_are_those_of_scikit_learn():
    selection = pytest.importorskip("sklearn.model_selection")
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    for size in (0.25, 0.3, 17, 0.9):
        ours = train_test_split(labels, test_size=size, rng=0, stratify=labels)
        theirs = selection.train_test_split(labels, test_size=size, random_state=0, stratify=labels)
        assert [len(part) for part in ours] == [len(part) for part in theirs]


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    a, b, c = (train_test_split(np.arange(100), rng=seed)[0] for seed in (0, 0, 1))
    assert (a == b).all() and (a != c).any()
    manual_seed(5)
    first = train_test_split(np.arange(100))[0]
    manual_seed(5)
    assert (train_test_split(np.arange(100))[0] == first).all()


def test_stratified_rows_are_shuffled_too():
    labels = np.repeat([0, 1], 50)
    _, test = train_test_split(np.arange(100), rng=0, stratify=labels)
    assert 0 < np.count_nonzero(np.diff(labels[test])) and (np.diff(test) < 0).any()


def test_strings_lists_and_copies():
    names_train, names_test = train_test_split(["a", "b", "c", "d"], rng=0, stratify=["x", "y", "x", "y"],
                                               test_size=2)
    assert sorted([*names_train, *names_test]) == ["a", "b", "c", "d"]
    X = np.zeros(4)
    for part in train_test_split(X, rng=0):
        part += 1
    assert (X == 0).all()


@pytest.mark.parametrize("arrays, options, error, message", [
    ((), {}, OptionError, "no arrays given"),
    (([],), {}, ShapeError, r"no rows in an array of shape \(0,\)"),
    ((np.empty((0, 3)),), {}, ShapeError, r"\(0, 3\)"),
    (("abc",), {}, ShapeError, "'abc' of shape"),
    (([1, 2], 0.5), {}, ShapeError, "options are passed by name"),
    (([1, 2], [1, 2, 3]), {}, ShapeError, r"same number of rows, got shapes \(2,\) and \(3,\)"),
    (([[1, 2], [3]],), {}, ShapeError, "differ in length"),
    (([1],), {}, ArgumentError, "of 1 rows gives 1 test and 0 training"),
    (([1, 2],), {"test_size": 0.0}, ArgumentError, "share is between 0 and 1, got 0.0"),
    (([1, 2],), {"test_size": 1.5}, ArgumentError, "pass a whole number"),
    (([1, 2],), {"test_size": float("nan")}, ArgumentError, "got nan"),
    (([1, 2],), {"test_size": -1}, ArgumentError, "gives -1 test"),
    (([1, 2],), {"test_size": 2}, ArgumentError, "0 training"),
    (([1, 2],), {"test_size": "0.5"}, OptionError, "'0.5' of type str"),
    (([1, 2],), {"test_size": True}, OptionError, "True of type bool"),
    (([1, 2],), {"stratify": [0]}, ShapeError, r"shape \(2,\), got \(1,\)"),
    (([1, 2],), {"stratify": [0.0, np.nan]}, ArgumentError, "label all rows"),
    (([1, 2],), {"stratify": [[0], [1]]}, ShapeError, r"stratify: expected one class label per row, .*ravel"),
    (([1, 2],), {"stratify": [0, None]}, DtypeError, "stratify: expected numbers or strings"),
    (([1, 2, 3],), {"stratify": [0, 0, 1]}, ArgumentError, "2 classes, the smallest of 1 rows"),
    (([1, 2, 3, 4],), {"stratify": [0, 0, 1, 1], "test_size": 1}, ArgumentError, "change test_size"),
])
def test_a_bad_split_is_refused_and_draws_no_random_numbers(arrays, options, error, message):
    before = default_generator().bit_generator.state
    with pytest.raises(error, match=f"^train_test_split: .*{message}"):
        train_test_split(*arrays, **options)
    assert default_generator().bit_generator.state == before


@given(n=st.integers(2, 60), k=st.integers(2, 60), seed=st.integers(0, 99))
def test_folds_partition_the_rows_in_equal_parts(n, k, seed):
    assume(k <= n)
    folds = list(k_fold(n, k, rng=seed))
    assert len(folds) == k
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(n))
    for train, test in folds:
        assert sorted([*train, *test]) == list(range(n))
        assert len(test) in (n // k, n // k + 1)
        assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()


@given(counts=st.lists(st.integers(4, 20), min_size=1, max_size=5), k=st.integers(2, 4), seed=st.integers(0, 99))
def test_stratified_folds_have_each_class_to_the_row(counts, k, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    folds = list(k_fold(len(labels), k, rng=seed, stratify=labels))
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(labels)))
    assert np.ptp([len(test) for _, test in folds]) <= 1
    for label in range(len(counts)):
        assert np.ptp([(labels[test] == label).sum() for _, test in folds]) <= 1


def test_fold_sizes_are_those_of_scikit_learn():
    selection = pytest.importorskip("sklearn.model_selection")
    for n, k in [(10, 3), (12, 4), (7, 7)]:
        expected = [len(test) for _, test in selection.KFold(k).split(np.zeros(n))]
        assert [len(test) for _, test in k_fold(n, k, rng=0)] == expected


def test_folds_are_shuffled_by_their_seed():
    def folds(**options):
        return [test.tolist() for _, test in k_fold(30, 3, **options)]

    assert folds(rng=0) == folds(rng=0) != folds(rng=1)
    assert folds(rng=0)[0] != list(range(0, 30, 3))
    manual_seed(5)
    first = folds()
    manual_seed(5)
    assert folds() == first


def test_folds_of_an_array_are_those_of_its_rows():
    X = [["a", "b"], ["c", "d"], ["e", "f"]]
    for (train, test), (train_n, test_n) in zip(k_fold(X, 3, rng=0), k_fold(3, 3, rng=0), strict=True):
        assert train.tolist() == train_n.tolist() and test.tolist() == test_n.tolist()


@pytest.mark.parametrize("n, k, options, error, message", [
    (1, 2, {}, ArgumentError, "the number of rows must be 2 or more, got 1"),
    (-5, 2, {}, ArgumentError, "got -5"),
    (6.0, 2, {}, OptionError, "the number of rows must be a whole number, got 6.0"),
    ("abc", 2, {}, OptionError, "got 'abc' of type str"),
    ([], 2, {}, ShapeError, "there are no rows"),
    ([[1, 2], [3]], 2, {}, ShapeError, "rows differ in length"),
    (6, 1, {}, ArgumentError, "k must be 2 or more, got 1"),
    (6, 7, {}, ArgumentError, "6 rows cannot fill k = 7 folds; k may be 6 at most"),
    (6, 2.0, {}, OptionError, "k must be a whole number"),
    (6, 2, {"stratify": [0, 1]}, ShapeError, r"stratify needs one label per row, shape \(6,\), got \(2,\)"),
    (4, 2, {"stratify": [0, 0, 1, np.nan]}, ArgumentError, "stratify: NaN is no class; label all rows"),
    (4, 2, {"stratify": [0, 0, 0, 1]}, ArgumentError, "a class of 1 rows cannot be in each of k = 2 folds"),
])
def test_bad_folds_are_refused_at_the_call_and_draw_no_random_numbers(n, k, options, error, message):
    before = default_generator().bit_generator.state
    with pytest.raises(error, match=f"^k_fold: .*{message}"):
        k_fold(n, k, **options)
    assert default_generator().bit_generator.state == before


@given(n=st.integers(1, 40), size=st.integers(1, 50), seed=st.none() | st.integers(0, 99))
def test_batches_cover_each_row_once_and_only_the_last_is_smaller(n, size, seed):
    rows = np.arange(n)
    pairs = list(batches(rows, -rows, batch_size=size, rng=seed))
    assert [len(x) for x, _ in pairs] == [size] * (n // size) + [n % size] * (n % size > 0)
    seen = np.concatenate([x for x, _ in pairs])
    assert sorted(seen) == rows.tolist()
    assert (np.concatenate([y for _, y in pairs]) == -seen).all()
    if seed is None:
        assert (seen == rows).all()


def test_a_generator_gives_a_new_order_each_epoch_and_a_seed_the_same():
    def epoch(rng):
        return np.concatenate([x for x, in batches(np.arange(50), batch_size=8, rng=rng)]).tolist()

    rng = np.random.default_rng(0)
    assert epoch(rng) != epoch(rng)
    assert epoch(0) == epoch(0)


def test_batches_are_copies():
    X = np.zeros(4)
    for batch, in batches(X, batch_size=2):
        batch += 1
    assert (X == 0).all()


def test_a_memmap_is_read_batch_by_batch(tmp_path):
    X = np.memmap(tmp_path / "X.dat", dtype=np.float32, mode="w+", shape=(10, 3))
    X[:] = np.arange(30).reshape(10, 3)
    X.flush()
    on_disk = np.memmap(tmp_path / "X.dat", dtype=np.float32, mode="r", shape=(10, 3))
    iterator = batches(on_disk, batch_size=4, rng=0)
    seen = np.concatenate([batch for batch, in iterator])
    assert sorted(seen[:, 0]) == X[:, 0].tolist()


def test_a_memmap_larger_than_memory_can_be_dealt_into_folds_and_batches(tmp_path):
    # a sparse file: 8 TB by its length, next to nothing on the disk
    with open(tmp_path / "huge.dat", "wb") as file:
        try:
            file.truncate(2**43)
        except OSError:
            pytest.skip("this file system has no sparse files of 8 TB")
    huge = np.memmap(tmp_path / "huge.dat", dtype=np.float64, mode="r", shape=(2**10, 2**30))
    train, test = next(k_fold(huge, 4, rng=0))
    assert (len(train), len(test)) == (2**10 * 3 // 4, 2**10 // 4)
    first, = next(batches(huge[:, :4], batch_size=2))
    assert first.tolist() == [[0] * 4] * 2


@pytest.mark.parametrize("arrays, size, error, message", [
    ((), 2, OptionError, "batches: no arrays given"),
    (([],), 2, ShapeError, "batches: there are no rows"),
    (("abc",), 2, ShapeError, r"batches: expected an array with rows"),
    (([1, 2], [1]), 2, ShapeError, r"batches: all arrays .* \(2,\) and \(1,\)"),
    (([1, 2],), 0, ArgumentError, r"batches: batch_size must be 1 or more, got 0"),
    (([1, 2],), -3, ArgumentError, r"batches: batch_size must be 1 or more, got -3"),
    (([1, 2],), 2.0, OptionError, r"batches: .* whole number, got 2\.0"),
    (([1, 2],), "2", OptionError, "batches: batch_size must be a whole number, got '2'"),
    (([1, 2],), True, OptionError, "got True of type bool"),
])
def test_bad_batches_are_refused_at_the_call_and_draw_no_random_numbers(arrays, size, error, message):
    rng = np.random.default_rng(0)
    with pytest.raises(error, match=message):
        batches(*arrays, batch_size=size, rng=rng)
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_a_bad_rng_is_refused():
    with pytest.raises(OptionError, match=r"^rng: "):
        batches([1, 2], batch_size=1, rng="seed")
    with pytest.raises(ArgumentError, match=r"^rng: "):
        train_test_split([1, 2], rng=-1)
