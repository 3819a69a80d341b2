"""Columns of a table in memory: names, numbers and whole periods, or one line that names the row.

What stands in no file has no lines: rows are counted from 1, as they stand in the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.errors import DataError, quoted
from headwinds.explain.panel_data import MISSING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def column_numbers(column: pd.Series, table: str) -> NDArray[np.float64]:
    """Numbers, NaN where the cell is empty or says "not available"; shape (rows,).

    Parameters
    ----------
    column
        Numbers, truth values, or text that holds numbers.
    table
        What the table is called in messages.

    Raises
    ------
    DataError
        A cell holds something else, or is infinite; its row and value are told.
    """
    import numpy as np
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        values: NDArray[np.float64] = column.to_numpy(dtype=float, na_value=np.nan)
    else:
        text = column.astype("string").fillna("").str.strip()
        empty = text.isin(MISSING).to_numpy(dtype=bool)
        values = pd.to_numeric(text.where(~empty, "nan"), errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(np.isnan(values) & ~empty)
        if wrong.size:
            row = int(wrong[0])
            raise DataError(
                f"{table}, row {row + 1}, column {column.name!r}: {quoted(text.iloc[row])} is not a number "
                f"(such rows: {wrong.size}).",
                remedy="Write it as 1234.5, or leave it empty where there is none.",
            )
    endless = np.flatnonzero(np.isinf(values))
    if endless.size:
        raise DataError(
            f"{table}, row {int(endless[0]) + 1}, column {column.name!r}: the value is infinite "
            f"(such rows: {endless.size}).",
            remedy="Correct it, or leave it empty; a logarithm of zero has no value.",
        )
    return values


def column_entities(
    column: pd.Series, table: str, rows: NDArray[np.bool_] | None = None
) -> NDArray[np.object_]:
    """Names as text, shape (rows,).

    Parameters
    ----------
    table
        What the table is called in messages.
    rows
        Which must have a name, shape (rows,); None for all.

    Raises
    ------
    DataError
        One of them has none; its row is told.
    """
    import numpy as np

    # Not to_numpy(dtype=str), which cuts every name to one letter where one is missing.
    names: NDArray[np.object_] = np.array([str(name) for name in column], dtype=object)
    empty = column.isna().to_numpy(dtype=bool) | np.array([not name.strip() for name in names], dtype=bool)
    wrong = np.flatnonzero(empty if rows is None else empty & rows)
    if wrong.size:
        raise DataError(
            f"{table}, row {int(wrong[0]) + 1}, column {column.name!r}: the entity is empty "
            f"(such rows: {wrong.size}).",
            remedy="Name it, or leave the row out.",
        )
    return names


def column_periods(column: pd.Series, table: str) -> NDArray[np.int64]:
    """Whole periods, shape (rows,).

    Raises
    ------
    DataError
        A cell is empty or no whole number; its row and value are told.
    """
    import numpy as np
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(values) | (values % 1 != 0))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{table}, row {row + 1}, column {column.name!r}: {quoted(column.iloc[row])} is not a whole number.",
            remedy="Give years as integers.",
        )
    periods: NDArray[np.int64] = values.astype(np.int64)
    return periods
