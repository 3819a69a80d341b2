"""The brief as a page that prints on one sheet of A4; its limits are those of the report, and no setting leaves them out."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.write import write_bytes
from headwinds.report.messages import load_messages

if TYPE_CHECKING:
    from headwinds.report.content import ReportContent


def write_brief(
    content: ReportContent,
    directory: Path,
    *,
    language: str = "en",
    pictures: Mapping[str, bytes] | None = None,
    study: str = "",
) -> None:
    """Write the brief into an existing folder.

    Parameters
    ----------
    content
        What the report shows.
    language
        Of the page's own words.
    pictures
        The report's figures as SVG, by name; the page takes one, or none if it is not there.
    study
        What identifies the study's run, for the last line.

    Raises
    ------
    SettingsError
        If the language is unknown.
    MismatchError
        As `headwinds.report.write_report`.
    """
    page = render_brief(content, language=language, pictures=pictures, study=study)
    write_bytes(directory / "brief.html", page)


def render_brief(
    content: ReportContent,
    *,
    language: str = "en",
    pictures: Mapping[str, bytes] | None = None,
    study: str = "",
) -> bytes:
    """The page: the same content gives the same bytes."""
    from markupsafe import Markup

    from headwinds import __version__
    from headwinds.report.brief import make_brief
    from headwinds.report.page import limits_of, page_environment
    from headwinds.report.tables import make_tables

    messages = load_messages(language)
    brief = make_brief(content, make_tables(content, messages), messages)
    environment, read = page_environment()
    picture = (pictures or {}).get(brief.pictured)
    text = environment.get_template("brief.html.j2").render(
        content=content,
        t=messages,
        brief=brief,
        limits=limits_of(content, messages),
        picture=base64.b64encode(picture).decode("ascii") if picture else "",
        css=Markup(read("brief.css")),  # noqa: S704 - our own file
        version=__version__,
        study=study,
    )
    return text.encode("utf-8", "replace")
