"""An estimate taken apart: what each stratum and each pool of gold adds to each cell, in value and in variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts, Pools
    from headwinds.measure.settings import EstimatorSettings


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Terms are the combinations of cell and pool: T rows, L labels, C cells.

    Attributes
    ----------
    value
        Shape (C, L).
    cell, pool, share
        Shape (T,): the cell and pool of a term, and the share of the cell's passages that the pool corrects.
    sampling
        Shape (T, L): variance from the cell's own sampling and scatter, without counts.
    scatter
        Shape (T, L): the part of `sampling` by which the truth of a cell scatters about its estimate (Berkson 1950):
        that about the pool's correction; and, where the contextual slope was estimated, all of it, as the slope is
        that of the truth on the scores as they were seen.
    correction
        Shape (T, L): variance of the pool's correction, without counts.
    counted
        Shape (T, L): variance implied for a rare count (Jeffreys: half an event more than was seen).
    slope_error
        Shape (C, L, slopes): error of each cell by one standard error of each contextual slope, signed.
    slope_stratum
        Shape (slopes,): the stratum proper of each.
    """

    parts: Parts
    pools: Pools
    value: NDArray[np.float64]
    cell: NDArray[np.int64]
    pool: NDArray[np.int64]
    share: NDArray[np.float64]
    sampling: NDArray[np.float64]
    scatter: NDArray[np.float64]
    correction: NDArray[np.float64]
    counted: NDArray[np.float64]
    slope_error: NDArray[np.float64]
    slope_stratum: NDArray[np.int64]


def decompose(frame: Frame, cells: Cells, settings: EstimatorSettings) -> Decomposition:
    """The stratified difference estimator: share = sum over strata of size share x (lambda x mean score + residual).

    Särndal, Swensson and Wretman (1992), chapters 6 and 9 (difference and two-phase estimators); Angelopoulos, Duchi
    and Zrnic (2023) for the tuned lambda.
    """
    import numpy as np

    from headwinds.measure.area_effects import area_effects
    from headwinds.measure.context import contextual_effects
    from headwinds.measure.pools import make_parts, make_pools, sums
    from headwinds.measure.scores import mean_scores, score_variance

    parts = make_parts(frame, cells)
    pools = make_pools(frame, parts, settings)
    means = mean_scores(frame, parts, frame.probability)
    if settings.area_effects:
        context = area_effects(frame, cells, parts, pools, means)
    else:
        context = contextual_effects(
            frame, cells, parts, pools, means, estimate=settings.contextual and settings.power is None
        )
    power = pools.power[pools.of_part]
    used = power != 0
    corrected = np.where(used, power * means, 0.0) + context.shift + pools.residual[pools.of_part]
    share = parts.share[:, None]
    present = share > 0
    value = sums(parts.cell, np.where(present, share * corrected, 0.0), len(cells))
    empty = np.bincount(parts.cell, weights=parts.size, minlength=len(cells)) <= 0
    value[empty] = np.nan
    phase_one = score_variance(
        frame,
        parts,
        frame.probability,
        power + context.cell_slope,
        np.nan_to_num(corrected - value[parts.cell]),
        cluster=settings.cluster_by_document,
    )
    cross = (
        np.where(used, pools.cross[pools.of_part], 0.0) * (1 - parts.stratum_fraction)[parts.stratum][:, None]
    )
    cross = share**2 * cross / np.maximum(parts.sampled, 1)[:, None]
    noise = np.where(np.isnan(context.noise), _own_noise(parts, pools), context.noise)
    scatter = np.where(present, noise * share**2, 0.0)
    seen = np.where(present, np.maximum(phase_one + cross, 0.0), 0.0)
    sampling = seen + scatter
    scatter = scatter + np.where(context.estimated, seen, 0.0)
    moved = np.where(present[:, :, None], share[:, :, None] * context.error, 0.0)
    labels, slopes = moved.shape[1:]
    slope_error = sums(parts.cell, moved.reshape(len(moved), -1), len(cells)).reshape(
        len(cells), labels, slopes
    )
    code = parts.cell * len(pools.depth) + pools.of_part
    terms, home = np.unique(code, return_inverse=True)
    cell, pool = terms // len(pools.depth), terms % len(pools.depth)
    term_share = np.bincount(home, weights=np.nan_to_num(parts.share), minlength=len(terms))
    squared = (term_share**2)[:, None]
    rare = pools.rare[pool] != 0
    fitted = sums(home, context.fitted.astype(np.float64), len(terms)) > 0
    normal = np.where(rare | fitted | (squared == 0), 0.0, squared * pools.residual_variance[pool])
    implied = pools.count_variance[pool] + 0.5 * (pools.count_largest[pool] ** 2)[:, None]
    return Decomposition(
        parts=parts,
        pools=pools,
        value=value,
        cell=cell,
        pool=pool,
        share=term_share.astype(np.float64),
        sampling=sums(home, sampling, len(terms)),
        scatter=sums(home, scatter, len(terms)),
        correction=normal,
        slope_error=slope_error,
        slope_stratum=np.arange(slopes) // (slopes // len(parts.coarse_names)),
        counted=np.where(rare, squared * implied * pools.shrink[pool], 0.0),
    )


