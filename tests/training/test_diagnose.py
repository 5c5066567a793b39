"""A gallery of trainings that fail, each recognised by its cause, and of healthy ones, which are left alone."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import data, nn, optim
from tinygrad_edu.errors import DtypeError, OptionError, ShapeError
from tinygrad_edu.training.diagnose import diagnose

DIGITS, DIGIT = data.load_digits()
DIGITS = data.StandardScaler().fit_transform(DIGITS)[:600]
DIGIT = DIGIT[:600]
TIME = np.linspace(0, 100, 1000).reshape(-1, 1)
WAVE = 3 * np.sin(0.01 * TIME) * np.cos(0.1 * TIME)  # the lecture's exercise
SCALED_TIME = data.StandardScaler().fit_transform(TIME)
MSE, CROSS_ENTROPY = nn.MSELoss(), nn.CrossEntropyLoss()

seeds = pytest.mark.parametrize("seed", [0, 1, 2])
pytestmark = pytest.mark.filterwarnings("ignore:overflow|invalid value:RuntimeWarning")  # of trainings that diverge


def history_of(model, loss, X, y, lr, epochs, optimizer=optim.Adam, validation=None):
    """The losses of a plain training loop."""
    step, history = optimizer(model.parameters(), lr=lr), {"loss": []}
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        losses = []
        for x_batch, y_batch in data.batches(X, y, batch_size=50, rng=rng):
            step.zero_grad()
            J = loss(model(x_batch), y_batch)
            J.backward()
            step.step()
            losses.append(J.item())
        history["loss"].append(float(np.mean(losses)))
        if validation is not None:
            with tg.no_grad():
                history.setdefault("validation_loss", []).append(loss(model(validation[0]), validation[1]).item())
    return history


def moons(seed):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, np.pi, 300)
    label = np.arange(300) % 2
    X = np.stack([np.cos(angle) + label, np.sin(angle)], axis=1) * np.where(label, -1, 1)[:, None]
    return X + rng.normal(scale=0.1, size=X.shape) + label[:, None] * [2.0, 0.5], label


# ----- healthy ones -----

def a_classifier(seed):
    model = nn.MLP([64, 32, 10], activation="relu", rng=seed)
    validation = DIGITS[:100], DIGIT[:100]
    history = history_of(model, CROSS_ENTROPY, DIGITS[100:], DIGIT[100:], 3e-3, 12, validation=validation)
    return model, history, (DIGITS, DIGIT), CROSS_ENTROPY


def a_new_classifier(seed):
    return nn.MLP([64, 32, 32, 10], activation="tanh", rng=seed), None, (DIGITS, DIGIT), CROSS_ENTROPY


def a_regression(seed):
    model = nn.MLP([1, 24, 24, 1], activation="tanh", rng=seed)
    return model, history_of(model, MSE, SCALED_TIME, WAVE, 1e-2, 20), (SCALED_TIME, WAVE), MSE


def a_linear_regression(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 3))
    y = X @ np.array([[1.0], [-2.0], [3.0]]) + rng.normal(scale=0.3, size=(200, 1))
    model = nn.Linear(3, 1, rng=seed)
    return model, history_of(model, MSE, X, y, 0.05, 20), (X, y), MSE


def two_moons_with_sigmoids(seed):
    X, y = moons(seed)
    model = nn.MLP([2, 16, 2], activation="sigmoid", rng=seed)
    return model, history_of(model, CROSS_ENTROPY, X, y, 3e-2, 30), (X, y), CROSS_ENTROPY


def two_moons_with_radial_units(seed):
    X, y = moons(seed)
    model = nn.Sequential(nn.RBF(2, 12, rng=seed).init_from_data(X, rng=seed), nn.Linear(12, 2, rng=seed))
    return model, history_of(model, CROSS_ENTROPY, X, y, 3e-2, 30), (X, y), CROSS_ENTROPY


def uncertainties(seed):  # whose loss becomes negative
    model, loss = nn.MLP([1, 24, 2], activation="tanh", rng=seed), nn.GaussianNLLLoss()
    return model, history_of(model, loss, SCALED_TIME, 0.1 * WAVE, 1e-2, 20), (SCALED_TIME, 0.1 * WAVE), loss


@seeds
@pytest.mark.parametrize("training", [a_classifier, a_new_classifier, a_regression, a_linear_regression,
                                      two_moons_with_sigmoids, two_moons_with_radial_units, uncertainties])
def test_a_healthy_training_is_left_alone(training, seed):
    found = diagnose(*training(seed))
    assert found.names == [], found
    assert not found and "Nothing found" in repr(found)


# ----- broken ones, each with its cause -----

def scaled_weights(model, factor):
    for p in model.parameters():
        p.data = p.data * factor
    return model


def only_linear_activations(seed):
    model = nn.MLP([1, 5, 5, 1], activation="identity", rng=seed)
    return model, history_of(model, MSE, SCALED_TIME, WAVE, 1e-2, 6), (SCALED_TIME, WAVE), MSE


def linear_classes(seed):
    X = moons(seed)[0]
    circle = (np.sum((X - X.mean(axis=0)) ** 2, axis=1) > 1.0).astype(int)
    return nn.MLP([2, 8, 2], activation="identity", rng=seed), None, (X, circle), CROSS_ENTROPY


def zero_weights(seed):
    X, y = moons(seed)
    return scaled_weights(nn.MLP([2, 8, 2], activation="tanh", rng=seed), 0.0), None, (X, y), CROSS_ENTROPY


def equal_weights(seed):
    X, y = moons(seed)
    model = nn.MLP([2, 8, 2], activation="tanh", rng=seed)
    for p in model.parameters():
        p.data = np.full(p.shape, 0.5)
    return model, history_of(model, CROSS_ENTROPY, X, y, 1e-2, 6), (X, y), CROSS_ENTROPY


def equal_weights_of_two_layers(seed):  # in float32 rounding makes them differ a little after training
    model = nn.MLP([64, 33, 20, 10], activation="sigmoid", rng=seed, dtype=np.float32)
    for p in model.parameters():
        p.data = np.full(p.shape, 0.5, np.float32)
    X = DIGITS.astype(np.float32)
    return model, history_of(model, CROSS_ENTROPY, X, DIGIT, 1e-2, 10, optim.SGD), (X, DIGIT), CROSS_ENTROPY


def the_lectures_exercise(seed):
    model = nn.MLP([1, 5, 5, 1], activation="tanh", rng=seed)
    return model, history_of(model, MSE, TIME, WAVE, 1e-3, 6), (TIME, WAVE), MSE


def large_targets(seed):
    return nn.MLP([1, 8, 1], activation="tanh", rng=seed), None, (SCALED_TIME, 1000 * WAVE), MSE


def a_loss_that_explodes(seed):
    model = nn.MLP([1, 32, 1], activation="relu", rng=seed)
    return model, history_of(model, MSE, SCALED_TIME, WAVE, 2.0, 6, optim.SGD), (SCALED_TIME, WAVE), MSE


def steps_that_go_up_and_down(seed):
    model = nn.MLP([64, 32, 10], activation="relu", rng=seed)
    return model, history_of(model, CROSS_ENTROPY, DIGITS, DIGIT, 1.0, 10), (DIGITS, DIGIT), CROSS_ENTROPY


def a_loss_that_creeps(seed):
    model = nn.MLP([64, 32, 10], activation="relu", rng=seed)
    return model, history_of(model, CROSS_ENTROPY, DIGITS, DIGIT, 1e-4, 8, optim.SGD), (DIGITS, DIGIT), CROSS_ENTROPY


def far_out_on_the_sigmoid(seed):
    model = scaled_weights(nn.MLP([64, 32, 32, 10], activation="sigmoid", rng=seed), 30)
    return model, None, (DIGITS, DIGIT), CROSS_ENTROPY


def many_sigmoids(seed):
    model = nn.MLP([64, *[32] * 8, 10], activation="sigmoid", rng=seed)
    return model, history_of(model, CROSS_ENTROPY, DIGITS, DIGIT, 1e-2, 3, optim.SGD), (DIGITS, DIGIT), CROSS_ENTROPY


def steps_without_slope(seed):
    model = nn.MLP([1, 8, 8, 1], activation=["tanh", "binary_step"], rng=seed)
    return model, history_of(model, MSE, SCALED_TIME, WAVE, 1e-2, 6), (SCALED_TIME, WAVE), MSE


def units_that_never_fire(seed):
    model = nn.MLP([64, 32, 32, 10], activation="relu", rng=seed)
    model[2].bias.data = np.full(32, -8.0)
    return model, None, (DIGITS, DIGIT), CROSS_ENTROPY


def radial_units_far_from_the_data(seed):
    model = nn.Sequential(nn.RBF(64, 20, rng=seed), nn.Linear(20, 10, rng=seed))
    return model, None, (DIGITS, DIGIT), CROSS_ENTROPY


def a_gap_in_the_data(seed):
    X = DIGITS.copy()
    X[7 + seed, 3] = np.nan
    model = nn.MLP([64, 16, 10], activation="relu", rng=seed)
    return model, {"loss": [np.nan] * 6}, (X, DIGIT), CROSS_ENTROPY


def a_loss_that_stands_still(seed):
    model = nn.MLP([64, 16, 10], activation="relu", rng=seed)
    return model, history_of(model, CROSS_ENTROPY, DIGITS, DIGIT, 0.0, 6), (DIGITS, DIGIT), CROSS_ENTROPY


def a_loss_that_grows_and_stays_finite(seed):
    model = nn.Linear(1, 1, rng=seed)
    return model, history_of(model, MSE, SCALED_TIME, WAVE, 4.0, 3, optim.SGD), (SCALED_TIME, WAVE), MSE


def large_weights(seed):
    model = scaled_weights(nn.MLP([64, *[64] * 10, 10], activation="relu", rng=seed), 4)
    return model, None, (DIGITS, DIGIT), CROSS_ENTROPY


def a_rare_class(seed):
    rows = np.flatnonzero((DIGIT == 0) | ((DIGIT == 1) & (np.arange(600) < 40)))
    return nn.MLP([64, 8, 2], activation="relu", rng=seed), None, (DIGITS[rows], DIGIT[rows]), CROSS_ENTROPY


def labels_learned_by_heart(seed):
    model, wrong = nn.MLP([64, 128, 10], activation="relu", rng=seed), np.random.default_rng(seed).permutation(DIGIT)
    validation = DIGITS[100:], wrong[100:]
    history = history_of(model, CROSS_ENTROPY, DIGITS[:40], wrong[:40], 3e-3, 40, validation=validation)
    return model, history, (DIGITS[:40], wrong[:40]), CROSS_ENTROPY


def a_sigmoid_before_the_cross_entropy(seed):
    model = nn.Sequential(nn.Linear(64, 10, rng=seed), nn.Sigmoid())
    return model, None, (DIGITS, DIGIT), CROSS_ENTROPY


def numbers_for_classes(seed):
    return nn.MLP([64, 8, 1], activation="relu", rng=seed), None, (DIGITS, DIGIT), MSE


def numbers_for_classes_in_a_column(seed):
    return nn.MLP([64, 8, 1], activation="relu", rng=seed), None, (DIGITS, DIGIT[:, None].astype(float)), MSE


def too_few_outputs(seed):
    return nn.MLP([64, 8, 5], activation="relu", rng=seed), None, (DIGITS, DIGIT), CROSS_ENTROPY


def only_positive_outputs(seed):
    model = nn.Sequential(nn.MLP([1, 8, 1], activation="tanh", rng=seed), nn.ReLU())
    return model, None, (SCALED_TIME, WAVE), MSE


GALLERY = [
    (only_linear_activations, "linear model", "model"),
    (linear_classes, "linear model", "model"),
    (zero_weights, "symmetric units", "layers.0"),
    (equal_weights, "symmetric units", "layers.0"),
    (equal_weights_of_two_layers, "symmetric units", "layers.0, layers.2"),
    (the_lectures_exercise, "unscaled features", "data"),
    (large_targets, "unscaled targets", "data"),
    (a_loss_that_explodes, "learning rate too large", "history"),
    (steps_that_go_up_and_down, "learning rate too large", "history"),
    (a_loss_that_creeps, "learning rate too small", "history"),
    (far_out_on_the_sigmoid, "saturated", "layers.1, layers.3"),
    (many_sigmoids, "vanishing gradient", "layers.0"),
    (steps_without_slope, "no slope", "layers.3"),
    (units_that_never_fire, "dead ReLU", "layers.3"),
    (radial_units_far_from_the_data, "dead RBF", "layers.0"),
    (a_gap_in_the_data, "not finite data", "data"),
    (a_loss_that_stands_still, "constant loss", "history"),
    (a_loss_that_grows_and_stays_finite, "learning rate too large", "history"),
    (large_weights, "exploding gradient", "layers.0"),
    (a_rare_class, "unbalanced classes", "data"),
    (labels_learned_by_heart, "overfitting", "history"),
    (a_sigmoid_before_the_cross_entropy, "loss and output", "model"),
    (numbers_for_classes, "loss and output", "loss"),
    (numbers_for_classes_in_a_column, "loss and output", "loss"),
    (too_few_outputs, "loss and output", "model"),
    (only_positive_outputs, "range of the output", "model"),
]


@seeds
@pytest.mark.parametrize("training, name, place", GALLERY, ids=[row[0].__name__ for row in GALLERY])
def test_a_failure_is_recognised_by_its_cause(training, name, place, seed):
    found = diagnose(*training(seed))
    verdict = next((verdict for verdict in found if verdict.name == name), None)
    assert verdict is not None, found.names
    assert verdict.place == place
    assert np.isfinite(verdict.number)
    assert verdict.says in str(verdict) and f"Try: {verdict.cure}" in str(verdict)


def test_the_numbers_are_those_of_the_case():
    model, _, (X, y), loss = units_that_never_fire(0)
    (verdict,) = diagnose(model, data=(X, y), loss=loss)
    hidden = np.maximum(X @ model[0].weight.data.T + model[0].bias.data, 0)
    dead = ((hidden @ model[2].weight.data.T + model[2].bias.data) <= 0).all(axis=0).mean()
    assert abs(verdict.number - dead) < 0.1  # of some of the samples, not all
    (verdict,) = diagnose(*a_rare_class(0)[:1], data=a_rare_class(0)[2])
    assert verdict.number == np.sum(DIGIT == 0) / np.sum(DIGIT[:40] == 1)


def test_weights_whose_products_overflow_are_a_verdict_and_no_warning():
    model = scaled_weights(nn.MLP([64, 16, 10], activation="relu", batch_norm=True, rng=0), 1e308)
    assert "not finite" in diagnose(model, data=(DIGITS, DIGIT)).names


@seeds
def test_causes_come_before_consequences(seed):
    tanh = nn.MLP([64, 32, 10], "tanh", rng=seed)
    rising_and_falling = history_of(tanh, CROSS_ENTROPY, DIGITS, DIGIT, 100.0, 2, optim.SGD)
    rising_and_falling["loss"] = [36.0, 18.0, 16.0, 10.0, 7.0, 10.0, 11.0, 9.5]  # of seed 0 and 8 epochs
    assert diagnose(tanh, rising_and_falling, (DIGITS, DIGIT)).names[:2] == ["learning rate too large", "saturated"]
    equal, _, digits, loss = equal_weights_of_two_layers(seed)
    creeping = {"loss": [3.0, 2.95, 2.9, 2.85, 2.8, 2.75, 2.70]}
    assert {"saturated", "learning rate too small"} < set(diagnose(equal, creeping, digits, loss).names)
    assert diagnose(equal, creeping, digits, loss).names[0] == "symmetric units"
    model, history, data_with_gap, loss = a_gap_in_the_data(seed)
    found = diagnose(model, history, data_with_gap, loss)
    assert found.names == ["not finite data"]
    assert found[0].says == f"X has NaN or infinity in 1 of 600 rows, the first is row {7 + seed}"
    nothing_left = diagnose(model, data=(np.full((4, 64), np.nan), DIGIT[:4]))
    assert nothing_left.names == ["not finite data"] and nothing_left[0].number == 1


def test_the_cure_names_the_sigmoid_only_where_there_is_one():
    def cure(activation):
        model = scaled_weights(nn.MLP([64, *[32] * 8, 10], activation=activation, rng=0), 0.1)
        return next(verdict for verdict in diagnose(model, data=(DIGITS, DIGIT)) if verdict.name[:6] == "vanish").cure

    assert "instead of the sigmoid" in cure("sigmoid")
    assert "sigmoid" not in cure("tanh") and "sigmoid" not in cure("relu")


def test_one_verdict_names_all_places():
    model = nn.MLP([64, 32, 32, 10], activation="relu", rng=0)
    for layer in (0, 2):
        model[layer].bias.data = np.full(32, -50.0)
    (verdict,) = diagnose(model, data=(DIGITS, DIGIT))
    assert (verdict.name, verdict.place, verdict.number) == ("dead ReLU", "layers.1, layers.3", 1.0)
    assert verdict.says.startswith("100%, 100% of their units put out 0")
    two_steps = nn.MLP([1, 8, 8, 1], activation="binary_step", rng=0)
    verdict = next(v for v in diagnose(two_steps, data=(SCALED_TIME, WAVE)) if v.name == "no slope")
    assert verdict.place == "layers.1, layers.3" and verdict.says.startswith("in each, its slope is 0")


def test_a_step_with_a_gradient_straight_through_is_left_alone():
    model = nn.MLP([1, 8, 1], activation=[nn.BinaryStep(straight_through=True)], rng=0)
    assert "no slope" not in diagnose(model, data=(SCALED_TIME, WAVE), loss=MSE).names


def test_nothing_of_the_model_is_changed():
    model = nn.MLP([64, 16, 10], activation="relu", rng=0)
    CROSS_ENTROPY(model(DIGITS[:20]), DIGIT[:20]).backward()
    before = [(p.data.copy(), p.grad.copy()) for p in model.parameters()]
    model.train()
    state = tg.random.default_generator().bit_generator.state
    diagnose(model, data=(DIGITS, DIGIT))
    for p, (numbers, gradient) in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.data, numbers)
        np.testing.assert_array_equal(p.grad, gradient)
    assert model.training and all(module.training for _, module in model.named_modules())
    assert "forward" not in vars(model[0])
    assert tg.random.default_generator().bit_generator.state == state


def test_a_history_alone_tells_of_the_learning_rate():
    assert diagnose(nn.Linear(1, 1), {"loss": [1.0, 3.0, 20.0, 50.0, np.inf]}).names == ["learning rate too large"]
    assert diagnose(nn.Linear(1, 1), {"loss": [1.0, 0.5, 0.3, 0.25, 0.24, 0.239]}).names == []
    assert diagnose(nn.Linear(1, 1), {"loss": [1.0, 1e4]}).names == ["learning rate too large"]
    assert diagnose(nn.Linear(1, 1), {"loss": [-1.0, -1.2, -1.3, -1.25, -1.3, -1.35]}).names == []
    assert diagnose(nn.Linear(1, 1)).names == []


@pytest.mark.parametrize("arguments, error, message", [
    (("model",), OptionError, "must be a module"),
    ((nn.Linear(1, 1), (np.ones((3, 1)), np.ones(3))), OptionError, r"pass data by its name, data=\(X, y\)"),
    ((nn.Linear(1, 1), {"loss": ["a"]}), OptionError, "lists of numbers"),
    ((nn.Linear(1, 1), None, (np.ones((3, 1)), np.ones((3, 1))), 3), OptionError, "loss must be a function, got 3"),
    ((nn.Linear(1, 1), None, (np.ones((2, 1)), ["a", "b"])), DtypeError, r"y: .* dtype <U1; turn classes into 0, 1"),
    ((nn.Linear(1, 1), None, np.ones(3)), OptionError, r"data=\(X, y\)"),
    ((nn.Linear(1, 1), None, (np.ones((3, 1)), np.ones(2))), ShapeError, "equally many rows"),
    ((nn.Linear(1, 1), None, (np.ones((0, 1)), np.ones(0))), ShapeError, "one at least"),
])
def test_what_cannot_be_diagnosed(arguments, error, message):
    with pytest.raises(error, match=message):
        diagnose(*arguments)
