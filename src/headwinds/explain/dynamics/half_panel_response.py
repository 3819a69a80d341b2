"""A local projection's response from the whole panel and its halves: less of the bias of entity effects, at its own error.

Entity effects pull responses from what they are by order 1 in the periods of an entity (Nickell 1981; Mei, Sheng and Shi
2023). Twice the whole panel's response less the mean of those of the halves of each entity's periods is off by order 1 in
their square (Dhaene and Jochmans 2015). Its error is a sum over rows of

    2 x_r e_r / S - mean over the halves with row r of (x_r e_r / S of that half),

x what the shock has that the other regressors and effects do not foretell, e the residual, S the sum of x^2: standard errors
are of these, summed by entity, or by period of the calendar with Bartlett weights (Driscoll and Kraay 1998).

A half must be longer than the responses: where it has no more than twice the horizon, part of what a shock moves later lies
beyond it, and the half is off by less than twice as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import EstimationError
from headwinds.explain.dynamics.influence_variance import influence_variance
from headwinds.explain.dynamics.slope_influence import slope_influence, within_effects
from headwinds.explain.half_panels import half_panels
from headwinds.explain.lone_rows import lone_rows
from headwinds.explain.measured.moments import require_full_rank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.dynamics.responses import Row


def half_panel_response(
    response: NDArray[np.float64],
    right: NDArray[np.float64],
    within: NDArray[np.float64],
    entity: NDArray[np.int64],
    period: NDArray[np.int64],
    *,
    names: tuple[str, ...],
    horizon: int,
    period_effects: bool,
    window: int | None,
) -> tuple[float, float]:
    """The response and its variance.

    Parameters
    ----------
    response, entity, period
        Shape (rows,): what is projected, and whose it is and when, `period` as a place in the calendar.
    right
        Shape (rows, regressors): the shock first. The whole panel has been found of full rank.
    within
        Shape (rows, regressors + 1): these and the response, without what the effects explain.
    names
        What the regressors are called.
    window
        Of the Bartlett weights over periods; None for errors clustered by entity.

    Raises
    ------
    EstimationError
        A half has too few rows, or a regressor is collinear in it.
    """
    import numpy as np

    columns = np.column_stack([right, response])
    halves = half_panels(entity, period)
    value, influence = slope_influence(within)
    value, influence = 2 * value, 2 * influence
    for half in halves:
        rows = np.flatnonzero(half)
        effects = (entity[rows], period[rows]) if period_effects else (entity[rows],)
        rows = rows[~lone_rows(effects, len(rows))]
        _require_rows(entity[rows], period[rows], len(names), horizon)
        half_within = within_effects(columns[rows], entity[rows], period[rows], period_effects)
        try:
            require_full_rank(half_within, columns[rows], names)
        except EstimationError as error:
            raise EstimationError(
                f"At horizon {horizon}, in half of the panel, {error.message}",
                remedy="Set half_panel to false, or take more periods.",
            ) from None
        part, shares = slope_influence(half_within)
        value -= part / len(halves)
        influence[rows] -= shares / len(halves)
    return value, influence_variance(influence, entity, period, right.shape[1], period_effects, window)


def half_panel_critical(window: int, periods: int) -> float:
    """Two-sided 5% critical value of the t statistic of half panels with Bartlett weights.

    Kiefer and Vogelsang's (2005) are for residuals that sum to zero over all periods, which makes errors too small. Those of
    half panels also do so in either half, with the opposite sign, which makes them larger. This cubic is within 0.03 of the
    quantiles of 60,000 simulated paths of 1,000 steps, for windows of up to all periods.
    """
    b = (window + 1) / periods
    return 1.96 + 0.9960 * b + 2.5213 * b**2 - 1.5463 * b**3


def half_panel_findings(rows: Sequence[Row]) -> list[Finding]:
    """That half panels were taken, and where halves are too short for the horizon."""
    found = [
        Finding(
            "N468",
            "Responses are twice those of the whole panel less the mean of those of the halves of each entity's periods: "
            f"what is left of the bias of entity effects is of order 1 in the square of {min(map(_periods, rows)):.0f} "
            "periods, if responses are alike in both halves (Dhaene and Jochmans 2015).",
        )
    ]
    short = [row for row in rows if _periods(row) / 2 < 2 * row.horizon + 2]
    if short:
        found.append(
            Finding(
                "W469",
                f"Half of an entity's periods are {_periods(short[0]) / 2:.1f} at horizon {short[0].horizon}, fewer than "
                f"{2 * short[0].horizon + 2}: from there on half panels leave much of the bias, and intervals hold the "
                "response too seldom.",
                "Take more periods, or fewer horizons.",
            )
        )
    return found


def _periods(row: Row) -> float:
    """How many an entity has, in the mean."""
    return row.observations / row.entities


def _require_rows(
    entity: NDArray[np.int64], period: NDArray[np.int64], regressors: int, horizon: int
) -> None:
    """Raise where a half is too short to tell anything of the response."""
    import numpy as np

    entities, periods = len(np.unique(entity)), len(np.unique(period))
    if entities < 2 or periods < 2 or len(entity) < entities + periods + regressors:
        raise EstimationError(
            f"At horizon {horizon} half of the panel has only {len(entity)} rows of {entities} entities in {periods} "
            "periods that are not alone in theirs: too few for the effects and controls.",
            remedy="Set half_panel to false, or take more periods.",
        )
    if len(entity) <= horizon * entities:
        raise EstimationError(
            f"At horizon {horizon} an entity has {len(entity) / entities:.1f} periods in half of the panel, expected more "
            "than the horizon: half panels would add to the bias.",
            remedy="Set half_panel to false, or take more periods or fewer horizons.",
        )
