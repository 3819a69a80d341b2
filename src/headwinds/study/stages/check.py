"""`check`: read the inputs, say everything that is wrong with them, and write them in one canonical form."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.write import write_json
from headwinds.compute.likeness import NUMERICAL
from headwinds.contracts import Codebook, Corpus, Finding, Gold
from headwinds.errors import DataError
from headwinds.study.answers import Form, read_as
from headwinds.study.environment import versions
from headwinds.study.plan import Stage
from headwinds.study.settings import CorpusSettings, GoldSettings, StudySettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.fold import FoldRows, LabelledTexts

NAME = "check"
CODE = (
    "headwinds.adapt.encoding",
    "headwinds.adapt.fold",
    "headwinds.adapt.probe",
    "headwinds.contracts",
    "headwinds.corpus",
    "headwinds.study.answers",
    "headwinds.study.stages.check",
)
NOT_READ_HERE = ("path", "population", "source", "licence", "provenance")
"""Settings of corpus and gold that leave what is checked as it is; the files themselves count by their content."""


def check_stage(settings: StudySettings) -> Stage:
    """The stage, named by the content of the inputs and the settings that read and split them."""
    from headwinds.adapt.checkpoints import resolve_checkpoint

    corpus, gold = settings.corpus, settings.gold
    files = {
        "corpus": settings.locate(corpus.path, setting="corpus.path"),
        "codebook": settings.locate(settings.codebook.path, setting="codebook.path"),
        "gold": settings.locate(gold.path, setting="gold.path"),
    }
    parts = fingerprint(
        files={name: file_digest(path) for name, path in files.items()},
        form=[settings.codebook.kind, settings.codebook.grades],
        corpus=_what_counts(corpus),
        gold=_what_counts(gold),
        split=[settings.tune.folds, settings.tune.validation_share, settings.tune.seed],
        reading=[resolve_checkpoint(settings.tune.checkpoint).digest, settings.tune.max_tokens],
        code=code_digest(*CODE),
        versions=versions(NUMERICAL),
    )

    ready: list[_Checked] = []

    def prepare() -> None:
        ready.append(_check(settings, files))

    def work(output: Path, _: Path) -> None:
        _write(ready.pop() if ready else _check(settings, files), settings, output)

    return Stage(NAME, parts, work, prepare)


def _what_counts(section: CorpusSettings | GoldSettings) -> dict[str, Any]:
    return {name: value for name, value in asdict(section).items() if name not in NOT_READ_HERE}


@dataclass(frozen=True, slots=True)
class _Checked:
    """The inputs, read and found to be usable; `rows` gives each gold passage's row in the corpus.

    `gold` is in the model's outputs; `grades`, where the answers are grades, as they were given.
    """

    codebook: Codebook
    form: Form
    corpus: Corpus
    gold: Gold
    grades: NDArray[np.float64] | None
    labelled: LabelledTexts
    rows: NDArray[np.int64]
    folds: tuple[FoldRows, ...]
    tokens: NDArray[np.int64]
    window: int
    findings: tuple[Finding, ...]


def _check(settings: StudySettings, files: dict[str, Path]) -> _Checked:
    from headwinds.adapt.fold import plan_folds
    from headwinds.adapt.probe import count_tokens
    from headwinds.corpus.codebook import read_codebook
    from headwinds.corpus.gold import read_gold
    from headwinds.corpus.profile import damaged_texts, gold_findings, unread_findings

    codebook = read_codebook(files["codebook"])
    corpus = _read_corpus(settings, files["corpus"])
    form = Form(codebook.names, settings.codebook.kind, settings.codebook.grades)
    given = read_gold(
        files["gold"],
        codebook,
        stratum=settings.gold.stratum,
        encoding=settings.gold.encoding,
        kind=form.kind,
        grades=form.grades,
    )
    gold = read_as(given, form)
    labelled, rows = _labelled_texts(corpus, gold, form)
    folds = plan_folds(labelled, settings.tune)
    tokens, window, unknown = count_tokens(corpus.table["text"].to_pylist(), settings.tune)
    strata = corpus.table["stratum"].to_pylist() if "stratum" in corpus.table.column_names else []
    findings = (
        *gold_findings(replace(gold, label_names=form.shown), strata),
        *_leakage(settings, labelled, folds, corpus, rows),
        *_refusals(corpus),
        *unread_findings(unknown, settings.tune.checkpoint),
        *damaged_texts(corpus.table["passage_id"].to_pylist(), corpus.table["text"].to_pylist()),
    )
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DataError(" ".join(f"{item.code} {item.sentence}" for item in errors), remedy=errors[0].remedy)
    return _Checked(
        codebook, form, corpus, gold, given.grades, labelled, rows, folds, tokens, window, findings
    )


def _write(checked: _Checked, settings: StudySettings, output: Path) -> None:
    import pyarrow.parquet as pq

    from headwinds.corpus.profile import label_counts, profile_lengths

    corpus, gold, tokens = checked.corpus, checked.gold, checked.tokens
    lengths = profile_lengths(tokens, window=checked.window)
    strata = corpus.table["stratum"].to_pylist() if "stratum" in corpus.table.column_names else []
    pq.write_table(corpus.table, output / "corpus.parquet")
    _write_gold(checked, output)
    _write_folds(corpus, checked.labelled, checked.folds, settings, output)
    summary = {
        "passages": len(corpus),
        "documents": len(set(corpus.table["document_id"].to_pylist())),
        "rows_in": corpus.rows_in,
        "rows_refused": len(corpus.refused),
        "population": float(sum(corpus.table["weight"].to_pylist())),
        "keys": list(corpus.keys),
        "strata": _strata(strata, corpus, gold),
        "label_counts": label_counts(replace(gold, label_names=checked.form.shown)),
        "token_lengths": asdict(lengths),
        "tokens": lengths.total,
    }
    write_json(
        output / "check.json",
        {
            "codebook": asdict(checked.codebook),
            "form": {"kind": checked.form.kind, "grades": checked.form.grades},
            "findings": [asdict(item) for item in checked.findings],
            "summary": summary,
        },
    )


def _read_corpus(settings: StudySettings, path: Path) -> Corpus:
    from headwinds.corpus.reading import Columns, read_corpus

    chosen = settings.corpus
    columns = Columns(
        chosen.passage_id, chosen.document_id, chosen.text, chosen.weight, chosen.stratum, chosen.keys
    )
    return read_corpus(path, columns, encoding=chosen.encoding, on_bad_rows=chosen.on_bad_rows)  # type: ignore[arg-type]


def _labelled_texts(corpus: Corpus, gold: Gold, form: Form) -> tuple[LabelledTexts, Any]:
    from headwinds.adapt.fold import LabelledTexts
    from headwinds.corpus.gold import match_gold

    rows = match_gold(gold, corpus.table["passage_id"].to_pylist())
    chosen = corpus.table.take(rows)
    labelled = LabelledTexts(
        passage_ids=gold.passage_ids,
        document_ids=tuple(chosen["document_id"].to_pylist()),
        texts=tuple(chosen["text"].to_pylist()),
        label_names=gold.label_names,
        truth=gold.labels,
        stratum=gold.stratum,
        several=form.several,
    )
    return labelled, rows


def _leakage(
    settings: StudySettings, labelled: LabelledTexts, folds: tuple[FoldRows, ...], corpus: Corpus, rows: Any
) -> tuple[Finding, ...]:
    import numpy as np

    from headwinds.corpus.duplicates import exact_duplicates
    from headwinds.corpus.leakage import find_leakage, planted_columns

    side = np.empty(len(labelled.passage_ids), dtype=np.int64)
    for fold in folds:
        side[fold.test] = fold.number
    seed = derive_seed(settings.study.seed, "duplicates")
    found = list(
        find_leakage(side.tolist(), labelled.document_ids, labelled.passage_ids, labelled.texts, seed=seed)
    )
    keys = {name: corpus.table[name].take(rows).to_pylist() for name in corpus.keys}
    found += planted_columns(keys, labelled.truth, labelled.label_names)
    repeated = exact_duplicates(corpus.table["text"].to_pylist())
    if repeated:
        extra = sum(len(group) - 1 for group in repeated)
        found.append(
            Finding(
                "N104",
                f"Passages of the corpus that repeat the text of another one: {extra:,}.",
                "They count as passages all the same.",
            )
        )
    return tuple(found)


def _refusals(corpus: Corpus) -> tuple[Finding, ...]:
    if not corpus.refused:
        return ()
    reasons = Counter(item.reason for item in corpus.refused).most_common(3)
    shown = "; ".join(f"{'once' if count == 1 else f'{count} times'}: {reason}" for reason, count in reasons)
    return (
        Finding(
            "W105",
            f"Rows that were refused: {len(corpus.refused):,} of {corpus.rows_in:,} ({shown}).",
            "Mend the file.",
        ),
    )


def _write_gold(checked: _Checked, output: Path) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    labelled, gold, rows, folds = checked.labelled, checked.gold, checked.rows, checked.folds
    fold = np.empty(len(rows), dtype=np.int64)
    for part in folds:
        fold[part.test] = part.number
    columns: dict[str, Any] = {
        "passage_id": list(labelled.passage_ids),
        "document_id": list(labelled.document_ids),
        "text": list(labelled.texts),
        "row": rows,
        "inclusion_probability": gold.inclusion_probability,
        "stratum": list(gold.stratum),
        "fold": fold,
    }
    columns |= {f"label_{name}": gold.labels[:, index] for index, name in enumerate(gold.label_names)}
    if checked.grades is not None:
        columns |= {
            f"grade_{name}": checked.grades[:, index] for index, name in enumerate(checked.form.names)
        }
    pq.write_table(pa.table(columns), output / "gold.parquet")
    parts = ("training", "validation", "test")
    write_json(
        output / "fold_rows.json", [{part: getattr(item, part).tolist() for part in parts} for item in folds]
    )


def _write_folds(
    corpus: Corpus,
    labelled: LabelledTexts,
    folds: tuple[FoldRows, ...],
    settings: StudySettings,
    output: Path,
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from headwinds.corpus.splits import fold_of_documents

    known = {labelled.document_ids[row]: fold.number for fold in folds for row in fold.test.tolist()}
    chosen = fold_of_documents(
        corpus.table["document_id"].to_pylist(),
        list(known),
        list(known.values()),
        folds=settings.tune.folds,
        seed=settings.study.seed,
    )
    table = pa.table({"document_id": list(chosen), "fold": pa.array(list(chosen.values()), pa.int64())})
    pq.write_table(table, output / "folds.parquet")


def _strata(strata: list[str], corpus: Corpus, gold: Gold) -> list[dict[str, Any]]:
    if not strata:
        return []
    passages, labelled = Counter(strata), Counter(gold.stratum)
    population: Counter[str] = Counter()
    for name, weight in zip(strata, corpus.table["weight"].to_pylist(), strict=True):
        population[name] += weight
    return [
        {
            "stratum": name,
            "passages": passages[name],
            "population": round(float(population[name]), 6),
            "gold": labelled[name],
        }
        for name in sorted(passages)
    ]
