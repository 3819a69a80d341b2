"""Panels in which five headwinds weaken what technology gives to growth, each by a known amount.

growth = entity effect + year effect + 1.2 technology + sum_j gamma_j technology x headwind_j + noise. Technology is 1 on
average and an AR(1) of 0.8 around it; headwinds are correlated AR(1) of 0.8 that all rise by `rise` at mid-sample; gamma_j
is what makes each headwind's part of the change -0.12 points.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from headwinds.artifacts.write import atomic_directory
from headwinds.contracts import Indicator
from headwinds.explain.attribution.design import AttributionDesign
from headwinds.measure.indicator_store import write_indicator

HEADWINDS = ("innovation", "divide", "security", "adaptability", "social")
TRUE_PART = -0.12


@dataclass(frozen=True)
class World:
    """See the module's head; standard deviations of noise in points, of indices in their own units."""

    units: int = 38
    years: int = 24
    residual: float = 2.0
    correlation: float = 0.5
    index_noise: float = 0.0
    rise: float = 0.75
    index_spread: float = 0.3
    technology_spread: float = 0.5
    persistence: float = 0.8
    part: float = TRUE_PART

    def draw(self, seed: int):
        """(growth, technology, headwinds as seen): shapes (units, years), the same, (units, years, 5)."""
        generator = np.random.default_rng(seed)
        shape = (self.units, self.years)
        common = self._path(generator, (*shape, 1))
        own = self._path(generator, (*shape, 5))
        step = self.rise * (np.arange(self.years) >= self.years // 2)
        true = step[None, :, None] + self.index_spread * (
            np.sqrt(self.correlation) * common + np.sqrt(1 - self.correlation) * own
        )
        technology = 1 + self.technology_spread * self._path(generator, shape)
        growth = 1.2 * technology + (self.part / self.rise) * (technology[:, :, None] * true).sum(axis=2)
        growth = growth + generator.normal(0, 1, (self.units, 1)) + generator.normal(0, 1, (1, self.years))
        growth = growth + generator.normal(0, self.residual, shape)
        return growth, technology, true + self.index_noise * generator.standard_normal(true.shape)

    def _path(self, generator, shape):
        path = np.empty(shape)
        path[:, 0] = generator.standard_normal((shape[0], *shape[2:]))
        for year in range(1, shape[1]):
            fresh = generator.standard_normal((shape[0], *shape[2:]))
            path[:, year] = self.persistence * path[:, year - 1] + np.sqrt(1 - self.persistence**2) * fresh
        return path

    @property
    def spans(self):
        """Before and after, as years of levels; growth runs from 2001."""
        return (2000, 2000 + self.years // 2), (2000 + self.years // 2, 2000 + self.years)

    def design(self, seed: int) -> AttributionDesign:
        """Straight to the arrays, for panels of many units."""
        growth, technology, seen = self.draw(seed)
        entity, year = np.divmod(np.arange(growth.size), self.years)
        values = np.column_stack([technology.ravel(), seen.reshape(-1, 5)])
        variance = np.zeros_like(values)
        variance[:, 1:] = self.index_noise**2
        before, after = self.spans
        return AttributionDesign(
            entities=tuple(f"E{number:05d}" for number in range(self.units)), entity=entity, cluster=entity,
            year=2001 + year, outcome=growth.ravel(), names=("technology", *HEADWINDS), values=values,
            variance=variance, factor=np.zeros((*values.shape, 0)), terms=((0,), *((0, j) for j in range(1, 6))),
            before=before, after=after, lags=(1,) * 6, outcome_words="growth", channel="technology",
            has_technology=True, dropped=0, alone=(),
        )  # fmt: skip

    def tables(self, seed: int):
        """(outcome, indicator, technology) as a user has them; what is seen is a year earlier than growth."""
        growth, technology, seen = self.draw(seed)
        names = [f"E{number:05d}" for number in range(self.units)]
        cells = [(name, 2000 + year) for name in names for year in range(self.years)]

        def table(values, shift):
            return pd.DataFrame(
                {
                    "entity": [cell[0] for cell in cells],
                    "period": [cell[1] + shift for cell in cells],
                    "value": values.ravel(),
                }
            )

        blocks = {name: seen[:, :, number].ravel() for number, name in enumerate(HEADWINDS)}
        return table(growth, 1), indicator(cells, blocks, self.index_noise**2), table(technology, 0)

    def write(self, folder: Path, seed: int) -> None:
        """What a user has on the disk: `world.csv` with growth and computers, beside the index `index`."""
        outcome, index, technology = self.tables(seed)
        outcome.merge(technology, on=["entity", "period"], how="outer", suffixes=("", "_technology")).rename(
            columns={"value": "growth", "value_technology": "computers"}
        ).to_csv(folder / "world.csv", index=False)
        with atomic_directory(folder / "index") as inside:
            write_indicator(index, inside)


def indicator(cells, blocks, variance, factor=None) -> Indicator:
    """An index of several labels over the same cells, label after label."""
    rows = len(cells) * len(blocks)
    counts = np.full(rows, 50)
    return Indicator(
        keys=("country", "year"), cells=tuple(cells) * len(blocks),
        labels=tuple(name for name in blocks for _ in cells), value=np.concatenate(list(blocks.values())),
        sampling_variance=np.full(rows, float(variance)),
        audit_factor=np.zeros((rows, 0)) if factor is None else factor, lower=np.full(rows, np.nan),
        upper=np.full(rows, np.nan), documents=counts, passages=counts, gold=counts, pooled=("",) * rows,
        method="simulated",
    )  # fmt: skip
