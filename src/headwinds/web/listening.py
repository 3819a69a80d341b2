"""Where a server listens: on this machine only unless told otherwise, never open without a token, patient with nobody."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import resource
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from headwinds.errors import SettingsError
from headwinds.web.door import TAKEN_AT_ONCE, Door

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS_FOR_HEADERS = 10.0
SECONDS_TO_READ = 30.0
MOST_CONNECTIONS = 800
OTHER_DESCRIPTORS = 200
"""Of a process beside its connections: those that come all at once, libraries, the log, databases, another process."""
SHORTEST_TOKEN = 16
SECONDS_OF_A_TURN = 0.0005
"""For which a thread may compute in Python while another waits: ten times less than usual, so that the door comes soon."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, what to ask for at the door, which other host names are ours."""

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""
    allowed_hosts: tuple[str, ...] = ()


class _Impatient(H11Protocol):
    """HTTP that closes a connection whose headers do not come, or whose answer is not read, in time.

    uvicorn itself waits forever for both.
    """

    since: float = 0.0
    _headers_due: asyncio.TimerHandle | None = None
    _reading_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self.loop.time()
        self._headers_due = self.loop.call_later(SECONDS_FOR_HEADERS, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        for due in (self._headers_due, self._reading_due):
            if due is not None:
                due.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading_due = self.loop.call_later(SECONDS_TO_READ, self.transport.abort)

    def resume_writing(self) -> None:
        if self._reading_due is not None:
            self._reading_due.cancel()
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.since = self.loop.time()
        if self._headers_due is not None:
            self._headers_due.cancel()
        self._headers_due = self.loop.call_later(SECONDS_FOR_HEADERS, self._too_late)

    @property
    def working(self) -> bool:
        """Whether a request has come whole with its headers and is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _too_late(self) -> None:
        if self.working:
            return
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # a close would wait until the rest has been read
        elif not self.transport.is_closing():
            self.transport.close()


def check_address(address: Address) -> tuple[str, ...]:
    """The host names that the server answers to.

    Raises
    ------
    SettingsError
        Others could reach it and there is no token, the token is short, or it is not said under which name it is reached.
    """
    if not 0 <= address.port <= 65535:
        raise SettingsError(f"port = {address.port} cannot be used.", remedy="It is from 0 to 65535.")
    loopback = ("127.0.0.1", "localhost", "[::1]")
    if address.token and len(address.token) < SHORTEST_TOKEN:
        raise SettingsError(
            f"The token has {len(address.token)} characters.",
            remedy=f"Use at least {SHORTEST_TOKEN}, by chance.",
        )
    if _is_loopback(address.host):
        return (*loopback, *address.allowed_hosts)
    if not address.token:
        raise SettingsError(
            f"host = {address.host!r} lets other machines in, and there is no token.",
            remedy="Set one in the environment variable HEADWINDS_TOKEN, or listen on 127.0.0.1.",
        )
    everywhere = address.host in ("0.0.0.0", "::", "")  # noqa: S104 - this is where we look out for it
    if everywhere and not address.allowed_hosts:
        raise SettingsError(
            f"host = {address.host!r} listens on every address.",
            remedy="Name those it is reached by: --allowed-host NAME.",
        )
    own = () if everywhere else (f"[{address.host}]" if ":" in address.host else address.host,)
    return (*loopback, *own, *address.allowed_hosts)


def run(
    application: ASGIApp,
    address: Address,
    *,
    ready: Callable[[str], Any],
    stopping: Callable[[], Any] = lambda: None,
    seconds_to_drain: int = 10,
    probes: Sequence[str] = (),
) -> None:
    """Serve an application until a signal stops it; requests under way are finished, for `seconds_to_drain` at most.

    `ready` is called with the address once it answers, `stopping` as soon as a signal has come. What a new connection asks
    of the paths in `probes` is answered beside all other requests (`headwinds.web.door`); the application shall need nothing
    of the event loop there. A connection on which a probe was answered is closed, so that the next one is a new connection.

    Raises
    ------
    SettingsError
        The port is taken or may not be used.
    """
    listening, most = _listen(address), _most_connections()
    config = uvicorn.Config(
        _leaving_after(application, probes),
        http=_Impatient,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        # We make room; who comes has come by then, and who leaves still counts.
        limit_concurrency=2 * most + TAKEN_AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=seconds_to_drain,
        h11_max_incomplete_event_size=16_384,
    )
    # Of a failure its kind and place are kept, never the request or the text that it was about.
    logging.getLogger("uvicorn.error").addFilter(_without_content)
    with listening:
        shown = "localhost" if _is_loopback(address.host) else address.host
        url = f"http://{shown}:{listening.getsockname()[1]}/"
        with _prompt():
            _Server(config, lambda: ready(url), stopping, listening, probes, most).run(sockets=[])


@contextmanager
def _prompt() -> Iterator[None]:
    """No thread keeps the others waiting for long: turns are short, and no collection of garbage walks through libraries.

    A full one takes half a second where torch and transformers are loaded, and stops every thread.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SECONDS_OF_A_TURN)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(interval)


