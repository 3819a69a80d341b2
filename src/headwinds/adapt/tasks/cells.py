"""Cells of a labelled file, read or refused with their place."""

from __future__ import annotations

import json
import math
from typing import Any

from headwinds.adapt.tasks.contract import Row
from headwinds.errors import DataError, quoted

BETWEEN = ";"


def id_cell(row: Row) -> str:
    """What an example is called: its `id`, or its place in the file where it has none."""
    value = row.values.get("id")
    return row.place if value is None or value == "" else str(value)


def text_cell(row: Row, column: str) -> str:
    """A text that is not empty.

    Raises
    ------
    DataError
        It is missing, empty or no text.
    """
    value = row.values.get(column)
    if not isinstance(value, str) or not value.strip():
        said = (
            "is empty" if value in (None, "") or isinstance(value, str) else f"= {quoted(value)} is no text"
        )
        raise DataError(f"{row.place}: {column} {said}.", remedy="Fill it, or leave the row out.")
    return value


def label_cell(row: Row, column: str) -> str:
    """A label: a name, or a whole number, which is its own name.

    Raises
    ------
    DataError
        It is missing, or of another kind.
    """
    value = row.values.get(column)
    if value is None or value == "":
        raise DataError(f"{row.place}: {column} is empty.", remedy="Label the row, or leave it out.")
    return _name(value, row, column)


def labels_cell(row: Row, column: str) -> tuple[str, ...]:
    """Any number of labels: a list, its JSON, or names with ";" between them; empty for none.

    Raises
    ------
    DataError
        It is of another kind, or a label stands there twice.
    """
    value = list_cell(row, column)
    names = tuple(_name(item, row, column) for item in value)
    if len(set(names)) < len(names):
        raise DataError(
            f"{row.place}: {column} names a label twice: {', '.join(names)}.", remedy="Once is enough."
        )
    return names


def list_cell(row: Row, column: str) -> list[Any]:
    """A list: as such, as JSON, or as names with ";" between them.

    Raises
    ------
    DataError
        It is of another kind.
    """
    value = row.values.get(column)
    if value is None or value == "":
        return []
    if isinstance(value, list | tuple):
        return list(value)
    if hasattr(value, "tolist"):
        return list(value.tolist())
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                return list(json.loads(value))
            except (ValueError, RecursionError) as error:
                said = "nested too deep" if isinstance(error, RecursionError) else error
                raise DataError(f"{row.place}: {column} begins like a list but is none ({said}).") from error
        return [part.strip() for part in value.split(BETWEEN) if part.strip()]
    raise DataError(
        f"{row.place}: {column} = {quoted(value)}, expected a list, or names with {BETWEEN!r} between them."
    )


def _name(value: Any, row: Row, column: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise DataError(f"{row.place}: {column} = {quoted(value)}, expected the name of a label.")
