"""Documents in: a CSV, JSONL or Parquet file becomes a corpus, and every row is kept or refused with its reason."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from headwinds.contracts import Corpus, Refusal
from headwinds.contracts.stratum_names import joined_stratum
from headwinds.contracts.suggestions import nearest
from headwinds.corpus.records import Record, read_records
from headwinds.errors import DataError, quoted

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns in the user's file.

    With an empty `passage_id` the row number serves; with an empty `document_id` every passage is its own document; with
    an empty `weight` every passage stands for itself. `stratum` names columns that are joined by " / ".
    """

    passage_id: str = "passage_id"
    document_id: str = "document_id"
    text: str = "text"
    weight: str = ""
    stratum: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


def read_corpus(
    path: Path, columns: Columns, *, encoding: str = "utf-8", on_bad_rows: Literal["stop", "refuse"] = "stop"
) -> Corpus:
    """Read a file of passages.

    Raises
    ------
    DataError
        A column is missing, or (with `on_bad_rows` "stop") rows are bad: the first three are shown. With "refuse" they
        are left out and listed in the corpus's `refused`; ``rows_in == len(corpus) + len(corpus.refused)`` always.
    EncodingError
        The bytes are not in `encoding`.
    """
    import pyarrow as pa

    names, records = read_records(path, encoding=encoding)
    needed = [
        columns.passage_id,
        columns.text,
        columns.weight,
        *columns.stratum,
        *columns.keys,
    ]
    require_columns(path, names, [name for name in needed if name])
    require_columns(path, names, [columns.document_id] if columns.document_id else [], remedy=NO_DOCUMENT)
    kept: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    seen: set[str] = set()
    rows_in = 0
    for record in records:
        rows_in += 1
        row, problem = canonical_row(record, columns, seen)
        if problem:
            refused.append(Refusal(str(path), record.row, problem))
        else:
            seen.add(row["passage_id"])
            kept.append(row)
    if refused and on_bad_rows == "stop":
        raise DataError(
            f"{path}: {len(refused):,} of {rows_in:,} rows cannot be read: {_shown(refused)}.",
            remedy='Mend them, or set on_bad_rows = "refuse" to leave them out and count them.',
        )
    if not kept:
        shown = f" (rows: {rows_in:,}, all refused: {_shown(refused)})" if refused else " below its header"
        raise DataError(f"{path} holds no row that can be read{shown}.", remedy="Check the file.")
    table = pa.table({name: _column(kept, name, path) for name in kept[0]})
    return Corpus(table, columns.keys, rows_in, tuple(refused), str(path), encoding)


NO_DOCUMENT = 'Name the column that holds it, or say "" where passages belong to no documents.'


def require_columns(
    path: Path, found: Sequence[str], needed: Sequence[str], *, remedy: str = "Name the column that holds it."
) -> None:
    """Raise a `DataError` that names the first missing column and the nearest one there is."""
    for name in needed:
        if name not in found:
            raise DataError(
                f"{path} has no column {name!r}; it has {', '.join(found)}.{nearest(name, found, cutoff=0.5)}",
                remedy=remedy,
            )


def canonical_row(record: Record, columns: Columns, seen: Container[str]) -> tuple[dict[str, Any], str]:
    """The row in canonical columns, or the reason for refusing it; `seen` are the ids that stood before."""
    values = record.values
    if record.problem:
        return {}, record.problem
    passage, problem = (
        as_word(str(record.row), "row")
        if not columns.passage_id
        else as_word(values.get(columns.passage_id), columns.passage_id)
    )
    if problem:
        return {}, problem
    if passage in seen:
        return {}, f"{columns.passage_id} {quoted(passage)} stands there already"
    text = values.get(columns.text)
    if not isinstance(text, str) or not text.strip():
        return {}, f"{columns.text} is empty" if text is None or isinstance(
            text, str
        ) else f"{columns.text} is not text"
    text, problem = as_word(text, columns.text)
    if problem:
        return {}, problem
    document, problem = (
        (passage, "")
        if not columns.document_id
        else as_word(values.get(columns.document_id), columns.document_id)
    )
    if problem:
        return {}, problem
    weight, problem = _weight(values.get(columns.weight) if columns.weight else 1.0, columns.weight)
    if problem:
        return {}, problem
    row: dict[str, Any] = {
        "passage_id": passage,
        "document_id": document,
        "text": text,
        "weight": weight,
    }
    if columns.stratum:
        stratum, problem = join_stratum(values, columns.stratum)
        if problem:
            return {}, problem
        row["stratum"] = stratum
    for key in columns.keys:
        row[key], problem = as_word(values.get(key), key)
        if problem:
            return {}, problem
    return row, ""


