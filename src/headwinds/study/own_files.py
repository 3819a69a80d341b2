"""One stage alone, on a user's own file: score texts with a model that is there, measure scores of any classifier."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.csv_cells import table_text
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.stores import is_url
from headwinds.artifacts.write import write_json, write_text
from headwinds.compute.likeness import NUMERICAL
from headwinds.compute.telling import tell_in_terminal
from headwinds.corpus.reading import Columns, read_corpus
from headwinds.errors import MismatchError, SettingsError
from headwinds.study.environment import STATISTICAL, processor, versions
from headwinds.study.scores_file import ScoresFile, read_scores, read_texts, scores_digest
from headwinds.study.settings import refuse_like_names
from headwinds.study.stages.measure import index_name
from headwinds.study.streamed_files import is_streamed, score_partitions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.compute.settings import ComputeSettings
    from headwinds.contracts import Corpus, Indicator
    from headwinds.measure.diagnostics.diagnostic import Diagnostic
    from headwinds.measure.frame import Frame


def score_file(
    model: Path,
    corpus: Path | str,
    output: Path | str,
    *,
    columns: Columns | None = None,
    quiet: bool = False,
    compute: ComputeSettings | None = None,
) -> Path | str:
    """Score every passage of `corpus` with a fitted model; returns the path of ``scores.parquet`` in ``output/scores``.

    `columns.keys` name columns that are carried along, to measure by. It goes on where it was killed, and is found again
    when model and corpus are the same, wherever `compute` has it run. Where `corpus` is a folder of Parquet files, a URL or
    a Parquet file of over a million rows, or `output` a URL, it is scored in pieces (`streamed_files.score_partitions`),
    bad rows are listed instead of stopping it, and what is returned is the folder or URL of the parts.

    Raises
    ------
    CheckpointError
        `model` is no fitted model, or was changed.
    DataError
        The corpus cannot be read.
    BusyError, Interrupted
        Another process writes there; a signal came.
    """
    from headwinds.adapt.fitted_model import model_of, read_facts

    model = model_of(model)
    read_facts(model)
    columns = columns or Columns()
    if is_streamed(str(corpus), str(output)):
        place = score_partitions(
            model,
            str(corpus),
            str(output),
            columns=columns,
            scale=_scale(model),
            quiet=quiet,
            compute=compute,
            tell=tell_in_terminal,
        )
        return place if is_url(place) else Path(place)
    corpus, output = Path(corpus), Path(output)
    passages = read_corpus(corpus, columns)
    parts = fingerprint(
        model=file_digest(model / "model.json"),
        corpus=file_digest(corpus),
        columns=asdict(columns),
        code=code_digest("headwinds.adapt", "headwinds.corpus"),
        versions=versions(NUMERICAL),
        processor=processor(),
    )

    def work(folder: Path, scratch: Path) -> None:
        _score(passages, model, folder, scratch, quiet, compute)

    with study_lock(output), graceful_stop():
        return run_stage(output, "scores", parts, work).path / "scores.parquet"


def _score(
    passages: Corpus,
    model: Path,
    folder: Path,
    scratch: Path,
    quiet: bool,
    compute: ComputeSettings | None,
) -> None:
    import pyarrow.parquet as pq

    from headwinds.adapt.scoring import parquet_bytes, score_corpus
    from headwinds.artifacts.write import write_bytes

    write_bytes(scratch / "corpus.parquet", parquet_bytes(passages.table))
    documents = dict.fromkeys(passages.table["document_id"].to_pylist(), 0)
    score_corpus(
        scratch / "corpus.parquet",
        documents,
        [model],
        folder,
        scratch,
        quiet=quiet,
        scale=_scale(model),
        compute=compute,
        tell=tell_in_terminal,
    )
    if passages.keys:
        scored = pq.read_table(folder / "scores.parquet")
        for key in passages.keys:
            scored = scored.append_column(key, passages.table[key])
        write_bytes(folder / "scores.parquet", parquet_bytes(scored))


def _scale(model: Path) -> str:
    """What the expected grade is called, where the model's labels are numbers in order; "" where there is none."""
    from headwinds.adapt.fitted_model import read_facts
    from headwinds.adapt.tasks.label_order import ORDINAL, number_of

    facts = read_facts(model)
    return "grade" if facts.task == ORDINAL and None not in map(number_of, facts.labels) else ""


