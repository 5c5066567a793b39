"""A training that goes on from its checkpoint is to the bit the one that never stopped; a bad file changes nothing."""

import os

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ArgumentError, FileFormatError, OptionError, SavedStateWarning, StateError
from tinygrad_edu.interop import load, save
from tinygrad_edu.training import Callback, Checkpoint, EarlyStopping, fit

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = np.sin(X[:, :1] * X[:, 1:2])


def network(hidden=8, optimizer=optim.Adam, dropout_rng=None):
    model = nn.Sequential(nn.Linear(3, hidden, rng=1), nn.BatchNorm1d(hidden), nn.Tanh(),
                          nn.Dropout(0.3, rng=dropout_rng), nn.Linear(hidden, 1, rng=2))
    return model, optimizer(model.parameters(), lr=0.01)


def train(epochs, seed=3, parts=None, **options):
    model, optimizer = network() if parts is None else parts
    options = {"batch_size": 16, "validation": 0.25, "metrics": ["r2"], "rng": seed} | options
    return fit(model, nn.MSELoss(), optimizer, X, Y, epochs=epochs, **options), model, optimizer


def same(one, other):
    """Whether histories, models and optimizers are the same to the bit."""
    histories = [{name: values for name, values in trained[0].to_dict().items() if name != "seconds"}
                 for trained in (one, other)]
    states = [{name: array.tobytes() for name, array in {**trained[1].state_dict(), **trained[2].state_dict()}.items()}
              for trained in (one, other)]
    return histories[0] == histories[1] and states[0] == states[1]


