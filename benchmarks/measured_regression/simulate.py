"""One world drawn many times, every estimator on each draw: the slopes, their errors, and what the tests said."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from explain.classified import ClassifiedWorld
from headwinds.explain.measured import corrected_estimate
from headwinds.explain.measured.classifier import classifier_regression

COLUMNS = ("oracle", "true share", "naive", "plug-in", "constant", "smooth", "within")
TESTS = ("share", "effects", "entity", "period", "outcome")


@dataclasses.dataclass(frozen=True)
class Simulated:
    """Slopes and standard errors, shape (draws, estimators), as computed before any refusal; p-values, (draws, tests)."""

    slope: np.ndarray
    error: np.ndarray
    adjusted: np.ndarray
    freedom: int
    truth: float

    def column(self, name: str) -> int:
        return COLUMNS.index(name)

    def covered(self) -> np.ndarray:
        reach = stats.t.ppf(0.975, self.freedom) * self.error
        return np.abs(self.slope - self.truth) <= reach

    def rejected(self) -> np.ndarray:
        return self.adjusted < 0.05


def simulate(world: ClassifiedWorld, draws: int, *, start: int = 0, bootstrap: int = 200) -> Simulated:
    """Draw and estimate. The naive slope is that of errors in variables without error, which is the same number."""
    slope, error = np.full((draws, len(COLUMNS)), np.nan), np.full((draws, len(COLUMNS)), np.nan)
    adjusted = np.full((draws, len(TESTS)), np.nan)
    for number in range(draws):
        drawn = world.draw(start + number)
        design, cells = drawn.prepared()
        exact = dataclasses.replace(design, variance=np.zeros_like(design.variance))
        found = {}
        for name, index in (
            ("oracle", drawn.share),
            ("true share", drawn.positive / world.documents),
            ("naive", drawn.predicted),
            ("plug-in", plug_in(drawn)),
        ):
            found[name] = corrected_estimate(
                dataclasses.replace(exact, index=index.reshape(-1, 1)), "growth", 1
            )
        result = classifier_regression(
            design, cells, "growth", 1, seed=number, draws=bootstrap, naive=found["naive"], refuse=False
        )
        found["smooth"], found["within"], found["constant"] = result.corrected, *result.others
        for at, name in enumerate(COLUMNS):
            slope[number, at], error[number, at] = found[name].value[0], found[name].standard_error[0]
        adjusted[number] = result.checks["adjusted_p_value"]
    return Simulated(slope, error, adjusted, world.entities - 1, world.slope)


def plug_in(drawn) -> np.ndarray:
    """Rogan and Gladen's share with rates of the audit, and no more: what stops half-way."""
    called, missed, alarms, left = drawn.audit.reshape(4, -1).sum(axis=1)
    true, false = called / (called + missed), alarms / (alarms + left)
    return (drawn.predicted - false) / (true - false)
