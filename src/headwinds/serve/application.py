"""Routes: typed JSON in, predictions out. All are closed to whoever has no key, but those that tell nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headwinds.errors import HeadwindsError
from headwinds.serve.engine import Engine, Overloaded
from headwinds.serve.incoming import RequestError, read_rows, read_version
from headwinds.serve.journal import Journal
from headwinds.serve.metrics import Metrics
from headwinds.serve.openapi import document
from headwinds.web.guard import Buckets, Guard, Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from headwinds.serve.engine import Loaded
    from headwinds.serve.shelf import Shelf, Shown

PAGES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/docs": ("api.html", "text/html; charset=utf-8"),
    "/static/style.css": ("style.css", "text/css"),
    "/static/app.js": ("app.js", "text/javascript"),
    "/static/api.js": ("api.js", "text/javascript"),
}
"""Every file that is served; they say nothing of the models."""
OPEN = frozenset({"/health", "/ready", *PAGES})
LINES = "application/x-ndjson"
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """What a caller may ask for.

    Attributes
    ----------
    most_rows, largest_body
        Of a request: rows, bytes.
    seconds
        For an answer; then 503.
    requests_a_second, burst
        From one address; then 429.
    """

    most_rows: int = 256
    largest_body: int = 2_000_000
    seconds: float = 30.0
    requests_a_second: float = 1000.0
    burst: float = 2000.0


@dataclass(slots=True)
class Site:
    """What the routes share."""

    shelf: Shelf
    engine: Engine
    limits: ServingLimits
    metrics: Metrics
    journal: Journal
    key: str = ""
    stopping: bool = False
    pages: dict[str, bytes] = field(default_factory=dict)


def make_application(site: Site, hosts: Sequence[str]) -> ASGIApp:
    """The whole application, behind its guard and its lock."""
    folder = files("headwinds.serve") / "pages"
    site.pages = {path: (folder / name).read_bytes() for path, (name, _) in PAGES.items()}
    table: list[tuple[str, str, Endpoint]] = [
        *(("GET", path, _page) for path in PAGES),
        ("GET", "/health", _health),
        ("GET", "/ready", _ready),
        ("GET", "/metrics", _metrics),
        ("GET", "/openapi.json", _openapi),
        ("GET", "/v1/models", _models),
        ("GET", "/v1/models/{name}", _card),
        ("POST", "/v1/models/{name}/predict", _predict),
    ]
    routes = [Route(path, _told(path, endpoint), methods=[method]) for method, path, endpoint in table]
    application = Starlette(routes=routes, exception_handlers={HTTPException: _plain, Exception: _broken})
    application.router.redirect_slashes = False  # the redirect would repeat the request's own host
    application.state.site = site
    limits = site.limits
    return Guard(
        _Lock(application, site.key),
        frozenset(host.lower() for host in hosts),
        Buckets(limits.requests_a_second, limits.burst),
        Limits(largest_body=limits.largest_body),
    )


class _Lock:
    """Denies by default: whatever is not named open asks for the key. The path is the raw one, no URL is made of it."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app = app
        self.digest = hashlib.sha256(key.encode()).digest() if key else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 401."""
        if scope["type"] == "http" and self.digest and scope["path"] not in OPEN and not self._opens(scope):
            refused = JSONResponse({"error": "This needs a key."}, 401, {"www-authenticate": "Bearer"})
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _opens(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        if len(given) != 1:
            return False
        kind, _, key = given[0].partition(b" ")
        right = hmac.compare_digest(hashlib.sha256(key.strip()).digest(), self.digest)
        return right and kind.lower() == b"bearer"


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _told(path: str, endpoint: Endpoint) -> Endpoint:
    """A caller's mistake is one line with its status; every request is counted and logged without its content."""

    async def told(request: Request) -> Response:
        site, start = _site(request), time.perf_counter()
        request.state.facts = {}
        status = 500
        try:
            response = await _answered(endpoint, request)
            status = response.status_code
        finally:
            seconds = time.perf_counter() - start
            site.metrics.answered(path, status, seconds)
            site.journal.write(
                "request",
                route=path,
                status=status,
                milliseconds=round(1000 * seconds, 1),
                **request.state.facts,
            )
        return response

    return told


async def _answered(endpoint: Endpoint, request: Request) -> Response:
    try:
        return await endpoint(request)
    except RequestError as error:
        return JSONResponse({"error": str(error)}, error.status)
    except Overloaded:
        return JSONResponse({"error": "Too much waits; ask again later."}, 429, {"retry-after": "1"})
    except HeadwindsError as error:
        return JSONResponse({"error": str(error)}, 422)


