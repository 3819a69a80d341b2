"""Which instruments a dynamic panel takes where nobody says: no more than entities, as far as that can be.

In a long panel the full set, a column for each period and lag, grows with the square of the periods. With more columns than
entities the weights of the second step are not determined, and its estimates can lie anywhere: of a persistence of 0.5 the
mean over panels of 40 entities in 24 periods was -0.1. Collapsed, one column a lag, it was 0.5 (Roodman 2009).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.explain.dynamics.equations import Specification, make_moments
from headwinds.explain.dynamics.moment_estimator import instrument_count

if TYPE_CHECKING:
    from headwinds.explain.dynamics.equations import Moments
    from headwinds.explain.dynamics.grid import Grid

LEAST_LAGS = 2
"""One alone leaves nothing to test, and an estimate whose law has no mean."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The specification that is estimated.

    Attributes
    ----------
    specification, moments
        What is taken.
    full
        How many instruments the full set would have, where less is taken; else None.
    lags
        How many lags of each series without a last lag are kept, where they were cut; else None.
    """

    specification: Specification
    moments: Moments
    full: int | None = None
    lags: int | None = None


def choose_instruments(grid: Grid, full: Specification) -> Chosen:
    """The full set if it has no more instruments than entities; else one a lag, and of those only the nearest that fit.

    Lags whose end was asked for are all kept, as are external instruments and period effects: where they alone are more than
    entities, so is what is taken.
    """
    moments = make_moments(grid, full)
    entities = len(moments.zx)
    count = instrument_count(moments)
    if count <= entities:
        return Chosen(full, moments)
    collapsed = dataclasses.replace(full, collapse=True)
    moments = make_moments(grid, collapsed)
    left = instrument_count(moments)
    endless = [name for name, (_, last) in full.internal.items() if last is None]
    if left <= entities or not endless:
        return Chosen(collapsed, moments, count)
    lags = max(len(grid.periods) - full.internal[name][0] for name in endless)
    while left > entities and lags > LEAST_LAGS:
        lags -= min(-(-(left - entities) // len(endless)), lags - LEAST_LAGS)
        cut = {
            name: (first, first + lags - 1 if last is None else last)
            for name, (first, last) in full.internal.items()
        }
        collapsed = dataclasses.replace(full, collapse=True, internal=cut)
        moments = make_moments(grid, collapsed)
        left = instrument_count(moments)
    return Chosen(collapsed, moments, count, lags)
