"""Tables of the OECD, Eurostat and others who serve SDMX-CSV: dimensions in columns, one observation a row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel, Series
from headwinds.contracts.panel import Kind
from headwinds.errors import DataError
from headwinds.explain.countries import listed
from headwinds.explain.panel_data import MISSING, require_columns
from headwinds.explain.sources.eurostat import heads, observations
from headwinds.explain.sources.long_tables import countries_only, panel_from_long
from headwinds.explain.sources.table_files import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_FRAME = frozenset(
    {"DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "KEY", "LAST UPDATE"}
)
_ATTRIBUTES = frozenset(
    {"OBS_STATUS", "OBS_CONF", "CONF_STATUS", "UNIT_MULT", "DECIMALS", "BASE_PER", "CURRENCY"}
)

NO_FLAG = ("", "A", "nan", "<NA>")
"""What says nothing of a value, or that it is a normal one."""


def read_sdmx_csv(
    path: str | Path,
    *,
    keep: Mapping[str, str] | None = None,
    kinds: Mapping[str, Kind] | None = None,
    vintage: str = "as read",
) -> Panel:
    r"""Read annual observations from SDMX-CSV (versions 1 and 2, with or without labels), or from Eurostat's .tsv.

    A series is named by its values in the dimensions that vary in the file, joined by a dot; a dimension with one value
    names nothing. Columns after `OBS_VALUE` are attributes and name nothing: a unit multiplier and base years are told in
    the series' unit. Countries only; aggregates (OECD, EU27_2020, ...) are left out and named in a finding (N422). Values
    with flags are taken as they stand, and counted by flag (N426).

    Parameters
    ----------
    path
        With the columns `REF_AREA` (of Eurostat `geo`), `TIME_PERIOD`, `OBS_VALUE` and the dimensions before them; or, of
        Eurostat, a column a year beside dimensions of which the last is named ``geo\TIME_PERIOD``, as its .tsv and
        .tsv.gz have it.
    keep
        The value to keep of a dimension, for instance {"MEASURE": "GDPHRS"}.
    kinds
        What a series is, by its name, where "ratio" would be wrong: "growth" or "level" series must not be mixed.
    vintage
        When it was taken. Of SDMX-CSV of Eurostat its own date of update is used.

    Raises
    ------
    DataError
        A column is missing, `keep` leaves nothing, a period is no year (quarterly and monthly observations must be left out
        with `keep={"FREQ": "A"}`), a series is in two units (`UNIT_MULT`), or a row cannot be read.
    """
    path = Path(path)
    frame = read_table(path)
    if heads(frame):
        frame = observations(frame, path.name)
    # "REF_AREA: Reference area" is how version 1 writes labels.
    frame = frame.rename(columns={name: str(name).split(":")[0].strip() for name in frame.columns})
    frame = frame.loc[:, ~frame.columns.duplicated()]
    area = "geo" if "geo" in frame.columns and "REF_AREA" not in frame.columns else "REF_AREA"
    require_columns(frame, [area, "TIME_PERIOD", "OBS_VALUE"], path.name)
    for dimension, value in (keep or {}).items():
        require_columns(frame, [dimension], path.name)
        there = sorted(frame[dimension].astype(str).map(_code).unique())
        if value not in there:
            raise DataError(f"{path.name}: {dimension} is never {value!r}; it is {listed(there)}.")
        frame = frame[frame[dimension].astype(str).map(_code) == value]
    dimensions = _varying(frame)
    if dimensions:
        codes = frame[dimensions].map(_code)
        names: object = [".".join(row) for row in codes.itertuples(index=False, name=None)]
    else:
        names = _only_name(frame, path)
    long = frame.assign(
        series=names,
        entity=frame[area].astype(str).map(_code),
        period=frame["TIME_PERIOD"],
        value=frame["OBS_VALUE"],
    )
    kept, findings = countries_only(long, path.name)
    updated = _codes(frame, "LAST UPDATE", whole=True)
    series = {
        name: Series(
            name=name,
            unit=_unit(group, name, path.name),
            kind=(kinds or {}).get(name, "ratio"),
            source=f"SDMX: {_flow(frame, path)}",
            vintage=f"updated {updated[-1]}" if updated else vintage,
        )
        for name, group in kept.groupby("series", sort=True)
    }
    findings = (*findings, *_flagged(kept, path.name))
    return panel_from_long(kept, series=series, place=path.name, findings=findings)


def _flagged(kept: pd.DataFrame, place: str) -> tuple[Finding, ...]:
    """That values carry flags, how many and which: a break in a series looks like growth."""
    for name in ("OBS_FLAG", "OBS_STATUS"):
        if name not in kept.columns:
            continue
        there = ~kept["OBS_VALUE"].astype("string").fillna("").str.strip().isin(MISSING)
        flags = kept.loc[there, name].astype("string").fillna("").map(_code)
        times = flags[~flags.isin(NO_FLAG)].value_counts()
        if len(times):
            told = ", ".join(f"{flag} {times[flag]}" for flag in sorted(times.index))
            return (
                Finding(
                    "N426",
                    f"{place}: values that carry a flag ({name}) are taken as they stand: {int(times.sum()):,} ({told}).",
                    "b is a break in the series, e an estimate, p provisional; leave out in the file what you do not trust.",
                ),
            )
    return ()


def _code(text: str) -> str:
    """The code of "AUS: Australia"."""
    return str(text).split(":")[0].strip()


def _varying(frame: pd.DataFrame) -> list[str]:
    """Dimensions in which the file has more than one value.

    They are columns before the value, in capitals (of Eurostat in small letters), that are no attribute; those of labels
    ("Reference area") are written as words are.
    """
    before = list(frame.columns)[: list(frame.columns).index("OBS_VALUE")]
    return [
        str(name)
        for name in before
        if (str(name).isupper() or (str(name).islower() and str(name).isidentifier()))
        and name not in (*_FRAME, *_ATTRIBUTES, "REF_AREA", "geo", "TIME_PERIOD")
        and frame[name].astype(str).map(_code).nunique() > 1
    ]


def _only_name(frame: pd.DataFrame, path: Path) -> str:
    for name in ("MEASURE", "INDICATOR", "SUBJECT", "TRANSACTION"):
        if name in frame.columns:
            return _code(frame[name].iloc[0])
    return path.name.split(".")[0]


def _unit(group: pd.DataFrame, series: str, place: str) -> str:
    unit = "as in the file"
    for name in ("Unit of measure", "UNIT_MEASURE", "UNIT", "unit"):
        if name in group.columns:
            unit = ", ".join(sorted(group[name].astype(str).unique()))
            break
    power = _codes(group, "UNIT_MULT")
    if len(power) > 1:
        raise DataError(
            f"{place}, series {series}: UNIT_MULT is {listed(power)}, so that its values are in several units.",
            remedy="Keep the rows of one with keep, or multiply OBS_VALUE by 10 to its power in the file.",
        )
    if power and power[0] != "0":
        unit = f"{unit}, x 10^{power[0]}"
    base = _codes(group, "REF_YEAR_PRICE") or _codes(group, "BASE_PER")
    return f"{unit}, base {listed(base)}" if base else unit


def _codes(group: pd.DataFrame, name: str, *, whole: bool = False) -> list[str]:
    """What stands in a column of attributes, without what is empty; the code of each, or the whole."""
    if name not in group.columns:
        return []
    return sorted({str(one).strip() if whole else _code(one) for one in group[name].dropna()} - {""})


def _flow(frame: pd.DataFrame, path: Path) -> str:
    for name in ("STRUCTURE_ID", "DATAFLOW"):
        if name in frame.columns and len(frame):
            return str(frame[name].iloc[0])
    return path.name
