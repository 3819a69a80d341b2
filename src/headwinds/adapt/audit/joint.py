"""Intervals of several comparisons at once, from one set of bootstrap draws of whole clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.evaluation.intervals import student_reach
from headwinds.adapt.numbered import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

USUAL = 1.959963984540054  # of the normal distribution, for 95% of one comparison
FARTHEST = 30.0  # standard deviations, beyond which the normal distribution's tail is no number
REPLICATES = 1000
FEW_CLUSTERS = 10
MULTIPLICITY = (
    "joint intervals hold for all {count} comparisons of the table at once (bootstrap, largest |t|)"
)


@dataclass(frozen=True, slots=True)
class JointIntervals:
    """95% intervals, shape (comparisons,) each; NaN where a comparison does not vary over the draws.

    Attributes
    ----------
    estimate
        The values.
    lower, upper
        Of each comparison alone.
    joint_lower, joint_upper
        Of all together: with 95% probability all of them hold.
    """

    estimate: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    joint_lower: NDArray[np.float64]
    joint_upper: NDArray[np.float64]

    @property
    def excludes_zero(self) -> NDArray[np.bool_]:
        """Where the joint interval lies on one side of zero."""
        found: NDArray[np.bool_] = (self.joint_lower > 0) | (self.joint_upper < 0)
        return found


def joint_intervals(
    estimate: NDArray[np.float64], replicates: NDArray[np.float64], clusters: int | NDArray[np.int64]
) -> JointIntervals:
    """Intervals from the spread of draws, shape (replicates, comparisons).

    One comparison: the estimate and 1.96 standard deviations of its draws. All together: instead of 1.96 the 95% quantile of
    the largest |t| over the comparisons in each draw (Romano, Wolf 2005, sec. 4), never less than 1.96. Both reach as far as
    Student's t does where so many clusters are drawn, for all comparisons or of each: of ten clusters and four comparisons
    the normal reach held all the truths in 82 of 100 samples. With fewer than `FEW_CLUSTERS` none is defended.
    """
    import numpy as np

    drawn = np.broadcast_to(np.asarray(clusters), estimate.shape)
    known = (np.isfinite(replicates).mean(axis=0) >= 0.9) & (drawn >= FEW_CLUSTERS)
    kept = np.where(np.isfinite(replicates), replicates, np.nan)
    spread = np.full(len(estimate), np.nan)
    if known.any():
        spread[known] = np.nanstd(kept[:, known], axis=0, ddof=1)
    spread[~(spread > 1e-12)] = np.nan
    spread[~np.isfinite(estimate)] = np.nan
    usable = np.isfinite(spread)
    factor = USUAL
    if usable.any():
        sizes = np.abs(kept[:, usable] - estimate[usable]) / spread[usable]
        largest = np.where(np.isnan(sizes), 0.0, sizes).max(axis=1)
        factor = max(USUAL, float(np.quantile(largest, 0.95)))
    one, together = (_reach(distance, drawn) * spread for distance in (USUAL, factor))
    return JointIntervals(estimate, estimate - one, estimate + one, estimate - together, estimate + together)


def _reach(distance: float, clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many standard deviations of the draws leave as much outside as `distance` does of a normal distribution."""
    import numpy as np
    from scipy.special import ndtr

    return student_reach(float(ndtr(-min(distance, FARTHEST))), np.maximum(clusters, 2))


def mean_intervals(
    values: NDArray[np.float64], clusters: Sequence[str], *, seed: int, replicates: int = REPLICATES
) -> JointIntervals:
    """Intervals of the means of columns, shape (texts, comparisons); NaN entries are left out of their column's mean.

    See `joint_intervals`.
    """
    import numpy as np

    from headwinds.adapt.evaluation.metrics import document_weights

    there = np.isfinite(values)
    filled = np.where(there, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = filled.sum(axis=0) / there.sum(axis=0)
        if len(set(clusters)) < FEW_CLUSTERS:
            return joint_intervals(estimate, np.full((2, values.shape[1]), np.nan), 1)
        weights = document_weights(clusters, replicates=replicates, seed=seed)
        drawn = (weights @ filled) / (weights @ there.astype(float))
    return joint_intervals(estimate, drawn, len(set(clusters)))


def share_interval(marks: NDArray[np.bool_], clusters: Sequence[str]) -> tuple[float, float, float]:
    """A share with its 95% interval.

    Exact (Clopper, Pearson 1934) where every text is a cluster of its own, and where the share is 0 or 1, then over the
    clusters: a bootstrap of a share of 0 would have no width. Else by the spread of the clusters' sums.
    """
    import numpy as np
    from scipy.stats import beta, t

    count = len(marks)
    if not count:
        return float("nan"), float("nan"), float("nan")
    names, owner = numbered(clusters)
    share = float(marks.mean())
    if len(names) < 2:
        return share, float("nan"), float("nan")
    trials = count if len(names) == count else len(names)
    if trials == count or share in (0.0, 1.0):
        hits = share * trials
        lower = 0.0 if share == 0 else float(beta.ppf(0.025, hits, trials - hits + 1))
        upper = 1.0 if share == 1 else float(beta.ppf(0.975, hits + 1, trials - hits))
        return share, lower, upper
    sums = np.bincount(owner, weights=marks - share)
    error = float(np.sqrt(len(names) / (len(names) - 1) * (sums**2).sum()) / count)
    width = float(t.ppf(0.975, len(names) - 1)) * error
    return share, max(0.0, share - width), min(1.0, share + width)
