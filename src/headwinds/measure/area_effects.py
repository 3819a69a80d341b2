"""Cells that differ in the correction they need: their own gold and the pool's, weighted by their variances.

A pool's correction is right for the pool. If the classifier errs differently in different cells, it is wrong for each of
them, by an amount that the gold can tell: the mean residuals of the cells' own gold scatter more than their sampling
allows. The excess is the variance of the area effects (Fay and Herriot 1979). With it, a cell's correction is the best
linear mixture of what its own few gold passages say and of what the pool's regression says, and the mean squared error of
that mixture is known (Prasad and Rao 1990; Datta and Lahiri 2000): nothing has to be assumed away, and nothing is lost
where there is no excess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.context import Context
    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts, Pools
    from headwinds.measure.score_reliability import ScoreMoves

LEAST_AREAS = 8
"""Areas with gold of a stratum below which their spread is not estimated."""
LEAST_FREEDOM = 15
"""Gold draws beyond one an area below which their spread within areas is not estimated."""


@dataclass(frozen=True, slots=True)
class AreaModel:
    """A Fay-Herriot model: direct = design @ slopes + effect + error, variances of effect and error known or estimated.

    Attributes
    ----------
    effect_variance
        Of the areas.
    slopes, covariance
        Generalised least squares, shapes (k,), (k, k).
    uncertainty
        Asymptotic variance of `effect_variance`.
    """

    effect_variance: float
    slopes: NDArray[np.float64]
    covariance: NDArray[np.float64]
    uncertainty: float

    @property
    def beyond_chance(self) -> float:
        """The variance of the effects, less what chance would make of none.

        For what is added to variances that are known: half of the estimates of nothing are above nothing. It is taken down
        the more the nearer it is to half of its own standard error; where effects are there next to nothing is taken off.
        """
        squared = self.effect_variance**2
        return self.effect_variance * squared / (squared + self.uncertainty / 4)


def fit_areas(
    direct: NDArray[np.float64],
    variance: NDArray[np.float64],
    design: NDArray[np.float64],
    *,
    adjusted: bool = True,
) -> AreaModel:
    """Restricted maximum likelihood, adjusted so that the areas' variance is never estimated as zero.

    The likelihood is multiplied by ``arctan(sum of effect / (effect + error variance)) ** (1 / areas)`` (Yoshimori and
    Lahiri 2014), which leaves the estimate as good as the plain one and keeps it off the boundary.

    Parameters
    ----------
    direct, variance
        Shape (areas,): direct estimates and their known variances.
    design
        Shape (areas, k), with the constant.
    adjusted
        Without it the variance may be as good as zero: where `variance` holds all that areas are known to differ by.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar

    areas = len(direct)

    def solve(effect: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        weight = 1 / (effect + variance)
        moment = (design * weight[:, None]).T @ design
        covariance = np.asarray(np.linalg.pinv(moment), dtype=np.float64)
        return covariance @ (design.T @ (weight * direct)), covariance, moment

    def loss(logarithm: float) -> float:
        effect = float(np.exp(logarithm))
        slopes, _, moment = solve(effect)
        total = effect + variance
        rest = direct - design @ slopes
        sign, determinant = np.linalg.slogdet(moment)
        restricted = -0.5 * (
            np.log(total).sum() + (determinant if sign > 0 else 0.0) + (rest**2 / total).sum()
        )
        kept_off = np.log(np.arctan((effect / total).sum())) / areas if adjusted else 0.0
        return -float(restricted + kept_off)

    typical = float(np.median(variance))
    span = (np.log(1e-6 * typical), np.log(10 * (float(np.var(direct)) + typical)))
    grid = np.linspace(*span, 24)
    start = int(np.argmin([loss(point) for point in grid]))
    bounds = (grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)])
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    effect = float(np.exp(best.x))
    slopes, covariance, _ = solve(effect)
    return AreaModel(effect, slopes, covariance, 2 / float((1 / (effect + variance) ** 2).sum()))


