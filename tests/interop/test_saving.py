"""Saving: every state comes back; a bad file or a failed write is refused and touches nothing."""

import io
import os
import sys
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu.errors import (
    ArgumentError,
    DtypeError,
    FileFormatError,
    MissingDependencyError,
    OptionError,
)
from tinygrad_edu.interop import load, save, saving

without_safetensors = pytest.mark.skipif(find_spec("safetensors") is None, reason="safetensors not installed")
formats = pytest.mark.parametrize("ending", [".npz", pytest.param(".safetensors", marks=without_safetensors)])

dtypes = st.sampled_from([np.dtype(name) for name in "? i1 u1 <i2 >i4 i8 u8 f2 <f4 >f4 <f8 >f8 c8".split()])
arrays = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
letters = st.characters(codec="utf-8", exclude_characters="/\\:", exclude_categories="CZ")
names = st.text(letters, min_size=1, max_size=20)


@formats
@settings(max_examples=50, deadline=None)
@given(state=st.dictionaries(names, arrays, max_size=4))
def test_what_is_saved_is_loaded(tmp_path_factory, ending, state):
    path = tmp_path_factory.mktemp("state") / f"model{ending}"
    save(path, state)
    loaded = load(path)
    assert set(loaded) == set(state)
    for name, array in state.items():
        assert loaded[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(loaded[name], array)
        assert loaded[name].flags.writeable


@formats
@pytest.mark.parametrize("array", [
    np.arange(6.0).reshape(2, 3).T, np.arange(6.0)[::-2], np.eye(3)[:, ::-1], np.broadcast_to(1.0, (2, 2)),
    np.array(2.5), 7, 1.5, True, [1, 2],
], ids=repr)
def test_any_layout_and_plain_numbers_come_back(tmp_path, ending, array):
    save(tmp_path / f"x{ending}", {"x": array})
    loaded = load(tmp_path / f"x{ending}")["x"]
    np.testing.assert_array_equal(loaded, array)
    assert loaded.shape == np.shape(array)


def test_numpy_reads_our_npz_and_we_read_numpys(tmp_path):
    state = {"layers.0.weight": np.eye(3, dtype=np.float32), "file": np.array(1), "a.npy": np.zeros((2, 0))}
    save(tmp_path / "ours.npz", state)
    with np.load(tmp_path / "ours.npz", allow_pickle=False) as theirs:
        assert sorted(theirs) == sorted(state)
        assert (theirs["layers.0.weight"] == np.eye(3)).all()
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "theirs.npz", **{"a.b": np.arange(3), "F": np.asfortranarray(np.eye(2, 3))})
        loaded = load(tmp_path / "theirs.npz")
        assert loaded["a.b"].tolist() == [0, 1, 2] and (loaded["F"] == np.eye(2, 3)).all()


def test_torch_reads_our_safetensors_and_we_read_torchs(tmp_path):
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("safetensors.torch")
    save(tmp_path / "a.safetensors", {"w": np.arange(6, dtype=np.float32).reshape(2, 3).T})
    assert library.load_file(tmp_path / "a.safetensors")["w"].tolist() == [[0, 3], [1, 4], [2, 5]]
    library.save_file({"w": torch.eye(2)}, tmp_path / "b.safetensors")
    assert load(tmp_path / "b.safetensors")["w"].tolist() == [[1, 0], [0, 1]]
    library.save_file({"w": torch.eye(2, dtype=torch.bfloat16)}, tmp_path / "c.safetensors")
    with pytest.raises(FileFormatError, match="BF16"):  # a dtype NumPy does not have
        load(tmp_path / "c.safetensors")


@formats
def test_equal_states_give_equal_bytes(tmp_path, ending):
    for name in "ab":
        save(tmp_path / f"{name}{ending}", {"x": np.ones(3)})
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


@formats
@pytest.mark.parametrize("state, error, message", [
    ([1, 2], OptionError, "expected a dict of arrays by name, got list"),
    ({1: np.ones(2)}, OptionError, "names must be strings, got 1 of type int"),
    ({"": np.ones(2)}, ArgumentError, "cannot be named ''"),
    ({"../x": np.ones(2)}, ArgumentError, r"cannot be named '\.\./x'"),
    ({"a\nb": np.ones(2)}, ArgumentError, "cannot be named"),
    ({"__metadata__": np.ones(2)}, ArgumentError, "cannot be named"),
    ({"x": "text"}, DtypeError, "'x' has dtype <U4; only numbers"),
    ({"x": None}, DtypeError, "'x' has dtype object; only numbers"),
    ({"x": [[1], [2, 3]]}, DtypeError, "'x' is no array"),
    ({"x": np.array(["2020"], dtype="M8[Y]")}, DtypeError, "only numbers"),
    ({"x": np.zeros(2, dtype=[("a", "f8")])}, DtypeError, "only numbers"),
])
def test_a_bad_state_is_refused_and_the_old_file_kept(tmp_path, ending, state, error, message):
    path = tmp_path / f"model{ending}"
    path.write_bytes(b"old")
    with pytest.raises(error, match=f"^save: .*{message}"):
        save(path, state)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == [path.name]


def test_a_dtype_that_safetensors_does_not_know(tmp_path):
    pytest.importorskip("safetensors")
    with pytest.raises(DtypeError, match=r"^save: .*complex128.*\.npz"):
        save(tmp_path / "x.safetensors", {"x": np.array(1j)})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["model", "model.pkl", "model.npz.gz", ".npz"])
