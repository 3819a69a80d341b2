"""Sigma convergence: does the dispersion of log levels fall, and is the fall more than chance.

Dispersion is a slow series, so a trend's t-value over years says little. Entities are the independent draws here: the
trend's standard error is a jackknife over entities (Efron and Tibshirani 1993, ch. 11), each left out with its whole path,
and the first and last year are compared by the test for two variances of the same entities (Pitman 1939; Morgan 1939): they
are equal if and only if sum and difference of the two years are uncorrelated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel
from headwinds.contracts.result import Result, number
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.convergence.levels import read_levels

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SigmaConvergence(Result):
    """Dispersion of log levels over time.

    Attributes
    ----------
    years, dispersion
        Standard deviation over entities in each year (n - 1).
    trend, trend_standard_error, trend_p_value
        Of log dispersion a year (-0.01: it falls by 1 % a year), by jackknife over entities; t with entities - 1 degrees of
        freedom.
    change, change_p_value
        Log dispersion of the last year less that of the first; p-value of no change (Pitman, Morgan); NaN where all moved
        alike.
    """

    years: tuple[int, ...]
    dispersion: NDArray[np.float64]
    trend: float
    trend_standard_error: float
    trend_p_value: float
    change: float
    change_p_value: float
    words: str
    entities: tuple[str, ...]
    unavailable: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a year: `period`, `dispersion`, and the `trend` at it."""
        import numpy as np
        import pandas as pd

        return pd.DataFrame(
            {"period": self.years, "dispersion": self.dispersion, "trend": np.exp(self._line())}
        )

    def _line(self) -> NDArray[np.float64]:
        import numpy as np

        years = np.array(self.years, dtype=float)
        line: NDArray[np.float64] = np.log(self.dispersion).mean() + self.trend * (years - years.mean())
        return line

    def summary(self) -> str:
        """How dispersion moved, and whether that is more than chance."""
        lines = [
            f"Standard deviation of log {self.words} over {len(self.entities)} entities: "
            f"{number(self.dispersion[0])} in {self.years[0]}, {number(self.dispersion[-1])} in {self.years[-1]} "
            f"(p of no change {number(self.change_p_value)}).",
            f"Trend {number(100 * self.trend, 2)} % a year, standard error {number(100 * self.trend_standard_error, 2)}, "
            f"p {number(self.trend_p_value)} (jackknife over entities).",
            "Both take entities for independent draws; what moves whole regions makes them less sure than stated.",
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """Dispersion by year, with its trend."""
        import numpy as np

        from headwinds.drawing.paths import draw_paths

        return draw_paths(
            self.years,
            {"dispersion": self.dispersion, "trend": np.exp(self._line())},
            up=f"standard deviation of log {self.words}",
        )


def sigma_convergence(
    panel: Panel,
    *,
    level: str,
    per: str | None = None,
    first: int,
    last: int,
    entities: Sequence[str] | None = None,
) -> SigmaConvergence:
    """Follow the dispersion of log levels over the same entities.

    Parameters
    ----------
    level, per
        The series, and one that it is divided by; not a series made for growth within an entity.
    first, last
        Every year between them is taken; entities that lack one are listed and left out.

    Raises
    ------
    SettingsError
        The series is missing or of the wrong kind; `last` is not at least two years after `first`.
    EstimationError
        Fewer than three entities have every year, or levels do not differ.
    """
    import numpy as np
    from scipy import stats

    if last < first + 2:
        raise SettingsError(
            f"The span {first}-{last} has fewer than three years: no trend can be seen in it."
        )
    held = read_levels(
        panel,
        level,
        per=per,
        entities=entities,
        years=range(first, last + 1),
        not_kind="growth",
        role="level that is compared between entities",
    )
    log = held.log - held.log.mean(axis=0)
    count = len(log)
    if (log.std(axis=0) < 1e-12).any():
        raise EstimationError("In some year all entities have the same level: dispersion has no logarithm.")
    year = np.arange(first, last + 1) - (first + last) / 2
    slope_of = year / (year**2).sum()
    # Of logs less their mean: beside their size, dispersion may have no digits.
    total, squares = log.sum(axis=0), (log**2).sum(axis=0)
    rest = squares - log**2 - (total - log) ** 2 / (count - 1)
    if (rest <= 1e-24 * count).any():
        lone, when = np.argwhere(rest <= 1e-24 * count)[0]
        raise EstimationError(
            f"Without {held.entities[lone]} all others have the same level in {held.years[when]}: the trend has no "
            "standard error.",
            remedy="Take more entities.",
        )

    def trend(number_of: int, sums: NDArray[np.float64], squared: NDArray[np.float64]) -> NDArray[np.float64]:
        variance = (squared - sums**2 / number_of) / (number_of - 1)
        slopes: NDArray[np.float64] = 0.5 * np.log(variance) @ slope_of
        return slopes

    estimate = float(trend(count, total, squares))
    without = trend(count - 1, total - log, squares - log**2)
    error = float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum()))
    both, apart = log[:, -1] + log[:, 0], log[:, -1] - log[:, 0]
    spread = float(np.sqrt((both @ both) * (apart @ apart)))
    correlation = float(both @ apart) / spread if spread > 0 else float("nan")
    paired = correlation * np.sqrt((count - 2) / max(1 - correlation**2, 1e-300))
    dispersion = log.std(axis=0, ddof=1)
    return SigmaConvergence(
        years=held.years,
        dispersion=dispersion,
        trend=estimate,
        trend_standard_error=error,
        trend_p_value=float(2 * stats.t.sf(abs(estimate) / error, count - 1)) if error > 0 else float("nan"),
        change=float(np.log(dispersion[-1] / dispersion[0])),
        change_p_value=float(2 * stats.t.sf(abs(paired), count - 2)),
        words=held.words,
        entities=held.entities,
        unavailable=held.unavailable,
        findings=held.findings,
    )
