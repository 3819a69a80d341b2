"""Folders and files for other machines, named by their content: brought once to a node, checked, and kept there.

Guarantee: what a worker reads is, byte for byte, what the driver has. A place that the node has under the same path with
the same content (a shared file system, the same machine) is used as it is.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR

from headwinds.artifacts.fingerprint import directory_digest, file_digest
from headwinds.artifacts.write import atomic_directory, write_bytes
from headwinds.errors import ArtifactError, ComputeError

INSIDE = "content"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or file of the driver, and the digest of what is in it."""

    path: Path
    digest: str


def name_places(places: tuple[Path, ...]) -> tuple[Place, ...]:
    """The places with their digests, as absolute paths.

    Raises
    ------
    ComputeError
        One is not there.
    """
    for place in places:
        if not place.exists():
            raise ComputeError(f"{place} is not there, and the work needs it.", remedy="Name another place.")
    return tuple(Place(place.resolve(), _digest(place)) for place in places)


def read_place(place: Path) -> dict[str, bytes]:
    """The content of every file below a folder by its relative name; of a file, by its own."""
    if place.is_file():
        return {place.name: place.read_bytes()}
    return {
        file.relative_to(place).as_posix(): file.read_bytes()
        for file in sorted(place.rglob("*"))
        if file.is_file()
    }


def has_place(place: Place) -> bool:
    """Whether this machine has it under the same path."""
    try:
        return _digest(place.path) == place.digest
    except OSError:
        return False


def kept_at(place: Place) -> Path:
    """Where a node keeps what was brought to it: a folder of this user under the system's temporary one."""
    return Path(tempfile.gettempdir()) / f"headwinds-{os.getuid()}" / place.digest / INSIDE / place.path.name


def keep_place(place: Place, files: dict[str, bytes], node: str) -> Path:
    """Write what was brought, if it is not kept already, and check it.

    Raises
    ------
    ComputeError
        The node cannot keep it: node and folder are told.
    """
    target = kept_at(place)
    folder = target.parent.parent
    try:
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        found = folder.parent.lstat()  # not what a link of somebody else leads to
        if found.st_uid != os.getuid() or not S_ISDIR(found.st_mode):
            raise PermissionError(f"{folder.parent} is no folder of this user")
        if not _kept(target, place):
            with suppress(ArtifactError), atomic_directory(folder, replace=folder.exists()) as filling:
                base = filling / INSIDE
                for name, content in files.items():
                    # A folder may hold a single file of its own name.
                    whole = name == place.path.name and sha256(content).hexdigest() == place.digest
                    write_bytes(base / name if whole else base / place.path.name / name, content)
        if not _kept(target, place):
            raise OSError("what was written is not what was read")
    except (OSError, ComputeError) as error:
        raise ComputeError(
            f"The node {node} cannot keep {place.path} of this machine in {folder}: {error}.",
            remedy="Make room there, or put it on a file system that all nodes have under the same path.",
        ) from error
    return target


def _kept(target: Path, place: Place) -> bool:
    try:
        return _digest(target) == place.digest
    except OSError:
        return False


def _digest(place: Path) -> str:
    return file_digest(place) if place.is_file() else directory_digest(place)
