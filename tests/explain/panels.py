"""Panels in which the slope is known and the index is seen with error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from headwinds.contracts import Indicator


@dataclass(frozen=True)
class World:
    """A panel of `entities` x `periods` whose outcome is `slope` x index + effects + noise.

    `own_error` and `common_error` are standard deviations of the index's errors: of each cell alone, and of a shift
    that the cells of one period share and that entities feel differently (a correction learnt from the same labels).
    """

    entities: int = 40
    periods: int = 20
    slope: float = 3.0
    own_error: float = 0.0
    common_error: float = 0.0
    noise: float = 0.5

    def draw(self, seed: int) -> tuple[pd.DataFrame, Indicator]:
        generator = np.random.default_rng(seed)
        shape = (self.entities, self.periods)
        truth = 0.5 + generator.normal(0, 0.1, shape)
        outcome = (
            self.slope * truth
            + generator.normal(0, 1, (self.entities, 1))
            + generator.normal(0, 1, (1, self.periods))
        )
        outcome = outcome + generator.normal(0, self.noise, shape)
        exposure = np.random.default_rng(7).normal(1, 1, shape)
        seen = (
            truth
            + generator.normal(0, self.own_error, shape)
            + self.common_error * exposure * generator.normal()
        )
        names = [f"E{number:03d}" for number in range(self.entities)]
        cells = tuple((name, 2000 + period) for name in names for period in range(self.periods))
        rows = len(cells)
        frame = pd.DataFrame(
            {
                "entity": [cell[0] for cell in cells],
                "period": [cell[1] + 1 for cell in cells],
                "value": outcome.ravel(),
            }
        )
        return frame, indicator(
            cells,
            seen.ravel(),
            np.full(rows, self.own_error**2),
            self.common_error * exposure.reshape(rows, 1),
        )


def indicator(cells, value, variance, factor, label: str = "divide") -> Indicator:
    """An index by entity and period with the error that it is said to have."""
    cells = tuple(cells)
    rows = len(cells)
    counts = np.full(rows, 50)
    return Indicator(
        keys=("country", "year"), cells=cells, labels=(label,) * rows, value=np.asarray(value, dtype=float),
        sampling_variance=np.asarray(variance, dtype=float), audit_factor=np.asarray(factor, dtype=float),
        lower=np.full(rows, np.nan), upper=np.full(rows, np.nan), documents=counts, passages=counts, gold=counts,
        pooled=("",) * rows, method="simulated",
    )  # fmt: skip
