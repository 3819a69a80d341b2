"""From predictions and gold to an index with its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

if TYPE_CHECKING:
    from headwinds.measure.aggregation import aggregate, aggregate_over, grouped_weights
    from headwinds.measure.cells import make_cells
    from headwinds.measure.changes import change, difference, growth
    from headwinds.measure.diagnostics.run import run_diagnostics
    from headwinds.measure.drift import drift_tests
    from headwinds.measure.estimators.prediction_powered import prediction_powered_mean
    from headwinds.measure.fits import combine_fits, estimate_fits
    from headwinds.measure.frame import Population, make_frame
    from headwinds.measure.indicator_store import read_indicator, write_indicator
    from headwinds.measure.linear_maps import linear_map
    from headwinds.measure.plain_indicator import indicator_document, indicator_of
    from headwinds.measure.proposals import Proposal, in_any_round, propose
    from headwinds.measure.quantification.adjusted import adjusted_shares
    from headwinds.measure.quantification.bayesian import posterior_shares
    from headwinds.measure.quantification.mixture import expectation_maximisation
    from headwinds.measure.registry import assumption, choose_estimator, get_estimator
    from headwinds.measure.sampling.designs import (
        draw_proportional,
        draw_simple,
        draw_stratified,
        draw_two_phase,
    )
    from headwinds.measure.sampling.plan import (
        AssumedScores,
        AssumedStratum,
        plan_labels,
        plan_labels_from_rates,
    )
    from headwinds.measure.sampling.rounds import combine_rounds
    from headwinds.measure.sampling.slope_plan import plan_slope, plan_slope_from_rates
    from headwinds.measure.sampling.strata import uncertainty
    from headwinds.measure.shares import estimate_shares
    from headwinds.measure.standardise import rebase, z_scores
    from headwinds.measure.trace import trace_cell, trace_jump

_HOMES = {
    "headwinds.measure.aggregation": (
        "aggregate",
        "aggregate_over",
        "grouped_weights",
    ),
    "headwinds.measure.cells": ("make_cells",),
    "headwinds.measure.changes": (
        "change",
        "difference",
        "growth",
    ),
    "headwinds.measure.diagnostics.run": ("run_diagnostics",),
    "headwinds.measure.drift": ("drift_tests",),
    "headwinds.measure.estimators.prediction_powered": ("prediction_powered_mean",),
    "headwinds.measure.fits": (
        "combine_fits",
        "estimate_fits",
    ),
    "headwinds.measure.frame": (
        "Population",
        "make_frame",
    ),
    "headwinds.measure.indicator_store": (
        "read_indicator",
        "write_indicator",
    ),
    "headwinds.measure.linear_maps": ("linear_map",),
    "headwinds.measure.plain_indicator": (
        "indicator_document",
        "indicator_of",
    ),
    "headwinds.measure.proposals": (
        "Proposal",
        "in_any_round",
        "propose",
    ),
    "headwinds.measure.quantification.adjusted": ("adjusted_shares",),
    "headwinds.measure.quantification.bayesian": ("posterior_shares",),
    "headwinds.measure.quantification.mixture": ("expectation_maximisation",),
    "headwinds.measure.registry": (
        "assumption",
        "choose_estimator",
        "get_estimator",
    ),
    "headwinds.measure.sampling.designs": (
        "draw_proportional",
        "draw_simple",
        "draw_stratified",
        "draw_two_phase",
    ),
    "headwinds.measure.sampling.plan": (
        "AssumedScores",
        "AssumedStratum",
        "plan_labels",
        "plan_labels_from_rates",
    ),
    "headwinds.measure.sampling.rounds": ("combine_rounds",),
    "headwinds.measure.sampling.slope_plan": (
        "plan_slope",
        "plan_slope_from_rates",
    ),
    "headwinds.measure.sampling.strata": ("uncertainty",),
    "headwinds.measure.shares": ("estimate_shares",),
    "headwinds.measure.standardise": (
        "rebase",
        "z_scores",
    ),
    "headwinds.measure.trace": (
        "trace_cell",
        "trace_jump",
    ),
}

__all__ = [
    "AssumedScores",
    "AssumedStratum",
    "Population",
    "Proposal",
    "adjusted_shares",
    "aggregate",
    "aggregate_over",
    "assumption",
    "change",
    "choose_estimator",
    "combine_fits",
    "combine_rounds",
    "difference",
    "draw_proportional",
    "draw_simple",
    "draw_stratified",
    "draw_two_phase",
    "drift_tests",
    "estimate_fits",
    "estimate_shares",
    "expectation_maximisation",
    "get_estimator",
    "grouped_weights",
    "growth",
    "in_any_round",
    "indicator_document",
    "indicator_of",
    "linear_map",
    "make_cells",
    "make_frame",
    "plan_labels",
    "plan_labels_from_rates",
    "plan_slope",
    "plan_slope_from_rates",
    "posterior_shares",
    "prediction_powered_mean",
    "propose",
    "read_indicator",
    "rebase",
    "run_diagnostics",
    "trace_cell",
    "trace_jump",
    "uncertainty",
    "write_indicator",
    "z_scores",
]

__getattr__, __dir__, _ = lazy_names("headwinds.measure", _HOMES)