def test_other_endings_are_refused(tmp_path, name):
    for call in (lambda: save(tmp_path / name, {}), lambda: load(tmp_path / name)):
        with pytest.raises(ArgumentError, match=r"names no known format; use \.npz or \.safetensors"):
            call()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch, step):
    path = tmp_path / "model.npz"
    save(path, {"x": np.array(1)})

    def fail(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="no space left"):
        save(path, {"x": np.array(2)})
    assert load(path)["x"] == 1 and os.listdir(tmp_path) == ["model.npz"]


def test_a_folder_that_is_not_there_is_pythons_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "missing" / "model.npz", {})
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.npz")


def test_without_safetensors_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    path = tmp_path / "model.safetensors"
    with pytest.raises(MissingDependencyError, match=r'pip install "tinygrad_edu\[files\]"'):
        save(path, {"x": np.ones(1)})
    assert os.listdir(tmp_path) == []
    path.write_bytes(b"something")
    with pytest.raises(MissingDependencyError, match=r'pip install "tinygrad_edu\[files\]"'):
        load(path)


def npy_bytes(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), **options)
    return file.getvalue()


def zip_bytes(*members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def npy_of_one_number(shape):
    """The bytes of an `.npy` file that holds 8 bytes and claims to be of that shape."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)


one = npy_of_one_number("()")
@pytest.mark.parametrize("content, reason", [
    (b"", "File is not a zip file"),
    (b"hello", "File is not a zip file"),
    (npy_bytes(np.ones(3)), "File is not a zip file"),
    (zip_bytes(("x.txt", b"hi")), "member 'x.txt' is not named like an array"),
    (zip_bytes(("../x.npy", one)), r"member '\.\./x\.npy' is not named"),
    (zip_bytes(("/x.npy", one)), "member '/x.npy' is not named"),
    (zip_bytes(("C:x.npy", one)), "member 'C:x.npy' is not named"),
    (zip_bytes(("folder/", b"")), "member 'folder/' is not named"),
    (zip_bytes((".npy", one)), "member '.npy' is not named"),
    (zip_bytes(("x.npy", b"")), "EOF"),
    (zip_bytes(("x.npy", b"hello, world")), "magic string"),
    (zip_bytes(("x.npy", one[:-1])), r"says it has shape \(\), 8 bytes, but holds 7"),
    (zip_bytes(("x.npy", one + b"!")), r"says it has shape \(\), 8 bytes, but holds 9"),
    (zip_bytes(("x.npy", npy_of_one_number("(10**14,)"))), "malformed node"),
    (zip_bytes(("x.npy", npy_of_one_number("(1e0,)"))), "shape is not valid"),
    (zip_bytes(("x.npy", npy_of_one_number("(-1, -1)"))), "can only specify one unknown dimension"),
    (zip_bytes(("x.npy", npy_of_one_number("(99999999999999,)"))), "799999999999992 bytes, but holds 8"),
    (zip_bytes(("x.npy", npy_of_one_number("'" + 20000 * "x" + "'"))), "Header info length"),
    (zip_bytes(("x.npy", npy_bytes([None], allow_pickle=True))), "'x' has dtype object, which is no number"),
    (zip_bytes(("x.npy", npy_bytes(["a"]))), "'x' has dtype <U1, which is no number"),
    (zip_bytes(("x.npy", one[:6] + b"\x09\x09" + one[8:])), r"KeyError: \(9, 9\)"),
])
def test_a_malformed_npz_is_refused_with_its_reason(tmp_path, content, reason):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=rf"^load: .*bad\.npz is not a \.npz file of .*{reason}"):
        load(path)
    assert path.read_bytes() == content and os.listdir(tmp_path) == ["bad.npz"]


def test_the_same_name_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zip_bytes(("x.npy", one), ("x.npy", one))
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(FileFormatError, match="it holds 'x' twice"):
        load(tmp_path / "bad.npz")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    content = zip_bytes(("x.npy", npy_bytes(np.zeros(10**6))), compression=zipfile.ZIP_DEFLATED)
    (tmp_path / "bomb.npz").write_bytes(content)
    assert load(tmp_path / "bomb.npz")["x"].size == 10**6  # 8 MB are not too much
    monkeypatch.setattr(saving, "LARGEST_INFLATED", 10**6)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(FileFormatError, match=rf"its {len(content)} bytes would unpack to 8000128"):
        load(tmp_path / "bomb.npz")


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path):
    content = zip_bytes(("x.npy", npy_bytes(np.zeros(10**6))), compression=zipfile.ZIP_DEFLATED)
    assert content.count((8000128).to_bytes(4, "little")) == 2
    content = content.replace((8000128).to_bytes(4, "little"), (128).to_bytes(4, "little"))
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(FileFormatError, match="BadZipFile"):
        load(tmp_path / "bad.npz")


@formats
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_damaged_file_gives_a_file_format_error_or_arrays(tmp_path_factory, ending, data):
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / f"model{ending}"
    save(path, {"layers.0.weight": np.arange(6.0).reshape(2, 3), "step": np.array(3)})
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), label="cut off"):
        content = content[:data.draw(st.integers(0, len(content) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        state = load(path)
    except FileFormatError as error:
        assert str(error).startswith("load: ")
    else:  # the damage hit a byte without meaning, or (safetensors has no checksum) a number
        assert all(isinstance(array, np.ndarray) for array in state.values())
    assert path.read_bytes() == content and os.listdir(folder) == [path.name]
