"""Panels: checked as they are built, never mixed in kind."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel, Series
from headwinds.errors import DataError, SettingsError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "#N/A", "n.a.", "NaN", "nan", "None", "null", ".", "..", "...", "\u2026", ":"}
)
"""How statistical offices write "not available" in a field that otherwise holds a number; a dash may be their zero."""

_INFINITE = frozenset({"inf", "-inf", "Inf", "-Inf"})
_NUMBER_LIKE = re.compile(r"[^\w(]*\d")
_YEAR = re.compile(r"[12]\d{3}(\.0+)?")
# A time of day other than midnight is refused: New Year's Day of one zone is the old year of another.
_DATE = re.compile(r"([12]\d{3}-\d{2}-\d{2})([T ]00:00(:00(\.0+)?)?(Z|[+-]00:?00)?)?")


def build_panel(
    frame: pd.DataFrame,
    *,
    entity: str,
    period: str,
    series: Mapping[str, Series],
    place: str,
    first_line: int = 2,
) -> Panel:
    """Check a table and make a panel of it.

    Parameters
    ----------
    frame
        One row an entity and period, as read: text or numbers.
    entity, period
        The columns that hold them.
    series
        What each column to keep is, by its name in `frame`.
    place
        The file's name, for messages.
    first_line
        The line of the file on which the first row of `frame` stands.

    Raises
    ------
    DataError
        A column is missing or every row is, a period parses as no year, an entity is empty, a value is not a number, or
        an entity and period stand there twice.
    """
    import pandas as pd

    require_columns(frame, [entity, period, *series], place)
    if not len(frame):
        raise DataError(f"{place} has no rows.", remedy="Give at least one row an entity and year.")
    data = pd.DataFrame(
        {
            "entity": _entities(frame[entity], place, first_line),
            "period": parse_years(frame[period], place, first_line),
        }
    )
    for name in series:
        data[name] = parse_numbers(frame[name], place, first_line)
    twice = data[data.duplicated(["entity", "period"])]
    if len(twice):
        shown = ", ".join(f"{row.entity} {row.period}" for row in twice.head(3).itertuples())
        raise DataError(
            f"{place}: rows that repeat an entity and period: {len(twice)} (first: {shown}).",
            remedy="A date stands for its year: keep one row a year, or take the mean of a year's rows first."
            if _is_date(_as_text(frame[period]).iloc[0])
            else "Keep one row for each entity and period.",
        )
    data = data.sort_values(["entity", "period"], kind="stable").reset_index(drop=True)
    return Panel(data=data, series=dict(series))


def require_columns(frame: pd.DataFrame, names: Iterable[str], place: str) -> None:
    """Raise a DataError that names the columns which are missing and those which are there."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        there = ", ".join(str(name) for name in list(frame.columns)[:12])
        raise DataError(
            f"{place}: no column {', '.join(repr(name) for name in missing)}; the columns are {there}"
            f"{', ...' if frame.shape[1] > 12 else ''}.",
            remedy="Name the column as the file does.",
        )


def _entities(column: pd.Series, place: str, first_line: int) -> NDArray[np.object_]:
    text = column.astype("string").fillna("").str.strip()
    for row, value in enumerate(text):
        if value == "":
            raise DataError(f"{place}, line {row + first_line}, column {column.name!r}: the entity is empty.")
    names: NDArray[np.object_] = text.to_numpy(dtype=object)
    return names


def parse_years(column: pd.Series, place: str, first_line: int = 2) -> NDArray[np.int64]:
    """Years as integers, out of years or, where the whole column is dates, out of those ("2003-12-31").

    Raises
    ------
    DataError
        A period parses as no year, or as no date where the first one is a date; its line and value are told.
    """
    import numpy as np

    text = _as_text(column)
    dated = len(text) > 0 and _is_date(text.iloc[0])
    for row, value in enumerate(text):
        if not (_is_date(value) if dated else _YEAR.fullmatch(value)):
            where = f"{place}, line {row + first_line}, column {column.name!r}"
            if dated:
                raise DataError(
                    f"{where}: {quoted(value)} is no date, and {quoted(text.iloc[0])} in line {first_line} is one.",
                    remedy="Write all periods as four-digit years, for instance 1995, or all as dates, 1995-12-31.",
                )
            raise DataError(
                f"{where}: {quoted(value)} is no year.",
                remedy="Write periods as four-digit years, for instance 1995.",
            )
    years: NDArray[np.int64] = np.array([int(value[:4]) for value in text], dtype=np.int64)
    return years


def _as_text(column: pd.Series) -> pd.Series:
    return column.astype("string").fillna("").str.strip()


def _is_date(value: str) -> bool:
    found = _DATE.fullmatch(value)
    if found is None:
        return False
    try:
        date.fromisoformat(found.group(1))
    except ValueError:
        return False
    return True


