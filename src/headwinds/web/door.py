"""The door: a thread that takes connections, answers whether the server is alive, and hands on whoever wants more.

One event loop serves everything else, and a burst of answers keeps it busy for a second: whoever asks whether the server is
alive would wait behind all of them, and be told nothing when it matters. Here they wait for nobody. What a connection asks
first is looked at without being read (``MSG_PEEK``), so that the loop it goes to finds it whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

TAKEN_AT_ONCE = 100
SECONDS_TO_LEAVE = 1.0
SECONDS_WITHOUT_DESCRIPTORS = 0.1
"""For which nobody is taken where there is no descriptor for one and none here to give up."""
SECONDS_WITHOUT_A_TURN = 10.0
"""A loop that has not turned for so long is stuck rather than busy: then nobody says for it that it lives."""


@dataclass(slots=True)
class Door:
    """A thread with an event loop of its own.

    Attributes
    ----------
    listening
        The socket; it is closed here.
    probes
        How a connection begins that is answered here, such as ``b"GET /health "``.
    answer
        Makes the protocol of such a connection on this loop.
    hand_on
        Called, in this thread, with every other connection.
    seconds_for_headers
        A connection that has said nothing for so long is closed.
    turned
        When the other loop last turned, by `time.monotonic`.
    """

    listening: socket.socket
    probes: Sequence[bytes]
    answer: Callable[[asyncio.AbstractEventLoop], asyncio.Protocol]
    hand_on: Callable[[socket.socket], None]
    seconds_for_headers: float
    most_silent: int
    turned: float = field(default_factory=time.monotonic)
    _silent: dict[socket.socket, asyncio.TimerHandle] = field(default_factory=dict)
    _answering: set[asyncio.BaseTransport] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Start to take connections."""
        self.listening.setblocking(False)
        self._thread = threading.Thread(target=self._work, name="headwinds-door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more; whoever is being answered is answered."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._closed.set)
            self._thread.join()

    def _work(self) -> None:
        try:
            self._loop.run_until_complete(self._stand())
        finally:
            self._loop.close()

    async def _stand(self) -> None:
        self._loop.add_reader(self.listening, self._take)
        await self._closed.wait()
        self._loop.remove_reader(self.listening)
        self.listening.close()
        for connection in list(self._silent):
            self._forget(connection)
            connection.close()
        end = self._loop.time() + SECONDS_TO_LEAVE
        while (
            self._tasks or any(not one.is_closing() for one in self._answering)
        ) and self._loop.time() < end:
            await asyncio.sleep(0.01)

    def _take(self) -> None:
        for _ in range(TAKEN_AT_ONCE):
            try:
                connection, _ = self.listening.accept()
            except OSError as error:  # there is no more, or it has left, or there are no descriptors
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._make_room()
                return
            connection.setblocking(False)
            if not self._look(connection):
                if len(self._silent) >= self.most_silent:
                    self._drop_oldest()
                late = self._loop.call_later(self.seconds_for_headers, self._late, connection)
                self._silent[connection] = late
                self._loop.add_reader(connection, self._look, connection)

    def _drop_oldest(self) -> None:
        self._forget(oldest := next(iter(self._silent)))
        oldest.close()

    def _make_room(self) -> None:
        """Whoever knocks goes on knocking: without a pause this thread would do nothing but look."""
        if self._silent:
            self._drop_oldest()
            return
        self._loop.remove_reader(self.listening)
        self._loop.call_later(SECONDS_WITHOUT_DESCRIPTORS, self._take_again)

    def _take_again(self) -> None:
        if not self._closed.is_set():
            self._loop.add_reader(self.listening, self._take)

    def _look(self, connection: socket.socket) -> bool:
        """Whether it has said something, and so is on its way."""
        try:
            begins = connection.recv(max(map(len, self.probes)), socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            begins = b""
        self._forget(connection)
        if not begins:
            connection.close()
        elif (
            begins.startswith(tuple(self.probes)) and time.monotonic() - self.turned < SECONDS_WITHOUT_A_TURN
        ):
            task = self._loop.create_task(self._answer(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self.hand_on(connection)
        return True

    async def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: self.answer(self._loop), connection
            )
            self._answering = {one for one in self._answering if not one.is_closing()} | {transport}

    def _late(self, connection: socket.socket) -> None:
        self._forget(connection)
        connection.close()

    def _forget(self, connection: socket.socket) -> None:
        late = self._silent.pop(connection, None)
        if late is not None:
            late.cancel()
            self._loop.remove_reader(connection)
