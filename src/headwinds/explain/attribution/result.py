"""An attribution: parts of a change that add up, with their intervals and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

JOINT = "all headwinds"
CARRIED = "carried over"
REMAINDER = "not attributed"
CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Attribution(Result):
    """How much of a change goes with what.

    Attributes
    ----------
    table
        A row a part: `name`, `part` ("headwind", "level", "return", "mechanism", "control", "technology", "joint",
        "carried", "remainder", "total"), `value`, `standard_error`, `lower`, `upper` (95 %), `band_lower`, `band_upper`
        (95 % for all headwinds at once). "joint" is the sum of the headwinds and no part of its own. Where single headwinds
        may not be ranked their `value` and `standard_error` are NaN and only the bands stand.
    before, after
        What is decomposed is `after` minus `before`.
    method
        "shapley", "kitagawa-oaxaca-blinder" or "mechanisms".
    estimand, population, variation, absorbed, assumes
        In words.
    parts
        Every part in full, hidden or not, in the order of the rows that add up: for what is computed from an attribution.
    draws
        Shape (draws, parts): the same under each draw.
    """

    table: pd.DataFrame
    before: float
    after: float
    method: str
    estimand: str
    population: str
    variation: str
    absorbed: str
    assumes: str
    units: str
    observations: int
    entities: int
    clusters: int
    parts: Mapping[str, float]
    draws: NDArray[np.float64]
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def residual(self) -> float:
        """The change minus the sum of its parts: zero up to rounding, or the account is wrong."""
        return self.after - self.before - sum(self.parts.values())

    @property
    def shown(self) -> bool:
        """Whether single headwinds are given, and not only together."""
        single = self.table[self.table["part"].isin(["headwind", "level", "return", "mechanism"])]
        return bool(single["value"].notna().all())

    def summary(self) -> str:
        """What was attributed, to what, and what that does not mean."""
        change = self.after - self.before
        lines = [
            f"{self.estimand} Units: {self.units}. Method: {self.method}.",
            f"{self.population}; {self.observations} observations, {self.clusters} clusters.",
            f"Identified by {self.variation}",
            f"Absorbed: {self.absorbed}",
            f"Assumed: {self.assumes}",
            f"Change {number(change)}, from {number(self.before)} to {number(self.after)}.",
        ]
        for row in self.table.itertuples():
            if row.part == "total":
                continue
            told = f"{row.name} ({row.part})" if row.part in ("level", "return") else row.name
            if row.value != row.value and row.band_lower == row.band_lower:
                band = f"{number(row.band_lower)} to {number(row.band_upper)}"
                lines.append(f"{told}: not given alone; between {band} (95 % for all at once)")
            else:
                bounds = f"{number(row.lower)} to {number(row.upper)}"
                goes = ":" if row.part in ("carried", "remainder") else " is associated with"
                lines.append(f"{told}{goes} {number(row.value)}, 95 % interval {bounds}")
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """From growth before to growth after, step by step, with the intervals of the steps."""
        from headwinds.drawing.waterfall import draw_waterfall

        return draw_waterfall(self.table, before=self.before, after=self.after, axis=self.units)
