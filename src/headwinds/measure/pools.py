"""Which gold corrects which part of which cell, and what that gold says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.stratum_names import stratum_values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame
    from headwinds.measure.settings import EstimatorSettings

POOL_NAMES = ("", "period", "corpus")


@dataclass(frozen=True, slots=True)
class Parts:
    """The non-empty combinations of cell and design stratum: Q rows.

    Attributes
    ----------
    cell, stratum, coarse
        Shape (Q,): which cell, design stratum, and stratum proper.
    size
        Shape (Q,): passages of the population, known or by weight.
    share
        Shape (Q,): `size` over the cell's size.
    sampled
        Shape (Q,): passages in the sample.
    row, gold
        Shapes (n,), (m,): the part of each passage and of each gold passage.
    stratum_size, stratum_fraction
        Shape (H,): population of each design stratum; share of it that was sampled and scored.
    coarse_of_stratum, coarse_names
        The stratum proper of each design stratum, and its name.
    known
        Whether the sizes are counts rather than estimates.
    """

    cell: NDArray[np.int64]
    stratum: NDArray[np.int64]
    coarse: NDArray[np.int64]
    size: NDArray[np.float64]
    share: NDArray[np.float64]
    sampled: NDArray[np.int64]
    row: NDArray[np.int64]
    gold: NDArray[np.int64]
    stratum_size: NDArray[np.float64]
    stratum_fraction: NDArray[np.float64]
    coarse_of_stratum: NDArray[np.int64]
    coarse_names: tuple[str, ...]
    known: bool


@dataclass(frozen=True, slots=True)
class Pools:
    """Sets of gold passages that give one correction each: P pools, L labels.

    Attributes
    ----------
    of_part
        Shape (Q,): the pool that corrects each part.
    depth
        Shape (P,): 0 the cell's own gold, 1 its design stratum's, 2 the stratum's over all periods.
    coarse, gold, size
        Shape (P,): stratum proper, labelled passages, population.
    power
        Shape (P, L): the weight lambda of the prediction.
    residual
        Shape (P, L): design-weighted mean of label minus lambda times probability.
    residual_variance, unit_variance
        Shape (P, L): variance of that mean; variance of one passage's residual. NaN where undefined.
    cross
        Shape (P, L): twice the covariance of lambda x probability and residual of one passage.
    rare
        Shape (P, L): +1 where positives are too few for a normal interval, -1 where negatives are, else 0.
    count_total, count_variance, count_largest
        Shapes (P, L), (P, L), (P,): of the rarer outcome, sums of q and q squared; the largest q (q sum to one).
    shrink
        Shape (P, L): what finite population and binomial variance leave of the Poisson variance of a count.
    freedom
        Shape (P, L): degrees of freedom of `residual_variance`, draws of gold less what was fitted.
    """

    of_part: NDArray[np.int64]
    depth: NDArray[np.int64]
    coarse: NDArray[np.int64]
    gold: NDArray[np.int64]
    size: NDArray[np.float64]
    power: NDArray[np.float64]
    residual: NDArray[np.float64]
    residual_variance: NDArray[np.float64]
    unit_variance: NDArray[np.float64]
    cross: NDArray[np.float64]
    rare: NDArray[np.int64]
    count_total: NDArray[np.float64]
    count_variance: NDArray[np.float64]
    count_largest: NDArray[np.float64]
    shrink: NDArray[np.float64]
    freedom: NDArray[np.float64]


def sums(group: NDArray[np.int64], values: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Sums of the columns of `values` (rows, L) by group, shape (groups, L)."""
    import numpy as np

    found = np.zeros((groups, values.shape[1]))
    for place, column in enumerate(values.T):
        found[:, place] = np.bincount(group, weights=column, minlength=groups)
    return found


