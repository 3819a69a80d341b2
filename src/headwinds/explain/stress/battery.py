"""All stress tests of one attribution at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.explain.attribution.result import JOINT
from headwinds.explain.stress.break_dates import break_date_grid
from headwinds.explain.stress.leave_one_out import leave_one_out
from headwinds.explain.stress.placebo import placebo_index
from headwinds.explain.stress.result import StressTest, StressTests
from headwinds.explain.stress.specification_curve import specification_curve
from headwinds.explain.stress.vintage import compare_vintages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.explain.attribution.design import AttributionDesign


def stress_attribution(
    design: AttributionDesign,
    *,
    part: str = JOINT,
    borders: Sequence[int] | None = None,
    other_vintage: AttributionDesign | None = None,
    vintages: tuple[str, str] = ("first", "second"),
    draws: int = 199,
    seed: int = 0,
) -> StressTests:
    """Leave one out, break dates, specification curve, placebo index, and vintage where there is another one.

    Parameters
    ----------
    part
        A headwind, or all of them together.
    borders
        None takes the two years before and after the design's border, where the spans meet.
    other_vintage
        The same attribution from another vintage of the panel.
    """
    tests: list[StressTest] = [leave_one_out(design, part=part, draws=draws, seed=seed)]
    if borders is None and design.before[1] == design.after[0]:
        border = design.before[1]
        borders = [
            year
            for year in range(border - 2, border + 3)
            if design.before[0] + 1 < year < design.after[1] - 1
        ]
    if borders:
        tests.append(break_date_grid(design, borders, part=part, draws=draws, seed=seed))
    tests.append(specification_curve(design, part=part, seed=seed))
    tests.append(placebo_index(design, part=part, repeats=draws, seed=seed))
    if other_vintage is not None:
        tests.append(compare_vintages(design, other_vintage, names=vintages, part=part, seed=seed))
    return StressTests(tuple(tests))
