"""EU KLEMS & INTANProd: industries by country and year (Bontadini, Corrado, Haskel, Iommi and Jona-Lasinio 2023).

An entity is written country/industry, for instance "DEU/C26"; "DEU/TOT" is the whole economy. Growth accounting, shift-share
and Domar aggregation read the two parts from it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Panel, Series
from headwinds.contracts.panel import Kind
from headwinds.errors import DataError
from headwinds.explain.countries import listed
from headwinds.explain.panel_data import require_columns
from headwinds.explain.sources.long_tables import chosen_series, countries_only, panel_from_long
from headwinds.explain.sources.table_files import EXCEL, read_table, sheet_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

SOURCE = "EU KLEMS & INTANProd"
_KEYS = ("nace_r2_code", "geo_code")
_WORDS = ("nace_r2_name", "geo_name", "sort_id", "id")
_YEAR = re.compile(r"_?([12]\d{3})(\.0)?")


def read_eu_klems(
    path: str | Path,
    *,
    variables: Sequence[str] | None = None,
    industries: Sequence[str] | None = None,
    vintage: str = "as read",
) -> Panel:
    """Read a table of EU KLEMS & INTANProd into a panel of industries by country.

    Parameters
    ----------
    path
        As released: an Excel file with one sheet a variable and one column a year, or CSV in long form (`var`, `year`,
        `value`), with one column a variable, or with one column a year; always with `nace_r2_code` and `geo_code`.
    variables
        Names to keep, for instance "VA_Q", "H_EMP", "CAPICT_QI"; None keeps all.
    industries
        Codes of NACE Rev. 2 to keep; None keeps all. The table holds aggregates (TOT, MARKT, C, ...) beside their parts:
        an account of industries needs codes that do not overlap.
    vintage
        The release.

    Raises
    ------
    DataError
        The file is none of these, or lacks a variable or an industry.
    """
    path = Path(path)
    long = (
        _from_workbook(path, variables)
        if path.suffix.lower() in EXCEL
        else _from_csv(read_table(path), path.name)
    )
    wanted = chosen_series(sorted(set(long["series"])), variables, path.name)
    long = long[long["series"].isin(wanted)]
    if industries is not None:
        missing = sorted(set(industries) - set(long["industry"]))
        if missing:
            there = sorted(set(long["industry"]))
            raise DataError(f"{path.name}: no industry {listed(missing)}; it has {listed(there)}.")
        long = long[long["industry"].isin(list(industries))]
    kept, findings = countries_only(long, path.name)
    kept = kept.assign(entity=kept["entity"] + "/" + kept["industry"])
    series = {
        name: Series(name=name, unit=_unit(name), kind=_kind(name), source=SOURCE, vintage=vintage)
        for name in wanted
    }
    return panel_from_long(kept, series=series, place=path.name, findings=findings)


def _from_workbook(path: Path, variables: Sequence[str] | None) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for sheet in sheet_names(path):
        if variables is not None and sheet not in variables:
            continue
        frame = read_table(path, sheets=[sheet])
        if not set(_KEYS) <= set(map(str, frame.columns)):
            continue  # notes and lists of industries stand among the sheets
        parts.append(_from_years(frame, sheet, f"{path.name}, sheet {sheet}"))
    if not parts:
        asked = f" of {listed(variables)}" if variables is not None else ""
        raise DataError(f"{path.name}: no sheet{asked} has the columns {' and '.join(_KEYS)}.")
    return pd.concat(parts, ignore_index=True)


def _from_csv(frame: pd.DataFrame, place: str) -> pd.DataFrame:
    require_columns(frame, _KEYS, place)
    if any(_YEAR.fullmatch(str(name)) for name in frame.columns):
        require_columns(frame, ["var"], place)
        return _from_years(frame, "", place)
    require_columns(frame, ["year"], place)
    if {"var", "value"} <= set(frame.columns):
        long = frame.rename(columns={"var": "series"})
    else:
        names = [name for name in frame.columns if name not in (*_KEYS, *_WORDS, "year", "var")]
        long = frame.melt([*_KEYS, "year"], names, var_name="series", value_name="value")
    return _named(long.rename(columns={"year": "period"}))


def _from_years(frame: pd.DataFrame, sheet: str, place: str) -> pd.DataFrame:
    years = {name: found.group(1) for name in frame.columns if (found := _YEAR.fullmatch(str(name)))}
    if not years:
        raise DataError(f"{place}: no column is a year.")
    kept = frame if "var" in frame.columns else frame.assign(var=sheet)
    long = kept.melt([*_KEYS, "var"], list(years), var_name="period", value_name="value")
    return _named(long.assign(period=long["period"].map(years)).rename(columns={"var": "series"}))


def _named(long: pd.DataFrame) -> pd.DataFrame:
    text = long["value"].astype("string").fillna("").str.strip()
    named = long.rename(columns={"geo_code": "entity", "nace_r2_code": "industry"})
    named["industry"] = named["industry"].astype(str).str.strip()
    return named.loc[(text != "").to_numpy(), ["entity", "industry", "series", "period", "value"]]


def _unit(name: str) -> str:
    if name.endswith(("_QI", "_PI")):
        return "index"
    if name in {"H_EMP", "H_EMPE"}:
        return "thousand hours worked"
    if name in {"EMP", "EMPE"}:
        return "thousand persons"
    if name.endswith("_G") or "Con" in name:
        return "% per year" if name.endswith("_G") else "percentage points per year"
    if name.endswith("_CP"):
        return "current prices, million of national currency"
    return (
        "chained volumes or previous years' prices, million"
        if name.endswith(("_Q", "_PYP"))
        else "see EU KLEMS"
    )


def _kind(name: str) -> Kind:
    if name.endswith(("_QI", "_Q", "_PYP")):
        return "growth"
    return "ratio" if name.endswith(("_G", "_PI")) or "Con" in name else "count"
