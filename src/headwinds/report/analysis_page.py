"""One analysis of a panel as a page of its own: words, a picture and a table, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.report.cells import read_table
from headwinds.report.localised import told_table
from headwinds.report.messages import load_messages
from headwinds.report.views import plain_view

if TYPE_CHECKING:
    from headwinds.contracts.result import Result


def analysis_page(name: str, found: Result, picture: bytes, *, language: str = "en") -> str:
    """The page of a result, which opens without a network; every text is escaped.

    Parameters
    ----------
    name
        Of the analysis, as on the command line: its title stands in the catalogue of the page's words.
    found
        The result; its summary is told in the language that is spoken here.
    picture
        The result drawn, as SVG.

    Raises
    ------
    SettingsError
        If the language is unknown.
    """
    from markupsafe import Markup, escape

    from headwinds.drawing.canvas import inline
    from headwinds.phrases.catalogue import say
    from headwinds.report.page import page_environment

    messages = load_messages(language)
    title = messages(f"analysis_{name}")
    table = read_table(name, messages("table_of", title=title), told_table(found.table, language))
    alternative = messages("figure_alternative", title=title, rows=len(found.table))
    environment, read = page_environment()
    return environment.get_template("analysis.html.j2").render(
        t=messages,
        title=title,
        sentences=[say(line) for line in found.summary().splitlines()],
        name=name,
        picture=Markup(inline(picture, name, str(escape(alternative)), {})),  # noqa: S704 - matplotlib escapes its texts
        view=plain_view(table, messages),
        css=Markup(read("style.css")),  # noqa: S704 - our own file
    )
