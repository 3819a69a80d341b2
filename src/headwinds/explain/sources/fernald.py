"""Quarterly productivity of the US business sector (Fernald 2014, "A Quarterly, Utilization-Adjusted Series on TFP")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Account
from headwinds.errors import DataError
from headwinds.explain.panel_data import parse_numbers, require_columns
from headwinds.explain.sources.table_files import read_table, sheet_names

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "Fernald (2014), Federal Reserve Bank of San Francisco"
UNITS = "% per year (400 x change of the logarithm in a quarter)"
_QUARTER = re.compile(r"([12]\d{3}):?Q([1-4])")
_MAIN = ("dY", "dhours", "dk", "dLQ", "alpha", "dtfp", "dutil")

# Types of capital in the file, by what growth accounting calls them.
_CAPITAL = {
    "ict": ("info_processing_equip", "software"),
    "intangible": ("r_and_d", "artistic"),
    "other": ("other_equip", "struct", "residential", "inv", "land"),
}


@dataclass(frozen=True, slots=True)
class QuarterlyProductivity:
    """The quarters of the file.

    Attributes
    ----------
    table
        `quarter` ("1947Q2"), `year`, `number` (1 to 4), the series of the sheet "quarterly" and, for each type of capital,
        its growth `dk_...` and its share of capital's income `wgt_...`. Growth in % per year.
    vintage
        What the file says about when it was produced.
    """

    table: pd.DataFrame
    vintage: str

    def accounts(self, first: str = "", last: str = "") -> Account:
        """Growth of business output by hours, labour quality, three kinds of capital, utilisation and adjusted productivity.

        The kinds of capital (ICT: information processing equipment and software; intangible: R&D and artistic originals;
        other) add up to the file's own growth of capital but for rounding; what is left stands in `capital_rest`.

        Parameters
        ----------
        first, last
            Quarters, for instance "1995Q4"; all by default.
        """
        table = self.table
        data = table[["quarter"]].rename(columns={"quarter": "period"})
        data.insert(0, "entity", "USA")
        data["output"] = table["dY"]
        data["hours"] = (1 - table["alpha"]) * table["dhours"]
        data["labour_quality"] = (1 - table["alpha"]) * table["dLQ"]
        parts = ["hours", "labour_quality"]
        rest = table["dk"].copy()
        for kind, types in _CAPITAL.items():
            growth = sum(
                (table[f"wgt_{name}"] * table[f"dk_{name}"] for name in types), start=0 * table["dk"]
            )
            data[f"{kind}_capital"] = table["alpha"] * growth
            rest = rest - growth
            parts.append(f"{kind}_capital")
        data["capital_rest"] = table["alpha"] * rest
        data["utilisation"] = table["dutil"]
        data["tfp"] = data["output"] - data[[*parts, "capital_rest", "utilisation"]].sum(axis=1)
        parts += ["capital_rest", "utilisation", "tfp"]
        inside = (data["period"] >= first) if first else data["period"].notna()
        if last:
            inside &= data["period"] <= last
        known = data[["output", *parts]].notna().all(axis=1)
        missing = data.loc[inside & ~known, ["entity", "period"]].assign(reason="a series has no value")
        return Account(
            table=data[inside & known].reset_index(drop=True),
            total="output",
            parts=tuple(parts),
            units=UNITS,
            estimand="Contributions to the growth of US business output, quarter by quarter.",
            unavailable=missing.reset_index(drop=True),
            provenance={"source": SOURCE, "vintage": self.vintage},
        )


def read_fernald(path: str | Path) -> QuarterlyProductivity:
    """Read quarterly_tfp.xlsx as published.

    Raises
    ------
    DataError
        The file lacks a sheet or a column, or a value is not a number.
    """
    path = Path(path)
    missing = {"quarterly", "Capital-input-details"} - set(sheet_names(path))
    if missing:
        raise DataError(f"{path.name}: no sheet {' or '.join(sorted(missing))}; not the published file.")
    title = str(read_table(path, sheets=["quarterly"]).columns[0])
    main = _quarters(path, "quarterly", _MAIN)
    types = [name for names in _CAPITAL.values() for name in names]
    columns = [f"{prefix}_{name}" for prefix in ("dk", "wgt") for name in types]
    capital = _quarters(path, "Capital-input-details", columns)
    table = main.merge(capital[["quarter", *columns]], on="quarter", how="left", validate="one_to_one")
    # An asset that did not exist yet has weight zero; its growth is then not defined and not needed.
    for name in types:
        table[f"dk_{name}"] = table[f"dk_{name}"].where(table[f"wgt_{name}"] != 0, 0.0)
    produced = re.search(r"Produced on ([^.]*?\d{4})", title)
    return QuarterlyProductivity(
        table=table, vintage=f"produced {produced.group(1)}" if produced else "as read"
    )


def _quarters(path: Path, sheet: str, columns: tuple[str, ...] | list[str]) -> pd.DataFrame:
    import pandas as pd

    frame = read_table(path, sheets=[sheet], header=1)
    frame = frame.rename(columns={name: re.sub(r" \(.*\)$", "", str(name)) for name in frame.columns})
    place = f"{path.name}, sheet {sheet}"
    require_columns(frame, ["date", *columns], place)
    text = frame["date"].astype("string").fillna("").str.strip()
    quarters = text.str.fullmatch(_QUARTER.pattern)
    rows = frame[quarters.to_numpy(dtype=bool)]  # means over periods stand below the quarters
    if rows.empty:
        raise DataError(f"{place}: no row is a quarter (1947:Q1).")
    found = text[quarters.to_numpy(dtype=bool)].str.replace(":", "")
    table = pd.DataFrame({"quarter": found.reset_index(drop=True)})
    table["year"] = table["quarter"].str[:4].astype(int)
    table["number"] = table["quarter"].str[-1].astype(int)
    for name in columns:
        table[name] = parse_numbers(rows[name].reset_index(drop=True), place, first_line=3)
    return table
