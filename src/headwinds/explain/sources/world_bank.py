"""World Bank World Development Indicators: the bulk file, its small long form, and what the live service answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Panel, Series
from headwinds.contracts.missing_file import no_file
from headwinds.contracts.panel import Kind
from headwinds.errors import DataError
from headwinds.explain.panel_data import require_columns
from headwinds.explain.sources.long_tables import chosen_series, countries_only, panel_from_long
from headwinds.explain.sources.table_files import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

SOURCE = "World Bank, World Development Indicators"

_YEAR_COLUMN = re.compile(r"([12]\d{3})(\s*\[YR\1\])?")
_ASIDES = re.compile(r"((?:\s*\([^()]*\))+)\s*$")
_ESTIMATE = re.compile(r".*\bestimates?", re.IGNORECASE)
_FOOT = "Data from database"
_UPDATED = "Last Updated:"


def read_world_bank(
    path: str | Path, *, indicators: Sequence[str] | None = None, vintage: str = "as read"
) -> Panel:
    """Read World Development Indicators into a panel with one column an indicator, named by its code.

    Countries only: the World Bank's aggregates (World, Sub-Saharan Africa, ...) are left out, and the panel's findings say
    how many rows and which (N422).

    Parameters
    ----------
    path
        One of: the bulk file (`Country Code`, `Indicator Code`, one column a year; also with the four lines of title that a
        single download has above it, or as DataBank exports it, `Series Code`, with its lines below); long form (`iso3`,
        `indicator`, `year`, `value`); a .json file with all the pages that the live service answered (`fetch_world_bank`),
        or with its one answer.
    indicators
        Codes to keep, for instance "GB.XPD.RSDV.GD.ZS"; None keeps all.
    vintage
        When it was taken. Of a .json file and of an export of DataBank their own date of update is used.

    Raises
    ------
    DataError
        The file is none of these, lacks an indicator, or holds a row that cannot be read.
    """
    path = Path(path)
    if path.suffix.lower() == ".json":
        pages = _pages(path)
        long, updated = world_bank_rows(pages, path.name)
        _require_every_page(pages, path.name)
        vintage = f"updated {updated}" if updated else vintage
    else:
        rows, updated = _above_foot(path)
        vintage = f"updated {updated}" if updated else vintage
        frame = read_table(path, skip_lines=4 if _has_title(path) else 0, rows=rows)
        frame = frame.rename(columns={"Series Name": "Indicator Name", "Series Code": "Indicator Code"})
        if "Country Code" in frame.columns:
            long = _from_bulk(frame, path.name)
        else:
            require_columns(frame, ["iso3", "indicator", "year", "value"], path.name)
            long = frame.rename(columns={"iso3": "entity", "year": "period", "indicator": "series"})
    known = sorted(set(long["series"]))
    names = dict(zip(long["series"], long["name"], strict=True)) if "name" in long.columns else {}
    wanted = chosen_series(known, indicators, path.name)
    long = long[long["series"].isin(wanted)]
    kept, findings = countries_only(long, path.name)
    series = {code: _describe(code, names.get(code, ""), vintage) for code in wanted}
    return panel_from_long(kept, series=series, place=path.name, findings=findings)


def world_bank_rows(pages: Sequence[Any], place: str) -> tuple[pd.DataFrame, str]:
    """The rows of pages that the service answered (API version 2, JSON), and its date of last update.

    Returns
    -------
    tuple
        A table with `entity` (alpha-3), `series` (code), `name`, `period`, `value`; and the date, empty if none is given.

    Raises
    ------
    DataError
        A page holds an error message of the service, or is not of the expected form.
    """
    import pandas as pd

    rows, updated = [], ""
    for number, page in enumerate(pages, start=1):
        if isinstance(page, list) and page and isinstance(page[0], dict) and "message" in page[0]:
            said = page[0]["message"]
            told = said if isinstance(said, list) else [said]
            words = "; ".join(str(one.get("value", one) if isinstance(one, dict) else one) for one in told)
            raise DataError(f"{place}: the World Bank's service answered: {words}")
        if not (
            isinstance(page, list)
            and len(page) == 2
            and isinstance(page[0], dict)
            and isinstance(page[1], list | None)
        ):
            raise DataError(f"{place}, page {number}: not an answer of the World Bank's service.")
        updated = max(updated, str(page[0].get("lastupdated", "")))
        for row in page[1] or ():
            try:
                # Some aggregates have no alpha-3 code in the answer; their two-letter code stands in.
                entity = row["countryiso3code"] or row["country"]["id"]
                indicator = row["indicator"]
                rows.append((entity, indicator["id"], indicator["value"], row["date"], row["value"]))
            except (TypeError, KeyError) as error:
                raise DataError(f"{place}, page {number}: a row has no {error}.") from error
    if not rows:
        raise DataError(f"{place}: the World Bank's service answered without a single row.")
    return pd.DataFrame(rows, columns=["entity", "series", "name", "period", "value"]), updated


def pages_in_all(page: Any) -> int:
    """How many pages the service says that there are; 1 where it says nothing."""
    told = str(page[0].get("pages", 1))
    return int(told) if told.isdecimal() else 1


def _require_every_page(pages: Sequence[Any], place: str) -> None:
    """A DataError where a page is missing: the service answers with 50 rows unless it is asked for more."""
    told = max(pages_in_all(page) for page in pages)
    if len(pages) < told:
        raise DataError(
            f"{place}: holds {len(pages)} of the {told} pages that the World Bank's service has of this indicator.",
            remedy="Download it with fetch_world_bank, or ask the service for per_page=20000.",
        )


def _pages(path: Path) -> list[Any]:
    if not path.is_file():
        raise no_file(path)
    try:
        pages = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path.name}: not JSON ({error}).") from error
    if not isinstance(pages, list):
        raise DataError(f"{path.name}: expected a list of pages.")
    if len(pages) == 2 and isinstance(pages[0], dict):  # one answer as a browser saves it
        return [pages]
    return pages


def _has_title(path: Path) -> bool:
    """Whether this is a single download, with four lines of title above the table."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open("rb") as file:
        return b"Data Source" in file.read(20)


