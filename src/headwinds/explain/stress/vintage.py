"""Does the vintage of the data matter? The same attribution from two panels, and their difference on the same draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.result import number
from headwinds.errors import MismatchError
from headwinds.explain.attribution.bootstrap import spread
from headwinds.explain.attribution.equation import fit_equation
from headwinds.explain.attribution.growth_equation import growth_equation
from headwinds.explain.attribution.headwinds import shapley_parts
from headwinds.explain.attribution.result import JOINT
from headwinds.explain.attribution.weighted import drawn_estimates
from headwinds.explain.stress.leave_one_out import chosen_part, cluster_names
from headwinds.explain.stress.result import DIFFERENCE, StressTest

if TYPE_CHECKING:
    from headwinds.explain.attribution.design import AttributionDesign


def compare_vintages(
    first: AttributionDesign,
    second: AttributionDesign,
    *,
    names: tuple[str, str] = ("first", "second"),
    part: str = JOINT,
    draws: int = 499,
    seed: int = 0,
) -> StressTest:
    """Attribute with both designs under the same draws of clusters, and compare.

    The verdict is good if the interval of the difference holds zero and both parts have the same sign.

    Raises
    ------
    MismatchError
        They share no cluster, or their indices have not the same shared errors.
    """
    import numpy as np
    import pandas as pd

    designs = (first, second)
    members = [cluster_names(design) for design in designs]
    union = sorted({*members[0], *members[1]})
    if not set(members[0]) & set(members[1]):
        raise MismatchError(
            "The two vintages share no entity.", remedy="Compare panels of the same entities."
        )
    if first.factor.shape[2] != second.factor.shape[2]:
        raise MismatchError("The two vintages come with different indices.", remedy="Use one index for both.")
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(len(union), np.full(len(union), 1 / len(union)), size=draws).astype(float)
    errors = generator.standard_normal((draws, first.factor.shape[2]))
    values, samples = [], []
    for design, own in zip(designs, members, strict=True):
        equation = growth_equation(design)
        fit = fit_equation(equation)
        mine = weights[:, [union.index(name) for name in own]]
        slopes = drawn_estimates(equation, fit, mine, errors)
        samples.append(chosen_part(design, shapley_parts(design, slopes, mine, errors, None)[0], part))
        values.append(
            chosen_part(design, shapley_parts(design, fit.value[None], None, None, None)[0], part)[0]
        )
    value = np.array([*values, values[1] - values[0]])
    found = spread(value, np.column_stack([*samples, samples[1] - samples[0]]), len(union))
    table = pd.DataFrame(
        {"name": [*names, DIFFERENCE], "value": value, "lower": found.lower, "upper": found.upper}
    )
    same = bool(np.sign(value[0]) == np.sign(value[1]))
    within = bool(found.lower[2] <= 0 <= found.upper[2]) or bool(value[2] == 0)
    verdict = (
        f"{names[0]} gives {number(value[0])} and {names[1]} {number(value[1])}, a difference of {number(value[2])} "
        f"(95 % interval {number(found.lower[2])} to {number(found.upper[2])})"
        + ("" if same else ": the sign depends on the vintage")
    )
    return StressTest(
        table, "vintage", part, float(value[0]), f"{first.outcome_words}, points", same and within, verdict
    )
