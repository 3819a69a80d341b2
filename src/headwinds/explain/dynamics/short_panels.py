"""What a short panel does to responses: the mean that an entity effect takes out holds what each shock did after it."""

from __future__ import annotations

from collections.abc import Sequence

from headwinds.contracts import Finding
from headwinds.contracts.result import number
from headwinds.explain.dynamics.responses import Row

HARMLESS = 0.25
"""A bias of a quarter of a standard error takes a point from the coverage of a 95 % interval."""


def short_panel_finding(rows: Sequence[Row], response: str, lags: int) -> Finding:
    """How far entity effects pull responses from what they are (Nickell 1981; Mei, Sheng and Shi 2023).

    The mean that an entity effect takes out of its periods holds what each shock did after it. Without lags the response at
    any horizon is off by about the sum of all responses over the periods, against its sign; only those up to the last
    horizon are known. Beside lags, which hold what went before, it is about the sum of those up to the horizon, and none at
    horizon 0. In simulation, of a persistence of 0.6 or 0.9 and 20 to 80 periods, it was 0.7 to 1.3 times that; with 40
    periods, 100 entities and lags 95 % intervals covered 33 to 50 % from horizon 3 on. Without lags a change of the outcome
    has none, as what came before stands in both of its ends.
    """
    import numpy as np

    measured = len({row.method for row in rows}) > 1  # beside an index there are no halves
    rows = [row for row in rows if row.method == rows[-1].method]
    value = np.nan_to_num([row.value for row in rows])
    each = np.diff(value, prepend=0.0) if response == "cumulative" else value
    periods = np.array([row.periods for row in rows])
    bias = -np.cumsum(each) / periods if lags else -each.sum() / periods
    if lags:
        bias[0] = 0.0
    if response == "cumulative":
        bias = np.cumsum(bias)
    error = np.array([row.standard_error for row in rows])
    share = np.nan_to_num(np.abs(bias) / error)
    worst = int(share.argmax())
    told = (
        "over the number of periods, against its sign (Nickell 1981): most at "
        f"horizon {rows[worst].horizon}, by about {number(bias[worst])}, {number(share[worst], 1)} standard errors"
    )
    whole = (
        f"Lags beside entity effects bias the responses by about the sum of those up to a horizon {told}"
        if lags
        else f"Entity effects bias the responses by about the sum of all, and those beyond the last horizon, {told}"
    )
    if share[worst] <= HARMLESS:
        return Finding("N464", f"{whole}.")
    return Finding(
        "W468",
        f"{whole}, so that intervals hold the response too seldom.",
        "Take more periods."
        if measured
        else "Set half_panel to true, or take more periods or fewer horizons.",
    )
