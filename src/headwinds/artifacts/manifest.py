"""The list of a directory's files with their sizes and digests: what was written is what is read.

Guarantee: `verify` passes only if the plain files of the directory are, byte for byte, those that were there when the
manifest was written, and the manifest itself is unchanged in every byte. Trade-off: every byte is read once more. Scope:
damage and mistakes, not malice (whoever can change a file can write a new manifest); empty folders, permissions and times
are not recorded.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headwinds.artifacts.fingerprint import file_digest
from headwinds.errors import ArtifactError

MANIFEST = "manifest.json"
FORMAT = 1
_REMEDY = "Remove its folder and run the same command again: it is then made anew."


def manifest_bytes(directory: Path) -> bytes:
    """The manifest of a directory: relative path, size and SHA-256 of every file, sorted; the manifest itself excepted.

    Raises
    ------
    ArtifactError
        Something in the directory is neither a plain file nor a folder.
    OSError
        A file cannot be read.
    """
    files = {}
    for name in _names(directory):
        path = directory / name
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ArtifactError(f"{path} is not a plain file, and only those can be part of an artifact.")
        files[name] = {"size": path.stat().st_size, "sha256": file_digest(path)}
    return canonical_manifest(files)


def verify(directory: Path) -> None:
    """Check every file of a directory against its manifest.

    Raises
    ------
    ArtifactError
        The manifest is missing or damaged, or a file is missing, extra, unreadable or changed; the first one is named.
    """
    expected = _read(directory)
    found = _names(directory)
    for name in sorted(set(expected) - set(found)):
        raise ArtifactError(f"{directory / name} is missing.", remedy=_REMEDY)
    for name in sorted(set(found) - set(expected)):
        raise ArtifactError(
            f"{directory / name} does not belong there: it was not written with the rest.", remedy=_REMEDY
        )
    for name, facts in expected.items():
        _compare(directory / name, facts)


def is_complete(directory: Path) -> bool:
    """Whether `directory` passes `verify`."""
    try:
        verify(directory)
    except ArtifactError:
        return False
    return True


def _compare(path: Path, facts: Mapping[str, Any]) -> None:
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise ArtifactError(f"{path} is not a plain file any more.", remedy=_REMEDY)
        if found.st_size != facts["size"]:
            sizes = f"{facts['size']:,} bytes were written, {found.st_size:,} are there"
            raise ArtifactError(f"{path} is not what was written: {sizes}.", remedy=_REMEDY)
        if file_digest(path) != facts["sha256"]:
            raise ArtifactError(f"{path} is not what was written: its content changed.", remedy=_REMEDY)
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be read: {(error.strerror or 'refused').lower()}.", remedy=_REMEDY
        ) from error


def _names(directory: Path) -> list[str]:
    """Relative paths of all that is not a folder, links to folders included, sorted."""
    found = []
    for folder, folders, names in os.walk(directory):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [(Path(folder) / name).relative_to(directory).as_posix() for name in names + links]
    return sorted(name for name in found if name != MANIFEST)


def canonical_manifest(files: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The one spelling of a manifest of these files."""
    text = json.dumps({"format": FORMAT, "files": files}, sort_keys=True, indent=1, ensure_ascii=True)
    return (text + "\n").encode("ascii")


def _read(directory: Path) -> dict[str, dict[str, Any]]:
    path = directory / MANIFEST
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArtifactError(
            f"{directory} has no {MANIFEST}, so it was never finished.", remedy=_REMEDY
        ) from error
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be read: {(error.strerror or 'refused').lower()}.", remedy=_REMEDY
        ) from error
    try:
        files: dict[str, dict[str, Any]] = json.loads(content)["files"]
        # One spelling only: a change of any byte that leaves the same list behind is a change all the same.
        unchanged = canonical_manifest(files) == content and all(
            isinstance(facts["size"], int) and isinstance(facts["sha256"], str) for facts in files.values()
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        unchanged = False
    if not unchanged:
        raise ArtifactError(f"{path} is damaged.", remedy=_REMEDY)
    return files
