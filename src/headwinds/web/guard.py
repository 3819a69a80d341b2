"""What stands before every request: whose host it names, how large it is, how long it takes, how many there are.

It reads the raw headers and never builds a URL of them (a request whose Host header is crafted could make that URL say
anything). The body is read here, whole and within limits, before any code of the application sees the request.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 262_144
MOST_HELD = 134_217_728
SECONDS_FOR_BODY = 20.0
SECONDS_TO_HEAR_OUT = 1.0
REQUESTS_A_SECOND = 50.0
BURST = 200.0
MOST_CLIENTS = 4096
READING = ("GET", "HEAD")
HOST = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer a browser hides the origin of our own forms too
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large and how slow a body may be, in bytes and seconds.

    Attributes
    ----------
    most_held
        Bytes of all bodies at once that are being read, or whose requests are being answered; then 503. Hundreds of slow
        callers could otherwise hold as many of the largest bodies.
    """

    largest_body: int = LARGEST_BODY
    seconds_for_body: float = SECONDS_FOR_BODY
    most_held: int = MOST_HELD


@dataclass(slots=True)
class Held:
    """How many bytes of bodies are held at once."""

    most: int
    now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)  # two threads read where there is a door

    def take(self, count: int) -> bool:
        """Hold so many more, if there is room for them."""
        with self._lock:
            if count and self.now + count > self.most:
                return False
            self.now += count
            return True

    def leave(self, count: int) -> None:
        """Hold so many less."""
        with self._lock:
            self.now -= count


@dataclass(slots=True)
class _Body:
    """The body of one request, as far as it has come; what is held of it is told to `held`."""

    held: Held
    content: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, part: bytes) -> bool:
        """Add a part, if there is room for it."""
        if not self.held.take(len(part)):
            return False
        self.content += part
        self.size += len(part)
        return True

    def drop(self) -> None:
        """Hold nothing any more."""
        self.content.clear()
        self.held.leave(self.size)
        self.size = 0


