"""Growth, with or without a measured index: panel data, accounts, breaks, regressions, power. It needs no text and no model.

from headwinds import explain

panel = explain.read_penn_world_table("pwt1001.xlsx")
explain.growth_accounts(panel).table
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

if TYPE_CHECKING:
    from headwinds.explain.breaks import find_breaks
    from headwinds.explain.growth_accounts import growth_accounts, span_accounts
    from headwinds.explain.measured import (
        bias_corrected_regression,
        design_based_regression,
        make_design,
        one_step_likelihood,
        predicted_outcome,
        predicted_regressor,
        regress_with_classifier,
        regress_with_index,
        slope_bounds,
    )
    from headwinds.explain.penn_world_table import read_penn_world_table
    from headwinds.explain.spans import slowdown

_HOMES = {
    "headwinds.explain.breaks": ("find_breaks",),
    "headwinds.explain.growth_accounts": ("growth_accounts", "span_accounts"),
    "headwinds.explain.measured": (
        "bias_corrected_regression",
        "design_based_regression",
        "make_design",
        "one_step_likelihood",
        "predicted_outcome",
        "predicted_regressor",
        "regress_with_classifier",
        "regress_with_index",
        "slope_bounds",
    ),
    "headwinds.explain.penn_world_table": ("read_penn_world_table",),
    "headwinds.explain.spans": ("slowdown",),
}

__all__ = [
    "bias_corrected_regression",
    "design_based_regression",
    "find_breaks",
    "growth_accounts",
    "make_design",
    "one_step_likelihood",
    "predicted_outcome",
    "predicted_regressor",
    "read_penn_world_table",
    "regress_with_classifier",
    "regress_with_index",
    "slope_bounds",
    "slowdown",
    "span_accounts",
]

__getattr__, __dir__, _ = lazy_names("headwinds.explain", _HOMES)
