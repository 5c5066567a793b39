"""The demo end to end: what it prints and writes, also without matplotlib or Graphviz, and after Ctrl-C."""

import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import cli, demo
from tinygrad_edu.errors import RenderError

PICTURES = {"loss.png", "digits.png"} if find_spec("matplotlib") else set()


class Run(NamedTuple):
    code: int
    output: str
    out: Path

    def files(self):
        return {path.name for path in self.out.iterdir()}

    def rows(self):
        """The table of the training: epoch, the two losses, test accuracy in percent."""
        found = re.findall(r"(?m)^ +(\d+) +([\d.]+) +([\d.]+) +([\d.]+)%$", self.output)
        return [tuple(map(float, row)) for row in found]

    def accuracy(self, of):
        """The accuracy after training, and the number of images it is of."""
        found = re.search(rf"(?m)^{of} +accuracy +([\d.]+)% of (\d+) images$", self.output)
        return float(found[1]) / 100, int(found[2])


def run(out, *arguments):
    with redirect_stdout(io.StringIO()) as output:
        code = cli.main(["demo", "--out", str(out), *arguments])
    return Run(code, output.getvalue(), out)


@pytest.fixture(scope="module")
def three_epochs(tmp_path_factory):
    return run(tmp_path_factory.mktemp("demo"), "--epochs", "3")


@pytest.fixture
def no_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"] + ["matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


@pytest.fixture
def no_pictures(no_matplotlib, no_graphviz):
    """For tests of other things, which are quicker then."""


def test_it_prints_the_network_and_a_row_for_each_epoch(three_epochs):
    assert three_epochs.code == 0
    for layer, count in [("Linear(64 -> 128)", 64 * 128 + 128), ("Linear(128 -> 64)", 128 * 64 + 64),
                         ("Linear(64 -> 10)", 64 * 10 + 10)]:
        assert re.search(rf"{re.escape(layer)}.* {count} ", three_epochs.output)
    rows = three_epochs.rows()
    assert [epoch for epoch, *_ in rows] == [1, 2, 3]
    assert rows[-1][1] < rows[0][1] < np.log(10)  # a guess among ten digits has the loss log 10
    assert three_epochs.accuracy("test") == (rows[-1][3] / 100, 450)
    assert three_epochs.accuracy("train")[1] == 1347


def test_its_gradients_are_those_derived_by_hand(three_epochs):
    differences = re.findall(r"(?m)^layers\.\d\.(?:weight|bias) .* ([\d.e-]+)$", three_epochs.output)
    largest = re.search(r"(?m)^the largest of them +([\d.e-]+)", three_epochs.output)[1]
    assert len(differences) == 6
    assert float(largest) == max(map(float, differences)) < 1e-13
    times = r"(\d+) us by the graph and\n(\d+) us by hand: a ratio of ([\d.]+)"
    graph, hand, ratio = map(float, re.search(times, three_epochs.output).groups())
    assert ratio == pytest.approx(graph / hand, abs=0.02)


def test_a_wrong_gradient_would_show(monkeypatch, capsys):
    derived = demo.mlp_loss_and_gradients

    def with_a_mistake(*arguments, **options):
        loss, (first, *others) = derived(*arguments, **options)
        return loss, [first * 1.01, *others]

    monkeypatch.setattr(demo, "mlp_loss_and_gradients", with_a_mistake)
    rng = np.random.default_rng(0)
    demo.compare_gradients(tg.nn.MLP([64, 5, 10], "relu", rng=rng), demo.load_images(rng)[1], repeats=1)
    assert re.search(r"the largest of them +9\.9e-03", capsys.readouterr().out)


def test_it_writes_its_files_and_no_others(three_epochs):
    assert three_epochs.files() - {"graph.svg"} == {"model.npz"} | PICTURES
    for name in PICTURES:
        assert (three_epochs.out / name).read_bytes().startswith(b"\x89PNG")
    if "graph.svg" in three_epochs.files():
        graph = (three_epochs.out / "graph.svg").read_text(encoding="utf-8")
        # w₁ has the value 0.5 and the gradient x₁·(1 - tanh² 0.5) = 2·0.7864
        assert all(text in graph for text in ("<svg", "w₁", "0.5", "+1.573"))


