"""One world drawn many times, every estimator on each draw: the slopes, their errors, and what the tests said."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from explain.classified import ClassifiedWorld, Drawn
from headwinds.explain.measured import corrected_estimate
from headwinds.explain.measured.classifier import METHODS, classifier_regression
from headwinds.explain.measured.verdicts import REFUSED_BY

PLAIN = ("oracle", "true share", "naive", "plug-in", "design-based shares")
SHAPES = ("constant", "smooth", "within")
COLUMNS = (*PLAIN, "constant, audit taken as known", *SHAPES)
TESTS = ("share", "effects", "entity", "period", "outcome")


@dataclasses.dataclass(frozen=True)
class Simulated:
    """What was found in each draw, before any refusal.

    `slope` and `error` have shape (draws, estimators), `adjusted` (draws, tests): p-values.
    """

    slope: np.ndarray
    error: np.ndarray
    adjusted: np.ndarray
    freedom: int
    truth: float

    def covered(self, name: str) -> np.ndarray:
        at = COLUMNS.index(name)
        reach = stats.t.ppf(0.975, self.freedom) * self.error[:, at]
        return np.abs(self.slope[:, at] - self.truth) <= reach

    def refused(self, name: str) -> np.ndarray:
        """Where no interval is given: a test rejects what the estimator assumes, or nothing is identified."""
        lost = np.isnan(self.error[:, COLUMNS.index(name)])
        if name in SHAPES:
            lost |= self.rejected("outcome")
            for test in REFUSED_BY[name]:
                lost |= self.rejected(test)
        return lost

    def rejected(self, test: str) -> np.ndarray:
        return self.adjusted[:, TESTS.index(test)] < 0.05

    def mean(self, name: str) -> float:
        return float(np.nanmean(self.slope[:, COLUMNS.index(name)]))

    def spread(self, name: str) -> float:
        return float(np.nanstd(self.slope[:, COLUMNS.index(name)]))


def simulate(world: ClassifiedWorld, draws: int, *, start: int = 0, bootstrap: int = 100) -> Simulated:
    """Draw and estimate. The naive slope is that of errors in variables without error, which is the same number."""
    slope, error = np.full((draws, len(COLUMNS)), np.nan), np.full((draws, len(COLUMNS)), np.nan)
    adjusted = np.full((draws, len(TESTS)), np.nan)
    for number in range(draws):
        drawn = world.draw(start + number)
        design, cells = drawn.prepared()
        found = {}
        for name, (index, variance) in plain_indices(drawn).items():
            seen = dataclasses.replace(
                design,
                index=index.reshape(-1, 1),
                variance=np.zeros((index.size, 1)) + variance.reshape(-1, 1),
            )
            found[name] = corrected_estimate(seen, "growth", 1)
        result = classifier_regression(
            design, cells, "growth", 1, seed=number, draws=bootstrap, naive=found["naive"], refuse=False
        )
        by_method = {estimate.method: estimate for estimate in (result.corrected, *result.others)}
        found |= {shape: by_method[METHODS[shape]] for shape in SHAPES}
        for at, name in enumerate(COLUMNS):
            slope[number, at], error[number, at] = found[name].value[0], found[name].standard_error[0]
        adjusted[number] = result.checks["adjusted_p_value"]
    return Simulated(slope, error, adjusted, world.entities - 1, world.slope)


def plain_indices(drawn: Drawn) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Indices with the variance that they are taken to have."""
    world, predicted, none = drawn.world, drawn.predicted, np.zeros(1)
    called, missed, alarms, left = drawn.audit.reshape(4, -1).sum(axis=1)
    true, false = called / (called + missed), alarms / (alarms + left)
    turned = (predicted - false) / (true - false)
    sampling = predicted * (1 - predicted) / (world.documents - 1)
    # Every document was read with the same probability: the difference estimator in each cell, and its known variance.
    inclusion = world.audited / (drawn.share.size * world.documents)
    weight = 1 / (inclusion * world.documents)
    based = predicted + weight * (drawn.audit[1] - drawn.audit[2])
    wrong = (missed + alarms) / drawn.audit.sum()
    return {
        "oracle": (drawn.share, none),
        "true share": (drawn.positive / world.documents, none),
        "naive": (predicted, none),
        "plug-in": (turned, none),
        "constant, audit taken as known": (turned, sampling / (true - false) ** 2),
        "design-based shares": (based, sampling + wrong * weight),
    }
