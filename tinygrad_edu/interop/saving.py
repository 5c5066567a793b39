"""Named arrays in files, `.npz` or `.safetensors`: written all or nothing, believed only after a check."""

import io
import math
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.lib import format as npy

from tinygrad_edu.errors import (
    ArgumentError,
    DtypeError,
    FileFormatError,
    MissingDependencyError,
    OptionError,
)
from tinygrad_edu.files import write_all_or_nothing

State: TypeAlias = dict[str, np.ndarray]

NUMBERS = "biufc"
"""The kinds of dtype that a file may hold: bool, signed and unsigned, floating, complex."""

LARGEST_INFLATED = 2**30
"""How many bytes a compressed file may unpack to: 1 GiB, or its own size if that is more."""


def save(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write named arrays to a file, such as the `state_dict()` of a model or an optimizer.

    The file is written beside its place and then moved there: whoever reads meets the old one or the new one,
    never half of it, even if the machine stops. The same state always gives the same bytes.

    Args:
        path: where to; its ending chooses the format. `.npz` is NumPy's, readable by `numpy.load`;
            `.safetensors` is that of PyTorch and JAX models and needs the package of that name.
        state: arrays or numbers of any shape by name; names such as `layers.0.weight` are usual.

    Errors: ArgumentError for another ending or a name that no file may have, OptionError if the state is no
    dict of strings, DtypeError for data that are no numbers or that the format does not know,
    MissingDependencyError without the package, OSError if the file cannot be written. The file that was there
    before is kept then.

    >>> import tempfile
    >>> import numpy as np
    >>> from tinygrad_edu.interop import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/model.npz", {"layers.0.weight": np.ones((2, 3)), "step": 7})
    ...     state = load(f"{folder}/model.npz")
    >>> state["layers.0.weight"].shape, int(state["step"])
    ((2, 3), 7)
    """
    path = Path(path)
    pack, _ = file_format("save", path)
    write_all_or_nothing(path, pack(_checked(state)))


def load(path: str | os.PathLike[str]) -> State:
    """Read what `save` wrote: a dict of new arrays by name.

    Nothing in the file is run or unpickled, and no more is read than it says it holds.

    Args:
        path: the file, ending in `.npz` or `.safetensors`.

    Errors: FileFormatError if the file is not what its ending says, is cut off, holds anything but arrays of
    numbers, or unpacks to more than 1 GiB, and if an `.npz` was altered (the other format has no checksums);
    ArgumentError for another ending; MissingDependencyError without the package `safetensors`; OSError if the
    file cannot be read.

    For an example see `save`.
    """
    path = Path(path)
    _, unpack = file_format("load", path)
    packed = path.read_bytes()
    try:
        return unpack(packed)
    except (MissingDependencyError, MemoryError):
        raise
    except Exception as error:  # on bytes that are not theirs, the readers raise a dozen kinds of errors
        reason = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise FileFormatError(f"load: {path} is not a {path.suffix} file of arrays of numbers: {reason}; "
                              "fetch or save it again") from error


def file_format(function: str, path: Path) -> tuple[Callable[[State], bytes], Callable[[bytes], State]]:
    """How to pack a state into the bytes of a file of this name, and how to unpack it.

    Errors: ArgumentError if its ending names no known format.
    """
    formats = {".npz": (_pack_npz, _unpack_npz), ".safetensors": (_pack_safetensors, _unpack_safetensors)}
    if path.suffix not in formats:
        raise ArgumentError(f"{function}: the ending of {path.name!r} names no known format; "
                            f"use {' or '.join(formats)}")
    return formats[path.suffix]


def _checked(state: Mapping[str, Any]) -> State:
    """The state as arrays in C order and little-endian, as files have them."""
    if not isinstance(state, Mapping):
        raise OptionError(f"save: expected a dict of arrays by name, got {type(state).__name__}")
    arrays = {}
    for key, value in state.items():
        if not isinstance(key, str):
            raise OptionError(f"save: names must be strings, got {key!r} of type {type(key).__name__}")
        if not _is_plain(key):
            raise ArgumentError(f"save: an array in a file cannot be named {key!r}; use letters, digits, "
                                "dots, dashes and underscores")
        try:
            array = np.asarray(value, order="C")
        except ValueError as error:
            raise DtypeError(f"save: {key!r} is no array ({error})") from None
        if array.dtype.kind not in NUMBERS:
            raise DtypeError(f"save: {key!r} has dtype {array.dtype}; only numbers can be saved")
        arrays[key] = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return arrays


def _is_plain(key: str) -> bool:
    """Whether a name is safe inside a file: visible, no path to anywhere, and not reserved by safetensors."""
    visible = 0 < len(key) <= 1000 and key.isprintable()
    return visible and not set(key) & set("/\\:") and key != "__metadata__"


def _pack_npz(arrays: State) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for key, array in arrays.items():
            member = io.BytesIO()
            npy.write_array(member, array, allow_pickle=False)
            # a ZipInfo by hand has no date, so that equal states give equal files
            archive.writestr(zipfile.ZipInfo(f"{key}.npy"), member.getbuffer())
    return file.getvalue()


def _unpack_npz(packed: bytes) -> State:
    arrays: State = {}
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        members = archive.infolist()
        inflated = sum(member.file_size for member in members)
        if inflated > max(LARGEST_INFLATED, len(packed)):
            raise ValueError(f"its {len(packed)} bytes would unpack to {inflated}")
        for member in members:
            key = member.filename.removesuffix(".npy")
            if key == member.filename or not _is_plain(key):
                raise ValueError(f"its member {member.filename!r} is not named like an array")
            if key in arrays:
                raise ValueError(f"it holds {key!r} twice")
            arrays[key] = _parse_npy(key, archive.read(member))
    return arrays


def _parse_npy(key: str, member: bytes) -> np.ndarray:
    stream = io.BytesIO(member)
    read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, fortran_order, dtype = read_header[npy.read_magic(stream)](stream)
    if dtype.kind not in NUMBERS:
        raise ValueError(f"{key!r} has dtype {dtype}, which is no number")
    header, size = stream.tell(), math.prod(shape) * dtype.itemsize
    if header + size != len(member):  # before anything of that size is allocated
        raise ValueError(f"{key!r} says it has shape {shape}, {size} bytes, but holds {len(member) - header}")
    flat = np.frombuffer(member, dtype, offset=header)
    return flat.reshape(shape, order="F" if fortran_order else "C").astype(dtype.newbyteorder("="))


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise MissingDependencyError('save and load: .safetensors files need the package safetensors: '
                                     'pip install "tinygrad_edu[files]"; or use a name in .npz') from None
    return safetensors.numpy


def _pack_safetensors(arrays: State) -> bytes:
    library = _safetensors()
    try:
        return library.save(arrays)
    except Exception as error:
        raise DtypeError(f"save: {error}; convert these arrays, or use a name ending in .npz") from None


def _unpack_safetensors(packed: bytes) -> State:
    return _safetensors().load(packed)
