"""Metrics: scikit-learn's numbers, closed forms at any magnitude, and no guess where shapes or labels do not fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tinygrad_edu.errors import ArgumentError, DtypeError, OptionError, ShapeError
from tinygrad_edu.training import accuracy, confusion_matrix, evaluate, mae, predict, r2, rmse

rng = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(40,), (40, 1), (40, 3)])
def test_regression_metrics_are_those_of_scikit_learn(shape):
    metrics = pytest.importorskip("sklearn.metrics")
    y = rng.normal(size=shape)
    h = y + 0.3 * rng.normal(size=shape)
    assert r2(h, y) == pytest.approx(metrics.r2_score(y, h), rel=1e-13)
    assert mae(h, y) == pytest.approx(metrics.mean_absolute_error(y, h), rel=1e-13)
    assert rmse(h, y) == pytest.approx(np.sqrt(metrics.mean_squared_error(y, h)), rel=1e-13)


@pytest.mark.parametrize("y, h", [([2.0, 2.0], [2.0, 2.0]), ([2.0, 2.0], [2.0, 3.0]), ([0.1] * 3, [0.1] * 3)])
def test_r2_of_a_constant_target_is_that_of_scikit_learn(y, h):
    metrics = pytest.importorskip("sklearn.metrics")
    assert r2(h, y) == metrics.r2_score(y, h)


@settings(max_examples=30, deadline=None)
@given(exponent=st.integers(-300, 300))
def test_neither_large_nor_small_numbers_overflow(exponent):
    scale = 10.0 ** exponent
    h, y = np.array([1.0, 2.0, 4.0]) * scale, np.array([1.0, 2.0, 3.0]) * scale
    assert r2(h, y) == pytest.approx(0.5)
    assert rmse(h, y) == pytest.approx(scale / np.sqrt(3))
    assert mae(h, y) == pytest.approx(scale / 3)


def test_float32_is_summed_in_float64():
    ones = np.full(10**6, 0.1, np.float32)
    assert rmse(ones, np.zeros_like(ones)) == pytest.approx(float(np.float32(0.1)), rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), n=st.integers(1, 30), classes=st.integers(2, 5))
def test_classification_metrics_are_those_of_scikit_learn(data, n, classes):
    metrics = pytest.importorskip("sklearn.metrics")
    labels = hnp.arrays(np.int64, n, elements=st.integers(0, classes - 1))
    h, y = data.draw(labels), data.draw(labels)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), h] = 10.0
    for prediction in (h, h[:, None], logits, tg.Value(logits)):
        assert accuracy(prediction, y) == pytest.approx(metrics.accuracy_score(y, h))
        matrix = confusion_matrix(prediction, y, classes)
        np.testing.assert_array_equal(matrix, metrics.confusion_matrix(y, h, labels=range(classes)))
    one_hot = np.eye(classes)[y]
    assert accuracy(logits, one_hot) == accuracy(h, y[:, None]) == pytest.approx(np.trace(matrix) / n)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_a_single_output_is_a_probability_the_nearer_label_or_a_logit(shape):
    y = np.array([0, 0, 1, 1]).reshape(shape)
    h = np.array([0.2, 0.6, 0.6, 3.0]).reshape(shape)
    assert accuracy(h, y) == 0.75
    assert accuracy(h - 0.7, y, logits=True) == 0.75  # -0.5 -0.1 -0.1 2.3
    assert accuracy(2 * h - 1, 2 * y - 1) == 0.75  # labels -1 and 1, as of the hinge loss


def test_labels_stored_as_floats_are_labels():
    assert accuracy([0.0, 2.0, 1.0], [0, 2, 2]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("call, error, message", [
    (lambda: r2([1.0, 2.0], [[1.0], [2.0]]), ShapeError, r"r2: prediction \(2,\) and target \(2, 1\) .*broadcasting"),
    (lambda: mae([], []), ShapeError, "mae: prediction of shape .0,. has no rows"),
    (lambda: mae(1.0, 2.0), ShapeError, r"prediction of shape \(\) has no rows"),
    (lambda: rmse(["a"], [1.0]), DtypeError, "rmse: prediction: expected real numbers, got dtype"),
    (lambda: rmse([[1.0], [1.0, 2.0]], [1.0]), ShapeError, "rmse: prediction is no array"),
    (lambda: r2([1.0, np.nan, 2.0], [1.0, 2.0, 3.0]), ArgumentError, "r2: prediction has NaN .* 1 of 3 rows, .* row 1"),
    (lambda: mae([1.0, 2.0], [np.inf, np.nan]), ArgumentError, "mae: target has NaN or infinity in 2 of 2 rows"),
    (lambda: evaluate(tg.nn.Linear(1, 1), [[np.nan]], [[1.0]], metrics="rmse"), ArgumentError, "prediction has NaN"),
    (lambda: accuracy(np.ones((3, 2)), [0, 1]), ShapeError, r"prediction \(3, 2\) and target \(2,\) do not fit"),
    (lambda: accuracy(np.ones((3, 2)), np.ones((3, 4))), ShapeError, "do not fit"),
    (lambda: accuracy([0.3, 0.1], [2, 1]), ArgumentError, "give the model one output per class"),
    (lambda: confusion_matrix([0, 3], [0, 1], 3), ArgumentError, "from 0 to 2, but there are some from 0 to 3"),
    (lambda: confusion_matrix([0, -1], [0, 1]), ArgumentError, "some from -1 to 1"),
    (lambda: accuracy([0.3], [1], logits="no"), OptionError, "accuracy: logits must be True or False, got 'no'"),
    (lambda: confusion_matrix([0, 1], [0, 1], logits=2), OptionError, "confusion_matrix: logits must be True or False"),
    (lambda: confusion_matrix([0, 1], [0, 1], 0), ArgumentError, "classes must be 1 or more"),
    (lambda: evaluate(tg.nn.Linear(1, 1), [[1.0]], [[1.0]]), ArgumentError, "evaluate: nothing is asked for"),
    (lambda: evaluate(tg.nn.Linear(1, 1), [[1.0]], [[1.0], [2.0]], metrics="mae"), ShapeError, "same number of rows"),
    (lambda: evaluate(tg.nn.Linear(1, 1), [[1.0]], [[1.0]], metrics="f1"), ArgumentError, "evaluate: the known"),
    (lambda: predict(len, [[1.0]]), OptionError, "predict: model must be a Module"),
])
def test_what_does_not_fit_is_an_error(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_predictions_in_pieces_are_those_of_all_rows_and_leave_the_model_as_it_was(monkeypatch):
    monkeypatch.setattr(tg.training.evaluation, "ROWS_AT_ONCE", 7)
    model = tg.nn.Sequential(tg.nn.Linear(3, 4, rng=0), tg.nn.Dropout(0.5), tg.nn.Linear(4, 2, rng=1))
    X, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    prediction = predict(model, X)
    assert model.training and model.layers[1].training
    np.testing.assert_allclose(prediction, model.eval()(X).data, rtol=1e-14)
    found = evaluate(model, X, y, loss=tg.nn.MSELoss(), metrics=["rmse"])
    assert found["loss"] == pytest.approx(np.mean((prediction - y) ** 2)) == found["rmse"] ** 2


def test_a_prediction_that_is_nan_is_wrong():
    assert accuracy(np.array([[np.nan, 1.0], [0.0, 1.0]]), [1, 1]) == 0.5
    assert accuracy([np.nan, 1.0], [0, 1]) == 0.5


def test_a_label_beyond_the_scores_is_an_error():
    with pytest.raises(ArgumentError, match=r"labels up to 7, but the 3 classes of prediction \(2, 3\)"):
        accuracy(np.zeros((2, 3)), [0, 7])
