"""Files and directories written all or nothing.

Guarantee: a reader sees the old content or the new, never a part, whenever a process is killed or power is lost; when a
call has returned, the new content is durable. Content goes to a temporary sibling, is made durable (fsync), and takes the
final name by a rename, whose directory is made durable in turn.

Trade-offs: an fsync a file, paid for every write; twice the space while an artifact is replaced; a symbolic link at the
path is replaced, not followed. A directory cannot take the place of another in one portable call: the old one steps aside
under a hidden name first, so for that moment a reader without the lock finds none, and after a kill in that moment
`clean_stale` puts it back.

Scope: local POSIX file systems. It does not help against a disk that lies about fsync, nor against another program that
writes into our folders.
"""

from __future__ import annotations

import errno
import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from headwinds.artifacts.filesystem import Piece, file_system
from headwinds.artifacts.manifest import MANIFEST, manifest_bytes
from headwinds.artifacts.storage import (
    RETIRED,
    TEMPORARY,
    final_name,
    hidden_sibling,
    is_hidden_sibling,
    is_refusal,
    size_of,
    storage_error,
)
from headwinds.errors import ArtifactError, SettingsError

SECONDS_TO_ABANDON = 86_400.0
_RIVALS = 100  # times that other writers of one directory may come between before we give up


def write_bytes(path: Path, *pieces: Piece) -> None:
    """Write a file atomically and durably, its content in one piece or several; folders that are missing are made.

    Of several processes that write one path, one wins whole; which one is not said.

    Raises
    ------
    StorageError
        The disk is full, read-only or failing, or the place cannot be written; what stood at `path` still stands.
    """
    temporary = hidden_sibling(path, TEMPORARY)
    disk = file_system()
    try:
        _make_folder(path.parent)
        disk.write_file(temporary, *pieces)
        disk.sync_file(temporary)
        disk.replace(temporary, path)
        disk.sync_directory(path.parent)
    except OSError as error:
        _discard(temporary)
        raise storage_error(error, path, needed=sum(map(len, pieces))) from error
    except BaseException:
        _discard(temporary)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically, its line ends as they are.

    Raises
    ------
    StorageError
        As `write_bytes`.
    """
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any, *, allow_missing: bool = False) -> None:
    """Write JSON atomically: sorted keys, UTF-8, a newline at the end.

    JSON has no NaN. With `allow_missing` a number that is not finite becomes null (an explicit "not available");
    without it, it is an error, so that nothing undefined slips through as a number.

    Raises
    ------
    ValueError
        A number is not finite and `allow_missing` is not set; its place is named.
    StorageError
        As `write_bytes`.
    """
    plain = _finite(value, place="", allow_missing=allow_missing)
    write_text(path, json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


@contextmanager
def atomic_directory(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Fill a directory that appears whole, with a manifest of its files, or not at all.

    Yields a temporary sibling to fill, by whatever writer. On normal exit every file is hashed into `manifest.json` and
    made durable, then the directory takes its name; on any error it is removed. With `replace`, an existing directory of
    that name stays valid until the new one is complete.

    Raises
    ------
    ArtifactError
        `path` exists and `replace` is not set, or something in the directory is not a plain file.
    StorageError
        The disk refuses; what stood at `path` before still stands.
    """
    if path.exists() and not replace:
        raise _taken(path)
    temporary = hidden_sibling(path, TEMPORARY)
    try:
        _make_folder(path.parent)
        file_system().make_directory(temporary)
        temporary_is_ours = True
    except OSError as error:
        _discard(temporary)
        raise storage_error(error, path) from error
    try:
        yield temporary
        temporary_is_ours = False
        _commit(temporary, path, replace=replace)
    except OSError as error:
        if temporary_is_ours and not is_refusal(error, temporary):
            _discard(temporary)
            raise
        refusal = storage_error(error, path, written=_size_so_far(temporary))
        _discard(temporary)
        raise refusal from error
    except BaseException:
        _discard(temporary)
        raise


