"""A table between commas or tabs, as text: what would be cut off, filled up or taken for another column is refused."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import warnings
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

TABBED = (".tsv", ".tab")
NAMED = {";": "semicolons", "\t": "tabs", "|": "bars"}
_PACKED: dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}


def read_delimited(path: Path, skip_lines: int = 0, rows: int | None = None) -> pd.DataFrame:
    """The table of a CSV file, or of one between tabs (.tsv, .tab; also compressed), its names without blanks around them.

    Of so many rows, or of all.

    Raises
    ------
    DataError
        Two columns have one name, a row has more or fewer fields than there are names, or something else than the
        comma stands between the fields.
    ValueError, OSError, EOFError
        As pandas raises them.
    """
    import pandas as pd

    separator = "\t" if any(part.lower() in TABBED for part in path.suffixes[-2:]) else ","
    header = _read(path, separator, skiprows=skip_lines, header=None, nrows=1).iloc[0]
    names = [str(name).strip() for name in header]
    other = next((mark for mark in NAMED if mark != separator and mark in names[0]), "")
    if len(names) == 1 and other:
        raise DataError(
            f"{path.name}: {NAMED[other]} stand between the fields, expected {'commas' if separator == ',' else 'tabs'}.",
            remedy="Save the table as CSV with commas between the fields and points in the numbers.",
        )
    refuse_repeated(names, path.name)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error", pd.errors.ParserWarning
        )  # of fields beyond the last name, which are cut off
        try:
            table = _read(path, separator, skiprows=skip_lines, nrows=rows)
        except pd.errors.ParserWarning:
            _require_whole_rows(path, separator, skip_lines, len(names), rows)
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # what is cut off is empty
            table = _read(path, separator, skiprows=skip_lines, nrows=rows)
    if (table.iloc[:, -1] == "").any():  # a row that ends too early is filled up with empty fields
        _require_whole_rows(path, separator, skip_lines, len(names), rows)
    table.columns = pd.Index(names)
    return table


def refuse_repeated(names: Sequence[str], place: str) -> None:
    """Raise a DataError if two columns have one name: nobody could say which is meant."""
    twice = next((name for row, name in enumerate(names) if name and name in names[:row]), None)
    if twice is not None:
        raise DataError(
            f"{place}: {names.count(twice)} columns are named {twice!r}.",
            remedy="Give every column a name of its own.",
        )


def _read(path: Path, separator: str, **given: Any) -> pd.DataFrame:
    import pandas as pd

    table: pd.DataFrame = pd.read_csv(
        path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8", index_col=False, **given
    )
    return table


def _require_whole_rows(path: Path, separator: str, skip_lines: int, fields: int, most: int | None) -> None:
    """A DataError where a row has fewer fields than there are names, or more that hold something."""
    opened = _PACKED.get(path.suffix.lower(), open)
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        for _ in range(skip_lines):
            next(file, None)
        rows = csv.reader(file, delimiter=separator)
        kept = (row for row in rows if row)
        for row in islice(kept, None if most is None else most + 1):  # with the names
            if len(row) < fields or any(row[fields:]):
                raise DataError(
                    f"{path.name}, line {rows.line_num + skip_lines}: {len(row)} fields, expected {fields}.",
                    remedy="Put a field with a comma in it into quotes, and leave no field out; an empty one still has "
                    "its comma.",
                )