async def _plain(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = "There is nothing here." if status == 404 else "This is not done here."
    return JSONResponse({"error": words}, status)


async def _broken(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "The server made a mistake. Its log has the place."}, 500)


async def _page(request: Request) -> Response:
    path = request.scope["path"]
    return Response(_site(request).pages[path], media_type=PAGES[path][1])


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> Response:
    site = _site(request)
    ready = bool(site.shelf.models) and not site.stopping
    return JSONResponse({"ready": ready}, 200 if ready else 503)


async def _metrics(request: Request) -> Response:
    site = _site(request)
    models = {name: shown.current.version for name, shown in site.shelf.models.items()}
    return Response(site.metrics.text(site.engine.waiting, models), media_type="text/plain; version=0.0.4")


async def _openapi(request: Request) -> Response:
    site = _site(request)
    return JSONResponse(document(site.shelf.models, key=bool(site.key), most_rows=site.limits.most_rows))


async def _models(request: Request) -> Response:
    models = _site(request).shelf.models
    return JSONResponse({"models": [_line(name, shown) for name, shown in sorted(models.items())]})


async def _card(request: Request) -> Response:
    name, shown = _named(request)
    columns = [
        {"name": one.name, "meaning": one.meaning, "needed": one.needed}
        for one in shown.current.model.task.columns
        if not one.label
    ]
    return JSONResponse({**_line(name, shown), "columns": columns, "card": asdict(shown.card)})


def _line(name: str, shown: Shown) -> dict[str, Any]:
    current = shown.current
    return {
        "name": name,
        "number": current.number,
        "version": current.version,
        "task": current.model.task.name,
        "precision": current.predictor.precision if current.predictor else current.model.facts.precision,
        "other_versions": sorted(shown.others),
    }


def _named(request: Request) -> tuple[str, Shown]:
    """The model of a name: a key in a table, and nothing else is done with it."""
    name = request.path_params["name"]
    shown = _site(request).shelf.models.get(name)
    if shown is None:
        raise RequestError(404, "There is no such model.")
    return name, shown


async def _predict(request: Request) -> Response:
    site = _site(request)
    name, shown = _named(request)
    number = read_version(request.scope["query_string"])
    loaded = shown.version(number)
    if loaded is None:
        raise RequestError(404, "There is no such version.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestError(415, "Send application/json.")
    rows = read_rows(await request.body(), site.limits.most_rows)
    request.state.facts = {"model": name, "version": loaded.version[:12], "rows": len(rows)}
    answer: Future[list[dict[str, Any]]] = Future()
    found = await _unless_gone(request, site, loaded, rows, answer)
    if found is None:
        return JSONResponse({"error": "It took too long, or nobody waits for it."}, 503, {"retry-after": "2"})
    predictions = [{"id": one, **prediction} for one, prediction in zip(*found, strict=True)]
    if LINES in request.headers.get("accept", ""):
        lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in predictions)
        return Response(lines.encode(), media_type=LINES, headers={"headwinds-version": loaded.version})
    content = {"model": name, "number": loaded.number, "version": loaded.version, "predictions": predictions}
    return Response(json.dumps(content, ensure_ascii=False).encode(), media_type="application/json")


async def _unless_gone(
    request: Request,
    site: Site,
    loaded: Loaded,
    rows: list[dict[str, Any]],
    answer: Future[list[dict[str, Any]]],
) -> tuple[Sequence[str], list[dict[str, Any]]] | None:
    """Ids and predictions; None where the caller has left or the time is over: then nobody computes for it."""

    async def work() -> tuple[Sequence[str], list[dict[str, Any]]]:
        ids = await run_in_threadpool(_submit, site, loaded, rows, answer)
        return ids, await asyncio.wrap_future(answer)

    working = asyncio.ensure_future(work())
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({working, gone}, timeout=site.limits.seconds, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return None
    finally:
        gone.cancel()
        answer.cancel()
        if not working.done():
            working.cancel()
            working.add_done_callback(_forget)


def _forget(work: asyncio.Future[Any]) -> None:
    if not work.cancelled():
        work.exception()


def _submit(
    site: Site, loaded: Loaded, rows: list[dict[str, Any]], answer: Future[list[dict[str, Any]]]
) -> Sequence[str]:
    try:
        return site.engine.submit(loaded, rows, answer, seconds=site.limits.seconds)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise RequestError(422, "A row is not what this task reads; see /openapi.json.") from error
