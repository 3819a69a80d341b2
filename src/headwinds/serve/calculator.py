"""The process that computes analyses, seen from the server: one computation at a time, ended where time is over."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from headwinds.adapt.watching import Unwanted
from headwinds.serve.engine import Overloaded

MEMORY = 4 * 2**30
MOST_WAITING = 8
SECONDS_TO_START = 120.0
LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Calculated:
    """An answer: its status, its JSON, and where it failed if that was the server's mistake."""

    status: int
    body: bytes
    failed: str = ""


class _Ended(Exception):
    """The process ended before it answered."""


@dataclass(slots=True)
class Calculator:
    """The process, started beside the server, and again after a computation that had to be ended.

    Attributes
    ----------
    memory
        Bytes of address space that the process may take.
    most_waiting
        Requests that may be under way or wait; more are refused rather than queued.
    """

    memory: int = MEMORY
    most_waiting: int = MOST_WAITING
    waiting: int = 0
    ready: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _stopped: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _count: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start the process; `ready` turns true once it has loaded what it needs."""

        def warm() -> None:
            with self._turn, contextlib.suppress(Unwanted, _Ended):
                self._begun(time.monotonic() + SECONDS_TO_START, threading.Event())

        threading.Thread(target=warm, name="headwinds-calculator", daemon=True).start()

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._stopped = True
        self._end()

    def compute(self, analysis: str, body: bytes, *, seconds: float, left: threading.Event) -> Calculated:
        """The answer to a request that was checked; for `seconds`, and while its caller waits.

        Raises
        ------
        Overloaded
            Too much waits.
        Unwanted
            The time is over, or the caller has left.
        """
        deadline = time.monotonic() + seconds
        with self._count:
            if self.waiting >= self.most_waiting:
                raise Overloaded
            self.waiting += 1
        try:
            while not self._turn.acquire(timeout=LOOK):
                _wanted(deadline, left)
            try:
                return self._computed(analysis, body, deadline, left)
            finally:
                self._turn.release()
        finally:
            with self._count:
                self.waiting -= 1

    def _computed(self, analysis: str, body: bytes, deadline: float, left: threading.Event) -> Calculated:
        try:
            process = self._begun(deadline, left)
            head = json.dumps({"analysis": analysis, "length": len(body)}).encode()
            if process.stdin is None:
                raise _Ended
            process.stdin.write(head + b"\n" + body)
            process.stdin.flush()
            return _received(process, deadline, left)
        except Unwanted:
            self._end()
            self.start()  # the next request shall find it loaded
            raise
        except (_Ended, BrokenPipeError):
            self._end()
            words = json.dumps({"error": "The server made a mistake. Its log has the place."}).encode()
            return Calculated(500, words, "the process that computes ended")

    def _begun(self, deadline: float, left: threading.Event) -> subprocess.Popen[bytes]:
        if self._stopped:
            raise Unwanted
        if self._process is None or self._process.poll() is not None:
            self.ready = False
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "headwinds.serve.calculation", str(self.memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a library's warning may quote what a caller sent
                start_new_session=True,  # Ctrl-C is for the server, which finishes what is under way
            )
        if not self.ready:
            _received(self._process, deadline, left)
            self.ready = True
        return self._process

    def _end(self) -> None:
        process, self._process, self.ready = self._process, None, False
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def _wanted(deadline: float, left: threading.Event) -> None:
    if left.is_set() or time.monotonic() > deadline:
        raise Unwanted


def _received(process: subprocess.Popen[bytes], deadline: float, left: threading.Event) -> Calculated:
    if process.stdout is None:
        raise _Ended
    handle, held, head = process.stdout.fileno(), bytearray(), None
    answers = (
        select.poll()
    )  # select() knows no handle beyond 1023, and there may be more connections than that
    answers.register(handle, select.POLLIN)
    while True:
        _wanted(deadline, left)
        if not answers.poll(1000 * LOOK):
            continue
        piece = os.read(handle, 1 << 20)
        if not piece:
            raise _Ended
        held += piece
        if head is None and b"\n" in held:
            line, _, rest = held.partition(b"\n")
            head, held = json.loads(line), bytearray(rest)
        if head is not None and len(held) >= head["length"]:
            return Calculated(head["status"], bytes(held), head["failed"])
