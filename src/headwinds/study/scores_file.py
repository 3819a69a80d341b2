"""A file of any classifier's scores, read and brought together with a file of gold labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.fingerprint import file_digest
from headwinds.corpus.reading import NO_DOCUMENT, as_word, join_stratum, require_columns
from headwinds.errors import DataError, MismatchError, quoted
from headwinds.study.frame import key_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts import Gold
    from headwinds.corpus.records import Record
    from headwinds.measure.frame import Frame
    from headwinds.study.scored_parts import PartsTable

PROBABILITY = "probability_"
SCORE = "score_"
DECISION = "label_"
TEXT = "text"


@dataclass(frozen=True, slots=True)
class ScoresFile:
    """Where the columns of a file of scores are.

    Attributes
    ----------
    path
        CSV, JSONL or Parquet, or the folder of parts that `score` writes of a large corpus, with one passage a row, and a
        column ``probability_<label>`` for each label; where there is also ``label_<label>`` (0 or 1) it is the classifier's
        decision, else a probability of one half decides.
    by
        The cells of each index: lists of columns; an empty one is the whole file.
    document_id, weight
        Columns, or "": each passage its own document, each standing for itself.
    stratum
        Columns within which gold was drawn at random.
    kind
        "multi-label" (any number of labels may hold), "multi-class" (exactly one does: probabilities add up to one, and the
        largest decides) or "graded" (columns ``score_<label>`` have the predicted grade, and the index is a mean score).
    grades
        The highest grade where graded; the lowest is 0.
    """

    path: Path
    by: tuple[tuple[str, ...], ...] = ((),)
    passage_id: str = "passage_id"
    document_id: str = "document_id"
    weight: str = ""
    stratum: tuple[str, ...] = ()
    encoding: str = "utf-8"
    kind: str = "multi-label"
    grades: int = 3

    @property
    def prefix(self) -> str:
        """How the columns of predictions begin."""
        return SCORE if self.kind == "graded" else PROBABILITY


def read_scores(scores: ScoresFile, gold: Path) -> Frame:
    """Scores and gold, brought together; see `measure_file`."""
    import numpy as np

    from headwinds.corpus.answers import check_kind
    from headwinds.corpus.gold import match_gold
    from headwinds.corpus.records import read_records
    from headwinds.measure.frame import make_frame

    check_kind(scores.kind, scores.grades)
    if scores.path.is_dir():
        return _read_parts(scores, gold)
    columns, records = read_records(scores.path, encoding=scores.encoding)
    labels = _labels(scores, columns)
    keys = tuple(dict.fromkeys(key for by in scores.by for key in by))
    require_columns(
        scores.path,
        columns,
        [name for name in (scores.passage_id, scores.weight, *scores.stratum, *keys) if name],
    )
    require_columns(
        scores.path, columns, [scores.document_id] if scores.document_id else [], remedy=NO_DOCUMENT
    )
    rows = []
    for record in records:
        if record.problem:
            raise DataError(f"{scores.path}, line {record.row}: {record.problem}.", remedy="Mend the line.")
        rows.append(record)
    ids = [str(row.values[scores.passage_id]) for row in rows]
    if len(set(ids)) < len(ids):
        twice = sorted(name for name, times in Counter(ids).items() if times > 1)[:3]
        raise DataError(
            f"{scores.path}: values of {scores.passage_id} that stand there before: {len(ids) - len(set(ids)):,}, "
            f"first {', '.join(twice)}.",
            remedy="One passage a row.",
        )
    told = {name: _words(scores, rows, name) for name in (scores.document_id, *keys) if name}
    probability, label = _predictions(scores, rows, labels, columns)
    found = _gold(scores, gold, labels)
    place = match_gold(found, ids)
    strata = _strata(scores, rows)
    _check_strata(gold, found, strata, place)
    return make_frame(
        document_ids=told[scores.document_id] if scores.document_id else ids,
        strata=strata,
        keys={key: key_values(told[key]) for key in keys},
        weight=[_number(scores.path, row.row, row.values, scores.weight) for row in rows]
        if scores.weight
        else np.ones(len(rows)),
        probability=probability,
        label=label,
        gold_rows=place,
        label_names=labels,
        **_of_gold(found, scores),
    )


def _of_gold(found: Gold, scores: ScoresFile) -> dict[str, Any]:
    """What a frame takes of the gold, and what kind of number it holds."""
    import numpy as np

    inclusion = found.inclusion_probability
    graded = scores.kind == "graded"
    return {
        "gold_labels": found.labels if found.grades is None else found.grades,
        "inclusion_probability": None if np.isnan(inclusion).all() else inclusion,
        "kind": "score" if graded else scores.kind,
        "value_range": (0.0, float(scores.grades)) if graded else (0.0, 1.0),
    }


def _read_parts(scores: ScoresFile, gold: Path) -> Frame:
    """The same from a folder of parts, column by column."""
    import numpy as np

    from headwinds.corpus.gold import match_gold
    from headwinds.measure.frame import make_frame
    from headwinds.study.scored_parts import open_parts

    keys = tuple(dict.fromkeys(key for by in scores.by for key in by))
    document = scores.document_id or scores.passage_id
    named = (scores.passage_id, document, scores.weight, *scores.stratum, *keys)
    parts = open_parts(scores.path, [name for name in dict.fromkeys(named) if name])
    labels = _labels(scores, parts.names)
    found = _gold(scores, gold, labels)
    places = parts.places(scores.passage_id, found.passage_ids)
    place = match_gold(found, places)
    strata = parts.strata(scores.stratum)
    _check_strata(gold, found, strata, place)
    probability = np.empty((parts.rows, len(labels)))
    for number, name in enumerate(labels):
        probability[:, number] = parts.numbers(scores.prefix + name)
    label = _decisions(scores, parts, probability, labels)
    return make_frame(
        document_ids=parts.codes(document),
        strata=strata,
        keys={key: parts.key(key) for key in keys},
        weight=parts.numbers(scores.weight) if scores.weight else np.ones(len(probability)),
        probability=probability,
        label=label,
        gold_rows=place,
        label_names=labels,
        **_of_gold(found, scores),
    )


def _decisions(
    scores: ScoresFile, parts: PartsTable, probability: NDArray[np.float64], labels: tuple[str, ...]
) -> NDArray[Any]:
    """What the model decides of each passage and label, where its predictions are what they should be."""
    import numpy as np

    low, high = (0.0, float(scores.grades)) if scores.kind == "graded" else (0.0, 1.0)
    bad = ~((probability >= low) & (probability <= high))
    if bad.any():
        row, column = (int(value) for value in np.argwhere(bad)[0])
        raise DataError(
            f"{scores.path}, row {row + 1}: {scores.prefix}{labels[column]} = {probability[row, column]}, "
            f"expected a number from {low:g} to {high:g}.",
            remedy="Give the highest grade of the scale (grades), and predictions on that scale."
            if scores.kind == "graded"
            else "Score the passages again.",
        )
    if scores.kind == "graded":
        return probability
    if scores.kind == "multi-class":
        _check_sums(scores.path, range(1, len(probability) + 1), probability, labels)
    if all(f"{DECISION}{name}" in parts.names for name in labels):
        return np.stack([parts.numbers(DECISION + name) > 0.5 for name in labels], axis=1)
    if scores.kind == "multi-class":
        largest: NDArray[np.bool_] = np.arange(len(labels)) == probability.argmax(axis=1)[:, None]
        return largest
    return probability >= 0.5


def _labels(scores: ScoresFile, columns: Sequence[str]) -> tuple[str, ...]:
    labels = tuple(name.removeprefix(scores.prefix) for name in columns if name.startswith(scores.prefix))
    if not labels:
        what = "predicted grades" if scores.kind == "graded" else "probabilities"
        raise DataError(
            f"{scores.path} has no column {scores.prefix}<label>; it has {', '.join(columns)}.",
            remedy=f"Name each label's column of {what} {scores.prefix}<label>.",
        )
    return labels


def _gold(scores: ScoresFile, gold: Path, labels: tuple[str, ...]) -> Gold:
    from headwinds.contracts import Codebook, Label
    from headwinds.corpus.gold import read_gold

    return read_gold(
        gold,
        Codebook(tuple(Label(name, "") for name in labels)),
        stratum=scores.stratum,
        kind=scores.kind,
        grades=scores.grades,
        origin=f"the columns {scores.prefix}<label> of {scores.path.name}",
    )


def _check_strata(gold: Path, found: Gold, strata: Any, place: NDArray[np.int64]) -> None:
    for name, row, stratum in zip(found.passage_ids, place.tolist(), found.stratum, strict=True):
        if strata[row] != stratum:
            raise MismatchError(
                f"{gold}: passage {name!r} is in stratum {stratum!r}, and in the scores in {strata[row]!r}.",
                remedy="Both files must say in which stratum it was drawn.",
            )


def _predictions(
    scores: ScoresFile, rows: list[Record], labels: tuple[str, ...], columns: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """What the model says of each passage and label, and what it decides; of grades the score is both."""
    import numpy as np

    if scores.kind == "graded":
        given = [[_score(scores, row, SCORE + name) for name in labels] for row in rows]
        return np.array(given), np.array(given)
    path = scores.path
    probability = np.array(
        [[_share(path, row.row, row.values, PROBABILITY + name) for name in labels] for row in rows]
    )
    if scores.kind == "multi-class":
        _check_sums(path, [row.row for row in rows], probability, labels)
    if all(f"{DECISION}{name}" in columns for name in labels):
        decided = [[_share(path, row.row, row.values, DECISION + name) for name in labels] for row in rows]
        return probability, np.array(decided) > 0.5
    if scores.kind == "multi-class":
        return probability, np.arange(len(labels)) == probability.argmax(axis=1)[:, None]
    return probability, probability >= 0.5


def scores_digest(path: Path) -> str:
    """What differs whenever the content of a file or folder of scores does."""
    if not path.is_dir():
        return file_digest(path)
    from headwinds.study.scored_parts import parts_digest

    return parts_digest(path)


def read_texts(scores: ScoresFile) -> list[str] | None:
    """The passages, if they stand in the file of scores."""
    from headwinds.corpus.records import read_records

    if scores.path.is_dir():
        return None
    columns, records = read_records(scores.path, encoding=scores.encoding)
    return [str(record.values.get(TEXT) or "") for record in records] if TEXT in columns else None


def _words(scores: ScoresFile, rows: Sequence[Record], name: str) -> list[str]:
    """A column as words, 2001.0 as "2001"; without a document or a key a passage would stand in a cell without a name."""
    read = [as_word(row.values[name], name) for row in rows]
    bad = [place for place, (_, problem) in enumerate(read) if problem]
    if bad:
        where, problem = f"{scores.path}, line {rows[bad[0]].row}", read[bad[0]][1]
        raise DataError(
            f"{where}: {problem}; such lines: {len(bad):,}.",
            remedy="Fill it in, or name no document if each passage is one."
            if name == scores.document_id
            else "Fill it in; 'unknown' for instance makes a cell of its own.",
        )
    return [word for word, _ in read]


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
    path: Path, lines: Sequence[int], probability: NDArray[np.float64], labels: tuple[str, ...]
) -> None:
    import numpy as np

    from headwinds.measure.label_kinds import SUM_TOLERANCE

    total = probability.sum(axis=1)
    off = np.flatnonzero(np.abs(total - 1) > SUM_TOLERANCE)
    if off.size:
        names = ", ".join(PROBABILITY + name for name in labels)
        raise DataError(
            f"{path}, line {lines[off[0]]}: {names} add up to {total[off[0]]:.4g}, expected 1 (such lines: {off.size:,}).",
            remedy="Give the softmax of the classes; if several labels may hold at once, the kind is 'multi-label'.",
        )


def _score(scores: ScoresFile, row: Record, name: str) -> float:
    value = _number(scores.path, row.row, row.values, name)
    if not 0 <= value <= scores.grades:
        raise DataError(
            f"{scores.path}, line {row.row}: {name} = {value}, expected a score from 0 to {scores.grades}.",
            remedy="Give the highest grade of the scale (grades), and predictions on that scale.",
        )
    return value


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
        raise DataError(f"{path}, line {line}: {name} = {quoted(given)}, expected a number.") from None