def area_effects(
    frame: Frame, cells: Cells, parts: Parts, pools: Pools, means: NDArray[np.float64]
) -> Context:
    """Corrections of the parts of each stratum and label by the area model; parts of other strata are left as they are."""
    import numpy as np

    from headwinds.measure.context import Context, key_codes
    from headwinds.measure.gold_draws import gold_draws
    from headwinds.measure.score_reliability import squared_score_correlation, within_variance

    drawn = gold_draws(frame)
    within, known = within_variance(frame, parts, means), squared_score_correlation(frame, parts)
    codes = key_codes(cells, parts)
    components = 2 + (len(codes) if len(codes) > 1 else 0)
    strata, labels = len(parts.coarse_names), means.shape[1]
    shift, cell_slope = np.zeros(means.shape), np.zeros(means.shape)
    noise = np.full(means.shape, np.nan)
    error = np.zeros((*means.shape, strata * components))
    fitted, estimated = np.zeros(means.shape, dtype=bool), np.zeros(means.shape, dtype=bool)
    open_to_it = (pools.depth[pools.of_part] == 2) & (parts.sampled > 0)
    for stratum in range(strata):
        chosen = np.flatnonzero(open_to_it & (parts.coarse == stratum))
        for label in range(labels):
            if len(chosen) == 0 or pools.rare[pools.of_part[chosen[0]], label] != 0:
                continue
            direct = direct_residuals(frame, parts, pools, chosen, label, drawn)
            power = pools.power[pools.of_part[chosen], label]
            reliable = _moves(
                means[chosen, label],
                parts,
                pools,
                chosen,
                codes[:, chosen],
                direct[3],
                (float(within[stratum, label]), float(known[stratum, label])),
            )
            found = _fit_stratum(parts, chosen, power, reliable, direct)
            if found is None:
                continue
            correction, spread, roots, slope = found
            shift[chosen, label] = correction - pools.residual[pools.of_part[chosen], label]
            noise[chosen, label] = spread
            start = stratum * components
            error[chosen, label, start : start + roots.shape[1]] = roots
            cell_slope[chosen, label] = slope
            fitted[chosen, label] = True
            estimated[chosen, label] = bool(np.any(slope != 0))
    return Context(shift, error, cell_slope, estimated, noise, fitted)


