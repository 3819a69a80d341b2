"""HTML from templates that escape everything, and the files beside it, all of them in memory from the start."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from starlette.responses import Response

STATIC = {
    "style.css": "text/css",
    "outbox.js": "text/javascript",
    "form.js": "text/javascript",
    "read.js": "text/javascript",
    "adjudicate.js": "text/javascript",
    "live.js": "text/javascript",
}
"""Every file that is served; a request names one of these or nothing."""


class Pages:
    """The templates and the files."""

    def __init__(self) -> None:
        self.environment = jinja2.Environment(
            loader=jinja2.PackageLoader("headwinds.annotate.web", "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        folder = files("headwinds.annotate.web") / "static"
        self.content = {name: (folder / name).read_bytes() for name in STATIC}

    def page(self, template: str, status: int, **values: Any) -> Response:
        """A page."""
        return HTMLResponse(self.environment.get_template(template).render(**values), status)

    def static(self, name: str) -> tuple[bytes, str]:
        """A file and its type."""
        return self.content[name], STATIC[name]
