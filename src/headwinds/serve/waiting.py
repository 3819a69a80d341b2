"""A request waits for its predictions, whole or piece by piece; who leaves is not computed for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from headwinds.adapt.watching import Unwanted
from headwinds.errors import CheckpointError, HeadwindsError
from headwinds.serve.engine import Overloaded, Taken, Waiting
from headwinds.serve.incoming import RequestError

if TYPE_CHECKING:
    from starlette.requests import Request

    from headwinds.serve.engine import Loaded
    from headwinds.serve.site import Site

Rows = Sequence[dict[str, Any]]
LATE = "It took too long, or nobody waits for it."


async def submitted(site: Site, loaded: Loaded, rows: Rows, waiting: Waiting) -> Taken:
    """Rows read, encoded and put into the queue, beside the other requests.

    Raises
    ------
    RequestError, HeadwindsError
        A row is not what the task reads.
    Overloaded
        Too much waits.
    """
    return await to_thread.run_sync(_submit, site, loaded, rows, waiting, limiter=site.readers)


async def answered(
    request: Request, site: Site, loaded: Loaded, rows: Rows, waiting: Waiting
) -> tuple[Taken, list[dict[str, Any]]]:
    """What was taken, and its predictions.

    Raises
    ------
    RequestError
        503: the caller has left, or the time is over. Others as `submitted`.
    """

    async def work() -> tuple[Taken, list[dict[str, Any]]]:
        taken = await submitted(site, loaded, rows, waiting)
        return taken, await asyncio.wrap_future(waiting.answer)

    working = asyncio.ensure_future(work())
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({working, gone}, timeout=site.limits.seconds, return_when=asyncio.FIRST_COMPLETED)
        if working.done() and not working.cancelled():
            return working.result()
        raise Unwanted
    except Unwanted:
        raise RequestError(503, LATE) from None
    finally:
        gone.cancel()
        waiting.leave()
        if not working.done():
            working.cancel()
            working.add_done_callback(_forget)


async def pieces(
    site: Site, loaded: Loaded, rows: Rows, waiting: Waiting
) -> tuple[Taken, AsyncIterator[str | dict[str, Any]]]:
    """What was taken of one row; then the pieces of its text as they are written, and at the end its prediction.

    The iterator ends without a prediction where the time is over. To leave, close it.
    What goes wrong in the writing itself it raises as a HeadwindsError.

    Raises
    ------
    RequestError, HeadwindsError, Overloaded
        As `submitted`; all of them before the first piece.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Queue[str | None] = asyncio.Queue()

    def say(piece: str | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(found.put_nowait, piece)

    waiting = replace(waiting, say=say)
    waiting.answer.add_done_callback(lambda _: say(None))
    end = time.monotonic() + site.limits.seconds
    taken = await submitted(site, loaded, rows, waiting)

    async def following() -> AsyncIterator[str | dict[str, Any]]:
        try:
            while (piece := await asyncio.wait_for(found.get(), end - time.monotonic())) is not None:
                yield piece
            if not waiting.answer.cancelled():
                yield waiting.answer.result()[0]
        except (TimeoutError, Unwanted):
            return
        finally:
            waiting.leave()

    return taken, following()


def mistake_of(error: Exception) -> tuple[int, str]:
    """Status and words for what went wrong with a request that was understood."""
    if isinstance(error, RequestError):
        return error.status, str(error)
    if isinstance(error, Overloaded):
        return 429, "Too much waits; ask again later."
    if isinstance(error, CheckpointError):  # of the model, not of what was sent
        return 500, str(error)
    return 422, str(error)


MISTAKES = (RequestError, Overloaded, HeadwindsError)


def _forget(work: asyncio.Future[Any]) -> None:
    if not work.cancelled():
        work.exception()


def _submit(site: Site, loaded: Loaded, rows: Rows, waiting: Waiting) -> Taken:
    try:
        return site.engines.of(loaded).submit(loaded, rows, waiting, seconds=site.limits.seconds)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise RequestError(422, "A row is not what this task reads; see /openapi.json.") from error
