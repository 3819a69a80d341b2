"""Would indices that cannot matter have done as well? Their histories are dealt to other entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.errors import EstimationError
from headwinds.explain.attribution.equation import fit_equation
from headwinds.explain.attribution.growth_equation import growth_equation
from headwinds.explain.attribution.headwinds import shapley_parts
from headwinds.explain.attribution.reshaped import dealt
from headwinds.explain.attribution.result import JOINT
from headwinds.explain.stress.leave_one_out import chosen_part
from headwinds.explain.stress.result import StressTest

if TYPE_CHECKING:
    from headwinds.explain.attribution.design import AttributionDesign

LEVEL = 0.05


def placebo_index(
    design: AttributionDesign, *, part: str = JOINT, repeats: int = 199, seed: int = 0
) -> StressTest:
    """Deal the headwinds to other entities and attribute again, many times.

    A year's mean of each index stays what it was, so that placebos differ only in their slopes. Where headwinds work
    through technology, what technology has to do with their common movement stays too, and the test is strict. The verdict
    is good if at most one in twenty gives a part as large (a randomisation test; its p-value counts the estimate itself).

    Raises
    ------
    EstimationError
        The panel has so many gaps that most deals leave nothing.
    """
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(seed)
    first = int(design.has_technology)
    headwinds = range(first, first + len(design.headwinds))
    ones = np.ones((1, design.clusters))

    def of(one: AttributionDesign) -> float:
        slopes = fit_equation(growth_equation(one)).value[None]
        return float(chosen_part(design, shapley_parts(design, slopes, ones, None, None)[0], part)[0])

    estimate, found = of(design), []
    for _ in range(repeats):
        try:
            found.append(of(dealt(design, headwinds, generator)))
        except EstimationError:  # the deal left too few rows
            continue
    values = np.array([value for value in found if np.isfinite(value)])
    if len(values) < repeats / 2:
        raise EstimationError(
            "The panel has so many gaps that indices cannot be dealt to other entities.",
            remedy="Take entities with the same years.",
        )
    p_value = (1 + int((np.abs(values) >= abs(estimate)).sum())) / (1 + len(values))
    verdict = (
        f"of {len(values)} indices dealt to other entities a share of {p_value:.1%} gives as large a part"
        + ("" if p_value <= LEVEL else ": the indices do no better than chance")
    )
    table = pd.DataFrame(
        {
            "name": [f"deal {n + 1}" for n in range(len(values))],
            "value": values,
            "lower": np.nan,
            "upper": np.nan,
        }
    )
    return StressTest(
        table, "placebo index", part, estimate, f"{design.outcome_words}, points", p_value <= LEVEL, verdict
    )
