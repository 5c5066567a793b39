"""Convergence and early stopping: they stop where their definitions say, and give the best parameters back."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ArgumentError, OptionError
from tinygrad_edu.training import Callback, Checkpoint, Convergence, EarlyStopping, fit

# J = 1/2 (θ - 2)² by symmetry, if y = 2x at x = ±1 and there is no bias
X, Y = np.array([[-1.0], [1.0]]), np.array([[-2.0], [2.0]])


def line(theta=0.0):
    return nn.Linear(1, 1, bias=False, init=lambda shape, rng: np.full(shape, theta))


def descend(lr, epochs=500, theta=0.0, **options):
    model = line(theta)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    return model, fit(model, nn.LeastSquaresLoss(), optimizer, X, Y, epochs=epochs, **options)


@pytest.mark.parametrize("tol", [1e-1, 1e-3, 1e-6])
@pytest.mark.parametrize("lr", [0.01, 0.3, 1.2])
def test_convergence_stops_in_the_first_epoch_that_changes_j_by_less_than_tol(lr, tol):
    # gradient descent in closed form: θ_k - 2 = (1 - α)^k (θ_0 - 2), so J_k = 2 (1 - α)^2k
    J = 2 * (1 - lr) ** (2.0 * np.arange(3000))
    expected = int(np.flatnonzero(J[:-1] - J[1:] < tol)[0]) + 2  # the epoch, counted from 1, that found J_(k+1)
    _, history = descend(lr, epochs=3000, callbacks=Convergence(tol=tol))
    assert history.epochs == expected
    assert history.stop_reason.startswith(f"converged in epoch {expected}: J fell by less than {tol:g}, to ")


def test_convergence_looks_at_the_loss_with_its_penalty():
    # J = 1/2 (θ - 2)² + 3/2 θ² has its minimum at 1/2; the loss alone would rise on the way there from 2
    def penalty(model):
        return 1.5 * (model.weight * model.weight).sum()

    model, history = descend(0.2, theta=2.0, penalty=penalty, callbacks=Convergence(tol=1e-9))
    assert "J fell" in history.stop_reason and history.epochs < 50
    assert model.weight.item() == pytest.approx(0.5, abs=1e-4)
    assert history["loss"][-1] > history["loss"][0]


def test_divergence_is_said_with_what_to_try():
    _, history = descend(2.1, callbacks=Convergence())
    assert history.stop_reason.startswith("diverging in epoch 6: J has risen 5 times in a row, from 2 to ")
    assert "try a learning rate below 2.1" in history.stop_reason


def test_a_rise_that_stays_below_the_beginning_is_no_divergence():
    course = Course("loss", [10.0, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5])
    _, history = descend(0.1, epochs=9, callbacks=[course, Convergence()])
    assert history.stop_reason == "all 9 epochs are done"


class Course(Callback):
    """Prescribes the validation losses, and notes the parameters of every epoch."""

    def __init__(self, name, values):
        self.name, self.values, self.parameters = name, values, []

    def on_epoch(self, training):
        training.history[self.name][-1] = self.values[training.epoch - 1]
        self.parameters.append(training.model.weight.data.copy())


@pytest.mark.parametrize("values, options, epochs, best", [
    ([5, 4, 3, 4, 5, 6, 7, 8], {"patience": 3}, 6, 3),
    ([5, 4, 3, 4, 3, 2, 3, 3], {"patience": 3}, 8, 6),  # not stopped before its end
    ([5, 4.95, 4.9, 4.85, 4, 4, 4, 4], {"patience": 3, "min_delta": 0.2}, 4, 1),
    ([5, 3, 3, 3, 3, 3, 3, 3], {"patience": 2}, 4, 2),  # equal is no improvement
    ([np.nan, 5, np.nan, 4, np.nan, 9, 9, 9], {"patience": 3}, 7, 4),
])
def test_early_stopping_waits_as_long_as_its_patience_and_restores_the_best(values, options, epochs, best):
    course, stopping = Course("validation_loss", values), EarlyStopping(**options)
    model, history = descend(0.1, epochs=8, validation=(X, Y), callbacks=[course, stopping])
    assert (history.epochs, stopping.best_epoch, stopping.best) == (epochs, best, values[best - 1])
    np.testing.assert_array_equal(model.weight.data, course.parameters[best - 1])
    if epochs < 8:
        assert history.stop_reason == (f"early stopping in epoch {epochs}: validation_loss has not improved since "
                                       f"epoch {best}, where it was {values[best - 1]:.3g}")


def test_without_restoring_the_last_parameters_stay():
    course = Course("validation_loss", [1, 2, 3, 4, 5])
    model, _ = descend(0.1, epochs=5, validation=(X, Y),
                       callbacks=[course, EarlyStopping(patience=2, restore_best=False)])
    np.testing.assert_array_equal(model.weight.data, course.parameters[-1])


def test_accuracy_and_r2_are_maximised_and_so_is_what_one_says():
    for options in ({"monitor": "r2"}, {"monitor": "validation_r2"}, {"monitor": "mae", "maximize": True}):
        course = Course(options["monitor"], [0.1, 0.5, 0.4, 0.3])
        stopping = EarlyStopping(patience=2, **options)
        _, history = descend(0.1, validation=(X, Y), metrics=["r2", "mae"], callbacks=[course, stopping])
        assert (history.epochs, stopping.best_epoch) == (4, 2)


def test_the_best_is_restored_after_ctrl_c_too_and_the_callback_may_be_used_again():
    class Interrupt(Callback):
        def on_step(self, training):
            if training.epoch == 4:
                raise KeyboardInterrupt

    course, stopping = Course("validation_loss", [3, 1, 2]), EarlyStopping()
    model, _ = descend(0.1, validation=(X, Y), callbacks=[course, stopping, Interrupt()])
    np.testing.assert_array_equal(model.weight.data, course.parameters[1])
    descend(0.1, epochs=1, validation=(X, Y), callbacks=[Course("validation_loss", [7]), stopping])
    assert (stopping.best, stopping.best_epoch) == (7, 1)


@pytest.mark.parametrize("call, error, message", [
    (lambda: Convergence(tol=0.0), ArgumentError, "Convergence: tol must be above 0"),
    (lambda: Convergence(tol=float("nan")), ArgumentError, "tol must be finite"),
    (lambda: Convergence(tol="small"), OptionError, "tol must be a number"),
    (lambda: EarlyStopping(patience=0), ArgumentError, "patience must be 1 or more"),
    (lambda: EarlyStopping(patience=1.5), OptionError, "patience must be a whole number"),
    (lambda: EarlyStopping(min_delta=-1.0), ArgumentError, "min_delta must be 0.* or more"),
    (lambda: EarlyStopping(monitor=3), OptionError, "monitor must be the name"),
    (lambda: EarlyStopping(restore_best="no"), OptionError, "restore_best must be True or False, got 'no'"),
    (lambda: EarlyStopping(maximize=1), OptionError, "maximize must be True or False, got 1"),
    (lambda: descend(0.1, callbacks=EarlyStopping(monitor="lost")), ArgumentError,
     "no 'lost' in the history; monitor one of 'loss', 'learning_rate', 'seconds'$"),
])
def test_bad_options_are_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("callback, shown", [
    (Convergence(), "Convergence(tol=0.001)"),
    (EarlyStopping(), "EarlyStopping(patience=10, monitor='validation_loss')"),
    (Checkpoint("run.npz", every=5), "Checkpoint('run.npz', every=5)")], ids=lambda x: type(x).__name__)
def test_they_show_what_they_wait_for(callback, shown):
    assert repr(callback) == shown
