"""How much of a slowdown goes with what: power first, then parts that add up, with intervals that know what is not known."""

from headwinds.explain.attribution.design import AttributionDesign, make_attribution_design
from headwinds.explain.attribution.headwinds import shapley_attribution
from headwinds.explain.attribution.levels_and_returns import levels_and_returns
from headwinds.explain.attribution.mechanisms import mechanism_attribution
from headwinds.explain.attribution.power import AttributionPower, attribution_power
from headwinds.explain.attribution.result import Attribution
from headwinds.explain.attribution.scenario import Scenario, scenario

__all__ = [
    "Attribution",
    "AttributionDesign",
    "AttributionPower",
    "Scenario",
    "attribution_power",
    "levels_and_returns",
    "make_attribution_design",
    "mechanism_attribution",
    "scenario",
    "shapley_attribution",
]
