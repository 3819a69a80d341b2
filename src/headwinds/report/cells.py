"""Tables as plain rows: one form for the page, the figures, the files and the JSON, so that their numbers agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.errors import MismatchError

if TYPE_CHECKING:
    from headwinds.report.content import Table

Cell = str | int | float | bool | None
"""A value; None means "not available"."""

Kind = Literal["text", "key", "integer", "number", "metric", "share", "probability", "yes_no"]
"""How a column reads: a key (a year, a code) is shown as it is, a share as a percentage."""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A named table.

    Attributes
    ----------
    name
        File name without ending.
    title
        As it stands over the table.
    columns, kinds
        One of each a column.
    rows
        One tuple a row; None for what is not available.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, name: str) -> tuple[Cell, ...]:
        """One column's values."""
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)

    def floats(self, name: str) -> tuple[float, ...]:
        """One column as floats, NaN where not available; for drawing."""
        return tuple(math.nan if value is None else float(value) for value in self.column(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """One column as text."""
        return tuple("" if value is None else str(value) for value in self.column(name))

    def records(self) -> tuple[dict[str, Cell], ...]:
        """The rows as mappings."""
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)


def plain(value: object) -> Cell:
    """Turn a value of pandas, numpy or pyarrow into a plain one; what is missing or not finite becomes None."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (str, bool, int)):
        return value
    return str(value)


def read_table(
    name: str,
    title: str,
    data: Table,
    *,
    required: Sequence[str] = (),
    kinds: Mapping[str, Kind] | None = None,
) -> ReportTable:
    """Read a pandas DataFrame or a pyarrow Table.

    Parameters
    ----------
    required
        Columns that must be there; they come first, in this order.
    kinds
        How a column reads; guessed from its values where not said.

    Raises
    ------
    MismatchError
        If a required column is missing or a column's name appears twice.
    """
    names = [str(column) for column in (data.column_names if hasattr(data, "column_names") else data.columns)]
    missing = [column for column in required if column not in names]
    if missing:
        raise MismatchError(
            f"The report's table {name!r} lacks the column {missing[0]!r}; it has {', '.join(sorted(names)) or 'none'}."
        )
    if len(set(names)) != len(names):
        raise MismatchError(f"The report's table {name!r} has a column name twice: {', '.join(names)}.")
    order = [*required, *(column for column in names if column not in required)]
    values = {column: [plain(value) for value in _values(data, column)] for column in order}
    return ReportTable(
        name=name,
        title=title,
        columns=tuple(order),
        kinds=tuple((kinds or {}).get(column) or guess_kind(column, values[column]) for column in order),
        rows=tuple(zip(*values.values(), strict=True)),
    )


def _values(data: Table, column: str) -> Sequence[object]:
    """A column as a Python list."""
    found = data[column]
    listed: Sequence[object] = found.to_pylist() if hasattr(found, "to_pylist") else found.tolist()
    return listed


YEARS = frozenset({"first", "last", "break", "break_lower", "break_upper"})
PROBABILITIES = frozenset({"wrong_sign", "type_s", "p_value"})


def guess_kind(column: str, values: Sequence[Cell]) -> Kind:
    """How a column reads, from its name and values."""
    known = [value for value in values if value is not None]
    if column in ("year", "period") or column.endswith("_year"):
        return "key"
    if column in YEARS and all(isinstance(value, int) and 1000 <= value < 3000 for value in known):
        return "key"
    if column in PROBABILITIES:
        return "probability"
    if known and all(isinstance(value, bool) for value in known):
        return "yes_no"
    if known and all(isinstance(value, int) for value in known):
        return "integer"
    if all(isinstance(value, (int, float)) for value in known):
        return "number"
    return "text"
