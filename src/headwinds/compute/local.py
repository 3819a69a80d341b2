"""Worker processes of this machine, one thread each, started anew where one dies."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from headwinds.compute.pools import MOST_FAILED_STARTS, Done, Lost, no_worker_starts
from headwinds.compute.work import Shard, Work
from headwinds.compute.worker import DONE, ONE_THREAD, READY, WRONG

SECONDS_TO_END = 5.0


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    ready: bool = False
    shard: Shard | None = None


class LocalPool:
    """So many worker processes, each of which has prepared the work once."""

    def __init__(self, work: Work, workers: int) -> None:
        self.size = workers
        self._work = work
        self._failed_starts = 0
        self._workers = [self._start() for _ in range(workers)]

    def free(self) -> int:
        """Workers that are ready and have no shard."""
        return sum(one.ready and one.shard is None for one in self._workers)

    def give(self, shard: Shard) -> None:
        """Send it to the first worker that waits."""
        worker = next(one for one in self._workers if one.ready and one.shard is None)
        worker.shard = shard
        with suppress(OSError):  # it is dead: `wait` sees its end of the socket closed
            worker.connection.send(shard.content)

    def wait(self) -> list[Done | Lost]:
        """Wait for a worker to answer or to die; a dead one is replaced."""
        found: list[Done | Lost] = []
        ready = wait([one.connection for one in self._workers])
        for worker in [one for one in self._workers if one.connection in ready]:
            try:
                kind, value = worker.connection.recv()
            except (EOFError, OSError):
                found += self._replace(worker)
                continue
            if kind == WRONG:
                raise value
            if kind == READY:
                worker.ready, self._failed_starts = True, 0
            elif kind == DONE and worker.shard is not None:
                found.append(Done(worker.shard.number, value))
                worker.shard = None
        return found

    def close(self) -> None:
        """End them: what they were doing is done again by whoever needs it."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            try:
                worker.process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self._workers = []

    def _replace(self, dead: _Worker) -> list[Done | Lost]:
        dead.connection.close()
        dead.process.kill()
        code = dead.process.wait()
        if not dead.ready:
            self._failed_starts += 1
            if self._failed_starts >= MOST_FAILED_STARTS:
                raise no_worker_starts(
                    self._failed_starts, "on this machine", f"the last by exit code {code}"
                )
        self._workers[self._workers.index(dead)] = self._start()
        return [] if dead.shard is None else [Lost(dead.shard.number)]

    def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process = _program(theirs.fileno())
        worker = _Worker(process, Connection(ours.detach()))
        with suppress(OSError):  # dead at once: `wait` sees it
            worker.connection.send(self._work)
        return worker


def _program(handle: int) -> subprocess.Popen[bytes]:
    """A worker that is fed through the socket with this handle."""
    return subprocess.Popen(
        [sys.executable, "-m", "headwinds.compute.worker", str(handle)],
        pass_fds=[handle],
        stdin=subprocess.DEVNULL,
        env=os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
