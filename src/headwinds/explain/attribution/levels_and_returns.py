"""The change of growth in levels and returns (Kitagawa 1955; Oaxaca 1973; Blinder 1973), without an order.

Slopes are estimated in each span apart. A term's contribution, slope times level, changes because the level moved or because
the slope did; each gets the mean over both orders (Reimers 1983), which for a product of technology and a headwind is the
exact Shapley value of three players. Returns depend on where an index has its zero (Oaxaca and Ransom 1999).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import EstimationError
from headwinds.explain.attribution import words
from headwinds.explain.attribution.bootstrap import DRAWS, draw_clusters, spread, spread_findings
from headwinds.explain.attribution.equation import fit_equation
from headwinds.explain.attribution.growth_equation import growth_equation
from headwinds.explain.attribution.headwinds import parts_table, reliability_findings
from headwinds.explain.attribution.result import CHANGE, JOINT, REMAINDER, Attribution
from headwinds.explain.attribution.shapley import shapley_values, subsets
from headwinds.explain.attribution.span_means import average, mean_terms, span_means
from headwinds.explain.attribution.weighted import drawn_estimates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign


def levels_and_returns(
    design: AttributionDesign, *, draws: int = DRAWS, seed: int = 0, show_single: bool = True
) -> Attribution:
    """Attribute the change of mean growth to how each variable's level moved and to how its slope did.

    Parameters
    ----------
    draws, seed
        Of the cluster bootstrap.
    show_single
        False hides single headwinds and gives them together, with bands that hold for all at once.

    Raises
    ------
    EstimationError
        A span has fewer than two years, or a regressor does not vary within it.
    """
    import numpy as np

    drawn = draw_clusters(design.clusters, design.factor.shape[2], draws=draws, seed=seed)
    means = span_means(design)
    fits, slopes = [], []
    for told, span in (("before", design.before), ("after", design.after)):
        rows = design.in_span(span)
        if len(np.unique(design.year[rows])) < 2:
            raise EstimationError(
                f"{told} has one year: its slopes are not identified within the effects.",
                remedy="Take a longer span.",
            )
        equation = growth_equation(design, rows)
        fits.append(fit_equation(equation))
        slopes.append(drawn_estimates(equation, fits[-1], drawn.weights, drawn.errors))
    ones = np.ones((1, design.clusters))
    value = _levels_returns(design, [fit.value[None] for fit in fits], mean_terms(means, design.terms, ones))[
        0
    ]
    samples = _levels_returns(design, slopes, mean_terms(means, design.terms, drawn.weights, drawn.errors))
    outcome = average(means.outcome.T, means, ones)[0]
    changes = average(means.outcome.T, means, drawn.weights)
    change, drawn_change = float(outcome[1] - outcome[0]), changes[:, 1] - changes[:, 0]
    count, first = len(design.headwinds), int(design.has_technology)
    others = design.names[first + count :]
    names = [*design.headwinds, *design.headwinds, *others, *(f"{name}'s slope" for name in others)]
    names += [*(["technology", "technology's slope"] * first), REMAINDER]
    kinds = ["level"] * count + ["return"] * count + ["control"] * (2 * len(others))
    kinds += ["technology"] * (2 * first) + ["remainder", "joint", "total"]
    ordered = np.append(value, change - value.sum())
    everything = np.concatenate([ordered, [ordered[: 2 * count].sum(), change]])
    all_parts = np.column_stack([samples, drawn_change - samples.sum(axis=1)])
    all_drawn = np.column_stack([all_parts, samples[:, : 2 * count].sum(axis=1), drawn_change])
    found = spread(everything, all_drawn, design.clusters, slice(0, 2 * count))
    findings = [*spread_findings(found, len(drawn), design.clusters)]
    findings += [one for fit in fits for one in reliability_findings(design, fit) if one.code == "W443"][:1]
    findings.append(
        Finding(
            "N446",
            "Returns, and what is left for the rest, depend on where an index has its zero; levels do not.",
            "Read returns of shares as what a share of zero would not have had.",
        )
    )
    keys = [
        f"{name} ({kind})" if kind in ("level", "return") else name
        for name, kind in zip(names, kinds, strict=False)
    ]
    return Attribution(
        table=parts_table([*names, JOINT, CHANGE], kinds, everything, found, show_single=show_single),
        before=float(outcome[0]),
        after=float(outcome[1]),
        method="kitagawa-oaxaca-blinder",
        estimand=words.estimand(design, "where each headwind stood and what it went with"),
        population=design.population,
        variation=words.VARIATION,
        absorbed=words.ABSORBED,
        assumes=words.assumes(design, " Slopes may differ between the spans."),
        units=f"{design.outcome_words}, points",
        observations=len(design.outcome),
        entities=len(design.entities) - len(design.alone),
        clusters=design.clusters,
        parts=dict(zip(keys, ordered.tolist(), strict=True)),
        draws=all_parts,
        findings=tuple(findings),
    )


def _levels_returns(
    design: AttributionDesign, slopes: list[NDArray[np.float64]], means: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Levels, then returns, of the headwinds; then technology's level and return: shape (draws, parts).

    A term is a game of its own, of its slope and its one or two variables; values of games add up. The slope of a term
    belongs to its headwind where it has one.
    """
    import numpy as np

    variables = len(design.names)
    levels = np.zeros((len(means), variables))
    returns = np.zeros((len(means), variables))
    for number, term in enumerate(design.terms):
        moved = subsets(1 + len(term)).astype(int)
        state = moved[:, 1] + 2 * moved[:, -1]
        both = np.stack([slopes[0][:, number], slopes[1][:, number]], axis=1)
        worth = both[:, moved[:, 0]] * means[:, number, state]
        values = shapley_values(worth)
        returns[:, term[-1]] += values[:, 0]
        for place, variable in enumerate(term):
            levels[:, variable] += values[:, 1 + place]
    first = int(design.has_technology)
    last = first + len(design.headwinds)
    parts = [levels[:, first:last], returns[:, first:last], levels[:, last:], returns[:, last:]]
    if first:
        parts += [levels[:, :1], returns[:, :1]]
    return np.concatenate(parts, axis=1)
