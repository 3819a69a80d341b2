"""The best partition of a sample into segments with coefficients of their own (Bai and Perron 2003, section 3).

All segments' sums of squares come from cumulated moments; dynamic programming then finds the partition with the least sum
for every number of breaks at once. Several outcomes on the same regressors are taken together, which is what makes
simulated critical values cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def segment_sums(
    outcome: NDArray[np.float64], regressors: NDArray[np.float64], shortest: int
) -> NDArray[np.float64]:
    """Sum of squared residuals of every segment.

    Parameters
    ----------
    outcome
        Shape (draws, periods), or of a panel, whose sums are added up over entities, (entities, draws, periods).
    regressors
        Shape (periods, coefficients), of a panel (entities, periods, coefficients); they have full rank in every segment of
        at least `shortest` periods.
    shortest
        Periods of the shortest segment that is allowed.

    Returns
    -------
    Array
        Shape (draws, periods, periods + 1): the sum over periods first to last - 1; infinity where the segment is too short.
    """
    import numpy as np

    if outcome.ndim == 2:
        outcome, regressors = outcome[None], regressors[None]
    _, draws, periods = outcome.shape
    firsts, lasts = np.triu_indices(periods + 1, shortest)
    begun = np.searchsorted(firsts, np.arange(periods - shortest + 2))
    # Draws lie side by side in memory, as every step below does the same with all of them.
    sums = np.full((periods, periods + 1, draws), np.inf)
    for entity, (values, own) in enumerate(zip(outcome, regressors, strict=True)):
        moments = cumulated(own[:, :, None] * own[:, None, :])
        cross = cumulated(own[:, :, None] * values.T[:, None, :])
        squares = cumulated(values.T**2)
        # Of all segments at once: one by one takes longer to ask for than to compute.
        inverses = np.linalg.inv(moments[lasts] - moments[firsts])
        for first in range(periods - shortest + 1):
            product = cross[first + shortest :] - cross[first]
            inverse = inverses[begun[first] : begun[first + 1]]
            if product.shape[1] == 1:
                fitted = inverse[:, 0] * product[:, 0] ** 2
            else:
                fitted = ((inverse @ product) * product).sum(axis=1)
            left = squares[first + shortest :] - squares[first]
            left -= fitted
            np.maximum(left, 0.0, out=left)
            if entity:
                sums[first, first + shortest :] += left
            else:
                sums[first, first + shortest :] = left
    return sums.transpose(2, 0, 1)


def best_partitions(sums: NDArray[np.float64], most: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Least sums of squares for 0 to `most` breaks, and where the breaks are.

    Returns
    -------
    least
        Shape (draws, most + 1); infinity where so many breaks do not fit.
    breaks
        Shape (draws, most + 1, most): for m breaks, the numbers of the first periods of segments 2 to m + 1, then zeros.
    """
    import numpy as np

    draws, periods, _ = sums.shape
    least = np.full((draws, most + 1), np.inf)
    breaks = np.zeros((draws, most + 1, most), dtype=np.int64)
    reach = sums[:, 0, :].copy()  # best sum of the first t periods, shape (draws, periods + 1)
    least[:, 0] = reach[:, periods]
    came_from: list[NDArray[np.int64]] = []
    every = np.arange(draws)
    for number in range(1, most + 1):
        longer = np.full_like(reach, np.inf)
        start = np.zeros(reach.shape, dtype=np.int64)
        for last in range(1, periods + 1):
            total = reach[:, :last] + sums[:, :last, last]
            best = total.argmin(axis=1)
            start[:, last], longer[:, last] = best, total[every, best]
        came_from.append(start)
        reach = longer
        least[:, number] = reach[:, periods]
        place = np.full(draws, periods)
        for step in range(number, 0, -1):
            place = came_from[step - 1][every, place]
            breaks[:, number, step - 1] = place
    return least, breaks


def cumulated(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over the periods before each period, shape (periods + 1, ...)."""
    import numpy as np

    total = np.zeros((values.shape[0] + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=total[1:])
    return total
