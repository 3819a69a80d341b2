"""Labelled files to rows of a task: what it needs is asked for before any row is read, and every row is kept or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.tasks.cells import id_cell
from headwinds.adapt.tasks.contract import Row
from headwinds.contracts.suggestions import nearest
from headwinds.corpus.reading import require_columns
from headwinds.corpus.records import read_records
from headwinds.errors import DataError, quoted

if TYPE_CHECKING:
    from headwinds.adapt.tasks.contract import Task


def read_rows(path: Path, task: Task[object], *, labelled: bool = True, encoding: str = "utf-8") -> list[Row]:  # type: ignore[type-var]
    """The rows of a CSV, TSV, JSONL or Parquet file.

    Raises
    ------
    DataError
        A column is missing (what the task needs is listed), a row cannot be read (its line), two rows have one `id`, or
        there is no row.
    """
    names, records = read_records(path, encoding=encoding)
    asked = columns_in_words(task)
    needed = [column.name for column in task.columns if column.needed and not column.label]
    require_columns(path, names, needed, remedy=asked)
    wanted = [column for column in task.columns if column.label]
    if labelled and wanted and not any(column.name in names for column in wanted):
        either = " or ".join(column.name for column in wanted)
        raise DataError(
            f"{path} has no column {either}, which task {task.name} learns from; it has {', '.join(names)}.",
            remedy=asked,
        )
    rows = []
    for record in records:
        place = f"{path}, line {record.row}"
        if record.problem:
            raise DataError(f"{place}: {record.problem}.", remedy="Mend the line, or take it out.")
        require_whole_characters(place, record.values)
        require_keys(place, record.values, task)
        rows.append(Row(place, record.values))
    if not rows:
        raise DataError(f"{path} has no rows.", remedy="Name a file with examples.")
    _require_own_ids(rows)
    return rows


def _require_own_ids(rows: Sequence[Row]) -> None:
    """Predictions, mistakes and proposals are told by id: of two rows with one id nobody could say which is meant."""
    first: dict[str, str] = {}
    again: list[tuple[str, Row]] = []
    for row in rows:
        name = id_cell(row)
        if name in first:
            again.append((name, row))
        else:
            first[name] = row.place
    if again:
        name, row = again[0]
        raise DataError(
            f"{row.place}: id {quoted(name)} stands at {first[name]} too; rows whose id stood before: {len(again)}.",
            remedy="Give each row an id of its own, or leave the column out; --group names rows that belong together.",
        )


def require_whole_characters(place: str, values: Mapping[str, Any]) -> None:
    """Refuse a row that no file in UTF-8 could hold: JSON can say one half of an emoji.

    Raises
    ------
    DataError
        The column is named.
    """
    half = next((name for name, value in values.items() if _holds_half(value)), None)
    if half is not None:
        raise DataError(
            f"{place}: {quoted(half)} holds half a character (a lone surrogate).",
            remedy="Mend the program that wrote it, which cuts texts between the halves of a character.",
        )


def _holds_half(value: Any) -> bool:
    """Whether a text, or one within a list or an object, has a half."""
    if isinstance(value, str):
        return not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return any(_holds_half(name) or _holds_half(one) for name, one in value.items())
    return isinstance(value, list) and any(_holds_half(one) for one in value)


def require_keys(place: str, values: Mapping[str, Any], task: Task[object]) -> None:  # type: ignore[type-var]
    """Refuse a row of JSON that lacks a key: other rows may have it, and what is not there is not the same as empty.

    Raises
    ------
    DataError
        The key is named, and the nearest one that the row has instead.
    """
    for column in task.columns:
        if column.needed and not column.label and column.name not in values:
            others = set(values) - {one.name for one in task.columns}
            raise DataError(
                f"{place}: there is no key {column.name!r}.{nearest(column.name, sorted(others))}",
                remedy=columns_in_words(task),
            )


def columns_in_words(task: Task[object]) -> str:  # type: ignore[type-var]
    """The columns of a task as one line."""
    names = ", ".join(column.name for column in task.columns)
    return f"Columns of this task: {names}; `headwinds tasks` says what each holds."
