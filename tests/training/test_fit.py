"""`fit` does what a loop written by hand does, to the bit; it stops when it must, and refuses what it cannot train."""

import os
import signal

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ArgumentError, DivergenceWarning, DtypeError, OptionError, ShapeError
from tinygrad_edu.training import Callback, EarlyStopping, fit

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3))
Y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], axis=1)
LABELS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def network(outputs=2, **options):
    model = nn.MLP([3, 8, outputs], rng=1, **options)
    return model, optim.Adam(model.parameters(), lr=0.01)


def bits(model):
    return [p.data.tobytes() for p in model.parameters()]


# ----- against the loop written by hand -----

@pytest.mark.parametrize("batch_size", [None, 16, 50, 200])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fit_gives_the_bits_of_the_bare_loop(batch_size, dtype):
    x, y = X.astype(dtype), Y.astype(dtype)
    model, optimizer = network(dtype=dtype)
    loss, generator, losses = nn.MSELoss(), np.random.default_rng(7), []
    for _ in range(5):
        rows = [(x, y)] if batch_size is None else tg.data.batches(x, y, batch_size=batch_size, rng=generator)
        for inputs, targets in rows:
            J = loss(model(inputs), targets)
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
            losses.append(J.item())

    fitted, its_optimizer = network(dtype=dtype)
    history = fit(fitted, loss, its_optimizer, x, y, epochs=5, batch_size=batch_size, rng=7)
    assert bits(fitted) == bits(model)
    sizes = [16, 16, 16, 2] if batch_size == 16 else [50]
    means = np.average(np.reshape(losses, (5, -1)), axis=1, weights=sizes)
    np.testing.assert_allclose(history["loss"], means, rtol=1e-13)
    assert {p.data.dtype for p in fitted.parameters()} == {np.dtype(dtype)}


def test_penalty_and_schedule_are_those_of_the_bare_loop():
    def penalty(model):
        return 0.1 * sum(((p * p).sum() for p in model.parameters()), tg.Value(0.0))

    def schedule(step):
        return 0.1 / (1 + step)

    model, optimizer = network()
    losses, penalties = [], []
    for step in range(6):
        data_loss, P = nn.MSELoss()(model(X), Y), penalty(model)
        optimizer.zero_grad()
        (data_loss + P).backward()
        optimizer.lr = schedule(step)
        optimizer.step()
        losses.append(data_loss.item())
        penalties.append(P.item())

    fitted, its_optimizer = network()
    history = fit(fitted, nn.MSELoss(), its_optimizer, X, Y, epochs=6, penalty=penalty, schedule=schedule)
    assert bits(fitted) == bits(model)
    assert history["loss"] == losses
    np.testing.assert_allclose(history["penalty"], penalties, rtol=1e-12)  # found as J - loss
    assert history["learning_rate"] == [0.1 / (1 + step) for step in range(6)]


def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    def run(seed):
        model, optimizer = network(dropout=0.3)
        tg.manual_seed(5)
        history = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=3, batch_size=8, validation=0.2, rng=seed)
        return bits(model), history["loss"], history["validation_loss"]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_without_a_seed_the_generator_of_the_library_shuffles():
    def run():
        model, optimizer = network()
        fit(model, nn.MSELoss(), optimizer, X, Y, epochs=2, batch_size=8)
        return bits(model)

    tg.manual_seed(3)
    first = run()
    tg.manual_seed(3)
    assert run() == first != run()


# ----- validation and metrics -----

def test_a_share_for_validation_is_dealt_as_train_test_split_does():
    X_train, X_val, y_train, y_val = tg.data.train_test_split(X, LABELS, test_size=0.3, rng=4)
    model, optimizer = network(outputs=3)
    history = fit(model, nn.CrossEntropyLoss(), optimizer, X, LABELS, epochs=4, validation=0.3, metrics="accuracy",
                  rng=4)
    again, its_optimizer = network(outputs=3)
    pair = fit(again, nn.CrossEntropyLoss(), its_optimizer, X_train, y_train, epochs=4, validation=(X_val, y_val),
               metrics=["accuracy"])
    assert bits(model) == bits(again)
    assert {**history, "seconds": 0} == {**pair, "seconds": 0}
    logits = model(X_val)
    assert history["validation_loss"][-1] == pytest.approx(nn.CrossEntropyLoss()(logits, y_val).item(), rel=1e-14)
    assert history["validation_accuracy"][-1] == np.mean(logits.data.argmax(axis=1) == y_val)


