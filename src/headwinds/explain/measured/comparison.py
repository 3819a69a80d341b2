"""Estimates of one relation side by side: the naive one first, the corrected one, and what else was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.contracts import Estimate, Finding


@dataclass(frozen=True, slots=True)
class MeasuredRegression(Result):
    """A regression with a measured index: naive and corrected, never one without the other.

    Attributes
    ----------
    naive
        The index taken as known.
    corrected
        The estimate to read; NaN with a finding where the data do not identify it.
    others
        What was asked for besides, each with what it assumes.
    findings
        Of the whole: tests of what the corrected estimate assumes.
    checks
        Table of those tests, or None where there are none.
    """

    naive: Estimate
    corrected: Estimate
    others: tuple[Estimate, ...] = ()
    findings: tuple[Finding, ...] = ()
    checks: pd.DataFrame | None = None

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All of them, the naive one first."""
        return (self.naive, self.corrected, *self.others)

    @property
    def table(self) -> pd.DataFrame:
        """One row an estimator and coefficient: `estimator`, `name`, `value`, `standard_error`, `lower`, `upper` (95%)."""
        import pandas as pd

        tables = [estimate.table.assign(estimator=estimate.method) for estimate in self.estimates]
        columns = ["estimator", "name", "value", "standard_error", "lower", "upper"]
        return pd.concat(tables, ignore_index=True)[columns]

    def summary(self) -> str:
        """What is estimated and for whom; each estimate with its interval; what was found; what each takes for granted."""
        shown = self.corrected
        lines = [
            shown.estimand,
            f"Identified by: {shown.variation} Absorbed: {shown.absorbed}",
            f"{shown.observations} observations, {shown.clusters} clusters; units: {shown.units}.",
        ]
        for row in self.table.itertuples():
            lines.append(
                f"{row.name}, {row.estimator}: {number(row.value)}, standard error {number(row.standard_error)}, "
                f"95% interval {number(row.lower)} to {number(row.upper)}"
            )
        told = [str(finding) for finding in (*self.findings, *self.corrected.findings)]
        for estimate in (self.naive, *self.others):
            told += [f"{estimate.method}: {item}" for item in estimate.findings if str(item) not in told]
        for estimate in self.estimates:
            if "assumes" in estimate.provenance:
                told.append(f"{estimate.method} assumes that {estimate.provenance['assumes']}.")
        return "\n".join([*lines, *told])

    def plot(self) -> Figure:
        """Every coefficient with the intervals of all estimators, one under the other."""
        from headwinds.drawing.side_by_side import draw_side_by_side

        return draw_side_by_side(self.table, axis=self.corrected.units)
