"""Scratch files that prove themselves whole: the content, then its SHA-256.

Guarantee: `read_sealed` gives back exactly the bytes that were sealed, or None. Trade-off: what is read is held in memory
once. Scope: what a run writes for its own restart, where damage costs the work again and nothing else; finished artifacts
have manifests. What is sealed in several pieces is not put together first: the weights of a model may be most of the memory.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from headwinds.artifacts.filesystem import Piece, file_system
from headwinds.artifacts.storage import storage_error
from headwinds.artifacts.write import write_bytes

_DIGEST_BYTES = hashlib.sha256().digest_size


def write_sealed(path: Path, *pieces: Piece) -> None:
    """Write the content, in one piece or several, and its digest atomically.

    Raises
    ------
    StorageError
        As `write_bytes`.
    """
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    write_bytes(path, *pieces, digest.digest())


def read_sealed(path: Path) -> bytes | None:
    """The sealed bytes; None where there are none or where they are not what was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    data, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    return data if hashlib.sha256(data).digest() == digest else None


def forget_sealed(path: Path) -> None:
    """Remove a file whose content has been used.

    Raises
    ------
    StorageError
        The system does not allow it.
    """
    try:
        file_system().remove_file(path)
    except OSError as error:
        raise storage_error(error, path) from error
