"""From predictions and gold to an index with its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

if TYPE_CHECKING:
    from headwinds.measure.cells import make_cells
    from headwinds.measure.estimators.prediction_powered import prediction_powered_mean
    from headwinds.measure.frame import Population, make_frame
    from headwinds.measure.indicator_store import read_indicator, write_indicator
    from headwinds.measure.quantification.adjusted import adjusted_shares
    from headwinds.measure.quantification.bayesian import posterior_shares
    from headwinds.measure.quantification.mixture import expectation_maximisation
    from headwinds.measure.registry import assumption, choose_estimator, get_estimator
    from headwinds.measure.shares import estimate_shares

_HOMES = {
    "headwinds.measure.cells": ("make_cells",),
    "headwinds.measure.estimators.prediction_powered": ("prediction_powered_mean",),
    "headwinds.measure.frame": ("Population", "make_frame"),
    "headwinds.measure.indicator_store": ("read_indicator", "write_indicator"),
    "headwinds.measure.quantification.adjusted": ("adjusted_shares",),
    "headwinds.measure.quantification.bayesian": ("posterior_shares",),
    "headwinds.measure.quantification.mixture": ("expectation_maximisation",),
    "headwinds.measure.registry": ("assumption", "choose_estimator", "get_estimator"),
    "headwinds.measure.shares": ("estimate_shares",),
}

__all__ = [
    "Population",
    "adjusted_shares",
    "assumption",
    "choose_estimator",
    "estimate_shares",
    "expectation_maximisation",
    "get_estimator",
    "make_cells",
    "make_frame",
    "posterior_shares",
    "prediction_powered_mean",
    "read_indicator",
    "write_indicator",
]

__getattr__, __dir__, _ = lazy_names("headwinds.measure", _HOMES)
