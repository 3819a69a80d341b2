"""The weakening, headwind by headwind: exact Shapley values of a linear mechanism with technology and headwinds as players.

Mean growth is ``sum_k beta_k z_k`` with z_k a variable or the product of technology and a headwind. A player moves from
where it stood before to where it stands after; the change of fitted growth, averaged over all orders of moving, is the
player's part. What growth changed beyond that is not attributed: common movements, which year effects absorb, and the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import SettingsError
from headwinds.explain.attribution import words
from headwinds.explain.attribution.bootstrap import DRAWS, Draws, draw_clusters, spread, spread_findings
from headwinds.explain.attribution.equation import fit_equation
from headwinds.explain.attribution.growth_equation import growth_equation, term_names
from headwinds.explain.attribution.result import CHANGE, JOINT, REMAINDER, Attribution
from headwinds.explain.attribution.shapley import shapley_values
from headwinds.explain.attribution.span_means import average, mean_terms, span_means, worth_of_subsets
from headwinds.explain.attribution.weighted import drawn_estimates

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from headwinds.explain.attribution.bootstrap import Spread
    from headwinds.explain.attribution.design import AttributionDesign
    from headwinds.explain.attribution.equation import Equation, Fit


def shapley_attribution(
    design: AttributionDesign,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    borders: Sequence[int] = (),
    carry_error: bool = True,
    show_single: bool = True,
) -> Attribution:
    """Attribute the change of mean growth between the design's spans to technology and each headwind.

    Parameters
    ----------
    draws, seed
        Of the cluster bootstrap, in which the errors that cells of an index share are drawn too.
    borders
        Last years that the first span may have (the interval of a break's date): each draw takes one of them. The spans
        must meet. Empty keeps the dates as they are.
    carry_error
        False takes the indices as if they were known.
    show_single
        False hides single headwinds and gives them together, with bands that hold for all at once.
    """
    equation = growth_equation(design, carry_error=carry_error)
    fit = fit_equation(equation)
    drawn = draw_clusters(
        design.clusters, design.factor.shape[2] if carry_error else 0, draws=draws, seed=seed
    )
    value, outcome = shapley_parts(design, fit.value[None], None, None, None)
    slopes = drawn_estimates(equation, fit, drawn.weights, drawn.errors)
    samples, changes = _over_borders(design, slopes, drawn, borders, seed)
    return assemble(
        design,
        value[0],
        outcome[0],
        samples,
        changes,
        fit=fit,
        equation=equation,
        borders=borders,
        show_single=show_single,
    )


def shapley_parts(
    design: AttributionDesign,
    slopes: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    errors: NDArray[np.float64] | None,
    border: int | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shapley values, shape (draws, variables), and mean growth before and after, shape (draws, 2)."""
    import numpy as np

    spans = (design.before, design.after)
    if border is not None:
        spans = ((design.before[0], border), (border, design.after[1]))
    means = span_means(design, *spans)
    weights = np.ones((1, design.clusters)) if weights is None else weights
    terms = mean_terms(means, design.terms, weights, errors)
    worth = worth_of_subsets(slopes, terms, design.terms, len(design.names))
    outcome = average(means.outcome.T, means, weights)
    return shapley_values(worth), outcome


def _over_borders(
    design: AttributionDesign, slopes: NDArray[np.float64], drawn: Draws, borders: Sequence[int], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parts and mean growth in every draw, each draw with a border of its own."""
    import numpy as np

    if not borders:
        return shapley_parts(design, slopes, drawn.weights, drawn.errors, None)
    check_borders(design, borders)
    chosen = np.random.default_rng([seed, 1]).choice(np.array(sorted(borders)), size=len(drawn))
    parts = np.empty((len(drawn), len(design.names)))
    outcome = np.empty((len(drawn), 2))
    for border in sorted(set(chosen.tolist())):
        rows = chosen == border
        parts[rows], outcome[rows] = shapley_parts(
            design, slopes[rows], drawn.weights[rows], drawn.errors[rows], border
        )
    return parts, outcome


def check_borders(design: AttributionDesign, borders: Sequence[int]) -> None:
    """Raise where spans do not meet or a border leaves one of them empty."""
    if design.before[1] != design.after[0]:
        raise SettingsError(
            f"borders: the spans {design.before[0]}-{design.before[1]} and {design.after[0]}-{design.after[1]} do not meet.",
            remedy="Let the second begin where the first ends.",
        )
    outside = [year for year in borders if not design.before[0] < year < design.after[1]]
    if outside:
        raise SettingsError(
            f"borders: {outside[0]} lies not between {design.before[0]} and {design.after[1]}.",
            remedy="Name years within the spans.",
        )


def assemble(
    design: AttributionDesign,
    value: NDArray[np.float64],
    outcome: NDArray[np.float64],
    samples: NDArray[np.float64],
    changes: NDArray[np.float64],
    *,
    fit: Fit,
    equation: Equation,
    borders: Sequence[int],
    show_single: bool,
) -> Attribution:
    """The result from values and draws of the variables' parts."""
    import numpy as np

    change = float(outcome[1] - outcome[0])
    drawn_change = changes[:, 1] - changes[:, 0]
    first = int(design.has_technology)
    order = [*range(first, len(design.names)), *range(first)]
    names = [*(design.names[place] for place in order), REMAINDER]
    ordered = np.append(value[order], change - value.sum())
    drawn = np.column_stack([samples[:, order], drawn_change - samples.sum(axis=1)])
    headwinds = len(design.headwinds)
    everything = np.concatenate([ordered, [ordered[:headwinds].sum(), change]])
    all_drawn = np.column_stack([drawn, drawn[:, :headwinds].sum(axis=1), drawn_change])
    found = spread(everything, all_drawn, design.clusters, slice(0, headwinds))
    findings = [*spread_findings(found, len(samples), design.clusters), *reliability_findings(design, fit)]
    findings.append(
        Finding(
            "N443",
            "The part of the change that all entities share is absorbed by the year effects; attributing it extrapolates "
            "slopes that were seen between entities.",
        )
    )
    if borders:
        findings.append(
            Finding(
                "N444",
                f"The border between the spans was drawn from {min(borders)}-{max(borders)} in each draw.",
            )
        )
    kinds = ["headwind"] * headwinds + ["control"] * design.controls + ["technology"] * first
    kinds += ["remainder", "joint", "total"]
    return Attribution(
        table=parts_table([*names, JOINT, CHANGE], kinds, everything, found, show_single=show_single),
        before=float(outcome[0]),
        after=float(outcome[1]),
        method="shapley",
        estimand=words.estimand(
            design, "each headwind's own change" + (" and technology's" if first else "")
        ),
        population=design.population,
        variation=words.VARIATION,
        absorbed=words.ABSORBED,
        assumes=words.assumes(design),
        units=f"{design.outcome_words}, points",
        observations=len(design.outcome),
        entities=len(design.entities) - len(design.alone),
        clusters=design.clusters,
        parts=dict(zip(names, ordered.tolist(), strict=True)),
        draws=drawn,
        findings=tuple(findings),
    )


def parts_table(
    names: Sequence[str],
    kinds: Sequence[str],
    value: NDArray[np.float64],
    found: Spread,
    *,
    show_single: bool,
) -> pd.DataFrame:
    """The tidy table; single headwinds keep only their bands where they may not be shown."""
    import numpy as np
    import pandas as pd

    table = pd.DataFrame(
        {
            "name": list(names),
            "part": list(kinds),
            "value": value,
            "standard_error": found.standard_error,
            "lower": found.lower,
            "upper": found.upper,
            "band_lower": found.band_lower,
            "band_upper": found.band_upper,
        }
    )
    single = table["part"].isin(["headwind", "level", "return", "mechanism"])
    table.loc[~single, ["band_lower", "band_upper"]] = np.nan
    if not show_single:
        table.loc[single, ["value", "standard_error", "lower", "upper"]] = np.nan
    return table


def reliability_findings(design: AttributionDesign, fit: Fit) -> list[Finding]:
    """How much of each regressor's variation is signal, where some of it is not; and whether that identifies anything."""
    import numpy as np

    findings = []
    measured = [
        f"{name} {max(share, 0):.0%}"
        for name, share in zip(term_names(design), fit.reliability.tolist(), strict=True)
        if share < 1 - 1e-9
    ]
    if measured:
        findings.append(
            Finding(
                "N445",
                f"Of what an index is seen to vary within the effects, so much is signal: {', '.join(measured)}; the rest "
                "is error of measurement, which the estimate carries.",
            )
        )
    if not np.isfinite(fit.value).all():
        findings.append(
            Finding(
                "W443",
                "Not identified: errors of measurement are nearly as large as some index's variation within the effects.",
                "Label more passages, widen the cells, or leave the noisiest index out.",
            )
        )
    return findings