def test_metrics_of_training_are_those_of_the_predictions_before_each_update():
    model, optimizer = network()
    first = model(X).data.copy()

    def largest_error(prediction, target):
        return np.abs(prediction - target).max()

    history = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=1, metrics=["mae", largest_error])
    assert history["mae"] == [pytest.approx(np.mean(np.abs(first - Y)), rel=1e-14)]
    assert history["largest_error"] == [np.abs(first - Y).max()]


def test_the_history_has_a_number_per_epoch_of_all_that_was_asked_for():
    model, optimizer = network()
    history = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=3, validation=(X[:9], Y[:9]), metrics=["r2", "rmse"])
    assert list(history) == ["loss", "r2", "rmse", "validation_loss", "validation_r2", "validation_rmse",
                             "learning_rate", "seconds"]
    assert {len(column) for column in history.values()} == {3} and history.epochs == 3
    assert history["learning_rate"] == [0.01] * 3 and min(history["seconds"]) > 0
    assert history.stop_reason == "all 3 epochs are done"


def test_dropout_is_on_in_training_off_in_validation_and_off_at_the_end():
    seen = []

    class Watch(nn.Module):
        def forward(self, x):
            seen.append(self.training)
            return x

    model = nn.Sequential(nn.Linear(3, 2, rng=0), Watch())
    fit(model, nn.MSELoss(), optim.SGD(model.parameters()), X, Y, epochs=2, batch_size=25, validation=(X, Y))
    rehearsal, epoch = [False, False], [True, True, False]
    assert seen == rehearsal + 2 * epoch
    assert not model.training


def test_a_memmap_is_trained_on_without_being_read_as_a_whole(tmp_path):
    file = np.lib.format.open_memmap(tmp_path / "X.npy", mode="w+", dtype=np.float64, shape=X.shape)
    file[:] = X
    file.flush()
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    one, its_optimizer = network()
    fit(one, nn.MSELoss(), its_optimizer, mapped, Y, epochs=2, batch_size=10, rng=0, validation=(mapped[-9:], Y[-9:]))
    other, optimizer = network()
    fit(other, nn.MSELoss(), optimizer, X, Y, epochs=2, batch_size=10, rng=0, validation=(X[-9:], Y[-9:]))
    assert bits(one) == bits(other)
    with pytest.raises(OptionError, match=r"fit: .* memmap .* would read the whole file; pass slices"):
        fit(one, nn.MSELoss(), its_optimizer, mapped, Y, epochs=1, validation=0.2)


def test_accuracy_knows_whether_a_single_output_is_a_logit_or_a_probability():
    y = (X[:, :1] > 0.3).astype(float)
    for loss, last, middle in ((nn.BCEWithLogitsLoss(), nn.Identity(), 0), (nn.BCELoss(), nn.Sigmoid(), 0.5)):
        model = nn.Sequential(nn.Linear(3, 1, rng=0), last)
        h = model(X).data
        optimizer = optim.SGD(model.parameters(), lr=0.0)
        history = fit(model, loss, optimizer, X, y, epochs=1, metrics=["accuracy"], validation=(X, y))
        assert history["accuracy"] == history["validation_accuracy"] == [np.mean((h >= middle) == y)]
        assert tg.training.evaluate(model, X, y, loss=loss, metrics="accuracy")["accuracy"] == history["accuracy"][0]


def test_a_schedule_on_plateau_hears_of_the_validation_loss():
    heard = []

    class Listening(optim.schedules.Schedule):
        lr = 0.01

        def rate(self, step):
            return self.lr

        def observe(self, loss):
            heard.append(loss)

    model, optimizer = network()
    history = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=3, validation=(X, Y), schedule=Listening())
    assert heard == history["validation_loss"]
    without = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=2, schedule=Listening())
    assert heard[3:] == without["loss"]


# ----- callbacks -----

