"""Labels in: a gold file (JSONL, CSV, Parquet) or Label Studio's JSON, each row once however often the file is read."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.annotate.label_studio import read_label_studio
from headwinds.annotate.rounds import Round, add_round
from headwinds.annotate.scheme import AnswerError, check_answer
from headwinds.annotate.store import NewEvent, checked_name, enrol, items, record
from headwinds.artifacts.fingerprint import file_digest
from headwinds.corpus.gold import read_gold
from headwinds.corpus.records import read_records
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    from headwinds.annotate.project import AnnotationProject
    from headwinds.contracts import Gold

BATCH = 500
IMPORTED = uuid.UUID("6f1f0a1e-4b61-5d0e-9c2c-3c0d1a5b7e42")


@dataclass(frozen=True, slots=True)
class Imported:
    """How much came in: rows of the file, passages that are new in the queue, answers that stand (known ones too)."""

    rows: int
    queued: int
    answers: int


def import_labels(project: AnnotationProject, path: Path, *, annotator: str = "") -> Imported:
    """Take the answers of a file; a file that ends in .json is Label Studio's, any other is gold.

    The same file again adds nothing; a changed one adds its answers as later ones of the same annotator.
    Passages that are not in the queue make a round of their own, with the file's inclusion probabilities.

    Raises
    ------
    DataError, MismatchError
        The file is damaged, an answer is not in the codebook, a passage not in the corpus; nothing is taken then.
    SettingsError
        The file names no annotator, and neither does `annotator`.
    """
    answers = list(
        _label_studio(project, path, annotator) if path.suffix == ".json" else _gold(project, path, annotator)
    )
    there = {item.passage_id for item in items(project)}
    fresh = [one for one in answers if one.passage_id not in there]
    queued = 0
    if fresh:
        chance = {one.passage_id: one.probability for one in fresh}
        extra = {one.passage_id: one.extra for one in fresh}
        queued = add_round(project, Round("import", path.name, chance, tuple(chance), False, extra=extra))
    number = {item.passage_id: item.number for item in items(project)}
    names = {name: enrol(project, name) for name in dict.fromkeys(one.annotator for one in answers)}
    digest = file_digest(path)
    new = [
        NewEvent(
            str(uuid.uuid5(IMPORTED, json.dumps([digest, one.passage_id, names[one.annotator]]))),
            number[one.passage_id],
            names[one.annotator],
            one.kind,
            one.answer,
            seconds=one.seconds,
            made_at=one.made_at,
        )
        for one in answers
    ]
    stand = 0
    for start in range(0, len(new), BATCH):
        kept, refused = record(project, new[start : start + BATCH])
        stand += len(kept)
        if refused:
            raise DataError(
                f"{path}: {next(iter(refused.values()))}.", remedy="Mend the file and import it again."
            )
    return Imported(len(answers), queued, stand)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer of a file."""

    passage_id: str
    annotator: str
    kind: str
    answer: dict[str, Any]
    probability: float
    extra: dict[str, Any]
    seconds: float | None = None
    made_at: str = ""


def _gold(project: AnnotationProject, path: Path, annotator: str) -> Iterator[_Answer]:
    if not annotator:
        raise SettingsError(f"{path} does not say who labelled it.", remedy="Name the annotator: --as NAME.")
    name = checked_name(annotator)
    _, records = read_records(path)
    graded = project.scheme.kind == "graded"
    scheme = project.scheme
    gold = read_gold(path, project.codebook, kind=scheme.kind, grades=scheme.grades)
    own = (
        "passage_id",
        "labels",
        "grades",
        "inclusion_probability",
        "decided",
        "readers",
        "text",
        "document_id",
    )
    for row, line in enumerate(records):
        labels = [label for label, given in zip(gold.label_names, gold.labels[row], strict=True) if given]
        sent = {"grades": _whole(gold, row)} if graded else {"labels": labels}
        try:
            answer = check_answer(project.scheme, sent)
        except AnswerError as error:
            raise DataError(f"{path}, line {line.row}: {error}.", remedy="Mend the line.") from error
        extra = {
            key: value
            for key, value in line.values.items()
            if key not in own and key not in gold.label_names and value not in (None, "")
        }
        yield _Answer(
            gold.passage_ids[row], name, "import", answer, float(gold.inclusion_probability[row]), extra
        )


def _whole(gold: Gold, row: int) -> dict[str, int | float]:
    """The grades of a row; whole ones as whole numbers, others as they are, to be refused."""
    grades = [] if gold.grades is None else gold.grades[row].tolist()
    return {
        name: int(grade) if grade == int(grade) else grade
        for name, grade in zip(gold.label_names, grades, strict=True)
    }


def _label_studio(project: AnnotationProject, path: Path, annotator: str) -> Iterator[_Answer]:
    for one in read_label_studio(path, project.scheme):
        name = one.annotator or annotator
        if not name:
            raise SettingsError(
                f"{path}: an annotation of {one.passage_id} names no annotator.",
                remedy="Name the annotator: --as NAME.",
            )
        chance = math.nan if one.probability is None else one.probability
        kind = "unsure" if one.answer is None else "import"
        yield _Answer(
            one.passage_id,
            checked_name(name),
            kind,
            one.answer or {},
            chance,
            dict(one.extra),
            one.seconds,
            one.made_at,
        )
