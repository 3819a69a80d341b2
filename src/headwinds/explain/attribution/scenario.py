"""What the estimate implies if a headwind returned to an earlier level: arithmetic on the estimate, no forecast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number
from headwinds.errors import SettingsError
from headwinds.explain.attribution import words
from headwinds.explain.attribution.bootstrap import DRAWS, draw_clusters, spread, spread_findings
from headwinds.explain.attribution.equation import fit_equation
from headwinds.explain.attribution.growth_equation import growth_equation
from headwinds.explain.attribution.headwinds import reliability_findings
from headwinds.explain.attribution.result import JOINT
from headwinds.explain.attribution.span_means import average, span_means
from headwinds.explain.attribution.weighted import drawn_estimates

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign
    from headwinds.explain.attribution.span_means import SpanMeans

TOGETHER = "together"
"""The row of several headwinds that are moved and are not all there are."""

ASSUMES = (
    "the association would hold if somebody moved the headwind, everything else stayed as it was in the later span, and the "
    "slope seen between entities held for all of them at once. None of the three has been shown."
)


@dataclass(frozen=True, slots=True)
class Scenario(Result):
    """By how much mean growth would differ if headwinds stood elsewhere, were the estimate to hold.

    Attributes
    ----------
    table
        A row a headwind that is moved and, of several, one for these together: `name`, `from_level`, `to_level` (means of
        the index), `value` (change of growth), `standard_error`, `lower`, `upper` (95 %), `supported` (whether the data
        hold such a move).
    """

    table: pd.DataFrame
    estimand: str
    population: str
    absorbed: str
    units: str
    clusters: int
    findings: tuple[Finding, ...]

    def summary(self) -> str:
        """What is implied, and what is assumed."""
        lines = [f"{self.estimand} Units: {self.units}.", f"{self.population}; {self.clusters} clusters."]
        for row in self.table.itertuples():
            moved = (
                ""
                if row.name in (JOINT, TOGETHER)
                else f" from {number(row.from_level)} to {number(row.to_level)}"
            )
            lines.append(
                f"{row.name}{moved}: the estimate implies {number(row.value)}, 95 % interval {number(row.lower)} to "
                f"{number(row.upper)}" + ("" if row.supported else " (beyond the data)")
            )
        lines += [f"Assumed: {ASSUMES}", f"Absorbed: {self.absorbed}"]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The implied changes with their intervals."""
        from headwinds.drawing.intervals import draw_intervals

        return draw_intervals(self.table, axis=f"implied change of {self.units}")


