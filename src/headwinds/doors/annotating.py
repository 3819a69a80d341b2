"""Labels by people, in Python: open a project, fill its queue, serve its pages, take labels in and out, see agreement."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.doors.arguments import plain_arguments
from headwinds.errors import SettingsError
from headwinds.phrases.catalogue import ENGLISH, say

if TYPE_CHECKING:
    from headwinds.annotate.agreement import Agreement
    from headwinds.annotate.incoming import Imported
    from headwinds.annotate.project import AnnotationProject
    from headwinds.contracts.finding import Finding
    from headwinds.corpus.reading import Columns

PathLike = str | Path
TOKEN = "HEADWINDS_TOKEN"  # noqa: S105 - the name of the variable
FORMATS = ("gold", "label-studio", "events")


@plain_arguments
def open_annotation(
    study: PathLike | None = None,
    *,
    corpus: PathLike | None = None,
    codebook: PathLike | None = None,
    columns: Columns | None = None,
    database: PathLike | None = None,
    kind: str = "",
    grades: int = 0,
    double_share: float | None = None,
    seed: int = 0,
) -> AnnotationProject:
    """Open the labels of a study, or of a corpus and a codebook; the first time, their database is made.

    Parameters
    ----------
    study
        A study file; or give `corpus` and `codebook`, with `columns` where they are not called as usual.
    database
        A file (SQLite) or a URL ``postgresql://user:password@host/name``; by default ``labels.sqlite`` in the
        study's folder, or beside the corpus.
    kind, grades
        The form of an answer: "multi-label", "multi-class", or "graded" from 0 to `grades`; the database keeps it. By
        default what the study says under ``[codebook]``.
    double_share
        Share of passages that two people read; 0.2 in a new database.
    seed
        Rules the order of the queue and which passages two people read.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.corpus.codebook import read_codebook
    from headwinds.corpus.reading import Columns, read_corpus
    from headwinds.extras import require

    require("sqlalchemy")
    title, encoding, language = "Annotation", "utf-8", ENGLISH
    stratum: tuple[str, ...] = ()
    if study is not None and corpus is None and codebook is None:
        from headwinds.study.study_file import read_study

        settings = read_study(Path(study))
        title, stratum, encoding = settings.study.title, settings.corpus.stratum, settings.corpus.encoding
        language = settings.study.language
        seed = seed or settings.study.seed
        if not kind and settings.codebook.kind != "multi-label":
            kind = settings.codebook.kind
            grades = grades or (settings.codebook.grades if kind == "graded" else 0)
        named = settings.corpus
        columns = Columns(
            named.passage_id, named.document_id, named.text, named.weight, named.stratum, named.keys
        )
        corpus = settings.locate(named.path, setting="corpus.path")
        codebook = settings.locate(settings.codebook.path, setting="codebook.path")
        folder = settings.folder
    elif study is None and corpus is not None and codebook is not None:
        title, folder = say(f"Passages of {Path(corpus).name}"), Path(corpus).parent
        columns = columns or Columns()
        stratum = columns.stratum
    else:
        raise SettingsError(
            "Name a study file, or a corpus and a codebook.", remedy="See `headwinds annotate --help`."
        )
    read = read_corpus(Path(corpus), columns, encoding=encoding, on_bad_rows="stop")
    from headwinds.annotate.project import open_project

    return open_project(
        read,
        read_codebook(Path(codebook)),
        str(database) if database else str(folder / "labels.sqlite"),
        title=title,
        kind=kind,
        grades=grades,
        double_share=double_share,
        seed=seed,
        stratum_columns=stratum,
        language=language,
    )


@plain_arguments
def queue_passages(project: AnnotationProject, path: PathLike, *, earlier: PathLike | None = None) -> int:
    """Put the passages of a file into the queue: `passage_id`, `inclusion_probability`; returns how many are new there.

    `earlier` has the probabilities of what was drawn before, where this round changes them (``headwinds sample`` writes it).
    """
    from headwinds.annotate.rounds import add_round, read_restated_round, read_round

    one = read_restated_round(Path(path), Path(earlier)) if earlier else read_round(Path(path))
    return add_round(project, one)


@plain_arguments
def propose_passages(
    project: AnnotationProject,
    count: int,
    *,
    strategy: str = "random",
    scores: PathLike | None = None,
    by: Sequence[str] = (),
    seed: int = 0,
) -> tuple[int, tuple[Finding, ...]]:
    """Draw about `count` passages by a strategy ("random", "uncertainty", "diversity", "variance") with known chances."""
    from headwinds.annotate.proposing import propose_round

    return propose_round(
        project, count, strategy=strategy, scores=Path(scores) if scores else None, by=by, seed=seed
    )


@plain_arguments
def import_labels(project: AnnotationProject, path: PathLike, *, annotator: str = "") -> Imported:
    """Take the labels of a gold file, or of Label Studio's JSON (.json)."""
    from headwinds.annotate.incoming import import_labels as take

    return take(project, Path(path), annotator=annotator)


@plain_arguments
def export_labels(
    project: AnnotationProject,
    path: PathLike,
    *,
    format: str = "gold",  # noqa: A002 - the word of the command line
    unsettled: str = "refuse",
    threshold: int = 1,
) -> tuple[Finding, ...]:
    """Write the labels: as gold (JSONL that `measure` and `run` read), for Label Studio, or every event as it came."""
    from headwinds.annotate.event_file import write_events
    from headwinds.annotate.gold_file import write_gold
    from headwinds.annotate.label_studio import write_label_studio

    if format not in FORMATS:
        raise SettingsError(
            f"format = {format!r} cannot be used.", remedy=f"It is one of {', '.join(FORMATS)}."
        )
    if format == "gold":
        return write_gold(project, Path(path), unsettled=unsettled, threshold=threshold)
    (write_label_studio if format == "label-studio" else write_events)(project, Path(path))
    return ()


@plain_arguments
def label_agreement(project: AnnotationProject, *, level: float = 0.95, seed: int = 0) -> Agreement:
    """Cohen's kappa and Krippendorff's alpha of the labels so far, with bootstrap intervals."""
    from headwinds.annotate.agreement import agreement
    from headwinds.annotate.store import events, items

    documents = {item.number: project.passages.by_id[item.passage_id].document_id for item in items(project)}
    return agreement(project.scheme, events(project), documents, level=level, seed=seed)


@plain_arguments
def serve_annotation(
    project: AnnotationProject,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    token: str | None = None,
    allowed_hosts: Sequence[str] = (),
    annotators: Sequence[str] = (),
    adjudicators: Sequence[str] = (),
    ready: Callable[[str], Any] = print,
) -> None:
    """Serve the pages until stopped. `token`, by default from the variable HEADWINDS_TOKEN, is a must beyond this machine.

    Raises
    ------
    SettingsError
        The queue is empty, or others could reach the pages and there is no token.
    """
    from headwinds.extras import require

    require("starlette", "uvicorn")
    from headwinds.annotate.store import items
    from headwinds.annotate.web.serving import serve
    from headwinds.web.listening import Address

    if not items(project):
        raise SettingsError(
            "There is nothing to read: the queue is empty.",
            remedy="Give --queue FILE, or draw passages with --propose 200.",
        )
    address = Address(host, port, os.environ.get(TOKEN, "") if token is None else token, tuple(allowed_hosts))
    serve(project, address, annotators=annotators, adjudicators=adjudicators, ready=ready)
