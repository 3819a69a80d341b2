"""Do values differ between groups more than chance allows, or move along a line? Tests that count draws, not passages."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

LEAST = 10
"""Degrees of freedom within groups below which nothing is tested."""
PERMUTATIONS = 499
BLOCK = 2_000_000
"""Permuted values that are held at once."""


def spread_p_value(values: NDArray[np.float64], group: NDArray[np.int64], draws: NDArray[np.int64]) -> float:
    """Of the F test that groups have equal means; NaN where too little is seen.

    Powerful against many groups that each differ a little, as thin cells do: it looks at how much their means scatter. For
    values that are about normal, such as normal scores; of skewed ones in thin unequal groups it rejects a little too often.

    Parameters
    ----------
    values, group, draws
        Shape (m,). Values of one draw in one group count once, by their mean.
    """
    import numpy as np
    from scipy.stats import f as f_distribution

    units, group, _ = _units(values, group, draws, None)
    distinct, home = np.unique(group, return_inverse=True)
    count = np.bincount(home)
    groups, size = len(distinct), len(units)
    between, within = groups - 1, size - groups
    if between < 1 or within < LEAST:
        return float("nan")
    mean = np.bincount(home, weights=units) / count
    outer = float((count * (mean - units.mean()) ** 2).sum())
    inner = float(((units - mean[home]) ** 2).sum())
    if inner <= 0:
        return float("nan")
    return float(f_distribution.sf((outer / between) / (inner / within), between, within))


def gathering_p_value(
    values: NDArray[np.float64],
    group: NDArray[np.int64],
    draws: NDArray[np.int64],
    along: NDArray[np.float64],
    *,
    seed: int = 0,
) -> float:
    """Of the permutation test that values of one group have nothing in common beyond a line; NaN where too little is seen.

    The statistic is the sum over groups of all products of two of their values, the score test of a random effect of the
    group (Commenges and Jacqmin-Gadda 1997), which gives groups of several values the weight that they deserve; the F test
    gives every group the same. Permutations (Pitman 1937) make its size exact for exchangeable values, whatever their
    distribution and however unequal the groups.

    Parameters
    ----------
    values, group, draws
        As in `spread_p_value`.
    along
        A line along which groups may differ, shape (m,); it is taken out first.
    seed
        Of the permutations.
    """
    import numpy as np

    units, group, line = _units(values, group, draws, along)
    units = units - units.mean()
    if line is not None and float(np.ptp(line)) > 0:
        centred = line - line.mean()
        units = units - centred * float(centred @ units) / float(centred @ centred)
    order = np.argsort(group, kind="stable")
    units, group = units[order], group[order]
    start = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
    if len(start) < 3 or len(units) - len(start) < LEAST or float(np.ptp(units)) <= 0:
        return float("nan")
    # All products of a group are its squared sum less its squares, and the squares of all are the same in every permutation.
    seen = float((np.add.reduceat(units, start) ** 2).sum())
    above = 0
    for order in _orders(len(units), seed):
        permuted = units[order]
        above += int(((np.add.reduceat(permuted, start, axis=1) ** 2).sum(axis=1) >= seen).sum())
    return (1 + above) / (1 + PERMUTATIONS)


def _orders(length: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Permutations of so many values, in blocks of shape (some, length); those of one block are kept for the next test."""
    import numpy as np

    rows = max(BLOCK // length, 1)
    if rows >= PERMUTATIONS:
        yield _kept_orders(length, seed)
        return
    rng = np.random.default_rng(seed)
    for first in range(0, PERMUTATIONS, rows):
        yield rng.permuted(np.tile(np.arange(length), (min(rows, PERMUTATIONS - first), 1)), axis=1)


# Shuffling takes ten times as long as the test, and labels of one gold have as many values.
@lru_cache(maxsize=4)
def _kept_orders(length: int, seed: int) -> NDArray[np.int64]:
    import numpy as np

    rng = np.random.default_rng(seed)
    kept: NDArray[np.int64] = rng.permuted(np.tile(np.arange(length), (PERMUTATIONS, 1)), axis=1)
    kept.setflags(write=False)
    return kept


def line_p_value(values: NDArray[np.float64], along: NDArray[np.float64], draws: NDArray[np.int64]) -> float:
    """Of the t test that values do not move along a line; NaN where too little is seen."""
    import numpy as np
    from scipy.stats import t as t_distribution

    # Values of one draw at one place count once.
    place = np.unique(along, return_inverse=True)[1].astype(np.int64)
    units, _, here = _units(values, place, draws, along)
    if here is None or len(units) < LEAST + 2 or float(np.ptp(here)) <= 0:
        return float("nan")
    centred = here - here.mean()
    spread = float(centred @ centred)
    slope = float(centred @ units) / spread
    rest = units - units.mean() - slope * centred
    error = float(np.sqrt(((centred * rest) ** 2).sum() * len(units) / (len(units) - 2))) / spread
    if error <= 0:
        return float("nan")
    return float(2 * t_distribution.sf(abs(slope / error), len(units) - 2))


def _units(
    values: NDArray[np.float64],
    group: NDArray[np.int64],
    draws: NDArray[np.int64],
    along: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64] | None]:
    """One value a draw and group."""
    import numpy as np

    pairs, home = np.unique(group * (int(draws.max(initial=0)) + 1) + draws, return_inverse=True)
    count = np.bincount(home)
    line = None if along is None else np.bincount(home, weights=along) / count
    return np.bincount(home, weights=values) / count, pairs // (int(draws.max(initial=0)) + 1), line


def holm(p_values: list[float]) -> list[float]:
    """Holm's (1979) step-down adjustment; NaN stays NaN and is no test."""
    import numpy as np

    given = np.array(p_values, dtype=np.float64)
    order = [int(place) for place in np.argsort(given) if given[place] == given[place]]
    found, highest = [float("nan")] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, float(given[place]) * (len(order) - rank)))
        found[place] = highest
    return found
