"""The command line: help, bad arguments refused in one line before anything starts, and how commands end."""

import os
import subprocess
import sys

import pytest

from tinygrad_edu import cli, demo
from tinygrad_edu.errors import ShapeError


@pytest.fixture
def started(monkeypatch):
    """The arguments of each demo that was started; none is run."""
    calls = []
    monkeypatch.setattr(demo, "run", lambda *arguments: calls.append(arguments) or True)
    return calls


def refused(capsys, *arguments):
    """The one line that a bad argument gets."""
    with pytest.raises(SystemExit) as exit:
        cli.main(["demo", *arguments])
    assert exit.value.code == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    return errors


@pytest.mark.parametrize("option, text, message", [
    ("--epochs", "0", "must be a whole number, 1 or more, got '0'"),
    ("--epochs", "-3", "must be a whole number, 1 or more, got '-3'"),
    ("--epochs", "2.5", "must be a whole number, 1 or more, got '2.5'"),
    ("--epochs", "", "must be a whole number, 1 or more, got ''"),
    ("--seed", "-1", "must be a whole number, 0 or more, got '-1'"),
    ("--seed", "ten", "must be a whole number, 0 or more, got 'ten'"),
])
def test_a_bad_number_is_refused(started, capsys, tmp_path, option, text, message):
    folder = tmp_path / "new"
    assert refused(capsys, "--out", str(folder), option, text).endswith(f"argument {option}: {message}\n")
    assert not started and not folder.exists()


def test_a_folder_that_cannot_be_is_refused(started, capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "full" / "loss.png").mkdir(parents=True)
    for out, reason in [("file", "it is a file"), ("file/sub", "Not a directory"), ("n" * 300, "too long"),
                        ("full", "a folder named loss.png is in the way"), ("a\0b", "null byte")]:
        message = refused(capsys, "--out", str(tmp_path / out))
        assert "argument --out: cannot write into" in message and reason in message
    assert not started
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_folder_without_permission_is_refused(started, capsys, tmp_path, monkeypatch):
    def deny(dir):
        raise PermissionError(13, "Permission denied", dir)

    monkeypatch.setattr(cli, "TemporaryFile", deny)  # chmod would not stop root
    assert "Permission denied" in refused(capsys, "--out", str(tmp_path))
    assert not started


def test_an_unknown_option_or_command_is_refused(capsys):
    assert "unrecognized arguments: --epoch_s" in refused(capsys, "--epoch_s")
    with pytest.raises(SystemExit, match="2"):
        cli.main(["dance"])


def test_the_arguments_reach_the_demo_and_its_end_becomes_the_exit_code(started, monkeypatch, tmp_path):
    out = tmp_path / "a" / "b"
    assert cli.main(["demo", "--out", str(out), "--epochs", "3", "--seed", "5"]) == 0
    assert started == [(out, 3, 5)]
    assert out.is_dir() and not list(out.iterdir())
    monkeypatch.setattr(demo, "run", lambda *arguments: False)
    assert cli.main(["demo", "--out", str(out)]) == 130


@pytest.mark.parametrize("error, code, said", [
    (KeyboardInterrupt(), 130, "Stopped by Ctrl-C."),
    (OSError(28, "No space left", "loss.png"), 1, "error: [Errno 28] No space left: 'loss.png'"),
    (ShapeError("matmul of (2, 3) and (2,)"), 1, "error: matmul of (2, 3) and (2,)"),
])
def test_what_ends_a_command_early_is_said_in_a_line(monkeypatch, capsys, tmp_path, error, code, said):
    def run(*arguments):
        raise error

    monkeypatch.setattr(demo, "run", run)
    assert cli.main(["demo", "--out", str(tmp_path)]) == code
    assert capsys.readouterr().err.strip().endswith(said)


def test_an_error_that_is_a_bug_keeps_its_traceback(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "run", lambda: None)  # called with three arguments
    with pytest.raises(TypeError):
        cli.main(["demo", "--out", str(tmp_path)])


@pytest.mark.parametrize("arguments, expected", [
    ([], "train a network to read handwritten digits"),
    (["--help"], "train a network to read handwritten digits"),
    (["demo", "--help"], "(default: 30)"),
])
def test_help_fits_a_terminal(capsys, monkeypatch, arguments, expected):
    monkeypatch.setenv("COLUMNS", "80")
    try:
        assert cli.main(arguments) == 0
    except SystemExit as exit:  # argparse's own way to end after --help
        assert exit.code == 0
    output = capsys.readouterr().out
    assert expected in " ".join(output.split())
    assert max(map(len, output.splitlines())) <= 80


def test_a_reader_that_goes_away_makes_no_traceback(tmp_path):
    command = [sys.executable, "-m", "tinygrad_edu", "demo", "--epochs", "1", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=os.environ | {"PYTHONUNBUFFERED": "1"}) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
