"""Panels whose index is counted by a classifier with known error rates, and audited."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from headwinds.contracts import Indicator
from headwinds.explain.measured import Design
from headwinds.explain.measured.classified import ClassifiedCells
from headwinds.explain.measured.error_rates import Audit


@dataclass(frozen=True)
class ClassifiedWorld:
    """`entities` x `periods`, outcome = `slope` x true propensity + effects + noise; documents, calls and an audit.

    The false-positive rate is ``false + drift x (share - mean)`` plus, each a standard deviation: `by_entity` and
    `by_period` (both rates), and `differential` x the outcome's noise.
    """

    entities: int = 40
    periods: int = 20
    documents: int = 400
    audited: int = 1500
    true: float = 0.85
    false: float = 0.10
    drift: float = 0.0
    by_entity: float = 0.0
    by_period: float = 0.0
    differential: float = 0.0
    slope: float = 3.0
    mean: float = 0.25
    between: float = 0.08
    within: float = 0.082
    noise: float = 0.36
    serial: float = 0.0

    def draw(self, seed: int) -> Drawn:
        rng = np.random.default_rng(seed)
        shape = (self.entities, self.periods)
        moved, noise = rng.standard_normal(shape), rng.standard_normal(shape)
        if self.serial:
            for period in range(1, self.periods):
                for path in (moved, noise):
                    path[:, period] = (
                        self.serial * path[:, period - 1] + np.sqrt(1 - self.serial**2) * path[:, period]
                    )
        share = self.mean + self.between * rng.standard_normal((self.entities, 1)) + self.within * moved
        share = np.clip(share, 0.005, 0.995)
        outcome = (
            self.slope * share + rng.standard_normal((self.entities, 1)) + rng.standard_normal(self.periods)
        )
        outcome = outcome + self.noise * noise
        false = self.false + self.drift * (share - self.mean) + self.differential * noise
        false = false + self.by_entity * rng.standard_normal((self.entities, 1))
        false = np.clip(false + self.by_period * rng.standard_normal(self.periods), 0.002, 0.998)
        true = self.true + self.by_entity * rng.standard_normal((self.entities, 1))
        true = np.clip(true + self.by_period * rng.standard_normal(self.periods), 0.002, 0.998)
        positive = rng.binomial(self.documents, share)
        hits = rng.binomial(positive, true)
        alarms = rng.binomial(self.documents - positive, false)
        return Drawn(self, share, outcome, positive, hits, alarms, *self._audit(rng, positive, hits, alarms))

    def _audit(self, rng, positive, hits, alarms):
        """Documents of random cells, read: counts of called-and-true, missed, false alarms, rightly left."""
        cells = self.entities * self.periods
        asked = rng.multinomial(self.audited, np.full(cells, 1 / cells)).reshape(positive.shape)
        left = np.minimum(asked, self.documents)
        pools = [hits, positive - hits, alarms, self.documents - positive - alarms]
        counts, remaining = [], np.full_like(left, self.documents)
        for pool in pools[:-1]:
            taken = rng.hypergeometric(pool, remaining - pool, left)
            counts.append(taken)
            left, remaining = left - taken, remaining - pool
        return [np.stack([*counts, left])]


@dataclass(frozen=True)
class Drawn:
    """One draw; every array has shape (entities, periods), `audit` (4, entities, periods)."""

    world: ClassifiedWorld
    share: np.ndarray
    outcome: np.ndarray
    positive: np.ndarray
    hits: np.ndarray
    alarms: np.ndarray
    audit: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        return (self.hits + self.alarms) / self.world.documents

    @property
    def cells(self) -> pd.DataFrame:
        entity, period = np.indices(self.share.shape)
        return pd.DataFrame(
            {"entity": [f"E{number:03d}" for number in entity.ravel()], "period": 2000 + period.ravel()}
        )

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Outcome (a year later), shares, audit: what `regress_with_classifier` takes."""
        cells = self.cells
        outcome = cells.assign(period=cells["period"] + 1, value=self.outcome.ravel())
        shares = cells.assign(predicted=self.predicted.ravel(), documents=self.world.documents)
        parts = []
        for (called, true), counts in zip(((1, 1), (0, 1), (1, 0), (0, 0)), self.audit, strict=True):
            parts.append(cells.assign(predicted=called, true=true, count=counts.ravel()))
        audit = pd.concat(parts, ignore_index=True)
        return outcome, shares, audit[audit["count"] > 0].reset_index(drop=True)

    def prepared(self) -> tuple[Design, ClassifiedCells]:
        """The same as a design and cells, without the tables: for thousands of draws."""
        world, rows = self.world, self.share.size
        entity, period = (code.ravel() for code in np.indices(self.share.shape))
        cells = self.cells
        predicted, size = self.predicted.ravel(), world.documents
        count = self.audit.reshape(4, -1)
        called = np.repeat([True, False, True, False], rows)
        share = (size * np.tile(predicted, 4) - called) / (size - 1)
        share = np.clip(share, 0, 1)
        chosen = count.ravel() > 0
        audit = Audit(
            share=share[chosen],
            share_variance=(share * (1 - share) / (size - 2))[chosen],
            called=called[chosen],
            truth=np.repeat([True, True, False, False], rows)[chosen],
            count=count.ravel()[chosen].astype(float),
            weight_in_cell=np.full(int(chosen.sum()), 1 / size),
            document=np.arange(int(chosen.sum())),
        )
        names, years = cells["entity"].to_numpy(dtype=str), cells["period"].to_numpy()
        empty = np.zeros((rows, 0))
        design = Design(
            outcome=self.outcome.ravel(), index=predicted[:, None], variance=np.full((rows, 1), 1 / (size - 1)),
            factor=np.zeros((rows, 1, 0)), scale=np.ones(1), labels=("label",), effects=(entity, period),
            effect_names=("entity", "period"), cluster=entity, cluster_name="entity", controls=empty, control_names=(),
            outcome_variance=np.zeros(rows), outcome_factor=empty, entity=names, period=years + 1, dropped=0,
        )  # fmt: skip
        indicator = regress_indicator(names, years, predicted, size)
        cells = ClassifiedCells(
            indicator, (audit,), (np.tile(names, 4)[chosen],), (np.tile(years, 4)[chosen],), ("label",), 0
        )
        return design, cells


def regress_indicator(names, years, predicted, size) -> Indicator:
    """Predicted shares as an index."""
    rows = len(names)
    count = np.full(rows, size)
    return Indicator(
        keys=("entity", "period"), cells=tuple(zip(names.tolist(), years.tolist(), strict=True)),
        labels=("label",) * rows, value=predicted, sampling_variance=predicted * (1 - predicted) / (size - 1),
        audit_factor=np.zeros((rows, 0)), lower=np.full(rows, np.nan), upper=np.full(rows, np.nan), documents=count,
        passages=count, gold=np.zeros(rows, dtype=np.int64), pooled=("",) * rows, method="classify-and-count",
    )  # fmt: skip
