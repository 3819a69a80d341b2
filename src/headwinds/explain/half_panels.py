"""The halves of a panel, each entity's own rows cut in the middle of their time (Dhaene and Jochmans 2015).

An estimate whose bias is of order 1 in the periods of an entity is off by twice as much on half of them: twice that of all
rows less the mean of those of the halves is off by order 1 in their square. That holds where every entity has half of its
own rows in either half. Cut at one date for all, an entity that was seen on one side of it only would have all its rows in
one half, which is off by as much as the whole, and nothing would be taken away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def half_panels(entity: NDArray[np.int64], period: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Which rows are in each half of their entity's periods, each of shape (rows,).

    Parameters
    ----------
    entity, period
        Of each row that enters, shape (rows,).

    Returns
    -------
    list of numpy.ndarray
        Two halves; where an entity has an odd number of rows, four: the middle one once in either.
    """
    import numpy as np

    order = np.lexsort((period, entity))
    _, start, own, count = np.unique(
        entity[order], return_index=True, return_inverse=True, return_counts=True
    )
    rank, count = np.arange(len(order)) - start[own], count[own]
    found = []
    for first in (count // 2,) if not (count % 2).any() else (count // 2, (count + 1) // 2):
        for inside in (rank < first, rank >= first):
            half = np.zeros(len(order), dtype=bool)
            half[order[inside]] = True
            found.append(half)
    return found
