"""Estimates and accounts: results with their uncertainty and their meaning in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
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

    def confidence_interval(self, level: float = 0.95) -> NDArray[np.float64]:
        """Lower and upper bounds, shape (coefficients, 2), from the t distribution."""
        import numpy as np
        from scipy import stats

        reach = stats.t.ppf(0.5 + level / 2, self.degrees_of_freedom) * self.standard_error
        bounds: NDArray[np.float64] = np.column_stack([self.value - reach, self.value + reach])
        return bounds


@dataclass(frozen=True, slots=True)
class Account:
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
