"""When a row is of: a column of numbers, or of dates as ISO 8601 writes them; all of one kind and so in one order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from headwinds.adapt.sides import require_column
from headwinds.adapt.tasks.contract import Row
from headwinds.errors import DataError, quoted

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def times_of(rows: Sequence[Row], column: str) -> tuple[Any, ...]:
    """What orders each row; equal values are equal however they are written (2001 and 2001.0).

    Raises
    ------
    DataError
        There is no such column; a row is empty there, or neither number nor date, or of another kind than the first.
    """
    require_column(rows, column)
    found: list[Any] = []
    first = ""
    for row in rows:
        value = row.values.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise DataError(f"{row.place}: {column} is empty.", remedy="Fill it, or split by another column.")
        kind, time = _read(value)
        if not kind:
            raise DataError(
                f"{row.place}: {column} is {quoted(value)}, which is neither a number nor a date.",
                remedy="Write a year or another number, or a date as 2001-05-31.",
            )
        first = first or kind
        if kind != first:
            raise DataError(
                f"{row.place}: {column} is {quoted(value)}, {kind}, and in {rows[0].place} it is {first}.",
                remedy="Write all of them in one way, so that they have one order.",
            )
        found.append(time)
    return tuple(found)


def _read(value: Any) -> tuple[str, Any]:
    """The kind of a cell and what it is ordered by; no kind where it is neither number nor date."""
    if isinstance(value, str):
        return _read_text(value.strip())
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return "a day", value
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        number = Decimal(str(value))
        return ("a number", number) if number.is_finite() else ("", None)
    return "", None


def _read_text(text: str) -> tuple[str, Any]:
    if _NUMBER.fullmatch(text):
        return "a number", Decimal(text)
    try:
        if _MONTH.fullmatch(text):
            return "a month", date.fromisoformat(f"{text}-01")
        if _DAY.fullmatch(text):
            return "a day", date.fromisoformat(text)
        return _moment(datetime.fromisoformat(text)) if _DAY.match(text) else ("", None)
    except ValueError:
        return "", None


def _moment(value: datetime) -> tuple[str, Any]:
    return ("a time" if value.tzinfo is None else "a time with a zone"), value