def test_the_network_can_be_used_again_as_it_says(three_epochs, capsys):
    _, code = three_epochs.output.split("To use the network again:\n\n")
    exec("\n".join(line.removeprefix("    ") for line in code.splitlines()), {})
    (train, n_train), (test, n_test) = three_epochs.accuracy("train"), three_epochs.accuracy("test")
    together = (train * n_train + test * n_test) / (n_train + n_test)
    assert float(capsys.readouterr().out) == pytest.approx(together, abs=1e-4)  # percents have two decimals


def test_the_same_seed_gives_the_same_network(three_epochs, tmp_path, no_pictures):
    models = []
    for seed in ("0", "1"):
        run(tmp_path, "--epochs", "3", "--seed", seed)
        models.append((tmp_path / "model.npz").read_bytes())
    assert models[0] == (three_epochs.out / "model.npz").read_bytes() != models[1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_reads_97_percent_of_the_test_images(seed, tmp_path, no_pictures):
    assert run(tmp_path, "--seed", str(seed)).accuracy("test")[0] >= 0.97


def test_as_a_command_it_fits_80_columns_and_leaves_stderr_alone(tmp_path):
    result = subprocess.run([sys.executable, "-m", "tinygrad_edu", "demo", "--epochs", "1"], cwd=tmp_path,
                            capture_output=True, text=True, encoding="ascii",
                            env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr) == (0, "")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert (tmp_path / "demo-output" / "model.npz").exists()


def test_in_a_terminal_it_shows_its_progress(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    rng = np.random.default_rng(0)
    train, test = demo.load_images(rng)
    demo.fit(tg.nn.MLP([64, 10], rng=rng), train, test, 4, rng)
    assert "3/4" in sys.stderr.getvalue()


def test_without_matplotlib_it_trains_and_says_what_to_install(tmp_path, no_matplotlib):
    result = run(tmp_path, "--epochs", "1")
    assert result.code == 0
    assert result.files() - {"graph.svg"} == {"model.npz"}
    for name in ("loss.png", "digits.png"):
        assert re.search(rf'(?m)^{name} +not drawn.* pip install "tinygrad_edu\[plot\]"$', result.output)


def test_without_graphviz_it_trains_and_says_what_to_install(tmp_path, no_graphviz):
    result = run(tmp_path, "--epochs", "1")
    assert result.code == 0
    assert result.files() == {"model.npz"} | PICTURES
    assert re.search(r'(?m)^graph.svg +not drawn.* pip install "tinygrad_edu\[draw\]"$', result.output)


def test_a_renderer_that_fails_is_no_reason_to_stop(tmp_path, capsys):
    def write(path):
        raise RenderError("drawing as svg: dot failed: out of paper")

    demo.draw(tmp_path / "graph.svg", "a graph", "draw", write)
    assert capsys.readouterr().out == "graph.svg    not drawn, drawing as svg: dot failed: out of paper\n"


@pytest.mark.parametrize("step, epochs_reported", [(1, 1), (50, 2)])  # an epoch has 43 steps
def test_ctrl_c_ends_it_with_what_was_reached(tmp_path, monkeypatch, no_graphviz, step, epochs_reported):
    steps_left = iter(range(step - 1))
    take_step = tg.optim.Adam.step

    def interrupted(optimizer):
        if next(steps_left, None) is None:
            raise KeyboardInterrupt
        take_step(optimizer)

    monkeypatch.setattr(tg.optim.Adam, "step", interrupted)
    result = run(tmp_path, "--epochs", "50")
    assert result.code == 130
    assert "Ctrl-C: training ends here" in result.output
    assert len(result.rows()) == epochs_reported
    assert result.accuracy("test")[0] * 100 == pytest.approx(result.rows()[-1][3])
    assert result.files() == {"model.npz"} | PICTURES


def test_wrong_images_come_first_in_the_picture(monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    figures = []
    monkeypatch.setattr(demo, "save_figure", lambda figure, path: figures.append(figure))
    test = demo.Digits(*(array[:50] for array in demo.load_images(np.random.default_rng(0))[1]))

    class AlwaysThree(tg.nn.Module):
        def forward(self, x):
            return tg.Value(np.eye(10)[np.full(len(x), 3)])

    demo.draw_digits(AlwaysThree(), test, tmp_path / "digits.png", count=50)
    titles = [axes.get_title() for axes in figures[0].axes]
    threes = int((test.labels == 3).sum())
    assert figures[0].get_suptitle().startswith(f"{threes} of 50")
    assert all(title.startswith("✗ 3, is ") for title in titles[:-threes])
    assert titles[-threes:] == ["3"] * threes
