"""Panels from plain CSV and Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError, EncodingError
from headwinds.explain.panel_data import build_panel, require_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


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
        A CSV file (also compressed: .csv.xz, .csv.gz) or a Parquet file.
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


def read_table(path: Path) -> pd.DataFrame:
    """The table of a CSV or Parquet file; fields of a CSV file as text, so that a bad one can be shown as it stands."""
    import pandas as pd

    if not path.is_file():
        raise DataError(f"There is no file {path}.", remedy="Check the path.")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8", index_col=False)
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"{path.name}: not UTF-8 at byte {error.start} ({error.reason}).",
            remedy="Save the file as UTF-8.",
        ) from error
    except (ValueError, OSError, EOFError) as error:
        # pandas' parser errors and a damaged archive both end here; the first line of either says where.
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path.name}: cannot be read as a table ({first}).") from error
