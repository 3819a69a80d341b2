"""What the routes share: limits, the models, the workers; and how a request's model is found."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter

from headwinds.phrases.catalogue import ENGLISH
from headwinds.serve.incoming import RequestError, read_version

if TYPE_CHECKING:
    from starlette.requests import Request

    from headwinds.serve.calculator import Calculator
    from headwinds.serve.engine import Engines, Loaded
    from headwinds.serve.journal import Journal
    from headwinds.serve.metrics import Metrics
    from headwinds.serve.shelf import Shelf, Shown

READERS = 4
"""Threads that take requests apart; more of them would only wait for one another, and everybody else for them."""


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """What a caller may ask for.

    Attributes
    ----------
    most_rows, largest_body
        Of a request: rows, bytes.
    seconds
        For an answer; then 503, and a stream ends.
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
    """What the routes share.

    `runs` holds, by model, the files of a finished run by their names; `since` is its start (seconds since 1970);
    `calculator` computes analyses of panels, where they are served; `readers` are the threads that read what was sent;
    `language` is that of the pages.
    """

    shelf: Shelf
    engines: Engines
    limits: ServingLimits
    metrics: Metrics
    journal: Journal
    key: str = ""
    stopping: bool = False
    pages: dict[str, bytes] = field(default_factory=dict)
    runs: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    since: int = field(default_factory=lambda: int(time.time()))
    calculator: Calculator | None = None
    language: str = ENGLISH
    readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(READERS))


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site


def named(request: Request) -> tuple[str, Shown]:
    """The model of a name in the path: a key in a table, and nothing else is done with it.

    Raises
    ------
    RequestError
        There is none.
    """
    name = request.path_params["name"]
    shown = site_of(request).shelf.models.get(name)
    if shown is None:
        raise RequestError(404, "There is no such model.")
    return name, shown


def asked_version(request: Request) -> tuple[str, Loaded]:
    """The model of a name in the path, in the version that the query asks for.

    Raises
    ------
    RequestError
        There is none.
    """
    name, shown = named(request)
    loaded = shown.version(read_version(request.scope["query_string"]))
    if loaded is None:
        raise RequestError(404, "There is no such version.")
    return name, loaded


async def json_body(request: Request) -> bytes:
    """The body of a request that says it is JSON.

    Raises
    ------
    RequestError
        It says it is something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestError(415, "Send application/json.")
    return await request.body()


def note(request: Request, **facts: Any) -> None:
    """What the log tells of a request beside its route, status and time."""
    request.state.facts = {**request.state.facts, **facts}
