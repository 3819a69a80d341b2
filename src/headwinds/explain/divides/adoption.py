"""An adoption series as a table of countries by periods, with what is missing said."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.countries import listed
from headwinds.explain.panel_data import require_series

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Adoption:
    """Values and weights by country and period.

    Attributes
    ----------
    values, weights
        Shape (entities, periods); a value is NaN where there is none or its weight is not known.
    bound
        The largest value that the series can have, or None.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    entities: tuple[str, ...]
    periods: tuple[int, ...]
    bound: float | None
    findings: tuple[Finding, ...]


def adoption(
    panel: Panel,
    series: str,
    *,
    weights: str | None,
    first: int | None,
    last: int | None,
    bound: float | None,
    balanced: bool,
    bridge: int,
) -> Adoption:
    """Check a series and lay it out; the parameters and errors are those of `divide`."""
    import numpy as np

    require_series(panel, [series, *([weights] if weights is not None else [])])
    if bridge < 0:
        raise SettingsError(f"bridge is {bridge}; it is a number of years, at least 0.")
    if bound is None and panel.series[series].unit.startswith("%"):
        bound = 100.0
    data = panel.data
    inside = np.ones(len(data), dtype=bool)
    if first is not None:
        inside &= (data["period"] >= first).to_numpy()
    if last is not None:
        inside &= (data["period"] <= last).to_numpy()
    data = data[inside]
    _check(data, series, weights, bound)
    wide = data.pivot(index="entity", columns="period", values=series)
    wide = wide.dropna(how="all").dropna(how="all", axis=1)
    if wide.empty:
        raise EstimationError(f"No entity has {series} in these periods.")
    wide = wide.reindex(columns=range(int(min(wide.columns)), int(max(wide.columns)) + 1))
    findings = []
    if bridge:
        filled = _bridged(wide, bridge)
        count = int(filled.notna().to_numpy().sum() - wide.notna().to_numpy().sum())
        if count:
            findings.append(
                Finding(
                    "N424",
                    f"{count} values of {series} were filled by a straight line over gaps of at most {bridge} years.",
                )
            )
        wide = filled
    if weights is not None:
        population = data.pivot(index="entity", columns="period", values=weights)
        population = population.reindex(index=wide.index, columns=wide.columns)
        population = population.where(
            population > 0
        )  # nobody lives nowhere: zero stands for what is not known
        without = wide.notna() & population.isna()
        if without.to_numpy().any():
            names = wide.index[without.any(axis=1)]
            findings.append(
                Finding(
                    "W427",
                    f"{int(without.to_numpy().sum())} values of {series} have no {weights} and were left out: "
                    f"{listed(names)}.",
                    "Take weights that cover these countries.",
                )
            )
        wide = wide.where(population.notna())
        counted = population.fillna(0.0)
    else:
        counted = wide.notna().astype(float)
    if balanced:
        # A year that nobody has is no period: series of every second year are balanced too.
        wide = wide.dropna(how="all", axis=1)
        lacking = wide.index[wide.isna().any(axis=1)]
        if len(lacking):
            findings.append(
                Finding(
                    "N412",
                    f"Entities that lack {series} in some year that is needed are left out ({len(lacking)}): "
                    f"{listed(lacking)}.",
                )
            )
        wide = wide.dropna(how="any")
    wide = wide.dropna(how="all").dropna(how="all", axis=1)
    if wide.empty:
        raise EstimationError(
            f"No entity has {series} in every period {data['period'].min()}-{data['period'].max()}."
            if balanced
            else f"No entity has {series} with its weight in these periods.",
            remedy="Take fewer periods, or bridge gaps.",
        )
    numbers = wide.notna().sum()
    if wide.isna().to_numpy().any():
        told = (
            f"{int(numbers.min())} in {int(numbers.idxmin())}, {int(numbers.max())} in {int(numbers.idxmax())}"
            if numbers.min() < numbers.max()
            else f"{int(numbers.min())} in each, but others"
        )
        findings.append(
            Finding(
                "W423",
                f"The countries are not the same in every period: {told}; part of a change may come from that.",
                "Compare with the countries that have every period (balanced), or bridge gaps.",
            )
        )
    return Adoption(
        values=wide.to_numpy(dtype=float),
        weights=counted.reindex(index=wide.index, columns=wide.columns).to_numpy(dtype=float),
        entities=tuple(str(name) for name in wide.index),
        periods=tuple(int(name) for name in wide.columns),
        bound=bound,
        findings=tuple(findings),
    )


def _check(data: pd.DataFrame, series: str, weights: str | None, bound: float | None) -> None:
    for name, most in ((series, bound), (weights, None)):
        if name is None:
            continue
        wrong = data[(data[name] < 0) | (data[name] > (most if most is not None else float("inf")))]
        if len(wrong):
            row = wrong.iloc[0]
            reach = "not be negative" if most is None else f"lie between 0 and {most:g}"
            raise DataError(
                f"Series {name!r} is {row[name]:g} for {row['entity']} in {row['period']} (such rows: {len(wrong)}); "
                f"it must {reach}.",
                remedy="Correct the rows, or name another bound.",
            )


def _bridged(wide: pd.DataFrame, longest: int) -> pd.DataFrame:
    """Gaps of up to `longest` periods filled linearly; longer ones stay whole."""
    import numpy as np

    years = wide.columns.to_numpy(dtype=float)
    values = wide.to_numpy(dtype=float).copy()
    for row in values:
        known = np.flatnonzero(np.isfinite(row))
        for left, right in pairwise(known):
            if 1 < right - left <= longest + 1:
                between = np.arange(left + 1, right)
                row[between] = np.interp(years[between], years[[left, right]], row[[left, right]])
    filled = wide.copy()
    filled.iloc[:, :] = values
    return filled
