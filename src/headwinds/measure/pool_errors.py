"""What the errors of pools have in common: a passage that was read for one cell also corrects those that borrow.

A cell with gold enough corrects itself, and its gold is part of the pool from which others borrow; a period's pool is part
of that of all periods; a document that was drawn whole may stand in several cells. Taken as independent, the mean of all
cells looked surer than it was (an interval of 95% covered 89 to 91% of the time).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.decomposition import Decomposition
    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts, Pools

LARGEST = 4_000_000
"""Numbers in the loadings of one label; of more pools only what they have most in common is kept."""
LEAST_COMMON = 1e-9


@dataclass(frozen=True, slots=True)
class PoolErrors:
    """The errors of one label's corrections: covariance diag(own) + loadings @ loadings.T, with the variances of the pools.

    Attributes
    ----------
    own
        Shape (P,): what is a pool's alone. Of a pool from which cells borrow it is zero.
    loadings
        Shape (P, r).
    """

    own: NDArray[np.float64]
    loadings: NDArray[np.float64]


def pool_errors(frame: Frame, parts: Decomposition, variance: NDArray[np.float64]) -> list[PoolErrors]:
    """One a label.

    Parameters
    ----------
    variance
        Shape (P, L): of each pool's correction; NaN where it is undefined.
    """
    import numpy as np
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    from headwinds.measure.gold_draws import gold_draws

    pools = parts.pools
    count = len(pools.depth)
    pool, member = pool_members(frame, parts.parts, pools)
    draw = 1 / frame.inclusion_probability[member]
    q = draw / np.bincount(pool, weights=draw, minlength=count)[pool]
    q = q * np.sqrt(1 - np.minimum(frame.inclusion_probability[member], 1.0))
    draws, together = gold_draws(frame)
    unit = draws if together else np.arange(len(frame.gold_rows))
    shape = (int(unit.max(initial=0)) + 1, count)

    def gathered(values: NDArray[np.float64]) -> Any:
        return sparse.csc_array((values, (unit[member], pool)), shape=shape)

    crowded, home = np.zeros(0, dtype=np.int64), np.arange(count)
    of_unit = np.zeros(shape[0], dtype=np.int64)
    of_unit[unit[member]] = pool
    if (of_unit[unit[member]] != pool).any():  # else no two pools have a passage in common
        overlap = gathered(np.ones(len(pool))).T @ gathered(np.ones(len(pool)))
        _, home = connected_components(overlap, directed=False)
        crowded = np.flatnonzero(np.bincount(home) > 1)
    shared = pools.depth > 0
    found = []
    for label in range(variance.shape[1]):
        known = np.nan_to_num(variance[:, label])
        own = np.where(shared, 0.0, variance[:, label])
        left = np.where(shared, known, 0.0)
        columns = []
        influence: Any = gathered(q * _rests(frame, pools, pool, member, label)) if len(crowded) else None
        for one in crowded:
            chosen = np.flatnonzero((home == one) & (known > 0))
            if len(chosen) < 2:
                continue
            own_influence = influence[:, chosen]
            covariance = (own_influence.T @ own_influence).toarray()
            seen = np.diag(covariance)
            # Of a rare count a half event more than was seen is implied, and that is nobody else's.
            rare = pools.rare[chosen, label] != 0
            known_here = np.where(rare, np.minimum(seen, known[chosen]), known[chosen])
            loads = _loadings(correlation_of(covariance), shared[chosen]) * np.sqrt(known_here)[:, None]
            rest = np.maximum(known[chosen] - (loads**2).sum(axis=1), 0.0)
            own[chosen], left[chosen] = (
                np.where(shared[chosen], 0.0, rest),
                np.where(shared[chosen], rest, 0.0),
            )
            spread = np.zeros((count, loads.shape[1]))
            spread[chosen] = loads
            columns.append(spread)
        alone = np.flatnonzero(shared)
        single = np.zeros((count, len(alone)))
        single[alone, np.arange(len(alone))] = np.sqrt(left[alone])
        found.append(PoolErrors(own, np.column_stack([single, *columns])))
    return found


def _rests(
    frame: Frame, pools: Pools, pool: NDArray[np.int64], member: NDArray[np.int64], label: int
) -> NDArray[np.float64]:
    """What each pair's gold passage leaves of the pool's mean residual; of a rare count, whether it was counted."""
    import numpy as np

    truth = frame.gold_labels[member, label].astype(np.float64)
    scaled = pools.power[pool, label] * frame.probability[frame.gold_rows[member], label]
    rare = pools.rare[pool, label]
    counted = np.where(rare > 0, truth, truth - 1)
    found: NDArray[np.float64] = np.where(rare != 0, counted, truth - scaled - pools.residual[pool, label])
    return found


def pool_members(frame: Frame, parts: Parts, pools: Pools) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of a pool and a gold passage in it."""
    import numpy as np

    stratum = frame.stratum_code[frame.gold_rows]
    coarse = parts.coarse_of_stratum[stratum]
    depth = pools.depth[pools.of_part]
    pool, member = [], []
    for level, (of_part, of_gold) in enumerate(
        (
            (np.arange(len(parts.cell)), parts.gold),
            (parts.stratum, stratum),
            (parts.coarse, coarse),
        )
    ):
        home = np.full(int(max(of_part.max(initial=-1), of_gold.max(initial=-1))) + 1, -1, dtype=np.int64)
        here = depth == level
        home[of_part[here]] = pools.of_part[here]
        found = home[of_gold]
        inside = np.flatnonzero(found >= 0)
        pool.append(found[inside])
        member.append(inside)
    return np.concatenate(pool), np.concatenate(member)


def correlation_of(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The correlations of a covariance; 1 with itself also where the variance is zero."""
    import numpy as np

    error = np.sqrt(np.diag(covariance))
    found: NDArray[np.float64] = covariance / np.maximum(np.outer(error, error), 1e-300)
    np.fill_diagonal(found, 1.0)  # also of a pool in which nothing was counted
    return found


def _loadings(correlation: NDArray[np.float64], shared: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Loadings of pools with these correlations and unit variance; those of a cell's own gold keep alone what they can.

    A regression takes what is alone for noise that weakens a slope, and what is common for an error of the whole.
    """
    import numpy as np

    own = ~shared
    alone = 0.0
    if own.any():
        left = correlation[np.ix_(own, own)]
        if shared.any():
            across = correlation[np.ix_(own, shared)]
            left = left - across @ np.linalg.pinv(correlation[np.ix_(shared, shared)]) @ across.T
        alone = float(np.clip(np.linalg.eigvalsh(left).min(), 0.0, 1.0))
    value, vector = np.linalg.eigh(correlation - np.diag(np.where(own, alone, 0.0)))
    kept = np.flatnonzero(value > LEAST_COMMON)[-max(LARGEST // len(value), 1) :]
    found: NDArray[np.float64] = vector[:, kept] * np.sqrt(value[kept])
    return found
