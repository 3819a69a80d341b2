"""All bodies together have a bound: many slow callers hold no more of the memory than a few."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from headwinds.web.guard import Buckets, Guard, Limits


class Caller:
    """One request of parts that are sent when they are put; `status` is what it was answered."""

    def __init__(self, guarded, *, headers=()):
        self.parts = asyncio.Queue()
        self.sent = []
        scope = {"type": "http", "method": "POST", "path": "/", "client": ("127.0.0.1", 1)}
        scope["http_version"] = "1.1"
        scope["headers"] = [(b"host", b"localhost"), *headers]
        self.task = asyncio.create_task(guarded(scope, self.parts.get, self.send))

    async def send(self, message):
        self.sent.append(message)

    async def put(self, content, *, more):
        self.parts.put_nowait({"type": "http.request", "body": content, "more_body": more})
        for _ in range(5):
            await asyncio.sleep(0)

    def leave(self):
        self.parts.put_nowait({"type": "http.disconnect"})

    @property
    def status(self):
        return self.sent[0]["status"] if self.sent else None

    @property
    def told(self):
        return dict(self.sent[0]["headers"]), b"".join(one.get("body", b"") for one in self.sent[1:])


def guard_of(answer=None, *, most_held=100, admits=lambda _: True):
    bodies, done = [], asyncio.Event()

    async def app(scope, receive, send):
        bodies.append((await receive())["body"])
        if answer is not None:
            await answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        done.set()

    limits = Limits(largest_body=60, seconds_for_body=0.3, most_held=most_held)
    return Guard(app, frozenset({"localhost"}), Buckets(1e9, 1e9), limits, admits), bodies


def test_who_would_go_beyond_what_is_held_at_once_is_told_to_come_back_and_the_others_are_answered():
    async def meet():
        guarded, bodies = guard_of()
        first, second, third = (Caller(guarded) for _ in range(3))
        await first.put(b"a" * 50, more=True)
        await second.put(b"b" * 50, more=True)
        assert guarded.held.now == 100
        await third.put(b"c", more=True)
        assert third.status == 503
        third.leave()
        empty = Caller(guarded)
        await empty.put(b"", more=False)  # who sends nothing takes no room
        assert empty.status == 200
        await first.put(b"", more=False)
        assert (first.status, bodies) == (200, [b"", b"a" * 50])
        again = Caller(guarded)
        await again.put(b"d" * 50, more=False)
        await second.put(b"", more=False)
        assert (again.status, second.status, guarded.held.now) == (200, 200, 0)
        await asyncio.gather(first.task, second.task, third.task, again.task, empty.task)
        headers, words = third.told
        assert (headers[b"retry-after"], headers[b"connection"]) == (b"1", b"close")
        assert words == b"Too much is being sent at once; send it again in a second.\n"

    asyncio.run(meet())


def test_a_body_counts_until_its_answer_and_no_longer_however_it_ends():
    async def meet():
        answer = asyncio.Event()
        guarded, _ = guard_of(answer)
        working, late, large, gone, cancelled = (Caller(guarded) for _ in range(5))
        await working.put(b"a" * 60, more=False)
        await late.put(b"b" * 10, more=True)
        await large.put(b"c" * 61, more=True)
        await gone.put(b"d" * 10, more=True)
        await cancelled.put(b"e" * 10, more=True)
        assert guarded.held.now == 90
        gone.leave()
        large.leave()
        cancelled.task.cancel()
        await asyncio.sleep(0.35)
        late.leave()
        await asyncio.gather(late.task, large.task, gone.task)
        with suppress(asyncio.CancelledError):
            await cancelled.task
        assert [one.status for one in (late, large, gone)] == [408, 413, 400]
        assert guarded.held.now == 60
        answer.set()
        await working.task
        assert (working.status, guarded.held.now) == (200, 0)

    asyncio.run(meet())


def test_of_who_is_not_admitted_no_body_is_kept():
    async def meet():
        guarded, bodies = guard_of(admits=lambda scope: (b"authorization", b"right") in scope["headers"])
        stranger = Caller(guarded)
        known = Caller(guarded, headers=[(b"authorization", b"right")])
        await stranger.put(b"a" * 50, more=True)
        await known.put(b"b" * 50, more=True)
        assert guarded.held.now == 50
        await stranger.put(b"a" * 50, more=False)
        await known.put(b"", more=False)
        await asyncio.gather(stranger.task, known.task)
        assert bodies == [b"", b"b" * 50]

    asyncio.run(meet())
