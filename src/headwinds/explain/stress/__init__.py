"""What an attribution rests on: each entity, the dates, the analyst's choices, the vintage, or nothing at all."""

from headwinds.explain.stress.battery import stress_attribution
from headwinds.explain.stress.break_dates import break_date_grid
from headwinds.explain.stress.leave_one_out import leave_one_out
from headwinds.explain.stress.placebo import placebo_index
from headwinds.explain.stress.result import StressTest, StressTests
from headwinds.explain.stress.specification_curve import SpecificationCurve, specification_curve
from headwinds.explain.stress.vintage import compare_vintages

__all__ = [
    "SpecificationCurve",
    "StressTest",
    "StressTests",
    "break_date_grid",
    "compare_vintages",
    "leave_one_out",
    "placebo_index",
    "specification_curve",
    "stress_attribution",
]
