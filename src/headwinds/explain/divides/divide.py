"""The divide over time: inequality of an adoption series over countries, with intervals, and by region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwinds.contracts import Account, Finding, Panel
from headwinds.contracts.result import Result, number
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.countries import Scheme, listed
from headwinds.explain.countries import regions as regions_of
from headwinds.explain.divides.adoption import adoption
from headwinds.explain.divides.measures import MEASURES, RELATIVE, WORDS, Measure
from headwinds.explain.divides.theil import theil_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DEFAULT_MEASURES: tuple[Measure, ...] = ("gini", "theil", "cv", "palma")


@dataclass(frozen=True, slots=True)
class Divide(Result):
    """How unequal an adoption series is over countries, period by period.

    Attributes
    ----------
    table
        One row a period and measure: `period`, `measure`, `value`, `lower`, `upper`, `countries`, `mean`.
    regions
        Theil's T within and between regions, an account with one row a period: `within`, `between` and their parts by region
        (`within NAME`, `between NAME`); None if no regions were given.
    units
        Of the series, and of the absolute measures; the relative ones have none.
    draws
        Bootstrap draws, shape (draws, periods, measures), in the order of `periods` and `measures`.
    """

    table: pd.DataFrame
    periods: tuple[int, ...]
    measures: tuple[Measure, ...]
    draws: NDArray[np.float64]
    level: float
    estimand: str
    units: str
    regions: Account | None = None
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    def change(self, measure: Measure, first: int, last: int) -> tuple[float, float, float]:
        """The change of a measure between two periods, and its interval from the same draws of countries.

        Raises
        ------
        SettingsError
            The measure or a period is not in the result.
        """
        import numpy as np

        if measure not in self.measures or not {first, last} <= set(self.periods):
            raise SettingsError(
                f"{measure} in {first} and {last} is not in this result: {', '.join(self.measures)}, "
                f"{self.periods[0]}-{self.periods[-1]}."
            )
        one, other = self.periods.index(first), self.periods.index(last)
        own = self.table[self.table["measure"] == measure].set_index("period")["value"]
        place = self.measures.index(measure)
        moved = self.draws[:, other, place] - self.draws[:, one, place]
        lower, upper = _interval(moved[:, np.newaxis], self.level)
        return float(own[last] - own[first]), float(lower[0]), float(upper[0])

    def summary(self) -> str:
        """What is unequal, and by how much at the beginning and at the end."""
        lines = [f"{self.estimand} {100 * self.level:g}% intervals over draws of countries."]
        for measure in self.measures:
            own = self.table[self.table["measure"] == measure].dropna(subset=["value"])
            if own.empty:
                lines.append(f"{WORDS[measure]}: not available")
                continue
            ends = [
                f"{number(row.value)} ({number(row.lower)} to {number(row.upper)}) in {row.period}"
                for row in own.iloc[[0, -1]].itertuples()
            ]
            lines.append(f"{WORDS[measure]}: {', '.join(dict.fromkeys(ends))}")
        if self.regions is not None:
            last = self.regions.table.iloc[-1]
            lines.append(
                f"Of Theil's T in {int(last['period'])}, {100 * last['between'] / last['theil']:.0f}% is between regions."
                if last["theil"] > 0
                else f"Theil's T in {int(last['period'])} is zero."
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def _title(self, measure: Measure) -> str:
        return WORDS[measure] if measure in RELATIVE else f"{WORDS[measure]} ({self.units})"

    def plot(self) -> Figure:
        """Each measure over time with its band, and Theil's T by region."""
        from headwinds.drawing.time_panels import draw_time_panels

        lines = {
            self._title(measure): self.table[self.table["measure"] == measure][
                ["period", "value", "lower", "upper"]
            ]
            for measure in self.measures
        }
        if self.regions is None:
            return draw_time_panels(lines)
        stacked = self.regions.table[["period", "within", "between"]]
        named = stacked.rename(columns={"within": "within regions", "between": "between regions"})
        return draw_time_panels(lines, areas={"Theil index, within and between regions": named})