def coarse_strata(frame: Frame) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The stratum proper of each design stratum (the part before " / "), and the names."""
    import numpy as np

    heads = [stratum_values(name)[0] for name in frame.stratum_names]
    names = tuple(sorted(set(heads)))
    return np.array([names.index(head) for head in heads], dtype=np.int64), names


def make_parts(frame: Frame, cells: Cells) -> Parts:
    """Cross cells with design strata, with the population's size of each crossing."""
    import numpy as np

    from headwinds.measure.encode import renumber

    strata = len(frame.stratum_names)
    code = cells.code * strata + frame.stratum_code
    population, known = frame.population, cells.population_code is not None
    if population is not None and cells.population_code is not None:
        place = {name: number for number, name in enumerate(frame.stratum_names)}
        names = [str(name) for name in np.asarray(population.strata)]
        kept = np.array([name in place for name in names])
        other = np.array([place.get(name, 0) for name in names])
        other = (cells.population_code * strata + other)[kept]
        distinct, place_of = renumber(np.concatenate([code, other]), len(cells) * strata)
        row = place_of[: len(code)]
        weights = np.asarray(population.count, dtype=np.float64)[kept]
        size = np.bincount(place_of[len(code) :], weights=weights, minlength=len(distinct))
    else:
        distinct, row = renumber(code, len(cells) * strata)
        size = np.bincount(row, weights=frame.weight, minlength=len(distinct))
    cell, stratum = distinct // strata, distinct % strata
    cell_size = np.bincount(cell, weights=size, minlength=len(cells))
    stratum_size = np.bincount(stratum, weights=size, minlength=strata)
    coarse_of_stratum, coarse_names = coarse_strata(frame)
    return Parts(
        cell=cell,
        stratum=stratum,
        coarse=coarse_of_stratum[stratum],
        size=size.astype(np.float64),
        share=size / np.where(cell_size > 0, cell_size, np.nan)[cell],
        sampled=np.bincount(row, minlength=len(distinct)),
        row=row,
        gold=row[frame.gold_rows],
        stratum_size=stratum_size.astype(np.float64),
        stratum_fraction=np.minimum(1.0, np.bincount(frame.stratum_code, minlength=strata) / stratum_size),
        coarse_of_stratum=coarse_of_stratum,
        coarse_names=coarse_names,
        known=known,
    )


def _depths(frame: Frame, parts: Parts, settings: EstimatorSettings) -> NDArray[np.int64]:
    """How far each part must go for its correction, shape (Q,)."""
    import numpy as np

    own = np.bincount(parts.gold, minlength=len(parts.cell))
    if not settings.pooling:
        return np.zeros(len(parts.cell), dtype=np.int64)
    in_stratum = np.bincount(frame.stratum_code[frame.gold_rows], minlength=len(frame.stratum_names))[
        parts.stratum
    ]
    whole = np.isclose(parts.size, parts.stratum_size[parts.stratum])
    periods = np.bincount(parts.coarse_of_stratum)[parts.coarse]
    enough = (own >= settings.minimum_gold) | (whole & (own >= 2))
    near = (in_stratum >= settings.minimum_gold) | (periods == 1)
    depth = np.where(enough, 0, np.where(near, 1, 2))
    if settings.area_effects:
        # One model a stratum: every part takes part in it, those with much gold nearly by themselves.
        modelled = modelled_strata(frame, parts, settings.minimum_count)
        depth = np.where(modelled[parts.coarse] & ~whole, 2, depth)
    return depth.astype(np.int64)


def modelled_strata(frame: Frame, parts: Parts, minimum_count: int) -> NDArray[np.bool_]:
    """The strata proper whose gold can bear a model of how cells differ, shape (strata proper,).

    It stands in enough cells, and no label is rare in it. A rare label takes one correction for all that is pooled, and with
    no model of how cells differ the years of one period must not take that of all periods: a change from one period to the
    next would then seem to be known where nothing was seen of it. Where the design has no periods there is only one
    correction to take, and one label that is not rare is enough.
    """
    import numpy as np

    from headwinds.measure.area_effects import LEAST_AREAS
    from headwinds.measure.gold_draws import gold_draws

    strata = len(parts.coarse_names)
    own = np.bincount(parts.gold, minlength=len(parts.cell))
    areas = np.bincount(parts.coarse, weights=own > 0, minlength=strata)
    if frame.kind == "score":
        return areas >= LEAST_AREAS
    draws, together = gold_draws(frame)
    coarse = parts.coarse_of_stratum[frame.stratum_code[frame.gold_rows]]
    enough = np.zeros((strata, len(frame.label_names)), dtype=bool)
    for stratum in range(strata):
        here = coarse == stratum
        for label in range(len(frame.label_names)):
            held = frame.gold_labels[here, label].astype(bool)
            sides = (draws[here][held], draws[here][~held])
            seen = min(len(np.unique(side)) if together else len(side) for side in sides)
            enough[stratum, label] = seen >= minimum_count
    periods = np.bincount(parts.coarse_of_stratum, minlength=strata)
    return (areas >= LEAST_AREAS) & np.where(periods == 1, enough.any(axis=1), enough.all(axis=1))


