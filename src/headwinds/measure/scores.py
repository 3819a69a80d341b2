"""Phase one: the mean probability of each part of each cell, and its variance from the sampling of passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame
    from headwinds.measure.pools import Parts


def mean_scores(frame: Frame, parts: Parts, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted mean of `score` (n, L) in each part, shape (Q, L); NaN where nothing was sampled."""
    import numpy as np

    from headwinds.measure.pools import sums

    weight = np.bincount(parts.row, weights=frame.weight, minlength=len(parts.cell))
    total = sums(parts.row, frame.weight[:, None] * score, len(parts.cell))
    return np.divide(total, weight[:, None], out=np.full_like(total, np.nan), where=weight[:, None] > 0)


def score_variance(
    frame: Frame,
    parts: Parts,
    score: NDArray[np.float64],
    power: NDArray[np.float64],
    centre: NDArray[np.float64],
    *,
    cluster: bool,
) -> NDArray[np.float64]:
    """Variance that each part's sampling gives its cell's share, shape (Q, L).

    Parameters
    ----------
    power, centre
        Shape (Q, L): the part's lambda, and its corrected mean minus the cell's share, which matters where the sizes
        are estimated (Hajek linearisation: the residual of a passage is lambda x (score - mean) + centre).
    cluster
        Take passages of one document as one draw.

    Notes
    -----
    With known sizes the part is post-stratified; where it holds fewer than two clusters, its stratum's pooled variance
    within parts stands in. Design strata that were taken whole contribute nothing.
    """
    import numpy as np

    from headwinds.measure.pools import sums

    count, strata = len(parts.cell), len(parts.stratum_size)
    group = frame.document_code if cluster else np.arange(len(frame), dtype=np.int64)
    code, home = np.unique(parts.row * (int(group.max()) + 1) + group, return_inverse=True)
    part = code // (int(group.max()) + 1)
    means = np.nan_to_num(mean_scores(frame, parts, score))
    weight = np.bincount(home, weights=frame.weight, minlength=len(code))[:, None]
    total = sums(home, frame.weight[:, None] * score, len(code)) - means[part] * weight
    clusters = np.bincount(part, minlength=count)
    fraction = (1 - parts.stratum_fraction)[parts.stratum][:, None]
    part_weight = np.bincount(parts.row, weights=frame.weight, minlength=count)[:, None]
    cell_weight = np.bincount(parts.cell, weights=parts.size)[parts.cell][:, None]
    if parts.known:
        squares = sums(part, total**2, count)
        enough = (clusters >= 2)[:, None]
        inflate = (clusters / np.maximum(clusters - 1, 1))[:, None]
        own = squares * inflate / np.where(part_weight > 0, part_weight, 1) ** 2
        spread = sums(parts.row, (score - means[parts.row]) ** 2, count)
        pooled = sums(parts.stratum, spread, strata)
        freedom = np.bincount(parts.stratum, weights=np.maximum(parts.sampled - 1, 0), minlength=strata)[
            :, None
        ]
        unit = np.divide(pooled, freedom, out=np.full_like(pooled, np.nan), where=freedom > 0)
        borrowed = unit[parts.stratum] / np.maximum(parts.sampled, 1)[:, None]
        return (
            np.where(fraction > 0, np.where(enough, own, borrowed) * fraction, 0.0)
            * power**2
            * parts.share[:, None] ** 2
        )
    drawn = power[part] * total + centre[part] * weight
    everywhere = np.bincount(parts.stratum, weights=clusters, minlength=strata)[parts.stratum][:, None]
    inflate = np.where(everywhere > 1, everywhere / np.maximum(everywhere - 1, 1), np.nan)
    squares = sums(part, drawn**2, count) - sums(part, drawn, count) ** 2 / np.maximum(everywhere, 1)
    return np.where(fraction > 0, fraction * inflate * np.maximum(squares, 0) / cell_weight**2, 0.0)