class _Server(uvicorn.Server):
    """A server that says when it answers and when it begins to stop, and whose connections come through a door."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], Any],
        stopping: Callable[[], Any],
        listening: socket.socket,
        probes: Sequence[str],
        most: int,
    ) -> None:
        super().__init__(config)
        self._most = most
        self._ready = ready
        self._stopping = stopping
        self._coming: set[asyncio.Task[Any]] = set()
        begins = [f"{verb} {path} ".encode() for path in probes for verb in ("GET", "HEAD")]
        self._probed = ServerState()  # of a thread of its own: no set of connections is changed by two
        self._door = Door(
            listening,
            begins or [b"\n"],  # no request begins so
            self._probe,
            self._hand_on,
            SECONDS_FOR_HEADERS,
            most,
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._door.open()
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        self._door.turned = time.monotonic()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await asyncio.to_thread(self._door.close)
        await asyncio.sleep(0)  # what the door handed on last
        await asyncio.gather(*self._coming, return_exceptions=True)
        await super().shutdown(sockets)

    def _probe(self, loop: asyncio.AbstractEventLoop) -> asyncio.Protocol:
        self._probed.default_headers = self.server_state.default_headers
        return _Impatient(self.config, self._probed, {}, loop)

    def _hand_on(self, connection: socket.socket) -> None:
        self._loop.call_soon_threadsafe(self._welcome, connection)

    def _welcome(self, connection: socket.socket) -> None:
        def protocol() -> asyncio.Protocol:
            return _Impatient(self.config, self.server_state, self.lifespan.state)

        task = self._loop.create_task(self._loop.connect_accepted_socket(protocol, connection))
        self._coming.add(task)
        task.add_done_callback(self._came)

    def _came(self, task: asyncio.Task[Any]) -> None:
        self._coming.discard(task)
        if not task.cancelled():
            task.exception()  # who has left again by now needs no words
        self._make_room()

    def _make_room(self) -> None:
        """Where there are too many, who has waited longest with nothing asked leaves: there must be room for who asks."""
        there: list[Any] = [one for one in self.server_state.connections if not one.transport.is_closing()]
        excess = len(there) - self._most
        if excess > 0:
            idle = [one for one in there if not one.working]
            for one in sorted(idle, key=lambda one: one.since)[:excess]:
                one.transport.abort()


def _leaving_after(application: ASGIApp, probes: Sequence[str]) -> ASGIApp:
    """The application, which closes each connection on which it has answered a probe.

    Whoever kept it would ask the next time behind all other requests (a connection is taken at the door once), or, where the
    door answered, come before them with what is no probe.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_leave(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        probed = scope["type"] == "http" and scope["path"] in probes
        await application(scope, receive, send_and_leave if probed else send)

    return answer


def _most_connections() -> int:
    """How many there may be at the door, and as many within: each takes a descriptor, of which there shall be enough."""
    wanted = 2 * MOST_CONNECTIONS + OTHER_DESCRIPTORS
    there, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if there != resource.RLIM_INFINITY and there < wanted:
        there = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (there, most))
    if there == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(8, min(MOST_CONNECTIONS, (there - OTHER_DESCRIPTORS) // 2))


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only where it stands: without it each small answer on a
    # kept connection waits 40 ms for the acknowledgement of its headers.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
        listening.listen(MOST_CONNECTIONS)
    except OSError as error:
        listening.close()
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(
            f"{address.host}:{address.port} cannot be listened on: {reason}.",
            remedy="Name another with --port.",
        ) from error
    return listening


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_content(entry: logging.LogRecord) -> bool:
    if entry.exc_info:
        kind, _, trace = entry.exc_info
        places = list(traceback.walk_tb(trace))
        place = f"{places[-1][0].f_code.co_filename}, line {places[-1][1]}" if places else "an unknown place"
        entry.msg, entry.args = f"a request failed: {kind.__name__ if kind else 'unknown'} in {place}", ()
        entry.exc_info = entry.exc_text = None
    return True
