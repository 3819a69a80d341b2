"""How far a cell's mean score says more of its share than a passage's score says of its label.

A correction learnt from a pool of gold makes the pool's total right whatever the classifier does. It makes each cell of
the pool right only if label minus lambda x score is the same in all of them on average, and it is not: errors of single
passages average out in a cell's mean, so that where shares truly differ, the mean score of a cell tells more than lambda
allows, and cells corrected with lambda alone are drawn to the pool's mean. A regression on such an index overstates its
slope (by four tenths in the simulation that the tests run).

So the gold's residuals are regressed on the mean score of the cell in which each gold passage stands, a contextual effect
(Cronbach 1976; Mundlak 1978), and each cell is moved by the slope. What is then left of the truth is unrelated to the
index, which is what regression calibration needs (Carroll, Ruppert, Stefanski and Crainiceanu 2006, chapter 4). By several
keys, say country and year, there is a slope for the mean of each key's value and one for what they leave of the cell: an
average over many cells is less noisy than a cell, and a regression with fixed effects lives on what they leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts, Pools
    from headwinds.measure.score_reliability import ScoreMoves

LEAST_GOLD = 100
LEAST_CELLS = 30
LEAST_CLUSTERS = 10


@dataclass(frozen=True, slots=True)
class Context:
    """What mean scores add to the corrections of parts that borrow.

    Attributes
    ----------
    shift
        Shape (Q, L): what is added to each part's share. It adds up to zero over a pool.
    error
        Shape (Q, L, strata x components): what one standard error of each (rotated) slope adds, signed.
    cell_slope
        Shape (Q, L): the slope on what is the cell's own in its mean score.
    estimated
        Shape (Q, L): where a slope was estimated.
    noise
        Shape (Q, L): variance of a part's truth about its correction; NaN where that is for the pool to say.
    fitted
        Shape (Q, L): where `error` holds all of the error of the correction, the pool's own included.
    """

    shift: NDArray[np.float64]
    error: NDArray[np.float64]
    cell_slope: NDArray[np.float64]
    estimated: NDArray[np.bool_]
    noise: NDArray[np.float64]
    fitted: NDArray[np.bool_]


def contextual_effects(
    frame: Frame, cells: Cells, parts: Parts, pools: Pools, means: NDArray[np.float64], *, estimate: bool
) -> Context:
    """Estimate the slopes per stratum and label, their covariance clustered by cell and by every key.

    Parameters
    ----------
    means
        Shape (Q, L): mean probability of each part.
    estimate
        Whether to; without it nothing is added. Nothing is added either to parts that their own gold corrects, to rare
        counts, and in a stratum with fewer than 100 gold passages in cells that borrow or fewer than 30 such cells.
    """
    import numpy as np

    from headwinds.measure.area_effects import direct_residuals
    from headwinds.measure.gold_draws import gold_draws
    from headwinds.measure.score_reliability import reliable_moves, squared_score_correlation, within_variance

    drawn = gold_draws(frame)
    borrows = (pools.depth[pools.of_part] > 0) & (parts.sampled > 0)
    open_to_it = borrows[:, None] & (pools.rare[pools.of_part] == 0)
    codes = key_codes(cells, parts)
    components = len(codes) + 1 if len(codes) > 1 else 1
    strata, labels = len(parts.coarse_names), means.shape[1]
    shift, cell_slope = np.zeros(means.shape), np.zeros(means.shape)
    noise = np.full(means.shape, np.nan)
    error = np.zeros((*means.shape, strata * components))
    estimate = estimate and len(frame.gold_rows) >= LEAST_GOLD
    within = known = np.zeros((strata, labels))
    if estimate:
        within, known = within_variance(frame, parts, means), squared_score_correlation(frame, parts)
    for stratum in range(strata) if estimate else ():
        for label in range(labels):
            chosen = np.flatnonzero(open_to_it[:, label] & (parts.coarse == stratum))
            there = (parts.size[chosen], pools.of_part[chosen], codes[:, chosen])
            reliable = reliable_moves(
                score_components(means[chosen, label], *there),
                parts.sampled[chosen].astype(np.float64),
                *there,
                within[stratum, label],
                known[stratum, label],
            )
            moves = reliable.moves
            power = pools.power[pools.of_part[chosen], label]
            found = _slopes(frame, parts, pools, chosen, reliable, codes, label)
            if found is None:
                continue
            slopes, covariance = found
            values, vectors = np.linalg.eigh(covariance)
            root = vectors * np.sqrt(np.maximum(values, 0.0))
            shift[chosen, label] = moves @ slopes - power * reliable.offset
            cell_slope[chosen, label] = slopes[-1] * reliable.reliability - power
            error[chosen, label, stratum * components : (stratum + 1) * components] = moves @ root
            direct = direct_residuals(frame, parts, pools, chosen, label, drawn)
            squared_slopes = np.maximum(slopes**2 - np.diag(covariance), 0.0)
            noise[chosen, label] = _scatter(parts, chosen, reliable, power, squared_slopes, direct)
    return Context(shift, error, cell_slope, cell_slope != 0, noise, np.zeros(means.shape, dtype=bool))


def _scatter(
    parts: Parts,
    chosen: NDArray[np.int64],
    reliable: ScoreMoves,
    power: NDArray[np.float64],
    squared_slopes: NDArray[np.float64],
    residuals: tuple[NDArray[np.float64], NDArray[np.float64], float, NDArray[np.bool_]],
) -> NDArray[np.float64]:
    """Variance of the chosen parts' truth about the line: what their mean scores leave, and what the gold says beyond it.

    A mean of few scores tells only a part of a share (`score_reliability`). The rest is the variance of the area effects
    about the line (see `area_effects`); NaN where the gold is too little to say.
    """
    import numpy as np

    from headwinds.measure.area_effects import LEAST_AREAS, fit_areas

    direct, squared, unit, has = residuals
    if int(has.sum()) < LEAST_AREAS or not unit > 0:
        return np.full(len(chosen), np.nan)
    design = np.column_stack([np.ones(len(chosen)), reliable.of_scored])
    chance = unit / np.maximum(parts.size[chosen], 1.0)
    left = np.maximum(reliable.left @ squared_slopes, chance)
    read = np.maximum(unit * squared - chance, 0.0)
    target = direct + power * reliable.offset
    model = fit_areas(target[has], (read + left)[has], design[has], adjusted=False)
    found: NDArray[np.float64] = model.beyond_chance + left
    return found


def key_codes(cells: Cells, parts: Parts) -> NDArray[np.int64]:
    """The code of each key's value, shape (keys, Q)."""
    import numpy as np

    columns = [
        np.unique([str(value[place]) for value in cells.values], return_inverse=True)[1][parts.cell]
        for place in range(len(cells.keys))
    ]
    return np.array(columns, dtype=np.int64).reshape(len(columns), len(parts.cell))


