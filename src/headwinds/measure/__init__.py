"""From predictions and gold to an index with its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.lazy_names import lazy_names

if TYPE_CHECKING:
    from headwinds.measure.cells import make_cells
    from headwinds.measure.frame import Population, make_frame
    from headwinds.measure.indicator_store import read_indicator, write_indicator
    from headwinds.measure.proposals import Proposal, in_any_round, propose
    from headwinds.measure.registry import choose_estimator, get_estimator

_HOMES = {
    "headwinds.measure.cells": ("make_cells",),
    "headwinds.measure.frame": ("Population", "make_frame"),
    "headwinds.measure.indicator_store": ("read_indicator", "write_indicator"),
    "headwinds.measure.proposals": ("Proposal", "in_any_round", "propose"),
    "headwinds.measure.registry": ("choose_estimator", "get_estimator"),
}

__all__ = [
    "Population",
    "Proposal",
    "choose_estimator",
    "get_estimator",
    "in_any_round",
    "make_cells",
    "make_frame",
    "propose",
    "read_indicator",
    "write_indicator",
]

__getattr__, __dir__, _ = lazy_names("headwinds.measure", _HOMES)
