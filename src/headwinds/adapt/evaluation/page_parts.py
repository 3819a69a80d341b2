"""Parts of the pages of tests, audits and searches: headings and notes in the language that is spoken, and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from headwinds.phrases.catalogue import written


def heading(text: str) -> str:
    """A heading of a section."""
    return f"<h2>{escape(written(text))}</h2>"


def note(text: str) -> str:
    """A remark in small type."""
    return f'<p class="note">{escape(written(text))}</p>'


def table(
    headings: Iterable[str],
    rows: Iterable[Sequence[str]],
    *,
    classes: Mapping[int, str] | None = None,
    raw_last: bool = False,
) -> str:
    """A table whose words are told already; `classes` are those of columns, and with `raw_last` the last cells are HTML."""
    kinds = {place: f' class="{name}"' for place, name in (classes or {}).items()}
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in headings)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{kinds.get(place, '')}>{cell if raw_last and place == len(row) - 1 else escape(cell)}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
