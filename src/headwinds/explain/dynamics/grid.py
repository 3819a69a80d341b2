"""Series of a panel on a full grid of entities and periods, so that a lag is a step of the calendar and never a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import DataError, EstimationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


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
        A column is not there or holds no numbers, a period is no whole number, or an entity has a period twice.
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
    number = pd.to_numeric(data["period"], errors="coerce")
    if number.isna().any() or (number % 1 != 0).any():
        wrong = data["period"][number.isna() | (number % 1 != 0)].iloc[0]
        raise DataError(f"The period {wrong!r} is not a whole number.", remedy="Give years as integers.")
    twice = data.duplicated(["entity", "period"])
    if twice.any():
        row = data[twice].iloc[0]
        raise DataError(
            f"The panel has {row['entity']} in {row['period']} more than once, expected one row an entity and period."
        )
    entities, row_of = np.unique(data["entity"].to_numpy(dtype=str), return_inverse=True)
    seen = np.unique(number.to_numpy(dtype=np.int64))
    if len(entities) < 2 or len(seen) < 2:
        raise EstimationError(
            f"The panel has {len(entities)} entities in {len(seen)} periods, expected at least two of each."
        )
    step = int(np.gcd.reduce(np.diff(seen)))
    periods = np.arange(seen[0], seen[-1] + step, step)
    column_of = (number.to_numpy(dtype=np.int64) - seen[0]) // step
    series = {}
    for name in dict.fromkeys(names):
        try:
            values = data[name].to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError):
            raise DataError(f"The column {name!r} holds something that is not a number.") from None
        placed = np.full((len(entities), len(periods)), np.nan)
        placed[row_of, column_of] = np.where(np.isfinite(values), values, np.nan)
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
