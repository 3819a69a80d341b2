"""Panels from plain files: CSV, Parquet, Excel, Stata, R."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError
from headwinds.explain.panel_data import build_panel, holds_text, require_columns
from headwinds.explain.sources.table_files import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

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
        The columns to keep: described, or only named. None keeps every other column that holds no words (names of
        countries, regions). A column that is only named is taken for a ratio of unit "as in the file".

    Raises
    ------
    DataError
        The file is missing, damaged, or not such a table (see `build_panel`).
    """
    path = Path(path)
    return plain_panel(read_table(path), entity=entity, period=period, series=series, place=path.name)


def plain_panel(
    frame: pd.DataFrame,
    *,
    entity: str = "entity",
    period: str = "period",
    series: Mapping[str, Series] | Sequence[str] | None = None,
    place: str,
    first_line: int = 2,
) -> Panel:
    """The panel of a table that was read; `place` and `first_line` are for messages, the rest is as in `read_panel`.

    Raises
    ------
    DataError
        As `read_panel`.
    """
    require_columns(frame, [entity, period], place)
    if series is None:
        series = series_columns(frame, beside=(entity, period))
    described = series if hasattr(series, "keys") else {name: _undescribed(name, place) for name in series}
    if not described:
        raise DataError(f"{place}: there is no column of numbers beside {entity!r} and {period!r}.")
    return build_panel(
        frame, entity=entity, period=period, series=described, place=place, first_line=first_line  # type: ignore[arg-type]
    )  # fmt: skip


def series_columns(frame: pd.DataFrame, *, beside: Sequence[str]) -> list[str]:
    """The columns that may be series: all beside some, but those of words."""
    return [
        str(name)
        for name in frame.columns
        if str(name).strip() and name not in beside and not holds_text(frame[name])
    ]


def _undescribed(name: str, place: str) -> Series:
    return Series(name=name, unit="as in the file", kind="ratio", source=place, vintage="as read")
