"""Estimates and accounts: results with their uncertainty and their meaning in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate(Result):
    """Coefficients with their covariance, and what they mean.

    Attributes
    ----------
    names
        One name a coefficient.
    value, standard_error
        Shape (coefficients,), in `units`. A standard error that is undefined is NaN, with a finding; never zero.
    covariance
        Shape (coefficients, coefficients).
    estimand
        In words: what is estimated, for which population and years.
    variation, absorbed
        In words: the variation that identifies it; what the effects absorb.
    units
        In words: of the outcome per unit of the regressor.
    observations, clusters
        How many of each.
    degrees_of_freedom
        Of the t distribution that `confidence_interval` uses (clusters - 1 where clustered).
    method
        The estimator's registered name, e.g. "naive", "errors-in-variables".
    variance_curve
        Shape (coefficients, 3), or None. What the variance would be if the truth lay t above the value: a + b t + c t^2,
        with a the square of the standard error. Where it is given, `confidence_interval` asks each possible truth.
    """

    names: tuple[str, ...]
    value: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    covariance: NDArray[np.float64]
    method: str
    estimand: str
    variation: str
    absorbed: str
    units: str
    observations: int
    clusters: int
    degrees_of_freedom: int
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    variance_curve: NDArray[np.float64] | None = None

    def confidence_interval(self, level: float = 0.95) -> NDArray[np.float64]:
        """Lower and upper bounds, shape (coefficients, 2), from the t distribution; see `score_interval` for the curve."""
        import numpy as np
        from scipy import stats

        from headwinds.contracts.score_interval import score_interval

        quantile = float(stats.t.ppf(0.5 + level / 2, self.degrees_of_freedom))
        if self.variance_curve is not None:
            return score_interval(self.value, self.variance_curve, quantile)
        reach = quantile * self.standard_error
        bounds: NDArray[np.float64] = np.column_stack([self.value - reach, self.value + reach])
        return bounds

    @property
    def table(self) -> pd.DataFrame:
        """One row a coefficient: `name`, `value`, `standard_error`, `lower`, `upper` (95%)."""
        import pandas as pd

        bounds = self.confidence_interval()
        return pd.DataFrame(
            {
                "name": self.names,
                "value": self.value,
                "standard_error": self.standard_error,
                "lower": bounds[:, 0],
                "upper": bounds[:, 1],
            }
        )

    def summary(self) -> str:
        """What was estimated, from what, and each coefficient with its interval."""
        lines = [
            f"{self.estimand} Method: {self.method}.",
            f"Identified by {self.variation} Absorbed: {self.absorbed}",
            f"{self.observations} observations, {self.clusters} clusters; units: {self.units}.",
        ]
        for row in self.table.itertuples():
            lines.append(
                f"{row.name}: {number(row.value)}, standard error {number(row.standard_error)}, "
                f"95% interval {number(row.lower)} to {number(row.upper)}"
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """Coefficients with their 95% intervals."""
        from headwinds.drawing.intervals import draw_intervals

        return draw_intervals(self.table, axis=self.units)


@dataclass(frozen=True, slots=True)
class Account(Result):
    """A decomposition that adds up.

    Attributes
    ----------
    table
        One row an entity-period (or entity-span); the columns named in `parts` add up to the column `total`.
    total
        Name of the column that is decomposed.
    parts
        Names of the columns that add up to it, in order.
    units
        For instance "% per year".
    unavailable
        Rows for which the account could not be made, with the columns `entity`, `period`, `reason`; listed, never dropped.
    """

    table: pd.DataFrame
    total: str
    parts: tuple[str, ...]
    units: str
    estimand: str
    unavailable: pd.DataFrame
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def residual(self) -> NDArray[np.float64]:
        """Total minus the sum of the parts, shape (rows,): zero up to rounding, or the account is wrong."""
        left: NDArray[np.float64] = (
            self.table[self.total].to_numpy() - self.table[list(self.parts)].sum(axis=1).to_numpy()
        )
        return left

    def summary(self) -> str:
        """What is decomposed, for how many, and the means of its parts."""
        means = self.table[list(self.parts)].mean()
        lines = [
            f"{self.estimand} Units: {self.units}. {len(self.table)} row{'s' * (len(self.table) != 1)}, "
            f"{len(self.unavailable)} not available.",
            f"Mean {self.total}: {number(self.table[self.total].mean())}, of which "
            + ", ".join(f"{part} {number(means[part])}" for part in self.parts),
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The parts of each row as stacked bars, with the total as a point."""
        from headwinds.drawing.stacked_bars import draw_stacked_bars

        return draw_stacked_bars(self.table, total=self.total, parts=self.parts, axis=self.units)