def divide(
    panel: Panel,
    series: str,
    *,
    measures: Sequence[Measure] = DEFAULT_MEASURES,
    weights: str | None = None,
    regions: Scheme | Mapping[str, str] | None = "sdg_region",
    first: int | None = None,
    last: int | None = None,
    bound: float | None = None,
    balanced: bool = False,
    bridge: int = 0,
    draws: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> Divide:
    """Inequality of an adoption series over countries in each period.

    Parameters
    ----------
    panel
        Of countries.
    series
        Not negative: internet users in % of population, subscriptions per 100 people, ...
    measures
        Of `gini`, `theil`, `cv`, `palma` (relative), `absolute_gini`, `gap_90_10` (in the series' units), `mean`.
    weights
        The series of population; None counts every country once. Inequality between countries either way: what is unequal
        within a country is not in these data.
    regions
        A scheme of `regions`, the region of each entity, or None: no decomposition by region.
    first, last
        Periods; all by default.
    bound
        The largest value that the series can have, for instance 100; None: 100 if the unit is a percentage, else none.
    balanced
        Only countries that have a value in every period.
    bridge
        Fill a gap of up to this many years by a straight line between its ends; never beyond the first or last value.
    draws, level, seed
        Of the bootstrap: countries are drawn with replacement, each with its whole history, so that changes over time have
        intervals too. The intervals say what another draw of such countries could have given; for a census of the world's
        countries they are a measure of how much rests on a few of them.

    Returns
    -------
    Divide
        A measure that is undefined (nobody uses it yet; the bottom four tenths have nothing) is NaN with a finding (W424).

    Raises
    ------
    SettingsError
        A setting cannot be.
    DataError
        A value is negative or above the bound, a weight is negative, a country's region is not known.
    EstimationError
        Fewer than two countries have values.
    """
    import numpy as np
    import pandas as pd

    unknown = [name for name in measures if name not in MEASURES]
    if unknown or not measures:
        raise SettingsError(
            f"There is no measure {listed(map(repr, unknown))}; there are {', '.join(MEASURES)}."
        )
    if draws < 2 or not 0 < level < 1:
        raise SettingsError(
            f"draws must be at least 2 and level between 0 and 1; they are {draws} and {level:g}."
        )
    data = adoption(
        panel, series, weights=weights, first=first, last=last, bound=bound, balanced=balanced, bridge=bridge
    )
    values, counted = data.values, data.weights
    entities, periods = data.entities, data.periods
    if len(entities) < 2:
        raise EstimationError(
            f"A divide needs at least two countries with {series}; the panel has {len(entities)}.",
            remedy="Take more countries, or other years.",
        )
    drawn = np.random.default_rng(seed).multinomial(
        len(entities), np.full(len(entities), 1 / len(entities)), draws
    )
    results = np.full((draws, len(periods), len(measures)), np.nan)
    rows = []
    for place, period in enumerate(periods):
        there = np.isfinite(values[:, place])
        own, weight = values[there, place], counted[there, place]
        resampled = drawn[:, there] * weight
        filled = resampled.sum(axis=1) > 0
        for column, name in enumerate(measures):
            value = float(MEASURES[name](own, weight)) if len(own) > 1 else float("nan")
            if len(own) > 1:
                results[filled, place, column] = MEASURES[name](own, resampled[filled])
            lower, upper = _interval(results[:, place, column][:, np.newaxis], level)
            known = value == value
            rows.append(
                {
                    "period": period,
                    "measure": name,
                    "value": value,
                    "lower": float(lower[0]) if known else float("nan"),
                    "upper": float(upper[0]) if known else float("nan"),
                    "countries": int(there.sum()),
                    "mean": float(MEASURES["mean"](own, weight)) if len(own) else float("nan"),
                }
            )
    table = pd.DataFrame(rows)
    of = regions_of(entities, regions) if isinstance(regions, str) else regions
    by_region = _by_region(values, counted, entities, periods, of) if of is not None else None
    described = panel.series[series]
    counting = f"weighted by {weights}" if weights is not None else "each country counted once"
    return Divide(
        table=table,
        periods=periods,
        measures=tuple(measures),
        draws=results,
        level=level,
        estimand=f"Inequality between countries of {series} ({described.unit}), {counting}, "
        f"{periods[0]}-{periods[-1]}, {len(entities)} countries.",
        units=described.unit,
        regions=by_region,
        findings=(*data.findings, *_findings(table, tuple(measures), data.bound)),
        provenance={series: f"{described.source}, {described.vintage}"},
    )


def _interval(draws: NDArray[np.float64], level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile bounds of each column; NaN if more than one draw in twenty is undefined."""
    import numpy as np

    lower, upper = np.full(draws.shape[1], np.nan), np.full(draws.shape[1], np.nan)
    for column in range(draws.shape[1]):
        known = draws[np.isfinite(draws[:, column]), column]
        if len(known) >= 0.95 * len(draws):
            lower[column], upper[column] = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return lower, upper


def _by_region(
    values: NDArray[np.float64],
    counted: NDArray[np.float64],
    entities: tuple[str, ...],
    periods: tuple[int, ...],
    of: Mapping[str, str],
) -> Account:
    import numpy as np
    import pandas as pd

    missing = [name for name in entities if name not in of]
    if missing:
        raise SettingsError(f"No region is given for {listed(missing)}.")
    names = np.array([of[name] for name in entities], dtype=object)
    every = sorted(set(names))
    rows, undefined = [], []
    for place, period in enumerate(periods):
        there = np.isfinite(values[:, place])
        own, weight = values[there, place], counted[there, place]
        if len(own) < 2 or own @ weight == 0:
            undefined.append({"entity": "all countries", "period": period, "reason": "nobody uses it yet"})
            continue
        within, between, whole = theil_parts(own, weight, names[there])
        row: dict[str, float | int | str] = {"entity": "all countries", "period": period, "theil": whole}
        row |= {"within": sum(within.values()), "between": sum(between.values())}
        row |= {f"within {name}": within.get(name, 0.0) for name in every}
        row |= {f"between {name}": between.get(name, 0.0) for name in every}
        rows.append(row)
    if not rows:
        raise EstimationError("Theil's T is not defined in any period: all values are zero.")
    return Account(
        table=pd.DataFrame(rows),
        total="theil",
        parts=("within", "between"),
        units="Theil's T",
        estimand="Inequality between countries, within and between regions.",
        unavailable=pd.DataFrame(undefined, columns=["entity", "period", "reason"]),
    )


def _findings(table: pd.DataFrame, measures: tuple[Measure, ...], bound: float | None) -> list[Finding]:
    found = []
    for name in measures:
        own = table[(table["measure"] == name) & table["value"].isna()]
        lone = own[own["countries"] < 2]["period"]
        if len(lone):
            found.append(
                Finding(
                    "W424",
                    f"The {WORDS[name]} is not defined in {listed(lone, 5)}: a single country has a value there.",
                    "Bound the years with first and last, or bridge gaps.",
                )
            )
        undefined = own[own["countries"] > 1]["period"]
        if len(undefined):
            found.append(
                Finding(
                    "W424",
                    f"The {WORDS[name]} is not defined in {listed(undefined, 5)}: the countries that it is divided by have "
                    "nothing.",
                    "Begin later, or take absolute_gini or gap_90_10.",
                )
            )
    relative = [WORDS[name] for name in measures if name in RELATIVE]
    if bound is not None and relative:
        found.append(
            Finding(
                "N425",
                f"The series cannot exceed {bound:g}: as it nears that, {', '.join(relative)} fall of themselves, and "
                "the same measures of those left out rise.",
                "Look at absolute_gini or gap_90_10 too; they are the same from both sides.",
            )
        )
    return found
