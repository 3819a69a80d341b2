"""Rounds: which passages were drawn to be read, each with its chance, and the queue that they make."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.contracts.stratum_names import stratum_values
from headwinds.corpus.reading import require_columns
from headwinds.corpus.records import Record, read_records
from headwinds.database.connection import now, transaction
from headwinds.errors import DataError, MismatchError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from headwinds.annotate.project import AnnotationProject

RESTATED = "restated"
PROBABILITY = "inclusion_probability"
SAID_YES, SAID_NO = ("1", "true", "1.0", "yes"), ("0", "false", "0.0", "no")


@dataclass(frozen=True, slots=True)
class Round:
    """A draw.

    Attributes
    ----------
    probability
        By passage, the chance with which a passage of the *population* was drawn in this round; NaN if it is not known.
    drawn
        The passages that were.
    whole_frame
        Whether `probability` has every passage that could have been drawn, drawn or not: without it two rounds cannot be
        put together.
    extra
        By passage, columns that go with it into the gold file (strata).
    """

    strategy: str
    source: str
    probability: Mapping[str, float]
    drawn: tuple[str, ...]
    whole_frame: bool
    seed: int = 0
    extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def restates(self) -> bool:
        """Whether its chances hold for all rounds so far together, and replace theirs."""
        return self.strategy == RESTATED


def read_round(path: Path) -> Round:
    """A round from a file: `passage_id`, `inclusion_probability` if known, `drawn` (0 or 1) if others are listed too.

    All other columns but `text` and `labels` go with a passage into the gold file.

    Raises
    ------
    DataError
        A column is missing, a row is damaged, an id stands twice, a probability is not in (0, 1] or missing in some rows.
    """
    columns, records = read_records(path)
    require_columns(path, columns, ["passage_id"])
    whole = "drawn" in columns
    probability: dict[str, float] = {}
    drawn: list[str] = []
    extra: dict[str, dict[str, Any]] = {}
    kept = [
        name
        for name in columns
        if name not in ("passage_id", PROBABILITY, "drawn", "text", "labels", "document_id")
    ]
    for record in records:
        where = f"{path}, line {record.row}"
        if record.problem:
            raise DataError(f"{where}: {record.problem}.", remedy="Mend the line.")
        name = str(record.values.get("passage_id") or "").strip()
        if not name or name in probability:
            what = f"passage_id {name!r} stands there already" if name else "passage_id is empty"
            raise DataError(f"{where}: {what}.", remedy="Every passage has one line.")
        probability[name] = _chance(record, where) if PROBABILITY in columns else math.nan
        if not whole or _is_drawn(record, where):
            drawn.append(name)
            extra[name] = {
                column: record.values[column]
                for column in kept
                if record.values.get(column) not in (None, "")
            }
    unknown = [name for name, value in probability.items() if math.isnan(value)]
    if unknown and len(unknown) < len(probability):
        raise DataError(
            f"{path}: {PROBABILITY} is missing for {unknown[0]!r}; other lines have it.",
            remedy="Give it for every passage.",
        )
    if not drawn:
        raise DataError(f"{path} draws no passage.", remedy="List some, or give drawn = 1 to some.")
    return Round("file", path.name, probability, tuple(drawn), whole, extra=extra)


def read_restated_round(path: Path, earlier: Path) -> Round:
    """A round that changes what earlier labels stand for, as ``headwinds sample --previous`` draws it.

    Parameters
    ----------
    path
        The new batch, as `read_round` takes it.
    earlier
        `passage_id` and `inclusion_probability` of what was drawn before, after this round.

    Raises
    ------
    DataError
        As `read_round`; a passage is in both files; a probability is missing.
    """
    batch, before = read_round(path), read_round(earlier)
    both = sorted(set(batch.drawn) & set(before.drawn))
    if both:
        raise DataError(f"{both[0]!r} is in {path} and in {earlier}.", remedy="Give the files of one draw.")
    probability = {**before.probability, **batch.probability}
    if any(math.isnan(value) for value in probability.values()):
        raise DataError(f"{path} or {earlier} has no {PROBABILITY}.", remedy="Give it for every passage.")
    return Round(RESTATED, path.name, probability, (*before.drawn, *batch.drawn), False, extra=batch.extra)


def add_round(project: AnnotationProject, one: Round) -> int:
    """Put a round into the database and its passages, in random order, at the end of the queue; returns how many are new.

    The same round again adds nothing. The order within a round is random, so that what was read is a random part.

    Raises
    ------
    MismatchError
        A drawn passage is not in the corpus; or the round restates others that are not here.
    """
    missing = [name for name in one.drawn if name not in project.passages.by_id]
    if missing:
        raise MismatchError(
            f"{one.source}: {len(missing):,} of {len(one.drawn):,} drawn passages are not in the corpus, first "
            f"{', '.join(missing[:3])}.",
            remedy="Draw from the corpus that is read.",
        )
    with transaction(project.engine) as connection:
        return _insert(connection, project, _with_frame(project, one))


def _with_frame(project: AnnotationProject, one: Round) -> Round:
    """The round with the chances of passages that were not drawn, where they follow from those that were.

    Within a stratum that was drawn at random every passage has one chance; so if the drawn ones of each stratum have one,
    and every stratum of the corpus was drawn from, the others of the stratum had it too.
    """
    if one.whole_frame or one.restates or any(math.isnan(value) for value in one.probability.values()):
        return one
    stratum = project.passages.stratum
    seen: dict[str, set[float]] = {}
    for name in one.drawn:
        seen.setdefault(stratum[name], set()).add(one.probability[name])
    if any(len(values) > 1 for values in seen.values()) or set(seen) != set(stratum.values()):
        return one
    chance = {name: next(iter(seen[stratum[name]])) for name in stratum}
    return replace(one, probability={**chance, **one.probability}, whole_frame=True)


def readers_of(passage_id: str, *, double_share: float, seed: int) -> int:
    """How many people read a passage: two for a share of passages that is a function of the id and the seed alone."""
    digest = hashlib.sha256(f"{seed}/{passage_id}".encode()).digest()
    return 2 if int.from_bytes(digest[:8], "big") < double_share * 2**64 else 1


def _insert(connection: Connection, project: AnnotationProject, one: Round) -> int:
    from sqlalchemy import func, insert, select

    from headwinds.annotate.schema import CHANCE, ITEM, ROUND

    known = connection.execute(select(ROUND)).all()
    digest = _digest(one)
    if any(row.source == f"{one.source} {digest}" for row in known):
        return 0
    number = 1 + max((row.number for row in known), default=0)
    connection.execute(
        insert(ROUND).values(
            number=number,
            strategy=one.strategy,
            source=f"{one.source} {digest}",
            seed=one.seed,
            whole_frame=one.whole_frame,
            created_at=now(),
        )
    )
    drawn = set(one.drawn)
    chance = [
        {"round": number, "passage_id": name, "probability": value, "drawn": name in drawn}
        for name, value in one.probability.items()
        if not math.isnan(value)
    ]
    if chance:
        connection.execute(insert(CHANCE), chance)
    there = {row[0] for row in connection.execute(select(ITEM.c.passage_id))}
    new = [name for name in one.drawn if name not in there]
    strangers = [name for name in new if one.restates and name not in one.extra]
    if strangers:
        raise MismatchError(
            f"Earlier passages that were never queued here: {len(strangers):,}, first {strangers[0]}.",
            remedy="Queue or import the earlier rounds first.",
        )
    random.Random(f"{project.seed}/{number}").shuffle(new)
    first = 1 + (connection.execute(select(func.max(ITEM.c.place))).scalar() or 0)
    if new:
        connection.execute(
            insert(ITEM), [_item(project, one, name, number, first + place) for place, name in enumerate(new)]
        )
    return len(new)


def _item(project: AnnotationProject, one: Round, name: str, number: int, place: int) -> dict[str, Any]:
    return {
        "passage_id": name,
        "round": number,
        "place": place,
        "readers": readers_of(name, double_share=project.double_share, seed=project.seed),
        "text_digest": project.passages.by_id[name].digest,
        "extra": json.dumps(
            dict(one.extra.get(name) or _strata(project, name)), ensure_ascii=False, default=str
        ),
    }


def _strata(project: AnnotationProject, name: str) -> dict[str, str]:
    """The columns that the study's gold file needs, taken apart again from the corpus's stratum."""
    stratum = project.passages.stratum[name]
    columns: Sequence[str] = project.stratum_columns
    parts = [stratum] if len(columns) == 1 else stratum_values(stratum)
    return dict(zip(columns, parts, strict=True)) if len(parts) == len(columns) else {}


def _digest(one: Round) -> str:
    content = json.dumps(
        [sorted(one.drawn), sorted(one.probability.items()), one.strategy, one.seed], default=str
    )
    return hashlib.sha256(content.encode("utf-8")).hexdigest()[:12]


def _chance(record: Record, where: str) -> float:
    value = record.values.get(PROBABILITY)
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return math.nan
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and 0 < number <= 1):
        raise DataError(
            f"{where}: {PROBABILITY} = {value!r}, expected a number above 0 and at most 1.",
            remedy="It is the probability with which the design drew this passage.",
        )
    return number


def _is_drawn(record: Record, where: str) -> bool:
    said = str(record.values.get("drawn")).strip().lower()
    if said not in SAID_YES + SAID_NO:
        raise DataError(
            f"{where}: drawn = {record.values.get('drawn')!r}, expected 0 or 1.",
            remedy="1 where it was drawn.",
        )
    return said in SAID_YES
