"""What the disk refuses, in one line: which path, why, and for a full disk how many bytes were needed and are free."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

from headwinds.errors import StorageError

TEMPORARY = ".partial-"
RETIRED = ".retired-"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSALS = FULL | {errno.EROFS, errno.EIO}
_HIDDEN_PREFIX = re.compile(rf"^(?:{re.escape(TEMPORARY)}|{re.escape(RETIRED)})[0-9a-f]{{8}}-")
_REASONS = {
    errno.ENOSPC: "no room is left on the disk",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EFBIG: "the limit on the size of a file is reached",
}


def hidden_sibling(path: Path, prefix: str) -> Path:
    """A name beside `path` that no other writer has and that `final_name` leads back from."""
    return path.with_name(f"{prefix}{os.urandom(4).hex()}-{path.name}")


def final_name(path: Path) -> Path:
    """The path that a temporary or retired one stands for, wherever in it the hidden name is."""
    return Path(*(_HIDDEN_PREFIX.sub("", part) for part in path.parts))


def is_hidden_sibling(path: Path) -> bool:
    """Whether `hidden_sibling` gave the name: others may begin alike, and are not ours."""
    return _HIDDEN_PREFIX.match(path.name) is not None


def storage_error(
    error: OSError, path: Path, *, needed: int | None = None, written: int | None = None
) -> StorageError:
    """The one-line error for a refusal while writing `path`.

    Parameters
    ----------
    error
        What the operating system said.
    path
        What was to be written; a temporary name is told as the final one.
    needed
        Its size in bytes, if known.
    written
        What had been written of it, where the size is not known (a directory being filled).
    """
    final = final_name(path)
    if error.errno in FULL:
        sizes = [f"{needed:,} bytes were needed"] if needed is not None else []
        sizes += [f"{written:,} bytes were written"] if written is not None else []
        sizes += [f"{free_bytes(path):,} bytes are free"]
        return StorageError(
            f"{final} cannot be written: {_REASONS[error.errno]}; {', '.join(sizes)}.",
            remedy="Free some space and run the same command again; what was finished is kept.",
        )
    file = next((one for one in (final, *final.parents) if one.is_file()), None)
    if error.errno in (errno.EEXIST, errno.ENOTDIR) and file is not None:
        return StorageError(
            f"{final} cannot be written: {file} is a file, no folder.", remedy="Name another folder."
        )
    reason = (error.strerror or "the disk refuses").lower()
    return StorageError(
        f"{final} cannot be written: {reason}.", remedy="Check the disk and the permissions of the folder."
    )


def is_refusal(error: OSError, folder: Path) -> bool:
    """Whether an error raised while `folder` was being filled is the disk refusing to write, not an input to blame.

    A full, failing or read-only disk always is; a permission or a missing name only if it concerns a file in `folder`.
    """
    if error.errno in _REFUSALS:
        return True
    named = error.filename
    return isinstance(named, (str, os.PathLike)) and Path(os.fspath(named)).is_relative_to(folder)


def free_bytes(path: Path) -> int:
    """Bytes that an ordinary user can still write where `path` is, or would be."""
    folder = path
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def size_of(directory: Path) -> int:
    """Bytes in the files of a directory."""
    return sum(
        (Path(folder) / name).lstat().st_size for folder, _, names in os.walk(directory) for name in names
    )
