"""Intervals of a weighted sum of rare counts that stay valid when nothing was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def weighted_count_interval(
    total: NDArray[np.float64],
    variance: NDArray[np.float64],
    largest: NDArray[np.float64],
    level: float = 0.95,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mid-P gamma interval of a weighted sum of independent Poisson counts.

    With one stratum it is the mid-P Poisson interval: a count of zero gives [0, 3.0 x weight] at 95%. With several
    strata their counts work together, so that three strata of 185 with no positive give the bound of 555.

    Parameters
    ----------
    total
        The sum of weight x count.
    variance
        The sum of weight squared x count.
    largest
        The largest weight of one count.
    level
        The interval's level.

    Notes
    -----
    Fay and Feuer (1997, Statistics in Medicine 16), in the mid-P form of Fay and Kim (2017, Biometrical Journal 59): the
    quantiles of an even mixture of the gamma for `total` and the gamma for one more count of the largest weight.
    """
    import numpy as np
    from scipy.special import gammainc

    low_shape = np.divide(total**2, variance, out=np.zeros_like(total), where=variance > 0)
    low_scale = np.divide(variance, total, out=np.ones_like(total), where=(total > 0) & (variance > 0))
    mean, spread = total + largest, variance + largest**2
    live = largest > 0
    high_shape = np.divide(mean**2, spread, out=np.ones_like(total), where=live)
    high_scale = np.divide(spread, mean, out=np.ones_like(total), where=live)

    def distribution(bound: NDArray[np.float64]) -> NDArray[np.float64]:
        known = bound >= total  # nothing counted, or everything: the total has no spread
        lower = np.where(low_shape > 0, gammainc(np.maximum(low_shape, 1e-12), bound / low_scale), known)
        mixed: NDArray[np.float64] = 0.5 * lower + 0.5 * gammainc(high_shape, bound / high_scale)
        return mixed

    bounds = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        below, above = np.zeros_like(total), mean + 12 * np.sqrt(spread)
        for _ in range(45):
            middle = (below + above) / 2
            short = distribution(middle) < tail
            below, above = np.where(short, middle, below), np.where(short, above, middle)
        # Where no count can be missing (all of the stratum would be read), the total is known.
        bounds.append(np.where(live, (below + above) / 2, total))
    return np.where(total > 0, bounds[0], 0.0), bounds[1]