def tuned_power(frame: Frame, parts: Parts, read: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Lambda per stratum proper and label, shape (strata, L): slope of label on probability within design strata.

    Gold here is part of the scored sample; the minimiser of the variance in lambda (Angelopoulos, Duchi and Zrnic 2023,
    PPI++, proposition 2) is then the regression coefficient itself. Where a design stratum's gold was drawn with unequal
    probabilities, passages weigh by the square of what they stand for, as they do in that variance. Kept within [0, 2].

    Parameters
    ----------
    read
        Shape (m,): which gold passages to look at; None for all.
    """
    import numpy as np

    rows = np.arange(len(frame.gold_rows)) if read is None else np.flatnonzero(read)
    stratum = frame.stratum_code[frame.gold_rows[rows]]
    strata = len(frame.stratum_names)
    count = np.maximum(np.bincount(stratum, minlength=strata), 1)
    draw = 1 / frame.inclusion_probability[rows]
    total = np.bincount(stratum, weights=draw, minlength=strata)
    relative = draw * (count / np.where(total > 0, total, 1.0))[stratum]
    share = (relative / count[stratum])[:, None]
    label = frame.gold_labels[rows].astype(np.float64)
    score = frame.probability[frame.gold_rows[rows]]
    label = label - sums(stratum, share * label, strata)[stratum]
    score = score - sums(stratum, share * score, strata)[stratum]
    weight = ((parts.stratum_size / count)[stratum] * relative**2)[:, None]
    coarse, groups = parts.coarse_of_stratum[stratum], len(parts.coarse_names)
    above, below = sums(coarse, weight * label * score, groups), sums(coarse, weight * score**2, groups)
    return np.clip(np.divide(above, below, out=np.zeros_like(above), where=below > 1e-12), 0.0, 2.0)


def make_pools(frame: Frame, parts: Parts, settings: EstimatorSettings) -> Pools:
    """Choose each part's pool and read the gold in it."""
    import numpy as np

    from headwinds.measure.pool_reading import read_pools

    parts_count, strata = len(parts.cell), len(frame.stratum_names)
    depth_of_part = _depths(frame, parts, settings)
    wanted = np.choose(
        depth_of_part,
        [np.arange(parts_count), parts_count + parts.stratum, parts_count + strata + parts.coarse],
    )
    keys, of_part = np.unique(wanted, return_inverse=True)
    stratum = frame.stratum_code[frame.gold_rows]
    homes = np.concatenate(
        [parts.gold, parts_count + stratum, parts_count + strata + parts.coarse_of_stratum[stratum]]
    )
    member = np.tile(np.arange(len(frame.gold_rows)), 3)
    place = np.minimum(np.searchsorted(keys, homes), len(keys) - 1)
    inside = keys[place] == homes
    pool, member = place[inside], member[inside]
    depth = np.zeros(len(keys), dtype=np.int64)
    depth[of_part] = depth_of_part
    coarse = np.zeros(len(keys), dtype=np.int64)
    coarse[of_part] = parts.coarse
    coarse_size = np.bincount(parts.coarse, weights=parts.size, minlength=len(parts.coarse_names))
    size = np.zeros(len(keys))
    size[of_part] = np.choose(
        depth_of_part, [parts.size, parts.stratum_size[parts.stratum], coarse_size[parts.coarse]]
    )
    return read_pools(frame, parts, settings, (of_part, depth, coarse, size), (pool, member))
