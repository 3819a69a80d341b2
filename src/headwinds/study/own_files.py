"""One stage alone, on a user's own file: score texts with a model that is there, measure scores of any classifier."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.write import write_json, write_text
from headwinds.corpus.reading import Columns, join_stratum, read_corpus, require_columns
from headwinds.errors import DataError, MismatchError, SettingsError
from headwinds.study.environment import NUMERICAL, STATISTICAL, processor, versions
from headwinds.study.frame import key_values
from headwinds.study.stages.measure import index_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts import Corpus, Gold, Indicator
    from headwinds.corpus.records import Record
    from headwinds.measure.diagnostics.diagnostic import Diagnostic
    from headwinds.measure.frame import Frame

PROBABILITY = "probability_"
DECISION = "label_"
TEXT = "text"
FILE_KINDS = ("multi-label", "multi-class")


@dataclass(frozen=True, slots=True)
class ScoresFile:
    """Where the columns of a file of scores are.

    Attributes
    ----------
    path
        CSV, JSONL or Parquet with one passage a row, and a column ``probability_<label>`` for each label; where there is
        also ``label_<label>`` (0 or 1) it is the classifier's decision, else a probability of one half decides.
    by
        The cells of each index: lists of columns; an empty one is the whole file.
    document_id, weight
        Columns, or "": each passage its own document, each standing for itself.
    stratum
        Columns within which gold was drawn at random.
    kind
        "multi-label" (any number of labels may hold) or "multi-class" (exactly one does: probabilities add up to one, and
        the largest decides).
    """

    path: Path
    by: tuple[tuple[str, ...], ...] = ((),)
    passage_id: str = "passage_id"
    document_id: str = "document_id"
    weight: str = ""
    stratum: tuple[str, ...] = ()
    encoding: str = "utf-8"
    kind: str = "multi-label"


def score_file(
    model: Path, corpus: Path, output: Path, *, columns: Columns | None = None, quiet: bool = False
) -> Path:
    """Score every passage of `corpus` with a fitted model; returns the path of ``scores.parquet`` in ``output/scores``.

    `columns.keys` name columns that are carried along, to measure by. It goes on where it was killed, and is found again
    when model and corpus are the same.

    Raises
    ------
    CheckpointError
        `model` is no fitted model, or was changed.
    DataError
        The corpus cannot be read.
    BusyError, Interrupted
        Another process writes there; a signal came.
    """
    from headwinds.adapt.fitted_model import read_facts

    read_facts(model)
    columns = columns or Columns()
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
        _score(passages, model, folder, scratch, quiet)

    with study_lock(output), graceful_stop():
        return run_stage(output, "scores", parts, work).path / "scores.parquet"


def _score(passages: Corpus, model: Path, folder: Path, scratch: Path, quiet: bool) -> None:
    import io

    import pyarrow.parquet as pq

    from headwinds.adapt.scoring import score_corpus
    from headwinds.artifacts.write import write_bytes

    buffer = io.BytesIO()
    pq.write_table(passages.table, buffer)
    write_bytes(scratch / "corpus.parquet", buffer.getvalue())
    documents = dict.fromkeys(passages.table["document_id"].to_pylist(), 0)
    score_corpus(scratch / "corpus.parquet", documents, [model], folder, scratch, quiet=quiet)
    if passages.keys:
        scored = pq.read_table(folder / "scores.parquet")
        for key in passages.keys:
            scored = scored.append_column(key, passages.table[key])
        kept = io.BytesIO()
        pq.write_table(scored, kept)
        write_bytes(folder / "scores.parquet", kept.getvalue())


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
        scores=file_digest(scores.path),
        gold=file_digest(gold),
        columns={key: value for key, value in asdict(scores).items() if key != "path"},
        options={"estimator": estimator, **options},
        fits=[file_digest(path) for path in fits],
        wordings={name: file_digest(path) for name, path in wordings.items()},
        pretraining_until=pretraining_until,
        code=code_digest("headwinds.measure", "headwinds.contracts"),
        versions=versions(STATISTICAL),
    )

    def work(folder: Path, _: Path) -> None:
        for name, indicator in found.items():
            _write(indicator, folder / name)
        for one in asked:
            write_text(
                folder / "diagnostics" / f"{one.name}.csv", one.table.to_csv(index=False, lineterminator="\n")
            )
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
        texts=_texts(scores),
        period=period,
        pretraining_until=pretraining_until,
        fits=fits,
        wordings=wordings,
    )


def _texts(scores: ScoresFile) -> list[str] | None:
    """The passages, if they stand in the file of scores."""
    from headwinds.corpus.records import read_records

    columns, records = read_records(scores.path, encoding=scores.encoding)
    return [str(record.values.get(TEXT) or "") for record in records] if TEXT in columns else None


def read_scores(scores: ScoresFile, gold: Path) -> Frame:
    """Scores and gold, brought together; see `measure_file`."""
    import numpy as np

    from headwinds.contracts import Codebook, Label
    from headwinds.corpus.gold import match_gold, read_gold
    from headwinds.corpus.records import read_records
    from headwinds.measure.frame import make_frame

    if scores.kind not in FILE_KINDS:
        raise SettingsError(
            f"kind = {scores.kind!r} cannot be used with files: expected one of {', '.join(FILE_KINDS)}.",
            remedy="Graded labels are measured in Python: headwinds.measure.make_frame(kind='score').",
        )
    columns, records = read_records(scores.path, encoding=scores.encoding)
    labels = tuple(name.removeprefix(PROBABILITY) for name in columns if name.startswith(PROBABILITY))
    if not labels:
        raise DataError(
            f"{scores.path} has no column {PROBABILITY}<label>; it has {', '.join(columns)}.",
            remedy=f"Name each label's column of probabilities {PROBABILITY}<label>.",
        )
    keys = tuple(dict.fromkeys(key for by in scores.by for key in by))
    require_columns(
        scores.path,
        columns,
        [
            name
            for name in (scores.passage_id, scores.document_id, scores.weight, *scores.stratum, *keys)
            if name
        ],
    )
    rows = []
    for record in records:
        if record.problem:
            raise DataError(f"{scores.path}, line {record.row}: {record.problem}.", remedy="Mend the line.")
        rows.append(record)
    ids = [str(row.values[scores.passage_id]) for row in rows]
    if len(set(ids)) < len(ids):
        twice = sorted({name for name in ids if ids.count(name) > 1})[:3] if len(ids) < 10_000 else []
        raise DataError(
            f"{scores.path}: {len(ids) - len(set(ids)):,} values of {scores.passage_id} stand more than once"
            + (f", first {', '.join(twice)}." if twice else "."),
            remedy="One passage a row.",
        )
    decided = all(f"{DECISION}{name}" in columns for name in labels)
    probability = np.array(
        [[_share(scores.path, row.row, row.values, PROBABILITY + name) for name in labels] for row in rows]
    )
    if scores.kind == "multi-class":
        _check_sums(scores.path, [row.row for row in rows], probability, labels)
    if decided:
        label = (
            np.array(
                [
                    [_share(scores.path, row.row, row.values, DECISION + name) for name in labels]
                    for row in rows
                ]
            )
            > 0.5
        )
    elif scores.kind == "multi-class":
        label = np.arange(len(labels)) == probability.argmax(axis=1)[:, None]
    else:
        label = probability >= 0.5
    found = read_gold(gold, Codebook(tuple(Label(name, "") for name in labels)), stratum=scores.stratum)
    if scores.kind == "multi-class":
        _check_one_class(gold, found)
    place = match_gold(found, ids)
    strata = _strata(scores, rows)
    for name, row, stratum in zip(found.passage_ids, place.tolist(), found.stratum, strict=True):
        if strata[row] != stratum:
            raise MismatchError(
                f"{gold}: passage {name!r} is in stratum {stratum!r}, and in the scores in {strata[row]!r}.",
                remedy="Both files must say in which stratum it was drawn.",
            )
    inclusion = found.inclusion_probability
    return make_frame(
        document_ids=[str(row.values[scores.document_id]) for row in rows] if scores.document_id else ids,
        strata=strata,
        keys={key: key_values([row.values[key] for row in rows]) for key in keys},
        weight=[_number(scores.path, row.row, row.values, scores.weight) for row in rows]
        if scores.weight
        else np.ones(len(rows)),
        probability=probability,
        label=label,
        gold_rows=place,
        gold_labels=found.labels,
        inclusion_probability=None if np.isnan(inclusion).all() else inclusion,
        label_names=labels,
        kind=scores.kind,
    )


def _strata(scores: ScoresFile, rows: list[Record]) -> list[str]:
    strata = []
    for row in rows:
        stratum, problem = join_stratum(row.values, scores.stratum)
        if problem:
            raise DataError(
                f"{scores.path}, line {row.row}: {problem}.", remedy="Every passage has a stratum."
            )
        strata.append(stratum or "all")
    return strata


def _check_sums(
    path: Path, lines: list[int], probability: NDArray[np.float64], labels: tuple[str, ...]
) -> None:
    import numpy as np

    from headwinds.measure.label_kinds import SUM_TOLERANCE

    total = probability.sum(axis=1)
    off = np.flatnonzero(np.abs(total - 1) > SUM_TOLERANCE)
    if off.size:
        names = ", ".join(PROBABILITY + name for name in labels)
        raise DataError(
            f"{path}, line {lines[off[0]]}: {names} add up to {total[off[0]]:.4g}, expected 1 ({off.size:,} such lines).",
            remedy="Give the softmax of the classes; if several labels may hold at once, the kind is 'multi-label'.",
        )


def _check_one_class(path: Path, gold: Gold) -> None:
    import numpy as np

    held = gold.labels.sum(axis=1)
    wrong = np.flatnonzero(held != 1)
    if wrong.size:
        raise DataError(
            f"{path}: passage {gold.passage_ids[wrong[0]]!r} has {held[wrong[0]]} labels, expected one ({wrong.size:,} such "
            "passages).",
            remedy="Give one class to each passage; if several may hold at once, the kind is 'multi-label'.",
        )


def _share(path: Path, line: int, values: dict[str, Any], name: str) -> float:
    value = _number(path, line, values, name)
    if not 0 <= value <= 1:
        raise DataError(f"{path}, line {line}: {name} = {value}, expected a share from 0 to 1.")
    return value


def _number(path: Path, line: int, values: dict[str, Any], name: str) -> float:
    given = values.get(name)
    if isinstance(given, bool) or str(given).lower() in ("true", "false"):
        return float(str(given).lower() == "true")
    try:
        return float(str(given))
    except ValueError:
        raise DataError(f"{path}, line {line}: {name} = {given!r}, expected a number.") from None


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
