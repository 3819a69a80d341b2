"""A project: a corpus and a codebook to read by, and the database that its labels live in."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.annotate.database import open_database
from headwinds.annotate.scheme import Scheme
from headwinds.contracts import Codebook, Corpus
from headwinds.database.connection import now, reading, transaction
from headwinds.errors import MismatchError, SettingsError
from headwinds.phrases.catalogue import ENGLISH

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage as it is read."""

    passage_id: str
    document_id: str
    text: str
    keys: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """Of the text, so that a label is never shown beside a text that was changed."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class Passages:
    """The corpus in memory: texts by id, and the order of each document. Texts never go into the database."""

    by_id: dict[str, Passage]
    of_document: dict[str, tuple[str, ...]]
    weight: dict[str, float]
    stratum: dict[str, str]

    def neighbours(self, passage_id: str, reach: int) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
        """Up to `reach` passages of the same document before and after it."""
        order = self.of_document[self.by_id[passage_id].document_id]
        place = order.index(passage_id)
        before = tuple(self.by_id[name] for name in order[max(0, place - reach) : place])
        return before, tuple(self.by_id[name] for name in order[place + 1 : place + 1 + reach])


@dataclass(frozen=True, slots=True)
class AnnotationProject:
    """What everything else takes: texts, codebook, the form of an answer, the database.

    Attributes
    ----------
    double_share
        Share of passages that two people read.
    secret
        Random, made with the database; signs the cookies of annotators, so that they outlive a restart.
    language
        Of the study; the pages are in it if it is not English, else in that of whoever serves them.
    """

    title: str
    codebook: Codebook
    scheme: Scheme
    passages: Passages
    stratum_columns: tuple[str, ...]
    engine: Engine
    double_share: float
    seed: int
    secret: str
    language: str = ENGLISH


def passages_of(corpus: Corpus) -> Passages:
    """The corpus as it is read; passages of a document keep the file's order, or that of a key called `position`."""
    rows = corpus.table.to_pylist()
    known = ("passage_id", "document_id", "text", "weight", "stratum")
    by_id: dict[str, Passage] = {}
    of_document: dict[str, list[str]] = {}
    for row in rows:
        keys = tuple((name, str(value)) for name, value in row.items() if name not in known)
        by_id[row["passage_id"]] = Passage(row["passage_id"], row["document_id"], row["text"], keys)
    ordered = sorted(rows, key=lambda row: row["position"]) if "position" in corpus.keys else rows
    for row in ordered:
        of_document.setdefault(row["document_id"], []).append(row["passage_id"])
    return Passages(
        by_id,
        {document: tuple(names) for document, names in of_document.items()},
        {row["passage_id"]: row["weight"] for row in rows},
        {row["passage_id"]: row.get("stratum", "all") for row in rows},
    )


def open_project(
    corpus: Corpus,
    codebook: Codebook,
    database: str,
    *,
    title: str = "Annotation",
    kind: str = "",
    grades: int = 0,
    double_share: float | None = None,
    seed: int = 0,
    stratum_columns: tuple[str, ...] = (),
    language: str = ENGLISH,
) -> AnnotationProject:
    """Open the project of a database, or make it there.

    Parameters
    ----------
    kind, grades
        As `Scheme`. Empty: what the database has, in a new one "multi-label".
    double_share
        Share of the passages that two people read. None: what the database has, in a new one 0.2. It rules passages that are
        queued from now on.

    Raises
    ------
    MismatchError
        The database belongs to another codebook, or to answers of another form.
    SettingsError, StorageError, ArtifactError
        As `open_database`.
    """
    if double_share is not None and not 0 <= double_share <= 1:
        raise SettingsError(
            f"double_share = {double_share} cannot be used.", remedy="It is a share from 0 to 1."
        )
    if kind:
        Scheme(
            kind, codebook.names, grades or (3 if kind == "graded" else 1)
        )  # refused before anything is made
    engine = open_database(database)
    saved = _saved(engine)
    if not saved:
        chosen = kind or "multi-label"
        scheme = Scheme(chosen, codebook.names, grades or (3 if chosen == "graded" else 1))
        saved = {
            "scheme": json.dumps({"kind": scheme.kind, "labels": scheme.labels, "grades": scheme.grades}),
            "double_share": repr(0.2 if double_share is None else double_share),
            "secret": secrets.token_hex(32),
        }
        saved = _save(engine, saved)
    content = json.loads(saved["scheme"])
    scheme = Scheme(content["kind"], tuple(content["labels"]), content["grades"])
    _require_same(scheme, codebook, kind, grades)
    if double_share is not None and repr(double_share) != saved["double_share"]:
        saved = _save(engine, {"double_share": repr(double_share)})
    project = AnnotationProject(
        title,
        codebook,
        scheme,
        passages_of(corpus),
        stratum_columns,
        engine,
        float(saved["double_share"]),
        seed,
        saved["secret"],
        language,
    )
    _require_texts(project)
    return project


def _saved(engine: Engine) -> dict[str, str]:
    from sqlalchemy import select

    from headwinds.annotate.schema import PROJECT

    with reading(engine) as connection:
        return {row.name: row.value for row in connection.execute(select(PROJECT))}


def _save(engine: Engine, values: dict[str, str]) -> dict[str, str]:
    """Save what is not there, change the share of double reading, and return all: of two that begin at once, one wins."""
    from sqlalchemy import insert, select, update

    from headwinds.annotate.schema import PROJECT

    with transaction(engine) as connection:
        there = {row.name: row.value for row in connection.execute(select(PROJECT))}
        if not there:
            values = {**values, "created_at": now()}
        for name, value in values.items():
            if name not in there:
                connection.execute(insert(PROJECT).values(name=name, value=value))
            elif name == "double_share":
                connection.execute(update(PROJECT).where(PROJECT.c.name == name).values(value=value))
    return _saved(engine)


def _require_same(scheme: Scheme, codebook: Codebook, kind: str, grades: int) -> None:
    if scheme.labels != codebook.names:
        raise MismatchError(
            f"The database has the labels {', '.join(scheme.labels)}; the codebook has {', '.join(codebook.names)}.",
            remedy="Name another database: answers to one codebook are not answers to another.",
        )
    if (kind and kind != scheme.kind) or (grades and grades != scheme.grades):
        raise MismatchError(
            f"The database holds {scheme.kind} answers with grades up to {scheme.grades}.",
            remedy="Name another database, or leave --kind and --grades out.",
        )


def _require_texts(project: AnnotationProject) -> None:
    """Every queued passage is in the corpus, with the text that was queued."""
    from sqlalchemy import select

    from headwinds.annotate.schema import ITEM

    with reading(project.engine) as connection:
        rows = connection.execute(select(ITEM.c.passage_id, ITEM.c.text_digest)).all()
    missing = [row.passage_id for row in rows if row.passage_id not in project.passages.by_id]
    if missing:
        raise MismatchError(
            f"{len(missing):,} of {len(rows):,} queued passages are not in the corpus, first {', '.join(missing[:3])}.",
            remedy="Open the database with the corpus that it was made from.",
        )
    changed = [
        row.passage_id for row in rows if project.passages.by_id[row.passage_id].digest != row.text_digest
    ]
    if changed:
        raise MismatchError(
            f"The text of queued passages ({len(changed):,}) has changed since, first {', '.join(changed[:3])}.",
            remedy="Open the database with the corpus that it was made from, or begin another.",
        )
