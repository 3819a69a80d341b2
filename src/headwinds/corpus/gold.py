"""Gold labels: read, checked against the codebook, and found in the corpus."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Codebook, Gold
from headwinds.corpus.reading import join_stratum, require_columns
from headwinds.corpus.records import Record, read_records
from headwinds.errors import DataError, MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROBABILITY = "inclusion_probability"


def read_gold(
    path: Path, codebook: Codebook, *, stratum: Sequence[str] = (), encoding: str = "utf-8"
) -> Gold:
    """Read labelled passages.

    The file has `passage_id` and either `labels` (a list, or names separated by ";") or one 0/1 column for each label;
    `inclusion_probability` if the design is known; and the columns named in `stratum`, joined by " / ".

    Raises
    ------
    DataError
        A column is missing; a row is damaged; a label is not in the codebook; an id stands twice; an inclusion probability
        is outside (0, 1], or given for some rows only. The line is told.
    """
    import numpy as np

    columns, records = read_records(path, encoding=encoding)
    by_column = "labels" not in columns and set(codebook.names) <= set(columns)
    require_columns(path, columns, ["passage_id", *([] if by_column else ["labels"]), *stratum])
    ids: dict[str, int] = {}
    annotators: dict[str, str] = {}
    truth, probability, strata = [], [], []
    for record in records:
        if record.problem:
            raise DataError(f"{path}, line {record.row}: {record.problem}.", remedy="Mend the line.")
        name = _passage_id(record)
        if not name or name in ids:
            raise _repeated(record, name, ids, annotators, path)
        ids[name] = record.row
        annotators[name] = str(record.values.get("annotator") or "")
        given = _names_by_column(record, codebook, path) if by_column else _names(record, path)
        truth.append(_row(given, codebook, record, path))
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
    return Gold(tuple(ids), codebook.names, np.array(truth, dtype=bool), np.array(probability), tuple(strata))


def match_gold(gold: Gold, passage_ids: Sequence[str]) -> NDArray[np.int64]:
    """The row of each gold passage in the corpus.

    Raises
    ------
    MismatchError
        Some are not in the corpus; the first three are shown.
    """
    import numpy as np

    place = {name: row for row, name in enumerate(passage_ids)}
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


def _names(record: Record, path: Path) -> list[str]:
    value = record.values.get("labels")
    if value is None:
        raise DataError(
            f"{path}, line {record.row}: labels is missing.",
            remedy="Write an empty list where no label applies.",
        )
    if isinstance(value, str):
        return [part.strip() for part in re.split("[;；]", value) if part.strip()]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise DataError(
        f"{path}, line {record.row}: labels is {value!r}, expected a list of label names.",
        remedy='For instance ["growth"], or [] where no label applies.',
    )


def _names_by_column(record: Record, codebook: Codebook, path: Path) -> list[str]:
    given = []
    for name in codebook.names:
        value = str(record.values.get(name)).strip().lower()
        if value not in ("0", "1", "true", "false", "0.0", "1.0"):
            raise DataError(
                f"{path}, line {record.row}: {name} = {record.values.get(name)!r}, expected 0 or 1.",
                remedy="1 where the label applies, 0 where it does not.",
            )
        if value in ("1", "true", "1.0"):
            given.append(name)
    return given


def _row(given: Sequence[str], codebook: Codebook, record: Record, path: Path) -> list[bool]:
    for name in given:
        if name not in codebook.names:
            near = get_close_matches(name, codebook.names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise DataError(
                f"{path}, line {record.row}: label {name!r} is not in the codebook.{hint}",
                remedy=f"It has {', '.join(codebook.names)}.",
            )
    return [name in given for name in codebook.names]


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