def _own_noise(parts: Parts, pools: Pools) -> NDArray[np.float64]:
    """Variance of a part's true mean residual about its pool's, shape (Q, L): zero where its own gold corrects it.

    Exchangeable residuals in a pool of N, a part of size n: S^2 (1/n - 1/N).
    """
    import numpy as np

    seen = (pools.count_total * np.maximum(pools.gold, 1)[:, None] + 0.5) / (pools.gold + 1.0)[:, None]
    unit = np.where(pools.rare != 0, seen * (1 - np.minimum(seen, 1)), pools.unit_variance)[pools.of_part]
    gap = 1 / np.maximum(parts.size, 1e-300) - 1 / np.maximum(pools.size, 1e-300)[pools.of_part]
    pooled = (pools.depth[pools.of_part] > 0) & (parts.size > 0)
    noise: NDArray[np.float64] = np.where(pooled[:, None], unit * np.maximum(gap, 0.0)[:, None], 0.0)
    return noise


def interval(
    parts: Decomposition,
    level: float,
    *,
    without: int | None = None,
    more: tuple[int, float] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bounds, shape (C, L): normal parts and rare counts combined by MOVER.

    Zou and Donner (2008, Statistics in Medicine 27): the squared distances to the bounds add up. The normal parts use
    Student's t with Satterthwaite's (1946) degrees of freedom, those of the gold.

    Parameters
    ----------
    without
        Leave out a stratum's variance, as if it were known.
    more
        A stratum, and the factor by which the variance of its corrections shrinks with more gold.
    """
    import numpy as np
    from scipy.special import stdtrit

    from headwinds.measure.pools import sums
    from headwinds.measure.rare_events import weighted_count_interval

    pools, cells = parts.pools, len(parts.value)
    coarse = pools.coarse[parts.pool]
    keep = np.where(coarse == without, 0.0, 1.0) if without is not None else np.ones(len(parts.cell))
    scale = np.where(coarse == more[0], more[1], 1.0) if more is not None else np.ones(len(parts.cell))
    normal = sums(parts.cell, keep[:, None] * (parts.sampling + scale[:, None] * parts.correction), cells)
    weight = np.where(parts.slope_stratum == without, 0.0, 1.0)
    if more is not None:
        weight = np.where(parts.slope_stratum == more[0], more[1] * weight, weight)
    normal = normal + parts.slope_error**2 @ weight
    correction = keep[:, None] * scale[:, None] * parts.correction
    freedom = np.maximum(pools.freedom[parts.pool], 1e-9)
    loose = sums(parts.cell, correction**2 / freedom, cells)
    freedom = np.divide(normal**2, loose, out=np.full_like(normal, 1e9), where=loose > 0)
    below = above = stdtrit(np.clip(freedom, 1.0, 1e9), (1 + level) / 2) ** 2 * normal
    share = (keep * parts.share)[:, None]
    rough = pools.count_variance[parts.pool] + 0.5 * (pools.count_largest[parts.pool] ** 2)[:, None]
    for sign in (1, -1):
        here = pools.rare[parts.pool] == sign
        if not here.any():
            continue
        total = sums(parts.cell, np.where(here, share * pools.count_total[parts.pool], 0.0), cells)
        spread = share**2 * scale[:, None]
        variance = sums(parts.cell, np.where(here, spread * pools.count_variance[parts.pool], 0.0), cells)
        largest = np.zeros_like(total)
        np.maximum.at(
            largest,
            parts.cell,
            np.where(here, share * (scale * pools.count_largest[parts.pool])[:, None], 0.0),
        )
        poisson = sums(parts.cell, np.where(here, share**2 * rough, 0.0), cells)
        exact = sums(parts.cell, keep[:, None] * np.where(here, parts.counted, 0.0), cells)
        shrink = np.divide(exact, poisson, out=np.zeros_like(exact), where=poisson > 0)
        lower, upper = weighted_count_interval(total, variance, largest, level)
        down, up = shrink * (total - lower) ** 2, shrink * (upper - total) ** 2
        below, above = below + (down if sign > 0 else up), above + (up if sign > 0 else down)
    low, high = parts.value - np.sqrt(below), parts.value + np.sqrt(above)
    # A bound outside [0, 1] says nothing more than the end of the range does.
    return np.where(high > 0, np.maximum(low, 0.0), low), np.where(low < 1, np.minimum(high, 1.0), high)
