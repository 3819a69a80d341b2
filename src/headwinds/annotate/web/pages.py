"""HTML from templates that escape everything, and the files beside it, in one language, all in memory from the start."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
from starlette.responses import HTMLResponse

from headwinds.phrases.catalogue import ENGLISH
from headwinds.web.wording import page_in

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
READING = "reading"
"""The book of phrases with the words of these pages."""


class Pages:
    """The templates and the files."""

    def __init__(self, language: str = ENGLISH) -> None:
        folder = files("headwinds.annotate.web")
        templates = {one.name: one.read_text(encoding="utf-8") for one in (folder / "templates").iterdir()}
        scripts = {name: (folder / "static" / name).read_text(encoding="utf-8") for name in STATIC}
        self.environment = jinja2.Environment(
            loader=jinja2.DictLoader(_told(templates, language)),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.content = {name: text.encode() for name, text in _told(scripts, language).items()}

    def page(self, template: str, status: int, **values: Any) -> Response:
        """A page."""
        return HTMLResponse(self.environment.get_template(template).render(**values), status)

    def static(self, name: str) -> tuple[bytes, str]:
        """A file and its type."""
        return self.content[name], STATIC[name]


def _told(contents: Mapping[str, str], language: str) -> dict[str, str]:
    return {name: page_in(text, name, language, READING) for name, text in contents.items()}
