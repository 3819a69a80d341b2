"""Gold labels: read, checked against the codebook, and found in the corpus."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Codebook, Gold
from headwinds.corpus.answers import Answers, answer_columns, check_kind, read_answer
from headwinds.corpus.reading import join_stratum, require_columns
from headwinds.corpus.records import Record, read_records
from headwinds.errors import DataError, MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROBABILITY = "inclusion_probability"


def read_gold(
    path: Path,
    codebook: Codebook,
    *,
    stratum: Sequence[str] = (),
    encoding: str = "utf-8",
    kind: str = "multi-label",
    grades: int = 3,
    origin: str = "the codebook",
) -> Gold:
    """Read labelled passages.

    The file has `passage_id` and either `labels` (a list, or names separated by ";") or one 0/1 column for each label;
    `inclusion_probability` if the design is known; and the columns named in `stratum`, joined by " / ".

    Parameters
    ----------
    kind
        "multi-label"; "multi-class": exactly one label, also as a column `label`; "graded": `grades` (a mapping from labels)
        or one column of numbers for each label.
    grades
        The highest grade where graded; the lowest is 0.
    origin
        Where the names of the labels come from, for messages.

    Raises
    ------
    DataError
        A column is missing; a row is damaged; a label is not in the codebook, or a grade not on its scale; an id stands
        twice; an inclusion probability is outside (0, 1], or given for some rows only. The line is told.
    SettingsError
        There is no such kind, or its scale has no steps.
    """
    import numpy as np

    check_kind(kind, grades)
    columns, records = read_records(path, encoding=encoding)
    require_columns(path, columns, ["passage_id"])
    answers = Answers(path, codebook.names, kind, grades, origin)
    column = answer_columns(answers, columns)
    require_columns(path, columns, stratum)
    ids: dict[str, int] = {}
    annotators: dict[str, str] = {}
    said, probability, strata = [], [], []
    for record in records:
        if record.problem:
            raise DataError(f"{path}, line {record.row}: {record.problem}.", remedy="Mend the line.")
        name = _passage_id(record)
        if not name or name in ids:
            raise _repeated(record, name, ids, annotators, path)
        ids[name] = record.row
        annotators[name] = str(record.values.get("annotator") or "")
        said.append(read_answer(answers, record, column))
        probability.append(_probability(record, path) if PROBABILITY in columns else float("nan"))
        strata.append(_stratum(record, stratum, path))
    known = ~np.isnan(np.array(probability))
    if not ids:
        raise DataError(f"{path} holds no labelled passage.", remedy="Label some, one a line.")
    if known.any() and not known.all():
        line = list(ids.values())[int(np.flatnonzero(~known)[0])]
        raise DataError(
            f"{path}, line {line}: {PROBABILITY} is missing, though other lines have it.",
            remedy="Give it for every passage.",
        )
    values = np.array(said, dtype=np.float64)
    return Gold(
        tuple(ids),
        codebook.names,
        values > 0,
        np.array(probability),
        tuple(strata),
        values if kind == "graded" else None,
    )


def match_gold(gold: Gold, passage_ids: Sequence[str] | Mapping[str, int]) -> NDArray[np.int64]:
    """The row of each gold passage in the corpus, of which the ids are given, or the rows of those that gold names.

    Raises
    ------
    MismatchError
        Some are not in the corpus; the first three are shown.
    """
    import numpy as np

    place = (
        passage_ids
        if isinstance(passage_ids, Mapping)
        else {name: row for row, name in enumerate(passage_ids)}
    )
    missing = [name for name in gold.passage_ids if name not in place]
    if missing:
        raise MismatchError(
            f"{len(missing):,} of {len(gold):,} gold passages are not in the corpus, first {', '.join(missing[:3])}.",
            remedy="Gold and corpus must come from the same documents.",
        )
    return np.array([place[name] for name in gold.passage_ids], dtype=np.int64)


def _repeated(
    record: Record, name: str, ids: dict[str, int], annotators: dict[str, str], path: Path
) -> DataError:
    """Why a second line for a passage is not taken; two annotators must be brought to one label first."""
    if not name:
        what, remedy = "passage_id is empty", "Every labelled passage has one line."
    else:
        what, remedy = (
            f"passage_id {name!r} stands already in line {ids[name]}",
            "Every labelled passage has one line.",
        )
        first, second = annotators[name], str(record.values.get("annotator") or "")
        if first and first == second:
            what = f"annotator {first!r} labelled passage_id {name!r} already in line {ids[name]}"
        elif first and second:
            what = f"passage_id {name!r} was labelled by {first!r} in line {ids[name]} and by {second!r} here"
            remedy = "Decide their differences, and keep one line a passage."
    return DataError(f"{path}, line {record.row}: {what}.", remedy=remedy)


def _passage_id(record: Record) -> str:
    value = record.values.get("passage_id")
    return "" if value is None or not str(value).strip() else str(value)


def _stratum(record: Record, names: Sequence[str], path: Path) -> str:
    joined, problem = join_stratum(record.values, names)
    if problem:
        raise DataError(
            f"{path}, line {record.row}: {problem}.", remedy="Every labelled passage has a stratum."
        )
    return joined if names else "all"


def _probability(record: Record, path: Path) -> float:
    value: Any = record.values.get(PROBABILITY)
    # Parquet and pandas write a missing number as NaN; text that says "nan" is somebody's mistake.
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return float("nan")
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not (math.isfinite(number) and 0 < number <= 1):
        raise DataError(
            f"{path}, line {record.row}: {PROBABILITY} = {value!r}, expected a number above 0 and at most 1.",
            remedy="It is the probability with which the design drew this passage.",
        )
    return number
