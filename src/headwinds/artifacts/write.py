"""Files and directories written all or nothing.

A reader sees the old content or the new, never a part: content goes to a temporary sibling, is made durable (fsync), and
takes the final name in one rename, whose directory is made durable in turn. What this does not buy: protection from a
disk that lies about fsync, or from another program that writes into our folders.
"""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headwinds.artifacts.filesystem import file_system
from headwinds.artifacts.manifest import MANIFEST, manifest_of
from headwinds.errors import ArtifactError, StorageError

TEMPORARY = ".partial-"
RETIRED = ".retired-"
_STORAGE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.EACCES, errno.EPERM}


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically and durably.

    Raises
    ------
    StorageError
        The disk is full, read-only or failing; what stood at `path` before still stands.
    """
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")
    disk = file_system()
    try:
        disk.make_directory(path.parent)
        disk.write_file(temporary, data)
        disk.sync_file(temporary)
        disk.replace(temporary, path)
        disk.sync_directory(path.parent)
    except OSError as error:
        _discard(temporary)
        raise _storage_error(error, path, len(data)) from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any, *, allow_missing: bool = False) -> None:
    """Write JSON atomically: sorted keys, UTF-8, a newline at the end.

    JSON has no NaN. With `allow_missing` a number that is not finite becomes null (an explicit "not available");
    without it, it is a ValueError, so that nothing undefined slips through as a number.
    """
    plain = _without_nan(value) if allow_missing else value
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    write_text(path, text + "\n")


@contextmanager
def atomic_directory(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Fill a directory that appears whole, with a manifest of its files, or not at all.

    Yields a temporary sibling to fill. On normal exit every file is hashed into `manifest.json` and made durable, then
    the directory takes its name; on any error it is removed. With `replace`, an existing directory of that name stays
    valid until the new one is complete.

    Raises
    ------
    ArtifactError
        `path` exists and `replace` is not set.
    StorageError
        The disk refuses; what stood at `path` before still stands.
    """
    if path.exists() and not replace:
        raise ArtifactError(f"{path} exists already.", remedy="Name another place, or remove it.")
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")
    disk = file_system()
    try:
        disk.make_directory(path.parent)
        disk.remove_tree(temporary)
        disk.make_directory(temporary)
        yield temporary
        commit_directory(temporary, path)
    except OSError as error:
        _discard(temporary)
        raise _storage_error(error, path, 0) from error
    except BaseException:
        _discard(temporary)
        raise


def commit_directory(temporary: Path, path: Path) -> None:
    """Hash, make durable and rename a filled temporary directory; used by `atomic_directory`."""
    disk = file_system()
    text = json.dumps(manifest_of(temporary), sort_keys=True, indent=1) + "\n"
    disk.write_file(temporary / MANIFEST, text.encode("utf-8"))
    for folder, _, names in os.walk(temporary, topdown=False):
        for name in sorted(names):
            disk.sync_file(Path(folder) / name)
        disk.sync_directory(Path(folder))
    retired = path.with_name(f"{RETIRED}{path.name}")
    if path.exists():
        # A directory cannot be replaced in one call: between these two renames `recover` finds the old one by its name.
        disk.remove_tree(retired)
        disk.replace(path, retired)
        disk.sync_directory(path.parent)
    disk.replace(temporary, path)
    disk.sync_directory(path.parent)
    disk.remove_tree(retired)


def recover(folder: Path) -> None:
    """Mend what a killed process left: put a retired directory back if its successor is not there, drop the rest.

    Call it only while holding the study's lock: temporary files of a living writer look the same.
    """
    if not folder.is_dir():
        return
    disk = file_system()
    for item in sorted(folder.iterdir()):
        if item.name.startswith(RETIRED):
            final = folder / item.name.removeprefix(RETIRED)
            if final.exists():
                disk.remove_tree(item)
            else:
                disk.replace(item, final)
        elif item.name.startswith(TEMPORARY):
            disk.remove_tree(item) if item.is_dir() else disk.remove_file(item)


def _discard(temporary: Path) -> None:
    try:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)
    except OSError:
        pass  # `recover` removes it later; the first error is the one to report


def _storage_error(error: OSError, path: Path, needed: int) -> BaseException:
    if error.errno not in _STORAGE_ERRORS:
        return error
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        size = f"{needed:,} bytes were needed, " if needed else ""
        return StorageError(
            f"No room left to write {path}: {size}{_free(path):,} bytes are free.",
            remedy="Free some space and run the same command again; what was finished is kept.",
        )
    reason = (error.strerror or "the disk refuses").lower()
    return StorageError(
        f"{path} cannot be written: {reason}.", remedy="Check the disk and the folder's permissions."
    )


def _free(path: Path) -> int:
    folder = path
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return value
