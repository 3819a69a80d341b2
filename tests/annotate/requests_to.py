"""A request straight into the application, headers as raw as an attacker's."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def ask(
    app, method: str, path: str, *, headers=(), body: bytes | list[bytes] = b"", client="127.0.0.1"
) -> Reply:
    """Send one request; a list of bodies comes in chunks."""
    given = [(name.lower(), value) for name, value in headers]
    if not any(name == b"host" for name, _ in given):
        given.append((b"host", b"127.0.0.1:8765"))
    target, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": target,
        "raw_path": target.encode("utf-8", "surrogatepass"),
        "query_string": query.encode(),
        "root_path": "",
        "headers": given,
        "client": (client, 5000),
        "server": ("127.0.0.1", 8765),
    }
    parts = body if isinstance(body, list) else [body]
    waiting = [
        {"type": "http.request", "body": part, "more_body": place < len(parts) - 1}
        for place, part in enumerate(parts)
    ]
    sent = []

    async def receive():
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = sent[0]
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(
        start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, content
    )


def cookie_of(app, name: str = "ann", token: str = "") -> tuple[bytes, bytes]:
    """Enter, and the cookie for what follows."""
    form = f"name={name}&token={token}".encode()
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    reply = ask(app, "POST", "/enter", headers=[kind], body=form)
    assert reply.status == 303, reply
    return (b"cookie", reply.headers["set-cookie"].split(";")[0].encode())
