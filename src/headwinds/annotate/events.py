"""What was done, event by event, and what stands: nothing is ever changed or taken away, a later event comes after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

EVENT_KINDS = ("label", "unsure", "adjudicate", "import")
Status = Literal["unread", "one reader", "agreed", "disputed", "adjudicated", "unsure"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that somebody did.

    Attributes
    ----------
    number
        Its place in the order in which the database took them.
    client_id
        Made by whoever sent it; an event that is sent again has the same and is taken once.
    item
        Number of the passage in the queue.
    kind
        "label", "import" (the same, from a file), "unsure" (no answer can be given), "adjudicate" (the answer that stands).
    answer
        In the form of `scheme.check_answer`; empty where unsure.
    made_at, received_at
        By the sender's clock and by the server's, ISO 8601 in UTC.
    """

    number: int
    client_id: str
    item: int
    annotator: str
    kind: str
    answer: Mapping[str, Any]
    note: str
    seconds: float | None
    made_at: str
    received_at: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What stands for a passage, how it came to stand, and who read it. `answer` is None unless something stands."""

    status: Status
    answer: Mapping[str, Any] | None
    readers: tuple[str, ...]


def current(events: Iterable[Event]) -> dict[int, dict[str, Event]]:
    """By item, the last event of each reader; adjudications are not readings."""
    standing: dict[int, dict[str, Event]] = {}
    for event in sorted(events, key=lambda event: event.number):
        if event.kind != "adjudicate":
            standing.setdefault(event.item, {})[event.annotator] = event
    return standing


def resolve(events: Iterable[Event]) -> dict[int, Resolution]:
    """What stands for each item that has events.

    An adjudication stands over every reading, also a later one. Without one, readings that are all the same stand;
    where readers differ, or one of them was unsure, nothing does.
    """
    known = sorted(events, key=lambda event: event.number)
    decided = {event.item: event for event in known if event.kind == "adjudicate"}
    readings = current(known)
    found: dict[int, Resolution] = {}
    for item in sorted({event.item for event in known}):
        by_reader = readings.get(item, {})
        readers = tuple(sorted(by_reader))
        answers = [by_reader[name].answer for name in readers]
        if item in decided:
            found[item] = Resolution("adjudicated", decided[item].answer, readers)
        elif any(by_reader[name].kind == "unsure" for name in readers):
            found[item] = Resolution("unsure", None, readers)
        elif any(answer != answers[0] for answer in answers):
            found[item] = Resolution("disputed", None, readers)
        else:
            found[item] = Resolution("one reader" if len(answers) == 1 else "agreed", answers[0], readers)
    return found