def scenario(
    design: AttributionDesign,
    headwinds: Sequence[str] | Mapping[str, float],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Scenario:
    """Move headwinds from where they stood after to where they stood before, or to given levels.

    Each entity's later level moves by the same distance, the one between the means.

    Parameters
    ----------
    headwinds
        Names: each returns to its mean of the earlier span. Or the level of its mean by name, in the index's units.

    Raises
    ------
    SettingsError
        Not a headwind of the design.
    """
    import numpy as np
    import pandas as pd

    named = [headwinds] if isinstance(headwinds, str) else headwinds
    given: dict[str, float | None] = dict(named) if isinstance(named, Mapping) else dict.fromkeys(named)
    for name, level in given.items():
        if name not in design.headwinds:
            raise SettingsError(f"{name!r} is no headwind; there are {', '.join(design.headwinds)}.")
        if not (level is None or _is_number(level)):
            raise SettingsError(
                f"The level of {name} is {level!r}, expected a number.",
                remedy="Give its mean, in the index's units.",
            )
    if not given:
        raise SettingsError(
            "No headwind is to be moved.", remedy=f"Name one of {', '.join(design.headwinds)}."
        )
    drawn = draw_clusters(design.clusters, design.factor.shape[2], draws=draws, seed=seed)
    equation = growth_equation(design)
    fit = fit_equation(equation)
    slopes = drawn_estimates(equation, fit, drawn.weights, drawn.errors)
    means = span_means(design)
    ones = np.ones((1, design.clusters))
    places = [design.names.index(name) for name in given]
    levels = list(given.values())
    value, moves = _implied(design, means, fit.value[None], ones, None, places, levels)
    samples, _ = _implied(design, means, slopes, drawn.weights, drawn.errors, places, levels)
    now = average(means.values[1], means, ones)[0, places]
    supported = [_supported(design, place, move) for place, move in zip(places, moves[0], strict=True)]
    names = list(given)
    everything, all_drawn = value[0], samples
    if len(names) > 1:
        everything = np.append(everything, everything.sum())
        all_drawn = np.column_stack([samples, samples.sum(axis=1)])
        names.append(JOINT if set(given) == set(design.headwinds) else TOGETHER)
        supported.append(all(supported))
    found = spread(everything, all_drawn, design.clusters)
    blank = [np.nan] * (len(names) - len(places))
    table = pd.DataFrame(
        {
            "name": names,
            "from_level": [*now, *blank],
            "to_level": [*(now + moves[0]), *blank],
            "value": everything,
            "standard_error": found.standard_error,
            "lower": found.lower,
            "upper": found.upper,
            "supported": supported,
        }
    )
    findings = [*spread_findings(found, draws, design.clusters), *reliability_findings(design, fit)]
    beyond = [name for name, held in zip(given, supported, strict=False) if not held]
    if beyond:
        findings.append(
            Finding(
                "W449",
                f"Beyond the data: within the effects the index of {', '.join(beyond)} moved less in 99 of 100 "
                "entity-years, or it would leave the range that was ever seen.",
                "Take a smaller move, or do not state the number.",
            )
        )
    return Scenario(
        table=table,
        estimand=(
            f"What the estimate implies for mean {design.outcome_words} of {design.after[0]}-{design.after[1]} if "
            f"{', '.join(given)} stood elsewhere: an association carried on, no forecast and no effect of a policy."
        ),
        population=design.population,
        absorbed=words.ABSORBED,
        units=f"{design.outcome_words}, points",
        clusters=design.clusters,
        findings=tuple(findings),
    )


def _is_number(level: Any) -> bool:
    return isinstance(level, Real) and math.isfinite(level)


def _implied(
    design: AttributionDesign,
    means: SpanMeans,
    slopes: NDArray[np.float64],
    weights: NDArray[np.float64],
    errors: NDArray[np.float64] | None,
    places: Sequence[int],
    levels: Sequence[float | None],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Changes of growth and of levels, both (draws, moved headwinds): slope at the later technology times the move."""
    import numpy as np

    average_values = [average(means.values[span], means, weights) for span in (0, 1)]
    if errors is not None and means.factor.shape[-1]:
        for span in (0, 1):
            common = average(means.factor[span], means, weights)
            average_values[span] = average_values[span] + np.einsum("bvr,br->bv", common, errors)
    implied, moves = [], []
    for place, level in zip(places, levels, strict=True):
        target = average_values[0][:, place] if level is None else level
        move = target - average_values[1][:, place]
        slope = np.zeros(len(weights))
        for number_of, term in enumerate(design.terms):
            if term[-1] == place:
                slope = slope + slopes[:, number_of] * (average_values[1][:, 0] if len(term) > 1 else 1.0)
        implied.append(slope * move)
        moves.append(move)
    return np.stack(implied, axis=1), np.stack(moves, axis=1)


def _supported(design: AttributionDesign, place: int, move: float) -> bool:
    """Whether a hundredth of the rows moved as far within the effects, and the later values, moved, stay in the range."""
    import numpy as np

    values = design.values[:, place]
    equation = growth_equation(design)
    number_of = next(n for n, term in enumerate(design.terms) if term[-1] == place)
    scale = 1.0
    if len(design.terms[number_of]) > 1:
        scale = float(np.abs(design.values[:, 0]).mean())
    within = np.abs(equation.regressors[:, number_of]) / max(scale, 1e-300)
    later = values[design.in_span(design.after)] + move
    inside = (later >= values.min()) & (later <= values.max())
    return bool(abs(move) <= np.quantile(within, 0.99) and inside.mean() >= 0.9)
