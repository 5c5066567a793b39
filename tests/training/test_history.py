"""`History`: lists per epoch that go to a dict, a table and a file and come back."""

import csv
import json

import numpy as np
import pytest

from tinygrad_edu.errors import StateError, UnknownNameError
from tinygrad_edu.training import History

LISTS = {"loss": [2.0, 1 / 3, np.inf], "validation_loss": [2.5, 0.1, float("nan")], "seconds": [1e-5, 1e-5, 0.1]}


def test_to_dict_and_back_also_through_json():
    history = History.from_dict(LISTS | {"stop_reason": "enough"})
    again = History.from_dict(json.loads(json.dumps(history.to_dict())))
    assert repr(again.to_dict()) == repr(history.to_dict()) == repr(LISTS | {"stop_reason": "enough"})
    history.to_dict()["loss"].clear()
    assert history.epochs == 3  # the dict had lists of its own


def test_to_csv_keeps_every_bit(tmp_path):
    History.from_dict(LISTS).to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row.pop("epoch") for row in rows] == ["1", "2", "3"]
    np.testing.assert_array_equal([[float(row[name]) for row in rows] for name in LISTS], list(LISTS.values()))


def test_a_failed_write_keeps_the_old_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        History.from_dict(LISTS).to_csv(tmp_path / "missing" / "history.csv")


def test_a_name_that_is_not_there_is_a_key_error_with_the_names_that_are():
    history = History.from_dict(LISTS)
    with pytest.raises(KeyError, match="there is no 'val_loss'; there are loss, validation_loss, seconds"):
        history["val_loss"]
    with pytest.raises(UnknownNameError) as caught:
        history["val_loss"]
    assert str(caught.value).startswith("History: there is no")  # and no repr of the message, as KeyError's own
    assert history.get("val_loss") is None and "loss" in history


def test_the_generalization_gap_is_that_of_the_last_epoch():
    assert History.from_dict({"loss": [1.0, 0.2], "validation_loss": [1.0, 0.5]}).generalization_gap == 0.5 - 0.2
    for without in ({"loss": [1.0]}, {"loss": [], "validation_loss": []}):
        with pytest.raises(StateError, match=r"no epoch has a validation_loss; train with fit\(..., validation=0.2\)"):
            _ = History.from_dict(without).generalization_gap


def test_the_table_of_a_long_history_is_short_with_both_ends():
    history = History.from_dict({"loss": np.arange(1000.0)[::-1], "stop_reason": "all done"})
    lines = str(history).splitlines()
    assert lines[0].split() == ["epoch", "loss"] and lines[-1] == "all done"
    assert lines[1].split() == ["1", "999"] and lines[-2].split() == ["1000", "0"] and len(lines) == 14
    assert repr(history) == "<History of 1000 epochs: loss 0>"
    assert str(History(["loss"])).split() == ["epoch", "loss"]


def test_plot_draws_the_losses_only():
    pytest.importorskip("matplotlib")
    figure = History.from_dict({"loss": [2.0, 1.0], "accuracy": [0.1, 0.5], "validation_loss": [2.0, 1.5]}).plot()
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[2.0, 1.0], [2.0, 1.5]]


@pytest.mark.parametrize("bad, message", [
    ([1.0], "expected a dict of lists by name, got list"),
    ({"loss": 1.0}, "'loss' must be a list with one number per epoch"),
    ({"loss": ["a"]}, "'loss' must be a list"),
    ({1: [1.0]}, "1 must be a list"),
    ({"loss": [1.0], "mae": [1.0, 2.0]}, "all lists must have one number for every epoch, got loss: 1, mae: 2"),
])
def test_what_is_no_history_is_refused(bad, message):
    with pytest.raises(StateError, match=rf"^History.from_dict: .*{message}"):
        History.from_dict(bad)
