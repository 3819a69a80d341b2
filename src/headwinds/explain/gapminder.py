"""Gapminder's long tables (indicator, geo, time, value), described series by series."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Panel, Series
from headwinds.contracts.panel import Kind
from headwinds.errors import DataError
from headwinds.explain.panel_data import build_panel, parse_numbers, parse_years, require_columns
from headwinds.explain.sources.table_files import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_DATAPOINTS = re.compile(r"ddf--datapoints--(\w+)--by--(?:geo|country)--(?:time|year)\.csv")

_OWN_CODES = {"KOS": "XKX", "HOS": "VAT"}
"""Kosovo and the Holy See, which Gapminder codes in its own way, by the codes that others use."""

SOURCE = "Gapminder, systema globalis"

# name: (unit, kind, where Gapminder has it from)
_SERIES: dict[str, tuple[str, Kind, str]] = {
    "internet_users": ("% of population", "ratio", "World Bank WDI, ITU"),
    "broadband_subscribers_per_100_people": ("per 100 people", "ratio", "World Bank WDI, ITU"),
    "cell_phones_per_100_people": ("per 100 people", "ratio", "World Bank WDI, ITU"),
    "personal_computers_per_100_people": ("per 100 people", "ratio", "UN data, ITU"),
    "high_technology_exports_percent_of_manufactured_exports": (
        "% of manufactured exports",
        "ratio",
        "World Bank WDI",
    ),
    "patent_applications_total": ("applications by applicant's origin", "count", "WIPO"),
    "inequality_index_gini": ("Gini index, 0 to 100", "ratio", "World Bank WDI"),
    "aged_15plus_unemployment_rate_percent": ("% of labour force aged 15 and over", "ratio", "ILOSTAT"),
    "merchandise_trade_percent_of_gdp": ("% of GDP", "ratio", "World Bank WDI"),
    "services_percent_of_gdp": ("% of GDP", "ratio", "World Bank WDI"),
    "urban_population_percent_of_total": ("% of population", "ratio", "World Bank WDI"),
    "hdi_human_development_index": ("index, 0 to 1", "ratio", "UNDP"),
    "gdppercapita_growth_percent_per_year": ("% per year", "ratio", "World Bank WDI"),
    "gdpperworking_hour_us_inflation_adjusted": ("constant 2021 US$ per hour", "growth", "ILOSTAT"),
}


def read_gapminder(
    path: str | Path,
    *,
    indicators: Sequence[str] | None = None,
    vintage: str = "2026",
    countries_only: bool = False,
) -> Panel:
    """Read a long table of Gapminder into a panel with one column an indicator.

    Parameters
    ----------
    path
        A table with the columns `indicator`, `geo` (ISO 3166-1 alpha-3 in either case), `time`, `value`; or Gapminder's
        own DDF: a file `ddf--datapoints--NAME--by--geo--time.csv`, or a folder of such files.
    indicators
        The ones to keep; None keeps all.
    vintage
        When the snapshot was taken.
    countries_only
        Leave out rows whose geo is not of three letters (Gapminder's own codes of regions and former states). False
        makes such a row an error, so that none is dropped without being asked.

    Raises
    ------
    DataError
        A column or an indicator is missing, or a row cannot be read.
    """
    import pandas as pd

    path = Path(path)
    is_ddf = path.is_dir() or _DATAPOINTS.fullmatch(path.name)
    tables = _datapoints(path, indicators) if is_ddf else {path.name: read_table(path)}
    long = pd.concat(
        [_parsed(table, name, countries_only=countries_only) for name, table in tables.items()],
        ignore_index=True,
    )
    known = sorted(long["indicator"].unique())
    chosen = list(indicators) if indicators is not None else known
    missing = [name for name in chosen if name not in known]
    if missing:
        raise DataError(
            f"{path.name}: no indicator {', '.join(map(repr, missing))}; it has {', '.join(known[:10])}."
        )
    long = long[long["indicator"].isin(chosen)]
    twice = long[long.duplicated(["indicator", "geo", "time"])]
    if len(twice):
        shown = ", ".join(f"{row.indicator} {row.geo} {row.time}" for row in twice.head(3).itertuples())
        raise DataError(
            f"{path.name}: rows that repeat an indicator, entity and period: {len(twice)} (first: {shown})."
        )
    wide = long.pivot(index=["geo", "time"], columns="indicator", values="value").reset_index()
    series = {name: _describe(name, vintage) for name in chosen}
    return build_panel(wide, entity="geo", period="time", series=series, place=path.name)


def _parsed(frame: pd.DataFrame, name: str, *, countries_only: bool) -> pd.DataFrame:
    """The rows of one file that are kept, in numbers; its lines are counted by itself."""
    require_columns(frame, ["indicator", "geo", "time", "value"], name)
    codes = frame["geo"].astype("string").fillna("").str.strip().str.upper().replace(_OWN_CODES)
    empty = (codes == "").to_numpy(dtype=bool)
    if empty.any():
        raise DataError(
            f"{name}, line {int(empty.argmax()) + 2}, column 'geo': the entity is empty (such rows: {int(empty.sum())}).",
            remedy="Name it, or leave the row out.",
        )
    outside = codes.str.len() != 3
    if outside.any() and not countries_only:
        line = int(outside.to_numpy().argmax())
        raise DataError(
            f"{name}, line {line + 2}, column 'geo': {frame['geo'].iloc[line]!r} is not of three letters "
            f"(such rows: {int(outside.sum())}).",
            remedy="Pass countries_only=True to leave them out.",
        )
    years, values = parse_years(frame["time"], name), parse_numbers(frame["value"], name)
    return frame[["indicator"]].assign(geo=codes, time=years, value=values)[~outside.to_numpy()]


def _datapoints(path: Path, indicators: Sequence[str] | None) -> dict[str, pd.DataFrame]:
    """By name of the file, the long tables of a file or a folder in Gapminder's DDF."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = {match.group(1): file for file in files if (match := _DATAPOINTS.fullmatch(file.name))}
    if not found:
        raise DataError(
            f"{path}: no file is named ddf--datapoints--...--by--geo--time.csv.", remedy="Check the path."
        )
    tables = {}
    for name, file in found.items():
        if indicators is not None and name not in indicators:
            continue
        table = read_table(file).rename(columns={"country": "geo", "year": "time"})
        require_columns(table, ["geo", "time", name], file.name)
        tables[file.name] = table[["geo", "time"]].assign(value=table[name], indicator=name)
    if not tables:
        wanted = ", ".join(map(repr, indicators or ()))
        raise DataError(f"{path.name}: no indicator {wanted}; it has {', '.join(list(found)[:10])}.")
    return tables


def _describe(name: str, vintage: str) -> Series:
    unit, kind, origin = _SERIES.get(name, ("as in the file", "ratio", "see Gapminder"))
    return Series(name=name, unit=unit, kind=kind, source=f"{SOURCE} ({origin})", vintage=vintage)
