"""What an attribution could find in a panel, computed before any coefficient is looked at.

The standard error of each headwind's part is forecast from the variation of the indices within the effects, their errors
of measurement, how far they moved between the spans, and the clustered variation of growth within the effects and beyond
technology; no headwind's coefficient is computed. From it follow, for an assumed size of the part, the probability that the
estimate has the wrong sign, and that a significant one has (type S), and by how much a significant one exaggerates (type M;
Gelman and Carlin 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number
from headwinds.explain.attribution.equation import Equation, fit_equation
from headwinds.explain.attribution.growth_equation import growth_equation
from headwinds.explain.attribution.result import JOINT
from headwinds.explain.attribution.shapley import shapley_values
from headwinds.explain.attribution.span_means import average, mean_terms, span_means, worth_of_subsets
from headwinds.explain.measured.moments import cluster_sums

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign

MOST_WRONG_SIGNS = 0.10
POWER = 0.80
SIZE = 0.05


@dataclass(frozen=True, slots=True)
class AttributionPower(Result):
    """What this panel could tell of headwinds whose parts have the assumed size.

    Attributes
    ----------
    table
        A row a headwind and one for all of them: `name`, `assumed` (size of the part), `standard_error` (expected),
        `minimum_detectable` (part that a 5 % test finds four times in five), `width` (of the 95 % interval), `wrong_sign`
        (probability that the estimate has it), `type_s` (the same among significant estimates), `exaggeration` (mean size of
        a significant estimate over the true size), `units_for_sign`, `units_for_power` (entities that would bring the wrong
        sign under 10 %, or the power to 80 %, with as many years), `years_for_sign` (years for as many entities).
    residual
        Standard deviation of growth within the effects.
    entities, years, clusters
        Of the panel.
    """

    table: pd.DataFrame
    residual: float
    entities: int
    years: int
    clusters: int
    units: str
    findings: tuple[Finding, ...]

    @property
    def rankable(self) -> bool:
        """Whether every single headwind's sign would be wrong at most one time in ten."""
        single = self.table[self.table["name"] != JOINT]
        return bool((single["wrong_sign"] <= MOST_WRONG_SIGNS).all())

    def summary(self) -> str:
        """What could be found, and with how much data more could."""
        lines = [
            f"Computed before the estimate: {self.entities} entities, {self.years} years, {self.clusters} clusters; growth "
            f"varies by {number(self.residual, 2)} within the effects. Units: {self.units}. Sizes are assumed for it and "
            "not found: where nobody names one, the headwinds have equal parts that add up to the change."
        ]
        for row in self.table.itertuples():
            lines.append(
                f"{row.name}: if its part is {number(row.assumed, 2)}, the interval is {number(row.width, 2)} wide, the "
                f"sign is wrong with probability {_percent(row.wrong_sign)}, and a significant estimate is "
                f"{number(row.exaggeration, 1)} times the true size on average; detectable from "
                f"{number(row.minimum_detectable, 2)}."
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The probability of a wrong sign by the number of entities."""
        from headwinds.drawing.power_curve import draw_power_curve

        return draw_power_curve(
            self.table, entities=self.entities, most=MOST_WRONG_SIGNS, what="entities (with as many years)"
        )


def attribution_power(design: AttributionDesign, *, assumed: float | None = None) -> AttributionPower:
    """Forecast what `shapley_attribution` of the same design could find.

    Parameters
    ----------
    assumed
        Size of each headwind's part in the outcome's units. None takes the whole change of mean growth, divided among the
        headwinds: what each would be if together they were all of it.
    """
    import numpy as np
    import pandas as pd
    from scipy import stats

    equation = growth_equation(design)
    covariance, reliability, residual = _forecast(equation, has_technology=design.has_technology)
    means = span_means(design)
    ones = np.ones((1, design.clusters))
    terms = mean_terms(means, design.terms, ones)
    unit = np.eye(len(design.terms))
    repeated = np.repeat(terms, len(design.terms), axis=0)
    parts = shapley_values(worth_of_subsets(unit, repeated, design.terms, len(design.names))).T
    first = int(design.has_technology)
    single = parts[first : first + len(design.headwinds)]
    rows = np.vstack([single, single.sum(axis=0)])
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.einsum("pk,kl,pl->p", rows, covariance, rows))
    count = len(design.headwinds)
    before, after = average(means.outcome.T, means, ones)[0]
    size = (after - before) / count if assumed is None else assumed
    sizes = np.array([size] * count + [size * count])
    freedom = max(design.clusters - 1, 1)
    critical = float(stats.t.ppf(1 - SIZE / 2, freedom))
    found = [wrong_signs(part, se, critical) for part, se in zip(sizes.tolist(), error.tolist(), strict=True)]
    years = len(np.unique(design.year))
    sure = float(stats.norm.ppf(1 - MOST_WRONG_SIGNS))
    reach = float(stats.norm.ppf(1 - SIZE / 2) + stats.norm.ppf(POWER))
    with np.errstate(divide="ignore", invalid="ignore"):
        sign, enough = ((error * far / sizes) ** 2 for far in (sure, reach))
    entities = len(design.entities)
    table = pd.DataFrame(
        {
            "name": [*design.headwinds, JOINT],
            "assumed": sizes,
            "standard_error": error,
            "minimum_detectable": (critical + float(stats.t.ppf(POWER, freedom))) * error,
            "width": 2 * critical * error,
            "wrong_sign": [one[0] for one in found],
            "type_s": [one[1] for one in found],
            "exaggeration": [one[2] for one in found],
            "units_for_sign": np.ceil(sign * entities),
            "units_for_power": np.ceil(enough * entities),
            "years_for_sign": np.ceil(sign * years),
        }
    )
    result = AttributionPower(
        table, residual, entities, years, design.clusters, f"{design.outcome_words}, points", ()
    )
    return AttributionPower(
        table,
        residual,
        entities,
        years,
        design.clusters,
        f"{design.outcome_words}, points",
        tuple(_findings(result, reliability)),
    )


def wrong_signs(part: float, standard_error: float, critical: float) -> tuple[float, float, float]:
    """Probability of a wrong sign, of one among significant estimates, and a significant one's mean exaggeration.

    Closed forms for a normal estimate (Gelman and Carlin 2014; Lu, Qiu and Deng 2019). NaN where there is no standard
    error; a part of zero has either sign, and is exaggerated without bound (infinity).
    """
    from math import inf, nan

    from scipy.stats import norm

    if not standard_error > 0:
        return nan, nan, nan
    ratio = abs(part) / standard_error
    right, wrong = float(norm.sf(critical - ratio)), float(norm.cdf(-critical - ratio))
    mean = ratio * (right - wrong) + float(norm.pdf(critical - ratio)) + float(norm.pdf(critical + ratio))
    larger = mean / (right + wrong) / ratio if ratio > 0 else inf
    return float(norm.cdf(-ratio)), wrong / (right + wrong), larger


def _forecast(
    equation: Equation, *, has_technology: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Covariance of the slopes (clustered, from growth within the effects), reliabilities, and the spread of growth."""
    import numpy as np

    fit = fit_equation(equation)
    width = equation.width
    outcome = equation.outcome
    if not np.isfinite(fit.value).all():
        return np.full((width, width), np.nan), fit.reliability, float(outcome.std())
    regressors = equation.regressors
    if has_technology:  # not what is looked for, and large
        technology = regressors[:, 0]
        outcome = outcome - technology * float(technology @ outcome) / float(technology @ technology)
    scores = cluster_sums(regressors * outcome[:, None], equation.moments.design)
    # The scores' mean would be the coefficient; it is taken out unseen, so that what is left is noise.
    scores -= scores.mean(axis=0)
    residual = float(np.sqrt(outcome @ outcome / max(fit.freedom + width, 1)))
    bread = np.linalg.inv(fit.corrected)
    return fit.factor * bread @ scores.T @ scores @ bread.T, fit.reliability, residual


def _findings(power: AttributionPower, reliability: NDArray[np.float64]) -> list[Finding]:
    single = power.table[power.table["name"] != JOINT]
    if power.rankable:
        return []
    worst = single.loc[single["wrong_sign"].fillna(1.0).idxmax()]
    if worst["wrong_sign"] != worst["wrong_sign"]:
        return [
            Finding(
                "W443",
                f"Not identified: of some index only {max(float(reliability.min()), 0):.0%} of its variation is signal.",
                "Label more passages, widen the cells, or leave the noisiest index out.",
            )
        ]
    units, years = worst["units_for_sign"], worst["years_for_sign"]
    enough = (
        "No amount of data tells the sign of a part of zero"
        if units == float("inf")
        else f"About {units:,.0f} units of {power.years} years like these would do, or {power.entities} units of "
        f"{years:,.0f} years"
    )
    return [
        Finding(
            "W444",
            f"The estimate of a single headwind would have the wrong sign with probability {_percent(worst['wrong_sign'])} "
            f"({worst['name']}), more than {MOST_WRONG_SIGNS:.0%}: single headwinds are not ranked.",
            f"{enough}; finer units (industries, regions, firms) are the usual way.",
        )
    ]


def _percent(share: float) -> str:
    return "not available" if share != share else f"{share:.0%}"