def parse_numbers(column: pd.Series, place: str, first_line: int = 2) -> NDArray[np.float64]:
    """Numbers, NaN where the field says "not available"; DataError (line, column, value) for anything else."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values: NDArray[np.float64] = column.to_numpy(dtype=float, na_value=math.nan)
    else:
        text = column.astype("string").fillna("").str.strip()
        held = text.where(~text.isin(MISSING), "nan")
        values = pd.to_numeric(held, errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(np.isnan(values) & (held != "nan").to_numpy(dtype=bool))
        if wrong.size:
            row = int(wrong[0])
            raise DataError(
                f"{place}, line {row + first_line}, column {column.name!r}: {quoted(text.iloc[row])} is not a number.",
                remedy="Write it as 1234.5, or leave the field empty where there is none.",
            )
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        line = int(infinite[0]) + first_line
        raise DataError(f"{place}, line {line}, column {column.name!r}: the value is infinite.")
    return values


def holds_text(column: pd.Series) -> bool:
    """Whether a column is names or words: something stands in it, and nothing that begins as a number does."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return True
    if pd.api.types.is_numeric_dtype(column):
        return False
    text = column.astype("string").fillna("").str.strip()
    there = text[~text.isin(MISSING)]
    return len(there) > 0 and not any(_NUMBER_LIKE.match(value) or value in _INFINITE for value in there)


def require_series(panel: Panel, names: Sequence[str]) -> None:
    """Raise a SettingsError if a series is not in the panel, or if growth and level series would be mixed.

    National-accounts series ("growth") and series made for comparison between countries ("level") answer different
    questions; a computation that took both would answer neither (Feenstra, Inklaar and Timmer 2015, section I).
    """
    unknown = [name for name in names if name not in panel.series]
    if unknown:
        raise SettingsError(
            f"The panel has no series {', '.join(repr(name) for name in unknown)}; "
            f"it has {', '.join(sorted(panel.series)[:12])}{', ...' if len(panel.series) > 12 else ''}."
        )
    growth = [name for name in names if panel.series[name].kind == "growth"]
    level = [name for name in names if panel.series[name].kind == "level"]
    if growth and level:
        raise SettingsError(
            f"{', '.join(growth)} {'are' if len(growth) > 1 else 'is'} made for growth over time, "
            f"{', '.join(level)} for comparing levels between countries; one computation must not mix them.",
            remedy="Take the national-accounts series (rgdpna, rkna, ...) for growth, "
            "the output-side ones (rgdpo, ...) for levels.",
        )


def level_growth(panel: Panel, names: Sequence[str]) -> tuple[Finding, ...]:
    """W429 for each series made for comparing levels whose growth over time is taken: to be said, and no error.

    A series at current purchasing power parities moves with relative prices, one relative to a country with that country
    (Feenstra, Inklaar and Timmer 2015, section I).
    """
    return tuple(
        Finding(
            "W429",
            f"{name} ({panel.series[name].unit}) is made for comparing levels between countries: its growth over time also "
            "holds what relative prices did, and what the country did that it is measured against.",
            "In the Penn World Table take rgdpna for growth of output, rtfpna for that of productivity.",
        )
        for name in dict.fromkeys(names)
        if panel.series[name].kind == "level"
    )


def require_shares(panel: Panel, names: Sequence[str]) -> None:
    """Raise a DataError, naming the first cell, if a series that is a share lies outside [0, 1]."""
    import numpy as np

    require_series(panel, names)
    for name in names:
        values = panel.data[name].to_numpy(dtype=float)
        wrong = np.flatnonzero((values < 0) | (values > 1))
        if wrong.size:
            row = panel.data.iloc[int(wrong[0])]
            raise DataError(
                f"Series {name!r} is {row[name]:g} for {row['entity']} in {row['period']} "
                f"(such rows: {wrong.size}); a share lies between 0 and 1.",
                remedy="Divide percentages by 100, or correct the rows.",
            )


def log_growth(panel: Panel, name: str) -> NDArray[np.float64]:
    """Annual log growth in percent (log points x 100), one value a row of the panel.

    Growth is over one calendar year: NaN where the previous year is not in the panel, so a gap is never bridged.

    Raises
    ------
    DataError
        A value of the series is zero or negative.
    """
    import numpy as np

    require_series(panel, [name])
    values = panel.data[name].to_numpy(dtype=float)
    wrong = np.flatnonzero(values <= 0)
    if wrong.size:
        row = panel.data.iloc[int(wrong[0])]
        raise DataError(
            f"Series {name!r} is {row[name]:g} for {row['entity']} in {row['period']}; growth needs positive values."
        )
    growth: NDArray[np.float64] = 100 * (np.log(values) - np.log(values_at_lag(panel.data, values, 1)))
    return growth


def values_at_lag(data: pd.DataFrame, values: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """The value of the same entity `lag` calendar years earlier, NaN where the panel has no such row."""
    import numpy as np
    import pandas as pd

    index = pd.MultiIndex.from_arrays([data["entity"], data["period"]])
    earlier = pd.MultiIndex.from_arrays([data["entity"], data["period"] - lag])
    where = index.get_indexer(earlier)
    lagged: NDArray[np.float64] = np.where(where >= 0, values[where], math.nan)
    return lagged