def join_stratum(values: dict[str, Any], names: Sequence[str]) -> tuple[str, str]:
    """The stratum as one string, "none / 1990-2000", or the reason why there is none."""
    parts = []
    for name in names:
        part, problem = as_word(values.get(name), name)
        if problem:
            return "", problem
        parts.append(part)
    return joined_stratum(parts), ""


def as_word(value: Any, name: str) -> tuple[str, str]:
    """A value as text, 1990.0 as "1990" (a column of whole numbers with gaps is stored as fractions), or its problem."""
    if type(value) is str and value.isascii() and "\0" not in value and value and not value.isspace():
        return value, ""  # the usual case, and the same as below
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "", f"{name} is empty"
    if isinstance(value, (list, dict, bytes)):
        return "", f"{name} is a {type(value).__name__}, expected text or a number"
    word = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if not word.strip():
        return "", f"{name} is empty"
    if "\0" in word:
        return "", f"{name} holds a NUL character"
    if not word.isascii() and any("\ud800" <= character <= "\udfff" for character in word):
        return "", f"{name} holds half a character (a lone surrogate)"
    return word, ""


def _weight(value: Any, name: str) -> tuple[float, str]:
    try:
        weight = math.nan if isinstance(value, bool) or "_" in str(value) else float(value)
    except (TypeError, ValueError, OverflowError):
        weight = math.nan
    if math.isnan(weight):
        return 0.0, f"{name} = {quoted(value)} is not a number"
    if not 0 < weight < math.inf:
        return 0.0, f"{name} = {quoted(value)} is not a finite number above 0"
    return weight, ""


def _column(rows: list[dict[str, Any]], name: str, path: Path) -> Any:
    """One column: whole numbers where every value is one (CSV gives text), else strings; years stay comparable."""
    import pyarrow as pa

    values = [row[name] for row in rows]
    if name == "weight":
        return pa.array(values, pa.float64())
    if name in ("passage_id", "document_id", "text", "stratum"):
        return pa.array(values, pa.string())
    whole = [whole_number(value) for value in values]
    if all(value is not None for value in whole):
        return pa.array(whole, pa.int64())
    numeric = sum(value is not None for value in whole)
    # A column of numbers with a few words in it is a mistake; one of words with a few numbers in it (firms: 3M, 360) is not.
    if numeric > 0.5 * len(values):
        index = next(index for index, value in enumerate(whole) if value is None)
        raise DataError(
            f"{path}: {name} = {quoted(values[index])} in passage {quoted(rows[index]['passage_id'])} is no whole number;"
            f" {numeric:,} of {len(values):,} are.",
            remedy="Mend it, or take the column out of keys.",
        )
    return pa.array([str(value) for value in values], pa.string())


def whole_number(value: str) -> int | None:
    """The whole number that a text spells, None where it spells none or one that is better kept as text."""
    text = value.strip()
    # Leading zeros are part of a code ("007"), not of a number; nineteen digits may not fit into 64 bits.
    if not (text.isascii() and text.lstrip("-").isdecimal() and len(text) < 19):
        return None
    return int(text) if str(int(text)) == text else None


def _unit(file: str) -> str:
    return "row" if file.lower().endswith(".parquet") else "line"


def _shown(refused: Sequence[Refusal]) -> str:
    first = "; ".join(f"{_unit(item.file)} {item.row}: {item.reason}" for item in refused[:SHOWN])
    return first + (f"; and {len(refused) - SHOWN:,} more" if len(refused) > SHOWN else "")
