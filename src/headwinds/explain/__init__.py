"""Growth, with or without a measured index: panel data, accounts, breaks, regressions, power. It needs no text and no model.

from headwinds import explain

panel = explain.read_penn_world_table("pwt1001.xlsx")
explain.growth_accounts(panel).table
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

if TYPE_CHECKING:
    from headwinds.explain.accounts.domar import domar_aggregation
    from headwinds.explain.accounts.growth_sources import Capital, sources_of_growth
    from headwinds.explain.accounts.levels import factor_success, level_accounts
    from headwinds.explain.accounts.penn_accounts import growth_accounts, span_accounts
    from headwinds.explain.accounts.shift_share import shift_share
    from headwinds.explain.attribution.design import make_attribution_design
    from headwinds.explain.attribution.headwinds import shapley_attribution
    from headwinds.explain.attribution.levels_and_returns import levels_and_returns
    from headwinds.explain.attribution.mechanisms import mechanism_attribution
    from headwinds.explain.attribution.power import attribution_power
    from headwinds.explain.attribution.scenario import scenario
    from headwinds.explain.attribution.slowdown import attribute_slowdown
    from headwinds.explain.breaks import find_breaks, find_common_breaks
    from headwinds.explain.convergence import (
        beta_convergence,
        convergence_clubs,
        log_t_test,
        sigma_convergence,
    )
    from headwinds.explain.countries import match_countries, reconcile_countries, regions
    from headwinds.explain.divides.divide import divide
    from headwinds.explain.dynamics.dynamic_panel import dynamic_panel
    from headwinds.explain.dynamics.projections import local_projections
    from headwinds.explain.gapminder import read_gapminder
    from headwinds.explain.graph.build import build_graph
    from headwinds.explain.graph.effects import path_effects
    from headwinds.explain.graph.identify import identify
    from headwinds.explain.graph.read import essay_graph, read_graph
    from headwinds.explain.graph.refute import refute_edge
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
    from headwinds.explain.panel_join import join_panels
    from headwinds.explain.penn_world_table import read_penn_world_table
    from headwinds.explain.plain_panel import read_panel
    from headwinds.explain.solow_model import solow
    from headwinds.explain.sources.downloads import fetch, fetch_world_bank
    from headwinds.explain.sources.eu_klems import read_eu_klems
    from headwinds.explain.sources.fernald import read_fernald
    from headwinds.explain.sources.oecd import read_sdmx_csv
    from headwinds.explain.sources.snapshot import make_snapshot, read_snapshot
    from headwinds.explain.sources.world_bank import read_world_bank
    from headwinds.explain.spans import slowdown
    from headwinds.explain.stress import (
        break_date_grid,
        compare_vintages,
        placebo_index,
        stress_attribution,
    )
    from headwinds.explain.stress.leave_one_out import leave_one_out
    from headwinds.explain.stress.specification_curve import specification_curve

_HOMES = {
    "headwinds.explain.accounts.domar": ("domar_aggregation",),
    "headwinds.explain.accounts.growth_sources": (
        "Capital",
        "sources_of_growth",
    ),
    "headwinds.explain.accounts.levels": (
        "factor_success",
        "level_accounts",
    ),
    "headwinds.explain.accounts.penn_accounts": (
        "growth_accounts",
        "span_accounts",
    ),
    "headwinds.explain.accounts.shift_share": ("shift_share",),
    "headwinds.explain.attribution.design": ("make_attribution_design",),
    "headwinds.explain.attribution.headwinds": ("shapley_attribution",),
    "headwinds.explain.attribution.levels_and_returns": ("levels_and_returns",),
    "headwinds.explain.attribution.mechanisms": ("mechanism_attribution",),
    "headwinds.explain.attribution.power": ("attribution_power",),
    "headwinds.explain.attribution.scenario": ("scenario",),
    "headwinds.explain.attribution.slowdown": ("attribute_slowdown",),
    "headwinds.explain.breaks": (
        "find_breaks",
        "find_common_breaks",
    ),
    "headwinds.explain.convergence": (
        "beta_convergence",
        "convergence_clubs",
        "log_t_test",
        "sigma_convergence",
    ),
    "headwinds.explain.countries": (
        "match_countries",
        "reconcile_countries",
        "regions",
    ),
    "headwinds.explain.divides.divide": ("divide",),
    "headwinds.explain.dynamics.dynamic_panel": ("dynamic_panel",),
    "headwinds.explain.dynamics.projections": ("local_projections",),
    "headwinds.explain.gapminder": ("read_gapminder",),
    "headwinds.explain.graph.build": ("build_graph",),
    "headwinds.explain.graph.effects": ("path_effects",),
    "headwinds.explain.graph.identify": ("identify",),
    "headwinds.explain.graph.read": (
        "essay_graph",
        "read_graph",
    ),
    "headwinds.explain.graph.refute": ("refute_edge",),
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
    "headwinds.explain.panel_join": ("join_panels",),
    "headwinds.explain.penn_world_table": ("read_penn_world_table",),
    "headwinds.explain.plain_panel": ("read_panel",),
    "headwinds.explain.solow_model": ("solow",),
    "headwinds.explain.sources.downloads": (
        "fetch",
        "fetch_world_bank",
    ),
    "headwinds.explain.sources.eu_klems": ("read_eu_klems",),
    "headwinds.explain.sources.fernald": ("read_fernald",),
    "headwinds.explain.sources.oecd": ("read_sdmx_csv",),
    "headwinds.explain.sources.snapshot": (
        "make_snapshot",
        "read_snapshot",
    ),
    "headwinds.explain.sources.world_bank": ("read_world_bank",),
    "headwinds.explain.spans": ("slowdown",),
    "headwinds.explain.stress": (
        "break_date_grid",
        "compare_vintages",
        "placebo_index",
        "stress_attribution",
    ),
    "headwinds.explain.stress.leave_one_out": ("leave_one_out",),
    "headwinds.explain.stress.specification_curve": ("specification_curve",),
}

__all__ = [
    "Capital",
    "attribute_slowdown",
    "attribution_power",
    "beta_convergence",
    "bias_corrected_regression",
    "break_date_grid",
    "build_graph",
    "compare_vintages",
    "convergence_clubs",
    "design_based_regression",
    "divide",
    "domar_aggregation",
    "dynamic_panel",
    "essay_graph",
    "factor_success",
    "fetch",
    "fetch_world_bank",
    "find_breaks",
    "find_common_breaks",
    "growth_accounts",
    "identify",
    "join_panels",
    "leave_one_out",
    "level_accounts",
    "levels_and_returns",
    "local_projections",
    "log_t_test",
    "make_attribution_design",
    "make_design",
    "make_snapshot",
    "match_countries",
    "mechanism_attribution",
    "one_step_likelihood",
    "path_effects",
    "placebo_index",
    "predicted_outcome",
    "predicted_regressor",
    "read_eu_klems",
    "read_fernald",
    "read_gapminder",
    "read_graph",
    "read_panel",
    "read_penn_world_table",
    "read_sdmx_csv",
    "read_snapshot",
    "read_world_bank",
    "reconcile_countries",
    "refute_edge",
    "regions",
    "regress_with_classifier",
    "regress_with_index",
    "scenario",
    "shapley_attribution",
    "shift_share",
    "sigma_convergence",
    "slope_bounds",
    "slowdown",
    "solow",
    "sources_of_growth",
    "span_accounts",
    "specification_curve",
    "stress_attribution",
]

__getattr__, __dir__, _ = lazy_names("headwinds.explain", _HOMES)
