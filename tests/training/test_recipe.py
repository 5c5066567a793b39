"""`Recipe`: ten choices that print as a list, and one call that does what the ten steps by hand do, to the bit."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import data, nn, optim
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.training import Callback, EarlyStopping, Recipe, accuracy, fit, predict


def test_of_classes_it_is_the_ten_steps_by_hand():
    X, y = data.load_iris()
    rng = np.random.default_rng(3)
    X_train, X_test, y_train, y_test = data.train_test_split(X, y, test_size=0.25, rng=rng, stratify=y)
    X_train, X_val, y_train, y_val = data.train_test_split(X_train, y_train, test_size=0.2, rng=rng, stratify=y_train)
    scaler = data.StandardScaler().fit(X_train)
    model = nn.MLP([4, 8, 3], "relu", rng=rng, dropout=0.1)
    history = fit(model, nn.CrossEntropyLoss(), optim.AdamW(model.parameters(), lr=0.02), scaler.transform(X_train),
                  y_train, epochs=30, batch_size=16, validation=(scaler.transform(X_val), y_val), metrics=["accuracy"],
                  penalty=nn.L2Penalty(1e-3), callbacks=[EarlyStopping(patience=5)], rng=rng)

    recipe = Recipe(hidden=[8], activation="relu", dropout=0.1, optimizer="adamw", lr=0.02, epochs=30, batch_size=16,
                    patience=5, penalty=nn.L2Penalty(1e-3))
    result = recipe.fit(X, y, rng=3)
    assert {**result.history, "seconds": 0} == {**history, "seconds": 0}
    assert result.test_scores == {"accuracy": accuracy(predict(model, scaler.transform(X_test)), y_test)}
    np.testing.assert_array_equal(result.X_test, X_test)
    np.testing.assert_array_equal(result.predict(X_test), predict(model, scaler.transform(X_test)).argmax(axis=1))


def test_classes_may_be_strings_and_come_back_as_such():
    iris = data.load_iris()
    names = np.array(iris.class_names)[iris.y]
    result = Recipe(hidden=[8], epochs=60).fit(iris.X, names, rng=0)
    predicted = result.predict(result.X_test)
    assert set(predicted) <= set(iris.class_names)
    assert result.test_scores["accuracy"] == np.mean(predicted == result.y_test) > 0.9
    assert result.evaluate(iris.X[:10], names[:10])["accuracy"] == np.mean(result.predict(iris.X[:10]) == names[:10])
    with pytest.raises(ArgumentError, match="y holds classes besides those of the training"):
        result.evaluate(iris.X[:1], ["rose"])


@pytest.mark.parametrize("scaling", ["standard", "minmax", "maxabs", data.MinMaxScaler((-1, 1))])
def test_measured_targets_are_scaled_for_training_and_come_back_in_their_units(scaling):
    X = np.linspace(0, 1000, 200).reshape(-1, 1)
    y = 5e6 + 2e3 * X[:, 0]  # a line, in units that no network would learn from directly
    recipe = Recipe(scaling=scaling, hidden=[], epochs=200, lr=0.05, metrics=["r2", "mae"])
    result = recipe.fit(X, y, rng=0)
    assert result.test_scores["r2"] > 0.99
    np.testing.assert_allclose(result.predict(X), y, rtol=0.03)
    assert result.test_scores["mae"] == pytest.approx(np.mean(np.abs(result.predict(result.X_test) - result.y_test)))
    assert not hasattr(recipe.scaling, "feature_shape_")  # the scaler that was passed stays as it was


def test_without_scaling_the_numbers_go_in_as_they_are():
    X, y = np.linspace(-1, 1, 50).reshape(-1, 1), np.linspace(-1, 1, 50)
    result = Recipe(scaling=None, hidden=[], epochs=5).fit(X, y, rng=0)
    assert result.scaler is result.target_scaler is None
    np.testing.assert_array_equal(result.predict(X), predict(result.model, X)[:, 0])


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2)])
def test_predictions_and_rows_have_the_shape_that_y_had(shape):
    X = np.linspace(-1, 1, 60).reshape(-1, 1)
    y = X.reshape(60, *[1] * len(shape)) * np.arange(1.0, 1 + np.prod(shape, dtype=int)).reshape(shape)
    result = Recipe(hidden=[], epochs=60, lr=0.1, metrics="mae").fit(X, y, rng=0)
    assert result.predict(X[:7]).shape == (7, *shape)
    assert result.y_test.shape == (15, *shape) and result.y_train.shape == (36, *shape)
    np.testing.assert_allclose(result.predict(X), y, atol=0.2)
    assert result.test_scores["mae"] == pytest.approx(np.abs(result.predict(result.X_test) - result.y_test).mean())
    assert result.evaluate(result.X_test, result.y_test) == result.test_scores


def test_whole_numbers_may_be_measured():
    X = np.arange(80.0).reshape(-1, 1)
    y = 3 * np.arange(80)
    with pytest.raises(ArgumentError, match=r"y is taken for 80 classes.*if it is measured, pass y\.astype\(float\)"):
        Recipe(hidden=[]).fit(X, y)
    for recipe, target in ((Recipe(hidden=[], epochs=60, lr=0.1), y.astype(float)),
                           (Recipe(hidden=[], epochs=60, lr=0.1, loss="mse"), y)):
        assert recipe.fit(X, target, rng=0).test_scores["r2"] > 0.99


def test_a_result_is_diagnosed_on_the_rows_it_learned_from():
    X, y = data.load_iris()
    names = np.array(["b", "a", "c"])[y]
    assert Recipe(hidden=16, epochs=60).fit(X, names, rng=0).diagnose().names == []
    large = Recipe(scaling=None, hidden=[4], epochs=5).fit(1000 * X, y, rng=0).diagnose()
    assert "unscaled features" in large.names
    x = np.linspace(-3, 3, 200).reshape(-1, 1)
    assert Recipe(hidden=[], epochs=20).fit(x, np.cos(x[:, 0]), rng=0).diagnose().names == ["linear model"]


def test_a_number_of_hidden_units_is_a_single_layer():
    assert Recipe(hidden=5, epochs=1).fit(*data.load_iris()).model.theta(1).shape == (5, 1 + 4)
    assert "hidden layers of 5 units" in str(Recipe(hidden=5))


def test_a_recipe_may_be_used_again_and_gives_the_same_bits():
    X, y = data.load_diabetes()
    recipe = Recipe(hidden=[4], epochs=6, schedule=optim.schedules.ReduceOnPlateau(0.3, patience=0, factor=0.5))
    first, second = recipe.fit(X, y, rng=1), recipe.fit(X, y, rng=1)
    rates = first.history["learning_rate"]
    assert rates == second.history["learning_rate"] and rates[-1] < 0.3
    np.testing.assert_array_equal(first.predict(X), second.predict(X))


def test_ten_choices_print_as_ten_steps():
    recipe = Recipe(test=0.1, scaling=data.MinMaxScaler((-1, 1)), hidden=[3, 4], activation=["relu", "tanh"],
                    init=nn.init.he_normal, loss="huber", penalty=nn.L1Penalty(0.5), dropout=0.5, batch_norm=True,
                    optimizer=lambda params: optim.SGD(params, lr=1.0), batch_size=None, patience=None,
                    metrics=["mae", "r2"])
    lines = str(recipe).splitlines()
    assert [int(line.split(".")[0]) for line in lines] == list(range(1, 11))
    for line, words in zip(lines, [
            "10 % of the rows", " MinMaxScaler to [-1, 1]", "hidden layers of 3 and 4 units", "relu", "he_normal",
            "huber", "dropout of 50%, batch normalisation", "<lambda>", "full batch", "mae, r2"], strict=True):
        assert words in line
    assert "early" not in lines[8] and "L1Penalty" in lines[6]


def test_callbacks_take_part():
    seen = []

    class Watch(Callback):
        def on_end(self, training):
            seen.append(training.epoch)

    result = Recipe(epochs=2).fit(*data.load_iris(), callbacks=[Watch()], rng=0)
    assert seen == [2] and repr(result).startswith("<Result of 2 epochs: accuracy ")


@pytest.mark.parametrize("choices, error, message", [
    ({"test": 0.0}, ArgumentError, "test is a share of the rows, between 0 and 1, got 0"),
    ({"validation": 1.0}, ArgumentError, "validation is a share"),
    ({"scaling": "std"}, ArgumentError, "names for scaling are 'standard', 'minmax', 'maxabs', got 'std'"),
    ({"scaling": 3}, OptionError, "scaling must be 'standard', 'minmax', 'maxabs' or a scaler, got 3"),
    ({"hidden": [0]}, ArgumentError, "must be at least 1, got 0"),
    ({"hidden": None}, OptionError, r"hidden must be how many units .* such as \[16, 16\], got None"),
    ({"penalty": "l2"}, OptionError, r"Recipe: penalty must be a function, such as nn\.L2Penalty\(1e-3\), got 'l2'"),
    ({"activation": "cubic"}, ArgumentError, "'tanh'"),
    ({"loss": "entropy"}, ArgumentError, "names for loss are 'mse', 'least_squares', 'l1', 'huber', 'cross_entropy'"),
    ({"dropout": 1.0}, ArgumentError, "a probability from 0 to below 1"),
    ({"optimizer": "newton"}, ArgumentError, "names for optimizer are 'sgd', 'adagrad', 'rmsprop', 'adam', 'adamw'"),
    ({"lr": -1.0}, ArgumentError, "lr must be a number of 0 or more"),
    ({"epochs": 0}, ArgumentError, "epochs must be 1 or more"),
    ({"batch_size": 0}, ArgumentError, "batch_size must be 1 or more"),
    ({"patience": 0}, ArgumentError, "patience must be 1 or more"),
    ({"metrics": "f1"}, ArgumentError, "Recipe: the known metrics are"),
    ({"penalty": nn.L2Penalty}, OptionError, "penalty is the class L2Penalty; make one of it"),
])
def test_a_choice_that_cannot_be_is_an_error_at_once(choices, error, message):
    with pytest.raises(error, match=message):
        Recipe(**choices)


def test_data_that_do_not_fit_are_errors():
    recipe = Recipe(epochs=1)
    with pytest.raises(ShapeError, match=r"Recipe.fit: X: expected shape \(n, p\)"):
        recipe.fit(np.arange(10.0), np.arange(10.0))
    with pytest.raises(ShapeError, match="same number of rows"):
        recipe.fit(np.ones((10, 1)), np.arange(9.0))
    with pytest.raises(ArgumentError, match=r"Recipe\.fit: y: 1 of 10 numbers are NaN"):
        recipe.fit(np.ones((10, 1)), np.where(np.arange(10) == 3, np.nan, 1.0))
    with pytest.raises(ArgumentError, match="leave out rare classes"):
        recipe.fit(np.ones((10, 1)), np.arange(10))


def test_the_recipe_reads_digits():
    result = Recipe(hidden=[64], activation="relu", epochs=15, lr=0.003).fit(*data.load_digits(), rng=0)
    assert result.test_scores["accuracy"] > 0.95
    matrix = tg.training.confusion_matrix(result.predict(result.X_test), result.y_test)
    assert np.trace(matrix) / matrix.sum() == result.test_scores["accuracy"]


def test_a_class_of_optimizers_gets_the_learning_rate():
    X, y = tg.data.load_iris()
    recipe = tg.training.Recipe(optimizer=tg.optim.SGD, lr=0.25, epochs=2)
    assert "SGD, learning rate 0.25" in str(recipe)
    assert recipe.fit(X, y).history["learning_rate"] == [0.25, 0.25]