def _above_foot(path: Path) -> tuple[int | None, str]:
    """How many rows stand above the lines that DataBank writes below a table, and its date of update; None without them."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return None, ""
    # Of other bytes the reader says what is wrong with them.
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    below = next((row for row, line in enumerate(lines) if line.lstrip('"').startswith(_FOOT)), None)
    if below is None:
        return None, ""
    told = (line.strip('",') for line in lines[below:])
    updated = next((line.removeprefix(_UPDATED).strip() for line in told if line.startswith(_UPDATED)), "")
    return sum(line != "" for line in lines[1:below]), updated


def _from_bulk(frame: pd.DataFrame, place: str) -> pd.DataFrame:
    require_columns(frame, ["Country Code", "Indicator Name", "Indicator Code"], place)
    years = {
        str(name): found.group(1) for name in frame.columns if (found := _YEAR_COLUMN.fullmatch(str(name)))
    }
    if not years:
        raise DataError(f"{place}: no column is a year.")
    kept = frame.rename(
        columns={"Country Code": "entity", "Indicator Code": "series", "Indicator Name": "name"}
    )
    kept = kept[
        (kept[["entity", "series"]] != "").any(axis=1)
    ]  # rows without any field part DataBank's table from its foot
    long = kept.melt(["entity", "series", "name"], list(years), var_name="period", value_name="value")
    long["period"] = long["period"].map(years)
    return long[long["value"].notna() & (long["value"].astype(str).str.strip() != "")]


def _describe(code: str, name: str, vintage: str) -> Series:
    found = _ASIDES.search(name)
    asides = re.findall(r"\(([^()]*)\)", found.group(1)) if found else []
    units = [one for one in asides if not _ESTIMATE.fullmatch(one)]  # whose estimate it is, is no unit
    unit = units[-1] if units else name or _UNITS.get(code, "see the indicator's code")
    return Series(name=code, unit=unit, kind=_kind(code), source=SOURCE, vintage=vintage)


def _kind(code: str) -> Kind:
    """By the code's parts: PP is at purchasing power parities, KD and KN are at constant prices, ZS and P6 are ratios."""
    parts = code.split(".")
    if "PP" in parts:
        # At constant prices a level of one year is carried on by growth at national prices: made for both.
        return "count" if parts[-1] == "KD" else "level"
    if parts[-1] in {"KD", "KN"}:
        return "growth"
    return "ratio" if parts[-1] in {"ZS", "ZG", "P2", "P3", "P5", "P6"} else "count"


# Units of the indicators of science and technology, whose long form carries no names.
_UNITS = {
    "TX.VAL.TECH.MF.ZS": "% of manufactured exports",
    "TX.VAL.TECH.CD": "current US$",
    "SP.POP.TECH.RD.P6": "technicians in R&D per million people",
    "SP.POP.SCIE.RD.P6": "researchers in R&D per million people",
    "IP.TMK.TOTL": "trademark applications",
    "IP.TMK.RESD": "trademark applications of residents",
    "IP.TMK.NRES": "trademark applications of nonresidents",
    "IP.PAT.RESD": "patent applications of residents",
    "IP.PAT.NRES": "patent applications of nonresidents",
    "IP.JRN.ARTC.SC": "scientific and technical journal articles",
    "GB.XPD.RSDV.GD.ZS": "% of GDP",
    "BX.GSR.ROYL.CD": "current US$",
    "BM.GSR.ROYL.CD": "current US$",
}
