"""Work that can be cut into shards: what a worker needs once, and what it does with each shard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from headwinds.artifacts.sealed import read_sealed
from headwinds.errors import ArtifactError

NAMED_DIGITS = 16
"""Of a shard's fingerprint, in the name of its file."""


@dataclass(frozen=True, slots=True)
class Work:
    """What every worker does.

    Attributes
    ----------
    prepare
        ``prepare(places, given)`` is called once in each worker and gives what it holds on to, for instance models.
    do
        ``do(held, content)`` turns a shard into bytes. The same content must give the same bytes anywhere and any number
        of times: a shard may be done twice, when a worker is lost at the wrong moment. Both are functions of a module, so
        that another process can import them.
    given
        Plain values for `prepare`, sent to each worker once.
    places
        Folders and files that `prepare` reads. On another machine they are brought there, and `prepare` is told where.
    libraries
        Names of the distributions that decide the bytes: a worker must have the versions that this machine has.
    """

    prepare: Callable[[tuple[Path, ...], Any], Any]
    do: Callable[[Any, Any], bytes]
    given: Any = None
    places: tuple[Path, ...] = ()
    libraries: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for function in (self.prepare, self.do):
            if function.__module__ == "__main__" or "<" in function.__qualname__:
                raise ValueError(
                    f"{function.__qualname__} must be a function of a module that workers can import"
                )


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of the work.

    Attributes
    ----------
    number
        Its place among all shards, from 0.
    content
        What `Work.do` gets: plain values or bytes.
    fingerprint
        Of the content, as a hexadecimal string: a shard that was done is found again by number and fingerprint.
    size
        How many items it has, for whoever counts.
    """

    number: int
    content: Any
    fingerprint: str
    size: int = 1

    @property
    def name(self) -> str:
        """Of the file that holds its result."""
        return f"shard-{self.number:06d}-{self.fingerprint[:NAMED_DIGITS]}"


@dataclass(frozen=True, slots=True)
class Finished:
    """A shard whose result stands in the store: a sealed file (`headwinds.artifacts.sealed`).

    `reused` says that it was found there.
    """

    number: int
    path: Path
    size: int
    reused: bool


def result_of(finished: Finished) -> bytes:
    """What `Work.do` made of the shard.

    Raises
    ------
    ArtifactError
        Its file was changed since it was written.
    """
    content = read_sealed(finished.path)
    if content is None:
        raise ArtifactError(
            f"{finished.path} changed while the run was under way.", remedy="Run the same command again."
        )
    return content


def shard_of_bytes(number: int, content: bytes, *, size: int = 1) -> Shard:
    """A shard named by the SHA-256 of its content."""
    return Shard(number, content, sha256(content).hexdigest(), size)