def test_callbacks_are_called_in_order_with_the_state_of_the_training():
    calls = []

    class Spy(Callback):
        def on_start(self, training):
            calls.append(("start", training.epoch, training.step))

        def after_backward(self, training):
            assert all(p.grad is not None for p in training.model.parameters())
            calls.append(("backward", training.epoch, training.step))

        def on_step(self, training):
            calls.append(("step", training.epoch, training.step))

        def on_epoch(self, training):
            assert training.history.epochs == training.epoch
            calls.append(("epoch", training.epoch, training.step))

        def on_end(self, training):
            calls.append(("end", training.epoch, training.step))

    model, optimizer = network()
    fit(model, nn.MSELoss(), optimizer, X, Y, epochs=2, callbacks=Spy())
    assert calls == [("start", 0, 0), ("backward", 1, 0), ("step", 1, 1), ("epoch", 1, 1),
                     ("backward", 2, 1), ("step", 2, 2), ("epoch", 2, 2), ("end", 2, 2)]


def test_gradients_may_be_changed_between_backward_and_update():
    class Freeze(Callback):
        def after_backward(self, training):
            for p in training.model.parameters():
                p.grad[:] = 0.0

    model, optimizer = network()
    before = bits(model)
    fit(model, nn.MSELoss(), optimizer, X, Y, epochs=2, callbacks=[Freeze()])
    assert bits(model) == before


def test_a_callback_stops_within_an_epoch_and_the_first_reason_counts():
    class Stop(Callback):
        def on_step(self, training):
            if training.step == 4:
                training.stop("enough")
                training.stop("a second reason")

    model, optimizer = network()
    history = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=9, batch_size=20, callbacks=[Stop()])
    assert history.stop_reason == "enough" and history.epochs == 2


# ----- Ctrl-C and divergence -----

@pytest.mark.parametrize("hook", ["after_backward", "on_step", "on_epoch"])
def test_ctrl_c_keeps_what_was_reached(hook):
    def interrupt(self, training):
        if training.step >= 7:
            raise KeyboardInterrupt

    ended = []
    Interrupt = type("Interrupt", (Callback,), {hook: interrupt, "on_end": lambda self, training: ended.append(1)})
    model, optimizer = network()
    before = bits(model)
    history = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=9, batch_size=20, validation=0.2,
                  callbacks=[Interrupt()])
    assert history.stop_reason.startswith("stopped by Ctrl-C in epoch 4, after")
    assert {len(column) for column in history.values()} == {4 if hook == "on_epoch" else 3}
    assert ended and bits(model) != before and not model.training
    assert np.isfinite(tg.training.predict(model, X)).all()


def test_a_real_sigint_ends_the_training_too():
    class Press(Callback):
        def on_epoch(self, training):
            if training.epoch == 2:
                os.kill(os.getpid(), signal.SIGINT)

    model, optimizer = network()
    history = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=10**6, callbacks=[Press()])
    assert "Ctrl-C" in history.stop_reason and history.epochs < 10


def test_a_loss_that_overflows_stops_with_a_diagnosis():
    model = nn.Linear(3, 2, rng=0)
    message = (r"fit: diverged in epoch \d+, step \d+: J is inf, and the first that is not finite is the result of "
               r"\w+.* Try a learning rate below 100,")
    with pytest.warns(DivergenceWarning, match=message) as caught:
        history = fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=100.0), X, Y, epochs=1000, validation=0.2,
                      metrics=["r2"], rng=0)
    assert history["loss"][-1] == np.inf and np.isnan(history["validation_loss"][-1]) and history.epochs < 200
    assert history.stop_reason.startswith("diverged in epoch")
    assert caught[0].filename == __file__  # it points to the line that called fit
    assert all(np.isfinite(p.data).all() for p in model.parameters())  # the step that would spoil them was not made


def test_a_parameter_that_became_nan_is_named():
    class Spoil(Callback):
        def on_step(self, training):
            if training.step == 3:
                training.model.layers[2].weight.data[0, 0] = np.nan

    model, optimizer = network()
    with pytest.warns(DivergenceWarning, match=r"epoch 4, step 4: J is nan, as the update before made nan in "
                                               r"'layers\.2\.weight' of shape \(2, 8\)"):
        fit(model, nn.MSELoss(), optimizer, X, Y, epochs=9, callbacks=[Spoil()])


def test_a_parameter_that_the_last_update_spoiled_is_found_as_well():
    model = nn.Linear(3, 2, rng=0)
    with pytest.warns(DivergenceWarning, match="epoch 1, step 2: the last update made -?inf in 'weight'"):
        history = fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=1e308), 100 * X, Y, epochs=1)
    assert history.stop_reason.startswith("diverged")


