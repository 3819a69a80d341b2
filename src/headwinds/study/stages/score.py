"""`score`: every passage of the corpus, by the model of its document's fold."""

from __future__ import annotations

from pathlib import Path

from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.compute.likeness import NUMERICAL
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.telling import Tell, tell_nobody
from headwinds.study.data import CheckedStudy
from headwinds.study.environment import processor, versions
from headwinds.study.plan import Stage


def score_stage(
    checked: CheckedStudy,
    folds: list[tuple[str, Path]],
    *,
    quiet: bool,
    compute: ComputeSettings | None = None,
    tell: Tell = tell_nobody,
) -> Stage:
    """The stage; the folds' models are given as (fingerprint, folder).

    Where it is computed is no part of its fingerprint: the bytes are the same. `tell` takes what is found on the way.
    """
    parts = fingerprint(
        corpus=file_digest(checked.corpus_path),
        folds=file_digest(checked.folder / "folds.parquet"),
        models=[name for name, _ in folds],
        code=code_digest("headwinds.adapt"),
        versions=versions(NUMERICAL),
        processor=processor(),
    )

    def work(output: Path, scratch: Path) -> None:
        from headwinds.adapt.scoring import score_corpus

        folders = [folder for _, folder in folds]
        scale = checked.form.names[0] if checked.form.kind == "graded" else ""
        score_corpus(
            checked.corpus_path,
            checked.fold_of_document(),
            folders,
            output,
            scratch,
            quiet=quiet,
            scale=scale,
            compute=compute,
            tell=tell,
        )

    return Stage("score", parts, work)
