"""Series of a panel on a full grid of entities and periods, so that a lag is a step of the calendar and never a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import DataError, EstimationError
from headwinds.explain.table_columns import column_entities, column_numbers, column_periods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST = 50_000_000
"""Places of a grid: a million entities by fifty years fit; one digit too many in a year makes more than memory."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Series by entity and period.

    Attributes
    ----------
    entities
        Names, sorted.
    periods
        Every period from the first to the last, `step` apart, whether or not anybody has data in it.
    step
        Calendar time between two periods: the greatest common divisor of the distances seen.
    series
        Shape (entities, periods) each; NaN where there is nothing.
    gaps
        How many entities lack a period, or a value in it, between their first and their last complete one.
    """

    entities: tuple[str, ...]
    periods: tuple[int, ...]
    step: int
    series: Mapping[str, NDArray[np.float64]]
    gaps: int


def make_grid(data: pd.DataFrame, names: Sequence[str]) -> Grid:
    """Put columns of a long table on the grid.

    Raises
    ------
    DataError
        A column is not there or holds no finite numbers, a period is no whole number or lies far from all others, a row has
        no entity, or an entity has a period twice.
    EstimationError
        There are fewer than two entities or periods.
    """
    import numpy as np
    import pandas as pd

    for name in ("entity", "period", *names):
        if name not in data.columns:
            raise DataError(
                f"The panel has no column {name!r}; it has {', '.join(map(str, data.columns[:12]))}.",
                remedy="Name the columns entity and period, and one a series.",
            )
    period = column_periods(data["period"], "The panel")
    name_of = column_entities(data["entity"], "The panel")
    twice = pd.MultiIndex.from_arrays([name_of, period]).duplicated()
    if twice.any():
        row = int(twice.argmax())
        raise DataError(
            f"The panel has {name_of[row]} in {period[row]} more than once, expected one row an entity and period."
        )
    entities, row_of = np.unique(name_of.astype(str), return_inverse=True)
    seen = np.unique(period)
    if len(entities) < 2 or len(seen) < 2:
        raise EstimationError(
            f"Entities of the panel: {len(entities)}, periods: {len(seen)}; expected at least two of each."
        )
    step = int(np.gcd.reduce(np.diff(seen)))
    if len(entities) * ((seen[-1] - seen[0]) // step + 1) > MOST:
        raise DataError(
            f"The periods run from {seen[0]} to {seen[-1]} in steps of {step}, too many to lay out.",
            remedy="Correct the period that lies far from the others.",
        )
    periods = np.arange(seen[0], seen[-1] + step, step)
    column_of = (period - seen[0]) // step
    series = {}
    for name in dict.fromkeys(names):
        placed = np.full((len(entities), len(periods)), np.nan)
        placed[row_of, column_of] = column_numbers(data[name], "The panel")
        series[name] = placed
    return Grid(
        entities=tuple(entities.tolist()),
        periods=tuple(periods.tolist()),
        step=step,
        series=series,
        gaps=_gaps(series),
    )


def _gaps(series: Mapping[str, NDArray[np.float64]]) -> int:
    """Entities with a hole between their first and last complete period."""
    import numpy as np

    there = np.all([np.isfinite(values) for values in series.values()], axis=0)
    before = np.maximum.accumulate(there, axis=1)
    after = np.maximum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    return int((before & after & ~there).any(axis=1).sum())


def lagged(values: NDArray[np.float64], periods: int) -> NDArray[np.float64]:
    """Values `periods` earlier (later where negative), shape kept; NaN where the grid ends."""
    import numpy as np

    moved = np.full_like(values, np.nan)
    width = values.shape[1]
    if abs(periods) >= width:
        return moved
    if periods > 0:
        moved[:, periods:] = values[:, : width - periods]
    elif periods < 0:
        moved[:, : width + periods] = values[:, -periods:]
    else:
        moved[:] = values
    return moved
