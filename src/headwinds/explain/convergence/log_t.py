"""The log t test of convergence (Phillips and Sul 2007, 2009).

With h_it an entity's log level relative to the mean over entities and H_t the mean of (h_it - 1)^2, convergence makes H_t
fall like a / (log(t)^2 t^(2 alpha)). In the regression

    log(H_1 / H_t) - 2 log log t = a + b log t + u_t,     t = [rT] + 1, ..., T

b is 2 alpha, and convergence is rejected where its one-sided t is below -1.65. The standard error is the published one: the
long-run variance of u by the quadratic spectral kernel with Andrews' (1991) bandwidth, times the inverse of the regressors'
moments. As in the authors' own program, autocovariances leave out the last residual and are divided by one period less; all
published results, and the critical value's use in clustering, rest on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel
from headwinds.contracts.result import Result, number
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.breaks.covariance import quadratic_spectral_weights
from headwinds.explain.convergence.levels import Levels, read_levels

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

CRITICAL = -1.65
SMOOTHING = 400.0
SMOOTHEST = 1e8
"""Beyond it the trend is a straight line, and the equations for it have few digits left."""
DISCARD = 1 / 3


@dataclass(frozen=True, slots=True)
class LogT(Result):
    """The log t test of one group.

    Attributes
    ----------
    slope, standard_error, t_value
        Of log t; twice the speed alpha. Between 0 and 2 growth rates converge, at 2 and above levels do.
    converges
        Whether t is above -1.65.
    years, variance
        H_t of every year.
    start
        First year of the regression.
    """

    slope: float
    standard_error: float
    t_value: float
    converges: bool
    entities: tuple[str, ...]
    years: tuple[int, ...]
    variance: NDArray[np.float64]
    start: int
    words: str
    unavailable: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row: `entities`, `slope`, `standard_error`, `t_value`, `converges`."""
        import pandas as pd

        return pd.DataFrame(
            {
                "entities": [len(self.entities)],
                "slope": [self.slope],
                "standard_error": [self.standard_error],
                "t_value": [self.t_value],
                "converges": [self.converges],
            }
        )

    def summary(self) -> str:
        """Whether the group converges, and how sure that is."""
        verdict = "is not rejected" if self.converges else "is rejected"
        lines = [
            f"Convergence of {self.words} among {len(self.entities)} entities {verdict} "
            f"({self.years[0]}-{self.years[-1]}, regression from {self.start}): log t slope {number(self.slope)}, "
            f"standard error {number(self.standard_error)}, t {number(self.t_value)} against {CRITICAL}."
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """Cross-section variance of relative log levels by year."""
        from headwinds.drawing.paths import draw_paths

        return draw_paths(
            self.years, {"cross-section variance": self.variance}, up="variance of relative log levels"
        )


def log_t_test(
    panel: Panel,
    *,
    series: str,
    per: str | None = None,
    first: int,
    last: int,
    entities: Sequence[str] | None = None,
    discard: float = DISCARD,
    smoothing: float | None = SMOOTHING,
) -> LogT:
    """Test whether entities converge to one path.

    Parameters
    ----------
    series, per
        The level, and a series that it is divided by; logarithms are taken here.
    discard
        The share of the first years that the regression leaves out; a third (Phillips and Sul 2007).
    smoothing
        Of the Hodrick-Prescott trend that is put in place of each entity's log level, to free it of business cycles; 400
        as published, None for none.

    Raises
    ------
    SettingsError, DataError, EstimationError
        As `sigma_convergence`; or too few years are left for the regression.
    """
    held = read_paths(panel, series, per, first, last, entities, smoothing)
    start = first_of_regression(len(held.years), discard)
    slope, error = log_t(held.log, start)
    if not error > 0:
        raise EstimationError("The log t regression fits without error: its t has no value.")
    variance = cross_section_variance(held.log)
    return LogT(
        slope=slope,
        standard_error=error,
        t_value=slope / error,
        converges=slope / error > CRITICAL,
        entities=held.entities,
        years=held.years,
        variance=variance,
        start=held.years[start],
        words=held.words,
        unavailable=held.unavailable,
        findings=held.findings,
    )


def read_paths(
    panel: Panel,
    series: str,
    per: str | None,
    first: int,
    last: int,
    entities: Sequence[str] | None,
    smoothing: float | None,
) -> Levels:
    """Log levels of every year, smoothed."""
    if smoothing is not None and not 0 <= smoothing <= SMOOTHEST:
        raise SettingsError(f"smoothing = {smoothing}: expected a number from 0 to {SMOOTHEST:g}, or None.")
    if last <= first:
        raise SettingsError(f"The span {first}-{last} has no length: expected last after first.")
    held = read_levels(
        panel,
        series,
        per=per,
        entities=entities,
        years=range(first, last + 1),
        not_kind="growth",
        role="level",
    )
    log = held.log if smoothing is None else hodrick_prescott(held.log, smoothing)
    if (log.mean(axis=0) <= 0).any():
        # Relative paths divide by the mean: a mean of logs near or below zero says the unit is too coarse.
        raise SettingsError(
            f"The mean log of {held.words} is not above zero in some year; relative paths need logs above zero.",
            remedy="Count in a smaller unit, for instance in single dollars.",
        )
    return Levels(held.entities, held.years, log, held.unavailable, held.words)


def hodrick_prescott(log: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """Trend of each row (Hodrick and Prescott 1997): least squares plus `smoothing` times squared second differences."""
    import numpy as np

    second = np.diff(np.eye(log.shape[1]), n=2, axis=0)
    smoother = np.eye(log.shape[1]) + smoothing * second.T @ second
    return np.linalg.solve(smoother, log.T).T.astype(np.float64)


def first_of_regression(years: int, discard: float) -> int:
    """How many years the regression leaves out: the whole part of the share."""
    if not 0 <= discard < 1:
        raise SettingsError(f"discard = {discard}: expected a share from 0 to below 1.")
    # log log t exists from t = 2 on.
    start = max(int(discard * years + 1e-9), 1)
    if years - start < 6:
        raise EstimationError(
            f"{years - start} of {years} years are left for the log t regression: expected at least 6.",
            remedy="Take a longer span or discard less.",
        )
    return start


def relative_paths(log: NDArray[np.float64]) -> NDArray[np.float64]:
    """h: each row relative to the mean over rows, year by year."""
    paths: NDArray[np.float64] = log / log.mean(axis=0)
    return paths


def cross_section_variance(log: NDArray[np.float64]) -> NDArray[np.float64]:
    """H: mean over rows of the squared distance of h from one."""
    variance: NDArray[np.float64] = ((relative_paths(log) - 1) ** 2).mean(axis=0)
    return variance


def log_t(log: NDArray[np.float64], start: int) -> tuple[float, float]:
    """Slope of log t and its standard error."""
    import numpy as np

    variance = cross_section_variance(log)
    if (variance <= 0).any():
        raise EstimationError("In some year all entities have the same level: log H has no value.")
    time = np.arange(start + 1.0, len(variance) + 1)
    outcome = np.log(variance[0] / variance[start:]) - 2 * np.log(np.log(time))
    design = np.column_stack([np.ones(len(time)), np.log(time)])
    inverse = np.linalg.inv(design.T @ design)
    value = inverse @ (design.T @ outcome)
    residual = outcome - design @ value
    return float(value[1]), float(np.sqrt(_long_run_variance(residual) * inverse[1, 1]))


def _long_run_variance(residual: NDArray[np.float64]) -> float:
    """As published: see the module's head."""
    import numpy as np

    periods = len(residual)
    slope = float(residual[1:] @ residual[:-1] / (residual[:-1] @ residual[:-1]))
    bandwidth = 1.3221 * (4 * slope**2 / (1 - slope) ** 4 * periods) ** 0.2
    inner = residual[:-1]
    covariances = np.correlate(inner, inner, mode="full")[len(inner) :]  # from lag 1
    weights = quadratic_spectral_weights(np.arange(1.0, len(covariances) + 1), max(bandwidth, 1e-6))
    return float((residual @ residual + 2 * weights @ covariances) / (periods - 1))
