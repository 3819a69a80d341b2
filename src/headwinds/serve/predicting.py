"""The route that predicts: JSON, the lines that `headwinds predict` writes, or the pieces of a text as they come."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from headwinds.adapt.tasks.contract import writes
from headwinds.errors import HeadwindsError
from headwinds.serve.engine import Waiting
from headwinds.serve.incoming import RequestError, read_rows
from headwinds.serve.site import asked_version, json_body, note, site_of
from headwinds.serve.waiting import LATE, answered, pieces

if TYPE_CHECKING:
    from starlette.requests import Request

    from headwinds.serve.engine import Loaded

LINES = "application/x-ndjson"
EVENTS = "text/event-stream"


async def predict(request: Request) -> Response:
    """Predictions of the rows in the body."""
    site = site_of(request)
    name, loaded = asked_version(request)
    rows = read_rows(await json_body(request), site.limits.most_rows)
    note(request, model=name, version=loaded.version[:12], rows=len(rows))
    accepted = request.headers.get("accept", "")
    if EVENTS in accepted:
        return await _streamed(request, loaded, rows)
    taken, found = await answered(request, site, loaded, rows, Waiting())
    predictions = [{"id": one, **prediction} for one, prediction in zip(taken.ids, found, strict=True)]
    if LINES in accepted:
        lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in predictions)
        return Response(lines.encode(), media_type=LINES, headers={"headwinds-version": loaded.version})
    content = {"model": name, "number": loaded.number, "version": loaded.version, "predictions": predictions}
    return Response(json.dumps(content, ensure_ascii=False).encode(), media_type="application/json")


async def _streamed(request: Request, loaded: Loaded, rows: list[dict[str, Any]]) -> Response:
    if not writes(loaded.model.task):
        raise RequestError(406, "This model does not write, so there is nothing to stream.")
    if len(rows) != 1:
        raise RequestError(422, "One row is streamed at a time.")
    taken, following = await pieces(site_of(request), loaded, rows, Waiting())

    async def events() -> AsyncIterator[bytes]:
        said = LATE
        try:
            async for one in following:
                if isinstance(one, dict):
                    yield event("prediction", {"id": taken.ids[0], **one})
                    return
                yield event("piece", {"text": one})
        except HeadwindsError as error:
            said = str(error)
        yield event("error", {"error": said})

    return StreamingResponse(events(), media_type=EVENTS, headers={"headwinds-version": loaded.version})


def event(name: str, content: dict[str, Any]) -> bytes:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n".encode()