def _fit_stratum(
    parts: Parts,
    chosen: NDArray[np.int64],
    power: NDArray[np.float64],
    reliable: ScoreMoves | None,
    residuals: tuple[NDArray[np.float64], NDArray[np.float64], float, NDArray[np.bool_]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None:
    """Correction, scatter of the truth about it, signed errors of the slopes, and slope on the score, by chosen part."""
    import numpy as np

    direct, error_weight, unit, has = residuals
    if int(has.sum()) < LEAST_AREAS or not unit > 0:
        return None
    design, offset = np.ones((len(chosen), 1)), np.zeros(len(chosen))
    chance = unit / np.maximum(parts.size[chosen], 1.0)
    read = unit * error_weight - chance
    left, of_scored = chance, design
    if reliable is not None:
        of_scored = np.column_stack([design, reliable.of_scored])
        design, offset = np.column_stack([design, reliable.moves]), power * reliable.offset
        # A first look at the slopes says how much a mean of few scores leaves of a share.
        first = fit_areas((direct + offset)[has], unit * error_weight[has], of_scored[has])
        squared = np.maximum(first.slopes**2 - np.diag(first.covariance), 0.0)
        left, read = np.maximum(reliable.left @ squared[1:], chance), np.maximum(read, 0.0)
    target = direct + offset
    model = fit_areas(target[has], (read + left)[has], of_scored[has], adjusted=reliable is None)
    prior = (model.effect_variance if reliable is None else model.beyond_chance) + left
    total = np.where(has, prior + read, np.inf)
    gain = np.where(has, np.minimum(prior / total, 1.0), 0.0)
    synthetic = design @ model.slopes
    away = np.where(has, target - of_scored @ model.slopes, 0.0)
    correction = synthetic + gain * away
    sampling = np.where(has, read, 0.0)
    third = np.where(has, sampling**2 / total**3 * model.uncertainty, 0.0)
    values, vectors = np.linalg.eigh(model.covariance)
    roots = (1 - gain)[:, None] * (design @ (vectors * np.sqrt(np.maximum(values, 0.0))))
    slope = np.zeros(len(chosen))
    if reliable is not None:
        slope = (1 - gain) * (model.slopes[-1] * reliable.reliability - power)
    return correction - offset, prior * (1 - gain) + 2 * third, roots, slope


def direct_residuals(
    frame: Frame,
    parts: Parts,
    pools: Pools,
    chosen: NDArray[np.int64],
    label: int,
    drawn: tuple[NDArray[np.int64], bool],
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, NDArray[np.bool_]]:
    """Mean residual of each part's own gold, the sum of its squared weights, and the variance of one residual.

    The variance is pooled over the parts, as a handful of labels cannot tell its own; where gold was drawn several
    passages at a time (`drawn`, see `gold_draws`) it is that between draws.
    """
    import numpy as np

    areas = len(chosen)
    place = np.full(len(parts.cell), -1)
    place[chosen] = np.arange(areas)
    gold = np.flatnonzero(place[parts.gold] >= 0)
    area = place[parts.gold[gold]]
    weight = 1 / frame.inclusion_probability[gold]
    total = np.bincount(area, weights=weight, minlength=areas)
    q = weight / total[area]
    power = pools.power[pools.of_part[chosen], label][area]
    residual = (
        frame.gold_labels[gold, label].astype(np.float64)
        - power * frame.probability[frame.gold_rows[gold], label]
    )
    direct: NDArray[np.float64] = np.bincount(area, weights=q * residual, minlength=areas).astype(np.float64)
    rest = residual - direct[area]
    squared: NDArray[np.float64] = np.bincount(area, weights=q**2, minlength=areas).astype(np.float64)
    below = float((weight * (1 - q)).sum())
    has = total > 0
    draws, together = drawn
    pairs, home = np.unique(area * (int(draws.max(initial=0)) + 1) + draws[gold], return_inverse=True)
    count = np.bincount(pairs // (int(draws.max(initial=0)) + 1), minlength=areas)
    freedom = int(np.maximum(count - 1, 0).sum())
    if freedom < LEAST_FREEDOM or below <= 0:
        return direct, squared, 0.0, has
    unit = float((weight * rest**2).sum()) / below
    if together:
        several = count > 1
        of_draw = pairs // (int(draws.max(initial=0)) + 1)
        inside = np.bincount(home, weights=q * rest) ** 2
        between = np.bincount(of_draw, weights=inside, minlength=areas) * count / np.maximum(count - 1, 1)
        unit *= max(1.0, float(between[several].sum() / (unit * squared[several].sum())))
    return direct, squared, unit, has


def _moves(
    means: NDArray[np.float64],
    parts: Parts,
    pools: Pools,
    chosen: NDArray[np.int64],
    codes: NDArray[np.int64],
    has: NDArray[np.bool_],
    scores: tuple[float, float],
) -> ScoreMoves | None:
    """As many components of the mean score as the areas with gold can bear (see `context`), by their reliability."""
    import numpy as np

    from headwinds.measure.context import LEAST_CELLS, score_components
    from headwinds.measure.score_reliability import reliable_moves

    areas = int(has.sum())
    if areas < 2 * LEAST_AREAS:
        return None
    used = codes if areas >= LEAST_CELLS else codes[:0]
    there = (parts.size[chosen], pools.of_part[chosen], used)
    components = score_components(means, *there)
    found = reliable_moves(components, parts.sampled[chosen].astype(np.float64), *there, *scores)
    inside = found.moves[has] - found.moves[has].mean(axis=0)
    scale = np.abs(means).max(initial=0.0) + 1e-12
    useful = np.linalg.matrix_rank(inside / scale, tol=1e-6) == found.moves.shape[1]
    return found if useful else None
