"""Files are written all or nothing."""

import os

import pytest

from tinygrad_edu.files import write_all_or_nothing


def test_the_content_is_what_was_given_and_an_old_file_is_replaced(tmp_path):
    for data in (b"first", b"", b"\x00\r\n\xff"):
        write_all_or_nothing(tmp_path / "file", data)
        assert (tmp_path / "file").read_bytes() == data and os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()], ids=repr)
def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*arguments):
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        write_all_or_nothing(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]
