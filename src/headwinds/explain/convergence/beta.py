"""Beta convergence: growth on the initial level (Baumol 1986; Barro and Sala-i-Martin 1992).

    (ln g_T - ln g_0) / T = a + b ln y_0 + c'z + e

An economy that closes the share 1 - exp(-speed) of its gap each year has b = -(1 - exp(-speed T)) / T; so speed is
-ln(1 + b T) / T and the gap is halved in ln 2 / speed years. Levels y and growth of g may be two series: in the Penn World
Table the first are made for comparing countries, the second for comparing years.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Panel
from headwinds.contracts.result import Result, number
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.convergence.levels import read_levels
from headwinds.explain.panel_data import require_series

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class BetaConvergence(Result):
    """Growth on the initial level, heteroskedasticity-robust (HC1).

    Attributes
    ----------
    names, value, standard_error
        Constant, initial level, conditions; growth is in log points a year (0.01 is 1 % a year). Errors are NaN where
        growth lies exactly on the line.
    degrees_of_freedom
        Of the t distribution of intervals and p-value.
    speed, speed_interval
        Share of the gap that is closed in a year, in logs, with a 95 % interval through the same transformation; NaN where
        the coefficient has no speed.
    half_life
        Years in which the gap is halved; infinite where it is not, NaN where undefined.
    p_value
        Two-sided, of no relation of growth to the initial level.
    entities, initial, growth
        The points of the regression: codes, log initial level, growth a year.
    """

    names: tuple[str, ...]
    value: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    degrees_of_freedom: int
    speed: float
    speed_interval: tuple[float, float]
    half_life: float
    p_value: float
    first: int
    last: int
    level_words: str
    growth_words: str
    entities: tuple[str, ...]
    initial: NDArray[np.float64]
    growth: NDArray[np.float64]
    unavailable: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a coefficient: `name`, `value`, `standard_error`, `lower`, `upper` (95 %)."""
        import pandas as pd
        from scipy import stats

        reach = stats.t.ppf(0.975, self.degrees_of_freedom) * self.standard_error
        return pd.DataFrame(
            {
                "name": self.names,
                "value": self.value,
                "standard_error": self.standard_error,
                "lower": self.value - reach,
                "upper": self.value + reach,
            }
        )

    def summary(self) -> str:
        """The slope, the speed and the half-life, and what they are of."""
        given = f" given {', '.join(self.names[2:])}" if len(self.names) > 2 else ""
        lower, upper = self.speed_interval
        halved = (
            "never halved"
            if self.half_life == float("inf")
            else f"halved in {number(self.half_life, 0)} years"
        )
        lines = [
            f"Growth of {self.growth_words} {self.first}-{self.last} is associated with the log of {self.level_words} in "
            f"{self.first}{given}: {number(self.value[1], 5)} a year, standard error {number(self.standard_error[1], 5)} "
            f"(HC1), p {number(self.p_value)}; {len(self.entities)} entities.",
            f"Speed of convergence {number(100 * self.speed, 2)} % a year (95 % {number(100 * lower, 2)} to "
            f"{number(100 * upper, 2)}), at which the gap is {halved}.",
            "Identified by differences between entities in one span; error in the initial level makes it look like "
            "convergence.",
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """Growth against the initial level, each entity a point, with the line of the regression at mean conditions."""
        from headwinds.drawing.scatter import draw_scatter

        middle = float(self.growth.mean() - self.value[1] * self.initial.mean())
        return draw_scatter(
            self.initial,
            100 * self.growth,
            self.entities,
            line=(100 * middle, 100 * float(self.value[1])),
            across=f"log {self.level_words}, {self.first}",
            up=f"growth of {self.growth_words} {self.first}-{self.last}, % a year",
        )


def beta_convergence(
    panel: Panel,
    *,
    level: str,
    growth: str | None = None,
    per: str | None = None,
    first: int,
    last: int,
    entities: Sequence[str] | None = None,
    conditions: Sequence[str] = (),
) -> BetaConvergence:
    """Regress growth over a span on the level in its first year.

    Parameters
    ----------
    panel
        With the series named.
    level, growth
        Series whose level in `first`, and whose growth from `first` to `last`, are taken. One series does for both where it
        is made for both; in the Penn World Table it is not: take `rgdpe` and `rgdpna`.
    per
        A series that both are divided by, for instance `pop`.
    entities
        All by default.
    conditions
        Series held fixed ("conditional convergence"), as means over the span's known years.

    Raises
    ------
    SettingsError
        A series is missing, or of the wrong kind for its role; `last` is not after `first`.
    EstimationError
        Too few entities, or the regressors are collinear.
    """
    import numpy as np
    from scipy import stats

    if last <= first:
        raise SettingsError(f"The span {first}-{last} has no length: expected last after first.")
    require_series(panel, list(conditions))
    start = read_levels(
        panel, level, per=per, entities=entities, years=[first], not_kind="growth", role="initial level"
    )
    grown = read_levels(
        panel,
        growth or level,
        per=per,
        entities=entities,
        years=[first, last],
        not_kind="level",
        role="series whose growth is explained",
    )
    held = _conditions(panel, conditions, first, last)
    known = [one for one in start.entities if one in grown.entities and all(one in column for column in held)]
    out = tuple(
        dict.fromkeys(
            [*start.unavailable, *grown.unavailable, *(one for one in start.entities if one not in known)]
        )
    )
    width = 2 + len(conditions)
    if len(known) < width + 1:
        raise EstimationError(
            f"{len(known)} entities for {width} coefficients: expected at least {width + 1}."
        )
    initial = start.log[[start.entities.index(one) for one in known], 0]
    logs = grown.log[[grown.entities.index(one) for one in known]]
    change = (logs[:, 1] - logs[:, 0]) / (last - first)
    design = np.column_stack(
        [np.ones(len(known)), initial, *([column[one] for one in known] for column in held)]
    )
    names = ("constant", f"log {start.words}", *conditions)
    _refuse_collinear(design, names)
    value, covariance = _hc1(design, change)
    error = np.sqrt(np.diag(covariance))
    degrees = len(known) - width
    reach = float(stats.t.ppf(0.975, degrees) * error[1])
    speeds = [_speed(float(bound), last - first) for bound in (value[1] + reach, value[1] - reach)]
    speed = _speed(float(value[1]), last - first)
    findings = []
    if out:
        shown = ", ".join(out[:12]) + (", ..." if len(out) > 12 else "")
        findings.append(
            Finding(
                "N412", f"Entities that lack a series in the years needed are left out ({len(out)}): {shown}."
            )
        )
    exact = not np.isfinite(error).all()
    if exact:
        findings.append(
            Finding(
                "W415",
                f"The growth of the {len(known)} entities lies exactly on the line: no error can be estimated.",
                "Take more entities, or others.",
            )
        )
    elif not np.isfinite([speed, *speeds]).all():
        findings.append(
            Finding(
                "W414",
                f"1 + b T is not above zero at the slope or at an end of its interval over {last - first} years: there the "
                "speed of convergence is not available.",
                "Take a shorter span, or read the slope itself.",
            )
        )
    return BetaConvergence(
        names=names,
        value=value,
        standard_error=error,
        degrees_of_freedom=degrees,
        speed=speed,
        speed_interval=(speeds[0], speeds[1]),
        half_life=float(np.log(2) / speed) if speed > 0 else float("inf" if speed <= 0 else "nan"),
        p_value=float(2 * stats.t.sf(abs(value[1] / error[1]), degrees)),
        first=first,
        last=last,
        level_words=start.words,
        growth_words=grown.words,
        entities=tuple(known),
        initial=initial,
        growth=change,
        unavailable=out,
        findings=tuple(findings),
    )


def _speed(slope: float, years: int) -> float:
    import math

    left = 1 + slope * years
    return -math.log(left) / years if left > 0 else math.nan


def _conditions(panel: Panel, conditions: Sequence[str], first: int, last: int) -> list[dict[str, float]]:
    """Mean of each condition over the span, by entity."""
    data = panel.data[(panel.data["period"] >= first) & (panel.data["period"] <= last)]
    return [
        {str(entity): float(mean) for entity, mean in data.groupby("entity")[name].mean().dropna().items()}
        for name in conditions
    ]


def _refuse_collinear(design: NDArray[np.float64], names: Sequence[str]) -> None:
    """Name the first regressor that the ones before it give."""
    import numpy as np

    scaled = design / _sizes(design)
    for width in range(2, scaled.shape[1] + 1):
        if np.linalg.svd(scaled[:, :width], compute_uv=False)[-1] < 1e-9 * np.sqrt(len(scaled)):
            raise EstimationError(
                f"{names[width - 1]} is collinear with {', '.join(names[: width - 1])} over these entities.",
                remedy="Leave it out.",
            )


def _hc1(
    design: NDArray[np.float64], outcome: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    size = _sizes(design)  # a series counted in dollars beside a share would leave the inverse without digits
    scaled = design / size
    value = np.linalg.lstsq(scaled, outcome, rcond=None)[0].astype(np.float64)
    residual = outcome - scaled @ value
    inverse = np.linalg.inv(scaled.T @ scaled)
    rows, width = scaled.shape
    meat = (scaled * residual[:, None] ** 2).T @ scaled
    covariance = inverse @ meat @ inverse * rows / (rows - width)
    if np.abs(residual).max() <= 1e-12 * max(np.abs(outcome).max(), 1e-12):
        covariance = np.full_like(
            covariance, np.nan
        )  # what is left is rounding, and says nothing of the error
    return value / size, covariance / np.outer(size, size)


def _sizes(design: NDArray[np.float64]) -> NDArray[np.float64]:
    """How large the numbers of each column are; 1 for a column of zeros."""
    import numpy as np

    size: NDArray[np.float64] = np.sqrt((design**2).mean(axis=0))
    return np.where(size > 0, size, 1.0)
