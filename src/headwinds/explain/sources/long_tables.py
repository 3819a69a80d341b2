"""From long form (entity, year, series, value) to a panel with one column a series."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel, Series
from headwinds.errors import DataError
from headwinds.explain.countries import listed, match_countries
from headwinds.explain.panel_data import MISSING, build_panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


def chosen_series(known: Sequence[str], wanted: Sequence[str] | None, place: str) -> list[str]:
    """The series to keep: those wanted, or all; DataError if one is not there."""
    names = sorted(known)
    if wanted is None:
        return names
    missing = [name for name in wanted if name not in set(names)]
    if missing:
        raise DataError(f"{place}: no series {listed(map(repr, missing))}; it has {listed(names)}.")
    return list(dict.fromkeys(wanted))


def panel_from_long(
    long: pd.DataFrame,
    *,
    series: Mapping[str, Series],
    place: str,
    findings: Sequence[Finding] = (),
) -> Panel:
    """A panel from the columns `entity`, `period`, `series`, `value` as read.

    Raises
    ------
    DataError
        A period parses as no year, a value is not a number, or a series stands twice for an entity and period.
    """
    kept = long[long["series"].isin(list(series))]
    years = kept["period"].astype("string").fillna("").str.strip()
    _refuse(kept, ~years.str.fullmatch(r"[12]\d{3}(\.0+)?"), "period", "is no year", place)
    parsed = kept[["entity", "series"]].assign(period=years.str[:4].astype(int), value=_numbers(kept, place))
    twice = parsed[parsed.duplicated(["entity", "period", "series"])]
    if len(twice):
        shown = ", ".join(f"{row.series} {row.entity} {row.period}" for row in twice.head(3).itertuples())
        raise DataError(
            f"{place}: rows that repeat a series, entity and period: {len(twice)} (first: {shown}).",
            remedy="Keep one row for each; a dimension may be left to choose.",
        )
    wide = parsed.pivot(index=["entity", "period"], columns="series", values="value").reset_index()
    wide = wide.reindex(columns=["entity", "period", *series])
    panel = build_panel(wide, entity="entity", period="period", series=series, place=place)
    return replace(panel, findings=tuple(findings))


def _numbers(kept: pd.DataFrame, place: str) -> pd.Series:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(kept["value"]):
        values = kept["value"].astype(float)
        nothing = values.isna()
    else:
        text = kept["value"].astype("string").fillna("").str.strip()
        nothing = text.isin(MISSING)
        values = pd.to_numeric(text.where(~nothing, "nan"), errors="coerce").astype(float)
    _refuse(kept, values.isna() & ~nothing, "value", "is not a number", place)
    _refuse(kept, values.abs() == math.inf, "value", "is infinite", place)
    return values


def _refuse(kept: pd.DataFrame, wrong: pd.Series, column: str, words: str, place: str) -> None:
    """Name a bad cell by what it is of: in a wide file the line would not say it."""
    flags = wrong.to_numpy(dtype=bool)
    if flags.any():
        row = kept.iloc[int(flags.argmax())]
        raise DataError(
            f"{place}, series {row['series']}, entity {row['entity']}, period {row['period']}: "
            f"{row[column]!r} {words}.",
            remedy="Correct it, or leave the field empty where there is nothing.",
        )


def countries_only(long: pd.DataFrame, place: str) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Leave out the rows whose `entity` is no country of today, and say which those were (N422).

    Raises
    ------
    DataError
        No row is left, or one has no entity.
    """
    entities = long["entity"].astype("string").fillna("").str.strip()
    _refuse(long, entities == "", "entity", "is no entity", place)
    match = match_countries(entities.unique())
    if not match.codes:
        raise DataError(f"{place}: no entity is a country (first: {listed(match.unmatched)}).")
    codes = entities.map(match.codes)
    kept = long.assign(entity=codes)[codes.notna().to_numpy()]
    if not match.unmatched:
        return kept, ()
    sentence = (
        f"{place}: entities that are no country of today (aggregates, former states, misspellings) were left out: "
        f"{listed(match.unmatched)}; with them rows: {len(long) - len(kept)}."
    )
    return kept, (Finding("N422", sentence),)
