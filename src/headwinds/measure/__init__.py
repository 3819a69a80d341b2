"""From predictions and gold to an index with its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

if TYPE_CHECKING:
    from headwinds.measure.aggregation import aggregate, aggregate_over, grouped_weights
    from headwinds.measure.cells import make_cells
    from headwinds.measure.changes import change, difference, growth
    from headwinds.measure.fits import combine_fits
    from headwinds.measure.frame import Population, make_frame
    from headwinds.measure.indicator_store import read_indicator, write_indicator
    from headwinds.measure.linear_maps import linear_map
    from headwinds.measure.registry import choose_estimator, get_estimator
    from headwinds.measure.standardise import rebase, z_scores

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
    "headwinds.measure.fits": ("combine_fits",),
    "headwinds.measure.frame": (
        "Population",
        "make_frame",
    ),
    "headwinds.measure.indicator_store": (
        "read_indicator",
        "write_indicator",
    ),
    "headwinds.measure.linear_maps": ("linear_map",),
    "headwinds.measure.registry": (
        "choose_estimator",
        "get_estimator",
    ),
    "headwinds.measure.standardise": (
        "rebase",
        "z_scores",
    ),
}

__all__ = [
    "Population",
    "aggregate",
    "aggregate_over",
    "change",
    "choose_estimator",
    "combine_fits",
    "difference",
    "get_estimator",
    "grouped_weights",
    "growth",
    "linear_map",
    "make_cells",
    "make_frame",
    "read_indicator",
    "rebase",
    "write_indicator",
    "z_scores",
]

__getattr__, __dir__, _ = lazy_names("headwinds.measure", _HOMES)
