"""Routes: typed JSON in, predictions out. All are closed to whoever has no key, but those that tell nothing."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headwinds.adapt.tasks.contract import writes
from headwinds.serve.compatible import chat, completions
from headwinds.serve.evidence import evidence
from headwinds.serve.explaining import explain, explains
from headwinds.serve.incoming import RequestError
from headwinds.serve.openapi import document
from headwinds.serve.panels import analyse, analyses
from headwinds.serve.predicting import predict
from headwinds.serve.site import Site, named, site_of
from headwinds.serve.waiting import MISTAKES, mistake_of
from headwinds.serve.wording import (
    PAGE,
    asked_language,
    told_card,
    told_costs,
    told_document,
    told_error,
    told_meaning,
    told_names,
)
from headwinds.web.guard import Buckets, Guard, Limits
from headwinds.web.wording import page_in

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from headwinds.serve.shelf import Shown

PAGES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/docs": ("api.html", "text/html; charset=utf-8"),
    "/static/style.css": ("style.css", "text/css"),
    "/static/app.js": ("app.js", "text/javascript"),
    "/static/api.js": ("api.js", "text/javascript"),
}
"""Every file that is served; they say nothing of the models."""
PROBES = ("/health", "/ready")
OPEN = frozenset({*PROBES, *PAGES})
Endpoint = Callable[[Request], Awaitable[Response]]


def make_application(site: Site, hosts: Sequence[str]) -> ASGIApp:
    """The whole application, behind its guard and its lock."""
    folder = files("headwinds.serve") / "pages"
    site.pages = {
        path: page_in((folder / name).read_text(encoding="utf-8"), name, site.language, PAGE).encode()
        for path, (name, _) in PAGES.items()
    }
    table: list[tuple[str, str, Endpoint]] = [
        *(("GET", path, _page) for path in PAGES),
        ("GET", "/health", _health),
        ("GET", "/ready", _ready),
        ("GET", "/metrics", _metrics),
        ("GET", "/openapi.json", _openapi),
        ("GET", "/v1/models", _models),
        ("GET", "/v1/models/{name}", _card),
        ("POST", "/v1/models/{name}/predict", predict),
        ("POST", "/v1/models/{name}/explain", explain),
        ("GET", "/v1/models/{name}/run/{file}", evidence),
        ("GET", "/v1/explain", analyses),
        ("POST", "/v1/explain/{analysis}", analyse),
        ("POST", "/v1/chat/completions", chat),
        ("POST", "/v1/completions", completions),
    ]
    routes = [Route(path, _told(path, endpoint), methods=[method]) for method, path, endpoint in table]
    application = Starlette(routes=routes, exception_handlers={HTTPException: _plain, Exception: _broken})
    application.router.redirect_slashes = False  # the redirect would repeat the request's own host
    application.state.site = site
    limits, lock = site.limits, _Lock(application, site.key)
    return Guard(
        lock,
        frozenset(host.lower() for host in hosts),
        Buckets(limits.requests_a_second, limits.burst),
        Limits(largest_body=limits.largest_body),
        lock.knows,
    )


class _Lock:
    """Denies by default: whatever is not named open asks for the key. The path is the raw one, no URL is made of it."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app = app
        self.digest = hashlib.sha256(key.encode()).digest() if key else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 401."""
        if scope["type"] == "http" and scope["path"] not in OPEN and not self.knows(scope):
            refused = JSONResponse({"error": "This needs a key."}, 401, {"www-authenticate": "Bearer"})
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def knows(self, scope: Scope) -> bool:
        """Whether the request has the key, or none is asked for."""
        if not self.digest:
            return True
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        if len(given) != 1:
            return False
        kind, _, key = given[0].partition(b" ")
        right = hmac.compare_digest(hashlib.sha256(key.strip()).digest(), self.digest)
        return right and kind.lower() == b"bearer"


def _told(path: str, endpoint: Endpoint) -> Endpoint:
    """A caller's mistake is one line with its status; every request is counted and logged without its content."""

    async def told(request: Request) -> Response:
        site, start = site_of(request), time.perf_counter()
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
    except MISTAKES as error:
        status, words = mistake_of(error)
        words = told_error(words, asked_language(request))
        return JSONResponse({"error": words}, status, {"retry-after": "1"} if status in (429, 503) else None)


async def _plain(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    if status == 404:
        found = RequestError(404, "There is nothing here.")
    else:
        allowed = (headers or {}).get("Allow", "another method")
        found = RequestError(status, f"This is not done here, but {allowed} is.")
    return JSONResponse({"error": told_error(str(found), asked_language(request))}, status, headers)


async def _broken(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "The server made a mistake. Its log has the place."}, 500)


async def _page(request: Request) -> Response:
    path = request.scope["path"]
    return Response(site_of(request).pages[path], media_type=PAGES[path][1])


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> Response:
    site = site_of(request)
    there = site.calculator.ready if site.calculator else bool(site.shelf.models)
    ready = there and not site.stopping
    return JSONResponse({"ready": ready}, 200 if ready else 503)


async def _metrics(request: Request) -> Response:
    site = site_of(request)
    models = {name: shown.current.version for name, shown in site.shelf.models.items()}
    return Response(site.metrics.text(site.engines.waiting, models), media_type="text/plain; version=0.0.4")


async def _openapi(request: Request) -> Response:
    site = site_of(request)
    found = document(
        site.shelf.models,
        key=bool(site.key),
        most_rows=site.limits.most_rows,
        panels=site.calculator is not None,
    )
    return JSONResponse(told_document(found, asked_language(request)))


async def _models(request: Request) -> Response:
    site = site_of(request)
    lines = [_line(name, shown) for name, shown in sorted(site.shelf.models.items())]
    entries = [_entry(name, site) for name in sorted(site.shelf.models)]
    return JSONResponse({"models": lines, "object": "list", "data": entries})


async def _card(request: Request) -> Response:
    name, shown = named(request)
    language = asked_language(request)
    columns = [
        {"name": one.name, "meaning": told_meaning(one.meaning, language), "needed": one.needed}
        for one in shown.current.model.task.columns
        if not one.label
    ]
    more = {"explains": explains(shown.current.model), "run": sorted(site_of(request).runs.get(name, {}))}
    told: dict[str, Any] = {"card": told_card(asdict(shown.card), language)}
    told["names"] = told_names(shown.card, language)
    told["costs"] = told_costs(shown.card, language)
    entry = _entry(name, site_of(request))
    return JSONResponse({**_line(name, shown), **entry, "columns": columns, **told, **more})


def _entry(name: str, site: Site) -> dict[str, Any]:
    """A model as OpenAI's server has it."""
    return {"id": name, "object": "model", "created": site.since, "owned_by": "headwinds"}


def _line(name: str, shown: Shown) -> dict[str, Any]:
    current = shown.current
    return {
        "name": name,
        "number": current.number,
        "version": current.version,
        "task": current.model.task.name,
        "writes": writes(current.model.task),
        "precision": current.predictor.precision if current.predictor else current.model.facts.precision,
        "other_versions": sorted(shown.others),
    }
