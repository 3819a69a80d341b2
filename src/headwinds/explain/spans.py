"""Growth before and after: the slowdown, country by country and on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel
from headwinds.contracts.result import Result, number
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.panel_data import level_growth, require_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class SlowdownEstimate(Result):
    """Mean growth in two spans over the same countries.

    Attributes
    ----------
    before_span, after_span
        First and last year of each: growth is from the level of the first to that of the last.
    countries, fell
        Countries in the means, and those whose growth fell.
    before, after, change
        Unweighted means, % per year.
    standard_error
        Of the mean change over countries: standard deviation / sqrt(countries); NaN for fewer than two.
    table
        `entity`, `before`, `after`, `change`, sorted by change.
    unavailable
        Entities without the series in the years needed.
    findings
        What to weigh: W429 where the series is made for comparing levels.
    """

    before_span: tuple[int, int]
    after_span: tuple[int, int]
    countries: int
    fell: int
    before: float
    after: float
    change: float
    standard_error: float
    table: pd.DataFrame
    unavailable: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    def summary(self) -> str:
        """Mean growth in both spans, the change and its error, and who could not be compared."""
        before, after = ("-".join(map(str, span)) for span in (self.before_span, self.after_span))
        error = f", standard error {number(self.standard_error)} over entities" if self.countries > 1 else ""
        lines = [
            f"Mean annual growth of the entities ({self.countries}), each counted once, in %: "
            f"{number(self.before)} in {before}, {number(self.after)} in {after}; change {number(self.change)}{error}. "
            f"It fell in {self.fell}. "
            "A comparison of means: it says how much growth changed, not why."
        ]
        if self.unavailable:
            lines.append(f"Not compared, a year is missing: {', '.join(self.unavailable)}.")
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """Growth before and after, a pair of bars an entity, the largest fall on top."""
        from headwinds.drawing.paired_bars import draw_paired_bars

        before, after = ("-".join(map(str, span)) for span in (self.before_span, self.after_span))
        named = self.table.rename(columns={"before": before, "after": after})
        return draw_paired_bars(named, name="entity", bars=(before, after), axis="growth, % a year")


def slowdown(
    panel: Panel,
    entities: Sequence[str],
    *,
    series: str = "rtfpna",
    before: tuple[int, int],
    after: tuple[int, int],
) -> SlowdownEstimate:
    """Compare the mean annual log growth (x 100) of a growth series in two spans.

    Raises
    ------
    SettingsError
        A span does not run forward, the second begins before the first ends, or an entity is named twice.
    DataError
        A value of those years is zero or negative.
    EstimationError
        No entity has the series in all four years.
    """
    import numpy as np

    require_series(panel, [series])
    for first, last in (before, after):
        if last <= first:
            raise SettingsError(f"The span {first}-{last} does not run forward.")
    if after[0] < before[1]:
        raise SettingsError(
            f"before = [{before[0]}, {before[1]}] and after = [{after[0]}, {after[1]}] overlap.",
            remedy="Let the second begin where the first ends, or later.",
        )
    if len(set(entities)) < len(list(entities)):
        raise SettingsError("An entity is named twice.", remedy="Name each once.")
    if panel.data.empty:
        raise EstimationError("The panel has no rows.")
    wide = panel.data.pivot(index="entity", columns="period", values=series)
    years = [*before, *after]
    lacking = [year for year in years if year not in wide.columns]
    if lacking:
        raise EstimationError(
            f"The panel has no year {lacking[0]}: it runs from {min(wide.columns)} to {max(wide.columns)}.",
            remedy="Name a year in between.",
        )
    chosen = wide.reindex(list(entities))[sorted(set(years))]
    wrong = chosen <= 0
    if wrong.to_numpy().any():
        entity, year = wrong.stack().idxmax()
        raise DataError(
            f"Series {series!r} is {chosen.at[entity, year]:g} for {entity} in {year}; growth needs positive values."
        )
    missing = tuple(str(name) for name in chosen.index[chosen.isna().any(axis=1)])
    chosen = chosen.dropna()
    if chosen.empty:
        raise EstimationError(f"No entity has {series} in {', '.join(map(str, years))}.")
    table = chosen[[]].copy()
    for name, (first, last) in (("before", before), ("after", after)):
        table[name] = 100 * (np.log(chosen[last]) - np.log(chosen[first])) / (last - first)
    table["change"] = table["after"] - table["before"]
    table = table.reset_index().sort_values(["change", "entity"], ignore_index=True)
    table.columns.name = None
    count = len(table)
    error = float(table["change"].std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan")
    return SlowdownEstimate(
        before,
        after,
        count,
        int((table["change"] < 0).sum()),
        float(table["before"].mean()),
        float(table["after"].mean()),
        float(table["change"].mean()),
        error,
        table,
        missing,
        level_growth(panel, [series]),
    )