def test_metrics_of_predictions_that_are_not_finite_are_nan_and_no_error():
    class Spoil(Callback):
        def on_step(self, training):
            training.model.layers[2].weight.data[0, 0] = np.nan

    model, optimizer = network()
    with pytest.warns(DivergenceWarning, match="the last update made nan"):
        history = fit(model, nn.MSELoss(), optimizer, X, Y, epochs=1, callbacks=Spoil(), metrics="r2", validation=0.2)
    assert np.isfinite(history["r2"][0]) and np.isnan(history["validation_r2"][0])


def test_a_loss_that_grows_without_end_but_is_finite_is_reported_too():
    model = nn.Linear(3, 2, rng=0)
    with pytest.warns(DivergenceWarning, match=r"epoch 9, .*the loss has grown from [\d.]+ to .*Try a learning rate"):
        fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=10.0), X, Y, epochs=9)


def test_a_loss_that_leaps_up_and_stays_there_is_reported_too():  # far out on tanh it goes up and down, but not back
    X = np.random.default_rng(0).normal(size=(200, 4))
    model = nn.MLP([4, 16, 16, 2], activation="tanh", rng=1)
    with pytest.warns(DivergenceWarning, match=r"the loss has grown from 0\.\d+ to .*e\+\d+, and stayed far above"):
        history = fit(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=1e10), X,
                      (X[:, 0] * X[:, 1] > 0).astype(int), epochs=20)
    assert history["loss"][-1] < max(history["loss"]) < np.inf


def test_a_loss_that_leaps_up_and_comes_back_is_no_divergence():
    class Kick(Callback):
        def on_step(self, training):
            if training.step == 2:
                training.model.weight.data += 1e4

    model = nn.Linear(3, 2, rng=0)
    history = fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.5), X, Y, epochs=60, callbacks=Kick())
    assert max(history["loss"]) > 1e6 and history.stop_reason == "all 60 epochs are done"


def test_nan_in_a_memmap_is_found_in_its_batch(tmp_path):
    mapped = np.lib.format.open_memmap(tmp_path / "X.npy", mode="w+", dtype=np.float64, shape=X.shape)
    mapped[:] = X
    mapped[33, 1] = np.nan
    model, optimizer = network()
    with pytest.warns(DivergenceWarning, match="J is nan, as this batch of X holds nan"):
        fit(model, nn.MSELoss(), optimizer, mapped, Y, epochs=2, batch_size=10, rng=0)


# ----- the progress bar -----

def test_the_progress_bar_shows_the_losses_where_it_is_asked_for_and_is_quiet_else(capfd):
    model, optimizer = network()
    fit(model, nn.MSELoss(), optimizer, X, Y, epochs=3, validation=0.2, rng=0)
    assert capfd.readouterr() == ("", "")
    fit(model, nn.MSELoss(), optimizer, X, Y, epochs=3, validation=0.2, rng=0, progress=True)
    bar = capfd.readouterr().err
    assert "3/3" in bar and "loss" in bar and "validation_loss" in bar


# ----- bad input -----