def clean_stale(folder: Path) -> None:
    """Mend what killed writers left in `folder`: the artifacts stand whole, temporary names are gone.

    An old directory whose successor never took its place is put back. Call it only while holding the lock of the study:
    the temporary files of a living writer look the same. Folders below are not searched.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    if not folder.is_dir():
        return
    disk = file_system()
    try:
        for item in sorted(folder.iterdir()):
            if not is_hidden_sibling(item):
                continue
            final = item.with_name(final_name(Path(item.name)).name)  # the folder itself may be temporary
            if item.name.startswith(RETIRED) and not final.exists():
                disk.replace(item, final)
                disk.sync_directory(folder)
            else:
                disk.remove_tree(item)
    except OSError as error:
        raise storage_error(error, folder) from error


def clean_abandoned(folder: Path, beginning: str = "") -> None:
    """Remove what writers left in `folder` that were killed more than a day ago, where no lock says which of them live.

    With `beginning`, also what was made under names that begin so. What cannot be removed stays: nothing hangs on it.
    """
    if not folder.is_dir():
        return
    for item in sorted(folder.iterdir()):
        begun = is_hidden_sibling(item) and item.name.startswith(TEMPORARY)
        ours = begun or (beginning != "" and item.name.startswith(beginning))
        with suppress(OSError):
            if ours and time.time() - item.lstat().st_mtime > SECONDS_TO_ABANDON:
                file_system().remove_tree(item)


def require_other_file(source: Path, output: Path) -> None:
    """Refuse to write what is made of a file over that file: a command that reads one leaves it as it is.

    Raises
    ------
    SettingsError
        Both are one file, under whatever names.
    """
    if source.exists() and output.exists() and source.samefile(output):
        raise SettingsError(
            f"{output} is the file that is read, and writing there would lose its rows.",
            remedy="Name another file for the result.",
        )


def _taken(path: Path) -> ArtifactError:
    return ArtifactError(f"{path} exists already.", remedy="Name another place, or remove it.")


def _commit(temporary: Path, path: Path, *, replace: bool) -> None:
    disk = file_system()
    content = manifest_bytes(temporary)
    disk.write_file(temporary / MANIFEST, content)
    for folder, _, names in os.walk(temporary, topdown=False):
        for name in sorted(names):
            disk.sync_file(Path(folder) / name)
        disk.sync_directory(Path(folder))
    retired = _take_place(temporary, path, replace=replace)
    disk.sync_directory(path.parent)
    for old in retired:
        with suppress(OSError):  # the artifact stands; what is left of the old one is `clean_stale`'s
            disk.remove_tree(old)


def _take_place(temporary: Path, path: Path, *, replace: bool) -> list[Path]:
    """Rename `temporary` to `path`, what stands there first stepping aside; return where that is now.

    Without `replace` nothing steps aside: a rival who came first stays, and is never missing for a moment.
    """
    disk = file_system()
    retired: list[Path] = []
    for _ in range(_RIVALS):
        if path.exists():
            if not replace:
                raise _taken(path)
            aside = hidden_sibling(path, RETIRED)
            try:
                disk.replace(path, aside)
            except FileNotFoundError:
                continue  # another writer was faster
            retired.append(aside)
            disk.sync_directory(path.parent)
        try:
            disk.replace(temporary, path)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST) or (
                error.errno == errno.ENOTDIR and path.exists()
            ):
                continue  # a rival's stands there, or stood there a moment ago
            if retired:
                with suppress(OSError):
                    disk.replace(retired[-1], path)
            raise
        return retired
    raise ArtifactError(
        f"{path} is being written by other processes all the time.", remedy="Stop all but one."
    )


def _make_folder(folder: Path) -> None:
    """Make a folder durable, with its parents: a file is not safe in a folder whose own name may be lost."""
    missing = []
    above = folder
    while not above.exists():
        missing.append(above)
        above = above.parent
    if missing:
        file_system().make_directory(folder)
        for made in reversed(missing):
            file_system().sync_directory(made.parent)


def _discard(temporary: Path) -> None:
    with suppress(OSError):  # `clean_stale` removes it later; the first error is the one to report
        file_system().remove_tree(temporary)


def _size_so_far(temporary: Path) -> int | None:
    try:
        return size_of(temporary)
    except OSError:
        return None


def _finite(value: Any, *, place: str, allow_missing: bool) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        if allow_missing:
            return None
        raise ValueError(
            f"{place or 'the value'} is {value}, which JSON cannot say: use allow_missing=True for null"
        )
    if isinstance(value, Mapping):
        return {
            key: _finite(item, place=f"{place}[{key!r}]", allow_missing=allow_missing)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [
            _finite(item, place=f"{place}[{number}]", allow_missing=allow_missing)
            for number, item in enumerate(value)
        ]
    return value
