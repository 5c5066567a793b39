"""`save`: the program runs on its own, in a process that cannot import the library, and gives the same bits."""

import ast
import os
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.compiler.side_by_side import batches, regression
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ArgumentError, OptionError

ALONE = """
import runpy, sys
sys.modules["tinygrad_edu"] = None  # its import fails
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
X, Y = batches((10, 3), (10, 2))[0]


def run_alone(path, steps):
    """The losses that the program prints, in a process of its own."""
    run = subprocess.run([sys.executable, "-I", "-W", "error", "-c", ALONE, str(path), str(steps)], capture_output=True,
                         text=True, timeout=60, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert run.returncode == 0, run.stderr
    return [float(line) for line in run.stdout.split()]


def assert_reproduces(step, path, *args, before=2, steps=5):
    """After some calls it is saved; then both go on."""
    compiled = tg.compile(step)
    for _ in range(before):
        compiled(*args)
    compiled.save(path)
    expected = [compiled(*args).item() for _ in range(steps)]
    assert run_alone(path, steps) == expected
    assert len(set(expected)) > 1
    return compiled


@pytest.mark.parametrize(("optimizer", "options"), [
    (optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.Adam, {"weight_decay": 0.1}),
    (optim.AdamW, {"amsgrad": True}), (optim.RMSprop, {"centered": True}), (optim.Adagrad, {"lr_decay": 0.1})],
    ids=lambda x: x.__name__ if isinstance(x, type) else " ".join(x) or "plain")
@pytest.mark.parametrize("before", [1, 3])
def test_it_goes_on_from_where_it_was_saved(optimizer, options, before, tmp_path):
    training = regression(optimizer=optimizer, **options)()
    assert_reproduces(training.step, tmp_path / "step.py", X, Y, before=before)


@pytest.mark.parametrize("generator", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_random_layers(generator, tmp_path):
    rng = np.random.Generator(generator(3))
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3, rng=rng), nn.Dropout(0.1),
                          nn.Linear(8, 2))
    opt = optim.Adam(model.parameters(), lr=0.05)

    def step(x, y):
        opt.zero_grad()
        J = nn.MSELoss()(model(x), y)
        J.backward()
        opt.step()
        return J

    assert_reproduces(step, tmp_path / "dropout.py", X, Y)


def test_numbers_of_the_closure_single_numbers_and_arrays(tmp_path):
    a, w, scale = tg.Value(2.0), tg.Value(np.ones(3)), np.array([1.0, 0.5, 2.0])
    opt = optim.Adam([a, w], lr=0.1)

    def step(x):
        opt.zero_grad()
        J = ((a * (x * scale) @ w - 1) ** 2).mean()
        J.backward()
        optim.clip_grad_norm([a, w], 1.0)
        opt.step()
        return J

    assert_reproduces(step, tmp_path / "numbers.py", X)


def test_functions_that_are_called_as_a_whole(tmp_path):
    """GELU needs SciPy's error function: its text, with what it needs, is in the file."""
    model = nn.Sequential(nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 2))
    opt = optim.SGD(model.parameters(), lr=0.1)

    def step(x, y):
        opt.zero_grad()
        J = nn.MSELoss()(model(x), y)
        J.backward()
        opt.step()
        return J

    assert_reproduces(step, tmp_path / "gelu.py", X, Y)
    assert "It needs NumPy and scipy;" in (tmp_path / "gelu.py").read_text()


def bend(x):
    """y = x²/2 where |x| < 1, else |x| - 1/2, by a decision that no array can make."""
    return np.array([SLOPE * v * v / 2 if abs(v) < 1 else abs(v) - 0.5 for v in np.ravel(x).tolist()]).reshape(x.shape)


SLOPE = 1.0


def test_a_primitive_of_the_users(tmp_path):
    own = tg.Op(bend, r"b({x})", "b", {"x": lambda g, y, x: g * np.clip(x, -1, 1)}, None)
    w = tg.Value(np.ones(3))
    opt = optim.SGD([w], lr=0.1)

    def step(x):
        opt.zero_grad()
        J = own(x * w).mean()
        J.backward()
        opt.step()
        return J

    assert_reproduces(step, tmp_path / "bend.py", X)
    text = (tmp_path / "bend.py").read_text()
    assert "SLOPE = 1.0" in text


STAIRS = tg.Op(bend, "s({x})", "s", {
    "x": lambda g, y, x: g * np.array([1.0 if abs(v) < SLOPE else 0.5 for v in np.ravel(x).tolist()]).reshape(x.shape)},
    None)


def test_a_rule_that_is_a_lambda(tmp_path):
    w = tg.Value(np.ones(3))

    def step(x):
        w.grad = None
        J = STAIRS(x * w).sum()
        J.backward()
        w.data = w.data - 0.1 * w.grad
        return J

    assert_reproduces(step, tmp_path / "stairs.py", X)


def test_a_primitive_that_hangs_on_what_is_around_it(tmp_path):
    power = 2

    def odd(x):
        return np.array([v ** power for v in x.tolist()])

    own = tg.Op(odd, r"o({x})", "o", {"x": None}, None)
    compiled = tg.compile(lambda x: own(tg.Value(x)).sum())
    compiled(np.ones(3))
    with pytest.raises(OptionError, match=r"odd hangs on power.*top of a file"):
        compiled.save(tmp_path / "odd.py")
    assert list(tmp_path.iterdir()) == []


def test_gradients_that_add_up(tmp_path):
    w = tg.Value(np.ones(3))

    def step(x):
        J = (w * x).sum()
        J.backward()
        return J

    compiled = tg.compile(step)
    compiled(X[0])
    with pytest.raises(OptionError, match=r"adds up.*zero_grad"):
        compiled.save(tmp_path / "step.py")


def test_bad_calls(tmp_path):
    compiled = tg.compile(lambda x: x.sum())
    with pytest.raises(OptionError, match="not called yet"):
        compiled.save(tmp_path / "step.py")
    compiled(X)
    with pytest.raises(ArgumentError, match=r"\.py"):
        compiled.save(tmp_path / "step.txt")
    with pytest.raises(OSError, match="nowhere"):
        compiled.save(tmp_path / "nowhere" / "step.py")
    assert list(tmp_path.iterdir()) == []


def test_other_arguments_and_before_the_first_call(tmp_path):
    training = regression(optimizer=optim.Adam)()
    compiled = tg.compile(training.step)
    compiled.save(tmp_path / "step.py", X[:4], Y[:4])
    assert run_alone(tmp_path / "step.py", 3) == [compiled(X[:4], Y[:4]).item() for _ in range(3)]


def test_the_file_is_plain(tmp_path):
    """NumPy's format without pickle, the names of the program, PEP 8 as ruff sees it."""
    training = regression(optimizer=optim.Adam)()
    compiled = assert_reproduces(training.step, tmp_path / "step.py", X, Y)
    with np.load(tmp_path / "step.npz", allow_pickle=False) as file:
        assert {"theta", "lr"} <= set(file)
    text = (tmp_path / "step.py").read_text()
    assert compiled.source.split("import numpy as np\n")[1].strip() in text
    assert "tinygrad" not in "\n".join(line for line in text.splitlines() if "import" in line)
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert "eval" not in names
    subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,W,F", "--line-length", "120",
                    str(tmp_path / "step.py")], check=True, capture_output=True)
