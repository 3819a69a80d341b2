"""What entity effects beside a node's own past cost where an entity has few years, and what takes most of it away.

The mean that an entity effect takes out of T years holds the errors of all of them, and an own past holds those of the years
before: slopes are off by order 1/T however many entities there are (Nickell 1981). So are those of any cause that the node
itself moved before, as round a feedback. A split of each entity's years into halves shows by how much, since the halves are
off by twice as much: twice the whole less the mean of the halves is off by order 1/T^2 (Dhaene and Jochmans 2015). With 13
years or more the intervals of a feedback's slope then cover in simulation as often as they say, where those of all years
cover 25 to 67 %; with 8 years an own past comes out too large by as much as it was too small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.explain.attribution.design import AttributionDesign
    from headwinds.explain.attribution.structural import Slopes

FEW_YEARS = 50
"""With more, an own past is off by less than 0.04."""

MOST_LATE = 0.05


def own_past_bias(own_past: float, years: float) -> float:
    """By how much an estimated own past is off, about -(1 + truth) / (years - 1) (Nickell 1981).

    The truth is the one, up to 1, whose estimate this would be; of three years or fewer the estimate itself is taken.
    """
    truth = min((own_past * (years - 1) + 1) / (years - 2), 1.0) if years > 3 else own_past
    return -(1 + truth) / max(years - 1, 1.0)


def short_panel_findings(
    design: AttributionDesign, slopes: Sequence[Slopes], *, half_panel: bool
) -> list[Finding]:
    """How large the bias is where an own past stands beside entity effects, or that halves of the years took it away."""
    import numpy as np

    biases, fewest = [], float("inf")
    for some in slopes:
        for one in some.equations:
            years = len(one.rows) / len(np.unique(design.entity[one.rows]))
            fewest = min(fewest, years)
            if one.target in some.own_past:
                own = some.own_past[one.target]
                biases.append((own_past_bias(own, years), years, one.target, own))
    if half_panel:
        return [
            Finding(
                "N454",
                f"Slopes are twice those of all years less the mean of those of either half: with {fewest:.0f} years an "
                "entity what is left of their bias is of order 1 in the square of the years, if slopes are alike in both "
                "halves (Dhaene and Jochmans 2015).",
            )
        ]
    if not biases or min(biases)[1] >= FEW_YEARS:
        return []
    bias, years, target, own = min(biases)
    return [
        Finding(
            "N452",
            f"Own pasts stand beside entity effects with {years:.0f} years an entity: what lasts comes out too small, of "
            f"{target} by up to {-bias:.2f} ({own:.2f} is estimated), and the slope of a cause that the node itself moves, "
            "as round a feedback, is off by the same order, 1 in the number of years, against the sign of that way "
            "(Nickell 1981).",
            "Set half_panel to true, or take more years.",
        )
    ]


def lateness(own_past: float, years: int) -> float:
    """By which share the mean of a span of years after a step falls short of where a node comes to rest."""
    if own_past <= 0:
        return 0.0
    if own_past >= 1:
        return 1.0
    return float(own_past * (1 - own_past**years) / (years * (1 - own_past)))
