"""Impulse responses with their bands: the result of local projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """The response at one horizon by one method; `interval` has the ends of its 95% interval.

    `span` is the first and the last period of the shocks that it is seen from.
    """

    method: str
    horizon: int
    value: float
    standard_error: float
    interval: tuple[float, float]
    observations: int
    entities: int
    periods: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Responses(Result):
    """Responses by horizon.

    Attributes
    ----------
    rows
        One a horizon and method.
    estimand, variation, absorbed, units
        In words, as of an `Estimate`.
    errors
        Which standard errors.
    step
        Calendar time of one horizon.
    findings
        What to weigh.
    """

    rows: tuple[Row, ...]
    estimand: str
    variation: str
    absorbed: str
    units: str
    errors: str
    step: int
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a horizon and method; `lower`, `upper` is the 95% interval of that horizon alone."""
        import pandas as pd

        columns = ("method", "horizon", "value", "standard_error", "observations", "entities", "periods")
        table = pd.DataFrame([{name: getattr(row, name) for name in columns} for row in self.rows])
        table.insert(4, "lower", [row.interval[0] for row in self.rows])
        table.insert(5, "upper", [row.interval[1] for row in self.rows])
        return table

    def summary(self) -> str:
        """What was estimated, from what, and each response with its interval."""
        lines = [
            self.estimand,
            f"Identified by {self.variation} Absorbed: {self.absorbed}",
            f"Errors: {self.errors}. Units: {self.units}. Each interval is of its horizon alone, not of the whole path.",
        ]
        lines += [
            f"{row.method}, {row.horizon * self.step} later: {number(row.value)}, standard error "
            f"{number(row.standard_error)}, 95% interval {number(row.lower)} to {number(row.upper)} "
            f"({row.observations} observations)"
            for row in self.table.itertuples()
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The responses by horizon, one panel a method."""
        from headwinds.drawing.response_paths import draw_response_paths

        return draw_response_paths(self.table, step=self.step, axis=self.units)
