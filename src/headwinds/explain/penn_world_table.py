"""The Penn World Table (Feenstra, Inklaar and Timmer 2015), each series with its unit and kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Panel, Series
from headwinds.contracts.panel import Kind
from headwinds.errors import DataError
from headwinds.explain.panel_data import build_panel, require_columns
from headwinds.explain.sources.table_files import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

SHEET = "Data"
VINTAGE, LAST_YEAR = "10.01", 2019
PRICES = {"8": "2005", "9": "2011", "10": "2017", "11": "2021"}
"""The year of the prices, by the version."""
SOURCE = "Penn World Table (Feenstra, Inklaar and Timmer 2015)"

# name: (unit, kind). "growth" series are chained national accounts, to be compared over time within a country only;
# "level" series are converted at purchasing power parities, to be compared between countries only.
PENN_SERIES: dict[str, tuple[str, Kind]] = {
    "rgdpe": ("expenditure-side real GDP, chained PPPs, million 2017 US$", "level"),
    "rgdpo": ("output-side real GDP, chained PPPs, million 2017 US$", "level"),
    "pop": ("population, millions", "count"),
    "emp": ("persons engaged, millions", "count"),
    "avh": ("average annual hours worked by persons engaged", "ratio"),
    "hc": ("human capital index per person", "ratio"),
    "ccon": ("real consumption, current PPPs, million 2017 US$", "level"),
    "cda": ("real domestic absorption, current PPPs, million 2017 US$", "level"),
    "cgdpe": ("expenditure-side real GDP, current PPPs, million 2017 US$", "level"),
    "cgdpo": ("output-side real GDP, current PPPs, million 2017 US$", "level"),
    "cn": ("capital stock, current PPPs, million 2017 US$", "level"),
    "ck": ("capital services, current PPPs, USA = 1", "level"),
    "ctfp": ("TFP, current PPPs, USA = 1", "level"),
    "cwtfp": ("welfare-relevant TFP, current PPPs, USA = 1", "level"),
    "rgdpna": ("real GDP, constant 2017 national prices, million 2017 US$", "growth"),
    "rconna": ("real consumption, constant 2017 national prices, million 2017 US$", "growth"),
    "rdana": ("real domestic absorption, constant 2017 national prices, million 2017 US$", "growth"),
    "rnna": ("capital stock, constant 2017 national prices, million 2017 US$", "growth"),
    "rkna": ("capital services, constant 2017 national prices, 2017 = 1", "growth"),
    "rtfpna": ("TFP, constant national prices, 2017 = 1", "growth"),
    "rwtfpna": ("welfare-relevant TFP, constant national prices, 2017 = 1", "growth"),
    "labsh": ("share of labour compensation in GDP, current national prices", "ratio"),
    "irr": ("real internal rate of return", "ratio"),
    "delta": ("average depreciation rate of the capital stock", "ratio"),
    "xr": ("national currency per US$", "ratio"),
}

REQUIRED = ("rgdpna", "rkna", "rtfpna", "emp", "avh", "hc", "labsh")
"""The series that growth accounting needs."""


def read_penn_world_table(path: str | Path, *, vintage: str = "") -> Panel:
    """Read the Penn World Table.

    Parameters
    ----------
    path
        The country-year table with its own column names: as published (.xlsx, sheet "Data"; .dta), as the R package pwt10
        has it (.rda), as CSV (also .csv.xz, .csv.gz) or Parquet. The code's column is `countrycode` or `isocode`.
    vintage
        Its version, for instance "11.0"; revisions change history, so it travels with every series. Where none is given a
        table that ends in 2019 is taken for 10.01; of any other it is "as read", and no year of prices is told.

    Returns
    -------
    Panel
        The 25 quantity series that the file has; price levels, expenditure shares and quality flags are left aside.

    Raises
    ------
    DataError
        The file is missing, lacks a column that growth accounting needs, or holds a row that cannot be read.
    """
    path = Path(path)
    return penn_panel(read_table(path, sheets=[SHEET]), place=path.name, vintage=vintage)


def is_penn_world_table(columns: Iterable[str]) -> bool:
    """Whether a table with these columns is a Penn World Table: its own name of the code, beside the year."""
    return "year" in (names := set(columns)) and bool(names & {"countrycode", "isocode"})


def penn_panel(frame: pd.DataFrame, *, place: str, vintage: str = "", first_line: int = 2) -> Panel:
    """The panel of a Penn World Table that was read; `place` and `first_line` are for messages.

    Raises
    ------
    DataError
        As `read_penn_world_table`.
    """
    code = "countrycode" if "countrycode" in frame.columns else "isocode"
    require_columns(frame, [code, "year", *REQUIRED], place)
    codes = frame[code].astype(str).str.strip()
    wrong = [row for row, one in enumerate(codes) if not (len(one) == 3 and one.isalpha() and one.isupper())]
    if wrong:
        raise DataError(
            f"{place}, line {wrong[0] + first_line}, column {code!r}: {codes.iloc[wrong[0]]!r} is no ISO 3166-1 "
            "alpha-3 code."
        )
    names = [name for name in PENN_SERIES if name in frame.columns]
    series = described_series(names, vintage=vintage or "as read")
    panel = build_panel(frame, entity=code, period="year", series=series, place=place, first_line=first_line)
    if vintage or int(panel.data["period"].max()) != LAST_YEAR:
        return panel
    return replace(panel, series=described_series(names, vintage=VINTAGE))


def described_series(names: Sequence[str], *, source: str = SOURCE, vintage: str) -> dict[str, Series]:
    """What series of these names are, by the table's own definitions; prices are those of the year of its version."""
    prices = PRICES.get(vintage.split(".")[0], "")
    return {
        name: Series(
            name=name,
            unit=_of_prices(PENN_SERIES[name][0], prices),
            kind=PENN_SERIES[name][1],
            source=source,
            vintage=vintage,
        )
        for name in names
    }


def _of_prices(unit: str, year: str) -> str:
    """The unit with another year of prices, or with none where it is not known."""
    return unit.replace("2017 = 1", f"{year or 'one year'} = 1").replace("2017 ", f"{year} " if year else "")
