"""What the scheduler asks of workers, wherever they are; and the one worker that is this process itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from headwinds.compute.work import Shard, Work
from headwinds.errors import ComputeError

MOST_FAILED_STARTS = 10
"""Workers that may die in a row before one is ready: nodes that come and go take some, a lack of memory takes all."""


@dataclass(frozen=True, slots=True)
class Done:
    """A shard's bytes have come."""

    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker that had a shard is gone."""

    number: int


class Pool(Protocol):
    """Workers that hold the same work; each has at most one shard."""

    size: int

    def free(self) -> int:
        """How many workers wait for a shard now."""
        ...

    def give(self, shard: Shard) -> None:
        """Hand a shard to a worker that waits."""
        ...

    def wait(self) -> list[Done | Lost]:
        """Wait until something happens; the list may be empty (a worker has become free).

        Raises
        ------
        HeadwindsError
            What a worker found wrong; or workers cannot be had.
        """
        ...

    def close(self) -> None:
        """End all workers."""
        ...


class Alone:
    """The only worker is this process: PyTorch's own threads, nothing to start."""

    def __init__(self, work: Work) -> None:
        self.size = 1
        self._work = work
        self._held: Any = None
        self._prepared = False
        self._shard: Shard | None = None

    def free(self) -> int:
        """One, between shards."""
        return int(self._shard is None)

    def give(self, shard: Shard) -> None:
        """Keep it for `wait`."""
        self._shard = shard

    def wait(self) -> list[Done | Lost]:
        """Do the shard."""
        if self._shard is None:
            return []
        if not self._prepared:
            self._held = self._work.prepare(self._work.places, self._work.given)
            self._prepared = True
        shard, self._shard = self._shard, None
        return [Done(shard.number, self._work.do(self._held, shard.content))]

    def close(self) -> None:
        """Let go of what was held."""
        self._held = None


def no_worker_starts(count: int, where: str, reason: str) -> ComputeError:
    """The error of workers that die before they can do anything."""
    return ComputeError(
        f"{count} workers in a row died {where} before they were ready: {reason}.",
        remedy="Most often the memory is short: give fewer workers.",
    )
