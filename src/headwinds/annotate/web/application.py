"""Routes: which page or answer belongs to which request. Each is closed to whoever did not enter, unless named open."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from headwinds.annotate.agreement import Agreement, agreement
from headwinds.annotate.store import annotators, enrol, events, items, record
from headwinds.annotate.web import views
from headwinds.annotate.web.pages import STATIC, Pages
from headwinds.annotate.web.requests import RequestError, read_answers, whole_number
from headwinds.annotate.web.sessions import Sessions
from headwinds.errors import HeadwindsError, SettingsError
from headwinds.phrases.catalogue import ENGLISH, ERRORS, TERMINAL, translate_text
from headwinds.web.guard import Buckets, Guard

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from headwinds.annotate.project import AnnotationProject

DAYS_OF_A_SESSION = 60
ENTRIES_A_SECOND, ENTRIES_AT_ONCE = 0.5, 10.0
"""Tries at the token: slow enough that guessing one is hopeless."""

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Site:
    """What the routes share.

    Attributes
    ----------
    names
        The annotators who may enter; empty: everybody, under a name of their own choice.
    adjudicators
        Those who may decide on disagreements; empty: everybody who entered.
    language
        Of the pages, and of what is said to whoever reads on them.
    """

    project: AnnotationProject
    sessions: Sessions
    names: tuple[str, ...] = ()
    adjudicators: tuple[str, ...] = ()
    language: str = ENGLISH
    pages: Pages = field(default_factory=Pages)
    entries: Buckets = field(default_factory=lambda: Buckets(ENTRIES_A_SECOND, ENTRIES_AT_ONCE))
    lock: threading.Lock = field(default_factory=threading.Lock)
    known: tuple[int, Agreement] | None = None

    def agreement(self) -> Agreement:
        """Agreement of now; computed again only when an event came."""
        with self.lock:
            found = events(self.project)
            newest = found[-1].number if found else 0
            if self.known is None or self.known[0] != newest:
                documents = {
                    item.number: self.project.passages.by_id[item.passage_id].document_id
                    for item in items(self.project)
                }
                self.known = (newest, agreement(self.project.scheme, found, documents))
            return self.known[1]

    def told(self, words: str, book: str = ERRORS) -> str:
        """Words for whoever reads, in the pages' language."""
        return translate_text(words, self.language, book)

    def decides(self, name: str) -> bool:
        """Whether somebody may adjudicate."""
        return not self.adjudicators or name in self.adjudicators


def make_application(
    project: AnnotationProject,
    *,
    hosts: Sequence[str] = ("127.0.0.1", "localhost", "[::1]"),
    token: str = "",
    names: Sequence[str] = (),
    adjudicators: Sequence[str] = (),
    language: str = ENGLISH,
) -> ASGIApp:
    """The whole application, behind its guard; its pages are in a language."""
    sessions = Sessions(project.secret, token)
    site = Site(project, sessions, tuple(names), tuple(adjudicators), language, Pages(language))
    open_routes: list[tuple[str, str, Endpoint]] = [
        ("GET", "/health", _health),
        ("GET", "/enter", _enter_page),
        ("POST", "/enter", _enter),
        *(("GET", f"/static/{name}", _static(name)) for name in STATIC),
    ]
    closed_routes: list[tuple[str, str, Endpoint]] = [
        ("GET", "/", _read_page),
        ("GET", "/agreement", _agreement_page),
        ("GET", "/adjudicate", _adjudicate_page),
        ("GET", "/api/queue", _queue),
        ("GET", "/api/mine", _mine),
        ("GET", "/api/context", _context),
        ("GET", "/api/disputes", _disputes),
        ("POST", "/api/answers", _answers),
        ("POST", "/leave", _leave),
    ]
    routes = [Route(path, _said(endpoint), methods=[method]) for method, path, endpoint in open_routes]
    routes += [
        Route(path, _said(_entered(endpoint)), methods=[method]) for method, path, endpoint in closed_routes
    ]
    application = Starlette(routes=routes, exception_handlers={HTTPException: _plain, Exception: _broken})
    application.router.redirect_slashes = False  # the redirect would repeat the request's own host
    application.state.site = site
    return Guard(application, frozenset(host.lower() for host in hosts))


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _who(request: Request) -> str | None:
    site = _site(request)
    return site.sessions.read(request.cookies.get(site.sessions.cookie, ""))


def _entered(endpoint: Endpoint) -> Endpoint:
    """Only for those who entered: others are sent to the door, and programs told so."""

    async def closed(request: Request) -> Response:
        name = _who(request)
        site = _site(request)
        if name is None or (site.names and name not in site.names):
            if request.scope["path"].startswith("/api/") or request.method == "POST":
                return JSONResponse({"error": "Enter first."}, 401)
            return RedirectResponse("/enter", 303)
        request.state.annotator = name
        return await endpoint(request)

    return closed


def _said(endpoint: Endpoint) -> Endpoint:
    """A user's mistake and a database that refuses are one line, never a traceback."""

    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RequestError as error:
            return JSONResponse({"error": f"This cannot be read: {error}."}, 422)
        except HeadwindsError as error:
            answer = {"error": _site(request).told(str(error))}
            if isinstance(error, SettingsError):
                return JSONResponse(answer, 422)
            return JSONResponse(answer, 503, {"retry-after": "2"})

    return told


