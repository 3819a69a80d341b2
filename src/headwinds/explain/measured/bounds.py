"""Where an index's error is not known: what the data say of the slope all the same (Frisch 1934; Klepper and Leamer 1984).

If every index has an error of its own, of unknown variance, that has nothing to do with anything else, then the true
coefficients are among those of L + 1 regressions: of the outcome on the indices, and of each index on the outcome and the
others, turned round. If all of these have the same signs, the least and the greatest are bounds. If not, anything is
possible. With one index and a least reliability r that one is ready to assume, the slope lies between b and b / r.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.result import Result, number
from headwinds.errors import SettingsError
from headwinds.explain import words
from headwinds.explain.measured.moments import FEW_CLUSTERS, Moments, clustered, make_moments

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.explain.measured.design import Design

ASSUMES = "each index's error has nothing to do with its truth, the outcome's residual, or another error"


@dataclass(frozen=True, slots=True)
class SlopeBounds(Result):
    """Bounds of slopes, with no variance of an error known.

    Attributes
    ----------
    table
        One row an index: `name`, `naive`, `lower`, `upper` (infinite where there are none), `lower_95`, `upper_95` (the same
        with sampling error: 95% at each end).
    """

    table: pd.DataFrame
    estimand: str
    units: str
    findings: tuple[Finding, ...] = ()

    def summary(self) -> str:
        """Each bound in words."""
        lines = [f"{self.estimand} Units: {self.units}. These bounds assume that {ASSUMES}."]
        for row in self.table.itertuples():
            lines.append(
                f"{row.name}: naive {number(row.naive)}, between {number(row.lower)} and {number(row.upper)}; with sampling "
                f"error {number(row.lower_95)} to {number(row.upper_95)}"
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The bounds as lines, the naive slope as a point."""
        import numpy as np

        from headwinds.drawing.intervals import draw_intervals

        finite = self.table[["lower", "upper"]].replace([np.inf, -np.inf], np.nan)
        shown = self.table.assign(value=self.table["naive"], lower=finite["lower"], upper=finite["upper"])
        return draw_intervals(shown, axis=self.units)


def slope_bounds(
    design: Design, outcome_words: str = "growth", lag: int = 1, *, least_reliability: float | None = None
) -> SlopeBounds:
    """Bounds of the indices' slopes within the effects.

    Parameters
    ----------
    least_reliability
        For one index: the least part of its variation within the effects and controls that one takes for signal, in (0, 1].
        None leaves it to the outcome's variance.

    Raises
    ------
    SettingsError
        `least_reliability` is outside (0, 1], or there are several indices.
    EstimationError
        A regressor is collinear.
    """
    import numpy as np
    import pandas as pd
    from scipy import stats

    labels = len(design.labels)
    if least_reliability is not None and not (0 < least_reliability <= 1 and labels == 1):
        raise SettingsError(
            f"least_reliability is {least_reliability} for {labels} indices, expected a share in (0, 1] for one."
        )
    moments = make_moments(design)
    found = [_direct(moments)]
    if least_reliability is None:
        found += [_turned(moments, at) for at in range(labels)]
    else:
        value, error = found[0]
        found.append((value / least_reliability, error / least_reliability))
    values = np.array([value for value, _ in found])
    errors = np.array([error for _, error in found])
    clusters = design.telling_clusters
    reach = stats.t.ppf(0.975, max(clusters - 1, 1)) * errors
    same = (np.sign(values) == np.sign(values[0])).all()
    findings = []
    if clusters < FEW_CLUSTERS:
        findings.append(Finding("W401", f"{clusters} clusters: clustered errors are too small."))
    table = pd.DataFrame({"name": design.labels, "naive": values[0]})
    if same:
        table["lower"], table["upper"] = values.min(axis=0), values.max(axis=0)
        table["lower_95"], table["upper_95"] = (values - reach).min(axis=0), (values + reach).max(axis=0)
    else:
        table[["lower", "lower_95"]], table[["upper", "upper_95"]] = -np.inf, np.inf
        findings.append(
            Finding(
                "W402",
                "Not bounded: without a variance of the errors, any slope agrees with these data.",
                "Audit the index, so that its error is known.",
            )
        )
    standardised = bool((design.scale != 1).any())
    return SlopeBounds(
        table=table,
        estimand=words.estimand(
            outcome_words,
            lag,
            entities=design.entities,
            first=int(design.period.min()),
            last=int(design.period.max()),
            standardised=standardised,
        ),
        units=words.units(outcome_words, standardised),
        findings=tuple(findings),
    )


def _direct(moments: Moments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The naive slopes and their clustered standard errors."""
    import numpy as np

    labels = len(moments.design.labels)
    value, covariance = _regression(moments.outcome, moments.regressors, moments)
    return value[:labels], np.sqrt(np.diag(covariance))[:labels]


def _turned(moments: Moments, at: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The regression of index `at` on the outcome and the others, solved for the outcome; errors by the delta method."""
    import numpy as np

    labels = len(moments.design.labels)
    others = np.delete(moments.regressors, at, axis=1)
    columns = np.column_stack([moments.outcome, others])
    value, covariance = _regression(moments.regressors[:, at], columns, moments)
    first, rest = value[0], value[1:]
    slopes = np.insert(-rest / first, at, 1 / first)
    move = np.zeros((len(slopes), len(value)))
    move[:, 0] = -slopes / first
    for place in range(len(rest)):
        move[place + (place >= at), place + 1] = -1 / first
    spread = move @ covariance @ move.T
    return slopes[:labels], np.sqrt(np.diag(spread))[:labels]


def _regression(
    outcome: NDArray[np.float64], columns: NDArray[np.float64], moments: Moments
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    bread = np.linalg.inv(columns.T @ columns)
    value = bread @ (columns.T @ outcome)
    meat = clustered(columns * (outcome - columns @ value)[:, None], moments.design)
    covariance: NDArray[np.float64] = bread @ meat @ bread
    return value, covariance
