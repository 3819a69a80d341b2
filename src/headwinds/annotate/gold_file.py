"""Gold out: the passages for which an answer stands, with the chance to be among them, as `measure` and `run` read it."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.annotate.chances import inclusion_probabilities
from headwinds.annotate.events import Resolution, resolve
from headwinds.annotate.scheme import labels_of
from headwinds.annotate.store import Item, events, items
from headwinds.artifacts.write import write_bytes, write_text
from headwinds.contracts.finding import Finding
from headwinds.corpus.records import read_records
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    from headwinds.annotate.project import AnnotationProject

UNSETTLED = ("refuse", "leave-out")


def gold_rows(
    project: AnnotationProject, *, unsettled: str = "refuse", threshold: int = 1
) -> tuple[tuple[dict[str, Any], ...], tuple[Finding, ...]]:
    """A row for each passage for which an answer stands, sorted by id, and what there is to know about them.

    Parameters
    ----------
    unsettled
        What is done about passages on which readers differ or were unsure: "refuse", or "leave-out" with a finding.
    threshold
        Where answers are grades: the lowest one that counts as given.

    Raises
    ------
    DataError
        No answer stands, or some passages are unsettled and `unsettled` is "refuse".
    """
    if unsettled not in UNSETTLED:
        raise SettingsError(
            f"unsettled = {unsettled!r} cannot be used.", remedy=f"It is one of {', '.join(UNSETTLED)}."
        )
    queue = items(project)
    found = resolve(events(project))
    open_items = [item for item in queue if item.number in found and found[item.number].answer is None]
    if open_items and unsettled == "refuse":
        raise DataError(
            f"Readers differ or were unsure on passages ({len(open_items):,}), first {open_items[0].passage_id}.",
            remedy="Adjudicate them, or say --unsettled leave-out, which biases estimates if they are unlike the rest.",
        )
    standing = [item for item in queue if item.number in found and found[item.number].answer is not None]
    if not standing:
        raise DataError("No passage has an answer yet.", remedy="Read some first.")
    findings = [] if not open_items else [_left_out(len(open_items), len(standing))]
    chance, more = inclusion_probabilities(project, [item.passage_id for item in standing])
    rows = [
        _row(project, item, found[item.number], chance.get(item.passage_id), threshold) for item in standing
    ]
    return tuple(sorted(rows, key=lambda row: str(row["passage_id"]))), (*findings, *more)


def write_gold(
    project: AnnotationProject, path: Path, *, unsettled: str = "refuse", threshold: int = 1
) -> tuple[Finding, ...]:
    """Write the gold file (JSONL); a file that stands there and holds other labelled passages is kept beside it (W378).

    Raises
    ------
    DataError, StorageError
        As `gold_rows`; the disk refuses.
    """
    rows, findings = gold_rows(project, unsettled=unsettled, threshold=threshold)
    kept = _keep_former(path, {str(row["passage_id"]) for row in rows})
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return (*findings, *kept)


def _keep_former(path: Path, written: set[str]) -> tuple[Finding, ...]:
    """Move away a file that holds what will not be in the new one; gold that has only grown is replaced."""
    if not path.is_file():
        return ()
    try:
        former = {str(record.values.get("passage_id")) for record in read_records(path)[1]}
    except DataError:
        former = {""}  # no table: not what was written here
    lost = len(former - written)
    if not lost:
        return ()
    place = next(
        one for one in (path.with_name(f"{path.name}.before{n or ''}") for n in count()) if not one.exists()
    )
    write_bytes(place, path.read_bytes())
    return (
        Finding(
            "W378",
            f"{path.name} held passages that are not in what was written: {lost:,}. It is kept as {place.name}.",
            "Import it (--import) to have its labels in the queue too, or export to another file.",
        ),
    )


def _row(
    project: AnnotationProject, item: Item, one: Resolution, chance: float | None, threshold: int
) -> dict[str, Any]:
    answer = one.answer or {}
    row: dict[str, Any] = {
        "passage_id": item.passage_id,
        "labels": labels_of(project.scheme, answer, threshold=threshold),
    }
    if project.scheme.kind == "graded":
        row["grades"] = dict(answer["grades"])
    row |= {name: value for name, value in item.extra.items() if name not in row}
    if chance is not None:
        row["inclusion_probability"] = chance
    row |= {"decided": one.status, "readers": len(one.readers)}
    return row


def _left_out(count: int, standing: int) -> Finding:
    return Finding(
        "W374",
        f"Passages on which readers differ or were unsure are left out: {count:,}; in the gold file: {standing:,}.",
        "Adjudicate them: the hard passages are not a random part of all.",
    )
