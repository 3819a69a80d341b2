"""Growth, with or without a measured index: panel data, accounts, breaks, regressions, graph, attribution.

It needs no text and no model.

from headwinds import explain

panel = explain.read_penn_world_table("pwt1001.xlsx")
explain.growth_accounts(panel).table
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

if TYPE_CHECKING:
    from headwinds.explain.attribution.design import make_attribution_design
    from headwinds.explain.attribution.headwinds import shapley_attribution
    from headwinds.explain.attribution.levels_and_returns import levels_and_returns
    from headwinds.explain.attribution.mechanisms import mechanism_attribution
    from headwinds.explain.attribution.power import attribution_power
    from headwinds.explain.attribution.scenario import scenario
    from headwinds.explain.attribution.slowdown import attribute_slowdown
    from headwinds.explain.breaks import find_breaks
    from headwinds.explain.graph.build import build_graph
    from headwinds.explain.graph.effects import path_effects
    from headwinds.explain.graph.identify import identify
    from headwinds.explain.graph.read import essay_graph, read_graph
    from headwinds.explain.graph.refute import refute_edge
    from headwinds.explain.growth_accounts import growth_accounts, span_accounts
    from headwinds.explain.measured_regression import regress_with_index
    from headwinds.explain.penn_world_table import read_penn_world_table
    from headwinds.explain.spans import slowdown
    from headwinds.explain.stress import (
        break_date_grid,
        compare_vintages,
        leave_one_out,
        placebo_index,
        specification_curve,
        stress_attribution,
    )

_HOMES = {
    "headwinds.explain.attribution.design": ("make_attribution_design",),
    "headwinds.explain.attribution.headwinds": ("shapley_attribution",),
    "headwinds.explain.attribution.levels_and_returns": ("levels_and_returns",),
    "headwinds.explain.attribution.mechanisms": ("mechanism_attribution",),
    "headwinds.explain.attribution.power": ("attribution_power",),
    "headwinds.explain.attribution.scenario": ("scenario",),
    "headwinds.explain.attribution.slowdown": ("attribute_slowdown",),
    "headwinds.explain.breaks": ("find_breaks",),
    "headwinds.explain.graph.build": ("build_graph",),
    "headwinds.explain.graph.effects": ("path_effects",),
    "headwinds.explain.graph.identify": ("identify",),
    "headwinds.explain.graph.read": ("essay_graph", "read_graph"),
    "headwinds.explain.graph.refute": ("refute_edge",),
    "headwinds.explain.growth_accounts": ("growth_accounts", "span_accounts"),
    "headwinds.explain.measured_regression": ("regress_with_index",),
    "headwinds.explain.penn_world_table": ("read_penn_world_table",),
    "headwinds.explain.spans": ("slowdown",),
    "headwinds.explain.stress": (
        "break_date_grid",
        "compare_vintages",
        "leave_one_out",
        "placebo_index",
        "specification_curve",
        "stress_attribution",
    ),
}

__all__ = [
    "attribute_slowdown",
    "attribution_power",
    "break_date_grid",
    "build_graph",
    "compare_vintages",
    "essay_graph",
    "find_breaks",
    "growth_accounts",
    "identify",
    "leave_one_out",
    "levels_and_returns",
    "make_attribution_design",
    "mechanism_attribution",
    "path_effects",
    "placebo_index",
    "read_graph",
    "read_penn_world_table",
    "refute_edge",
    "regress_with_index",
    "scenario",
    "shapley_attribution",
    "slowdown",
    "span_accounts",
    "specification_curve",
    "stress_attribution",
]

__getattr__, __dir__, _ = lazy_names("headwinds.explain", _HOMES)