def bad_arguments():
    nan = X.copy()
    nan[7, 1] = np.nan
    yield {"epochs": 0}, ArgumentError, "fit: epochs must be 1 or more, got 0"
    yield {"epochs": 2.5}, OptionError, "fit: epochs must be a whole number, got 2.5"
    yield {"batch_size": 0}, ArgumentError, "fit: batch_size must be 1 or more"
    yield {"validation": 0.0}, ArgumentError, "validation as a share must be between 0 and 1, got 0"
    yield {"validation": 1.5}, ArgumentError, "validation as a share must be between 0 and 1, got 1.5"
    yield {"validation": 0.999}, ArgumentError, "each set needs one at least"
    yield {"validation": "0.2"}, OptionError, r"must be a share of the rows, such as 0.2, or a pair \(X_val, y_val\)"
    yield {"validation": (X[:5], Y[:4])}, ShapeError, "X_val and y_val must have the same number of rows"
    yield {"validation": (X[:5, :2], Y[:5])}, ShapeError, "must have rows like those of X"
    yield {"validation": (nan, Y)}, ArgumentError, "X_val has NaN or infinity in 1 of 50 rows"
    yield {"metrics": ["acuracy"]}, ArgumentError, "known metrics are 'accuracy', 'r2', 'mae', 'rmse', got 'acuracy'"
    yield {"metrics": ["confusion_matrix"]}, ArgumentError, r"call training.confusion_matrix\(prediction, target\)"
    yield {"metrics": [3]}, OptionError, "a metric is a name or a function"
    yield {"metrics": ["mae", "mae"]}, ArgumentError, "two metrics with the name 'mae'"
    yield {"metrics": [lambda h, y: h]}, ShapeError, r"the metric '<lambda>' gave an array of shape"
    yield {"X": X[:40]}, ShapeError, r"the same number of rows, got shapes \(40, 3\) and \(50, 2\)"
    yield {"X": X[:0], "y": Y[:0]}, ShapeError, "there are no rows"
    yield {"X": X[:, :2]}, ShapeError, "the 3 features"
    yield {"X": nan}, ArgumentError, "fit: X has NaN or infinity in 1 of 50 rows, the first is row 7"
    yield {"y": np.where(Y > 0, np.inf, Y)}, ArgumentError, "fit: y has NaN or infinity"
    yield {"X": X.astype(str)}, DtypeError, "fit: X: expected real numbers, got dtype <U"
    yield {"y": Y[:, 0]}, ShapeError, "must have the same shape"
    yield {"loss": nn.MSELoss}, OptionError, r"loss is the class MSELoss; make one of it"
    yield {"loss": None}, OptionError, "loss must be a function"
    yield {"loss": lambda h, y: h - y}, ShapeError, "only a single number can be minimised"
    yield {"loss": lambda h, y: 3.0}, OptionError, "there is nothing to differentiate"
    yield {"loss": nn.CrossEntropyLoss(), "y": LABELS}, ArgumentError, "label"
    yield {"optimizer": optim.Adam}, OptionError, r"such as optim.Adam\(model.parameters\(\)\), got the class Adam"
    yield {"optimizer": optim.SGD([tg.Value([1.0])])}, ArgumentError, "not depend on any parameter of the optimizer"
    yield {"model": lambda x: x}, OptionError, "model must be of type Module"
    yield {"model": nn.MLP}, OptionError, "got the class MLP"
    yield {"schedule": 0.1}, OptionError, "schedule must be a function"
    yield {"schedule": lambda step: -0.1}, ArgumentError, r"fit: schedule\(0\) as the learning rate: lr must be"
    yield {"penalty": 0.1}, OptionError, "penalty must be a function"
    yield {"callbacks": [print]}, OptionError, "a callback must be a training.Callback"
    yield {"callbacks": EarlyStopping}, OptionError, "a callback must be a training.Callback"
    yield {"callbacks": [EarlyStopping()]}, ArgumentError, r"no 'validation_loss' in the history.*validation=0.2"
    yield {"progress": "no"}, OptionError, "fit: progress must be True or False, got 'no'"
    yield {"rng": "seed"}, OptionError, "rng: expected a whole number"
    yield {"y": Y[:, :1]}, ShapeError, r"prediction \(50, 2\) and target \(50, 1\)"  # the rows of a step, not fewer
    # what is wrong only in the middle of the data or of the training
    yield {"loss": nn.HingeLoss(), "y": np.sign(Y) * (np.arange(50) != 30)[:, None]}, ArgumentError, "the label -?0"
    probabilities, yes = np.eye(2)[LABELS // 2], LABELS // 2
    probabilities[30] = 0.4
    yield {"loss": nn.CrossEntropyLoss(), "y": probabilities, "batch_size": 8}, ArgumentError, "a sum of 0.8, not 1"
    ignoring = {"y": np.where(np.arange(50) % 8 == 0, yes, 7), "batch_size": 12}
    yield {"loss": nn.CrossEntropyLoss(ignore_index=7), **ignoring}, \
        ArgumentError, "43 of 50 rows have no label that counts.* one of 2 may come"
    yield {"loss": nn.CrossEntropyLoss(class_weights=[1, 0]), "y": yes, "batch_size": 4}, ArgumentError, \
        "of a class with weight 0"
    yield {"schedule": lambda step: 0.1 - 0.04 * step, "batch_size": 20}, ArgumentError, r"fit: schedule\(3\) as"
    yield {"metrics": accuracy_of_signs, "y": np.sign(Y) * (np.arange(50) != 30)[:, None]}, ArgumentError, "tell two"


def accuracy_of_signs(prediction, target):
    return tg.training.accuracy(prediction[:, 0], target[:, 0])


@pytest.mark.parametrize("bad, error, message", list(bad_arguments()), ids=lambda x: x if isinstance(x, str) else "")
def test_bad_input_is_an_error_and_changes_nothing(bad, error, message):
    model, optimizer = network()
    model.layers[1].eval()  # a mode of its own, to be kept
    modes = [module.training for _, module in model.named_modules()]
    before, state = bits(model), optimizer.state_dict()
    arguments = {"model": model, "loss": nn.MSELoss(), "optimizer": optimizer, "X": X, "y": Y, "epochs": 2} | bad
    with pytest.raises(error, match=message):
        fit(**arguments)
    assert bits(model) == before
    assert all((optimizer.state_dict()[name] == array).all() for name, array in state.items())
    assert [module.training for _, module in model.named_modules()] == modes
    assert all(p.grad is None for p in model.parameters())


def test_a_loss_may_know_how_many_rows_a_step_has():
    w, (model, optimizer) = np.linspace(0, 1, 50)[:, None], network()
    history = fit(model, lambda h, y: (w * (h - y) ** 2).mean(), optimizer, X, Y, epochs=2)
    assert history["loss"][0] == pytest.approx((w * (network()[0](X).data - Y) ** 2).mean())


def test_an_error_that_only_a_step_shows_puts_everything_back():
    steps, generator = [], np.random.default_rng(0)

    def fails_later(h, y):
        steps.append(1)
        if len(steps) == 9:
            raise ArgumentError("in the middle")
        return nn.MSELoss()(h, y)

    model, optimizer = network()
    before, state, draws = bits(model), optimizer.state_dict(), generator.bit_generator.state
    with pytest.raises(ArgumentError, match="in the middle"):
        fit(model, fails_later, optimizer, X, Y, epochs=9, rng=generator)
    assert bits(model) == before and len(steps) == 9
    assert all((optimizer.state_dict()[name] == array).all() for name, array in state.items())
    with pytest.raises(ArgumentError, match="EarlyStopping"):  # after the rows for validation have been dealt
        fit(model, nn.MSELoss(), optimizer, X, Y, epochs=1, validation=0.2, rng=generator,
            callbacks=EarlyStopping(monitor="accuracy"))
    assert generator.bit_generator.state == draws


def test_measured_targets_in_another_shape_than_the_predictions_are_refused_for_any_loss():
    X, y = np.ones((10, 2)), np.arange(10.0)
    model = nn.MLP([2, 3, 1], rng=0)
    with pytest.raises(ShapeError, match=r"y has shape \(n,\) but the model gives \(n, 1\).*y.reshape\(-1, 1\)"):
        fit(model, lambda h, y: np.mean((h - y) ** 2), optim.SGD(model.parameters()), X, y, epochs=1)


def test_a_last_batch_of_one_row_is_no_batch_for_batch_norm():
    X = np.random.default_rng(0).normal(size=(13, 2))
    model = nn.MLP([2, 3, 1], batch_norm=True, rng=0)
    before = model.state_dict()
    with pytest.raises(ArgumentError, match=r"last batch of 1 row.*use batch_size=5"):
        fit(model, nn.MSELoss(), optim.SGD(model.parameters()), X, X[:, :1], epochs=1, batch_size=4)
    for name, numbers in model.state_dict().items():
        np.testing.assert_array_equal(numbers, before[name])


def test_a_hook_that_nobody_would_call_is_an_error():
    with pytest.raises(OptionError, match=r"Mistyped.on_epoch_end would never be called; .* on_epoch, on_end"):
        class Mistyped(Callback):
            def on_epoch_end(self, training):
                pass


def test_a_model_that_gives_no_array_is_told_what_its_output_is():
    class Total(nn.Module):
        def __init__(self, kind):
            self.linear, self.kind = nn.Linear(2, 1, rng=0), kind

        def forward(self, x):
            h = self.linear(x)
            return h.sum() if self.kind == "number" else (h, h)

    model = Total("number")
    with pytest.raises(ShapeError, match="prediction"):
        fit(model, nn.MSELoss(), optim.SGD(model.parameters()), np.ones((5, 2)), np.ones((5, 1)), epochs=1)
    model = Total("pair")
    with pytest.raises(OptionError, match="the model gave a tuple"):
        fit(model, lambda h, y: ((h[0] - y) ** 2).mean(), optim.SGD(model.parameters()), np.ones((5, 2)),
            np.ones((5, 1)), epochs=1)
