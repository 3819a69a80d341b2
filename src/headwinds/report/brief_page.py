"""The brief as a page that prints on one sheet of A4; its limits are those of the report, and no setting leaves them out."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.installed import installed_version
from headwinds.artifacts.write import write_bytes
from headwinds.report.localised import in_language
from headwinds.report.messages import load_messages

if TYPE_CHECKING:
    from headwinds.report.content import ReportContent

LONGEST = 2200
"""Columns of text (a Chinese character takes two) that fit on a sheet in the usual size; more is set smaller."""


def columns_of(text: str) -> int:
    """How much room a text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


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

    from headwinds.report.brief import make_brief
    from headwinds.report.page import limits_of, page_environment
    from headwinds.report.tables import make_tables

    messages = load_messages(language, content.kind, content.grades)
    content = in_language(content, language)
    brief = make_brief(content, make_tables(content, messages), messages)
    environment, read = page_environment()
    picture = (pictures or {}).get(brief.pictured)
    limits = limits_of(content, messages)
    words = (*limits, *brief.sure, *(one.text for one in brief.statements), content.question)
    text = environment.get_template("brief.html.j2").render(
        content=content,
        t=messages,
        brief=brief,
        limits=limits,
        dense=sum(map(columns_of, words)) > LONGEST,
        picture=base64.b64encode(picture).decode("ascii") if picture else "",
        css=Markup(read("brief.css")),  # noqa: S704 - our own file
        version=installed_version("headwinds"),
        study=study,
    )
    return text.encode("utf-8", "replace")
