"""Growth alone, on a user's own panel: accounts, the slowdown, and growth on an index where one is named."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.csv_cells import table_text
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.write import write_json, write_text
from headwinds.contracts.result import Result
from headwinds.contracts.suggestions import nearest
from headwinds.errors import SettingsError
from headwinds.study.environment import STATISTICAL, versions
from headwinds.study.stages.explain import plain_estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.contracts import Account, Estimate, Indicator, Panel
    from headwinds.explain.spans import SlowdownEstimate

PUBLISHED = "rtfpna"
GROUPS = ("all", "OECD")
MOST_NAMED = 12
MOST_LACKING = 4
"""A table that lacks so many of the series of growth accounts is no Penn World Table with a column lost."""


@dataclass(frozen=True, slots=True)
class GrowthFile:
    """A panel, and what is asked of it.

    Attributes
    ----------
    path
        CSV (also .csv.xz, .csv.gz) or Parquet with one row an entity and year. A file with the columns
        `isocode` (or `countrycode`) and `year` is read as a Penn World Table; any other needs the table's names for the
        series that accounts are made of.
    entity, period
        Columns of a file that is no Penn World Table.
    entities
        Codes, or "all", or "OECD": whose accounts and whose slowdown.
    before, after
        Two spans of years.
    outcome
        The series whose growth is compared and explained.
    index
        Folder of an index that `measure` wrote, keyed by entity and year; None for growth alone.
    labels
        Which of the index's labels enter the regression; all if empty.
    lag
        Calendar years by which the index precedes growth.
    """

    path: Path
    entity: str = "entity"
    period: str = "period"
    entities: tuple[str, ...] = ("all",)
    before: tuple[int, int] = (1995, 2004)
    after: tuple[int, int] = (2004, 2019)
    outcome: str = PUBLISHED
    index: Path | None = None
    labels: tuple[str, ...] = ()
    lag: int = 1


@dataclass(frozen=True, slots=True)
class GrowthFound(Result):
    """What is found in a panel.

    Attributes
    ----------
    outcome
        The series whose growth is compared and explained.
    accounts
        Year by year, with the rows that could not be made and why.
    by_span
        Mean contributions over the two spans.
    slowdown
        Growth of the outcome before and after.
    naive, corrected, detectable
        The regression on the index, without and with its error, and what it could have found; None without an index.
    """

    outcome: str
    accounts: Account
    by_span: Account
    slowdown: SlowdownEstimate
    naive: Estimate | None
    corrected: Estimate | None
    detectable: pd.DataFrame | None

    @property
    def table(self) -> pd.DataFrame:
        """Mean contributions to growth, one row an entity and span."""
        return self.by_span.table

    def summary(self) -> str:
        """The slowdown, the first accounts, and the regressions on the index."""
        from headwinds.study.growth_lines import growth_lines

        return "\n".join(growth_lines(self))

    def plot(self) -> Figure:
        """The contributions by entity and span."""
        return self.by_span.plot()

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by the names of their files."""
        found = {
            "accounts": self.accounts.table,
            "accounts-unavailable": self.accounts.unavailable,
            "accounts-by-span": self.by_span.table,
            "accounts-by-span-unavailable": self.by_span.unavailable,
            "slowdown": self.slowdown.table,
        }
        if self.detectable is not None:
            found["minimum-detectable-effects"] = self.detectable
        return found


@dataclass(frozen=True, slots=True)
class GrowthResult(GrowthFound):
    """What was found, and `path`: where all of it stands as files."""

    path: Path


def growth_of(
    panel: Panel,
    *,
    entities: Sequence[str] = ("all",),
    before: tuple[int, int] = (1995, 2004),
    after: tuple[int, int] = (2004, 2019),
    outcome: str = PUBLISHED,
    index: Indicator | None = None,
    labels: Sequence[str] = (),
    lag: int = 1,
) -> GrowthFound:
    """Account for growth, compare it before and after, and regress it on an index; the settings are `GrowthFile`'s.

    Raises
    ------
    SettingsError, EstimationError, MismatchError
        As `explain_file`.
    """
    from headwinds.explain.accounts.penn_accounts import growth_accounts, span_accounts
    from headwinds.explain.spans import slowdown

    for name, (first, last) in (("before", before), ("after", after)):
        if first >= last:
            raise SettingsError(
                f"{name} = {first}-{last} is no span of years.", remedy="Write it as 1995-2004."
            )
    if outcome not in panel.series:
        raise SettingsError(
            f"The panel has no series {outcome!r} whose growth is compared; it has {_few(sorted(panel.series))}.",
            remedy="Name another one as outcome.",
        )
    chosen = chosen_entities(tuple(entities), panel)
    accounts = growth_accounts(panel, entities=chosen)
    by_span = span_accounts(accounts, (before, after), chosen)
    compared = slowdown(panel, chosen, series=outcome, before=before, after=after)
    return GrowthFound(
        outcome, accounts, by_span, compared, *_regress(panel, index, outcome, tuple(labels), lag)
    )


