"""Files written all or nothing."""

import os
from pathlib import Path


def write_all_or_nothing(path: Path, data: bytes) -> None:
    """Write a file beside its place and then move it there.

    Whoever reads meets the old file or the new one, never half of it, even if the machine stops. If it fails,
    the old file is kept and nothing is left behind.

    Errors: OSError, with the path.
    """
    # in the same folder, because only within one file system a move is one step
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        with open(draft, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is not None:
            error.filename, error.filename2 = str(path), None  # the user knows nothing of the draft
        raise
