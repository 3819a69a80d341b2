"""The variance of a slope from what each row adds to its error: summed by entity, or by period of the calendar.

Summed by period with Bartlett weights it is Driscoll and Kraay's (1998). Their lags are those of the calendar: where nobody
was seen for a year, the rows on either side of it are two years apart. Counted over the periods that are there, rows on
either side of a gap would have the weight of neighbours; with 15 to 30 of 30 to 50 periods left, tests then reject up to
twice too often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def influence_variance(
    influence: NDArray[np.float64],
    entity: NDArray[np.int64],
    period: NDArray[np.int64],
    regressors: int,
    period_effects: bool,
    window: int | None,
) -> float:
    """That of the sum of the influences, with the small-sample factors of `pyfixest`.

    Parameters
    ----------
    influence, entity, period
        Shape (rows,); `period` as a place in the calendar.
    regressors
        How many slopes were fitted.
    period_effects
        Whether periods had effects, beside those of entities.
    window
        Of the Bartlett weights, in periods of the calendar; None for sums by entity.
    """
    import numpy as np

    rows, entities, periods = len(influence), len(np.unique(entity)), len(np.unique(period))
    if window is None:
        sums = np.bincount(entity, weights=influence)
        lost = regressors + (periods if period_effects else 1)
        factor = entities / (entities - 1) * (rows - 1) / (rows - lost)
        return factor * float(sums @ sums)
    # A place for every period of the calendar, so that a gap is as long as it is.
    sums = np.bincount(period - period.min(), weights=influence)
    total = float(sums @ sums)
    for lag in range(1, min(window, len(sums) - 1) + 1):
        total += 2 * (1 - lag / (window + 1)) * float(sums[lag:] @ sums[:-lag])
    lost = regressors + entities + (periods - 1 if period_effects else 0)
    return periods / (periods - 1) * (rows - 1) / (rows - lost) * total
