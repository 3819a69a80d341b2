"""How the errors of several labels in one cell go together: the same passages were scored and read for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.decomposition import Decomposition
    from headwinds.measure.frame import Frame

LEAST_GOLD = 30


def label_correlation(frame: Frame, parts: Decomposition) -> NDArray[np.float64] | None:
    """Correlation of the labels' sampling errors in a cell, shape (L, L); None of a single label, or of too little gold.

    It is that of the residuals of the gold within parts, where cells are corrected by their own gold, and of the scores
    within parts, where what a cell's estimate errs by is which of its passages were sampled; of both, that of the labels.
    """
    import numpy as np

    from headwinds.measure.pool_errors import correlation_of

    labels = len(frame.label_names)
    if labels < 2 or len(frame.gold_rows) < LEAST_GOLD:
        return None
    pools = parts.pools
    part = parts.parts.gold
    pool = pools.of_part[part]
    own = pools.depth[pool] == 0
    corrected = own.sum() >= LEAST_GOLD
    used = np.flatnonzero(own) if corrected else np.arange(len(part))
    values = frame.probability[frame.gold_rows[used]]
    if corrected:
        # Of passages that were sampled and read labels themselves are what errs; of passages that were read, residuals.
        sampled = bool((parts.parts.stratum_fraction < 1).any())
        scaled = np.zeros_like(values) if sampled else pools.power[pool[used]] * values
        values = frame.gold_labels[used].astype(np.float64) - scaled
    weight = 1 / frame.inclusion_probability[used]
    _, home = np.unique(part[used], return_inverse=True)
    total = np.bincount(home, weights=weight)
    mean = np.column_stack([np.bincount(home, weights=weight * column) / total for column in values.T])
    rest = values - mean[home]
    squared = weight**2 * (1 - np.minimum(frame.inclusion_probability[used], 1.0))
    covariance = (rest * squared[:, None]).T @ rest
    return correlation_of(covariance)
