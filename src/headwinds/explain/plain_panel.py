"""Panels from plain files: CSV, Parquet, Excel, Stata, R."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError
from headwinds.explain.panel_data import build_panel, require_columns
from headwinds.explain.sources.table_files import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["read_panel", "read_table"]


def read_panel(
    path: str | Path,
    *,
    entity: str = "entity",
    period: str = "period",
    series: Mapping[str, Series] | Sequence[str] | None = None,
) -> Panel:
    """Read a table with one row an entity and period.

    Parameters
    ----------
    path
        A CSV file (also compressed: .csv.xz, .csv.gz), a Parquet file, or another that `read_table` knows.
    entity, period
        The columns that hold the entity and the year.
    series
        The columns to keep: described, or only named. None keeps every other column. A column that is only named is
        taken for a ratio of unit "as in the file".

    Raises
    ------
    DataError
        The file is missing, damaged, or not such a table (see `build_panel`).
    """
    path = Path(path)
    frame = read_table(path)
    require_columns(frame, [entity, period], path.name)
    if series is None:
        series = [str(name) for name in frame.columns if name not in (entity, period)]
    described = series if hasattr(series, "keys") else {name: _undescribed(name, path) for name in series}
    if not described:
        raise DataError(f"{path.name}: there is no column beside {entity!r} and {period!r}.")
    return build_panel(frame, entity=entity, period=period, series=described, place=path.name)  # type: ignore[arg-type]


def _undescribed(name: str, path: Path) -> Series:
    return Series(name=name, unit="as in the file", kind="ratio", source=path.name, vintage="as read")