async def _plain(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = "There is nothing here." if status == 404 else "This is not done here."
    return JSONResponse({"error": words}, status, error.headers if isinstance(error, HTTPException) else None)


async def _broken(_: Request, __: Exception) -> Response:
    return JSONResponse(
        {"error": "The server made a mistake; nothing was half-written. Its log has the place."}, 500
    )


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _static(name: str) -> Endpoint:
    async def give(request: Request) -> Response:
        content, kind = _site(request).pages.static(name)
        return Response(content, media_type=kind)

    return give


async def _enter_page(request: Request) -> Response:
    return await _door(request, "")


async def _door(request: Request, problem: str, status: int = 200) -> Response:
    site = _site(request)
    known = site.names or await run_in_threadpool(annotators, site.project)
    closed = bool(site.sessions.token)
    shown = () if closed and not site.names else known  # who annotates is not told to strangers
    return site.pages.page(
        "enter.html.j2",
        status,
        title=site.project.title,
        names=() if closed else shown,
        fixed=bool(site.names),
        token=closed,
        problem=site.told(problem),
    )


async def _enter(request: Request) -> Response:
    site = _site(request)
    client = request.client.host if request.client else ""
    if site.entries.wait(client):
        return await _door(request, "Too many tries; wait a little.", 429)
    form = _form(await request.body())
    if site.sessions.token and not site.sessions.opens(form.get("token", "")):
        return await _door(request, "That is not the token.", 403)
    try:
        name = (
            await run_in_threadpool(enrol, site.project, form.get("name", ""))
            if not site.names
            else _listed(site, form)
        )
    except SettingsError as error:
        return await _door(request, str(error), 422)
    response = RedirectResponse("/", 303)
    age = DAYS_OF_A_SESSION * 24 * 3600
    response.set_cookie(
        site.sessions.cookie, site.sessions.sign(name), max_age=age, httponly=True, samesite="strict"
    )
    return response


def _listed(site: Site, form: dict[str, str]) -> str:
    wanted = " ".join(form.get("name", "").split()).casefold()
    for name in site.names:
        if name.casefold() == wanted:
            return name
    raise SettingsError("That name is not on the list of annotators.")


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=8)
    except (UnicodeError, ValueError) as error:
        raise RequestError("the form is damaged") from error
    return {name: values[0] for name, values in fields.items()}


async def _leave(request: Request) -> Response:
    response = RedirectResponse("/enter", 303)
    response.delete_cookie(_site(request).sessions.cookie)
    return response


async def _read_page(request: Request) -> Response:
    return _shell(request, "read.html.j2", "read")


async def _adjudicate_page(request: Request) -> Response:
    if not _site(request).decides(request.state.annotator):
        return JSONResponse({"error": "Only adjudicators decide on disagreements."}, 403)
    return _shell(request, "adjudicate.html.j2", "adjudicate")


def _shell(request: Request, template: str, here: str, **more: Any) -> Response:
    site = _site(request)
    return site.pages.page(
        template,
        200,
        title=site.project.title,
        here=here,
        annotator=request.state.annotator,
        decides=site.decides(request.state.annotator),
        scheme=site.project.scheme,
        labels=views.label_rows(site.project),
        rules=site.project.codebook.rules,
        project_id=site.sessions.cookie,
        **more,
    )


async def _agreement_page(request: Request) -> Response:
    site = _site(request)
    found = await run_in_threadpool(site.agreement)
    counts = await run_in_threadpool(views.progress_view, site.project, request.state.annotator)
    readers = await run_in_threadpool(views.reader_rows, site.project)
    disputes = await run_in_threadpool(views.disputes_view, site.project)
    for one in readers:
        one["seconds"] = site.told(one["seconds"], TERMINAL)
    rows = views.agreement_rows(found)
    for row in rows:
        row |= {name: site.told(row[name], TERMINAL) for name in ("value", "interval")}
    return _shell(
        request,
        "agreement.html.j2",
        "agreement",
        rows=rows,
        findings=[one.in_language(site.language) for one in found.findings],
        counts=counts,
        readers=readers,
        disputes=len(disputes["items"]),
        level=f"{found.level:.0%}",
    )


async def _queue(request: Request) -> Response:
    count = whole_number(request.query_params.get("count"), least=1, most=50, default=8)
    site = _site(request)
    return JSONResponse(
        await run_in_threadpool(views.queue_view, site.project, request.state.annotator, count)
    )


async def _mine(request: Request) -> Response:
    count = whole_number(request.query_params.get("count"), least=1, most=200, default=50)
    site = _site(request)
    return JSONResponse(
        await run_in_threadpool(views.mine_view, site.project, request.state.annotator, count)
    )


async def _context(request: Request) -> Response:
    number = whole_number(request.query_params.get("item"), least=1, most=2**31 - 1)
    site = _site(request)
    found = await run_in_threadpool(items, site.project, [number])
    if not found:
        return JSONResponse({"error": "There is no such passage in the queue."}, 404)
    return JSONResponse(views.context_view(site.project, found[0]))


async def _disputes(request: Request) -> Response:
    site = _site(request)
    if not site.decides(request.state.annotator):
        return JSONResponse({"error": "Only adjudicators decide on disagreements."}, 403)
    return JSONResponse(await run_in_threadpool(views.disputes_view, site.project))


async def _answers(request: Request) -> Response:
    site = _site(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return JSONResponse({"error": "Send JSON."}, 415)
    sent = read_answers(await request.body(), request.state.annotator)
    if any(event.kind == "adjudicate" for event in sent) and not site.decides(request.state.annotator):
        return JSONResponse({"error": "Only adjudicators decide on disagreements."}, 403)
    stands, refused = await run_in_threadpool(record, site.project, sent)
    counts = await run_in_threadpool(views.progress_view, site.project, request.state.annotator)
    reasons = {client: site.told(reason) for client, reason in refused.items()}
    return JSONResponse({"stands": stands, "refused": reasons, "progress": counts})
