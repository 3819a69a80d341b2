"""What is asked of the database: who reads what next, and events in, each once and for good."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from headwinds.annotate.events import EVENT_KINDS, Event
from headwinds.annotate.scheme import AnswerError, check_answer
from headwinds.database.connection import now, reading, transaction
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Row

    from headwinds.annotate.project import AnnotationProject

LONGEST_NAME = 60
HOURS_OF_A_CLAIM = 12
"""A passage that somebody took and did not answer for so long is offered to others again."""


@dataclass(frozen=True, slots=True)
class Item:
    """A passage in the queue. `extra` are columns that go with it into the gold file."""

    number: int
    passage_id: str
    round: int
    place: int
    readers: int
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it is sent; the database adds its number and the time."""

    client_id: str
    item: int
    annotator: str
    kind: str
    answer: Mapping[str, Any]
    note: str = ""
    seconds: float | None = None
    made_at: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts: passages of the queue, those read by as many as they should be, readings in all, and of one reader."""

    passages: int
    complete: int
    readings: int
    mine: int
    events: int


def checked_name(name: str) -> str:
    """An annotator's name in its one form.

    Raises
    ------
    SettingsError
        It is empty, too long, or has characters that cannot be seen.
    """
    plain = unicodedata.normalize("NFC", " ".join(name.split()))
    visible = all(unicodedata.category(character)[0] != "C" for character in plain)
    if not plain or len(plain) > LONGEST_NAME or not visible or "," in plain:
        raise SettingsError(
            f"{name[:LONGEST_NAME]!r} is no name of an annotator.",
            remedy=f"Use up to {LONGEST_NAME} visible characters, no comma.",
        )
    return plain


def checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names of annotators, each once.

    Raises
    ------
    SettingsError
        One is no name, or two are the same but for case and spaces: their answers would look like two readings.
    """
    found: dict[str, str] = {}
    for name in map(checked_name, names):
        if name.casefold() in found:
            raise SettingsError(
                f"The annotator {name!r} is named twice.",
                remedy="A second reading must be another person's.",
            )
        found[name.casefold()] = name
    return tuple(found.values())


def enrol(project: AnnotationProject, name: str) -> str:
    """The name under which an annotator is known: a new one is added; one that differs in case only is the same person."""
    from sqlalchemy import insert, select

    from headwinds.annotate.schema import ANNOTATOR

    wanted = checked_name(name)
    with transaction(project.engine) as connection:
        for row in connection.execute(select(ANNOTATOR.c.name)):
            if row.name.casefold() == wanted.casefold():
                return str(row.name)
        connection.execute(insert(ANNOTATOR).values(name=wanted, created_at=now()))
    return wanted


def annotators(project: AnnotationProject) -> tuple[str, ...]:
    """Everybody who was ever enrolled."""
    from sqlalchemy import select

    from headwinds.annotate.schema import ANNOTATOR

    with reading(project.engine) as connection:
        return tuple(
            row.name for row in connection.execute(select(ANNOTATOR.c.name).order_by(ANNOTATOR.c.name))
        )