def score_components(
    mean: NDArray[np.float64], size: NDArray[np.float64], pool: NDArray[np.int64], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean scores about their pool's, by key and what they leave, shape (parts, components); each sums to zero in a pool."""
    import numpy as np

    def about(
        values: NDArray[np.float64], group: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        _, home = np.unique(group, return_inverse=True)
        level = (np.bincount(home, weights=size * values) / np.bincount(home, weights=size))[home]
        return values - level, level

    if len(mean) == 0:
        return np.zeros((0, 1))
    rest, _ = about(mean, pool)
    if len(codes) < 2:
        return rest[:, None]
    margins = [about(rest, code)[1] for code in codes]
    columns = [*margins, rest - np.sum(margins, axis=0)]
    return np.column_stack([about(column, pool)[0] for column in columns])


def _slopes(
    frame: Frame,
    parts: Parts,
    pools: Pools,
    chosen: NDArray[np.int64],
    reliable: ScoreMoves,
    codes: NDArray[np.int64],
    label: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Slopes and their covariance from the gold in the chosen parts; None if it is too little."""
    import numpy as np

    place = np.full(len(parts.cell), -1)
    place[chosen] = np.arange(len(chosen))
    gold = np.flatnonzero(place[parts.gold] >= 0)
    part = parts.gold[gold]
    if len(gold) < LEAST_GOLD or len(np.unique(part)) < LEAST_CELLS:
        return None
    weight = 1 / frame.inclusion_probability[gold]
    # What the score's place within its cell leaves of the label: the cell's mean score is for the line to weigh.
    inside = frame.probability[frame.gold_rows[gold], label] - reliable.offset[place[part]]
    residual = frame.gold_labels[gold, label] - pools.power[pools.of_part[part], label] * inside
    _, home = np.unique(pools.of_part[part], return_inverse=True)
    share = np.bincount(home, weights=weight)
    design = np.column_stack([residual, reliable.of_scored[place[part]]])
    design = design - np.column_stack(
        [(np.bincount(home, weights=weight * column) / share)[home] for column in design.T]
    )
    residual, moved = design[:, 0], design[:, 1:]
    moment = (moved * weight[:, None]).T @ moved
    if np.linalg.eigvalsh(moment).min() <= 1e-12 * np.trace(moment):
        return None
    bread = np.linalg.inv(moment)
    slopes = bread @ (moved.T @ (weight * residual))
    score = moved * (weight * (residual - moved @ slopes))[:, None]
    return slopes, bread @ _meat(score, part, codes[:, part]) @ bread


def _meat(
    score: NDArray[np.float64], cell: NDArray[np.int64], codes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Clustered by every key at once (Cameron, Gelbach, Miller 2011), and never less than by cell."""
    import numpy as np

    def by(group: NDArray[np.int64]) -> tuple[NDArray[np.float64], int]:
        _, home = np.unique(group, return_inverse=True)
        total = np.column_stack([np.bincount(home, weights=column) for column in score.T])
        clusters = len(total)
        return total.T @ total * clusters / max(clusters - 1, 1), clusters

    base, _ = by(cell)
    extra = (
        [meat - base for meat, clusters in map(by, codes) if clusters >= LEAST_CLUSTERS]
        if len(codes) > 1
        else []
    )
    values, vectors = np.linalg.eigh(np.sum([*extra, np.zeros_like(base)], axis=0))
    found: NDArray[np.float64] = base + (vectors * np.maximum(values, 0.0)) @ vectors.T
    return found
