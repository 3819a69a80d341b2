"""What a model was used for: the report of a finished run and its indices, read once at the start and linked on the page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response

from headwinds.errors import SettingsError
from headwinds.serve.incoming import RequestError
from headwinds.serve.site import named, site_of

if TYPE_CHECKING:
    from starlette.requests import Request

REPORT = "report.html"
LARGEST = 64_000_000
# A report is a page of its own: it may be styled, and runs no script here.
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'none'"


def read_run(folder: Path) -> Mapping[str, bytes]:
    """The report of a run and the tables of its indices, by name.

    Raises
    ------
    SettingsError
        There is no report in the folder, or a file is too large.
    """
    place = folder if (folder / REPORT).is_file() else folder / "report"
    if not (place / REPORT).is_file():
        raise SettingsError(
            f"run = {str(folder)!r} holds no report.", remedy="Name the folder of a finished run."
        )
    files = [place / REPORT, *sorted((place / "tables").glob("index*.csv"))]
    for path in files:
        if path.stat().st_size > LARGEST:
            raise SettingsError(f"{path} is larger than {LARGEST:,} bytes.", remedy="Leave --run out.")
    return {path.name: path.read_bytes() for path in files}


async def evidence(request: Request) -> Response:
    """One of the files of a model's run: a key in a table that was read at the start."""
    name, _ = named(request)
    content = site_of(request).runs.get(name, {}).get(request.path_params["file"])
    if content is None:
        raise RequestError(404, "There is nothing here.")
    kind = "text/html" if request.path_params["file"] == REPORT else "text/csv"
    return Response(content, media_type=kind, headers={"content-security-policy": POLICY})
