"""The figures: what they show, that they can be written without a display, and clear words on bad input."""

import subprocess
import sys

import numpy as np
import pytest

from tinygrad_edu.data import load_digits
from tinygrad_edu.errors import ArgumentError, MissingDependencyError, OptionError, ShapeError
from tinygrad_edu.plots import VERMILLION, confusion_matrix, digit_grid, learning_rate_curve, loss_curve

pytest.importorskip("matplotlib")

history = {"train": [2.3, 1.1, 0.5, 0.2], "test": [2.2, 1.2, 0.7, 0.6]}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits()
    return X[:10], y[:10]


def test_a_line_per_entry_against_the_epoch_on_a_log_axis():
    axes, = loss_curve(history).axes
    assert [line.get_xdata().tolist() for line in axes.lines] == [[1, 2, 3, 4]] * 2
    assert [line.get_ydata().tolist() for line in axes.lines] == list(history.values())
    assert (axes.get_yscale(), axes.get_xlabel(), axes.get_ylabel()) == ("log", "epoch", "loss")
    colours_and_dashes = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len({c for c, _ in colours_and_dashes}) == len({d for _, d in colours_and_dashes}) == 2


@pytest.mark.parametrize("names", [["train", "test"], ["train"], list("abcd"), ["a rather long name of a curve", "b"]])
def test_the_legend_covers_no_line_and_fits_into_the_figure(names):
    figure = loss_curve({name: np.geomspace(1, 1e-3, 20) if i % 2 else np.geomspace(1e-3, 1, 20)
                         for i, name in enumerate(names)})
    figure.draw_without_rendering()
    axes, = figure.axes
    legend = axes.get_legend().get_window_extent()
    assert legend.y0 >= axes.get_window_extent().y1
    assert figure.bbox.x0 <= legend.x0 and legend.x1 <= figure.bbox.x1 and legend.y1 <= figure.bbox.y1


@pytest.mark.parametrize("losses", [[2.1, 0.9, 0.55], [0.27, 0.1, 0.015]])
def test_a_short_logarithmic_axis_has_numbers_to_read(losses):
    figure = loss_curve({"train": losses})
    figure.draw_without_rendering()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels(which="both")]
    assert len([label for label in labels if label]) > 2 and not any("10^" in label for label in labels)


@pytest.mark.parametrize("losses", [[1, 0.0], [1, -2.5]])
def test_losses_of_0_and_below_get_a_linear_axis(losses):
    assert loss_curve({"train": losses}).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("odd", [{"train": [1.0]}, {"train": [3.0, np.nan, 1.0, np.inf]},
                                 {"a": [1, 2], "b": [3]}, {str(i): [i + 1.0, 1.0] for i in range(9)},
                                 {"train": [1e-9, 1e9]}, {"train": [0.5, 0.5]}])
def test_odd_histories_can_be_drawn_and_written(odd, tmp_path):
    loss_curve(odd).savefig(tmp_path / "loss.png")
    assert (tmp_path / "loss.png").stat().st_size > 1000


def test_many_lines_are_shades_in_their_order_and_named_beside_the_axes():
    figure = loss_curve({f"layer {i}": [1.0, 0.1**i] for i in range(9)})
    axes, = figure.axes
    lightness = [sum(line.get_color()[:3]) for line in axes.lines]
    assert len(set(lightness)) == 9 and lightness[0] == min(lightness)
    figure.draw_without_rendering()
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1


def test_a_notebook_is_given_a_picture_without_pyplot():
    assert loss_curve(history)._repr_png_().startswith(b"\x89PNG")