def next_items(project: AnnotationProject, annotator: str, count: int) -> tuple[Item, ...]:
    """The next passages for an annotator: those taken and not answered, then new ones, which are taken now."""
    from sqlalchemy import insert, select, text

    from headwinds.annotate.schema import CLAIM, EVENT, ITEM

    with transaction(project.engine) as connection:
        mine = (
            select(ITEM)
            .join(CLAIM, CLAIM.c.item == ITEM.c.number)
            .where(CLAIM.c.annotator == annotator)
            .where(
                ~select(EVENT.c.number)
                .where(
                    EVENT.c.item == ITEM.c.number,
                    EVENT.c.annotator == annotator,
                    EVENT.c.kind != "adjudicate",
                )
                .exists()
            )
            .order_by(ITEM.c.round, ITEM.c.place)
            .limit(count)
        )
        found = [_as_item(row) for row in connection.execute(mine)]
        if len(found) < count:
            limit = (datetime.now(UTC) - timedelta(hours=HOURS_OF_A_CLAIM)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            rows = connection.execute(
                text(_OPEN_ITEMS), {"me": annotator, "limit": limit, "count": count - len(found)}
            ).all()
            fresh = [_as_item(row) for row in rows]
            if fresh:
                taken = now()
                connection.execute(
                    insert(CLAIM),
                    [{"item": item.number, "annotator": annotator, "claimed_at": taken} for item in fresh],
                )
            found += fresh
    return tuple(found)


# Passages that have fewer readers than they should: those who answered, and those who took it a short while ago.
_OPEN_ITEMS = """
SELECT item.number, item.passage_id, item.round, item.place, item.readers, item.extra FROM item
WHERE NOT EXISTS (SELECT 1 FROM claim WHERE claim.item = item.number AND claim.annotator = :me)
AND NOT EXISTS (SELECT 1 FROM event WHERE event.item = item.number AND event.annotator = :me AND event.kind <> 'adjudicate')
AND (SELECT COUNT(*) FROM (
  SELECT claim.annotator FROM claim WHERE claim.item = item.number AND claim.claimed_at > :limit
  UNION SELECT event.annotator FROM event WHERE event.item = item.number AND event.kind <> 'adjudicate'
) AS reader) < item.readers
ORDER BY item.round, item.place LIMIT :count
"""


def items(project: AnnotationProject, numbers: Sequence[int] = ()) -> tuple[Item, ...]:
    """Passages of the queue, all of them or those of some numbers, in the queue's order."""
    from sqlalchemy import select

    from headwinds.annotate.schema import ITEM

    query = select(ITEM).order_by(ITEM.c.round, ITEM.c.place)
    if numbers:
        query = query.where(ITEM.c.number.in_(list(numbers)))
    with reading(project.engine) as connection:
        return tuple(_as_item(row) for row in connection.execute(query))


def record(project: AnnotationProject, new: Sequence[NewEvent]) -> tuple[list[str], dict[str, str]]:
    """Take events, all in one transaction; returns the client ids that stand, and why others were refused.

    An event that was taken before, by its client id, stands and changes nothing.
    """
    from sqlalchemy import insert, select

    from headwinds.annotate.schema import EVENT, ITEM

    stands: list[str] = []
    refused: dict[str, str] = {}
    with transaction(project.engine) as connection:
        wanted = {event.item for event in new}
        known = set(connection.execute(select(ITEM.c.number).where(ITEM.c.number.in_(wanted))).scalars())
        for event in new:
            try:
                answer = _checked(project, event, known)
            except AnswerError as error:
                refused[event.client_id] = str(error)
                continue
            same = {
                "item": event.item,
                "annotator": event.annotator,
                "kind": event.kind,
                "answer": json.dumps(answer, ensure_ascii=False),
                "note": event.note,
            }
            earlier = connection.execute(select(EVENT).where(EVENT.c.client_id == event.client_id)).first()
            if earlier is not None:
                if all(getattr(earlier, name) == value for name, value in same.items()):
                    stands.append(event.client_id)
                else:
                    refused[event.client_id] = "this id was used for another answer"
                continue
            connection.execute(
                insert(EVENT).values(
                    **same,
                    client_id=event.client_id,
                    seconds=event.seconds,
                    made_at=event.made_at or now(),
                    received_at=now(),
                )
            )
            stands.append(event.client_id)
    return stands, refused


def _checked(project: AnnotationProject, event: NewEvent, known: set[int]) -> dict[str, Any]:
    if event.kind not in EVENT_KINDS:
        raise AnswerError("there is no such kind of answer")
    if event.item not in known:
        raise AnswerError("there is no such passage in the queue")
    return {} if event.kind == "unsure" else check_answer(project.scheme, event.answer)


def events(
    project: AnnotationProject, *, item: int | None = None, annotator: str | None = None
) -> tuple[Event, ...]:
    """Every event, of everybody or of one annotator or passage, in order."""
    from sqlalchemy import select

    from headwinds.annotate.schema import EVENT

    query = select(EVENT).order_by(EVENT.c.number)
    if item is not None:
        query = query.where(EVENT.c.item == item)
    if annotator is not None:
        query = query.where(EVENT.c.annotator == annotator)
    with reading(project.engine) as connection:
        return tuple(
            Event(
                row.number,
                row.client_id,
                row.item,
                row.annotator,
                row.kind,
                json.loads(row.answer),
                row.note,
                row.seconds,
                row.made_at,
                row.received_at,
            )
            for row in connection.execute(query)
        )


def progress(project: AnnotationProject, annotator: str) -> Progress:
    """How far the reading is."""
    from sqlalchemy import text

    with reading(project.engine) as connection:
        row = connection.execute(text(_PROGRESS), {"me": annotator}).one()
    return Progress(*(int(value or 0) for value in row))


_PROGRESS = """
SELECT (SELECT COUNT(*) FROM item),
  (SELECT COUNT(*) FROM item WHERE
    (SELECT COUNT(DISTINCT event.annotator) FROM event WHERE event.item = item.number AND event.kind <> 'adjudicate')
    >= item.readers),
  (SELECT COUNT(*) FROM (SELECT DISTINCT item, annotator FROM event WHERE kind <> 'adjudicate') AS reading),
  (SELECT COUNT(DISTINCT item) FROM event WHERE annotator = :me AND kind <> 'adjudicate'),
  (SELECT COALESCE(MAX(number), 0) FROM event)
"""


def _as_item(row: Row[Any]) -> Item:
    return Item(row.number, row.passage_id, row.round, row.place, row.readers, json.loads(row.extra))
