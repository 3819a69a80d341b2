"""The routes that analyse panels: what `headwinds explain` does, with the panel in the body and the tables in the answer."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from headwinds.adapt.watching import Unwanted
from headwinds.serve.incoming import RequestError
from headwinds.serve.panel_settings import SETTINGS, read_settings
from headwinds.serve.site import json_body, note, site_of
from headwinds.serve.waiting import LATE

if TYPE_CHECKING:
    from starlette.requests import Request

    from headwinds.serve.calculator import Calculated, Calculator


async def analyses(request: Request) -> Response:
    """The analyses that can be asked for."""
    _calculator(request)
    return JSONResponse(
        {
            "analyses": [
                {"name": name, "meaning": meaning, "settings": list(schema["properties"])}
                for name, (meaning, schema) in SETTINGS.items()
            ]
        }
    )


async def analyse(request: Request) -> Response:
    """One analysis of the panel in the body."""
    site, calculator = site_of(request), _calculator(request)
    analysis = request.path_params["analysis"]
    if analysis not in SETTINGS:
        raise RequestError(404, "There is no such analysis.")
    body = await json_body(request)
    body = await run_in_threadpool(_plain, analysis, body)
    note(request, analysis=analysis, bytes=len(body))
    found = await _waited(request, calculator, analysis, body, site.limits.seconds)
    if found.failed:
        site.journal.write("analysis failed", analysis=analysis, place=found.failed)
    return Response(found.body, found.status, media_type="application/json")


def _plain(analysis: str, body: bytes) -> bytes:
    """The body as the analysis wants it; a number too large for a float goes on, to be told with its column and line."""
    return json.dumps(read_settings(analysis, body), ensure_ascii=False).encode()


def _calculator(request: Request) -> Calculator:
    calculator = site_of(request).calculator
    if calculator is None:
        raise RequestError(404, "Panels are not analysed here.")
    return calculator


async def _waited(
    request: Request, calculator: Calculator, analysis: str, body: bytes, seconds: float
) -> Calculated:
    """The answer; a caller who leaves is not computed for."""
    left = threading.Event()

    async def departure() -> None:
        await request.receive()
        left.set()

    watching = asyncio.ensure_future(departure())
    try:
        return await run_in_threadpool(calculator.compute, analysis, body, seconds=seconds, left=left)
    except Unwanted:
        raise RequestError(503, LATE) from None
    finally:
        watching.cancel()


def answer_shape() -> dict[str, Any]:
    """Schema of an answer."""
    from headwinds.serve.shapes import TEXT, some, thing

    value = {"type": ["number", "string", "boolean", "null"]}
    kinds = {"enum": ["number", "integer", "text", "truth"]}
    table = thing({"columns": some(thing({"name": TEXT, "type": kinds, "values": some(value)}))})
    return thing(
        {
            "analysis": TEXT,
            "table": table,
            "tables": {"type": "object", "additionalProperties": table},
            "summary": TEXT,
            "findings": some(thing({"code": TEXT, "sentence": TEXT, "remedy": TEXT})),
        }
    )