def explain_file(growth: GrowthFile, output: Path) -> GrowthResult:
    """Account for growth, compare it before and after, and regress it on an index; all under ``output/explain``.

    Raises
    ------
    DataError
        The panel cannot be read: file, line and column are told.
    SettingsError, EstimationError
        A series, an entity or a year is not there.
    ArtifactError, MismatchError
        The index is damaged, or shares no entity and year with the panel.
    """
    from headwinds.measure.indicator_store import read_indicator

    panel = read_growth_panel(growth.path, entity=growth.entity, period=growth.period)
    found = growth_of(
        panel, entities=growth.entities, before=growth.before, after=growth.after, outcome=growth.outcome,
        index=read_indicator(growth.index) if growth.index else None, labels=growth.labels, lag=growth.lag,
    )  # fmt: skip
    compared = found.slowdown
    facts: dict[str, Any] = {
        "units": found.accounts.units,
        "outcome": asdict(panel.series[growth.outcome]),
        "before": list(growth.before),
        "after": list(growth.after),
        "slowdown": {
            name: getattr(compared, name)
            for name in ("countries", "fell", "before", "after", "change", "standard_error", "unavailable")
        },
        "naive": plain_estimate(found.naive) if found.naive else None,
        "corrected": plain_estimate(found.corrected) if found.corrected else None,
    }

    def work(folder: Path, _: Path) -> None:
        for name, table in found.tables().items():
            write_text(folder / f"{name}.csv", table_text(table))
        write_json(folder / "growth.json", facts, allow_missing=True)

    asked = {name: value for name, value in asdict(growth).items() if name not in ("path", "index")}
    parts = fingerprint(
        panel=file_digest(growth.path),
        index=[file_digest(path) for path in sorted(growth.index.rglob("*")) if path.is_file()]
        if growth.index
        else [],
        settings=asked,
        code=code_digest("headwinds.explain", "headwinds.contracts", "headwinds.study.growth_files"),
        versions=versions(STATISTICAL),
    )
    with study_lock(output):
        path = run_stage(output, "explain", parts, work).path
    return GrowthResult(**{item.name: getattr(found, item.name) for item in fields(found)}, path=path)


def read_growth_panel(path: Path, *, entity: str = "entity", period: str = "period") -> Panel:
    """The panel of a file, described where the series are those of the Penn World Table."""
    from headwinds.explain.penn_world_table import SHEET
    from headwinds.explain.plain_panel import read_table

    return growth_panel(read_table(path, sheets=[SHEET]), entity=entity, period=period, place=path.name)


def growth_panel(
    frame: pd.DataFrame, *, entity: str = "entity", period: str = "period", place: str, first_line: int = 2
) -> Panel:
    """The panel of a table that was read; `place` and `first_line` are for messages."""
    from headwinds.explain.penn_world_table import (
        PENN_SERIES,
        REQUIRED,
        described_series,
        is_penn_world_table,
        penn_panel,
    )
    from headwinds.explain.plain_panel import plain_panel, series_columns

    columns = [str(name) for name in frame.columns]
    # A table of one's own may have the columns isocode and year too: what it lacks of the rest tells them apart.
    lacks = set(REQUIRED) - set(columns)
    lacking = len(lacks)
    if is_penn_world_table(columns) and lacks == {PUBLISHED}:  # which accounts do without
        entity, period = next(name for name in ("countrycode", "isocode") if name in columns), "year"
    named = lacking > 0 and {entity, period} <= set(columns)
    if is_penn_world_table(columns) and not named and lacking < MOST_LACKING:
        penn = penn_panel(frame, place=place, first_line=first_line)
        code = next(name for name in ("countrycode", "isocode") if name in columns)
        others = series_columns(frame, beside=(code, "year", *penn.series))
        if not others:
            return penn
        beside = plain_panel(
            frame, entity=code, period="year", series=others, place=place, first_line=first_line
        )
        return type(penn)(
            data=penn.data.join(beside.data[others]), series={**penn.series, **beside.series}, findings=penn.findings
        )  # fmt: skip
    known = [name for name in columns if name in PENN_SERIES]
    others = series_columns(frame, beside=(entity, period, *known))
    plain = plain_panel(
        frame, entity=entity, period=period, series=[*known, *others] or None, place=place, first_line=first_line
    )  # fmt: skip
    described = described_series(known, source=place, vintage="as read")
    return type(plain)(data=plain.data, series={**plain.series, **described})


def chosen_entities(asked: tuple[str, ...], panel: Panel) -> tuple[str, ...]:
    """Codes that are in the panel; "all" and "OECD" are names of groups."""
    from headwinds.explain.country_groups import OECD_38

    there = [str(name) for name in panel.data["entity"].unique()]
    if asked == ("all",):
        return tuple(there)
    if asked == ("OECD",):
        return OECD_38
    for name in asked:
        if name not in there:
            raise SettingsError(
                f"The panel has no entity {name!r}; it has {len(there)}, from {there[0]} to {there[-1]}.",
                remedy=nearest(name, [*there, *GROUPS], cutoff=0.5).lstrip()
                or 'Write codes as the file does, or "all", or "OECD".',
            )
    return asked


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")


def _regress(
    panel: Panel, indicator: Indicator | None, series: str, labels: tuple[str, ...], lag: int
) -> tuple[Estimate | None, Estimate | None, pd.DataFrame | None]:
    if indicator is None:
        return None, None, None
    from headwinds.explain.growth_regression import growth_regression

    unknown = [name for name in labels if name not in indicator.labels]
    if unknown:
        raise SettingsError(
            f"The index has no label {unknown[0]!r}; it has {', '.join(dict.fromkeys(indicator.labels))}."
        )
    words = f"annual growth of {series} (%)"
    found = growth_regression(panel, indicator, series=series, words=words, labels=labels, lag=lag)
    findings = (*found.corrected.findings, *found.left_out)
    return found.naive, replace(found.corrected, findings=findings), found.detectable
