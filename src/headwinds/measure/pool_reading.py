"""What the gold of each pool says: lambda, the mean residual, its variance, and the counts where labels are rare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts, Pools
    from headwinds.measure.settings import EstimatorSettings


def read_pools(
    frame: Frame,
    parts: Parts,
    settings: EstimatorSettings,
    shape: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    members: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> Pools:
    """Read the gold into pools.

    Parameters
    ----------
    shape
        `of_part`, `depth`, `coarse` and `size` of `Pools`.
    members
        Pairs of a pool and a gold passage in it.
    """
    import numpy as np

    from headwinds.measure.gold_draws import gold_draws
    from headwinds.measure.pools import Pools, sums

    of_part, depth, coarse, size = shape
    pool, member = members
    pools = len(depth)
    count = np.bincount(pool, minlength=pools)
    draw = 1 / frame.inclusion_probability[member]
    drawn = np.bincount(pool, weights=draw, minlength=pools)
    q = (draw / drawn[pool])[:, None]
    label = frame.gold_labels[member].astype(np.float64)
    score = frame.probability[frame.gold_rows[member]]
    draws, together = gold_draws(frame)
    if together:
        pairs, home = np.unique(pool * (int(draws.max()) + 1) + draws[member], return_inverse=True)
        pool_of_draw = pairs // (int(draws.max()) + 1)
    else:
        home, pool_of_draw = np.arange(len(pool)), pool
    of_draws = np.bincount(pool_of_draw, minlength=pools)[:, None]

    def seen(events: NDArray[np.float64]) -> NDArray[np.float64]:
        """Draws that brought an event."""
        return sums(pool_of_draw, (sums(home, events, len(pool_of_draw)) > 0).astype(np.float64), pools)

    fewer = sums(pool, label, pools) <= sums(pool, 1 - label, pools)
    few = np.minimum(seen(label), seen(1 - label)) < settings.minimum_count
    if frame.kind == "score":
        few = np.zeros_like(few)
    rare = np.where(few, np.where(fewer, 1, -1), 0)
    passage_power = _passage_power(frame, parts, settings)[member]
    passage_power = np.where(few[pool], 0.0, passage_power)
    empty = np.where(count > 0, 1.0, np.nan)[:, None]
    scaled = passage_power * score
    residual = sums(pool, q * (label - scaled), pools) * empty
    rest = label - scaled - residual[pool]
    power = sums(pool, q * passage_power, pools)
    lost = np.where((power != 0) & (settings.power is None), 2, 1)
    freedom = np.maximum(of_draws - lost, 0)
    correct = np.where(freedom > 0, of_draws / np.maximum(freedom, 1), np.nan)
    effective = sums(pool, q**2, pools)
    # A passage (or a document drawn whole) that was certain to be read adds no error.
    kept = np.sqrt(1 - np.minimum(frame.inclusion_probability[member], 1.0))[:, None]
    between = sums(home, kept * q * rest, len(pool_of_draw))
    plain = count[:, None] / np.maximum(count[:, None] - lost, 1)
    squares = sums(pool, q**2 * rest**2, pools) * np.where(count[:, None] > lost, plain, np.nan)
    mean_score = sums(pool, q * scaled, pools)
    rarer = np.where(rare[pool] < 0, 1 - label, label)
    largest = np.zeros(pools)
    np.maximum.at(largest, pool, q[:, 0])
    counted = sums(home, q * rarer, len(pool_of_draw))
    if together:
        np.maximum.at(largest, pool_of_draw, counted.max(axis=1, initial=0.0))
    left = np.clip(1 - count / np.maximum(size, 1e-300), 0.0, 1.0)[:, None]
    positive = sums(pool, label, pools)
    return Pools(
        of_part=of_part,
        depth=depth,
        coarse=coarse,
        gold=count,
        size=size,
        power=power,
        residual=residual,
        residual_variance=sums(pool_of_draw, between**2, pools) * correct,
        unit_variance=np.divide(squares, effective, out=np.full_like(squares, np.nan), where=effective > 0),
        cross=2 * sums(pool, q * rest * (scaled - mean_score[pool]), pools),
        rare=rare,
        count_total=sums(pool, q * rarer, pools),
        count_variance=sums(pool_of_draw, counted**2, pools),
        count_largest=largest,
        shrink=left * (1 - np.minimum(positive, count[:, None] - positive) / np.maximum(count, 1)[:, None]),
        freedom=freedom.astype(np.float64),
    )


def _passage_power(frame: Frame, parts: Parts, settings: EstimatorSettings) -> NDArray[np.float64]:
    """Lambda of each gold passage, shape (m, L): tuned on the other folds where there are folds."""
    import numpy as np

    from headwinds.measure.gold_draws import gold_draws
    from headwinds.measure.pools import tuned_power

    shape = (len(frame.gold_rows), len(frame.label_names))
    if settings.power is not None:
        return np.full(shape, settings.power)
    coarse = parts.coarse_of_stratum[frame.stratum_code[frame.gold_rows]]
    if settings.folds < 2:
        return tuned_power(frame, parts)[coarse]
    # Counted among the draws of gold: of every fifth document read whole all codes may lie in one fold.
    fold = np.unique(gold_draws(frame)[0], return_inverse=True)[1] % settings.folds
    found = np.zeros(shape)
    for number in range(settings.folds):
        here = fold == number
        if here.any():
            found[here] = tuned_power(frame, parts, ~here)[coarse[here]]
    return found