class Crash(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_step(self, training):
        if training.epoch == self.epoch:
            raise MemoryError("a crash in the middle of an epoch")


# ----- going on -----

@pytest.mark.parametrize("ending", [".npz", ".safetensors"])
@pytest.mark.parametrize("dropout_rng", [None, 11])
@pytest.mark.parametrize("bits", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_after_a_crash_a_training_goes_on_bit_for_bit(tmp_path, ending, dropout_rng, bits):
    if ending == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"run{ending}"

    def generator():
        return np.random.Generator(getattr(np.random, bits)(5))

    tg.manual_seed(0)
    straight = train(7, generator(), network(dropout_rng=dropout_rng))
    tg.manual_seed(0)
    with pytest.raises(MemoryError):
        train(7, generator(), network(dropout_rng=dropout_rng), callbacks=[Crash(5), Checkpoint(path)])
    tg.manual_seed(99)  # a new process knows nothing of the old one's random numbers
    other = np.random.Generator(getattr(np.random, bits)(77))
    resumed = train(7, other, network(dropout_rng=None if dropout_rng is None else 78), resume=path)
    assert same(resumed, straight)
    assert resumed[0].epochs == 7


@pytest.mark.parametrize("make", [
    lambda params, lr: optim.SGD(params, lr=lr, momentum=0.9), optim.RMSprop, optim.Adagrad, optim.AdamW])
def test_every_optimizer_goes_on(tmp_path, make):
    straight = train(6, parts=network(optimizer=make, dropout_rng=1))
    train(2, parts=network(optimizer=make, dropout_rng=1), callbacks=Checkpoint(tmp_path / "run.npz"))
    assert same(train(6, parts=network(optimizer=make, dropout_rng=1), resume=tmp_path / "run.npz"), straight)


def test_early_stopping_and_schedule_go_on(tmp_path):
    def options():
        stopping = EarlyStopping(patience=8)
        return stopping, {"schedule": lambda step: 0.3 / (1 + step), "callbacks": [stopping]}

    stopping, arguments = options()
    straight = train(60, parts=network(dropout_rng=1), **arguments)
    assert 6 < straight[0].epochs < 60
    for stop_at in (2, straight[0].epochs - 1):
        _, arguments = options()
        arguments["callbacks"].insert(0, Checkpoint(tmp_path / "run.npz"))  # is called last all the same
        with pytest.raises(MemoryError):
            train(60, parts=network(dropout_rng=1), schedule=arguments["schedule"],
                  callbacks=[*arguments["callbacks"], Crash(stop_at + 1)])
        resumed_stopping, arguments = options()
        assert same(train(60, parts=network(dropout_rng=1), resume=tmp_path / "run.npz", **arguments), straight)
        assert (resumed_stopping.best, resumed_stopping.best_epoch) == (stopping.best, stopping.best_epoch)
        os.remove(tmp_path / "run.npz")


def test_a_schedule_that_looks_at_the_loss_goes_on(tmp_path):
    def plateau():
        return optim.schedules.ReduceOnPlateau(0.3, factor=0.5, patience=1)

    straight = train(9, parts=network(dropout_rng=1), schedule=plateau())
    assert len(set(straight[0]["learning_rate"])) > 2
    train(4, parts=network(dropout_rng=1), schedule=plateau(), callbacks=Checkpoint(tmp_path / "run.npz"))
    assert same(train(9, parts=network(dropout_rng=1), schedule=plateau(), resume=tmp_path / "run.npz"), straight)


def test_resuming_twice_and_saving_on_is_the_same_training(tmp_path):
    path = tmp_path / "run.npz"
    straight = train(6, parts=network(dropout_rng=1))
    train(2, parts=network(dropout_rng=1), callbacks=Checkpoint(path))
    train(4, parts=network(dropout_rng=1), callbacks=Checkpoint(path), resume=path)
    assert same(train(6, parts=network(dropout_rng=1), resume=path), straight)


def test_it_saves_every_so_often_and_at_the_end_and_once_before_the_beginning(tmp_path):
    saved = []

    class Spy(Checkpoint):
        def save(self, training):
            saved.append(training.epoch)
            super().save(training)

    train(7, callbacks=Spy(tmp_path / "run.npz", every=3))
    assert saved == [0, 3, 6, 7]
    assert load(tmp_path / "run.npz")["counts.step"] == 7 * 3  # 45 rows in batches of 16
    assert os.listdir(tmp_path) == ["run.npz"]


def test_an_old_file_is_kept_until_there_is_something_new_to_save(tmp_path):
    path = tmp_path / "run.npz"
    train(3, callbacks=Checkpoint(path))
    old = path.read_bytes()
    with pytest.raises(MemoryError):
        train(6, resume=path, callbacks=[Checkpoint(path), Crash(4)])
    assert path.read_bytes() == old


def test_callbacks_may_be_added_and_begin_anew(tmp_path):
    path, schedule = tmp_path / "run.npz", optim.schedules.ReduceOnPlateau
    train(3, parts=network(dropout_rng=1), callbacks=Checkpoint(path), schedule=schedule(0.3, patience=0))
    stopping = EarlyStopping(patience=2, min_delta=10.0)
    history, _, _ = train(9, parts=network(dropout_rng=1), callbacks=stopping, schedule=schedule(0.3, patience=0),
                          resume=path)
    assert (stopping.best_epoch, history.epochs) == (4, 6)


@pytest.mark.parametrize("asked, says", [({"lr": 0.5}, r"with lr=0\.01, not 0\.5; .* schedule=lambda"),
                                         ({"lr": 0.5, "beta2": 0.5}, r"lr=0\.01, not 0\.5 and b")])
def test_hyperparameters_that_give_way_to_the_saved_ones_are_named(tmp_path, asked, says):
    path = tmp_path / "run.npz"
    straight = train(4, parts=network(dropout_rng=1))
    train(2, parts=network(dropout_rng=1), callbacks=Checkpoint(path))
    model, _ = network(dropout_rng=1)
    betas = {"betas": (0.9, asked["beta2"])} if "beta2" in asked else {}
    with pytest.warns(SavedStateWarning, match=says) as caught:
        resumed = train(4, parts=(model, optim.Adam(model.parameters(), lr=asked["lr"], **betas)), resume=path)
    assert same(resumed, straight)
    assert caught[0].filename == __file__
    model, _ = network(dropout_rng=1)  # a rate that a schedule sets is no wish of the optimizer's
    train(4, parts=(model, optim.Adam(model.parameters(), lr=0.5)), resume=path, schedule=lambda step: 0.5)


# ----- what cannot be resumed -----

def bad_files(folder):
    good = folder / "good.npz"
    train(2, parts=network(dropout_rng=1), callbacks=[Checkpoint(good), EarlyStopping()])
    state = load(good)

    def altered(**changes):
        save(folder / "bad.npz", {name: array for name, array in (state | changes).items() if array is not None})
        return folder / "bad.npz"

    yield lambda: altered(**{"model.layers.0.weight": np.zeros((9, 3))}), StateError, r"'layers\.0\.weight' has shape"
    yield lambda: altered(**{"optimizer.lr": None}), StateError, r"missing are \['lr'\]"
    yield lambda: altered(**{"history.r2": None}), StateError, "must have one number|its history has"
    yield lambda: altered(**{"history.r2": np.zeros(5)}), StateError, "one number for every epoch"
    yield lambda: altered(**{"generator.fit": None}), StateError, "random generators"
    yield lambda: altered(**{"generator.fit": np.zeros(4, np.uint8)}), StateError, "cannot resume"
    yield lambda: altered(**{"generator.library": state["generator.fit"][:-5]}), StateError, "cannot resume"
    yield lambda: altered(**{"rng_at_start": None}), StateError, "holds no training to resume"
    yield lambda: altered(**{"rng_at_start": np.frombuffer(b'{"bit_generator": "os"}', np.uint8)}), StateError, "'os'"
    yield lambda: altered(**{"rng_at_start": np.frombuffer(b"[" * 9000, np.uint8)}), StateError, "no training to resume"
    yield lambda: altered(**{"counts.epoch": None}), StateError, "holds no training to resume"
    yield lambda: altered(**{"counts.epoch": np.array([1, 2])}), StateError, "holds no training to resume"
    yield lambda: altered(**{"counts.epoch": np.array(-1)}), StateError, "counts .* but its history has 2 epochs"
    yield lambda: altered(**{"callback.0.best": None}), StateError, "the checkpoint has .*, but no best;"
    yield lambda: altered(**{"schedule.best": np.zeros(2)}), StateError, "of a callback or a schedule that is missing"
    yield lambda: True, OptionError, "fit: resume must be the path of a Checkpoint's file, such as 'run.npz', got True"
    yield lambda: folder / "missing.npz", FileNotFoundError, "missing"
    yield lambda: folder / "run.txt", ArgumentError, "names no known format"


def test_a_file_that_does_not_fit_changes_nothing(tmp_path):
    for path, error, message in bad_files(tmp_path):
        model, optimizer = network(dropout_rng=1)
        train(1, parts=(model, optimizer), seed=1)
        generator, stopping = np.random.default_rng(4), EarlyStopping()
        before = {**model.state_dict(), **optimizer.state_dict()}
        draws = generator.bit_generator.state
        library = tg.random.default_generator().bit_generator.state
        with pytest.raises(error, match=message):
            train(5, generator, (model, optimizer), resume=path(), callbacks=[stopping])
        for name, array in {**model.state_dict(), **optimizer.state_dict()}.items():
            np.testing.assert_array_equal(array, before[name])
        assert generator.bit_generator.state == draws
        assert tg.random.default_generator().bit_generator.state == library


def test_other_set_ups_than_the_saved_one_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    train(2, callbacks=[Checkpoint(path), EarlyStopping()])
    with pytest.raises(StateError, match=r"cannot resume from .*run\.npz: .*'layers\.0\.weight' has shape"):
        train(5, parts=network(hidden=4), resume=path, callbacks=EarlyStopping())
    with pytest.raises(StateError, match="optimizer"):
        train(5, parts=network(optimizer=optim.SGD), resume=path, callbacks=EarlyStopping())
    with pytest.raises(StateError, match=r"its history has .*r2.*, this one has"):
        train(5, metrics=(), resume=path, callbacks=EarlyStopping())
    with pytest.raises(StateError, match=r"'callback\.0\.best', the state of a callback"):
        train(5, resume=path)
    with pytest.raises(ArgumentError, match="has done 2 epochs already, so epochs must be more than that, got 2"):
        train(2, resume=path, callbacks=EarlyStopping())


def test_a_text_file_and_a_path_that_cannot_be_written_are_found_before_training(tmp_path):
    (tmp_path / "run.npz").write_bytes(b"hello")
    with pytest.raises(FileFormatError):
        train(2, resume=tmp_path / "run.npz")
    model, optimizer = network()
    before = model.state_dict()
    with pytest.raises(FileNotFoundError, match=r"Checkpoint: there is no folder '.*missing' to write 'run\.npz' into"):
        train(2, parts=(model, optimizer), callbacks=Checkpoint(tmp_path / "missing" / "run.npz"))
    assert all((array == before[name]).all() for name, array in model.state_dict().items())


@pytest.mark.parametrize("call, error, message", [
    (lambda: Checkpoint("run.pkl"), ArgumentError, r"Checkpoint: the ending of 'run.pkl' names no known format"),
    (lambda: Checkpoint("run.npz", every=0), ArgumentError, "Checkpoint: every must be 1 or more"),
    (lambda: Checkpoint("run.npz", every="day"), OptionError, "Checkpoint: every must be a whole number"),
])
def test_bad_options_are_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