@dataclass(slots=True)
class Buckets:
    """Token buckets, one a client; the fullest are forgotten first when there are too many."""

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    level: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # two threads ask where there is a door

    def wait(self, client: str) -> float:
        """Take one token; 0, or the seconds until there is one."""
        with self._lock:
            return self._wait(client)

    def _wait(self, client: str) -> float:
        moment = self.clock()
        tokens, since = self.level.get(client, (self.burst, moment))
        tokens = min(self.burst, tokens + (moment - since) * self.rate)
        if tokens < 1:
            self.level[client] = (tokens, moment)
            return (1 - tokens) / self.rate
        self.level[client] = (tokens - 1, moment)
        if len(self.level) > MOST_CLIENTS:
            fullest = sorted(self.level, key=lambda name: self.level[name][0], reverse=True)
            for name in fullest[: MOST_CLIENTS // 2]:
                del self.level[name]
        return 0.0


class _Refused(Exception):
    """A request that is answered here."""

    def __init__(self, status: int, words: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(words)
        self.status, self.words, self.headers = status, words, headers


class Guard:
    """ASGI middleware around the whole application.

    Parameters
    ----------
    hosts
        Names, in lower case, that a Host header may have; its port does not matter. It is what keeps a page of another site,
        whose name was made to point here (DNS rebinding), from being answered.
    admits
        Whose body is read, told by all but the body. Of what others send nothing is kept, and the application, which sees no
        body of theirs, is to refuse them.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: frozenset[str],
        buckets: Buckets | None = None,
        limits: Limits | None = None,
        admits: Callable[[Scope], bool] = lambda _: True,
    ) -> None:
        self.app = app
        self.admits = admits
        self.limits = limits or Limits()
        self.hosts = hosts
        self.buckets = buckets or Buckets(REQUESTS_A_SECOND, BURST)
        self.held = Held(self.limits.most_held)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                added = [one for one in HEADERS if one[0] not in own]  # a page may bring a policy of its own
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        body = _Body(self.held)
        try:
            try:
                self._check(scope)
                _check_declared(scope, self.limits)
                if self.admits(scope):
                    await _read(receive, self.limits, body)
                else:
                    await _hear_out(receive, 2 * self.limits.largest_body)
            except _Refused as refused:
                body.drop()
                await _answer(refused, receive, with_headers, self.limits)
                return
            waiting: list[Message] = [
                {"type": "http.request", "body": bytes(body.content), "more_body": False}
            ]
            body.content.clear()

            async def replay() -> Message:
                return waiting.pop() if waiting else await receive()

            await self.app(scope, replay, with_headers)
        finally:
            body.drop()

    def _check(self, scope: Scope) -> None:
        client = str((scope.get("client") or ("",))[0])
        wait = self.buckets.wait(client)
        if wait:
            raise _Refused(429, "Too many requests.", (b"retry-after", str(int(wait) + 1).encode()))
        host = _only(scope, b"host")
        named = HOST.fullmatch(host or b"")
        if host is None or named is None or named.group(1).decode("ascii").lower() not in self.hosts:
            raise _Refused(421, "This server does not answer to that host name.")
        if (
            scope["method"] not in READING
        ):  # which others there are is known to each route, which refuses the rest
            origin = _only(scope, b"origin")
            if origin is not None and origin.partition(b"://")[2].lower() != host.lower():
                raise _Refused(403, "This request comes from another site.")
            if _only(scope, b"sec-fetch-site") not in (None, b"same-origin", b"none"):
                raise _Refused(403, "This request comes from another site.")


def _only(scope: Scope, name: bytes) -> bytes | None:
    """The value of a header that may stand there once."""
    found: list[bytes] = [value for key, value in scope["headers"] if key.lower() == name]
    if len(found) > 1:
        raise _Refused(400, "A header stands there twice.")
    return found[0] if found else None


def _check_declared(scope: Scope, limits: Limits) -> None:
    """Refuse a body before it is read, where its length or its packing is said."""
    if _only(scope, b"content-encoding") is not None:
        raise _Refused(415, "Packed bodies are not read.")
    length = _only(scope, b"content-length")
    if _only(scope, b"transfer-encoding") is not None and (
        length is not None or scope["http_version"] == "1.0"
    ):
        # Of the two a proxy may believe the other one, and take for a caller's body what we took for a request of another.
        raise _Refused(400, "The body's length is said in two ways.", (b"connection", b"close"))
    if length is not None and (not length.isdigit() or len(length) > 12 or int(length) > limits.largest_body):
        raise _Refused(413, f"A body has at most {limits.largest_body} bytes.", (b"connection", b"close"))


async def _read(receive: Receive, limits: Limits, body: _Body) -> None:
    """Read the body, refused as soon as it is too long."""
    try:
        async with asyncio.timeout(limits.seconds_for_body):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Refused(400, "The connection was closed.")
                part = message.get("body", b"")
                if body.size + len(part) > limits.largest_body:
                    raise _Refused(
                        413, f"A body has at most {limits.largest_body} bytes.", (b"connection", b"close")
                    )
                if not body.add(part):
                    raise _Refused(
                        503,
                        "Too much is being sent at once; send it again in a second.",
                        (b"retry-after", b"1"),
                        (b"connection", b"close"),
                    )
                if not message.get("more_body"):
                    return
    except TimeoutError:
        raise _Refused(408, "The body took too long.", (b"connection", b"close")) from None


async def _answer(refused: _Refused, receive: Receive, send: Send, limits: Limits) -> None:
    """Answer; where the connection is closed after it, listen a little longer.

    Who is still sending a body when a connection is closed learns of a broken pipe instead of the answer.
    """
    body = refused.words.encode() + b"\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send(
        {"type": "http.response.start", "status": refused.status, "headers": [*headers, *refused.headers]}
    )
    closes = (b"connection", b"close") in refused.headers
    await send({"type": "http.response.body", "body": body, "more_body": closes})
    if closes:
        await _hear_out(receive, 2 * limits.largest_body)
        await send({"type": "http.response.body", "body": b""})


async def _hear_out(receive: Receive, most: int) -> None:
    """Take what still comes, and drop it: so many bytes, for a second."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS_TO_HEAR_OUT):
            while most > 0:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
                most -= len(message.get("body", b""))
