"""What is sent, taken apart and bounded before anything is done with it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from headwinds.errors import quoted

VERSION = re.compile(rb"version=([0-9]{1,7})")
MOST_COLUMNS = 32


class RequestError(Exception):
    """What was sent cannot be answered; the message is for whoever sent it, and repeats nothing of it but where to look."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def read_version(query: bytes) -> int | None:
    """The number of a version that a query asks for; None for the one in production.

    Raises
    ------
    RequestError
        The query is another one.
    """
    if not query:
        return None
    found = VERSION.fullmatch(query)
    if found is None or int(found.group(1)) < 1:
        raise RequestError(422, "The query is version=NUMBER, or none.")
    return int(found.group(1))


def read_rows(body: bytes, most_rows: int) -> list[dict[str, Any]]:
    """Rows of ``{"rows": [{...}, ...]}``; whether a row fits the task is the task's to say.

    Raises
    ------
    RequestError
        It is no such JSON, more than is allowed, or two rows have one id.
    """
    content = plain_json(body)
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows or set(content) != {"rows"}:
        raise RequestError(422, 'The body is not {"rows": [...]} with at least one row.')
    if len(rows) > most_rows:
        raise RequestError(422, f"There are more than {most_rows} rows; send them in several requests.")
    first: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        check_row(row, f"Row {number}")
        # As of files: predictions are told by id, and of two rows with one nobody could say which is meant.
        before = first.setdefault(row.get("id") or f"row {number}", number)
        if before < number:
            raise RequestError(
                422,
                f"Row {number} has the id of row {before}; give each row an id of its own, or leave id out.",
            )
    return rows


def check_row(row: Any, name: str) -> None:
    """Whether it can be a row at all.

    Raises
    ------
    RequestError
        It cannot.
    """
    if not isinstance(row, dict) or len(row) > MOST_COLUMNS:
        raise RequestError(422, f"{name} is not an object of at most {MOST_COLUMNS} columns.")
    if "id" in row and not isinstance(row["id"], str):
        raise RequestError(422, f"{name}: id is no text.")


def plain_json(body: bytes) -> Any:
    """JSON in UTF-8 with whole characters and finite numbers.

    Raises
    ------
    RequestError
        It is something else.
    """
    try:
        content = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(422, "The body is not JSON in UTF-8.") from error
    try:
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError) as error:
        raise RequestError(422, "The body holds half a character.") from error
    except ValueError as error:  # 1e400 is JSON, and no number that can be computed with
        place = _endless(content)
        raise RequestError(
            422,
            f"{quoted(place)} holds a number that is too large; the largest is about 1.8e308."
            if place
            else "The body is a number that is too large; the largest is about 1.8e308.",
        ) from error
    return content


def _endless(content: Any) -> str:
    """Where the first infinite number stands, such as ``rows[2].weight``; "" where it is all there is."""
    left = [("", content)]
    while left:
        place, value = left.pop()
        if isinstance(value, dict):
            inside = [(f"{place}.{name}" if place else name, one) for name, one in value.items()]
        elif isinstance(value, list):
            inside = [(f"{place}[{number}]", one) for number, one in enumerate(value)]
        else:
            if isinstance(value, float) and math.isinf(value):
                return place
            continue
        left += reversed(inside)
    return ""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
