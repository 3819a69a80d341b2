"""The one seam through which every change to the disk goes, so that a test can fail or stop it at any call.

Only `artifacts` imports this module; everything else writes through `write` and `stages`. Each method is one system call
or a short row of them, named in its docstring, so that a simulated file system can cut between any two.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

Piece = bytes | memoryview
"""A part of a file's content; a view is one of bytes."""


class FileSystem(Protocol):
    """The calls that change a disk, as far as an artifact needs them."""

    def write_file(self, path: Path, *pieces: Piece) -> None:
        """Create or truncate `path` (open), then write the pieces in turn (write), without making either durable."""

    def sync_file(self, path: Path) -> None:
        """Make the content of `path` durable (fsync)."""

    def sync_directory(self, path: Path) -> None:
        """Make the names in the directory `path` durable (fsync)."""

    def make_directory(self, path: Path) -> None:
        """Create a directory, and its parents if need be (mkdir); not an error if it is there."""

    def replace(self, source: Path, target: Path) -> None:
        """Rename in one step, a file or an empty directory of the target's name being replaced (rename)."""

    def remove_file(self, path: Path) -> None:
        """Remove a file if it is there (unlink)."""

    def remove_tree(self, path: Path) -> None:
        """Remove whatever stands at `path`, with all that is in it, if anything does (unlink, rmdir)."""


class RealFileSystem:
    """The operating system's calls."""

    def write_file(self, path: Path, *pieces: Piece) -> None:
        """Write without making durable."""
        with open(path, "wb") as file:
            for piece in pieces:
                file.write(piece)

    def sync_file(self, path: Path) -> None:
        """Call fsync on the file."""
        self._sync(path, os.O_RDONLY)

    def sync_directory(self, path: Path) -> None:
        """Call fsync on the directory; a file system that offers none for directories is taken as it is."""
        try:
            self._sync(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise

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
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

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
    """Install another file system for a block, in this thread or task only."""
    token = _current.set(other)
    try:
        yield
    finally:
        _current.reset(token)