def test_counts_of_mistakes_stand_in_their_cells_and_darken_them():
    matrix = np.array([[5, 0, 1], [0, 7, 0], [3, 0, 6]])
    axes, = confusion_matrix(matrix, ["a", "b", "c"]).axes
    written = {(int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in axes.texts}
    assert written == {(i, j): str(matrix[i, j]) for i, j in np.argwhere(matrix)}
    shade = axes.images[0].get_array().filled(np.nan)
    np.testing.assert_array_equal(shade, [[np.nan, np.nan, 1], [np.nan, np.nan, np.nan], [3, np.nan, np.nan]])
    assert axes.get_title() == "18 of 22 right"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    confusion_matrix(np.diag([1, 2])).draw_without_rendering()  # no mistake at all


@pytest.mark.parametrize("matrix, names, error, message", [
    ([1, 2], (), ShapeError, r"got \(2,\); training.confusion_matrix"),
    (np.ones((2, 3)), (), ShapeError, r"got \(2, 3\)"), (np.ones((0, 0)), (), ShapeError, r"got \(0, 0\)"),
    (np.eye(2), ["a"], ShapeError, "1 class_names do not fit 2 classes"),
    (np.eye(2) / 2, (), ArgumentError, "must hold counts"), (-np.eye(2), (), ArgumentError, "must hold counts"),
    ([["a"]], (), ArgumentError, "must hold counts"),
])
def test_bad_confusion_matrices_are_refused(matrix, names, error, message):
    with pytest.raises(error, match=f"^confusion_matrix: .*{message}"):
        confusion_matrix(matrix, names)


def test_wrong_digits_have_a_sign_the_answer_and_a_frame(digits):
    X, y = digits
    predictions = y.copy()
    predictions[3] = 8
    figure = digit_grid(X, predictions, y, columns=4)
    assert figure.get_suptitle() == "9 of 10 right"
    assert [axes.get_title() for axes in figure.axes] == [str(d) if d != 3 else "✗ 8, is 3" for d in y]
    from matplotlib.colors import to_hex
    framed = [to_hex(axes.spines["top"].get_edgecolor()) == VERMILLION.lower() for axes in figure.axes]
    assert framed == [d == 3 for d in y]
    assert (figure.axes[2].images[0].get_array() == X[2].reshape(8, 8)).all()
    assert figure.axes[0].get_gridspec().get_geometry() == (3, 4)


def test_labels_and_predictions_may_be_left_out(digits):
    X, y = digits
    for figure, titles in ((digit_grid(X, labels=y), map(str, y)), (digit_grid(X), [""] * 10),
                           (digit_grid(X, predictions=y[::-1]), map(str, y[::-1]))):
        assert [axes.get_title() for axes in figure.axes] == list(titles)
        assert figure.get_suptitle() == ""


def test_one_digit_other_squares_and_floats(tmp_path):
    for side in (1, 8, 28):
        digit_grid(np.zeros((1, side * side)), [3], [3]).savefig(tmp_path / "digits.svg")


def test_figures_need_no_display_and_leave_pyplot_alone():
    code = ("import sys; from tinygrad_edu.plots import loss_curve; assert 'matplotlib' not in sys.modules; "
            "import io; loss_curve({'train': [1.0, 0.5]}).savefig(io.BytesIO()); "
            "assert 'matplotlib.pyplot' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


@pytest.mark.parametrize("bad, error, message", [
    ([1, 2], OptionError, "got list"),
    ({}, ArgumentError, "the history is empty"),
    ({"train": []}, ArgumentError, "none of the 0 losses of 'train' is finite"),
    ({"train": [np.nan, np.inf]}, ArgumentError, "smaller learning rate"),
    ({"train": 1.0}, ShapeError, r"'train' needs one loss per epoch, .* got \(\)"),
    ({"train": [[1.0, 2.0]]}, ShapeError, r"got \(1, 2\)"),
    ({"train": ["high", "low"]}, ShapeError, "'train' is no list of numbers"),
    ({"train": [1, [2]]}, ShapeError, "'train' is no list of numbers"),
])
def test_bad_histories_are_refused(bad, error, message):
    with pytest.raises(error, match=f"^loss_curve: .*{message}"):
        loss_curve(bad)


@pytest.mark.parametrize("images, predictions, labels, columns, error, message", [
    (np.ones((2, 63)), [1, 2], [1, 2], 8, ShapeError, r"another square, got \(2, 63\)"),
    (np.ones((8, 8, 2)), [1, 2], [1, 2], 8, ShapeError, r"got \(8, 8, 2\)"),
    (np.ones((0, 64)), [], [], 8, ShapeError, r"got \(0, 64\)"),
    (np.ones((2, 64)), [1], [1, 2], 8, ShapeError, r"2 images need predictions .* \(2,\), got \(1,\)"),
    (np.ones((2, 64)), [1, 2], [[1], [2]], 8, ShapeError, r"labels of shape \(2,\), got \(2, 1\)"),
    (np.ones((2, 64)), [1, 2], [1, 2], 0, ArgumentError, "columns must be 1 or more, got 0"),
    (np.ones((2, 64)), [1, 2], [1, 2], "8", OptionError, "columns must be a whole number, got '8'"),
])
def test_bad_digits_are_refused(images, predictions, labels, columns, error, message):
    with pytest.raises(error, match=f"^digit_grid: .*{message}"):
        digit_grid(images, predictions, labels, columns)


def test_without_matplotlib_the_error_names_the_extra(monkeypatch, digits):
    X, y = digits
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"] + ["matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    for call in (lambda: loss_curve(history), lambda: digit_grid(X, y, y)):
        with pytest.raises(MissingDependencyError, match=r'pip install "tinygrad_edu\[plot\]"'):
            call()


def test_learning_rates_of_one_schedule_and_of_several():
    from tinygrad_edu.optim.schedules import Cosine, Exponential, Warmup
    chain = Warmup(0.1, steps=4).then(Cosine(0.1, steps=6))
    line, = learning_rate_curve(chain, 12).axes[0].lines
    assert line.get_xdata().tolist() == list(range(12))
    assert line.get_ydata().tolist() == [chain(step) for step in range(12)]
    axes, = learning_rate_curve({"slow": Exponential(1.0, 0.9), "of the user": lambda step: 1 / (1 + step)}, 5).axes
    assert [line.get_label().split(",")[0] for line in axes.lines] == ["slow", "of the user"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "learning rate")


@pytest.mark.parametrize("schedules, steps, error, message", [
    (0.1, 5, OptionError, "'float' is a float; pass a schedule"), ({"a": None}, 5, OptionError, "'a' is a NoneType"),
    ({}, 5, ArgumentError, "there is no schedule"), (abs, 0, ArgumentError, "steps must be 1 or more"),
    (abs, 2.5, OptionError, "steps must be a whole number"),
])
def test_bad_schedules_are_not_drawn(schedules, steps, error, message):
    with pytest.raises(error, match=f"learning_rate_curve: {message}"):
        learning_rate_curve(schedules, steps)