def measure_file(
    scores: ScoresFile,
    gold: Path,
    output: Path,
    *,
    estimator: str = "auto",
    level: float = 0.95,
    minimum_gold: int = 30,
    fits: tuple[Path, ...] = (),
    wordings: Mapping[str, Path] | None = None,
    pretraining_until: str = "",
) -> dict[str, Indicator]:
    """Estimate the shares of labels from any classifier's scores and gold labels; one index for each item of `by`.

    Each index stands under ``output/measure`` as a table (CSV, Parquet) and as an indicator that `explain` takes. The
    scores of gold passages must come from a model that did not see their labels (cross-fitted), or the correction
    flatters the model: this cannot be checked here. What can be is: the diagnostics stand beside the indices as tables,
    and their findings in ``diagnostics.json``.

    Parameters
    ----------
    fits
        Files of scores of the same passages from other fits of the model: each index is the mean over fits, and its error
        has the spread between them.
    wordings
        Files of scores of the same passages under other wordings of the codebook, by name: the diagnostics tell how much
        the index moves.
    pretraining_until
        Year or month until which the texts of the model reach; "" if not known.

    Raises
    ------
    DataError
        A column is missing or a value out of range; file, line and column are told.
    MismatchError
        A gold passage is not among the scores.
    SettingsError
        There is no such estimator.
    """
    from headwinds.measure.cells import make_cells
    from headwinds.measure.fits import combine_fits, estimate_fits

    if not 0 < level < 1:
        raise SettingsError(f"level = {level} cannot be used: expected a share between 0 and 1.")
    refuse_like_names(scores.by)
    frame = read_scores(scores, gold)
    options: dict[str, Any] = {"level": level, "minimum_gold": minimum_gold}
    frames = [
        frame,
        *(_same_passages(frame, read_scores(replace(scores, path=path), gold), path) for path in fits),
    ]
    every = {by: estimate_fits(frames, make_cells(frame, by), estimator, **options) for by in scores.by}
    found = {
        index_name(by): combine_fits(fitted, level=level) if fits else fitted[0]
        for by, fitted in every.items()
    }
    wordings = dict(sorted((wordings or {}).items()))
    others = {
        name: _same_passages(frame, read_scores(replace(scores, path=path), gold), path).probability
        for name, path in wordings.items()
    }
    asked = _diagnose(scores, frame, every[scores.by[0]] if fits else [], others, pretraining_until)
    parts = fingerprint(
        scores=scores_digest(scores.path),
        gold=file_digest(gold),
        columns={key: value for key, value in asdict(scores).items() if key != "path"},
        options={"estimator": estimator, **options},
        fits=[scores_digest(path) for path in fits],
        wordings={name: scores_digest(path) for name, path in wordings.items()},
        pretraining_until=pretraining_until,
        code=code_digest("headwinds.measure", "headwinds.contracts"),
        versions=versions(STATISTICAL),
    )

    def work(folder: Path, _: Path) -> None:
        for name, indicator in found.items():
            _write(indicator, folder / name)
        for one in asked:
            write_text(folder / "diagnostics" / f"{one.name}.csv", table_text(one.table))
        said = [asdict(finding) for one in asked for finding in one.findings]
        write_json(folder / "diagnostics.json", said)

    with study_lock(output):
        run_stage(output, "measure", parts, work)
    return found


def _same_passages(frame: Frame, other: Frame, path: Path) -> Frame:
    import numpy as np

    if other.label_names != frame.label_names or not np.array_equal(other.document_ids, frame.document_ids):
        raise MismatchError(
            f"{path} does not score the same labels and passages, one by one, as the first file of scores.",
            remedy="Score the same passages in the same order.",
        )
    return other


def _diagnose(
    scores: ScoresFile,
    frame: Frame,
    fits: list[Indicator],
    wordings: dict[str, NDArray[np.float64]],
    pretraining_until: str,
) -> tuple[Diagnostic, ...]:
    """Ask what the data allow; years are told by a key of whole numbers named year or period."""
    from headwinds.measure.diagnostics.run import run_diagnostics

    keys = tuple(dict.fromkeys(name for by in scores.by for name in by))
    period = next((name for name in ("year", "period") if name in keys), "")
    return run_diagnostics(
        frame,
        keys=tuple(name for name in keys if name != period),
        texts=read_texts(scores),
        period=period,
        pretraining_until=pretraining_until,
        fits=fits,
        wordings=wordings,
    )


def _write(indicator: Indicator, folder: Path) -> None:
    import io

    import pyarrow.csv as csv

    from headwinds.artifacts.write import write_bytes
    from headwinds.measure.indicator_store import indicator_table, write_indicator

    folder.mkdir(parents=True)
    write_indicator(indicator, folder)
    buffer = io.BytesIO()
    csv.write_csv(indicator_table(indicator), buffer)
    write_bytes(folder / "index.csv", buffer.getvalue())
