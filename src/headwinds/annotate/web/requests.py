"""What is sent to the server, taken apart and checked before anything is done with it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from headwinds.annotate.store import NewEvent

LONGEST_NOTE = 2000
MOST_ANSWERS = 100
LONGEST_READING = 7 * 24 * 3600.0
CLIENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LARGEST_NUMBER = 2**31 - 1


class RequestError(ValueError):
    """What was sent cannot be read; the message is for whoever sent it."""


def read_answers(body: bytes, annotator: str) -> tuple[NewEvent, ...]:
    """Answers of a browser: ``{"answers": [{"client_id", "item", "kind", "answer", "note", "seconds", "made_at"}]}``.

    Raises
    ------
    RequestError
        It is no such JSON. Whether an answer fits the codebook is the store's to say.
    """
    try:
        content = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError("the body is not JSON in UTF-8") from error
    answers = content.get("answers") if isinstance(content, dict) else None
    if not isinstance(answers, list) or len(answers) > MOST_ANSWERS:
        raise RequestError(f"answers is not a list of at most {MOST_ANSWERS}")
    return tuple(_event(one, annotator) for one in answers)


def _event(one: Any, annotator: str) -> NewEvent:
    if not isinstance(one, dict):
        raise RequestError("an answer is not an object")
    known = {"client_id", "item", "kind", "answer", "note", "seconds", "made_at"}
    if set(one) - known:
        raise RequestError("an answer has an unknown key")
    client_id, made_at = one.get("client_id"), one.get("made_at")
    if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
        raise RequestError("client_id is no UUID")
    if not isinstance(made_at, str) or not MOMENT.fullmatch(made_at):
        raise RequestError("made_at is no moment in UTC")
    if one.get("kind") not in ("label", "unsure", "adjudicate"):
        raise RequestError("kind is label, unsure or adjudicate")
    answer = one.get("answer", {})
    if not isinstance(answer, dict):
        raise RequestError("answer is not an object")
    return NewEvent(
        client_id,
        _number(one.get("item")),
        annotator,
        one["kind"],
        answer,
        _note(one),
        _seconds(one),
        made_at,
    )


def _number(value: Any) -> int:
    if type(value) is not int or not 0 < value <= LARGEST_NUMBER:
        raise RequestError("item is not the number of a passage")
    return value


def _note(one: Mapping[str, Any]) -> str:
    note = one.get("note", "")
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise RequestError(f"note is not text of at most {LONGEST_NOTE} characters")
    if "\0" in note or any("\ud800" <= character <= "\udfff" for character in note):
        raise RequestError("note holds a character that cannot be stored")
    return note


def _seconds(one: Mapping[str, Any]) -> float | None:
    seconds = one.get("seconds")
    if seconds is None:
        return None
    if type(seconds) not in (int, float) or not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_READING:
        raise RequestError("seconds is no length of time")
    return float(seconds)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def whole_number(text: str | None, *, least: int, most: int, default: int | None = None) -> int:
    """A number of a query.

    Raises
    ------
    RequestError
        It is none, or out of range.
    """
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise RequestError(f"a number from {least} to {most} was expected")
    return int(text)
