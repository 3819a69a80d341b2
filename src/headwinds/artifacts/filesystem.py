"""The one seam through which every change to the disk goes, so that a test can fail or stop it at any call.

Only `artifacts` imports this module; everything else writes through `write`, `directories` and `stages`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol


class FileSystem(Protocol):
    """The mutating calls that an artifact needs."""

    def write_file(self, path: Path, data: bytes) -> None:
        """Create or truncate `path` and write `data`, without making it durable."""

    def sync_file(self, path: Path) -> None:
        """Make the content of `path` durable."""

    def sync_directory(self, path: Path) -> None:
        """Make the names in the directory `path` durable."""

    def make_directory(self, path: Path) -> None:
        """Create a directory and its parents."""

    def replace(self, source: Path, target: Path) -> None:
        """Rename atomically, replacing a file of the target's name."""

    def remove_file(self, path: Path) -> None:
        """Remove a file if it is there."""

    def remove_tree(self, path: Path) -> None:
        """Remove a directory and all that is in it, if it is there."""


class RealFileSystem:
    """The operating system's calls."""

    def write_file(self, path: Path, data: bytes) -> None:
        """Write without making durable."""
        with open(path, "wb") as file:
            file.write(data)

    def sync_file(self, path: Path) -> None:
        """Call fsync on the file."""
        self._sync(path, os.O_RDONLY)

    def sync_directory(self, path: Path) -> None:
        """Call fsync on the directory."""
        self._sync(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))

    def make_directory(self, path: Path) -> None:
        """Call mkdir with parents."""
        path.mkdir(parents=True, exist_ok=True)

    def replace(self, source: Path, target: Path) -> None:
        """Call rename(2)."""
        os.replace(source, target)

    def remove_file(self, path: Path) -> None:
        """Call unlink."""
        path.unlink(missing_ok=True)

    def remove_tree(self, path: Path) -> None:
        """Remove recursively."""
        shutil.rmtree(path, ignore_errors=False) if path.exists() else None

    @staticmethod
    def _sync(path: Path, flags: int) -> None:
        descriptor = os.open(path, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_current: ContextVar[FileSystem] = ContextVar("file_system")
_REAL = RealFileSystem()


def file_system() -> FileSystem:
    """The file system in force: the real one unless a test installed another."""
    return _current.get(_REAL)


@contextmanager
def use_file_system(other: FileSystem) -> Iterator[None]:
    """Install another file system for a block."""
    token = _current.set(other)
    try:
        yield
    finally:
        _current.reset(token)
