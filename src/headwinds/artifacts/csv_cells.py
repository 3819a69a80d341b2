"""CSV as text: every cell comes back as it was, and for people those are guarded that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula begins with (OWASP, CSV injection), in full width too."""
UNSEEN = ("C", "M", "Z")
"""Categories of Unicode without a shape of their own: controls, marks of order and joins, combining marks, spaces."""
BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and a symbol that are drawn as nothing: fillers of Hangul, the empty cell of Braille."""


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]], *, delimiter: str = ",") -> str:
    """Header and rows with line feeds between them.

    Python's writer (before 3.13) leaves a carriage return unquoted where lines end otherwise, and a reader then ends the row
    there. So a row with one is quoted whole.
    """
    buffer = io.StringIO(newline="")
    plain = csv.writer(buffer, lineterminator="\n", delimiter=delimiter)
    quoted = csv.writer(buffer, lineterminator="\n", delimiter=delimiter, quoting=csv.QUOTE_ALL)
    for row in (header, *rows):
        torn = any(isinstance(value, str) and "\r" in value for value in row)
        (quoted if torn else plain).writerow(row)
    return buffer.getvalue()


def table_text(table: DataFrame, *, for_spreadsheets: bool = False) -> str:
    """A table as `csv_text`: what is missing is an empty cell, numbers as Python writes them.

    With `for_spreadsheets`, texts are `guarded`.
    """

    def cell(value: Any, absent: bool) -> Any:
        if absent:
            return ""
        return guarded(value) if for_spreadsheets and isinstance(value, str) else value

    columns = []
    for place in range(table.shape[1]):  # by place: names may stand twice
        column = table.iloc[:, place]
        absent = column.isna().tolist()
        columns.append([cell(one, no) for one, no in zip(column.tolist(), absent, strict=True)])
    names = [str(name) for name in table.columns]
    header = [guarded(name) for name in names] if for_spreadsheets else names
    return csv_text(header, zip(*columns, strict=True))


def guarded(text: str) -> str:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it; any other text as it is.

    The apostrophe changes the text for a program that reads it. So it stands in files that are for people, beside which the
    same values stand as they are, and elsewhere only where it is asked for.
    """
    return f"'{text}" if text.startswith(FORMULA) or _begins_formula(text) else text


def _begins_formula(text: str) -> bool:
    """Whether the first thing to be seen of a text begins a formula: a spreadsheet may drop what stands unseen before it."""
    for character in text:
        if not (character.isspace() or character in BLANK or unicodedata.category(character)[0] in UNSEEN):
            return character in FORMULA
    return False
