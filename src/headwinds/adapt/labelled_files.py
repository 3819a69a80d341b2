"""Labelled files to rows of a task: what it needs is asked for before any row is read, and every row is kept or refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.tasks.contract import Row
from headwinds.corpus.reading import require_columns
from headwinds.corpus.records import read_records
from headwinds.errors import DataError

if TYPE_CHECKING:
    from headwinds.adapt.tasks.contract import Task


def read_rows(path: Path, task: Task[object], *, labelled: bool = True, encoding: str = "utf-8") -> list[Row]:  # type: ignore[type-var]
    """The rows of a CSV, TSV, JSONL or Parquet file.

    Raises
    ------
    DataError
        A column is missing (what the task needs is listed), a row cannot be read (its line), or there is none.
    """
    names, records = read_records(path, encoding=encoding)
    require_columns(
        path, names, [column.name for column in task.columns if column.needed and not column.label]
    )
    wanted = [column for column in task.columns if column.label]
    if labelled and wanted and not any(column.name in names for column in wanted):
        asked = " or ".join(column.name for column in wanted)
        raise DataError(
            f"{path} has no column {asked}, which task {task.name} learns from; it has {', '.join(names)}.",
            remedy=f"Columns of this task: {columns_in_words(task)}.",
        )
    rows = []
    for record in records:
        place = f"{path}, line {record.row}"
        if record.problem:
            raise DataError(f"{place}: {record.problem}.", remedy="Mend the line, or take it out.")
        rows.append(Row(place, record.values))
    if not rows:
        raise DataError(f"{path} has no rows.", remedy="Name a file with examples.")
    return rows


def columns_in_words(task: Task[object]) -> str:  # type: ignore[type-var]
    """The columns of a task as one line."""
    return "; ".join(
        f"{column.name} ({column.meaning}{'' if column.needed else '; may be missing'})"
        for column in task.columns
    )
