"""Where a corpus lies and scores go: a folder of this machine or a prefix of an object store, behind the same calls.

Guarantee: `write` puts a whole file there or none, and when it has returned, the file is there for every reader. Scope: a
`Store` is a flat list of names with slashes in them, as object stores have it; it locks nothing. Two runs that write the
same names with the same inputs write the same bytes; with different inputs the last one wins, name by name.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from headwinds.artifacts.filesystem import file_system
from headwinds.artifacts.fingerprint import file_digest
from headwinds.artifacts.storage import storage_error
from headwinds.artifacts.write import clean_stale, write_bytes
from headwinds.errors import DataError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::|://)")


class Store(Protocol):
    """Files by name below one place."""

    @property
    def place(self) -> str:
        """The place as it is told to people: a path, or a URL without secrets."""

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Names that begin with `prefix`, sorted, with the bytes of each; none where nothing is there."""

    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all."""

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""

    def reading(self, name: str) -> IO[bytes]:
        """A file to read from anywhere in it, a piece at a time."""

    def digest(self, name: str) -> str:
        """What differs whenever the content of a file does."""

    def holds(self, name: str, size: int, sha256: str) -> bool:
        """Whether a file is what was written, as far as it can be told without fetching it from elsewhere."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine."""

    path: Path

    @property
    def place(self) -> str:
        """The path."""
        return str(self.path)

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Walk the folders that the prefix names; links are followed to files, not to folders."""
        top = self.path / prefix.rpartition("/")[0]
        found = {}
        for folder, _, names in os.walk(top):
            for name in names:
                file = Path(folder) / name
                key = file.relative_to(self.path).as_posix()
                if key.startswith(prefix) and file.is_file():
                    found[key] = file.stat().st_size
        return dict(sorted(found.items()))

    def read(self, name: str) -> bytes | None:
        """Read it whole."""
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(self.path / name, error) from error

    def write(self, name: str, data: bytes) -> None:
        """Write atomically and durably."""
        write_bytes(self.path / name, data)

    def remove(self, name: str) -> None:
        """Unlink."""
        try:
            file_system().remove_file(self.path / name)
        except OSError as error:
            raise storage_error(error, self.path / name) from error

    def reading(self, name: str) -> IO[bytes]:
        """Open for reading."""
        try:
            return open(self.path / name, "rb")
        except OSError as error:
            raise _unreadable(self.path / name, error) from error

    def digest(self, name: str) -> str:
        """SHA-256 of the content."""
        try:
            return file_digest(self.path / name)
        except OSError as error:
            raise _unreadable(self.path / name, error) from error

    def holds(self, name: str, size: int, sha256: str) -> bool:
        """Read and hash it."""
        data = self.read(name)
        return data is not None and len(data) == size and hashlib.sha256(data).hexdigest() == sha256

    def clean(self, *folders: str) -> None:
        """Remove what killed writers left in these folders; only while holding the lock."""
        for folder in folders:
            clean_stale(self.path / folder)


def is_url(place: str) -> bool:
    """Whether a place is named by a protocol; a path is not."""
    return _URL.match(place) is not None


def open_store(place: str) -> Store:
    """The store at a path or URL; nothing is asked of it yet.

    Raises
    ------
    SettingsError
        The URL cannot be used, or a library that its protocol needs is not installed.
    """
    if not is_url(place):
        return Folder(Path(place))
    if place.lower().startswith("file://"):
        return Folder(Path(place[len("file://") :] or "/"))
    from headwinds.artifacts.object_store import open_url

    return open_url(place)


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path} cannot be read: {(error.strerror or 'refused').lower()}.",
        remedy="Check the path and its permissions.",
    )
